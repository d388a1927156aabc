//! The emulator's back door for tests in the same process.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::fault::{Endpoint, Fault};
use super::options::{Audience, ChatApp, Consent, GrantedScopes, User};
use super::quota::Quota;
use super::state::Shared;

/// A request that arrived, whatever became of it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The door it came to.
    pub endpoint: Endpoint,
    /// `GET`, `POST` …
    pub method: String,
    /// Path, still percent-encoded.
    pub path: String,
    /// Query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Headers, names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// Body; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// When.
    pub at: OffsetDateTime,
    /// Which connection it came on: 1 is the first that was accepted.
    pub connection: u64,
}

impl Recorded {
    /// The first header of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The first query parameter of this name.
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The first field of this name in a form body.
    pub fn form(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.body.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Looks into a running emulator and changes its ways.
#[derive(Clone, Debug)]
pub struct Control {
    shared: Shared,
}

impl Control {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// The requests so far, the last 10,000 at most.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().requests.iter().cloned().collect()
    }

    /// The requests that came to one door.
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<Recorded> {
        let mut requests = self.requests();
        requests.retain(|request| request.endpoint == endpoint);
        requests
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.lock().requests.clear();
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> u64 {
        self.shared.lock().connections
    }

    /// Adds a fault behind those there are.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.lock().faults.push(fault);
    }

    /// From now on nothing goes wrong.
    pub fn clear_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// Ends the life of every access token issued so far.
    pub fn expire_access_tokens(&self) {
        self.shared.lock().ledger.expire_access_tokens();
    }

    /// Ends the life of every authorization code issued so far.
    pub fn expire_codes(&self) {
        self.shared.lock().ledger.expire_codes();
    }

    /// Revokes every refresh token issued so far; access tokens live on.
    pub fn revoke_all_refresh_tokens(&self) {
        self.shared.lock().ledger.revoke_refresh_tokens();
    }

    /// Every secret that was issued or received: codes, tokens, verifiers,
    /// client secrets. None of them may ever show up in a program's output.
    pub fn secrets(&self) -> Vec<String> {
        self.shared.lock().secrets.clone()
    }

    /// The spaces, as `spaces.get` shows them.
    pub fn spaces(&self) -> Vec<Value> {
        self.shared.lock().spaces.iter().map(|space| space.body.clone()).collect()
    }

    /// The memberships of one space (`spaces/…`), as `spaces.members.list` shows them.
    pub fn members(&self, space: &str) -> Vec<Value> {
        let state = self.shared.lock();
        let found = state.spaces.iter().find(|candidate| candidate.name() == space);
        found.map(|space| space.members.clone()).unwrap_or_default()
    }

    /// Changes every successful token answer before it is sent.
    ///
    /// What the emulator itself remembers is not changed: with `expires_in` set
    /// to 5 the access token still lives as long as before. `patch` runs while
    /// the emulator waits for it and must not use a `Control`.
    pub fn set_token_response_patch(&self, patch: impl FnMut(&mut Value) + Send + 'static) {
        self.shared.lock().token_patch = Some(Box::new(patch));
    }

    /// Token answers are sent as they are again.
    pub fn clear_token_response_patch(&self) {
        self.shared.lock().token_patch = None;
    }

    /// What the person at the browser does from now on.
    pub fn set_consent(&self, consent: Consent) {
        self.shared.lock().options.consent = consent;
    }

    /// What is ticked from now on.
    pub fn set_granted_scopes(&self, scopes: GrantedScopes) {
        self.shared.lock().options.granted_scopes = scopes;
    }

    /// Life of the access tokens issued from now on.
    pub fn set_access_token_lifetime(&self, lifetime: Duration) {
        self.shared.lock().options.access_token_lifetime = lifetime;
    }

    /// Whether refreshes bring new refresh tokens from now on.
    pub fn set_rotate_refresh_tokens(&self, rotate: bool) {
        self.shared.lock().options.rotate_refresh_tokens = rotate;
    }

    /// Enables or disables the Chat API.
    pub fn set_api_enabled(&self, enabled: bool) {
        self.shared.lock().options.api_enabled = enabled;
    }

    /// Configures the Chat app or takes the configuration away.
    pub fn set_chat_app(&self, chat_app: ChatApp) {
        self.shared.lock().options.chat_app = chat_app;
    }

    /// An account that exists from now on.
    pub fn add_user(&self, user: User) {
        self.shared.lock().options.users.push(user);
    }

    /// Who may use `useAdminAccess` from now on, by e-mail address.
    pub fn set_admins(&self, admins: &[&str]) {
        self.shared.lock().options.admins = owned(admins);
    }

    /// Who has to accept invitations from now on, by e-mail address.
    pub fn set_auto_accept_off(&self, people: &[&str]) {
        self.shared.lock().options.auto_accept_off = owned(people);
    }

    /// Who cannot be added from now on, by e-mail address.
    pub fn set_unaddable(&self, people: &[&str]) {
        self.shared.lock().options.unaddable = owned(people);
    }

    /// Which addresses belong to nobody from now on.
    pub fn set_unresolvable(&self, people: &[&str]) {
        self.shared.lock().options.unresolvable = owned(people);
    }

    /// Who may use the app from now on.
    pub fn set_audience(&self, audience: Audience) {
        self.shared.lock().options.audience = audience;
    }

    /// Who may use an app in testing from now on; every account without a list.
    pub fn set_test_users(&self, people: Option<&[&str]>) {
        self.shared.lock().options.test_users = people.map(owned);
    }

    /// Whether the administrator keeps the organization's accounts from using the app.
    pub fn set_admin_policy_enforced(&self, enforced: bool) {
        self.shared.lock().options.admin_policy_enforced = enforced;
    }

    /// After how long people have to sign in again; never when there is none.
    pub fn set_session_length(&self, length: Option<Duration>) {
        self.shared.lock().options.session_length = length;
    }

    /// How often the API may be called from now on. What was counted so far still counts.
    pub fn set_quota(&self, quota: Option<Quota>) {
        self.shared.lock().options.quota = quota;
    }

    /// What the service account may ask for from now on.
    pub fn set_delegated_scopes(&self, scopes: GrantedScopes) {
        self.shared.lock().options.delegated_scopes = scopes;
    }

    /// Deletes the service account's key, as in the Cloud console.
    pub fn delete_service_account_key(&self) {
        self.shared.lock().service_account.delete_key();
    }

    /// Deletes the service account itself.
    pub fn delete_service_account(&self) {
        self.shared.lock().service_account.delete();
    }

    /// Somebody writes into the space (`spaces/…`): a group chat or a direct
    /// message appears in lists only then. False when there is no such space.
    pub fn write_message(&self, space: &str) -> bool {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        let found = state.spaces.iter_mut().find(|candidate| candidate.name() == space);
        found.map(|space| space.hear(now)).is_some()
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}
