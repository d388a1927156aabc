//! What a server repeats of the secrets that it was sent, taken out of its refusals before anything reads them.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::Request;
use super::client::FORM;

/// What stands where a secret stood.
const MASK: &str = "[redacted]";

/// Form fields of OAuth requests that are secrets.
const SECRET_FIELDS: [&str; 6] = ["code", "code_verifier", "client_secret", "refresh_token", "token", "assertion"];

/// Shorter values are no secrets that anybody could keep, and taking them out would tear ordinary words apart.
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
            Value::Array(values) => self.redact_all(values.iter_mut()),
            Value::Object(members) => self.redact_all(members.values_mut()),
            _ => false,
        }
    }

    fn redact_all<'a>(&self, values: impl Iterator<Item = &'a mut Value>) -> bool {
        let mut changed = false;
        for value in values {
            changed |= self.redact_value(value);
        }
        changed
    }

    /// `None` where there is none of them.
    fn redact_text(&self, text: &str) -> Option<String> {
        let redacted = self.0.iter().fold(Cow::Borrowed(text), |text, secret| {
            if text.contains(secret) { Cow::Owned(text.replace(secret, MASK)) } else { text }
        });
        match redacted {
            Cow::Owned(redacted) => Some(redacted),
            Cow::Borrowed(_) => None,
        }
    }
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
            timeout: None,
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
    fn headers_are_read_too() {
        let mut headers = HeaderMap::new();
        headers.insert("www-authenticate", HeaderValue::from_static("Bearer scope=\"ya29.canary\""));
        headers.insert("date", HeaderValue::from_static("now"));
        secrets().redact_headers(&mut headers);
        assert_eq!(headers["www-authenticate"], "Bearer scope=\"[redacted]\"");
        assert_eq!(headers["date"], "now");
    }
}
