//! Addresses that a token may be sent to.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// A server's address: https, or plain http to this very machine.
///
/// [RFC 6750 section 5.3](https://www.rfc-editor.org/rfc/rfc6750#section-5.3) wants TLS wherever a bearer token
/// goes; loopback is the exception that the emulator needs. The check is on the parsed host. An address whose parsed
/// form differs from what was written (`http://0x7f.1`) is refused, so that users see where the token goes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Url);

/// Why an address was refused, to be read after the name of the setting that holds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL, or one without a host.
    #[error("is not a URL")]
    NotAUrl,
    /// A scheme other than http and https.
    #[error("must begin with https://")]
    Scheme,
    /// Plain http to another machine: whoever is in between could read the token.
    #[error("must be https (http works for 127.0.0.1, [::1] and localhost only)")]
    Insecure,
    /// A name or password before the host.
    #[error("must not contain a user name or password")]
    UserInfo,
    /// A fragment, or a query where only a path makes sense.
    #[error("must not contain a query or a fragment")]
    QueryOrFragment,
    /// The host is written in a way that hides which one it is, or has characters that URLs do not have.
    #[error("is written in an unusual way; write the plain host name or address")]
    Spelling,
}

impl Endpoint {
    /// Reads and checks an address.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        if text.chars().any(|character| character.is_whitespace() || character.is_control() || character == '\\') {
            return Err(EndpointError::Spelling);
        }
        let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EndpointError::Scheme);
        }
        let Some(host) = url.host() else { return Err(EndpointError::NotAUrl) };
        let authority = written_authority(text).ok_or(EndpointError::Spelling)?;
        if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::UserInfo);
        }
        let understood = url.host_str().unwrap_or_default();
        let written = authority.strip_suffix(|last: char| last.is_ascii_digit()).map_or(authority, |_| {
            authority
                .rsplit_once(':')
                .filter(|(host, _)| !host.starts_with('[') || host.ends_with(']'))
                .map_or(authority, |(host, _)| host)
        });
        if !written.trim_end_matches(':').eq_ignore_ascii_case(understood) {
            return Err(EndpointError::Spelling);
        }
        if url.scheme() == "http" && !is_loopback(&host) {
            return Err(EndpointError::Insecure);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::QueryOrFragment);
        }
        Ok(Self(url))
    }

    /// Returns the URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Scheme, host and port, as in `https://oauth2.googleapis.com`.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The host for messages.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The same address with its last path segment replaced: `…/token` becomes `…/revoke`.
    #[must_use]
    pub fn sibling(&self, segment: &str) -> Self {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().pop().push(segment);
        }
        Self(url)
    }

    /// `path` (which begins with a slash) below this address. The path cannot lead to another origin.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What stands between `//` and the path.
fn written_authority(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    rest.split(['/', '?', '#']).next()
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => *address == Ipv4Addr::LOCALHOST,
        Host::Ipv6(address) => *address == Ipv6Addr::LOCALHOST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_http_are_taken() {
        for text in [
            "https://chat.googleapis.com",
            "https://chat.googleapis.com/",
            "https://chat.googleapis.com:8443/x",
            "HTTPS://Chat.Googleapis.com/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/",
            "http://localhost:9/token",
            "https://[2001:db8::1]/token",
        ] {
            assert!(Endpoint::parse(text).is_ok(), "{text}: {:?}", Endpoint::parse(text));
        }
    }

    #[test]
    fn property_50_everything_else_is_refused_by_name() {
        for (text, expected) in [
            ("http://chat.googleapis.com", EndpointError::Insecure),
            ("http://127.0.0.1.evil.test", EndpointError::Insecure),
            ("http://localhost.evil.test", EndpointError::Insecure),
            ("http://127.0.0.2", EndpointError::Insecure),
            ("http://0.0.0.0", EndpointError::Insecure),
            ("http://user@127.0.0.1", EndpointError::UserInfo),
            ("https://user:pass@chat.googleapis.com", EndpointError::UserInfo),
            ("https://@chat.googleapis.com", EndpointError::UserInfo),
            ("http://0x7f.1", EndpointError::Spelling),
            ("http://2130706433", EndpointError::Spelling),
            ("http://127.1:80", EndpointError::Spelling),
            ("http://[0:0::1]", EndpointError::Spelling),
            ("http:\\\\127.0.0.1", EndpointError::Spelling),
            ("http:127.0.0.1", EndpointError::Spelling),
            ("http://127.0.0.1\n", EndpointError::Spelling),
            ("https://ex%61mple.com", EndpointError::Spelling),
            ("ftp://127.0.0.1", EndpointError::Scheme),
            ("127.0.0.1:80", EndpointError::NotAUrl),
            ("https://", EndpointError::NotAUrl),
            ("", EndpointError::NotAUrl),
            ("https://chat.googleapis.com/?x=1", EndpointError::QueryOrFragment),
            ("https://chat.googleapis.com/#x", EndpointError::QueryOrFragment),
        ] {
            assert_eq!(Endpoint::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn siblings_and_paths_stay_on_the_origin() {
        let token = Endpoint::parse("https://oauth2.googleapis.com/token").unwrap();
        assert_eq!(token.sibling("revoke").to_string(), "https://oauth2.googleapis.com/revoke");
        let prefixed = Endpoint::parse("http://127.0.0.1:1/a/oauth/token").unwrap();
        assert_eq!(prefixed.sibling("revoke").to_string(), "http://127.0.0.1:1/a/oauth/revoke");
        let api = Endpoint::parse("http://127.0.0.1:1/base/").unwrap();
        assert_eq!(api.join("/v1/spaces:setup").as_str(), "http://127.0.0.1:1/base/v1/spaces:setup");
        assert_eq!(api.join("//evil.test/x").origin(), api.url().origin());
    }
}
