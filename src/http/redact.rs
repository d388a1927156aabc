//! Masks secrets of a request that a server repeats in its error response.

use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::request::{FORM, Request};

/// The replacement for a secret.
const MASK: &str = "[redacted]";

/// Form fields of OAuth requests that are secrets.
const SECRET_FIELDS: [&str; 7] =
    ["code", "code_verifier", "client_secret", "refresh_token", "access_token", "token", "assertion"];

/// Shorter values are not secrets, and redacting them would damage ordinary words.
const SHORTEST: usize = 8;

/// The secrets of one request.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// The bearer token, and the secret fields of a form.
    pub(super) fn of(request: &Request) -> Self {
        let bearer = request.bearer.as_ref().map(|token| token.expose().clone());
        let form = match &request.body {
            Some((media_type, body)) if *media_type == FORM => body.expose().as_slice(),
            _ => &[],
        };
        let fields = form_urlencoded::parse(form)
            .filter(|(name, _)| SECRET_FIELDS.contains(&name.as_ref()))
            .map(|(_, value)| value.into_owned());
        Self(bearer.into_iter().chain(fields).filter(|secret| secret.len() >= SHORTEST).collect())
    }

    /// The body without them, however JSON may have written them. A body without them stays as it is.
    pub(super) fn redact_body(&self, body: Vec<u8>) -> Vec<u8> {
        if let Ok(mut document) = serde_json::from_slice::<Value>(&body) {
            return if self.redact_value(&mut document) { document.to_string().into_bytes() } else { body };
        }
        match self.redact_text(&String::from_utf8_lossy(&body)) {
            Some(text) => text.into_bytes(),
            None => body,
        }
    }

    /// The same for headers.
    pub(super) fn redact_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(text) = self.redact_text(&String::from_utf8_lossy(value.as_bytes())) {
                *value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(MASK));
            }
        }
    }

    fn redact_value(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let Some(redacted) = self.redact_text(text) else { return false };
                *text = redacted;
                true
            }
            Value::Array(values) => values.iter_mut().fold(false, |changed, value| changed | self.redact_value(value)),
            Value::Object(members) => {
                let mut changed = false;
                for (name, mut value) in std::mem::take(members) {
                    changed |= self.redact_value(&mut value);
                    let redacted = self.redact_text(&name);
                    changed |= redacted.is_some();
                    members.insert(redacted.unwrap_or(name), value);
                }
                changed
            }
            _ => false,
        }
    }

    /// The text without the secrets; `None` where it has none.
    fn redact_text(&self, text: &str) -> Option<String> {
        let mut rest = text.as_bytes();
        let mut redacted = Vec::new();
        let mut found = false;
        while let [first, after @ ..] = rest {
            if let Some(length) = self.0.iter().filter_map(|secret| spelled(rest, secret)).max() {
                found = true;
                redacted.extend_from_slice(MASK.as_bytes());
                rest = &rest[length..];
            } else {
                redacted.push(*first);
                rest = after;
            }
        }
        found.then(|| String::from_utf8_lossy(&redacted).into_owned())
    }
}

/// How many bytes at the beginning of `text` spell `secret`: as it is, or with any of its bytes escaped as forms, URLs
/// and JSON escape them.
fn spelled(text: &[u8], secret: &str) -> Option<usize> {
    let mut rest = text;
    for byte in secret.bytes() {
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        rest = match rest {
            [b'%', high, low, after @ ..] if hex(&[*high, *low]) == Some(byte) => after,
            [b'\\', b'u', b'0', b'0', high, low, after @ ..] if hex(&[*high, *low]) == Some(byte) => after,
            [b'\\', escaped, after @ ..] if *escaped == byte && byte != b'u' => after,
            [b'+', after @ ..] if byte == b' ' => after,
            [first, after @ ..] if *first == byte => after,
            _ => return None,
        };
    }
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use http::Method;
    use url::Url;

    use super::*;
    use crate::secret::Secret;

    fn secrets() -> Secrets {
        let form = b"grant_type=refresh_token&client_secret=GOCSPX-canary&refresh_token=1%2F%2Fcanary&code=ab";
        Secrets::of(&Request {
            method: Method::POST,
            url: Url::parse("https://token.test/").unwrap(),
            bearer: Some(Secret::new(String::from("ya29.canary"))),
            body: Some((FORM, Secret::new(form.to_vec()))),
            limit: 0,
        })
    }

    #[test]
    fn every_secret_goes_and_the_rest_stays() {
        let body = br#"{"z":1.50,"error":{"message":"abc ya29.canary 1\/\/canary","list":["GOCSPX\u002dcanary"]}}"#;
        let redacted = String::from_utf8(secrets().redact_body(body.to_vec())).unwrap();
        assert_eq!(redacted, r#"{"z":1.50,"error":{"message":"abc [redacted] [redacted]","list":["[redacted]"]}}"#);
        assert_eq!(secrets().redact_body(b"<p>ya29.canary</p>\xff".to_vec()), "<p>[redacted]</p>\u{fffd}".as_bytes());
        for body in [&b"{ \"error\" : \"abc\" }"[..], b"\xff\xfe", b""] {
            assert_eq!(secrets().redact_body(body.to_vec()), body);
        }
    }

    #[test]
    fn every_spelling_of_a_secret_goes() {
        for spelling in ["1//canary", "1%2F%2Fcanary", "1%2f/canary", r"1\/\/canary", r"1\u002f\u002F%63anary"] {
            let masked = secrets().redact_text(&format!("<{spelling}>"));
            assert_eq!(masked.as_deref(), Some("<[redacted]>"), "{spelling}");
        }
        let body = br#"{"1//canary":{"ya29.canary":1},"a":"{\"refresh_token\":\"1\\/\\/canary\"}"}"#;
        let redacted = String::from_utf8(secrets().redact_body(body.to_vec())).unwrap();
        assert!(!redacted.contains("canary"), "{redacted}");
        assert_eq!(secrets().redact_text("1//canar 1%2F%2 \u{e9}"), None);
    }

    #[test]
    fn headers_are_read_too() {
        let mut headers = HeaderMap::new();
        headers.insert("www-authenticate", HeaderValue::from_static("Bearer scope=\"ya29.canary\""));
        headers.insert("date", HeaderValue::from_static("now"));
        secrets().redact_headers(&mut headers);
        assert_eq!(headers["www-authenticate"], "Bearer scope=\"[redacted]\"");
        assert_eq!(headers["date"], "now");
    }
}
