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
mod partial;
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
    let parameter = |name| access::parameter(call, name).or_else(|| access::parameter(call, &format!("${name}")));
    let mut reply = match (result, parameter("fields")) {
        (Ok(value), Some(mask)) => Reply::json(200, &partial::select(value, mask)),
        (Ok(value), None) => Reply::json(200, value),
        (Err(status), _) => status.reply(),
    };
    if parameter("prettyPrint") == Some("false") {
        let compact = serde_json::from_slice(&reply.body).map(|body: Value| body.to_string().into_bytes());
        reply.body = compact.unwrap_or(reply.body);
    }
    reply.with("vary", "Origin, X-Origin, Referer").with("server", "ESF").with("cache-control", "private")
}
