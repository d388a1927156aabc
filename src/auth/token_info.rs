//! What the authorization server says about an access token (Google's tokeninfo endpoint).

use serde::Deserialize;

use super::revocation::sibling;
use super::{Error, ScopeSet, identity};
use crate::http::{self, Endpoint, Request};
use crate::secret::Secret;

/// A living access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// The OAuth client that it was issued to.
    pub audience: String,
    /// The account's identifier; `None` without the scope `openid`.
    pub sub: Option<String>,
    /// The account's address; `None` without the scope `email`.
    pub email: Option<String>,
    /// What it allows.
    pub scopes: ScopeSet,
}

#[derive(Deserialize)]
struct Answer {
    aud: String,
    sub: Option<String>,
    email: Option<String>,
    #[serde(default)]
    scope: String,
}

/// Asks about `token`; `None` when it is not a living one. The token goes into the body: a URL would end up in logs.
pub(super) async fn token_info(
    http: &http::Client,
    token_endpoint: &Endpoint,
    token: &Secret<String>,
) -> Result<Option<TokenInfo>, Error> {
    let endpoint = sibling(token_endpoint, "tokeninfo");
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("access_token", token.expose()).finish();
    let request = Request {
        method: ::http::Method::POST,
        url: endpoint.url().clone(),
        bearer: None,
        body: Some(("application/x-www-form-urlencoded", Secret::new(form.into_bytes()))),
        limit: 64 * 1024,
        timeout: None,
    };
    let response = http.send(request).await.map_err(Error::Network)?;
    let server = |cause: String| Error::Server { host: endpoint.host().to_owned(), cause };
    match response.status {
        200 => {
            let answer: Answer = serde_json::from_slice(&response.body)
                .map_err(|_| server(String::from("sent something that is no token information")))?;
            let email = answer.email.filter(|email| identity::is_address(email));
            let scopes = ScopeSet::from_wire(&answer.scope);
            Ok(Some(TokenInfo { audience: answer.aud, sub: answer.sub, email, scopes }))
        }
        400 | 401 => Ok(None),
        status => Err(server(format!("did not say what the token is (HTTP status {status})"))),
    }
}
