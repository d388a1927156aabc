//! The revocation endpoint (RFC 7009), with Google's answers.

use serde_json::json;

use super::identity::parameter;
use super::refusal::Refusal;
use crate::emulator::state::State;
use crate::emulator::wire::{Call, Reply};

pub(in crate::emulator) fn revoke(state: &mut State, call: &Call) -> Reply {
    let token = match parameter(call, "token") {
        Ok(Some(token)) => token,
        Ok(None) => return Refusal::invalid_request("Missing required parameter: token").reply(),
        Err(refusal) => return refusal.reply(),
    };
    state.record_secret(&token);
    if state.ledger.revoke(&token, call.now) {
        return Reply::json(200, &json!({}));
    }
    Refusal::new(400, "invalid_token", "Token expired or revoked").reply()
}
