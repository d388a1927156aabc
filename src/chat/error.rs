//! Errors of API calls.

use std::fmt;
use std::time::Duration;

use super::{RawResponse, Status};
use crate::http;

/// A call that failed.
#[derive(Debug, Clone)]
pub struct Error {
    /// The kind of failure.
    pub kind: ErrorKind,
    /// The server's error, if there was a response.
    pub status: Option<Status>,
    /// The requested wait before a retry of a server error or after a rate limit.
    pub retry_after: Option<Duration>,
    /// Whether the request may have been applied without a response that confirms it.
    pub may_have_been_applied: bool,
    /// The last response, if any.
    pub answer: Option<Box<RawResponse>>,
}

/// The kind of an API failure.
#[derive(Debug, Clone)]
pub enum ErrorKind {
    /// The access token is not accepted (401).
    Unauthenticated,
    /// The access token lacks a required scope.
    ScopeInsufficient,
    /// The project of the OAuth client has no configured Chat app.
    ChatAppNotConfigured,
    /// The Chat API is switched off in the project of the OAuth client.
    ApiDisabled,
    /// 409 `ALREADY_EXISTS`.
    AlreadyExists,
    /// 403 for another reason.
    PermissionDenied,
    /// 404.
    NotFound,
    /// `FAILED_PRECONDITION`, and every other conflict.
    PreconditionFailed,
    /// 400, and every other error that a retry cannot fix.
    InvalidArgument,
    /// Rate limited for longer than the deadline allows.
    RateLimited,
    /// A server error.
    Server,
    /// A successful response that cannot be parsed.
    UnparsableResponse,
    /// No response.
    Network(http::Error),
}

impl ErrorKind {
    /// Classifies an error response by reason and canonical code, or by HTTP status when those are missing.
    pub(super) fn of(status: &Status) -> Self {
        if status.is_rate_limit() {
            return Self::RateLimited;
        }
        match (status.http_status, status.reason.as_deref()) {
            (401, _) => Self::Unauthenticated,
            (403, Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT" | "insufficientPermissions")) => Self::ScopeInsufficient,
            (403, Some("SERVICE_DISABLED" | "accessNotConfigured")) => Self::ApiDisabled,
            (403, _) => Self::PermissionDenied,
            (404, _) if status.says_app_not_configured() => Self::ChatAppNotConfigured,
            (404, _) => Self::NotFound,
            // Another request for the same thing was in flight all the time.
            (409, _) if status.is_aborted() => Self::Server,
            (409, _) if status.is_of_api() && status.status.as_deref().is_none_or(|code| code == "ALREADY_EXISTS") => {
                Self::AlreadyExists
            }
            (409 | 412, _) => Self::PreconditionFailed,
            (400, _) if status.status.as_deref() == Some("FAILED_PRECONDITION") => Self::PreconditionFailed,
            // A proxy may send 408 or 499 for an answer that it lost.
            (408 | 499 | 500.., _) => Self::Server,
            _ if status.is_server_failure() => Self::Server,
            _ => Self::InvalidArgument,
        }
    }
}

impl Error {
    /// Whether the API itself says that there is no such resource.
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind, ErrorKind::NotFound) && self.status.as_ref().is_some_and(Status::is_of_api)
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match (&self.kind, &self.status) {
            (ErrorKind::Network(error), _) => return write!(formatter, "{error}"),
            (_, status) => status.clone().unwrap_or_default(),
        };
        if matches!(self.kind, ErrorKind::UnparsableResponse) {
            return write!(formatter, "cannot parse the server's response (HTTP {})", status.http_status);
        }
        // A body that is not an error envelope (a proxy's HTML page) is not quoted.
        let message = status.message.as_deref().unwrap_or("the server sent no error message");
        write!(formatter, "{message} ({}", status.http_status)?;
        let is_new = |code: &&String| !(status.http_status == 400 && *code == "INVALID_ARGUMENT");
        for code in [&status.status, &status.reason].into_iter().flatten().filter(is_new) {
            write!(formatter, " {code}")?;
        }
        formatter.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(http_status: u16, status: Option<&str>, reason: Option<&str>, message: &str) -> String {
        let status = Status {
            http_status,
            status: status.map(str::to_owned),
            reason: reason.map(str::to_owned),
            message: Some(message.to_owned()),
            ..Status::default()
        };
        format!("{:?}", ErrorKind::of(&status))
    }

    #[test]
    fn property_62_answers_are_sorted_by_what_they_say() {
        for (status, canonical, reason, message, expected) in [
            (400, Some("INVALID_ARGUMENT"), None, "x", "InvalidArgument"),
            (400, Some("DEADLINE_EXCEEDED"), None, "x", "Server"),
            (400, Some("FAILED_PRECONDITION"), None, "x", "PreconditionFailed"),
            (401, None, Some("ACCESS_TOKEN_EXPIRED"), "x", "Unauthenticated"),
            (403, Some("PERMISSION_DENIED"), Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), "x", "ScopeInsufficient"),
            (403, Some("PERMISSION_DENIED"), Some("SERVICE_DISABLED"), "x", "ApiDisabled"),
            (403, None, Some("accessNotConfigured"), "x", "ApiDisabled"),
            (403, None, Some("userRateLimitExceeded"), "x", "RateLimited"),
            (403, Some("PERMISSION_DENIED"), None, "The caller does not have permission", "PermissionDenied"),
            (404, Some("NOT_FOUND"), None, "Google Chat app not found. To create", "ChatAppNotConfigured"),
            (404, Some("NOT_FOUND"), None, "Requested entity was not found.", "NotFound"),
            (409, Some("ALREADY_EXISTS"), None, "x", "AlreadyExists"),
            (409, Some("ABORTED"), None, "x", "Server"),
            (409, Some("FAILED_PRECONDITION"), None, "x", "PreconditionFailed"),
            (400, Some("CANCELLED"), None, "x", "Server"),
            (400, Some("INTERNAL"), None, "x", "Server"),
            (409, None, None, "x", "AlreadyExists"),
            (408, None, None, "x", "Server"),
            (418, None, None, "x", "InvalidArgument"),
            (429, None, None, "x", "RateLimited"),
            (499, None, None, "x", "Server"),
            (500, None, None, "x", "Server"),
            (503, None, None, "x", "Server"),
        ] {
            assert_eq!(kind(status, canonical, reason, message), expected, "{status} {canonical:?} {reason:?}");
        }
        let page = Status { http_status: 409, ..Status::default() };
        assert!(
            matches!(ErrorKind::of(&page), ErrorKind::PreconditionFailed),
            "a proxy's page says nothing of a member"
        );
    }
}
