//! A request as a value.

use http::Method;
use url::Url;

use crate::secret::Secret;

/// The media type of form fields.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// The longest answer to a form that is read, in bytes. A token response of Google's is under 4 KiB.
const LONGEST_FORM_ANSWER: usize = 64 * 1024;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to, query included.
    pub url: Url,
    /// The access token, sent in the `Authorization` header.
    pub bearer: Option<Secret<String>>,
    /// The media type and the bytes of the body.
    pub body: Option<(&'static str, Secret<Vec<u8>>)>,
    /// The longest answer that is read, in bytes.
    pub limit: usize,
}

impl Request {
    /// A POST of form fields, as OAuth endpoints expect them: in the body, because URLs end up in logs.
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self {
            method: Method::POST,
            url,
            bearer: None,
            body: Some((FORM, Secret::new(body.into_bytes()))),
            limit: LONGEST_FORM_ANSWER,
        }
    }
}
