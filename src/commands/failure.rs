//! Failures of commands: the code, the message, and a hint.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::output;
use crate::platform::input::InputError;
use crate::platform::sanitise::quoted;
use crate::platform::signals::Interruption;

/// Defines the error codes, each with its name and its exit code.
macro_rules! error_codes {
    ($($variant:ident = $name:literal, $exit:literal;)*) => {
        /// The stable names of failures, each with its exit code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the names are the documentation")]
        pub enum ErrorCode {
            $($variant,)*
            Interrupted(Interruption),
            ReaderGone,
            Child(u8),
        }

        impl ErrorCode {
            /// The exit code of the process.
            pub const fn exit_code(self) -> u8 {
                match self {
                    $(Self::$variant => $exit,)*
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
                    $(Self::$variant => $name,)*
                    Self::Interrupted(_) | Self::ReaderGone => "interrupted",
                    Self::Child(_) => "internal",
                }
            }

            /// Returns the code with this name.
            fn named(name: &str) -> Option<Self> {
                [$(Self::$variant),*].into_iter().find(|code| code.as_str() == name)
            }
        }
    };
}

error_codes! {
    Internal = "internal", 1;
    Usage = "usage", 2;
    ClientSecretsMissing = "client_secrets_missing", 3;
    ClientSecretsInvalid = "client_secrets_invalid", 3;
    StoreUnreadable = "store_unreadable", 3;
    StoreNotWritable = "store_not_writable", 3;
    EndpointRefused = "endpoint_refused", 3;
    EnvironmentInvalid = "environment_invalid", 3;
    PortUnavailable = "port_unavailable", 3;
    InputInvalid = "input_invalid", 3;
    Busy = "busy", 3;
    LoginNeeded = "login_needed", 4;
    LoginRefused = "login_refused", 4;
    LoginTimedOut = "login_timed_out", 4;
    WrongAccount = "wrong_account", 4;
    ScopeMissing = "scope_missing", 4;
    CredentialsRejected = "credentials_rejected", 4;
    ReauthRequired = "reauth_required", 4;
    ClientRejected = "client_rejected", 4;
    DelegationRefused = "delegation_refused", 4;
    ChatAppNotConfigured = "chat_app_not_configured", 5;
    ApiDisabled = "api_disabled", 5;
    AlreadyExists = "already_exists", 5;
    PermissionDenied = "permission_denied", 5;
    NotFound = "not_found", 5;
    InvalidArgument = "invalid_argument", 5;
    PreconditionFailed = "precondition_failed", 5;
    Network = "network", 6;
    RateLimited = "rate_limited", 6;
    ServerError = "server_error", 6;
    OutcomeUnknown = "outcome_unknown", 6;
    PartialFailure = "partial_failure", 7;
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
    /// Returns the name in error objects.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
        }
    }
}

/// A failed command. `message` and `hint` may contain text of servers and files, which is sanitised when it is printed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The code.
    pub code: ErrorCode,
    /// The action that failed, and the cause.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The HTTP status of the server's error.
    pub http_status: Option<u16>,
    /// The server's machine-readable reason.
    pub reason: Option<String>,
    /// The request id that makes a retry safe.
    pub request_id: Option<String>,
    /// The known effect of a write.
    pub outcome: Option<Outcome>,
    /// How long to wait before a retry, as the server asked when it limited the rate.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// Creates a failure with a code and a message.
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
        let mut error = json!({
            "code": self.code.as_str(),
            "exitCode": self.code.exit_code(),
            "message": self.message,
            "hint": self.hint,
            "httpStatus": self.http_status,
            "reason": self.reason,
            "requestId": self.request_id,
            "outcome": self.outcome.map(Outcome::as_str),
        });
        if let Some(members) = error.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        error
    }

    /// Combines the failures about several people: returns the one that ended the command, or else the first; `None` if
    /// there is none. Its message is `start`, the messages of all and the number of people who were `untried`. Its outcome
    /// is `unknown` if that of one is, and `not_applied` if that of all is.
    pub(super) fn combine(start: &str, failures: Vec<(String, Self)>, untried: usize) -> Option<Self> {
        let mut messages: Vec<_> = failures.iter().map(|(who, one)| format!("{who}: {}", one.message)).collect();
        if untried > 0 {
            messages.push(format!("{untried} not tried"));
        }
        let message = format!("{start}{}", messages.join("; "));
        let unknown = failures.iter().any(|(_, one)| one.outcome == Some(Outcome::Unknown));
        let nothing_changed = failures.iter().all(|(_, one)| one.outcome == Some(Outcome::NotApplied));
        let outcome = if unknown { Some(Outcome::Unknown) } else { nothing_changed.then_some(Outcome::NotApplied) };
        let (_, failure) = failures.into_iter().min_by_key(|(_, one)| one.affects_one_item())?;
        Some(Self { message, outcome, ..failure })
    }

    /// Combines the failure of the requests of a command, which decides the code, with that of printing its result.
    pub(super) fn with_unprinted(failed: Option<Self>, unprinted: Option<Self>) -> Result<(), Self> {
        match (failed, unprinted) {
            (Some(failed), Some(unprinted)) if !unprinted.message.is_empty() => {
                Err(Self { message: format!("{}; {}", failed.message, unprinted.message), ..failed })
            }
            (failed, unprinted) => failed.or(unprinted).map_or(Ok(()), Err),
        }
    }

    /// Removes the outcome `not_applied`: another request of the command was applied, or may have been.
    #[must_use]
    pub(super) fn after_other_requests(self) -> Self {
        Self { outcome: self.outcome.filter(|outcome| *outcome == Outcome::Unknown), ..self }
    }

    /// Creates the failure of a JSON error object.
    pub(super) fn from_json(error: &Value) -> Self {
        let text = |name: &str| error[name].as_str().map(str::to_owned);
        let code = error["code"].as_str().and_then(ErrorCode::named).unwrap_or(ErrorCode::Internal);
        Self {
            hint: text("hint"),
            http_status: error["httpStatus"].as_u64().and_then(|status| status.try_into().ok()),
            reason: text("reason"),
            request_id: text("requestId"),
            outcome: [Outcome::NotApplied, Outcome::Unknown].into_iter().find(|one| error["outcome"] == one.as_str()),
            ..Self::new(code, text("message").unwrap_or_default())
        }
    }

    /// Creates a usage error.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Usage, message)
    }

    /// Sets the hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether every further request would fail in the same way.
    pub(super) const fn ends_run(&self) -> bool {
        matches!(self.code, ErrorCode::ChatAppNotConfigured | ErrorCode::ApiDisabled)
            || matches!(self.code.exit_code(), 1..=4)
    }

    /// Whether the failure may concern one person or space only, so that others are still tried. A lost response or a
    /// missing scope affects all of them.
    pub(super) const fn affects_one_item(&self) -> bool {
        matches!(
            self.code,
            ErrorCode::NotFound
                | ErrorCode::InvalidArgument
                | ErrorCode::PreconditionFailed
                | ErrorCode::AlreadyExists
                | ErrorCode::PermissionDenied
        )
    }

    /// Creates the error for an API endpoint that no token may be sent to.
    pub(super) fn endpoint_refused(endpoint: &str, cause: &impl fmt::Display) -> Self {
        let endpoint = without_userinfo(endpoint);
        Self::new(ErrorCode::EndpointRefused, format!("the API endpoint {} {cause}", quoted(&endpoint)))
            .hint("set --api-endpoint (or CHATAUTH_API_ENDPOINT) to an https URL, or leave it out for Google's")
    }
}

/// Returns an address with `REDACTED` in place of the user name and password, however it is written.
pub fn without_userinfo(address: &str) -> String {
    let Some((before, host)) = address.rsplit_once('@') else { return address.to_owned() };
    let scheme = before.find("://").map_or("", |end| &before[..end + 3]);
    format!("{scheme}REDACTED@{host}")
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

impl From<&InputError> for Failure {
    fn from(error: &InputError) -> Self {
        let code = match error {
            InputError::Interrupted(interruption) => ErrorCode::Interrupted(*interruption),
            InputError::Unreadable { .. }
            | InputError::NoPath(_)
            | InputError::TooLarge { .. }
            | InputError::NotText { .. } => ErrorCode::InputInvalid,
        };
        Self::new(code, error.to_string())
    }
}
