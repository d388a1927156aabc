//! The session: access tokens of saved and new logins, of a service account, or from outside.

use std::cell::{Cell, OnceCell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use time::OffsetDateTime;

use super::client_files::ClientFiles;
use super::client_secrets::is_google;
use super::delegation::{Delegation, DelegationOptions};
use super::login_name::LoginName;
use super::login_prompt::{DEFAULT_WAIT, LoginOptions, LoginPrompt};
use super::refusal::Evidence;
use super::store::{CredentialStore, Notify};
use super::token_endpoint::{Sender, TokenEndpoint};
use super::token_response::TokenResponse;
use super::{ClientSecrets, Error, LoginNeeded, Record, RefusalCause, ScopeSet, TokenRefusal};
use crate::http::{self, Endpoint};
use crate::platform::Clock;
use crate::platform::files::Reservation;
use crate::secret::Secret;

/// The age at which a login of a project in testing ends, give or take the time between two runs.
const AGE_OF_TESTING: std::ops::Range<time::Duration> = time::Duration::hours(156)..time::Duration::hours(180);

/// How long before the known end of a login every command warns of it.
const EXPIRY_WARNING: Duration = Duration::from_hours(48);

/// Returns the command that logs in an account with scopes; without scopes, with those that the login had.
type LoginCommand = Box<dyn Fn(&str, &ScopeSet) -> String>;

/// The settings of a session.
pub struct SessionOptions {
    /// Settings of every request.
    pub http: http::Config,
    /// Where logins are saved; `None` when no home directory is known.
    pub config_directory: Option<PathBuf>,
    /// Where the client file is looked for, in this order.
    pub client_secrets: Vec<PathBuf>,
    /// Whether that is a file which was named by option or variable.
    pub client_secrets_named: bool,
    /// Whether a token of Google's may go to the API endpoint of this command.
    pub google_tokens: bool,
    /// The account that was asked for.
    pub account: Option<String>,
    /// A ready access token, used as it is.
    pub access_token: Option<Secret<String>>,
    /// A service account that acts on behalf of a user, instead of a stored login.
    pub delegation: Option<DelegationOptions>,
    /// Returns the command that logs in an account, for warnings.
    pub login_command: LoginCommand,
    /// Called with warnings.
    pub notify: Box<dyn Fn(&str)>,
    /// Called with a line for people before a token endpoint is tried again.
    pub before_retry: Box<dyn Fn(&str)>,
}

/// The logins, and the access tokens that come from them. Who a command acts as (the account, the OAuth client and the
/// service account key) is resolved once, on first use, and stays the same until the command ends, even if the files change.
pub struct Session {
    pub(super) http: http::Client,
    pub(super) clock: Clock,
    pub(super) store: CredentialStore,
    /// The account of `--account`, as it was written.
    pub(super) requested: Option<String>,
    /// The login that `requested` was resolved to.
    pub(super) login: RefCell<Option<LoginName>>,
    /// Where the OAuth client comes from.
    pub(super) clients: ClientFiles,
    pub(super) delegation: Option<(DelegationOptions, OnceCell<Delegation>)>,
    pub(super) config_directory: Option<PathBuf>,
    pub(super) provided_token: Option<Secret<String>>,
    google_tokens: bool,
    refresh: RefreshState,
    pub(super) login_command: LoginCommand,
    pub(super) notify: Notify,
    before_retry: Box<dyn Fn(&str)>,
}

/// A refresh in flight, for a program that has to end.
#[derive(Default)]
struct RefreshState {
    in_flight: Cell<bool>,
    stopping: Cell<bool>,
    finished: tokio::sync::Notify,
}

/// An access token and the account that it belongs to.
#[derive(Debug, Clone)]
pub struct Access {
    /// The bearer token.
    pub token: Secret<String>,
    /// The account; `None` for a token from outside.
    pub account: Option<String>,
    /// When the token expires, where that is known.
    pub expires_at: Option<OffsetDateTime>,
    /// The login that the token comes from, where it comes from one.
    pub record: Option<Record>,
    /// The scopes that a service account asked for.
    delegated: Option<ScopeSet>,
}

impl Access {
    fn from_record(record: Record) -> Self {
        Self {
            token: record.access_token.clone(),
            account: Some(record.email.clone()),
            expires_at: record.expires_at,
            record: Some(record),
            delegated: None,
        }
    }

    /// The scopes of the token, as far as they are known.
    pub fn scopes(&self) -> ScopeSet {
        let delegated = || self.delegated.clone().unwrap_or_default();
        self.record.as_ref().map_or_else(delegated, Record::granted)
    }
}

impl Session {
    /// Creates a session. Nothing is read, opened or sent yet.
    pub fn new(options: SessionOptions) -> Self {
        let (notify, clock): (Notify, _) = (Rc::from(options.notify), options.http.clock);
        Self {
            http: http::Client::new(options.http),
            clock,
            store: CredentialStore::new(options.config_directory.clone(), clock, Rc::clone(&notify)),
            requested: options.account,
            login: RefCell::default(),
            clients: ClientFiles::new(options.client_secrets, options.client_secrets_named),
            delegation: options.delegation.map(|options| (options, OnceCell::new())),
            config_directory: options.config_directory,
            provided_token: options.access_token,
            google_tokens: options.google_tokens,
            refresh: RefreshState::default(),
            login_command: options.login_command,
            notify,
            before_retry: options.before_retry,
        }
    }

    /// The HTTP client, which every host is reached over.
    pub fn http(&self) -> &http::Client {
        &self.http
    }

    /// Returns the service account that acts in a user's name, if one does.
    pub fn service_account(&self) -> Option<&str> {
        self.delegation().ok().flatten().map(Delegation::client_email)
    }

    /// Returns the service account that acts, with its key; `None` where none was named.
    pub(super) fn delegation(&self) -> Result<Option<&Delegation>, Error> {
        let Some((options, loaded)) = &self.delegation else { return Ok(None) };
        if let Some(delegation) = loaded.get() {
            return Ok(Some(delegation));
        }
        let delegation = Delegation::load(options)?;
        Ok(Some(loaded.get_or_init(|| delegation)))
    }

    /// Returns an access token for `needed`: the saved one, a refreshed one, or, if there is a `prompt`, that of a new login.
    pub async fn access_token(&self, needed: &ScopeSet, prompt: Option<&mut dyn LoginPrompt>) -> Result<Access, Error> {
        if let Some(token) = &self.provided_token {
            return Ok(Access { token: token.clone(), account: None, expires_at: None, record: None, delegated: None });
        }
        if let Some(delegation) = self.delegation()? {
            self.check_destination(&delegation.token_endpoint)?;
            return self.delegated(delegation, needed, None).await;
        }
        self.clients.check_named()?;
        let stored = match self.login().and_then(|name| self.require_record(&name)) {
            Ok(record) => record,
            Err(error @ Error::LoginNeeded(_)) => return self.log_in_for(needed, None, error, prompt).await,
            Err(error) => return Err(error),
        };
        match self.stored_access(&stored, needed).await {
            Err(error @ (Error::ScopeMissing { .. } | Error::Refused(_) | Error::LoginNeeded(_))) => {
                self.log_in_for(needed, Some(&stored), error, prompt).await
            }
            result => result,
        }
    }

    /// The access token of a stored login, refreshed where necessary.
    async fn stored_access(&self, stored: &Record, needed: &ScopeSet) -> Result<Access, Error> {
        let missing = stored.granted().missing_from(needed);
        if !missing.is_empty() {
            return Err(Error::ScopeMissing {
                account: Some(stored.email.clone()),
                missing,
                union: stored.granted().union(needed).without_identity(),
                at_login: false,
            });
        }
        self.check_client(stored)?;
        self.warn_of_ignored_client(stored);
        self.check_record_destination(stored)?;
        self.warn_of_end(stored);
        if stored.is_fresh(self.clock.now()) {
            return Ok(Access::from_record(stored.clone()));
        }
        Ok(Access::from_record(self.refresh(&self.login()?, None).await?))
    }

    /// Checks that the tokens of a login may go to the API endpoint of this command.
    pub fn check_record_destination(&self, record: &Record) -> Result<(), Error> {
        Endpoint::parse(&record.token_endpoint).map_or(Ok(()), |endpoint| self.check_destination(&endpoint))
    }

    /// Checks that a token from `token_endpoint` may go to the API endpoint of this command.
    pub(super) fn check_destination(&self, token_endpoint: &Endpoint) -> Result<(), Error> {
        if !self.google_tokens && is_google(token_endpoint) { Err(Error::DestinationRefused) } else { Ok(()) }
    }

    /// Whether a refresh is in flight, whose answer may hold a new refresh token.
    pub fn is_refreshing(&self) -> bool {
        self.refresh.in_flight.get()
    }

    /// Waits until the refresh in flight is saved. The command that started it does not continue.
    pub async fn finish_refresh(&self) {
        self.refresh.stopping.set(true);
        self.refresh.finished.notified().await;
    }

    /// Warns of a login that expires soon.
    fn warn_of_end(&self, record: &Record) {
        let now = self.clock.now();
        if let Some(end) = record.refresh_token_expires_at.filter(|end| *end > now && *end - now <= EXPIRY_WARNING) {
            (self.notify)(&format!(
                "the login of {} expires on {} (the project's publishing status is Testing); to renew it, run {}",
                record.email,
                end.date(),
                (self.login_command)(&record.email, &ScopeSet::default())
            ));
        }
    }

    /// Returns another access token for one that the API rejected with 401: the one that another process has fetched
    /// meanwhile, or that of one forced refresh.
    pub async fn replacement(&self, rejected: &Access) -> Result<Access, Error> {
        if let (Some(delegation), Some(scopes)) = (self.delegation()?, &rejected.delegated) {
            return self.delegated(delegation, scopes, Some(&rejected.token)).await;
        }
        match &rejected.record {
            None => Err(Error::TokenRejected),
            Some(_) => Ok(Access::from_record(self.refresh(&self.login()?, Some(&rejected.token)).await?)),
        }
    }

    async fn delegated(
        &self,
        delegation: &Delegation,
        scopes: &ScopeSet,
        rejected: Option<&Secret<String>>,
    ) -> Result<Access, Error> {
        let directory = self.config_directory.as_deref();
        let (token, expires_at) = delegation.access_token(self.sender(), directory, scopes, rejected).await?;
        let account = Some(delegation.subject.clone());
        Ok(Access { token, account, expires_at, record: None, delegated: Some(scopes.clone()) })
    }

    pub(super) fn token_endpoint<'a>(&'a self, client: &'a ClientSecrets) -> TokenEndpoint<'a> {
        TokenEndpoint { sender: self.sender(), client }
    }

    pub(super) fn sender(&self) -> Sender<'_> {
        Sender { http: &self.http, clock: self.clock, before_retry: &*self.before_retry }
    }

    /// Reserves disk space for the refreshed record before the request is sent: a new refresh token that cannot be
    /// saved would be lost, and the old one may no longer be valid. Google does not replace refresh tokens, and a read-only
    /// directory is not expected to save them.
    fn reserve_space(
        &self,
        name: &LoginName,
        record: &Record,
        client: &ClientSecrets,
    ) -> Result<Option<Reservation>, Error> {
        match self.store.reserve(name, record) {
            Ok(reservation) => Ok(Some(reservation)),
            Err(error) if is_google(&client.token_endpoint) || error.is_read_only() => {
                log::info!("{error}");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn log_in_for(
        &self,
        needed: &ScopeSet,
        stored: Option<&Record>,
        reason: Error,
        prompt: Option<&mut dyn LoginPrompt>,
    ) -> Result<Access, Error> {
        let Some(prompt) = prompt else { return Err(reason) };
        if let Error::LoginNeeded(LoginNeeded::Ambiguous(_)) = reason {
            return Err(reason);
        }
        let Some(client) = self.clients.for_implicit_login(stored, &self.store)? else { return Err(reason) };
        prompt.login_needed(&reason);
        // Google has no incremental consent for installed apps, so the new login asks for all that the old one had.
        let replaced = stored.filter(|record| record.is_of_client(client));
        let scopes =
            replaced.map_or_else(|| needed.clone(), |record| record.granted().union(needed)).without_identity();
        let account = self.requested.clone().or_else(|| stored.map(|record| record.email.clone()));
        let options = LoginOptions {
            scopes,
            required: needed.clone(),
            account,
            login_hint: None,
            port: None,
            wait: DEFAULT_WAIT,
        };
        let record = self.log_in_with(client, &options, prompt).await?;
        Ok(Access::from_record(record))
    }

    /// Refreshes a login, unless another process has done so.
    pub(super) async fn refresh(&self, name: &LoginName, rejected: Option<&Secret<String>>) -> Result<Record, Error> {
        self.protecting_refresh(self.refresh_locked(name, rejected)).await
    }

    /// Runs `work`, which refreshes and saves a login. It does not return if a signal arrived during the refresh.
    pub(super) async fn protecting_refresh<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let result = work.await;
        self.refresh.in_flight.set(false);
        if self.refresh.stopping.get() {
            self.refresh.finished.notify_one();
            return std::future::pending().await;
        }
        result
    }

    /// Sends a refresh, for [`Session::protecting_refresh`].
    pub(super) async fn send_refresh(
        &self,
        client: &ClientSecrets,
        token: &Secret<String>,
    ) -> Result<TokenResponse, Error> {
        self.refresh.in_flight.set(true);
        self.token_endpoint(client).refresh(token).await
    }

    /// One refresh for all processes: lock, read again, decide, reserve disk space, refresh, write, unlock.
    async fn refresh_locked(&self, name: &LoginName, rejected: Option<&Secret<String>>) -> Result<Record, Error> {
        let _lock = self.store.lock(name).await?;
        let read = || -> Result<Record, Error> {
            Ok(self.store.read(name)?.ok_or_else(|| LoginNeeded::Removed(name.to_string()))?)
        };
        let usable = |record: &Record| rejected != Some(&record.access_token) && record.is_fresh(self.clock.now());
        let mut record = read()?;
        let mut changed_meanwhile = false;
        let mut reservation = None;
        let response = loop {
            if usable(&record) {
                return Ok(record);
            }
            let client = self.client_to_refresh(&record)?;
            if reservation.is_none() {
                reservation = self.reserve_space(name, &record, client)?;
            }
            match self.send_refresh(client, &record.refresh_token).await {
                Ok(response) => break response,
                Err(Error::Refused(refusal)) if refusal.cause == RefusalCause::InvalidGrant && !changed_meanwhile => {
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
        match self.store.save_prepared(name, &refreshed, reservation) {
            Ok(()) => {}
            // An unsaved refresh token is lost with this process, and the old one may no longer be valid.
            Err(error) if refreshed.refresh_token != record.refresh_token => return Err(error.into()),
            Err(error) => {
                (self.notify)(&format!("{error}; this command uses the refreshed access token without saving it"));
            }
        }
        Ok(refreshed)
    }
}

/// Adds what the record knows to a refusal: only its age hints at why a refresh token is no longer valid.
fn with_evidence(mut refusal: TokenRefusal, record: &Record, clock: Clock) -> Error {
    refusal.account = Some(record.email.clone());
    if refusal.cause == RefusalCause::InvalidGrant {
        let now = clock.now();
        refusal.evidence = Some(match record.refresh_token_expires_at {
            Some(end) if end <= now => Evidence::TestingEnded(end.date()),
            _ => {
                let age = now - record.refresh_token_issued_at;
                Evidence::Age {
                    logged_in_on: record.refresh_token_issued_at.date(),
                    days: age.whole_days(),
                    // Google does not always say so at the login.
                    matches_testing_lifetime: AGE_OF_TESTING.contains(&age),
                }
            }
        });
    }
    Error::Refused(Box::new(refusal))
}
