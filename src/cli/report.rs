//! Prints failures.

use std::io::Write;
use std::process::ExitCode;

use serde_json::json;

use crate::commands::{ErrorCode, Failure};
use crate::output::{Messages, safe_json};
use crate::platform::StandardStream;

/// Writes a failure to standard error: a line for the error and one for the hint, or one JSON object on one line.
/// Returns the exit code.
pub(super) fn report(failure: &Failure, messages: Messages, as_json: bool) -> ExitCode {
    let exit_code = ExitCode::from(failure.code.exit_code());
    // Nothing to print: the reader closed the pipe, or the command in the emulator printed its own error.
    let by_child = matches!(failure.code, ErrorCode::Child(_)) && failure.message.is_empty();
    if by_child || failure.code == ErrorCode::ReaderGone {
        return exit_code;
    }
    if as_json {
        let line = safe_json(&json!({ "error": failure.to_json() }), false) + "\n";
        let _ = StandardStream::error().write_all(line.as_bytes());
        return exit_code;
    }
    messages.error(&failure.message);
    if let Some(hint) = &failure.hint {
        messages.hint(hint);
    }
    exit_code
}
