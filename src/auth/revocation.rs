//! Token revocation ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)).

use super::{ClientSecrets, Error};
use crate::http::{self, Endpoint, Request};
use crate::secret::Secret;

/// How a revocation ended, where the server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The grant is gone now.
    Revoked,
    /// It had been gone already.
    AlreadyGone,
}

/// The endpoint that stands beside the token endpoint; Google's older token endpoints have none beside them.
pub(super) fn sibling(token_endpoint: &Endpoint, segment: &str) -> Endpoint {
    let older = ["https://accounts.google.com", "https://www.googleapis.com"];
    if older.contains(&token_endpoint.origin().as_str())
        && let Ok(current) = Endpoint::parse("https://oauth2.googleapis.com/token")
    {
        return current.sibling(segment);
    }
    token_endpoint.sibling(segment)
}

/// Revokes `token`, sent in the body: a URL would end up in logs.
///
/// # Errors
/// No answer, or one that leaves open whether the token still lives.
pub(super) async fn revoke(
    http: &http::Client,
    client: &ClientSecrets,
    token: &Secret<String>,
) -> Result<Revocation, Error> {
    let endpoint = sibling(&client.token_endpoint, "revoke");
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("token", token.expose()).finish();
    let request = Request {
        method: ::http::Method::POST,
        url: endpoint.url().clone(),
        bearer: None,
        body: Some(("application/x-www-form-urlencoded", Secret::new(form.into_bytes()))),
        limit: 64 * 1024,
        timeout: None,
    };
    let response = http.send(request).await.map_err(Error::Network)?;
    match response.status {
        200..=299 => Ok(Revocation::Revoked),
        400 if error_code(&response.body).as_deref() == Some("invalid_token") => Ok(Revocation::AlreadyGone),
        status => Err(Error::Server {
            host: endpoint.host().to_owned(),
            cause: format!("did not revoke the token (HTTP status {status})"),
        }),
    }
}

fn error_code(body: &[u8]) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(answer.get("error")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_stands_beside_the_token_endpoint() {
        for (token, expected) in [
            ("https://oauth2.googleapis.com/token", "https://oauth2.googleapis.com/revoke"),
            ("https://accounts.google.com/o/oauth2/token", "https://oauth2.googleapis.com/revoke"),
            ("https://www.googleapis.com/oauth2/v3/token", "https://oauth2.googleapis.com/revoke"),
            ("http://127.0.0.1:9/oauth/token", "http://127.0.0.1:9/oauth/revoke"),
        ] {
            assert_eq!(sibling(&Endpoint::parse(token).unwrap(), "revoke").to_string(), expected);
        }
    }
}
