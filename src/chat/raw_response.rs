//! A response of the API before it is parsed.

use http::{HeaderMap, Version};
use serde_json::Value;

use crate::http::Response;

/// A response of any status.
#[derive(Debug, Clone)]
pub struct RawResponse {
    /// The HTTP version.
    pub version: Version,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl From<&Response> for RawResponse {
    fn from(response: &Response) -> Self {
        Self {
            version: response.version,
            status: response.status,
            headers: response.headers.clone(),
            body: response.body.clone(),
        }
    }
}

impl RawResponse {
    /// Parses the body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}
