//! User-supplied paths below the API endpoint.
//!
//! The access token is sent to this path, so a path that a server, a proxy or the URL parser could interpret
//! differently is rejected, not repaired.

use std::fmt;

use percent_encoding::percent_decode_str;

/// A percent-encoded path below the endpoint, beginning with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiPath(String);

/// Why text is not a valid path; formatted to follow the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Empty text.
    #[error("is empty: expected a path such as v1/spaces")]
    Empty,
    /// A URL, or a path that a URL parser treats as a host.
    #[error("is a URL: expected a path such as v1/spaces (--api-endpoint sets the host)")]
    Address,
    /// `.` or `..`, or an empty segment, plain or encoded.
    #[error("has an empty segment, . or ..")]
    Segment,
    /// A character that is not allowed in paths, or that disguises the path.
    #[error("has a character that is not allowed in a path (percent-encode it: %40 for @, %20 for a space)")]
    Character,
    /// `%` without two hex digits, or an encoded character that servers interpret differently.
    #[error("has a percent-encoded character that is not allowed in a path")]
    Encoding,
    /// A fragment.
    #[error("has a fragment (#), which is not sent")]
    Fragment,
}

impl ApiPath {
    /// Parses a path, with or without its leading slash, and returns it with its query.
    ///
    /// # Errors
    /// Fails for any path that could lead outside the endpoint.
    pub fn parse(text: &str) -> Result<(Self, Vec<(String, String)>), PathError> {
        if text.contains('#') {
            return Err(PathError::Fragment);
        }
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let path = path.strip_prefix('/').unwrap_or(path);
        if path.is_empty() {
            return Err(PathError::Empty);
        }
        if path.starts_with('/') || path.contains("://") {
            return Err(PathError::Address);
        }
        // RFC 3986 pchar, without quotes and without the characters that are special in an authority.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&()*+,;=:%/".contains(&byte);
        if !path.bytes().all(plain) {
            return Err(PathError::Character);
        }
        if !query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(PathError::Character);
        }
        for segment in path.split('/') {
            // A % that encodes nothing stays, and is refused below.
            let decoded: Vec<u8> = percent_decode_str(segment).collect();
            if decoded.is_empty() || decoded.iter().all(|byte| *byte == b'.') {
                return Err(PathError::Segment);
            }
            // Some servers decode an encoded slash, others end the path at a control character, and double encoding
            // depends on who decodes last.
            let unsafe_byte = |byte: &u8| byte.is_ascii_control() || b"/\\%?#".contains(byte);
            if decoded.iter().any(unsafe_byte) {
                return Err(PathError::Encoding);
            }
        }
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok((Self(format!("/{path}")), pairs))
    }

    /// The path, beginning with a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::Endpoint;

    #[test]
    fn paths_are_taken_as_in_the_reference() {
        for (text, expected) in [
            ("v1/spaces", "/v1/spaces"),
            ("/v1/spaces", "/v1/spaces"),
            ("v1/spaces:setup", "/v1/spaces:setup"),
            ("/v1/spaces/AA-b_c/members/users%2", ""),
            ("v1/spaces/A/members/ada%40example.com", "/v1/spaces/A/members/ada%40example.com"),
            ("v1/spaces/A/messages/x.y", "/v1/spaces/A/messages/x.y"),
        ] {
            match ApiPath::parse(text) {
                Ok((path, query)) => assert_eq!((path.as_str(), query.len()), (expected, 0), "{text}"),
                Err(error) => assert_eq!((expected, error), ("", PathError::Encoding), "{text}"),
            }
        }
        let (path, query) = ApiPath::parse("v1/spaces?filter=spaceType%20%3D%20%22SPACE%22&pageSize=2").unwrap();
        assert_eq!(path.as_str(), "/v1/spaces");
        assert_eq!(query, [("filter".into(), "spaceType = \"SPACE\"".into()), ("pageSize".into(), "2".into())]);
    }

    #[test]
    fn property_73_what_could_lead_elsewhere_is_refused() {
        for (text, expected) in [
            ("", PathError::Empty),
            ("/", PathError::Empty),
            ("?x=y", PathError::Empty),
            ("https://evil.test/x", PathError::Address),
            ("//evil.test/x", PathError::Address),
            ("///evil.test/x", PathError::Address),
            ("v1/https://evil.test", PathError::Address),
            ("/v1/../..", PathError::Segment),
            ("..", PathError::Segment),
            ("v1/./spaces", PathError::Segment),
            ("v1//spaces", PathError::Segment),
            ("v1/spaces/", PathError::Segment),
            ("v1/%2e%2E/x", PathError::Segment),
            ("v1/.%2e/x", PathError::Segment),
            ("v1/...", PathError::Segment),
            ("@evil.test/x", PathError::Character),
            ("v1/spaces/a@b", PathError::Character),
            ("\\\\evil.test\\x", PathError::Character),
            ("v1\\..\\x", PathError::Character),
            ("v1/spaces\r\nHost: evil.test", PathError::Character),
            ("v1/spaces\t", PathError::Character),
            ("v1/a b", PathError::Character),
            ("v1/spaces/ä", PathError::Character),
            ("v1/spaces?x=\r\ny", PathError::Character),
            ("v1/spaces?x=a b", PathError::Character),
            ("v1/%00", PathError::Encoding),
            ("v1/a%0d%0ab", PathError::Encoding),
            ("v1/a%2fb", PathError::Encoding),
            ("v1/a%5Cb", PathError::Encoding),
            ("v1/%252e%252e", PathError::Encoding),
            ("v1/%", PathError::Encoding),
            ("v1/%zz", PathError::Encoding),
            ("v1/spaces#x", PathError::Fragment),
        ] {
            assert_eq!(ApiPath::parse(text).unwrap_err(), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn property_73_whatever_is_taken_stays_below_the_endpoint(text in "[/\\\\.%@:?#a-z0-9\r\n]{0,24}") {
            if let Ok((path, _)) = ApiPath::parse(&text) {
                let endpoint = Endpoint::parse("https://chat.test/base").unwrap();
                let url = endpoint.join(path.as_str());
                prop_assert_eq!(url.origin(), endpoint.url().origin());
                let expected = format!("/base{path}");
                prop_assert_eq!(url.path(), expected.as_str());
            }
        }
    }
}
