//! The assertion grant of service accounts that act for a user (RFC 7523, 2.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::issue::access_token;
use super::ledger::Grant;
use super::refusal::Refusal;
use crate::emulator::state::State;
use crate::emulator::wire::Parameters;

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Tolerated difference between the clocks, in seconds.
const SKEW: i64 = 300;

pub(super) fn exchange(state: &mut State, form: &Parameters, now: OffsetDateTime) -> Result<Value, Refusal> {
    let assertion =
        form.get("assertion").ok_or_else(|| Refusal::invalid_request("Missing required parameter: assertion"))?;
    state.record_secret(assertion);
    let Some(Assertion { key_id, claims, message, signature }) = Assertion::parse(assertion) else {
        return Err(Refusal::invalid_grant("Invalid JWT: Failed to parse the assertion."));
    };
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    if !issuer.contains('@') {
        return Err(Refusal::invalid_grant("Invalid JWT: No valid verifier found for issuer"));
    }
    state.service_account.verify(issuer, key_id.as_deref(), message.as_bytes(), &signature)?;
    check_claims(state, &claims, now)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let unauthorized = || {
        Refusal::new(
            401,
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not \
             authorized for any of the scopes requested.",
        )
    };
    let scopes: Vec<String> = text("scope").split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        return Err(Refusal::new(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."));
    }
    let Some(subject) = claims.get("sub").and_then(Value::as_str) else {
        // Without a user, the Chat app itself would act.
        return Err(unauthorized());
    };
    if !subject.contains('@') {
        return Err(Refusal::invalid_request("Invalid impersonation \"sub\" field"));
    }
    let organization = state.options.organization();
    let user = state
        .options
        .user(subject)
        .filter(|user| user.hosted_domain.is_some() && user.hosted_domain.as_deref() == organization)
        .cloned()
        .ok_or_else(|| Refusal::invalid_grant("Invalid email or User ID"))?;
    if !scopes.iter().all(|scope| state.options.delegated_scopes.allows(scope)) {
        return Err(unauthorized());
    }
    let grant = Grant {
        client_id: text("iss").to_owned(),
        user,
        scopes: scopes.clone(),
        offline: false,
        delegated: true,
        alive: true,
        since: now,
    };
    let grant = state.ledger.open(grant, None);
    let mut body = access_token(state, grant, scopes, None, now);
    if let Value::Object(fields) = &mut body {
        fields.retain(|name, _| matches!(name.as_str(), "access_token" | "expires_in" | "token_type"));
    }
    Ok(body)
}

/// A parsed JWT.
struct Assertion {
    key_id: Option<String>,
    claims: Map<String, Value>,
    /// The signed text: the first two segments unchanged.
    message: String,
    signature: Vec<u8>,
}

impl Assertion {
    /// Parses a JWT. As Google does, it accepts padded segments and headers without a key id.
    fn parse(text: &str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let decode = |segment: &str| URL_SAFE_NO_PAD.decode(segment.trim_end_matches('=')).ok();
        let object = |segment: &str| serde_json::from_slice::<Map<String, Value>>(&decode(segment)?).ok();
        let (header, claims) = (object(header)?, object(claims)?);
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        (text("alg") == Some("RS256")).then_some(())?;
        let key_id = text("kid").map(str::to_owned);
        Some(Self { key_id, claims, message: message.to_owned(), signature: decode(signature)? })
    }
}

/// Checks the audience and the times.
fn check_claims(state: &State, claims: &Map<String, Value>, now: OffsetDateTime) -> Result<(), Refusal> {
    let audience = claims.get("aud").and_then(Value::as_str).unwrap_or_default();
    // Google's Python client names Google, whatever token endpoint the key has.
    let is_ours = audience.starts_with(state.origin.as_str()) && audience.ends_with("/token");
    if !is_ours && audience != "https://oauth2.googleapis.com/token" {
        return Err(Refusal::invalid_grant("Invalid JWT: Failed audience check."));
    }
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
    let now = now.unix_timestamp();
    match (seconds("iat"), seconds("exp")) {
        (Some(issued), Some(end)) if end > now - SKEW && issued < now + SKEW && end - issued <= 3600 => Ok(()),
        _ => Err(Refusal::invalid_grant(
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
             timeframe. Check your iat and exp values in the JWT claim.",
        )),
    }
}
