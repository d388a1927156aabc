//! The response to a token request.

use serde::Deserialize;
use serde_json::Value;

use crate::secret::Secret;

/// A token response (RFC 6749 section 5.1), with the fields that Google adds.
#[derive(Debug, Deserialize)]
pub(super) struct TokenResponse {
    #[serde(deserialize_with = "sendable")]
    pub(super) access_token: Secret<String>,
    /// The lifetime of the access token in seconds; `None` when it is absent or impossible.
    #[serde(default, deserialize_with = "lenient_seconds")]
    pub(super) expires_in: Option<i64>,
    #[serde(default, deserialize_with = "non_empty")]
    pub(super) refresh_token: Option<Secret<String>>,
    /// The lifetime of the refresh token in seconds; `None` when it is absent or impossible.
    #[serde(default, deserialize_with = "lenient_seconds")]
    pub(super) refresh_token_expires_in: Option<i64>,
    pub(super) scope: Option<String>,
    pub(super) id_token: Option<Secret<String>>,
}

/// Reads a positive number of seconds. Google sends integers, and its own clients also accept decimal strings; anything
/// else counts as absent, so that the token is refreshed before its next use.
fn lenient_seconds<'de, Deserializer>(deserializer: Deserializer) -> Result<Option<i64>, Deserializer::Error>
where
    Deserializer: serde::Deserializer<'de>,
{
    let seconds = match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(seconds.filter(|seconds| *seconds > 0))
}

/// Reads a token as RFC 6749 appendix A.12 defines it. Any other text cannot be sent in a header, and would sit in the
/// store as a valid login until it expires.
fn sendable<'de, Deserializer>(deserializer: Deserializer) -> Result<Secret<String>, Deserializer::Error>
where
    Deserializer: serde::Deserializer<'de>,
{
    let token = String::deserialize(deserializer)?;
    if token.is_empty() || !token.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(serde::de::Error::custom("not an access token"));
    }
    Ok(Secret::new(token))
}

/// Reads an optional token; an empty one counts as absent.
fn non_empty<'de, Deserializer>(deserializer: Deserializer) -> Result<Option<Secret<String>>, Deserializer::Error>
where
    Deserializer: serde::Deserializer<'de>,
{
    let token = Option::<Secret<String>>::deserialize(deserializer)?;
    Ok(token.filter(|token| !token.expose().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn property_41_odd_lifetimes_count_as_unknown() {
        let read = |value: &str| {
            let text = format!(r#"{{"access_token":"x","expires_in":{value}}}"#);
            serde_json::from_str::<TokenResponse>(&text).unwrap().expires_in
        };
        assert_eq!(read("3599"), Some(3599));
        assert_eq!(read("\"3599\""), Some(3599));
        for odd in ["null", "-1", "0", "\"soon\"", "99999999999999999999", "[]", "1.5", "true"] {
            assert_eq!(read(odd), None, "{odd}");
        }
        let bare: TokenResponse = serde_json::from_str(r#"{"access_token":"canary"}"#).unwrap();
        assert_eq!(bare.expires_in, None);
        assert!(!format!("{bare:?}").contains("canary"), "{bare:?}");
    }

    #[test]
    fn what_cannot_be_sent_is_no_access_token() {
        for token in ["", "a\\nb", "a\\u0000", "\u{e9}", "\u{7f}"] {
            let text = format!(r#"{{"access_token":"{token}"}}"#);
            let error = serde_json::from_str::<TokenResponse>(&text).unwrap_err().to_string();
            assert!(error.starts_with("not an access token"), "{token}: {error}");
        }
        assert!(serde_json::from_str::<TokenResponse>(r#"{"access_token":"ya29.a-b_c~ /+="}"#).is_ok());
    }

    #[test]
    fn an_empty_refresh_token_is_none() {
        let text = r#"{"access_token":"a","refresh_token":"","token_type":"bearer"}"#;
        assert!(serde_json::from_str::<TokenResponse>(text).unwrap().refresh_token.is_none());
    }
}
