//! The state of the emulator, behind one lock.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use uuid::Uuid;

use super::chat::spaces::Spaces;
use super::client::{Client, ClientKind};
use super::endpoint::Endpoint;
use super::fault::Plan;
use super::google::PROJECT_NUMBER;
use super::oauth::authorization_request::ConsentPage;
use super::oauth::key::ServiceAccount;
use super::oauth::ledger::Ledger;
use super::options::Options;
use super::quota::Usage;
use super::recorded::Recorded;
use crate::platform::Clock;

/// Number of recorded requests: enough for any test, and a bound for an emulator that runs for days.
const RECORDED: usize = 10_000;

/// Changes a token response before it is sent.
pub(super) type TokenPatch = Box<dyn FnMut(&mut Value) + Send>;

pub(super) struct State {
    pub(super) options: Options,
    pub(super) origin: String,
    pub(super) clients: Vec<Client>,
    pub(super) pages: HashMap<String, ConsentPage>,
    pub(super) ledger: Ledger,
    pub(super) service_account: ServiceAccount,
    pub(super) spaces: Spaces,
    /// `requestId` to the user who sent it and the space that it created.
    pub(super) request_ids: HashMap<String, (String, String)>,
    /// Calls counted towards the quotas.
    pub(super) usage: Usage,
    pub(super) requests: VecDeque<Recorded>,
    /// How many requests were ever recorded.
    recorded: usize,
    pub(super) connections: u64,
    pub(super) secrets: Vec<String>,
    /// Logins that policy refused although consent was given, with what to change.
    pub(super) refused_logins: Vec<String>,
    pub(super) token_patch: Option<TokenPatch>,
}

impl State {
    pub(super) fn new(mut options: Options, origin: String) -> Self {
        if options.users.is_empty() {
            options.users = Options::default().users;
        }
        let mut state = Self {
            options,
            origin,
            clients: Vec::new(),
            pages: HashMap::new(),
            ledger: Ledger::default(),
            service_account: ServiceAccount::default(),
            spaces: Spaces::new(),
            request_ids: HashMap::new(),
            usage: Usage::default(),
            requests: VecDeque::new(),
            recorded: 0,
            connections: 0,
            secrets: Vec::new(),
            refused_logins: Vec::new(),
            token_patch: None,
        };
        state.add_client(&format!("{PROJECT_NUMBER}-emulator"), ClientKind::Desktop);
        state
    }

    /// Registers a client and returns it with its credentials.
    pub(super) fn add_client(&mut self, name: &str, kind: ClientKind) -> Client {
        let id = format!("{name}.apps.googleusercontent.com");
        let client = Client { id, secret: self.new_secret("emulator-secret-"), kind };
        self.clients.push(client.clone());
        client
    }

    /// Generates a secret and records it. The prefix shows that it is not one of Google's.
    pub(super) fn new_secret(&mut self, prefix: &str) -> String {
        let secret = format!("{prefix}{}", random_token());
        self.secrets.push(secret.clone());
        secret
    }

    /// Records a secret that a client sent.
    pub(super) fn record_secret(&mut self, secret: &str) {
        if !secret.is_empty() && !self.secrets.iter().any(|known| known == secret) {
            self.secrets.push(secret.to_owned());
        }
    }

    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// Records a request and returns its number.
    pub(super) fn record(&mut self, request: Recorded) -> usize {
        if self.requests.len() == RECORDED {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
        self.recorded += 1;
        self.recorded
    }

    /// Records the status of the answer to a request, if the request is still recorded.
    pub(super) fn record_status(&mut self, number: usize, status: u16) {
        let from_last = self.recorded - number;
        let index = self.requests.len().checked_sub(from_last + 1);
        if let Some(request) = index.and_then(|index| self.requests.get_mut(index)) {
            request.status = Some(status);
        }
    }

    /// Returns what the first fault that is due does; every fault counts the request.
    pub(super) fn fault(&mut self, endpoint: Endpoint) -> Option<Plan> {
        let mut plan = None;
        for fault in &mut self.options.faults {
            plan = fault.take_if_due(endpoint, plan.is_some()).or(plan);
        }
        plan
    }
}

/// Returns 244 random bits in hexadecimal.
pub(super) fn random_token() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The state and the clock, shared by all connections.
#[derive(Clone)]
pub(super) struct Shared {
    state: Arc<Mutex<State>>,
    pub(super) clock: Clock,
}

impl Shared {
    pub(super) fn new(state: State, clock: Clock) -> Self {
        Self { state: Arc::new(Mutex::new(state)), clock }
    }

    /// Locks the state. A poisoned lock is used too: a panic in one test must not fail the others.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shared")
    }
}
