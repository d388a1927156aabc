//! Entry points for the fuzz targets in `tests/fuzz`, compiled for fuzzing only.

use std::time::Duration;

use super::{Error, ErrorKind, Status};

/// Reads an error answer.
pub fn status(http_status: u16, www_authenticate: Option<&str>, body: &[u8]) -> Status {
    Status::read(http_status, www_authenticate, body)
}

/// The error that it is for a call.
pub fn error(status: Status, may_have_been_applied: bool) -> Error {
    let kind = ErrorKind::of(&status);
    let waits = matches!(kind, ErrorKind::RateLimited | ErrorKind::Server);
    let retry_after = status.retry_seconds.filter(|_| waits).map(Duration::from_secs);
    Error { kind, status: Some(status), retry_after, may_have_been_applied, answer: None }
}
