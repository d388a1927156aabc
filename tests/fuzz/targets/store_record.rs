//! A stored login: a file that other programs, disks and people may have had their hands on.
#![no_main]

use chatauth::auth::fuzzing::{Answered, account_of, file_name, record, stored};
use chatauth::auth::{Error, StoreError};
use chatauth::commands::fuzzing::login_failure;
use chatauth_fuzz::{CANARY, NOW, check_failure, client, clock, with_canaries};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

const ANSWERS: [&str; 3] = [
    r#"{"access_token":"new","expires_in":3599,"scope":"openid","token_type":"Bearer"}"#,
    r#"{"access_token":"new","expires_in":9223372036854775807,"refresh_token":"1//new","refresh_token_expires_in":604799}"#,
    r#"{"access_token":"new","scope":" "}"#,
];

/// All that is ever said about a record, without its numbers.
const CAUSES: [&str; 4] = [
    "it is empty",
    "it is damaged",
    "it is damaged (line , column )",
    "it was written by a newer chatauth (version  of the format)",
];

fn accepted(content: &[u8]) {
    let read = record(content).expect("it was accepted");
    // Members that are not known are passed over, whatever they hold; then the file is no document for others.
    let written = stored(&read).expect("what can be read can be written");
    let document: Value = serde_json::from_slice(content)
        .unwrap_or_else(|_| serde_json::from_slice(&written).expect("what is written is JSON"));
    let member = |name: &str| document[name].as_str().expect("it is a text");
    assert_eq!(document["version"].to_string().parse::<u64>().map(|version| version <= 1), Ok(true));
    assert_eq!((read.email.as_str(), read.sub.as_str()), (member("email"), member("sub")));
    assert_eq!(
        (read.client_id.as_str(), read.token_endpoint.as_str()),
        (member("client_id"), member("token_endpoint"))
    );

    // Its name for the file system is harmless, and tells the account again.
    let name = file_name(&read.email);
    assert!(!name.is_empty() && !name.starts_with('.') && name.is_ascii(), "{name}");
    assert!(
        !name.contains(|letter: char| letter == '/' || letter == '\\' || letter == ':' || letter.is_control()),
        "{name}"
    );
    assert_eq!(account_of(&name), Some(read.email.to_lowercase()));

    // What is stored reads back as the same login, to the last byte.
    let again = record(&written).expect("what was written can be read");
    assert_eq!(again, read);
    assert_eq!(stored(&again).as_ref(), Ok(&written));

    // Whatever its times are, a token is fresh only while it really is.
    for now in [NOW, OffsetDateTime::UNIX_EPOCH, read.issued_at, read.expires_at.unwrap_or(NOW)] {
        if read.is_fresh(now) {
            let end = read.expires_at.expect("what is fresh has an end");
            assert!(end > now && end - read.issued_at <= Duration::hours(24));
        }
    }

    // After any refresh it is the same login still, and can be stored.
    for body in ANSWERS {
        let answer = Answered { status: 200, headers: &[], body: body.as_bytes(), complete: true };
        let tokens = answer.tokens(&client(), clock()).expect("it is a token response");
        let refreshed = tokens.refresh(&read, NOW);
        let written = stored(&refreshed).expect("what was refreshed can be written");
        assert_eq!(record(&written).as_ref(), Ok(&refreshed));
        assert_eq!((&refreshed.email, &refreshed.sub), (&read.email, &read.sub));
        assert_eq!((&refreshed.client_id, &refreshed.token_endpoint), (&read.client_id, &read.token_endpoint));
        if tokens.refresh_token().is_none() {
            let kept: Value = serde_json::from_slice(&written).expect("what is written is JSON");
            assert_eq!(kept["refresh_token"], document["refresh_token"]);
        }
        if tokens.scope().is_none_or(|scope| scope.trim().is_empty()) {
            assert_eq!(refreshed.granted(), read.granted());
        }
    }
}

fn refused(cause: String) {
    // Nothing of the file is in it but numbers: a secret could stand anywhere.
    let words: String = cause.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    assert!(CAUSES.contains(&words.as_str()), "{cause}");
    check_failure(&login_failure(Error::Store(StoreError::Unreadable {
        path: "ada@example.com.json".into(),
        cause: cause.into(),
    })));
}

fuzz_target!(|content: &[u8]| {
    match record(content) {
        Ok(_) => accepted(content),
        Err(cause) => refused(cause),
    }
    let document = serde_json::from_slice::<Value>(content).ok();
    if let Some(marked) = document.as_ref().and_then(with_canaries) {
        let told = match record(marked.to_string().as_bytes()) {
            Ok(record) => format!("{record:?}"),
            Err(cause) => cause,
        };
        assert!(!told.contains(CANARY), "{told}");
    }
});
