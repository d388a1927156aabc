//! The requests that handlers get, and the replies that they return.

use std::fmt::Write as _;

use axum::body::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;
use time::OffsetDateTime;

/// The header with which a page tells the emulator's own browser where to end a login that nobody can grant.
pub(super) const END_LOGIN: &str = "x-emulator-end-login";

/// A request with its whole body.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) now: OffsetDateTime,
}

impl Call {
    /// Returns the first header of this name, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns a segment of the path, decoded; the first is 0.
    pub(super) fn segment(&self, number: usize) -> String {
        let raw = self.path.split('/').skip(1).nth(number).unwrap_or_default();
        let mut bytes = Vec::with_capacity(raw.len());
        let mut rest = raw.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            let escaped = (first == b'%').then(|| after.get(..2)).flatten();
            let decoded = escaped.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
            bytes.push(decoded.unwrap_or(first));
            rest = if decoded.is_some() { &after[2..] } else { after };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether `Content-Type` is this media type, with any parameters.
    pub(super) fn has_media_type(&self, media_type: &str) -> bool {
        self.header("content-type")
            .is_some_and(|value| value.split(';').next().unwrap_or(value).trim().eq_ignore_ascii_case(media_type))
    }

    /// Returns the token of `Authorization: Bearer`.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    }

    /// Returns the query as OAuth parameters.
    pub(super) fn query_parameters(&self) -> Result<Parameters, Repeated> {
        Parameters::new(self.query.clone())
    }

    /// Returns the form in the body as OAuth parameters; none if the body is not a form.
    pub(super) fn form(&self) -> Result<Option<Parameters>, Repeated> {
        if !self.has_media_type("application/x-www-form-urlencoded") {
            return Ok(None);
        }
        let pairs = form_urlencoded::parse(&self.body).into_owned().collect();
        Parameters::new(pairs).map(Some)
    }
}

/// OAuth parameters: none may be repeated, and an empty one counts as missing (RFC 6749, 3.1 and 3.2).
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

/// The name of a repeated parameter.
#[derive(Debug)]
pub(super) struct Repeated(pub(super) String);

impl Repeated {
    /// Google's text.
    pub(super) fn text(&self) -> String {
        format!("OAuth 2 parameters can only have a single value: {}", self.0)
    }
}

impl Parameters {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Result<Self, Repeated> {
        for (index, (name, _)) in pairs.iter().enumerate() {
            if pairs[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Repeated(name.clone()));
            }
        }
        Ok(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        (!value.is_empty()).then_some(value)
    }
}

/// A reply before it is sent, so that a fault can change it.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// A JSON reply, indented by two spaces as Google's are.
    pub(super) fn json(status: u16, value: &Value) -> Self {
        let body = serde_json::to_vec_pretty(value).unwrap_or_default();
        let headers = vec![("content-type", String::from("application/json; charset=UTF-8"))];
        Self { status, headers, body }
    }

    pub(super) fn html(status: u16, page: String) -> Self {
        let headers = vec![("content-type", String::from("text/html; charset=utf-8"))];
        Self { status, headers, body: page.into_bytes() }
    }

    /// A 302 reply. `location` must be escaped.
    pub(super) fn redirect(location: String) -> Self {
        Self { status: 302, headers: vec![("location", location)], body: Vec::new() }
    }

    /// Adds a header if there is a value for it.
    pub(super) fn maybe(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        if let Some(value) = value { self.with(name, value) } else { self }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(existing, _)| *existing != name);
        self.headers.push((name, value.into()));
        self
    }
}

/// Drops the fields of an object that are null, as all of Google's JSON does.
pub(super) fn without_nulls(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// Escapes a query value as Google does: `:` and `/` stay, a space becomes `%20`.
pub(super) fn escape_query(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/@".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert!(Parameters::new(vec![pair("a", "1"), pair("b", "1")]).is_ok());
        let repeated = Parameters::new(vec![pair("a", "1"), pair("a", "1")]).unwrap_err();
        assert_eq!(repeated.0, "a");
    }

    #[test]
    fn a_segment_is_decoded_and_a_plus_stays_one() {
        let call = |path: &str| Call {
            method: Method::GET,
            path: path.to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            now: OffsetDateTime::UNIX_EPOCH,
        };
        assert_eq!(call("/v1/spaces/A/members/a+b%40c%C3%A9.d").segment(4), "a+b@cé.d");
        assert_eq!(call("/v1/%zz%4").segment(1), "%zz%4");
        assert_eq!(call("/v1").segment(7), "");
    }

    #[test]
    fn an_empty_parameter_is_none() {
        let parameters = Parameters::new(vec![(String::from("a"), String::new())]).unwrap();
        assert_eq!(parameters.get("a"), None);
    }

    #[test]
    fn a_query_value_keeps_colons_and_slashes_only() {
        assert_eq!(escape_query("http://a/ b&c=é\r\n"), "http://a/%20b%26c%3D%C3%A9%0D%0A");
    }
}
