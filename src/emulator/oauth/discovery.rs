//! The discovery document, and the device flow, which does not allow Chat scopes.

use serde_json::json;

use super::refusal::Refusal;
use super::scopes;
use crate::emulator::state::State;
use crate::emulator::wire::{Call, Reply};

pub(in crate::emulator) fn discovery(state: &mut State, _call: &Call) -> Reply {
    let origin = &state.origin;
    Reply::json(
        200,
        &json!({
            "issuer": origin,
            "authorization_endpoint": format!("{origin}/o/oauth2/v2/auth"),
            "device_authorization_endpoint": format!("{origin}/device/code"),
            "token_endpoint": format!("{origin}/token"),
            "userinfo_endpoint": format!("{origin}/v1/userinfo"),
            "revocation_endpoint": format!("{origin}/revoke"),
            "jwks_uri": format!("{origin}/oauth2/v3/certs"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "grant_types_supported": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"]
        }),
    )
}

/// No keys, since ID tokens have no real signatures.
pub(in crate::emulator) fn certificates(_state: &mut State, _call: &Call) -> Reply {
    Reply::json(200, &json!({ "keys": [] }))
}

/// The device flow allows a fixed list of scopes, without Chat's.
pub(in crate::emulator) fn device_code(_state: &mut State, call: &Call) -> Reply {
    let form = match call.form() {
        Ok(form) => form,
        Err(repeated) => return Refusal::from(repeated).reply(),
    };
    let scope = form.as_ref().and_then(|form| form.get("scope")).unwrap_or_default();
    let refused: Vec<&str> = scope
        .split(' ')
        .filter(|scope| scopes::parse(scope).map_or(true, |it| !it.iter().all(|s| scopes::is_sign_in(s))))
        .collect();
    if refused.is_empty() {
        return Refusal::new(401, "invalid_client", "Invalid client type.").reply();
    }
    let description = format!("Invalid device flow scope: {}", refused.join(" "));
    Refusal::new(400, "invalid_scope", description).reply()
}
