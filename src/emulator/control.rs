//! Inspects and changes a running emulator from the same process.

use serde_json::Value;

use super::endpoint::Endpoint;
use super::fault::Fault;
use super::options::Options;
use super::recorded::Recorded;
use super::state::Shared;

/// A handle for tests that inspects and changes a running emulator.
#[derive(Clone, Debug)]
pub struct Control {
    shared: Shared,
}

impl Control {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// Returns the requests so far, at most the last 10,000.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().requests.iter().cloned().collect()
    }

    /// Returns the requests to one endpoint.
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<Recorded> {
        let mut requests = self.requests();
        requests.retain(|request| request.endpoint == endpoint);
        requests
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.lock().requests.clear();
    }

    /// Returns the number of accepted connections.
    pub fn connections(&self) -> u64 {
        self.shared.lock().connections
    }

    /// Adds a fault after the existing ones.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.lock().options.faults.push(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.lock().options.faults.clear();
    }

    /// Expires every access token issued so far.
    pub fn expire_access_tokens(&self) {
        self.shared.lock().ledger.expire_access_tokens();
    }

    /// Expires every authorization code issued so far.
    pub fn expire_codes(&self) {
        self.shared.lock().ledger.expire_codes();
    }

    /// Revokes every refresh token issued so far; access tokens stay valid.
    pub fn revoke_all_refresh_tokens(&self) {
        self.shared.lock().ledger.revoke_refresh_tokens();
    }

    /// Returns every secret that was issued or received: codes, tokens, verifiers, client secrets. None of them may
    /// appear in a program's output.
    pub fn secrets(&self) -> Vec<String> {
        self.shared.lock().secrets.clone()
    }

    /// Returns the spaces, as `spaces.get` shows them.
    pub fn spaces(&self) -> Vec<Value> {
        self.shared.lock().spaces.iter().map(|space| space.body.clone()).collect()
    }

    /// Returns the memberships of a space (`spaces/…`), as `spaces.members.list` shows them.
    pub fn members(&self, space: &str) -> Vec<Value> {
        let state = self.shared.lock();
        state.spaces.get(space).map(|space| space.members.clone()).unwrap_or_default()
    }

    /// Changes every successful token response before it is sent.
    ///
    /// The emulator's own records stay as they are: with `expires_in` set to 5, the access token lives as long as
    /// before. `patch` runs under the emulator's lock and must not use a `Control`.
    pub fn set_token_response_patch(&self, patch: impl FnMut(&mut Value) + Send + 'static) {
        self.shared.lock().token_patch = Some(Box::new(patch));
    }

    /// Sends token responses unchanged again.
    pub fn clear_token_response_patch(&self) {
        self.shared.lock().token_patch = None;
    }

    /// Changes the options of the running emulator.
    ///
    /// Earlier requests still count towards a new quota. `change` runs under the emulator's lock and must not use a
    /// `Control`.
    pub fn change_options(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.shared.lock().options);
    }

    /// Deletes the service account's key.
    pub fn delete_service_account_key(&self) {
        self.shared.lock().service_account.key_deleted = true;
    }

    /// Deletes the service account.
    pub fn delete_service_account(&self) {
        self.shared.lock().service_account.deleted = true;
    }

    /// Writes a message in a space (`spaces/…`), which makes a group chat or a direct message appear in lists. Returns
    /// false if there is no such space.
    pub fn write_message(&self, space: &str) -> bool {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        state.spaces.get_mut(space).map(|space| space.receive_message(now)).is_some()
    }
}
