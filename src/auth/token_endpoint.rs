//! The token endpoint, which turns codes and refresh tokens into access tokens
//! ([RFC 6749 sections 4.1.3, 5 and 6](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)), and its siblings, which
//! revoke a token ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)) and describe one (Google's tokeninfo).

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::login_name::is_same_account;
use super::refusal::refusal_cause;
use super::token_response::TokenResponse;
use super::{ClientSecrets, Error, Record, RefusalCause, TokenRefusal, identity};
use crate::http::{self, Endpoint, Request, Response, retry};
use crate::platform::Clock;
use crate::secret::Secret;

/// A token error response (RFC 6749 section 5.2), with Google's `error_subtype`.
#[derive(Debug, Deserialize)]
struct ErrorResponse {
    error: String,
    error_description: Option<String>,
    error_subtype: Option<String>,
}

/// How a revocation ended, where the server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The grant is gone now.
    Revoked,
    /// The grant was gone before.
    AlreadyGone,
}

/// A valid access token, as the authorization server describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TokenInfo {
    /// The OAuth client that the token was issued to.
    #[serde(rename = "aud")]
    pub audience: String,
    /// The identifier of the account; `None` without the scope `openid`.
    pub sub: Option<String>,
    /// The address of the account; `None` without the scope `email`.
    pub email: Option<String>,
    /// The scopes of the token, separated by spaces.
    #[serde(default)]
    pub scope: String,
}

impl TokenInfo {
    /// Whether the token belongs to the account of `record`. An address may change; `sub` does not.
    pub fn is_of(&self, record: &Record) -> bool {
        match (&self.sub, &self.email) {
            (Some(sub), _) => *sub == record.sub,
            (None, Some(email)) => is_same_account(email, &record.email),
            (None, None) => true,
        }
    }
}

/// Whether the authorization server accepts a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientProbe {
    /// Client id and secret are right.
    Accepted,
    /// The server rejects them with this error code.
    Refused(String),
}

/// An authorization code that no server has issued.
const BOGUS_CODE: &str = "4/chatauth-doctor-asks-whether-this-client-is-known";

/// What sends the requests to an authorization server.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) http: &'a http::Client,
    pub(super) clock: Clock,
    /// Called with a line for people before each wait.
    pub(super) before_retry: &'a dyn Fn(&str),
}

/// The token endpoint of one client.
pub(super) struct TokenEndpoint<'a> {
    pub(super) sender: Sender<'a>,
    pub(super) client: &'a ClientSecrets,
}

impl Sender<'_> {
    /// The policy of every request but a refresh.
    pub(super) fn policy(&self) -> retry::Policy {
        retry::Policy::authorization(self.http.timeout())
    }

    /// Sends a token request, retries it under `policy`, and reads the response.
    pub(super) async fn request(
        &self,
        endpoint: &Endpoint,
        fields: &[(&str, &str)],
        policy: retry::Policy,
    ) -> Result<TokenResponse, Error> {
        let response = self.send(endpoint, fields, policy).await.result.map_err(Error::Network)?;
        read(&response, endpoint.host(), self.clock)
    }

    /// Sends a form and retries it under `policy`.
    async fn send(&self, endpoint: &Endpoint, fields: &[(&str, &str)], policy: retry::Policy) -> retry::Attempted {
        let request = Request::form(endpoint.url().clone(), fields);
        let attempt = async |left: Duration| {
            let result = self.http.send(&request, left).await;
            let outcome = retry::classify(&result, self.clock.now());
            (result, outcome)
        };
        retry::run(policy, attempt, |result, wait, attempts, most| {
            (self.before_retry)(&retry::notice(result, endpoint.host(), wait, attempts + 1, most));
        })
        .await
    }
}

impl TokenEndpoint<'_> {
    /// Exchanges the code. It is sent once, because the server accepts it only once.
    pub(super) async fn exchange(
        &self,
        code: &Secret<String>,
        verifier: &Secret<String>,
        redirect_uri: &str,
    ) -> Result<TokenResponse, Error> {
        let policy = retry::Policy { attempts: 1, ..self.sender.policy() };
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("code_verifier", verifier.expose()),
            ("redirect_uri", redirect_uri),
        ];
        self.send(&fields, policy).await
    }

    /// Refreshes the access token. The request has no `scope`: repeating the scopes of the login fails forever once a
    /// person has left a box unticked.
    pub(super) async fn refresh(&self, refresh_token: &Secret<String>) -> Result<TokenResponse, Error> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
        self.send(&fields, retry::Policy::refresh()).await
    }

    /// Revokes `token` and with it the whole grant.
    ///
    /// # Errors
    /// No answer, or one that leaves open whether the token is still valid.
    pub(super) async fn revoke(&self, token: &Secret<String>) -> Result<Revocation, Error> {
        let (attempted, host) = self.send_to_sibling("revoke", &[("token", token.expose())]).await;
        let response = attempted.result.map_err(Error::Network)?;
        check(&response, &host, self.sender.clock)?;
        let body = &response.body;
        match response.status {
            // Any other success comes from a proxy or a portal on the way.
            200..=299 if body.is_empty() || response.object().is_some() => Ok(Revocation::Revoked),
            400 if error_code(body).as_deref() == Some("invalid_token") => {
                // The answer to an earlier attempt may have been lost.
                Ok(if attempted.may_have_been_applied { Revocation::Revoked } else { Revocation::AlreadyGone })
            }
            status => Err(Error::Server { host, cause: format!("did not revoke the token (HTTP status {status})") }),
        }
    }

    /// Describes the access token `token`; `None` when it is not valid.
    pub(super) async fn token_info(&self, token: &Secret<String>) -> Result<Option<TokenInfo>, Error> {
        let (attempted, host) = self.send_to_sibling("tokeninfo", &[("access_token", token.expose())]).await;
        let response = attempted.result.map_err(Error::Network)?;
        check(&response, &host, self.sender.clock)?;
        match response.status {
            200 => {
                let Ok(mut info) = serde_json::from_slice::<TokenInfo>(&response.body) else {
                    return Err(Error::Server { host, cause: String::from("sent invalid token information") });
                };
                info.email = info.email.filter(|email| identity::is_address(email));
                Ok(Some(info))
            }
            400 | 401 => Ok(None),
            status => Err(Error::Server { host, cause: format!("did not describe the token (HTTP status {status})") }),
        }
    }

    /// Sends a code that cannot exist: a server that knows the client rejects the code, and one that does not rejects
    /// the client.
    ///
    /// # Errors
    /// No answer, or a temporary error, which decides nothing.
    pub(super) async fn probe(&self) -> Result<ClientProbe, Error> {
        let fields = [("grant_type", "authorization_code"), ("code", BOGUS_CODE), ("redirect_uri", "http://127.0.0.1")];
        match self.send(&fields, self.sender.policy()).await {
            Ok(_) => Ok(ClientProbe::Accepted),
            Err(Error::Refused(refusal)) if refusal.cause == RefusalCause::InvalidGrant => Ok(ClientProbe::Accepted),
            Err(Error::Refused(refusal)) => Ok(ClientProbe::Refused(refusal.error)),
            Err(error) => Err(error),
        }
    }

    /// Adds the client's credentials to the form, as all of Google's clients do.
    fn with_credentials<'a>(&'a self, fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let client = self.client;
        let credentials = [("client_id", &*client.client_id), ("client_secret", &**client.client_secret.expose())];
        [fields, &credentials].concat()
    }

    /// Sends a request to an endpoint beside the token endpoint, and returns also the host.
    async fn send_to_sibling(&self, segment: &str, fields: &[(&str, &str)]) -> (retry::Attempted, String) {
        let endpoint = sibling(&self.client.token_endpoint, segment);
        let attempted = self.sender.send(&endpoint, fields, self.sender.policy()).await;
        (attempted, endpoint.host().to_owned())
    }

    async fn send(&self, fields: &[(&str, &str)], policy: retry::Policy) -> Result<TokenResponse, Error> {
        let client = self.client;
        let fields = self.with_credentials(fields);
        let result = self.sender.request(&client.token_endpoint, &fields, policy).await;
        result.map_err(|error| match error {
            Error::Refused(refusal) => {
                Error::Refused(Box::new(TokenRefusal { project: client.project.clone(), ..*refusal }))
            }
            other => other,
        })
    }
}

/// Returns an endpoint beside the token endpoint. Google's older token endpoints share those of the current one.
fn sibling(token_endpoint: &Endpoint, segment: &str) -> Endpoint {
    let older = ["https://accounts.google.com", "https://www.googleapis.com"];
    if older.contains(&token_endpoint.origin().as_str())
        && let Ok(current) = Endpoint::parse("https://oauth2.googleapis.com/token")
    {
        return current.sibling(segment);
    }
    token_endpoint.sibling(segment)
}

fn error_code(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    Some(answer.get("error")?.as_str()?.to_owned())
}

/// Checks that the answer of `host` is whole, and not a temporary error.
fn check(response: &Response, host: &str, clock: Clock) -> Result<(), Error> {
    let host = host.to_owned();
    let retry_after = || retry::retry_after(response, clock.now());
    match response.status {
        429 => Err(Error::RateLimited { host, retry_after: retry_after() }),
        status @ (408 | 500..) => {
            let wait = retry_after().filter(|wait| !wait.is_zero());
            let wait = wait.map(|wait| format!(", and asks to wait {} s", wait.as_secs().max(1)));
            let cause = format!("failed with HTTP status {status}{}", wait.unwrap_or_default());
            Err(Error::Server { host, cause })
        }
        _ if !response.complete => Err(Error::Server { host, cause: String::from("sent an incomplete response") }),
        _ => Ok(()),
    }
}

/// Reads the answer of the token endpoint at `host`. The body may hold a token, so no error quotes it.
pub(super) fn read(response: &Response, host: &str, clock: Clock) -> Result<TokenResponse, Error> {
    check(response, host, clock)?;
    let host = host.to_owned();
    let not_a_token_response = |host| Error::Server { host, cause: String::from("sent an invalid token response") };
    if response.status == 200 {
        return serde_json::from_slice(&response.body).map_err(|_| not_a_token_response(host));
    }
    let Ok(refusal) = serde_json::from_slice::<ErrorResponse>(&response.body) else {
        return Err(not_a_token_response(host));
    };
    match refusal_cause(&refusal.error, refusal.error_subtype.as_deref()) {
        Some(cause) => Err(Error::Refused(Box::new(TokenRefusal {
            cause,
            error: refusal.error,
            description: refusal.error_description,
            account: None,
            evidence: None,
            project: None,
        }))),
        None => Err(Error::Server { host, cause: format!("failed ({})", refusal.error) }),
    }
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
