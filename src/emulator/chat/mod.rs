//! The methods of the Google Chat API on spaces and members.

mod access;
mod create;
mod fields;
mod filter;
mod find;
mod lifecycle;
mod members;
mod membership;
mod membership_writes;
mod query;
mod read;
mod rules;
mod schema;
mod search;
pub(super) mod space;
pub(super) mod spaces;
pub(super) mod status;
mod update;

pub(super) use create::{create, setup};
pub(super) use find::{find_direct_message, find_group_chats};
pub(super) use lifecycle::{complete_import, delete};
pub(super) use members::{get_member, list_members};
pub(super) use membership_writes::{create_member, delete_member, update_member};
pub(super) use read::{get, list};
pub(super) use search::search;
pub(super) use update::patch;

use super::wire::{Call, Reply};
use serde_json::Value;
use status::Status;

/// Converts a result to a reply, as Google's front end does.
pub(super) fn answer(call: &Call, result: &Result<Value, Status>) -> Reply {
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
