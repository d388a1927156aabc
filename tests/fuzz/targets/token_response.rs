//! An answer of the token endpoint, good or bad, as the client reads it.
//!
//! The first line is the HTTP status, `!` when the body breaks off, and the `Retry-After` header; the rest is the body.
#![no_main]

use std::collections::BTreeSet;
use std::time::Duration;

use chatauth::auth::fuzzing::{Answered, Tokens, record, stored};
use chatauth::auth::{Error, Identity};
use chatauth::commands::fuzzing::login_failure;
use chatauth_fuzz::{CANARY, NOW, check_failure, client, clock, with_canaries};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// Whole seconds, as a number or in a text; anything else is not known.
fn seconds(value: &Value) -> Option<Duration> {
    let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
    let plain = value.is_string() || value.is_number();
    let number: i64 = plain.then(|| text.parse().ok()).flatten()?;
    u64::try_from(number).ok().filter(|number| *number > 0).map(Duration::from_secs)
}

fn scopes(text: &str) -> BTreeSet<String> {
    let full = |name: &str| match name {
        "email" | "profile" => format!("https://www.googleapis.com/auth/userinfo.{name}"),
        other => other.to_owned(),
    };
    text.split([' ', '\t', '\n', '\r', '\x0c']).filter(|name| !name.is_empty()).map(full).collect()
}

fn accepted(tokens: &Tokens, body: &[u8]) {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    // Members that are not known are passed over, whatever they hold; then the body is no document for others.
    if let Some(Ok(document)) = values.next() {
        let text = |name: &str| document[name].as_str();
        assert_eq!(Some(tokens.access_token().as_str()), text("access_token"));
        assert_eq!(tokens.refresh_token().as_deref(), text("refresh_token").filter(|token| !token.is_empty()));
        assert_eq!(tokens.id_token(), text("id_token"));
        assert_eq!(tokens.scope(), text("scope"));
        assert_eq!(tokens.expires_in(), seconds(&document["expires_in"]));
        assert_eq!(tokens.refresh_token_expires_in(), seconds(&document["refresh_token_expires_in"]));
    }
    // RFC 6749, appendix A.12: what is no token could not be sent, and would stand in the store until it ends.
    let token = tokens.access_token();
    assert!(!token.is_empty() && token.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{token:?}");

    let identity = Identity { sub: String::from("108"), email: String::from("ada@example.com"), hosted_domain: None };
    let login = tokens.login(&client(), identity, NOW);
    let later = |life: Option<Duration>| NOW.checked_add(time::Duration::try_from(life?).ok()?);
    assert_eq!(login.expires_at, later(tokens.expires_in()));
    assert_eq!(login.refresh_token_expires_at, later(tokens.refresh_token_expires_in()));
    let granted: BTreeSet<String> = login.granted().iter().map(|scope| scope.as_str().to_owned()).collect();
    assert_eq!(granted, tokens.scope().map(scopes).unwrap_or_default());
    for kept in [tokens.refresh(&login, NOW), login] {
        let written = stored(&kept).expect("a login can be stored");
        assert_eq!(record(&written).as_ref(), Ok(&kept));
        let written: Value = serde_json::from_slice(&written).expect("it is JSON");
        assert_eq!(written["access_token"].as_str(), Some(token.as_str()));
    }
    if let Ok(identity) = tokens.identity(&client()) {
        assert!(!identity.sub.is_empty() && identity.email.contains('@'));
        assert!(!identity.email.contains(|letter: char| letter.is_whitespace() || letter.is_control()));
    }
}

fn refused(error: Error, status: u16) {
    let failure = login_failure(error);
    check_failure(&failure);
    // What may pass by itself never costs a login.
    if status == 429 || status >= 500 {
        assert_eq!(failure.code.exit_code(), 6, "{failure:?}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let Ok(first) = std::str::from_utf8(&bytes[..end]) else { return };
    let body = bytes.get(end + 1..).unwrap_or_default();
    let (number, wait) = first.split_once(' ').unwrap_or((first, ""));
    let complete = !number.ends_with('!');
    let number = number.trim_end_matches('!').parse().unwrap_or(200);
    // Redirects end before anything is read.
    let status = if (200..=299).contains(&number) || (400..=599).contains(&number) { number } else { 200 };
    let headers = [("retry-after", wait)];
    let answer = Answered { status, headers: &headers, body, complete };
    let tokens = answer.tokens(&client(), clock());
    match tokens {
        Ok(tokens) => {
            assert!(status == 200 && complete);
            accepted(&tokens, body);
            let again = json!({
                "access_token": tokens.access_token(),
                "expires_in": tokens.expires_in().map(|life| life.as_secs().to_string()),
                "refresh_token": tokens.refresh_token(),
                "id_token": tokens.id_token(),
                "scope": tokens.scope(),
            });
            let again = Answered { body: again.to_string().as_bytes(), ..answer }.tokens(&client(), clock());
            let again = again.expect("what was understood is understood again");
            assert_eq!((again.access_token(), again.expires_in()), (tokens.access_token(), tokens.expires_in()));
            assert_eq!((again.refresh_token(), again.scope()), (tokens.refresh_token(), tokens.scope()));
        }
        Err(error) => refused(error, status),
    }
    let document = serde_json::from_slice::<Value>(body).ok();
    if let Some(marked) = document.as_ref().and_then(with_canaries) {
        let marked = marked.to_string();
        let told = match (Answered { body: marked.as_bytes(), ..answer }.tokens(&client(), clock())) {
            Ok(tokens) => format!("{tokens:?}"),
            Err(error) => {
                let told = format!("{error} {error:?}");
                format!("{told} {:?}", login_failure(error))
            }
        };
        assert!(!told.contains(CANARY), "{told}");
    }
});
