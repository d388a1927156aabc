//! A request is a value: a method of the Chat API with its arguments.

use std::borrow::Cow;

use http::Method as Verb;
use serde_json::{Value, json};

use super::RawResponse;
use super::error::Error;

/// The size limit of a response with one resource, in bytes.
pub(super) const SINGLE: usize = 1024 * 1024;

/// The size limit of a list page, in bytes: a thousand spaces with long descriptions.
pub(super) const PAGE: usize = 16 * 1024 * 1024;

/// A method of the Chat API with its arguments. [`Client::send`](super::Client::send) sends any of them.
pub trait Method {
    /// The parsed response.
    type Response;

    /// The scopes that allow a user to call the method.
    const SCOPES: Scopes;

    /// The action for messages, as in "create the space".
    const ACTION: &'static str;

    /// Returns the action for messages.
    fn action(&self) -> Cow<'static, str> {
        Self::ACTION.into()
    }

    /// Returns the HTTP request.
    fn call(&self) -> Call;

    /// Parses a successful response; `None` when it is not one of this method, which counts as a lost response.
    fn parse(&self, response: &RawResponse) -> Option<Self::Response>;

    /// Returns the ID that makes the request idempotent ([AIP-155](https://google.aip.dev/155)), if it has one.
    fn request_id(&self) -> Option<Cow<'_, str>> {
        None
    }

    /// Whether the request only reads.
    fn is_read(&self) -> bool {
        self.call().is_read()
    }

    /// Whether the request may be sent again after an attempt that may have been applied.
    fn is_idempotent(&self) -> bool {
        true
    }

    /// Returns the lost response when an earlier attempt may have been applied and this refusal shows that nothing is
    /// left to do.
    fn already_done(&self, _refusal: &Error) -> Option<Self::Response> {
        None
    }
}

/// The scopes that allow a user to call a method.
///
/// The first scope is the narrowest, and the one that a login requests. The others are used when a login already has
/// one of them. Scopes that cover the first, as `chat.spaces` covers `chat.spaces.create`, are not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes {
    /// Without `https://www.googleapis.com/auth/`.
    pub user: &'static [&'static str],
    /// For `useAdminAccess`; empty when the method does not support it.
    pub admin: &'static [&'static str],
}

/// An HTTP request below the endpoint of the API.
#[derive(Debug, Clone)]
pub struct Call {
    /// The HTTP method.
    pub verb: Verb,
    /// The path, beginning with a slash.
    pub path: String,
    /// The query parameters, in order.
    pub query: Vec<(Cow<'static, str>, String)>,
    /// The JSON body.
    pub body: Option<Vec<u8>>,
    /// The size limit of the response, in bytes.
    pub limit: usize,
    /// Whether the caller acts as an administrator (`useAdminAccess`).
    pub admin: bool,
}

impl Call {
    /// Creates a request for one resource.
    pub(super) fn new(verb: Verb, path: impl Into<String>) -> Self {
        Self { verb, path: path.into(), query: Vec::new(), body: None, limit: SINGLE, admin: false }
    }

    /// Creates a request for a page of a list.
    pub(super) fn page(path: impl Into<String>) -> Self {
        Self { limit: PAGE, ..Self::new(Verb::GET, path) }
    }

    /// Adds a query parameter if it has a value.
    pub(super) fn query(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        self.query.extend(value.map(|value| (Cow::Borrowed(name), value.into())));
        self
    }

    /// Adds a boolean query parameter if it is true.
    pub(super) fn flag(self, name: &'static str, wanted: bool) -> Self {
        self.query(name, wanted.then_some("true"))
    }

    /// Acts as an administrator, if wanted.
    pub(super) fn admin(self, admin: bool) -> Self {
        Self { admin, ..self.flag("useAdminAccess", admin) }
    }

    /// Sets the body.
    pub(super) fn body(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self
    }

    /// Whether the request only reads.
    pub fn is_read(&self) -> bool {
        matches!(self.verb, Verb::GET | Verb::HEAD)
    }

    /// Returns the request as `--dry-run` shows it: method, path, query and body.
    pub fn preview(&self) -> Value {
        let mut preview = json!({ "method": self.verb.as_str(), "path": self.path });
        if !self.query.is_empty() {
            preview["query"] = self.query.iter().map(|(name, value)| (name.to_string(), value.as_str())).collect();
        }
        if let Some(body) = self.body.as_deref().and_then(|body| serde_json::from_slice(body).ok()) {
            preview["body"] = body;
        }
        preview
    }
}
