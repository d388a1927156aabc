//! A user-supplied request to any method of the API; the response is returned unchanged.

use std::borrow::Cow;

use http::Method as Verb;
use serde_json::Value;

use super::RawResponse;
use super::method::{Call, Method, Scopes};
use super::path::ApiPath;

/// The size limit of a response, in bytes: Google stores attachments of messages of up to 200 MB.
const LONGEST: usize = 256 * 1024 * 1024;

/// A user-supplied request.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// The HTTP method.
    pub verb: Verb,
    /// The path, below the endpoint.
    pub path: ApiPath,
    /// The query parameters, in order.
    pub query: Vec<(String, String)>,
    /// The JSON body, sent byte for byte.
    pub body: Option<Vec<u8>>,
}

impl Method for RawRequest {
    type Response = RawResponse;
    /// Empty: the required scopes depend on the path, and so does the action.
    const SCOPES: Scopes = Scopes { user: &[], admin: &[] };
    const ACTION: &str = "";

    fn action(&self) -> Cow<'static, str> {
        format!("{} {}", self.verb, self.path).into()
    }

    fn call(&self) -> Call {
        Call {
            query: self.query.iter().map(|(name, value)| (name.clone().into(), value.clone())).collect(),
            body: self.body.clone(),
            limit: LONGEST,
            ..Call::new(self.verb.clone(), self.path.as_str())
        }
    }

    /// A read may be a download. The API answers writes with JSON, so anything else comes from a proxy or a portal.
    fn parse(&self, response: &RawResponse) -> Option<RawResponse> {
        let is_answer = self.is_read() || response.body.is_empty() || response.json().is_some();
        is_answer.then(|| response.clone())
    }

    /// The request ID is in the query for most methods, in the body for some.
    fn request_id(&self) -> Option<Cow<'_, str>> {
        if self.is_read() {
            return None;
        }
        let in_query = self.query.iter().find(|(name, _)| name == "requestId").map(|(_, value)| value.clone());
        let in_body = || {
            let body: Value = serde_json::from_slice(self.body.as_deref()?).ok()?;
            body.get("requestId")?.as_str().map(str::to_owned)
        };
        in_query.or_else(in_body).filter(|id| !id.is_empty()).map(Cow::Owned)
    }

    fn is_read(&self) -> bool {
        matches!(self.verb, Verb::GET | Verb::HEAD)
    }

    /// GET, HEAD, PUT and DELETE have the same effect however often they arrive ([RFC 9110 section
    /// 9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2)). POST and PATCH need a request ID for that.
    fn is_idempotent(&self) -> bool {
        matches!(self.verb, Verb::GET | Verb::HEAD | Verb::PUT | Verb::DELETE) || self.request_id().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_idempotent_is_repeated() {
        let request = |verb: Verb, query: &[(&str, &str)], body: Option<&str>| RawRequest {
            verb,
            path: ApiPath::parse("v1/spaces").unwrap().0,
            query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.map(|body| body.as_bytes().to_vec()),
        };
        for verb in [Verb::GET, Verb::HEAD, Verb::PUT, Verb::DELETE] {
            assert!(request(verb, &[], None).is_idempotent());
        }
        for verb in [Verb::POST, Verb::PATCH] {
            assert!(!request(verb.clone(), &[], Some("{}")).is_idempotent());
            assert!(!request(verb.clone(), &[("requestId", "")], None).is_idempotent());
            assert!(!request(verb.clone(), &[], Some(r#"{"space":{"requestId":"x"}}"#)).is_idempotent());
            assert!(request(verb.clone(), &[("requestId", "x")], None).is_idempotent());
            assert!(request(verb, &[], Some(r#"{"requestId":"x"}"#)).is_idempotent());
        }
    }
}
