//! The requests that arrived, recorded for tests and for the index page.

use time::OffsetDateTime;

use super::endpoint::Endpoint;

/// A request that arrived, whether or not it was applied.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The endpoint.
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
    /// Time of arrival.
    pub at: OffsetDateTime,
    /// Status of the answer; none before it is sent and when the connection was closed instead.
    pub status: Option<u16>,
    /// Number of the connection, from 1.
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
