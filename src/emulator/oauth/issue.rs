//! Issues access, ID and refresh tokens.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::identity::{IdToken, id_token};
use super::ledger::Grant;
use super::scopes;
use crate::emulator::state::State;

/// Issues an access token, and an ID token if a sign-in scope was granted. Returns the token response.
pub(super) fn access_token(
    state: &mut State,
    grant: usize,
    granted: Vec<String>,
    nonce: Option<&str>,
    now: OffsetDateTime,
) -> Value {
    let lifetime = state.options.access_token_lifetime;
    let token = state.new_secret("emulator-access-");
    let mut body = json!({
        "access_token": token,
        "expires_in": lifetime.as_secs(),
        "token_type": "Bearer",
        "scope": granted.join(" "),
    });
    if granted.iter().any(|scope| scopes::is_sign_in(scope)) {
        let Grant { client_id, user, .. } = state.ledger.grant(grant);
        let claims = IdToken { issuer: &state.origin, client_id, user, scopes: &granted, nonce, now };
        let id_token = id_token(&claims);
        state.record_secret(&id_token);
        body["id_token"] = json!(id_token);
    }
    state.ledger.add_access_token(token, grant, granted, now + lifetime);
    body
}

pub(super) fn add_refresh_token(
    state: &mut State,
    body: &mut Value,
    grant: usize,
    end: Option<OffsetDateTime>,
    now: OffsetDateTime,
) {
    let token = state.new_secret("emulator-refresh-");
    body["refresh_token"] = json!(token);
    if let Some(end) = end {
        // Google returns one second less, as for access tokens.
        let left = Duration::try_from(end - now).unwrap_or_default().as_secs().saturating_sub(1);
        body["refresh_token_expires_in"] = json!(left);
    }
    state.ledger.add_refresh_token(token, grant, end, state.options.refresh_token_limit);
}
