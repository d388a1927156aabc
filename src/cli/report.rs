//! Prints failures.

use std::io::Write;

use serde_json::json;

use crate::commands::{ErrorCode, Failure};
use crate::output::{Messages, safe_json};
use crate::platform::StandardStream;

/// Writes a failure to standard error: a line for the error and one for the hint, or one JSON object on one line.
pub(super) fn report(failure: &Failure, messages: Messages, as_json: bool) {
    // Nothing to print: the reader closed the pipe, or the command in the emulator printed its own error.
    if matches!(failure.code, ErrorCode::ReaderGone | ErrorCode::Child(_)) {
        return;
    }
    if as_json {
        let line = safe_json(&json!({ "error": failure.to_json() }), false) + "\n";
        let _ = StandardStream::error().write_all(line.as_bytes());
        return;
    }
    messages.error(&failure.message);
    if let Some(hint) = &failure.hint {
        messages.hint(hint);
    }
}
