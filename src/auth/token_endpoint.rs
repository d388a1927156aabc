//! The token endpoint: codes and refresh tokens become access tokens
//! ([RFC 6749 sections 4.1.3 and 6](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3)).

use std::fmt;
use std::time::Duration;

use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType};
use oauth2::{
    AccessToken, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, StandardRevocableToken,
    TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::refusal::refusal_cause;
use super::{ClientSecrets, Error, TokenRefusal};
use crate::http::{self, Endpoint, Request, retry};
use crate::platform::Clock;
use crate::secret::Secret;

/// The longest token response that is read. Google's is under 4 KiB.
const LONGEST_ANSWER: usize = 64 * 1024;

type OAuth2Client = oauth2::Client<
    TokenErrorResponse,
    TokenResponse,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// The `oauth2` crate's client for this OAuth client.
pub(super) fn oauth2_client(client: &ClientSecrets, redirect_uri: Option<&str>) -> Result<OAuth2Client, Error> {
    let mut oauth2 = oauth2::Client::new(ClientId::new(client.client_id.clone()))
        .set_client_secret(ClientSecret::new(client.client_secret.expose().clone()))
        .set_auth_uri(AuthUrl::from_url(client.authorization_endpoint.url().clone()))
        .set_token_uri(TokenUrl::from_url(client.token_endpoint.url().clone()))
        // As form fields, which is what every client of Google's does; the crate's default is Basic.
        .set_auth_type(AuthType::RequestBody);
    if let Some(uri) = redirect_uri {
        let uri = RedirectUrl::new(uri.to_owned()).map_err(|error| Error::Internal(error.to_string()))?;
        oauth2 = oauth2.set_redirect_uri(uri);
    }
    Ok(oauth2)
}

/// A token response, with what Google adds to RFC 6749 section 5.1.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TokenResponse {
    #[serde(deserialize_with = "sendable")]
    access_token: AccessToken,
    #[serde(default = "bearer")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "lenient_seconds")]
    expires_in: Option<i64>,
    refresh_token: Option<RefreshToken>,
    #[serde(default, deserialize_with = "lenient_seconds")]
    refresh_token_expires_in: Option<i64>,
    scope: Option<String>,
    id_token: Option<Secret<String>>,
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

/// Google sends integers, its own clients also take decimal strings; anything else counts as absent, which means that
/// the token is refreshed before it is next used.
fn lenient_seconds<'de, Deserializer>(deserializer: Deserializer) -> Result<Option<i64>, Deserializer::Error>
where
    Deserializer: serde::Deserializer<'de>,
{
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// A token as RFC 6749 (appendix A.12) has it. Anything else could not be sent, and would stand in the store as a valid
/// login until it ends.
fn sendable<'de, Deserializer>(deserializer: Deserializer) -> Result<AccessToken, Deserializer::Error>
where
    Deserializer: serde::Deserializer<'de>,
{
    let token = String::deserialize(deserializer)?;
    if token.is_empty() || !token.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(serde::de::Error::custom("not an access token"));
    }
    Ok(AccessToken::new(token))
}

impl TokenResponse {
    pub(super) fn access_token(&self) -> Secret<String> {
        Secret::new(self.access_token.secret().clone())
    }

    /// The life of the access token in seconds; `None` when it is not said or makes no sense.
    pub(super) fn expires_in(&self) -> Option<i64> {
        self.expires_in.filter(|seconds| *seconds > 0)
    }

    pub(super) fn refresh_token(&self) -> Option<Secret<String>> {
        let token = self.refresh_token.as_ref()?.secret();
        (!token.is_empty()).then(|| Secret::new(token.clone()))
    }

    pub(super) fn refresh_token_expires_in(&self) -> Option<i64> {
        self.refresh_token_expires_in.filter(|seconds| *seconds > 0)
    }

    pub(super) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    pub(super) fn id_token(&self) -> Option<&Secret<String>> {
        self.id_token.as_ref()
    }
}

impl oauth2::TokenResponse for TokenResponse {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in().and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<oauth2::Scope>> {
        None
    }
}

/// A token error response (RFC 6749 section 5.2), with Google's `error_subtype`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TokenErrorResponse {
    error: String,
    error_description: Option<String>,
    error_subtype: Option<String>,
    error_uri: Option<String>,
}

impl fmt::Display for TokenErrorResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.error)
    }
}

impl oauth2::ErrorResponse for TokenErrorResponse {}

/// The token endpoint of one client.
#[derive(Debug)]
pub(super) struct TokenEndpoint<'a> {
    pub(super) http: &'a http::Client,
    pub(super) client: &'a ClientSecrets,
    pub(super) clock: Clock,
}

impl TokenEndpoint<'_> {
    /// Exchanges the code, once: a code is used up by the first attempt, whatever becomes of its answer.
    pub(super) async fn exchange(
        &self,
        code: &Secret<String>,
        verifier: PkceCodeVerifier,
        redirect_uri: &str,
    ) -> Result<TokenResponse, Error> {
        let policy = retry::Policy { attempts: 1, ..retry::Policy::refresh() };
        let send = |request| self.send(request, policy);
        oauth2_client(self.client, Some(redirect_uri))?
            .exchange_code(AuthorizationCode::new(code.expose().clone()))
            .set_pkce_verifier(verifier)
            .request_async(&send)
            .await
            .map_err(|error| refused(error, self.client))
    }

    /// Asks for a new access token. Without `scope`: repeating the scopes of the request fails for ever once a person
    /// has left a box unticked.
    pub(super) async fn refresh(&self, refresh_token: &Secret<String>) -> Result<TokenResponse, Error> {
        let send = |request| self.send(request, retry::Policy::refresh());
        oauth2_client(self.client, None)?
            .exchange_refresh_token(&RefreshToken::new(refresh_token.expose().clone()))
            .request_async(&send)
            .await
            .map_err(|error| refused(error, self.client))
    }

    async fn send(&self, request: HttpRequest, policy: retry::Policy) -> Result<HttpResponse, SendError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string())
            .map_err(|error| SendError(Error::Internal(format!("token endpoint: {error}"))))?;
        let request = Request {
            method: parts.method,
            url,
            bearer: None,
            body: Some(("application/x-www-form-urlencoded", Secret::new(body))),
            limit: LONGEST_ANSWER,
            timeout: None,
        };
        let clock = self.clock;
        let attempted = retry::run(policy, async |left: Duration| {
            let timeout = Some(left.min(self.http.timeout()));
            let result = self.http.send(Request { timeout, ..request.clone() }).await;
            let outcome = retry::outcome(&result, clock.now());
            (result, outcome)
        })
        .await;
        let response = attempted.result.map_err(|error| SendError(Error::Network(error)))?;
        verdict(response, self.client, clock)
    }
}

/// What the crate is to see of an answer. It forgets the status of an error answer, so what is no verdict on the
/// request ends here.
pub(super) fn verdict(
    response: http::Response,
    client: &ClientSecrets,
    clock: Clock,
) -> Result<HttpResponse, SendError> {
    let host = host(client);
    match response.status {
        429 => {
            let retry_after = retry::retry_after(&response, clock.now());
            return Err(SendError(Error::RateLimited { host, retry_after }));
        }
        status @ 500.. => {
            let wait = retry::retry_after(&response, clock.now()).filter(|wait| !wait.is_zero());
            let wait = wait.map(|wait| format!(", and asks to be left alone for {} seconds", wait.as_secs().max(1)));
            let cause = format!("failed with HTTP status {status}{}", wait.unwrap_or_default());
            return Err(SendError(Error::Server { host, cause }));
        }
        _ if !response.complete => {
            return Err(SendError(Error::Server {
                host,
                cause: String::from("sent an answer that could not be read whole"),
            }));
        }
        _ => {}
    }
    let mut answer = HttpResponse::new(response.body);
    *answer.status_mut() =
        ::http::StatusCode::from_u16(response.status).map_err(|error| SendError(Error::Internal(error.to_string())))?;
    Ok(answer)
}

/// What the crate made of it, where that is not a token response.
pub(super) fn refused(error: RequestTokenError<SendError, TokenErrorResponse>, client: &ClientSecrets) -> Error {
    let host = host(client);
    match error {
        RequestTokenError::Request(SendError(error)) => error,
        RequestTokenError::ServerResponse(response) => {
            match refusal_cause(&response.error, response.error_subtype.as_deref()) {
                Some(cause) => Error::Refused(Box::new(TokenRefusal {
                    cause,
                    error: response.error,
                    description: response.error_description,
                    account: None,
                    evidence: None,
                    project: client.project.clone(),
                })),
                None => Error::Server { host, cause: format!("failed ({})", response.error) },
            }
        }
        // The body may hold a token: it is never shown.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Error::Server { host, cause: String::from("sent something that is not a token response") }
        }
    }
}

fn host(client: &ClientSecrets) -> String {
    Endpoint::host(&client.token_endpoint).to_owned()
}

/// Carries our error through the crate.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct SendError(Error);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn property_41_odd_lifetimes_count_as_unknown() {
        let read = |value: &str| {
            let text = format!(r#"{{"access_token":"x","expires_in":{value}}}"#);
            serde_json::from_str::<TokenResponse>(&text).unwrap().expires_in()
        };
        assert_eq!(read("3599"), Some(3599));
        assert_eq!(read("\"3599\""), Some(3599));
        for odd in ["null", "-1", "0", "\"soon\"", "99999999999999999999", "[]", "1.5", "true"] {
            assert_eq!(read(odd), None, "{odd}");
        }
        let bare: TokenResponse = serde_json::from_str(r#"{"access_token":"canary"}"#).unwrap();
        assert_eq!(bare.expires_in(), None);
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
        assert!(serde_json::from_str::<TokenResponse>(text).unwrap().refresh_token().is_none());
    }
}
