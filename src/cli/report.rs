//! How a failure reaches the person, or the script.

use std::io::Write;

use serde_json::{Map, Value};

use crate::commands::{ErrorCode, Failure};
use crate::output::{Messages, safe_json};

/// Writes a failure to standard error: a line for the error and one for the hint, or one JSON object on one line.
pub(super) fn report(failure: &Failure, messages: Messages, as_json: bool) {
    // The reader is gone, or the command that ran in the emulator has said what it had to say.
    if matches!(failure.code, ErrorCode::ReaderGone | ErrorCode::Child(_)) {
        return;
    }
    if as_json {
        let line = safe_json(&object(failure), false) + "\n";
        let _ = std::io::stderr().write_all(line.as_bytes());
        return;
    }
    messages.error(&failure.message);
    if let Some(hint) = &failure.hint {
        messages.hint(hint);
    }
}

/// The error object; what does not apply is absent.
fn object(failure: &Failure) -> Value {
    let mut error = Map::new();
    error.insert(String::from("code"), Value::from(failure.code.as_str()));
    error.insert(String::from("exitCode"), Value::from(failure.code.exit_code()));
    error.insert(String::from("message"), Value::from(failure.message.as_str()));
    for (name, value) in [
        ("hint", failure.hint.as_deref().map(Value::from)),
        ("httpStatus", failure.http_status.map(Value::from)),
        ("reason", failure.reason.as_deref().map(Value::from)),
        ("requestId", failure.request_id.as_deref().map(Value::from)),
        ("outcome", failure.outcome.map(|outcome| Value::from(outcome.as_str()))),
    ] {
        if let Some(value) = value {
            error.insert(name.to_owned(), value);
        }
    }
    Value::Object(Map::from_iter([(String::from("error"), Value::Object(error))]))
}
