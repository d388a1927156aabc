//! Reports errors: the code, the message, the hint and the fields of the JSON error.

mod auth;
mod chat;

use super::caller::{CallError, Cause};
use super::{Context, ErrorCode, Failure};
use crate::auth as login;
use crate::output;
use crate::platform::input::InputError;

pub(super) use auth::console;

impl Context {
    /// Reports the first typed error in the chain of `error`. Any other error is [`ErrorCode::Internal`], with its whole
    /// chain as the message.
    pub fn report(&self, error: impl Into<anyhow::Error>) -> Failure {
        let error = error.into();
        for cause in error.chain() {
            if let Some(failure) = cause.downcast_ref::<Failure>() {
                return failure.clone();
            }
            if let Some(error) = cause.downcast_ref::<CallError>() {
                return self.add_clock(self.hint_for_token(self.report_call(error), error));
            }
            if let Some(error) = cause.downcast_ref::<login::Error>() {
                // An error of a login, in which what acts instead of it has no part.
                return self.add_clock(self.report_login(error));
            }
            if let Some(error) = cause.downcast_ref::<output::Error>() {
                return Failure::from(error);
            }
            if let Some(error) = cause.downcast_ref::<InputError>() {
                return Failure::from(error);
            }
        }
        Failure::new(ErrorCode::Internal, format!("{error:#}"))
    }

    pub(super) fn report_login(&self, error: &login::Error) -> Failure {
        Failure::from_auth(error, self.settings.account.value.as_deref(), &self.settings.invocation)
    }

    fn report_call(&self, error: &CallError) -> Failure {
        let attempt = &error.attempt;
        match &*error.cause {
            Cause::Login(error) => {
                let mut failure = self.report_login(error);
                failure.http_status = matches!(error, login::Error::TokenRejected).then_some(401);
                match &attempt.write {
                    Some(write) => failure.with_write(write, attempt.may_have_been_applied),
                    None => failure,
                }
            }
            Cause::Api(error) => Failure::from_chat(error, attempt, &self.settings.invocation),
        }
    }

    /// Sets a hint other than to log in where the token is not that of a saved login.
    fn hint_for_token(&self, failure: Failure, error: &CallError) -> Failure {
        let accepted = error.api().and_then(|error| error.status.as_ref()?.accepted_scopes.first());
        let accepted = accepted.map(|scope| login::ScopeSet::from_wire(scope)).unwrap_or_default();
        let missing = error.attempt.scopes.union(&accepted).minimal();
        let scope = Some(format!("the scope {missing}"))
            .filter(|_| failure.code == ErrorCode::ScopeMissing && !missing.is_empty());
        if !matches!(failure.code, ErrorCode::CredentialsRejected | ErrorCode::ScopeMissing) {
            failure
        } else if self.settings.access_token.is_some() {
            let token = scope.map_or_else(|| String::from("another token"), |scope| format!("a token with {scope}"));
            failure.hint(format!("set CHATAUTH_ACCESS_TOKEN to {token}, or unset it"))
        } else if self.settings.delegation.value.is_some() {
            failure.hint(format!(
                "check {} of the service account at https://admin.google.com/ac/owl/domainwidedelegation; a change takes \
                 effect in up to 24 hours",
                scope.as_deref().unwrap_or("the scopes")
            ))
        } else {
            failure
        }
    }

    /// Adds how wrong the clock is, which may be why a token was rejected.
    fn add_clock(&self, mut failure: Failure) -> Failure {
        if failure.code.exit_code() == 4
            && let Some(offset) = self.session().http().clock_offset()
            && offset.abs() > time::Duration::minutes(1)
        {
            failure.message = format!("{}; {}", failure.message, super::clock_offset::describe_offset(offset));
        }
        failure
    }
}
