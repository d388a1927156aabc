//! Entry points for the fuzz targets in `tests/fuzz`, compiled for fuzzing only.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Version};
use serde_json::Value;
use time::OffsetDateTime;

use super::authorization::{self, AuthorizationResponse, CallbackRequest, Expected};
use super::token_endpoint;
use super::token_response::TokenResponse;
use super::{ClientSecrets, Error, Identity, Record, ScopeSet, identity, import, login_name, store};
use crate::http::Response;
use crate::platform::Clock;
use crate::secret::Secret;

/// The longest request head that the listener reads.
pub const LONGEST_HEAD: usize = authorization::LONGEST_HEAD;

/// What an authorization response must match.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    /// The state.
    pub state: &'a str,
    /// The origin of the authorization server.
    pub issuer: &'a str,
    /// The path of the redirect URI.
    pub path: &'a str,
    /// The host and port of the redirect URI.
    pub host: &'a str,
}

/// What was made of a request to the listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Not all of it is there.
    Partial,
    /// Consent.
    Code(String),
    /// Refusal: the error and its description.
    Refused(String, Option<String>),
    /// Another authorization server.
    WrongIssuer(String),
    /// Nobody we know, with the status of the answer.
    Unrelated(u16),
    /// A browser that speaks TLS.
    Tls,
}

impl Attempt<'_> {
    fn expected(&self) -> Expected {
        Expected {
            state: Secret::new(self.state.to_owned()),
            issuer: self.issuer.to_owned(),
            path: self.path.to_owned(),
            host: self.host.to_owned(),
        }
    }

    /// What the listener makes of these bytes.
    pub fn request(&self, bytes: &[u8]) -> Seen {
        match authorization::classify_request(bytes, &self.expected()) {
            CallbackRequest::Partial => Seen::Partial,
            CallbackRequest::Response(answer) => seen(answer),
            CallbackRequest::Unrelated(status) => Seen::Unrelated(status),
            CallbackRequest::Refused(_) => Seen::Unrelated(404),
            CallbackRequest::Tls => Seen::Tls,
        }
    }

    /// What a query is.
    pub fn query(&self, query: &str) -> Option<Seen> {
        authorization::parse_response(query, &self.expected()).map(seen)
    }

    /// What a pasted text is.
    pub fn pasted(&self, text: &str) -> Option<Seen> {
        authorization::parse_pasted(text, &self.expected()).map(seen)
    }
}

fn seen(answer: AuthorizationResponse) -> Seen {
    match answer {
        AuthorizationResponse::Code(code) => Seen::Code(code.expose().clone()),
        AuthorizationResponse::Refused { error, description } => Seen::Refused(error, description),
        AuthorizationResponse::WrongIssuer(issuer) => Seen::WrongIssuer(issuer),
    }
}

/// A client as a client file that says the same.
pub fn client_file(client: &ClientSecrets) -> Value {
    import::as_client_file(client)
}

/// Reads a stored record.
///
/// # Errors
/// What the person is told is wrong with it.
pub fn record(content: &[u8]) -> Result<Record, String> {
    store::parse(content)
}

/// A record as it is stored.
///
/// # Errors
/// What the person is told.
pub fn stored(record: &Record) -> Result<Vec<u8>, String> {
    store::render(record).map_err(|error| error.to_string())
}

/// The name of an account's file.
pub fn file_name(account: &str) -> String {
    login_name::file_name(account)
}

/// The account of a file's name.
pub fn account_of(name: &str) -> Option<String> {
    login_name::account_of(name)
}

/// An answer of the token endpoint, with all that the client looks at.
#[derive(Debug, Clone)]
pub struct Answered<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The headers that can be sent.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
    /// Whether that is all of it.
    pub complete: bool,
}

/// A token response.
#[derive(Debug)]
pub struct Tokens(TokenResponse);

impl Answered<'_> {
    /// The answer to a refresh of `client`.
    ///
    /// # Errors
    /// Why there is no token.
    pub fn tokens(&self, client: &ClientSecrets, clock: Clock) -> Result<Tokens, Error> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(*value)) {
                headers.append(name, value);
            }
        }
        let response = Response {
            status: self.status,
            version: Version::HTTP_11,
            headers,
            body: self.body.to_vec(),
            complete: self.complete,
        };
        token_endpoint::read(&response, client.token_endpoint.host(), clock).map(Tokens)
    }
}

impl Tokens {
    /// The access token.
    pub fn access_token(&self) -> String {
        self.0.access_token.expose().clone()
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> Option<String> {
        self.0.refresh_token.as_ref().map(|token| token.expose().clone())
    }

    /// The ID token.
    pub fn id_token(&self) -> Option<&str> {
        self.0.id_token.as_ref().map(|token| token.expose().as_str())
    }

    /// The life of the access token.
    pub fn expires_in(&self) -> Option<Duration> {
        self.0.expires_in.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs)
    }

    /// The life of the refresh token.
    pub fn refresh_token_expires_in(&self) -> Option<Duration> {
        self.0.refresh_token_expires_in.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs)
    }

    /// The scopes, as they came.
    pub fn scope(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    /// Who logged in.
    ///
    /// # Errors
    /// What is wrong with the ID token.
    pub fn identity(&self, client: &ClientSecrets) -> Result<Identity, String> {
        let id_token = self.id_token().ok_or("none")?;
        identity::identity(id_token, &client.issuer(), &client.client_id)
    }

    /// The record of a login that ended with this.
    pub fn login(&self, client: &ClientSecrets, identity: Identity, now: OffsetDateTime) -> Record {
        let granted = self.scope().map(ScopeSet::from_wire).unwrap_or_default();
        let refresh_token = Secret::new(self.refresh_token().unwrap_or_default());
        Record::new(client, identity, &granted, refresh_token, &self.0, now)
    }

    /// `record` after a refresh that was answered with this.
    pub fn refresh(&self, record: &Record, now: OffsetDateTime) -> Record {
        record.refreshed(&self.0, now)
    }
}
