//! The emulator's back door for tests in the same process.

use serde_json::Value;

use super::endpoint::Endpoint;
use super::fault::Fault;
use super::options::Options;
use super::recorded::Recorded;
use super::state::Shared;

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
        self.shared.lock().options.faults.push(fault);
    }

    /// From now on nothing goes wrong.
    pub fn clear_faults(&self) {
        self.shared.lock().options.faults.clear();
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

    /// Changes the options of the running emulator, for the requests from now on.
    ///
    /// What was counted towards a quota still counts. `change` runs while the emulator waits for it and must not
    /// use a `Control`.
    pub fn change_options(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.shared.lock().options);
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
