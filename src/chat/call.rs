//! How every method is called: one request, as often as the rules allow.

use std::cell::Cell;
use std::time::Duration;

use http::{Method, header};
use serde_json::Value;
use tokio::time::Instant;

use super::error::{Error, ErrorKind};
use super::status::Status;
use crate::http::{self as transport, Endpoint, EndpointError, Request, Response, retry};
use crate::secret::Secret;

/// The longest answer about a single resource.
pub(super) const SINGLE: usize = 1024 * 1024;

/// The longest page of a list: a thousand spaces with long descriptions.
pub(super) const PAGE: usize = 16 * 1024 * 1024;

/// One thing that a person wants done: all its attempts share a deadline, also when the token is replaced in between.
#[derive(Debug)]
pub struct Operation {
    started: Instant,
    policy: retry::Policy,
    attempts: Cell<u32>,
    may_have_been_applied: Cell<bool>,
}

impl Operation {
    /// Begins now; `timeout` is the limit of one request.
    pub fn start(timeout: Duration) -> Self {
        Self {
            started: Instant::now(),
            policy: retry::Policy::operation(timeout),
            attempts: Cell::new(0),
            may_have_been_applied: Cell::new(false),
        }
    }

    /// Leaves a rate limit to the caller instead of waiting for it: in a bulk run everybody waits together.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        self.policy.waits_for_quota = false;
        self
    }

    /// How many requests there were.
    pub fn attempts(&self) -> u32 {
        self.attempts.get()
    }

    /// Whether an attempt so far may have been acted on without a definite answer.
    pub fn may_have_been_applied(&self) -> bool {
        self.may_have_been_applied.get()
    }

    pub(super) fn rest(&self) -> retry::Policy {
        retry::Policy {
            attempts: self.policy.attempts.saturating_sub(self.attempts.get()).max(1),
            total: self.policy.total.saturating_sub(self.started.elapsed()),
            ..self.policy
        }
    }

    /// Remembers what was tried.
    pub(super) fn note(&self, attempted: &retry::Attempted) {
        self.attempts.set(self.attempts.get() + attempted.attempts);
        // An unauthenticated request was refused before it could do anything; what came before it may have.
        self.may_have_been_applied.set(self.may_have_been_applied.get() || attempted.may_have_been_applied);
    }
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// The path below the endpoint, beginning with a slash.
    pub(super) path: &'a str,
    pub(super) query: Vec<(&'a str, String)>,
    pub(super) body: Option<Value>,
    pub(super) limit: usize,
}

/// The Chat API at one endpoint.
#[derive(Debug, Clone)]
pub struct Client {
    http: transport::Client,
    endpoint: Endpoint,
    clock: super::Now,
}

impl Client {
    /// A client that sends with `http` to `endpoint`; `now` is for dates in `Retry-After`.
    ///
    /// # Errors
    /// An endpoint that no token may be sent to.
    pub fn new(http: transport::Client, endpoint: &str, now: super::Now) -> Result<Self, EndpointError> {
        Ok(Self { http, endpoint: Endpoint::parse(endpoint)?, clock: now })
    }

    /// Begins an operation.
    pub fn operation(&self) -> Operation {
        Operation::start(self.http.timeout())
    }

    /// Calls a method until its answer stands. `understand` makes something of a success; a success that it cannot
    /// make anything of counts as an answer that was lost.
    pub(super) async fn call<Answer>(
        &self,
        token: &Secret<String>,
        call: Call<'_>,
        operation: &Operation,
        understand: impl Fn(Value) -> Option<Answer>,
    ) -> Result<Answer, Error> {
        let mut url = self.endpoint.join(call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let body = call.body.map(|body| ("application/json", Secret::new(body.to_string().into_bytes())));
        let request =
            Request { method: call.method, url, bearer: Some(token.clone()), body, limit: call.limit, timeout: None };
        let mut understood = None;
        let attempted = retry::run(operation.rest(), async |left: Duration| {
            let (result, mut outcome) = self.attempt(&request, left).await;
            if let Ok(response) = &result
                && is_success(response)
                && response.complete
            {
                understood = serde_json::from_slice(&response.body).ok().and_then(&understand);
                if understood.is_none() {
                    outcome = retry::Outcome::Unreadable;
                }
            }
            (result, outcome)
        })
        .await;
        operation.note(&attempted);
        match (attempted.result, understood) {
            (Ok(response), Some(answer)) if is_success(&response) => Ok(answer),
            (Ok(response), _) => Err(self.failed(Ok(&response), operation)),
            (Err(error), _) => Err(self.failed(Err(error), operation)),
        }
    }

    /// The address of a path below the endpoint.
    pub(super) fn url(&self, path: &str) -> url::Url {
        self.endpoint.join(path)
    }

    /// Sends a request once, within the time that is left for it.
    pub(super) async fn attempt(
        &self,
        request: &Request,
        left: Duration,
    ) -> (Result<Response, transport::Error>, retry::Outcome) {
        let timeout = Some(left.min(self.http.timeout()));
        let result = self.http.send(Request { timeout, ..request.clone() }).await;
        let mut outcome = retry::outcome(&result, (self.clock)());
        if let Ok(response) = &result
            && matches!(response.status, 403 | 429)
        {
            outcome = self.patience(response).unwrap_or(outcome);
        }
        (result, outcome)
    }

    /// What the last answer, or its absence, means for the operation.
    pub(super) fn failed(&self, result: Result<&Response, transport::Error>, operation: &Operation) -> Error {
        let kind = match result {
            Ok(response) if is_success(response) => ErrorKind::UnreadableAnswer { http_status: response.status },
            Ok(response) => {
                let retry_after = retry::retry_after(response, (self.clock)());
                let status = read_status(response);
                let asked = retry_after.or_else(|| status.retry_seconds.map(Duration::from_secs));
                ErrorKind::from_status(status, asked)
            }
            Err(error) => ErrorKind::Network(error),
        };
        Error { kind, attempts: operation.attempts.get(), may_have_been_applied: operation.may_have_been_applied.get() }
    }

    /// A rate limit may come as 403, and say how long to wait in its body; a hard quota is no matter of patience.
    fn patience(&self, response: &Response) -> Option<retry::Outcome> {
        let status = read_status(response);
        if status.reason.as_deref() == Some("RESOURCE_QUOTA_EXCEEDED") {
            return Some(retry::Outcome::Final);
        }
        let asked =
            retry::retry_after(response, (self.clock)()).or_else(|| status.retry_seconds.map(Duration::from_secs));
        status.is_rate_limit().then_some(retry::Outcome::Limited(asked))
    }
}

/// The parameter that makes a call an administrator's.
pub(super) fn admin(wanted: bool) -> Vec<(&'static str, String)> {
    if wanted { vec![("useAdminAccess", String::from("true"))] } else { Vec::new() }
}

pub(super) fn is_success(response: &Response) -> bool {
    (200..300).contains(&response.status)
}

fn read_status(response: &Response) -> Status {
    Status::read(response.status, response.header(header::WWW_AUTHENTICATE), &response.body)
}
