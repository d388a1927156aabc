//! What the targets have in common: a client, a clock that stands, secrets that must not show.
//!
//! A target reads its bytes twice: by the program, and in a second way that is written down here or in the target and
//! shares nothing with the first. Where the two differ, one of them is wrong.

use chatauth::auth::ClientSecrets;
use chatauth::commands::Failure;
use chatauth::output::{safe_json, sanitise};
use chatauth::platform::Clock;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

/// What stands where a secret stood. Long, and nothing that a text has by accident.
pub const CANARY: &str = "canary-8f1d6b0c-7a35-4f6e-9d21-c0ffee";

/// Members that hold secrets.
const SECRETS: &[&str] =
    &["client_secret", "access_token", "refresh_token", "id_token", "token", "private_key", "private_key_id"];

/// The moment at which everything happens.
pub const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

/// A clock that stands.
pub fn clock() -> Clock {
    Clock::new(|| NOW)
}

/// A client as most people have it.
pub fn client() -> ClientSecrets {
    let file = json!({ "installed": {
        "client_id": "123456789012-client.apps.googleusercontent.com",
        "client_secret": "GOCSPX-secret",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "redirect_uris": ["http://localhost"],
    }});
    ClientSecrets::parse("client_secrets.json".as_ref(), file.to_string().as_bytes()).expect("it is a client file")
}

/// The document with [`CANARY`] in place of every secret in it; `None` where there is no secret, or where that text
/// stands already: libFuzzer reads it out of the comparisons and puts it where it may be shown.
pub fn with_canaries(document: &Value) -> Option<Value> {
    fn replace(value: &mut Value, found: &mut bool) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| replace(item, found)),
            Value::Object(members) => {
                for (name, value) in members {
                    if SECRETS.contains(&name.as_str()) && value.as_str().is_some_and(|text| !text.trim().is_empty()) {
                        *value = Value::from(CANARY);
                        *found = true;
                    } else {
                        replace(value, found);
                    }
                }
            }
            _ => {}
        }
    }
    if document.to_string().contains(CANARY) {
        return None;
    }
    let (mut document, mut found) = (document.clone(), false);
    replace(&mut document, &mut found);
    found.then_some(document)
}

/// Whether a terminal could act on the character instead of showing it. The joiner and the tags are parts of emoji.
pub fn acts(character: char) -> bool {
    let code = u32::from(character);
    character.is_control()
        || [0x61c, 0x180e, 0xfeff].contains(&code)
        || [0x200b..=0x200c, 0x200e..=0x200f, 0x2028..=0x202e, 0x2060..=0x2069]
            .iter()
            .any(|range| range.contains(&code))
}

/// Whether nothing is to be seen of the character, or nothing of its own.
fn invisible(character: char) -> bool {
    let code = u32::from(character);
    let ranges = [
        0x115f..=0x1160,
        0x17b4..=0x17b5,
        0x180b..=0x180f,
        0x200b..=0x200f,
        0x2060..=0x206f,
        0xfe00..=0xfe0f,
        0xfff0..=0xfffb,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0000..=0xe0fff,
    ];
    [0xad, 0x34f, 0x2800, 0x3164, 0xffa0].contains(&code) || ranges.iter().any(|range| range.contains(&code))
}

/// Checks a text on its way to a terminal: shown on one line, nothing in it acts, and ordinary text is left alone.
pub fn check_shown(text: &str) {
    let shown = sanitise(text);
    assert!(!shown.chars().any(acts), "{text:?} is shown as {shown:?}");
    if !text.chars().any(|character| acts(character) || invisible(character)) {
        assert_eq!(shown, text);
    }
}

/// Checks what a person and a script are told.
pub fn check_failure(failure: &Failure) {
    check_shown(&failure.message);
    check_shown(failure.hint.as_deref().unwrap_or_default());
    assert!(!failure.message.is_empty());
    assert!((1..=7).contains(&failure.code.exit_code()), "{failure:?}");
    let object = json!({ "error": failure.to_json() });
    let line = safe_json(&object, false);
    assert!(!line.chars().any(acts), "{line:?}");
    assert_eq!(serde_json::from_str::<Value>(&line).expect("it is JSON"), object);
}

/// The number that `input` begins with, and what follows it.
pub fn split_number(input: &[u8]) -> (u8, &[u8]) {
    input.split_first().map_or((0, input), |(first, rest)| (*first, rest))
}
