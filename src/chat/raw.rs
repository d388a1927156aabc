//! Any method of the API, as a person wrote it: the answer comes back as it was sent.

use std::cell::RefCell;
use std::time::Duration;

use http::{HeaderMap, Method, Version};
use serde_json::Value;

use super::call::{Client, Operation, is_success};
use super::error::Error;
use super::path::ApiPath;
use crate::http::{Request, Response, retry};
use crate::secret::Secret;

/// The longest answer: the largest attachment of a message that Google keeps has 200 MB.
const LONGEST: usize = 256 * 1024 * 1024;

/// A request of a person's own.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// The method.
    pub method: Method,
    /// Where to, below the endpoint.
    pub path: ApiPath,
    /// The query, in its order.
    pub query: Vec<(String, String)>,
    /// The JSON of the body, byte for byte.
    pub body: Option<Vec<u8>>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct RawAnswer {
    /// The version of HTTP that it came in.
    pub version: Version,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl RawRequest {
    /// The id that makes a write idempotent ([AIP-155](https://google.aip.dev/155)), where the request has one: in
    /// the query for most methods, in the body for some.
    pub fn request_id(&self) -> Option<String> {
        let in_query = self.query.iter().find(|(name, _)| name == "requestId").map(|(_, value)| value.clone());
        let in_body = || {
            let body: Value = serde_json::from_slice(self.body.as_deref()?).ok()?;
            body.get("requestId")?.as_str().map(str::to_owned)
        };
        in_query.or_else(in_body).filter(|id| !id.is_empty())
    }

    /// Whether the request may be sent again after it may have been acted on.
    ///
    /// GET, HEAD, PUT and DELETE have the same effect however often they arrive ([RFC 9110 section
    /// 9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2)). A POST has not, and neither has a PATCH as far
    /// as anybody can tell from outside, unless a request id tells the server that it is the same request.
    pub fn is_idempotent(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD | Method::PUT | Method::DELETE) || self.request_id().is_some()
    }

    /// Whether the request only reads.
    pub fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

impl Client {
    /// Sends a request until its answer stands. `last` holds the last answer that came, also that of an error.
    pub async fn send_raw(
        &self,
        token: &Secret<String>,
        raw: &RawRequest,
        operation: &Operation,
        last: &RefCell<Option<RawAnswer>>,
    ) -> Result<(), Error> {
        let mut url = self.url(raw.path.as_str());
        if !raw.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&raw.query);
        }
        let body = raw.body.clone().map(|body| ("application/json", Secret::new(body)));
        let request = Request {
            method: raw.method.clone(),
            url,
            bearer: Some(token.clone()),
            body,
            limit: LONGEST,
            timeout: None,
        };
        let idempotent = raw.is_idempotent();
        let policy = retry::Policy { repeat_after_loss: idempotent, ..operation.rest() };
        let attempted = retry::run(policy, async |left: Duration| {
            let (result, outcome) = self.attempt(&request, left).await;
            let outcome = match outcome {
                // A server that failed may have done its work before it did.
                retry::Outcome::Busy(_) if !idempotent && failed(&result) => retry::Outcome::Lost,
                other => other,
            };
            (result, outcome)
        })
        .await;
        operation.note(&attempted);
        match attempted.result {
            Ok(Response { status, version, headers, body, complete }) => {
                let response = Response { status, version, headers: headers.clone(), body, complete };
                let error = (!is_success(&response) || !complete).then(|| self.failed(Ok(&response), operation));
                *last.borrow_mut() = Some(RawAnswer { version, status, headers, body: response.body });
                error.map_or(Ok(()), Err)
            }
            Err(error) => Err(self.failed(Err(error), operation)),
        }
    }
}

fn failed<Error>(result: &Result<Response, Error>) -> bool {
    result.as_ref().is_ok_and(|response| response.status >= 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_idempotent_is_repeated() {
        let request = |method: Method, query: &[(&str, &str)], body: Option<&str>| RawRequest {
            method,
            path: ApiPath::parse("v1/spaces").unwrap().0,
            query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.map(|body| body.as_bytes().to_vec()),
        };
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
            assert!(request(method, &[], None).is_idempotent());
        }
        for method in [Method::POST, Method::PATCH] {
            assert!(!request(method.clone(), &[], Some("{}")).is_idempotent());
            assert!(!request(method.clone(), &[("requestId", "")], None).is_idempotent());
            assert!(!request(method.clone(), &[], Some(r#"{"space":{"requestId":"x"}}"#)).is_idempotent());
            assert!(request(method.clone(), &[("requestId", "x")], None).is_idempotent());
            assert!(request(method, &[], Some(r#"{"requestId":"x"}"#)).is_idempotent());
        }
    }
}
