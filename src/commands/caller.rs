//! Sends the requests of commands: access token, retries, and what a report of a failure needs.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use crate::auth::{self, Access, Record, ScopeSet};
use crate::bulk::{Rate, RateLimiter};
use crate::chat::{self, Client, CreateSpace, ErrorKind, ListSpaces, Membership, Method, Paging, Scopes};

use super::needed_scopes;
use super::write::{InFlight, Write};
use super::{Context, Failure};

/// Under the 300 writes of memberships a minute that Google allows a project.
pub(super) const MEMBERS_RATE: Rate = Rate::Limited { per_minute: 250, per_hour: None };

/// Sends requests with an access token, which is replaced once if the API rejects it.
#[derive(Clone)]
pub(super) struct Caller<'a> {
    context: &'a Context,
    chat: Client,
    /// The token, which the rows of a bulk run share.
    access: Rc<RefCell<Access>>,
    needed: ScopeSet,
    /// Limits the writes of memberships besides the first steps of rows. All rows of a run share it.
    member_writes: Rc<RateLimiter>,
    /// Whether this caller serves one row of a bulk run.
    for_row: bool,
    attempts: u32,
}

/// A request that failed, with what a report needs to know about it.
#[derive(Debug, thiserror::Error)]
#[error("cannot {}", .attempt.action)]
pub(super) struct CallError {
    pub(super) attempt: Box<Attempt>,
    #[source]
    pub(super) cause: Box<Cause>,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    /// No access token.
    #[error("{0}")]
    Login(#[source] auth::Error),
    /// The API rejected the request, or did not respond.
    #[error("{0}")]
    Api(#[source] chat::Error),
}

/// What a report needs to know about a failed request.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempt {
    /// The action, as in "create the space".
    pub(super) action: String,
    /// For requests that change something.
    pub(super) write: Option<Write>,
    /// Whether the request may have been applied.
    pub(super) may_have_been_applied: bool,
    /// The Cloud project of the OAuth client, for links.
    pub(super) project: Option<String>,
    /// The account that was used.
    pub(super) account: Option<String>,
    /// The scopes that the login has and those that the command needs.
    pub(super) scopes: ScopeSet,
    /// Whether the caller acted as an administrator.
    pub(super) admin: bool,
}

impl CallError {
    /// Returns the error of the API; `None` if the login failed.
    pub(super) fn api(&self) -> Option<&chat::Error> {
        match &*self.cause {
            Cause::Api(error) => Some(error),
            Cause::Login(_) => None,
        }
    }

    /// Whether the API knows no such resource.
    pub(super) fn is_not_found(&self) -> bool {
        self.api().is_some_and(chat::Error::is_not_found)
    }

    /// Whether the resource exists already.
    pub(super) fn is_already_exists(&self) -> bool {
        self.api().is_some_and(|error| matches!(error.kind, ErrorKind::AlreadyExists))
    }
}

impl<'a> Caller<'a> {
    /// Gets an access token that allows `methods`, with a login first when that is needed and a person can be asked.
    pub(super) async fn new(context: &'a Context, methods: &[Scopes], admin: bool) -> Result<Self, Failure> {
        // The login of a person would have this restricted scope in vain.
        if methods.contains(&CreateSpace::SCOPES_FOR_IMPORT) && context.settings.uses_login() {
            return Err(Failure::usage("import mode needs a service account that acts for a user")
                .hint("pass --service-account FILE --impersonate USER"));
        }
        let granted = granted(context).unwrap_or_default();
        Self::with_scopes(context, needed_scopes::needed(methods, admin, &granted)).await
    }

    /// Like [`Self::new`], for scopes that are already known.
    pub(super) async fn with_scopes(context: &'a Context, needed: ScopeSet) -> Result<Self, Failure> {
        // A refused endpoint is reported before anybody has to log in.
        context.check_endpoint()?;
        let access = context.access(&needed).await?;
        Ok(Self { needed, ..Self::with_access(context, access)? })
    }

    /// Creates a caller for an existing token.
    pub(super) fn with_access(context: &'a Context, access: Access) -> Result<Self, Failure> {
        let (chat, access) = (context.chat()?, Rc::new(RefCell::new(access)));
        let member_writes = Rc::new(RateLimiter::new(MEMBERS_RATE, 8, []));
        Ok(Self { context, chat, access, needed: ScopeSet::default(), member_writes, for_row: false, attempts: 0 })
    }

    /// Returns a caller for one row of a bulk run, which leaves rate limits and interruptions to the run.
    pub(super) fn for_row(&self) -> Self {
        Self { for_row: true, attempts: 0, ..self.clone() }
    }

    /// Lets a run without a rate send the writes of memberships without one, so many at a time.
    pub(super) fn with_unlimited_member_writes(self, concurrency: usize) -> Self {
        Self { member_writes: Rc::new(RateLimiter::new(Rate::Unlimited, concurrency, [])), ..self }
    }

    /// Returns what limits the writes of memberships.
    pub(super) fn member_writes(&self) -> Rc<RateLimiter> {
        Rc::clone(&self.member_writes)
    }

    /// Returns the context of the command.
    pub(super) const fn context(&self) -> &'a Context {
        self.context
    }

    /// Gets the login's access token again, which refreshes it before it expires. Never asks a person.
    pub(super) async fn renew(&self) -> Result<(), Failure> {
        let result = self.context.session().access_token(&self.needed, None).await;
        self.access.replace(result.map_err(|error| self.context.report(error))?);
        Ok(())
    }

    /// Returns the token and its owner.
    pub(super) fn access(&self) -> Access {
        self.access.borrow().clone()
    }

    /// Returns the number of requests sent.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the account, or a description of the ready token, for messages.
    pub(super) fn account_label(&self) -> String {
        self.access().account.unwrap_or_else(|| String::from("the owner of CHATAUTH_ACCESS_TOKEN"))
    }

    /// Whether the membership is that of the account that acts; `None` if neither ids nor addresses tell: nobody knows the
    /// owner of a ready token or the id of a service account's user, and Google hides addresses.
    pub(super) fn is_own(&self, membership: &Membership) -> Option<bool> {
        let Some(user) = &membership.member else { return Some(false) };
        let access = self.access.borrow();
        let id = user.name.as_deref().and_then(|name| name.strip_prefix("users/"));
        let ids = id.zip(access.record.as_ref()).map(|(id, record)| id == record.sub);
        let addresses = user.email.as_deref().zip(access.account.as_deref());
        let addresses = addresses.map(|(address, account)| address.eq_ignore_ascii_case(account));
        ids.max(addresses)
    }

    /// Whether `id` is the address or the ID of the account that acts, as far as the login tells.
    pub(super) fn is_self(&self, id: &str) -> bool {
        let access = self.access.borrow();
        access.account.as_deref().is_some_and(|account| chat::is_same_name(account, id))
            || access.record.as_ref().is_some_and(|record| record.sub == id)
    }

    /// Whether the token's scopes allow a method; `None` for a ready token, whose scopes are unknown.
    pub(super) fn allows(&self, method: Scopes, admin: bool) -> Option<bool> {
        let access = self.access.borrow();
        access.account.is_some().then(|| needed_scopes::allowed(&method, admin, &access.scopes()))
    }

    /// Sends a request and retries it under the policy.
    ///
    /// # Errors
    /// The login, the network or the API fails the request. The error says how to repeat it.
    pub(super) async fn send<M: Method>(&mut self, request: &M) -> Result<M::Response, CallError> {
        let request_id = request.request_id().map(Cow::into_owned);
        let write = if request.is_read() {
            None
        } else if !request.is_idempotent() {
            Some(Write::unsafe_to_repeat())
        } else {
            // The journal of a run keeps the id of each row.
            let command = request_id.as_deref().filter(|_| !self.for_row).map_or_else(
                || self.context.typed_command(),
                |id| self.context.settings.invocation.typed_with_request_id(id),
            );
            Some(Write::repeated_by(command, request_id))
        };
        self.send_as(request, write).await
    }

    /// Sends a request like [`Self::send`]; `command` repeats it, instead of the command line as typed.
    pub(super) async fn send_repeated_by<M: Method>(
        &mut self,
        request: &M,
        command: &str,
    ) -> Result<M::Response, CallError> {
        self.send_as(request, Some(Write::repeated_by(command, None))).await
    }

    /// Requests one space to check the token. Returns whether the token has the scope to read spaces.
    ///
    /// # Errors
    /// The API rejects the token, or cannot be reached.
    pub(super) async fn probe(&mut self) -> Result<bool, CallError> {
        let request = ListSpaces { paging: Paging { page_size: Some(1), page_token: None }, ..ListSpaces::default() };
        match self.send(&request).await {
            Ok(_) => Ok(true),
            Err(error) if error.api().is_some_and(|error| matches!(error.kind, ErrorKind::ScopeInsufficient)) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn send_as<M: Method>(&mut self, request: &M, write: Option<Write>) -> Result<M::Response, CallError> {
        let operation = self.chat.operation();
        let messages = self.context.messages;
        let operation = if self.for_row {
            operation.without_rate_limit_retries()
        } else {
            operation.before_retry(move |line| messages.note(line))
        };
        let action = request.action().into_owned();
        // Whatever ends the program meanwhile can say how to repeat the request.
        let outer = write
            .as_ref()
            .filter(|_| !self.for_row)
            .map(|write| self.context.pending.replace(Some(InFlight { action: action.clone(), write: write.clone() })));
        let mut access = self.access();
        let mut result = self.chat.send(request, &access.token, &operation).await.map_err(Cause::Api);
        if let Err(Cause::Api(chat::Error { kind: ErrorKind::Unauthenticated, .. })) = &result {
            result = match self.context.session().replacement(&access).await {
                Ok(replacement) => {
                    self.access.replace(replacement.clone());
                    access = replacement;
                    self.chat.send(request, &access.token, &operation).await.map_err(Cause::Api)
                }
                Err(error) => Err(Cause::Login(error)),
            };
        }
        if let Some(outer) = outer {
            self.context.pending.replace(outer);
        }
        self.attempts += operation.attempts();
        result.map_err(|cause| {
            // A new login replaces the old one, so it asks for what that one had.
            let before = access.record.as_ref().map(Record::granted).unwrap_or_default();
            let attempt = Attempt {
                action,
                write,
                may_have_been_applied: operation.may_have_been_applied(),
                project: self.context.project(),
                account: access.account,
                scopes: before.union(&self.needed).without_identity(),
                admin: request.call().admin,
            };
            CallError { attempt: Box::new(attempt), cause: Box::new(cause) }
        })
    }
}

/// Returns the scopes of the saved login that will be used; `None` where there is none. One that cannot be read is
/// reported by whoever needs it.
pub(super) fn granted(context: &Context) -> Option<ScopeSet> {
    let session = context.settings.uses_login().then(|| context.session())?;
    let record = session.read(&session.login().ok()?).ok().flatten()?;
    Some(record.granted())
}
