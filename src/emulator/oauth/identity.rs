//! The user's identity: ID tokens, tokeninfo, userinfo.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::ledger::Live;
use super::refusal::Refusal;
use super::scopes;
use crate::emulator::options::User;
use crate::emulator::state::State;
use crate::emulator::wire::{Call, Reply, without_nulls};

/// The contents of an ID token.
pub(super) struct IdToken<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) user: &'a User,
    pub(super) scopes: &'a [String],
    pub(super) nonce: Option<&'a str>,
    pub(super) now: OffsetDateTime,
}

/// Builds a JWT like Google's. Its signature is a filler of 256 bytes: a client that gets it from the token endpoint
/// need not check it (OpenID Connect Core, 3.1.3.7).
pub(super) fn id_token(token: &IdToken<'_>) -> String {
    let header = json!({ "alg": "RS256", "kid": "emulator", "typ": "JWT" });
    let issued = token.now.unix_timestamp();
    let email = scopes::shows_email(token.scopes).then_some(&token.user.email);
    let claims = without_nulls(json!({
        "iss": token.issuer,
        "azp": token.client_id,
        "aud": token.client_id,
        "sub": token.user.sub,
        "hd": token.user.hosted_domain,
        "email": email,
        "email_verified": email.is_some().then_some(true),
        "name": scopes::shows_profile(token.scopes).then_some(&token.user.name),
        "nonce": token.nonce,
        "iat": issued,
        "exp": issued + 3600,
    }));
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let filler: Vec<u8> = Sha256::digest(&signed).repeat(8);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(filler))
}

/// `/tokeninfo`. Numbers are strings, as Google's are.
pub(in crate::emulator) fn token_info(state: &mut State, call: &Call) -> Reply {
    let live = match access_token(state, call) {
        Ok(Some(live)) => live,
        Ok(None) => return Refusal::new(400, "invalid_token", "Invalid Value").reply(),
        Err(refusal) => return refusal.reply(),
    };
    let email = scopes::shows_email(&live.scopes).then_some(&live.user.email);
    let body = json!({
        "azp": live.client_id,
        "aud": live.client_id,
        "sub": live.scopes.iter().any(|scope| scope == "openid").then_some(&live.user.sub),
        "scope": live.scopes.join(" "),
        "exp": live.expires_at.unix_timestamp().to_string(),
        "expires_in": (live.expires_at - call.now).whole_seconds().to_string(),
        "email": email,
        "email_verified": email.is_some().then_some("true"),
        "access_type": if live.offline { "offline" } else { "online" },
    });
    Reply::json(200, &without_nulls(body))
}

/// `/v1/userinfo` and `/oauth2/v3/userinfo`; `/oauth2/v2/userinfo` uses older field names.
pub(in crate::emulator) fn user_info(state: &mut State, call: &Call) -> Reply {
    let Live { user, scopes, .. } = match access_token(state, call) {
        Ok(Some(live)) if live.scopes.iter().any(|scope| scopes::is_sign_in(scope)) => live,
        Ok(_) => return Refusal::new(401, "invalid_request", "Invalid Credentials").reply(),
        Err(refusal) => return refusal.reply(),
    };
    let old = call.path.contains("/v2/");
    let email = scopes::shows_email(&scopes).then_some(&user.email);
    let name = scopes::shows_profile(&scopes).then_some(&user.name);
    let body = json!({
        (if old { "id" } else { "sub" }): user.sub,
        "email": email,
        (if old { "verified_email" } else { "email_verified" }): email.is_some().then_some(true),
        "name": name,
        "given_name": name,
        "hd": user.hosted_domain,
    });
    Reply::json(200, &without_nulls(body))
}

/// Returns the access token, if it is valid: a parameter, or a bearer, which is how Google's Node client sends it.
fn access_token(state: &mut State, call: &Call) -> Result<Option<Live>, Refusal> {
    let token = parameter(call, "access_token")?.or_else(|| call.bearer().map(str::to_owned)).unwrap_or_default();
    state.record_secret(&token);
    Ok(state.ledger.access_token(&token, call.now))
}

/// Returns a parameter of the form, or else of the query.
pub(super) fn parameter(call: &Call, name: &str) -> Result<Option<String>, Refusal> {
    if let Some(form) = call.form()?
        && let Some(value) = form.get(name)
    {
        return Ok(Some(value.to_owned()));
    }
    Ok(call.query_parameters()?.get(name).map(str::to_owned))
}
