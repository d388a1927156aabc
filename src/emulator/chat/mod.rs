//! The part of the Google Chat API that makes spaces and looks at them.

mod access;
mod create;
mod filter;
mod members;
mod read;
mod rules;
mod schema;
mod space;
mod status;

pub(super) use create::{create, setup};
pub(super) use members::{get_member, list_members};
pub(super) use read::{get, list};
pub(super) use space::Space;
pub(super) use status::Status;

use super::state::State;
use super::wire::{Call, Reply};
use serde_json::Value;

/// A method of the API that the emulator does not imitate says so, after the
/// checks that every method begins with.
pub(super) fn unimplemented(state: &mut State, call: &Call) -> Reply {
    answer(
        call,
        &access::authenticate(state, call, "Unimplemented")
            .and_then(|_| Err(Status::new(501, "The emulator does not imitate this method."))),
    )
}

/// Writes the result, or the error, as Google's front end does.
fn answer(call: &Call, result: &Result<Value, Status>) -> Reply {
    let mut reply = match result {
        Ok(value) => Reply::json(200, value),
        Err(status) => status.reply(),
    };
    let compact = call.query.iter().any(|(name, value)| name == "prettyPrint" && value == "false");
    if let (true, Ok(value)) = (compact, result) {
        reply.body = value.to_string().into_bytes();
    }
    reply.with("vary", "Origin, X-Origin, Referer").with("server", "ESF").with("cache-control", "private")
}
