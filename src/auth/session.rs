//! The one door to an access token.

use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use super::delegation::{Delegation, DelegationOptions};
use super::login::{Conversation, Login, LoginOptions};
use super::refusal::Evidence;
use super::store::{CredentialStore, FileStore, Notify, keep};
use super::token_endpoint::TokenEndpoint;
use super::{ClientSecrets, ClientSecretsError, Error, Freshness, LoginNeeded, Record, RefusalCause, ScopeSet};
use crate::http;
use crate::platform::Clock;
use crate::secret::Secret;

mod accounts;
mod care;

pub use care::Imported;

/// At this age a login dies of the publishing status Testing, give or take what is between two runs.
const AGE_OF_TESTING: std::ops::Range<time::Duration> = time::Duration::hours(156)..time::Duration::hours(180);

/// How long a command that logs in on its way waits for the browser.
const DEFAULT_WAIT: Duration = Duration::from_mins(5);

/// How long before the known end of a login every command says so.
const LAST_DAYS: Duration = Duration::from_hours(48);

/// What a session needs to know.
pub struct SessionOptions {
    /// The client for every request to the authorization server.
    pub http: http::Config,
    /// The current time.
    pub clock: Clock,
    /// Where logins are kept; `None` when no home directory is known.
    pub config_directory: Option<PathBuf>,
    /// Where the client file is looked for, in this order.
    pub client_secrets: Vec<PathBuf>,
    /// The account that was asked for.
    pub account: Option<String>,
    /// A ready access token, used as it is.
    pub access_token: Option<Secret<String>>,
    /// A service account that acts in a user's name, instead of a stored login.
    pub delegation: Option<DelegationOptions>,
    /// Told about everything that a person should know and that is no error.
    pub notify: Box<dyn Fn(&str)>,
}

/// Whether a person may be asked.
pub enum Interaction<'a> {
    /// A login may be started, with this person.
    Allowed(&'a mut dyn Conversation),
    /// Nobody is there, or nobody wants to be asked.
    Refused,
}

/// Logins, and the access tokens that come from them.
pub struct Session {
    http: http::Client,
    clock: Clock,
    store: Box<dyn CredentialStore>,
    client_secrets: Vec<PathBuf>,
    account: Option<String>,
    given: Option<Secret<String>>,
    delegation: Option<DelegationOptions>,
    config_directory: Option<PathBuf>,
    notify: Notify,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("store", &self.store)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// An access token and whose it is.
#[derive(Debug, Clone)]
pub struct Access {
    /// The bearer token.
    pub token: Secret<String>,
    /// The account; `None` for a token that was given from outside.
    pub account: Option<String>,
    /// The login it comes from, where it comes from one.
    pub record: Option<Record>,
    /// What it was fetched for, where it comes from a service account.
    delegated: Option<ScopeSet>,
}

impl Access {
    fn from_record(record: Record) -> Self {
        Self {
            token: record.access_token.clone(),
            account: Some(record.email.clone()),
            record: Some(record),
            delegated: None,
        }
    }

    /// What it may do, as far as that is known.
    pub fn scopes(&self) -> ScopeSet {
        let delegated = || self.delegated.clone().unwrap_or_default();
        self.record.as_ref().map_or_else(delegated, Record::granted)
    }

    /// The account, where it is known.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }
}

impl Session {
    /// A session; nothing is read, opened or sent yet.
    pub fn new(options: SessionOptions) -> Self {
        let notify: Notify = Rc::from(options.notify);
        Self {
            http: http::Client::new(options.http),
            clock: options.clock,
            store: Box::new(FileStore::new(options.config_directory.clone(), options.clock, Rc::clone(&notify))),
            client_secrets: options.client_secrets,
            account: options.account,
            given: options.access_token,
            delegation: options.delegation,
            config_directory: options.config_directory,
            notify,
        }
    }

    /// The HTTP client, so that every host is reached over the same one.
    pub fn http(&self) -> &http::Client {
        &self.http
    }

    /// An access token for `needed`: the stored one, a refreshed one, or, with a person, the one of a new login.
    pub async fn access_token(&self, needed: &ScopeSet, interaction: Interaction<'_>) -> Result<Access, Error> {
        if let Some(token) = &self.given {
            return Ok(Access { token: token.clone(), account: None, record: None, delegated: None });
        }
        if let Some(delegation) = &self.delegation {
            return self.delegated(delegation, needed, None).await;
        }
        let stored = match self.stored()? {
            Ok(record) => record,
            Err(needed_login) => {
                return self.log_in_for(needed, None, Error::LoginNeeded(needed_login), interaction).await;
            }
        };
        let missing = stored.granted().lacking(needed);
        if !missing.is_empty() {
            let error = Error::ScopeMissing {
                account: Some(stored.email.clone()),
                missing,
                union: stored.granted().union(needed).without_identity(),
                at_login: false,
            };
            return self.log_in_for(needed, Some(&stored), error, interaction).await;
        }
        if let Err(error) = self.check_client(&stored) {
            return match error {
                Error::LoginNeeded(_) => self.log_in_for(needed, Some(&stored), error, interaction).await,
                other => Err(other),
            };
        }
        self.warn_of_end(&stored);
        if stored.freshness(self.clock.now()) == Freshness::Fresh {
            return Ok(Access::from_record(stored));
        }
        match self.refresh(&stored.email, None).await {
            Ok(record) => Ok(Access::from_record(record)),
            Err(error @ (Error::Refused(_) | Error::LoginNeeded(_))) => {
                self.log_in_for(needed, Some(&stored), error, interaction).await
            }
            Err(error) => Err(error),
        }
    }

    /// A login that is going to end soon is better renewed by a person now than found dead by a script.
    fn warn_of_end(&self, record: &Record) {
        let now = self.clock.now();
        if let Some(end) = record.refresh_token_expires_at.filter(|end| *end > now && *end - now <= LAST_DAYS) {
            (self.notify)(&format!(
                "the login of {} ends on {} (the project's publishing status is Testing); this renews it: chatauth auth login --account {}",
                record.email,
                end.date(),
                record.email
            ));
        }
    }

    /// Another access token for one that the API refused with 401: the one that another process has fetched
    /// meanwhile, or that of one forced refresh.
    pub async fn replacement(&self, rejected: &Access) -> Result<Access, Error> {
        if let (Some(delegation), Some(scopes)) = (&self.delegation, &rejected.delegated) {
            return self.delegated(delegation, scopes, Some(&rejected.token)).await;
        }
        match &rejected.record {
            None => {
                Err(Error::TokenRejected(String::from("the access token in CHATAUTH_ACCESS_TOKEN is not accepted")))
            }
            Some(record) => Ok(Access::from_record(self.refresh(&record.email, Some(&rejected.token)).await?)),
        }
    }

    /// How far the clock of the server that answered last is ahead of this machine's; `None` before any answer.
    pub fn clock_offset(&self) -> Option<time::Duration> {
        self.http.last_date().map(|date| date - self.clock.now())
    }

    async fn delegated(
        &self,
        options: &DelegationOptions,
        scopes: &ScopeSet,
        rejected: Option<&Secret<String>>,
    ) -> Result<Access, Error> {
        let delegation = Delegation::load(options)?;
        let directory = self.config_directory.as_deref();
        let token = delegation.access_token(&self.http, directory, self.clock, scopes, rejected).await?;
        let account = Some(delegation.subject().to_owned());
        Ok(Access { token, account, record: None, delegated: Some(scopes.clone()) })
    }

    /// Logs in, whatever is stored.
    pub async fn log_in(&self, options: &LoginOptions, conversation: &mut dyn Conversation) -> Result<Record, Error> {
        let (client, client_path) = self.client()?;
        let login = Login {
            http: &self.http,
            client: &client,
            client_path: &client_path,
            store: &*self.store,
            clock: self.clock,
        };
        login.run(options, conversation).await
    }

    /// The client file that would be used, and where it is.
    pub fn client(&self) -> Result<(ClientSecrets, PathBuf), Error> {
        self.present_client()?
            .ok_or_else(|| Error::ClientSecrets(ClientSecretsError::Missing { looked: self.client_secrets.clone() }))
    }

    /// The record to use, or why there is none.
    fn stored(&self) -> Result<Result<Record, LoginNeeded>, Error> {
        let account = match self.chosen_account() {
            Ok(Ok(account)) => account,
            Ok(Err(needed)) => return Ok(Err(needed)),
            Err(error) => return Err(error),
        };
        Ok(self.store.read(&account)?.ok_or(LoginNeeded::NoSuchAccount(account)))
    }

    fn present_client(&self) -> Result<Option<(ClientSecrets, PathBuf)>, Error> {
        for path in &self.client_secrets {
            match ClientSecrets::load(path) {
                Ok(client) => return Ok(Some((client, path.clone()))),
                Err(ClientSecretsError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// A client file that is there must be the one of the login: otherwise the command would act for another project
    /// than the person named.
    fn check_client(&self, record: &Record) -> Result<(), Error> {
        match self.present_client()? {
            Some((client, _)) => same_client(record, &client),
            None => Ok(()),
        }
    }

    fn token_endpoint<'a>(&'a self, client: &'a ClientSecrets) -> TokenEndpoint<'a> {
        TokenEndpoint { http: &self.http, client, clock: self.clock }
    }

    async fn log_in_for(
        &self,
        needed: &ScopeSet,
        stored: Option<&Record>,
        reason: Error,
        interaction: Interaction<'_>,
    ) -> Result<Access, Error> {
        let Interaction::Allowed(conversation) = interaction else { return Err(reason) };
        if let Error::LoginNeeded(LoginNeeded::Ambiguous(_)) = reason {
            return Err(reason);
        }
        conversation.login_needed(&reason);
        // Google has no incremental consent for installed apps, so the new login asks for all that the old one had.
        let scopes = stored.map_or_else(|| needed.clone(), |record| record.granted().union(needed)).without_identity();
        let account = self.account.clone().or_else(|| stored.map(|record| record.email.clone()));
        let options = LoginOptions {
            scopes,
            required: needed.clone(),
            account,
            login_hint: None,
            port: None,
            wait: DEFAULT_WAIT,
        };
        Ok(Access::from_record(self.log_in(&options, conversation).await?))
    }

    async fn keep(&self, record: &Record) -> Result<(), Error> {
        Ok(keep(&*self.store, record).await?)
    }

    /// One refresh for all processes: lock, read again, decide, refresh, write, unlock.
    async fn refresh(&self, account: &str, rejected: Option<&Secret<String>>) -> Result<Record, Error> {
        let (client, _) = self.present_client()?.ok_or_else(|| LoginNeeded::NoClient {
            account: account.to_owned(),
            looked: self.client_secrets.clone(),
        })?;
        let _lock = self.store.lock(account).await?;
        let read = || -> Result<Record, Error> {
            Ok(self.store.read(account)?.ok_or_else(|| LoginNeeded::Removed(account.to_owned()))?)
        };
        let usable = |record: &Record| {
            rejected != Some(&record.access_token) && record.freshness(self.clock.now()) == Freshness::Fresh
        };
        let mut record = read()?;
        let endpoint = self.token_endpoint(&client);
        let mut changed_meanwhile = false;
        let response = loop {
            if usable(&record) {
                return Ok(record);
            }
            same_client(&record, &client)?;
            match endpoint.refresh(&record.refresh_token).await {
                Ok(response) => break response,
                Err(Error::Refused(refusal)) if refusal.cause == RefusalCause::Dead && !changed_meanwhile => {
                    // Without a working lock another machine may have rotated the token: its new one is tried once.
                    let again = read()?;
                    if again.refresh_token == record.refresh_token {
                        return Err(with_evidence(*refusal, &record, self.clock));
                    }
                    changed_meanwhile = true;
                    record = again;
                }
                Err(Error::Refused(refusal)) => return Err(with_evidence(*refusal, &record, self.clock)),
                Err(error) => return Err(error),
            }
        };
        let refreshed = record.refreshed(&response, self.clock.now());
        match self.store.save(&refreshed) {
            Ok(()) => {}
            // A new refresh token that is not on disk would be lost with this process, and the old one may be dead.
            Err(error) if refreshed.refresh_token != record.refresh_token => return Err(error.into()),
            Err(error) => (self.notify)(&format!("{error}; the refreshed access token serves this command only")),
        }
        Ok(refreshed)
    }
}

fn same_client(record: &Record, client: &ClientSecrets) -> Result<(), Error> {
    let other = |stored: &str, given: &str| {
        Error::LoginNeeded(LoginNeeded::OtherClient {
            account: record.email.clone(),
            stored: stored.to_owned(),
            given: given.to_owned(),
        })
    };
    if record.client_id != client.client_id {
        return Err(other(&record.client_id, &client.client_id));
    }
    let endpoint = client.token_endpoint.to_string();
    if record.token_endpoint != endpoint {
        return Err(other(&record.token_endpoint, &endpoint));
    }
    Ok(())
}

/// Adds what the record knows to a refusal: why a refresh token died can only be guessed at from its age.
fn with_evidence(mut refusal: super::TokenRefusal, record: &Record, clock: Clock) -> Error {
    refusal.account = Some(record.email.clone());
    if refusal.cause == RefusalCause::Dead {
        let now = clock.now();
        refusal.evidence = Some(match record.refresh_token_expires_at {
            Some(end) if end <= now => Evidence::TestingEnded(end.date()),
            _ => {
                let age = now - record.refresh_token_issued_at;
                Evidence::Age {
                    made: record.refresh_token_issued_at.date(),
                    days: age.whole_days(),
                    // Google does not always say so at the login.
                    as_in_testing: AGE_OF_TESTING.contains(&age),
                }
            }
        });
    }
    Error::Refused(Box::new(refusal))
}

impl From<LoginNeeded> for Error {
    fn from(needed: LoginNeeded) -> Self {
        Self::LoginNeeded(needed)
    }
}
