//! What is reported of a failed command: what happened, why, and the one thing to do next.

use std::fmt;

use std::time::Duration;

use serde_json::{Map, Value};

use crate::output;
use crate::platform::input::InputError;
use crate::platform::signals::Interruption;

/// The stable names of failures, each with its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation, and the contract's table explains them")]
pub enum ErrorCode {
    Internal,
    Usage,
    ClientSecretsMissing,
    ClientSecretsInvalid,
    StoreUnreadable,
    StoreNotWritable,
    EndpointRefused,
    EnvironmentInvalid,
    PortUnavailable,
    InputInvalid,
    Busy,
    LoginNeeded,
    LoginRefused,
    LoginTimedOut,
    WrongAccount,
    ScopeMissing,
    CredentialsRejected,
    ReauthRequired,
    ClientRejected,
    DelegationRefused,
    ChatAppNotConfigured,
    ApiDisabled,
    AlreadyExists,
    PermissionDenied,
    NotFound,
    InvalidArgument,
    PreconditionFailed,
    Network,
    RateLimited,
    ServerError,
    OutcomeUnknown,
    PartialFailure,
    Interrupted(Interruption),
    ReaderGone,
    Child(u8),
}

impl ErrorCode {
    /// The exit code of the process.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::ClientSecretsMissing
            | Self::ClientSecretsInvalid
            | Self::StoreUnreadable
            | Self::StoreNotWritable
            | Self::EndpointRefused
            | Self::EnvironmentInvalid
            | Self::PortUnavailable
            | Self::InputInvalid
            | Self::Busy => 3,
            Self::LoginNeeded
            | Self::LoginRefused
            | Self::LoginTimedOut
            | Self::WrongAccount
            | Self::ScopeMissing
            | Self::CredentialsRejected
            | Self::ReauthRequired
            | Self::ClientRejected
            | Self::DelegationRefused => 4,
            Self::ChatAppNotConfigured
            | Self::ApiDisabled
            | Self::AlreadyExists
            | Self::PermissionDenied
            | Self::NotFound
            | Self::InvalidArgument
            | Self::PreconditionFailed => 5,
            Self::Network | Self::RateLimited | Self::ServerError | Self::OutcomeUnknown => 6,
            Self::PartialFailure => 7,
            Self::Interrupted(Interruption::Hangup) => 129,
            Self::Interrupted(Interruption::Interrupt) => 130,
            Self::Interrupted(Interruption::Terminate) => 143,
            Self::ReaderGone => 141,
            Self::Child(code) => code,
        }
    }

    /// The name in error objects.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal | Self::Child(_) => "internal",
            Self::Usage => "usage",
            Self::ClientSecretsMissing => "client_secrets_missing",
            Self::ClientSecretsInvalid => "client_secrets_invalid",
            Self::StoreUnreadable => "store_unreadable",
            Self::StoreNotWritable => "store_not_writable",
            Self::EndpointRefused => "endpoint_refused",
            Self::EnvironmentInvalid => "environment_invalid",
            Self::PortUnavailable => "port_unavailable",
            Self::InputInvalid => "input_invalid",
            Self::Busy => "busy",
            Self::LoginNeeded => "login_needed",
            Self::LoginRefused => "login_refused",
            Self::LoginTimedOut => "login_timed_out",
            Self::WrongAccount => "wrong_account",
            Self::ScopeMissing => "scope_missing",
            Self::CredentialsRejected => "credentials_rejected",
            Self::ReauthRequired => "reauth_required",
            Self::ClientRejected => "client_rejected",
            Self::DelegationRefused => "delegation_refused",
            Self::ChatAppNotConfigured => "chat_app_not_configured",
            Self::ApiDisabled => "api_disabled",
            Self::AlreadyExists => "already_exists",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::InvalidArgument => "invalid_argument",
            Self::PreconditionFailed => "precondition_failed",
            Self::Network => "network",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::PartialFailure => "partial_failure",
            Self::Interrupted(_) | Self::ReaderGone => "interrupted",
        }
    }
}

/// The known effect of a failed write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was not applied.
    NotApplied,
    /// It may have been applied.
    Unknown,
}

impl Outcome {
    /// As in error objects.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
        }
    }
}

/// A failed command, also as the error of a command's own. `message` and `hint` may hold text from elsewhere; whoever
/// prints them sanitises it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure.
    pub code: ErrorCode,
    /// What happened, and why.
    pub message: String,
    /// The one thing to do next.
    pub hint: Option<String>,
    /// The HTTP status, where a server refused.
    pub http_status: Option<u16>,
    /// The server's machine-readable reason.
    pub reason: Option<String>,
    /// The id that makes a repetition safe.
    pub request_id: Option<String>,
    /// For writes.
    pub outcome: Option<Outcome>,
    /// How long the server asks to be left alone, where it refused because of a rate limit.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without more than its code and message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            http_status: None,
            reason: None,
            request_id: None,
            outcome: None,
            retry_after: None,
        }
    }

    /// Returns the JSON error object; fields that do not apply are absent.
    pub fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert(String::from("code"), Value::from(self.code.as_str()));
        error.insert(String::from("exitCode"), Value::from(self.code.exit_code()));
        error.insert(String::from("message"), Value::from(self.message.as_str()));
        for (name, value) in [
            ("hint", self.hint.as_deref().map(Value::from)),
            ("httpStatus", self.http_status.map(Value::from)),
            ("reason", self.reason.as_deref().map(Value::from)),
            ("requestId", self.request_id.as_deref().map(Value::from)),
            ("outcome", self.outcome.map(|outcome| Value::from(outcome.as_str()))),
        ] {
            if let Some(value) = value {
                error.insert(name.to_owned(), value);
            }
        }
        Value::Object(error)
    }

    /// An option whose value breaks a rule.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Usage, message)
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether this may be about the one person or space that was named, so that it makes sense to go on with the
    /// next. An answer that is missing, or a login that is not enough, will be the same for all.
    pub(super) const fn concerns_one(&self) -> bool {
        matches!(
            self.code,
            ErrorCode::NotFound
                | ErrorCode::InvalidArgument
                | ErrorCode::PreconditionFailed
                | ErrorCode::AlreadyExists
                | ErrorCode::PermissionDenied
        )
    }

    /// An API endpoint that no token may be sent to.
    pub(super) fn endpoint_refused(endpoint: &str, cause: &impl fmt::Display) -> Self {
        Self::new(ErrorCode::EndpointRefused, format!("the API endpoint {endpoint:?} {cause}"))
            .hint("set --api-endpoint (or CHATAUTH_API_ENDPOINT) to an https address, or leave it out for Google's")
    }
}

impl From<output::Error> for Failure {
    fn from(error: output::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&output::Error> for Failure {
    fn from(error: &output::Error) -> Self {
        match error {
            output::Error::ReaderGone => Self::new(ErrorCode::ReaderGone, ""),
            output::Error::Interrupted(interruption) => {
                Self::new(ErrorCode::Interrupted(*interruption), interruption.to_string())
            }
            output::Error::Write(cause) => Self::new(ErrorCode::Internal, format!("{error}: {cause}")),
            output::Error::ListsOnly => Self::new(ErrorCode::Usage, error.to_string()),
            output::Error::Filter(_) => Self::new(ErrorCode::Internal, error.to_string()),
        }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::from(&error)
    }
}

impl From<&InputError> for Failure {
    fn from(error: &InputError) -> Self {
        let code = match error {
            InputError::Interrupted(interruption) => ErrorCode::Interrupted(*interruption),
            InputError::Unreadable { .. } | InputError::TooLarge { .. } | InputError::NotText { .. } => {
                ErrorCode::InputInvalid
            }
        };
        Self::new(code, error.to_string())
    }
}
