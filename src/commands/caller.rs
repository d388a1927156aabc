//! A login and the Chat API together: how every command calls a method.

use crate::auth::{Access, Interaction, Record, ScopeSet};
use crate::chat::{self, Client, Operation};
use crate::secret::Secret;

use super::failure::{Action, Write};
use super::scopes::{self, Method};
use super::{Context, Failure, InFlight};

/// Calls methods with one access token, and with another when that is not accepted.
pub(super) struct Caller<'a> {
    context: &'a Context,
    chat: Client,
    access: Access,
    needed: ScopeSet,
    admin: bool,
    /// Whether this is one of many that work at the same time.
    of_many: bool,
    attempts: u32,
    /// Whether its first token was not accepted.
    replaced: bool,
}

impl<'a> Caller<'a> {
    /// Gets an access token for `methods`, with a login on the way when that is needed and somebody is there.
    pub(super) async fn new(context: &'a Context, methods: &[&Method], admin: bool) -> Result<Self, Failure> {
        let chat = context.chat()?;
        // The login is looked at before only where its scopes make a difference.
        let choice = methods.iter().any(|method| method.has_choice(admin));
        let granted = if choice { granted(context) } else { ScopeSet::default() };
        let needed = scopes::needed(methods, admin, &granted);
        let access = context.access(&needed).await?;
        Ok(Self { context, chat, access, needed, admin, of_many: false, attempts: 0, replaced: false })
    }

    /// A caller for one row of many: it leaves rate limits and what is said on an interruption to the run.
    pub(super) fn for_row(&self) -> Self {
        Self {
            context: self.context,
            chat: self.chat.clone(),
            access: self.access.clone(),
            needed: self.needed.clone(),
            admin: self.admin,
            of_many: true,
            attempts: 0,
            replaced: false,
        }
    }

    /// Gets the login's access token again, which renews it before it ends. Nobody is asked.
    pub(super) async fn renew(&mut self) -> Result<(), Failure> {
        let result = self.context.session().access_token(&self.needed, Interaction::Refused).await;
        self.access = result.map_err(|error| self.context.failure(error))?;
        Ok(())
    }

    /// Takes over the token that a row has got in place of one that was not accepted: the rows after it would have to
    /// find out one by one.
    pub(super) fn adopt(&mut self, row: &Self) {
        if row.replaced {
            self.access = row.access.clone();
        }
    }

    /// Calls with the token, and once more with another one when that is not accepted.
    async fn call<Answer>(
        &mut self,
        operation: &Operation,
        call: impl AsyncFn(&Client, &Secret<String>, &Operation) -> Result<Answer, chat::Error>,
    ) -> Result<Result<Answer, chat::Error>, Failure> {
        let chat = &self.chat;
        let before = self.access.token.clone();
        let result =
            self.context.with_replacement(&mut self.access, async |token| call(chat, token, operation).await).await;
        self.replaced |= self.access.token.expose() != before.expose();
        self.attempts += operation.attempts();
        result
    }

    /// Whether this is one of many that work at the same time.
    pub(super) fn is_of_many(&self) -> bool {
        self.of_many
    }

    /// How many requests this caller has sent.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts
    }

    fn operation(&self) -> Operation {
        let operation = self.chat.operation();
        if self.of_many { operation.impatient() } else { operation }
    }

    /// For messages: who acts.
    pub(super) fn whom(&self) -> String {
        self.access.account().map_or_else(|| String::from("the holder of CHATAUTH_ACCESS_TOKEN"), str::to_owned)
    }

    /// Whether the login allows `method` besides what it was asked for; `None` for a token from outside, of which
    /// nothing is known.
    pub(super) fn allows(&self, method: &Method, admin: bool) -> Option<bool> {
        self.access.record.as_ref().map(|record| scopes::allowed(method, admin, &record.granted()))
    }

    /// Calls a method that only reads. `name` says what for, as in "list spaces".
    pub(super) async fn read<Answer>(
        &mut self,
        name: &str,
        call: impl AsyncFn(&Client, &Secret<String>, &Operation) -> Result<Answer, chat::Error>,
    ) -> Result<Answer, Failure> {
        let operation = self.operation();
        let result = self.call(&operation, call).await;
        result?.map_err(|error| self.failure(&error, name, None))
    }

    /// Calls a method that changes something. Whatever ends the program meanwhile can say how to repeat it.
    pub(super) async fn write<Answer>(
        &mut self,
        name: &str,
        write: Write<'_>,
        call: impl AsyncFn(&Client, &Secret<String>, &Operation) -> Result<Answer, chat::Error>,
    ) -> Result<Answer, Failure> {
        let operation = self.operation();
        let before = (!self.of_many).then(|| {
            self.context.pending.replace(Some(InFlight {
                action: name.to_owned(),
                request_id: write.request_id.map(str::to_owned),
                repeat: write.repeat.to_owned(),
                hint: None,
                rows: None,
            }))
        });
        let result = self.call(&operation, call).await;
        if let Some(before) = before {
            self.context.pending.replace(before);
        }
        result
            .map_err(|failure| failure.of_write(write, operation.may_have_been_applied()))?
            .map_err(|error| self.failure(&error, name, Some(write)))
    }

    fn failure(&self, error: &chat::Error, name: &str, write: Option<Write<'_>>) -> Failure {
        let project = self.context.project();
        // A new login replaces the old one, so it is to have what that had.
        let before = self.access.record.as_ref().map(Record::granted).unwrap_or_default();
        let scopes = before.union(&self.needed).without_identity();
        let action = Action {
            name,
            write,
            project: project.as_deref(),
            account: self.access.account(),
            login: self.access.record.is_some(),
            scopes: &scopes,
            admin: self.admin,
        };
        self.context.in_context(Failure::from_chat(error, action))
    }
}

/// What the login that will be used may do; nothing where there is none, which the login itself will say better.
fn granted(context: &Context) -> ScopeSet {
    if !context.settings.uses_login() {
        return ScopeSet::default();
    }
    let account = context.session().chosen_account().ok().and_then(Result::ok);
    let record = account.and_then(|account| context.session().record(&account).ok().flatten());
    record.as_ref().map(Record::granted).unwrap_or_default()
}
