//! The user's identity: ID tokens, tokeninfo, userinfo.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::ledger::Live;
use super::refusal::Refusal;
use super::scopes;
use crate::emulator::options::User;
use crate::emulator::state::State;
use crate::emulator::wire::{Call, Reply};

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
    let mut claims = Map::new();
    let mut add = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    add("iss", json!(token.issuer));
    add("azp", json!(token.client_id));
    add("aud", json!(token.client_id));
    add("sub", json!(token.user.sub));
    if let Some(domain) = &token.user.hosted_domain {
        add("hd", json!(domain));
    }
    if scopes::shows_email(token.scopes) {
        add("email", json!(token.user.email));
        add("email_verified", json!(true));
    }
    if scopes::shows_profile(token.scopes) {
        add("name", json!(token.user.name));
    }
    if let Some(nonce) = token.nonce {
        add("nonce", json!(nonce));
    }
    add("iat", json!(issued));
    add("exp", json!(issued + 3600));
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&Value::Object(claims)));
    let filler: Vec<u8> = Sha256::digest(&signed).repeat(8);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(filler))
}

/// `/tokeninfo`. Numbers are strings, as Google's are.
pub(in crate::emulator) fn token_info(state: &mut State, call: &Call) -> Reply {
    let invalid = || Refusal::new(400, "invalid_token", "Invalid Value").reply();
    let token = match parameter(call, "access_token") {
        Ok(Some(token)) => token,
        // Google's Node client sends it as a bearer.
        Ok(None) => match call.bearer() {
            Some(token) => token.to_owned(),
            None => return invalid(),
        },
        Err(refusal) => return refusal.reply(),
    };
    state.record_secret(&token);
    let Some(live) = state.ledger.access_token(&token, call.now) else { return invalid() };
    let mut body = Map::new();
    let mut add = |name: &str, value: String| body.insert(name.to_owned(), Value::from(value));
    add("azp", live.client_id.clone());
    add("aud", live.client_id.clone());
    if live.scopes.iter().any(|scope| scope == "openid") {
        add("sub", live.user.sub.clone());
    }
    add("scope", live.scopes.join(" "));
    add("exp", live.expires_at.unix_timestamp().to_string());
    add("expires_in", (live.expires_at - call.now).whole_seconds().to_string());
    if scopes::shows_email(&live.scopes) {
        add("email", live.user.email);
        add("email_verified", String::from("true"));
    }
    add("access_type", String::from(if live.offline { "offline" } else { "online" }));
    Reply::json(200, &Value::Object(body))
}

/// `/v1/userinfo` and `/oauth2/v3/userinfo`; `/oauth2/v2/userinfo` uses older field names.
pub(in crate::emulator) fn user_info(state: &mut State, call: &Call) -> Reply {
    let token = call.bearer().map(str::to_owned).or_else(|| {
        let (_, value) = call.query.iter().find(|(name, _)| name == "access_token")?;
        Some(value.clone())
    });
    let live = token.and_then(|token| {
        state.record_secret(&token);
        state.ledger.access_token(&token, call.now)
    });
    let Some(Live { user, scopes, .. }) = live.filter(|live| live.scopes.iter().any(|scope| scopes::is_sign_in(scope)))
    else {
        return Refusal::new(401, "invalid_request", "Invalid Credentials").reply();
    };
    let old = call.path.contains("/v2/");
    let mut body = Map::new();
    body.insert(String::from(if old { "id" } else { "sub" }), json!(user.sub));
    if scopes::shows_email(&scopes) {
        body.insert(String::from("email"), json!(user.email));
        let verified = if old { "verified_email" } else { "email_verified" };
        body.insert(verified.to_owned(), json!(true));
    }
    if scopes::shows_profile(&scopes) {
        body.insert(String::from("name"), json!(user.name));
        body.insert(String::from("given_name"), json!(user.name));
    }
    if let Some(domain) = user.hosted_domain {
        body.insert(String::from("hd"), json!(domain));
    }
    Reply::json(200, &Value::Object(body))
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
