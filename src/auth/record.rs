//! The record of a login. It is saved as a whole.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::client_secrets::is_google_token_endpoint;
use super::freshness;
use super::token_response::TokenResponse;
use super::{ClientSecrets, Identity, Scope, ScopeSet};
use crate::http::Endpoint;
use crate::secret::Secret;

/// The form that this program writes and understands.
pub(super) const VERSION: u64 = 1;

/// A stored login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub(super) version: u64,
    /// The OAuth client that the tokens were issued to.
    pub client_id: String,
    /// The only address that the refresh token may be sent to.
    pub token_endpoint: String,
    /// The account's identifier.
    pub sub: String,
    /// The account's e-mail address.
    pub email: String,
    /// Its Workspace domain; absent for consumer accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosted_domain: Option<String>,
    granted_scopes: Vec<String>,
    pub(super) refresh_token: Secret<String>,
    /// When the refresh token was issued.
    #[serde(with = "time::serde::rfc3339")]
    pub refresh_token_issued_at: OffsetDateTime,
    /// When it ends, where that is known: seven days after the login while the project's status is Testing.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_expires_at: Option<OffsetDateTime>,
    pub(super) access_token: Secret<String>,
    /// When the access token was issued.
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    /// When it ends; absent when the server did not say so in a way that makes sense.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<OffsetDateTime>,
}

impl Record {
    /// The record of a login that ended with `response`, received at `now`.
    pub(super) fn new(
        client: &ClientSecrets,
        identity: Identity,
        granted: &ScopeSet,
        refresh_token: Secret<String>,
        response: &TokenResponse,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            version: VERSION,
            client_id: client.client_id.clone(),
            token_endpoint: client.token_endpoint.to_string(),
            sub: identity.sub,
            email: identity.email,
            hosted_domain: identity.hosted_domain,
            granted_scopes: granted.iter().map(|scope| scope.as_str().to_owned()).collect(),
            refresh_token,
            refresh_token_issued_at: now,
            refresh_token_expires_at: later(now, response.refresh_token_expires_in),
            access_token: response.access_token.clone(),
            issued_at: now,
            expires_at: later(now, response.expires_in),
        }
    }

    /// The same login after a refresh that was answered with `response` at `now`: the old refresh token stays unless
    /// there is a new one (RFC 6749 section 6).
    pub(super) fn refreshed(&self, response: &TokenResponse, now: OffsetDateTime) -> Self {
        let mut record = self.clone();
        record.access_token = response.access_token.clone();
        record.issued_at = now;
        record.expires_at = later(now, response.expires_in);
        if let Some(refresh_token) = response.refresh_token.as_ref().filter(|token| **token != self.refresh_token) {
            record.refresh_token = refresh_token.clone();
            record.refresh_token_issued_at = now;
            record.refresh_token_expires_at = None;
        }
        if let Some(ends) = later(now, response.refresh_token_expires_in) {
            record.refresh_token_expires_at = Some(ends);
        }
        if let Some(scope) = response.scope.as_deref().filter(|scope| !scope.trim().is_empty()) {
            let granted = ScopeSet::from_wire(scope);
            record.granted_scopes = granted.iter().map(|scope| scope.as_str().to_owned()).collect();
        }
        record
    }

    /// Whether the login was made with `client`.
    pub(super) fn is_of_client(&self, client: &ClientSecrets) -> bool {
        self.client_id == client.client_id && same_endpoint(&self.token_endpoint, client.token_endpoint.url().as_str())
    }

    /// Whether two logins were made with the same client.
    pub(super) fn has_same_client(&self, other: &Self) -> bool {
        self.client_id == other.client_id && same_endpoint(&self.token_endpoint, &other.token_endpoint)
    }

    /// Returns the granted scopes.
    pub fn granted(&self) -> ScopeSet {
        self.granted_scopes.iter().map(|scope| Scope::from_wire(scope)).collect()
    }

    /// Whether the access token can still be used at `now`.
    pub fn is_fresh(&self, now: OffsetDateTime) -> bool {
        freshness::is_fresh(self.issued_at, self.expires_at, now)
    }
}

/// Whether two token endpoints are the same. Google's, of today and of earlier client files, count as one.
pub(super) fn same_endpoint(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (Endpoint::parse(one), Endpoint::parse(other)) else { return one == other };
    one == other || (is_google_token_endpoint(&one) && is_google_token_endpoint(&other))
}

/// `seconds` after `now`; `None` when that is not a time.
fn later(now: OffsetDateTime, seconds: Option<i64>) -> Option<OffsetDateTime> {
    now.checked_add(time::Duration::seconds(seconds?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn googles_token_endpoints_are_one_and_other_paths_of_its_hosts_are_not() {
        let today = "https://oauth2.googleapis.com/token";
        assert!(same_endpoint(today, "https://accounts.google.com/o/oauth2/token"));
        assert!(same_endpoint(today, "https://www.googleapis.com/oauth2/v3/token"));
        assert!(!same_endpoint(today, "https://www.googleapis.com/upload/storage/v1/b/b/o"));
        assert!(!same_endpoint(today, "https://oauth2.example.com/token"));
    }
}
