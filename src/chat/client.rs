//! Sends requests and retries them under the retry policy.

use std::time::Duration;

use http::header;

use super::error::{Error, ErrorKind};
use super::method::Method;
use super::operation::Operation;
use super::status::Status;
use crate::http::{self as transport, Endpoint, EndpointError, Request, Response, retry};
use crate::secret::Secret;

/// The Chat API at one endpoint.
#[derive(Debug, Clone)]
pub struct Client {
    http: transport::Client,
    endpoint: Endpoint,
    now: super::Now,
}

impl Client {
    /// Creates a client that sends with `http` to `endpoint`; `now` resolves dates in `Retry-After`.
    ///
    /// # Errors
    /// Fails when no token may be sent to the endpoint.
    pub fn new(http: transport::Client, endpoint: &str, now: super::Now) -> Result<Self, EndpointError> {
        Ok(Self { http, endpoint: Endpoint::parse(endpoint)?, now })
    }

    /// Starts an operation.
    pub fn operation(&self) -> Operation {
        Operation::start(self.http.timeout())
    }

    /// Sends a request and retries it under the policy. A successful response that cannot be parsed counts as a lost
    /// response.
    ///
    /// # Errors
    /// Fails with the last response, or the lack of one, classified for the whole operation.
    pub async fn send<M: Method>(
        &self,
        method: &M,
        token: &Secret<String>,
        operation: &Operation,
    ) -> Result<M::Response, Error> {
        let call = method.call();
        let mut url = self.endpoint.join(&call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let body = call.body.map(|body| ("application/json", Secret::new(body)));
        let request = Request { method: call.verb, url, bearer: Some(token.clone()), body, limit: call.limit };
        let idempotent = method.is_idempotent();
        let policy = retry::Policy { repeat_after_loss: idempotent, ..operation.remaining() };
        let mut parsed = None;
        let attempt = async |left: Duration| {
            let result = self.http.send(&request, left).await;
            let mut outcome = retry::classify(&result, (self.now)());
            match &result {
                Ok(response) if is_success(response) && response.complete => {
                    parsed = method.parse(response);
                    if parsed.is_none() {
                        outcome = retry::Outcome::Unreadable;
                    }
                }
                Ok(response) => outcome = self.refusal(response).unwrap_or(outcome),
                Err(_) => {}
            }
            // A server error may come after the request was applied.
            if let (false, retry::Outcome::ServerError(_)) = (idempotent, outcome) {
                outcome = retry::Outcome::ResponseLost(None);
            }
            (result, outcome)
        };
        let attempted = retry::run(policy, attempt, |result, wait, attempts, most| {
            operation.retries(result, self.endpoint.host(), wait, attempts, most);
        })
        .await;
        operation.record(&attempted);
        match (attempted.result, parsed) {
            (Ok(response), Some(answer)) if is_success(&response) => Ok(answer),
            (result, _) => {
                let error = self.error(result, operation);
                match error.may_have_been_applied.then(|| method.already_done(&error)).flatten() {
                    Some(answer) => Ok(answer),
                    None => Err(error),
                }
            }
        }
    }

    fn error(&self, result: Result<Response, transport::Error>, operation: &Operation) -> Error {
        let may_have_been_applied = operation.may_have_been_applied();
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                let kind = ErrorKind::Network(error);
                return Error { kind, status: None, retry_after: None, may_have_been_applied, answer: None };
            }
        };
        let (kind, status) = if is_success(&response) {
            (ErrorKind::UnparsableResponse, Status { http_status: response.status, ..Status::default() })
        } else {
            let status = read_status(&response);
            (ErrorKind::of(&status), status)
        };
        let waits = matches!(kind, ErrorKind::RateLimited | ErrorKind::Server);
        let retry_after = if waits { self.retry_after(&response, &status) } else { None };
        let (status, answer) = (Some(status), Some(Box::new(response)));
        Error { kind, status, retry_after, may_have_been_applied, answer }
    }

    /// Returns the wait that a response requests, in its header or in its body.
    fn retry_after(&self, response: &Response, status: &Status) -> Option<Duration> {
        retry::retry_after(response, (self.now)()).or_else(|| status.retry_seconds.map(Duration::from_secs))
    }

    /// Classifies an error response by what Google says in it; `None` where its HTTP status decides.
    fn refusal(&self, response: &Response) -> Option<retry::Outcome> {
        let status = read_status(response);
        let wait = || self.retry_after(response, &status);
        match response.status {
            // Waiting does not help against a hard quota.
            403 | 429 if status.reason.as_deref() == Some("RESOURCE_QUOTA_EXCEEDED") => Some(retry::Outcome::Final),
            // A rate limit may come as 403.
            403 | 429 => status.is_rate_limit().then(|| retry::Outcome::RateLimited(wait())),
            // A concurrent request is creating the same resource; the retry returns it.
            409 if status.is_aborted() => Some(retry::Outcome::Conflict(wait())),
            // The outcome is unknown.
            ..500 if status.is_server_failure() => {
                Some(retry::Outcome::ServerError(retry::retry_after(response, (self.now)())))
            }
            _ => None,
        }
    }
}

fn is_success(response: &Response) -> bool {
    (200..300).contains(&response.status)
}

fn read_status(response: &Response) -> Status {
    Status::read(response.status, response.header(header::WWW_AUTHENTICATE), &response.body)
}
