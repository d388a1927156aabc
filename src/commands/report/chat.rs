//! Reports errors of the Chat API.

use crate::auth::ScopeSet;
use crate::chat::{Error, ErrorKind, ListSpaces, Method, SearchSpaces, Status};
use crate::commands::caller::Attempt;
use crate::commands::write::Write;
use crate::commands::{ErrorCode, Failure, Invocation, Outcome};

use super::auth::{console, network, try_again};

impl Failure {
    /// Classifies an API error.
    pub(in crate::commands) fn from_chat(error: &Error, attempt: &Attempt, invocation: &Invocation) -> Self {
        let mut failure = classify(error, attempt, invocation);
        failure.message = format!("cannot {}: {}", attempt.action, failure.message);
        if let Some(status) = &error.status {
            failure.http_status = Some(status.http_status);
            failure.reason = status.reason.clone().or_else(|| status.status.clone());
        }
        failure.retry_after = error.retry_after;
        let Some(write) = &attempt.write else { return failure };
        // The page of a proxy may stand for an answer that it kept back.
        let is_page = error.status.as_ref().is_some_and(|status| !status.is_of_api() && status.http_status != 429);
        let own = failure.hint.clone().filter(|_| is_page && failure.code == ErrorCode::NotFound);
        let failure = failure.with_write(write, error.may_have_been_applied || is_page);
        match own {
            Some(own) => failure.hint(format!("{own}; {}", write.hint)),
            None => failure,
        }
    }

    /// Sets the hint. What to do or to wait for before comes first.
    #[must_use]
    pub(in crate::commands) fn hint_after_wait(self, hint: String) -> Self {
        let waits = self.retry_after.is_some() || self.code == ErrorCode::RateLimited;
        let first =
            if waits { Some(try_again(self.retry_after)) } else { self.hint.clone().filter(|_| self.ends_run()) };
        self.hint(first.into_iter().chain([hint]).collect::<Vec<_>>().join("; "))
    }

    /// Adds what is known about the effect of a write, and how to repeat it.
    #[must_use]
    pub(in crate::commands) fn with_write(mut self, write: &Write, may_have_been_applied: bool) -> Self {
        self.request_id.clone_from(&write.request_id);
        self.outcome = Some(if may_have_been_applied { Outcome::Unknown } else { Outcome::NotApplied });
        if may_have_been_applied {
            if self.code.exit_code() == 6 {
                self.code = ErrorCode::OutcomeUnknown;
            }
            let id = write.request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default();
            self.message = format!("{}; the request may have been applied{id}", self.message);
            return self.hint_after_wait(write.hint.clone());
        }
        self
    }
}

fn classify(error: &Error, attempt: &Attempt, invocation: &Invocation) -> Failure {
    let message = error.to_string();
    let fail = |code| Failure::new(code, message.clone());
    let status = error.status.clone().unwrap_or_default();
    match &error.kind {
        ErrorKind::Unauthenticated => fail(ErrorCode::CredentialsRejected)
            .hint(format!("run {}", invocation.login(attempt.account.as_deref(), &ScopeSet::default()))),
        ErrorKind::ScopeInsufficient => fail(ErrorCode::ScopeMissing).hint(scope_hint(&status, attempt, invocation)),
        ErrorKind::ChatAppNotConfigured => fail(ErrorCode::ChatAppNotConfigured).hint(format!(
            "configure the Chat app (name, avatar URL and description) at {}",
            console("apis/api/chat.googleapis.com/hangouts-chat", attempt.project.as_deref())
        )),
        ErrorKind::ApiDisabled => {
            let link = status
                .link
                .clone()
                .unwrap_or_else(|| console("apis/library/chat.googleapis.com", attempt.project.as_deref()));
            fail(ErrorCode::ApiDisabled)
                .hint(format!("enable the Google Chat API at {link}, wait a few minutes, then retry"))
        }
        ErrorKind::AlreadyExists => fail(ErrorCode::AlreadyExists)
            .hint("choose another name: a space of your organization that you cannot see may have this one"),
        ErrorKind::PermissionDenied => fail(ErrorCode::PermissionDenied).hint(match status.reason.as_deref() {
            Some("USER_BLOCKED_BY_ADMIN") => {
                "ask an administrator to turn on Google Chat for this account".to_owned()
            }
            _ if attempt.admin => {
                "--use-admin-access requires an administrator with the privilege \"Manage Chat and Spaces conversations\" \
                 (https://support.google.com/a/answer/13369245)"
                    .to_owned()
            }
            _ => "check that this account has the permission, and that no administrator restricts the app".to_owned(),
        }),
        ErrorKind::NotFound
            if !error.is_not_found() || [ListSpaces::ACTION, SearchSpaces::ACTION].contains(&attempt.action.as_str()) =>
        {
            fail(ErrorCode::NotFound).hint("check that --api-endpoint is the root of the Chat API")
        }
        ErrorKind::NotFound => fail(ErrorCode::NotFound).hint(if attempt.admin {
            let words = ["spaces", "search", "space_type = \"SPACE\"", "--use-admin-access"];
            format!("check the name: {}", invocation.command(words))
        } else {
            let list = invocation.command(["spaces", "list"]);
            format!("check the name, and that this account is a member: {list}")
        }),
        ErrorKind::PreconditionFailed if status.http_status == 400 => {
            fail(ErrorCode::PreconditionFailed).hint("check that Google Chat is turned on for this account")
        }
        ErrorKind::PreconditionFailed => fail(ErrorCode::PreconditionFailed),
        ErrorKind::InvalidArgument => fail(ErrorCode::InvalidArgument)
            .hint("see https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces"),
        ErrorKind::RateLimited => fail(ErrorCode::RateLimited).hint(try_again(error.retry_after)),
        ErrorKind::Server => fail(ErrorCode::ServerError).hint(try_again(error.retry_after)),
        ErrorKind::UnparsableResponse => fail(ErrorCode::ServerError).hint("retry in a minute"),
        ErrorKind::Network(error) => network(error),
    }
}

/// Returns the command that logs in with a scope that the method accepts, and with those that the login has: a new login
/// replaces the old one.
fn scope_hint(status: &Status, attempt: &Attempt, invocation: &Invocation) -> String {
    let accepted: Vec<ScopeSet> = status.accepted_scopes.iter().map(|scope| ScopeSet::from_wire(scope)).collect();
    let added = accepted.first().cloned().unwrap_or_default();
    let login = invocation.login(attempt.account.as_deref(), &attempt.scopes.union(&added));
    if accepted.len() > 1 {
        let names: Vec<String> = accepted.iter().map(ToString::to_string).collect();
        format!("log in with one of {}: {login}", names.join(", "))
    } else {
        format!("run {login}")
    }
}
