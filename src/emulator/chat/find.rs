//! `spaces.findDirectMessage` and `spaces.findGroupChats`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::access::{self, Method, insufficient, parameter};
use super::read::page;
use super::rules::resolve_user;
use super::status::{Status, refuse, refuse_if};
use crate::emulator::quota::Metric;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

/// Most people that `findGroupChats` accepts.
const MAX_USERS: usize = 49;
/// Default and largest number of group chats on a page.
const PAGES: (usize, i64) = (10, 30);

static FIND_DIRECT_MESSAGE: Method = Method::new("FindDirectMessage", &["chat.spaces.readonly", "chat.spaces"])
    .query(&["name"])
    .counted(&[Metric::SpaceReads]);

static FIND_GROUP_CHATS: Method = Method::new("FindGroupChats", &["chat.memberships.readonly", "chat.memberships"])
    .query(&["users", "spaceView", "pageSize", "pageToken"]);

pub(in crate::emulator) fn find_direct_message(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &FIND_DIRECT_MESSAGE)?;
    let Some(name) = parameter(call, "name") else {
        return refuse("name", "The name of a user is required.");
    };
    let other = if name == "users/app" { String::from("app") } else { resolve_user(&state.options, name)? };
    let found = state.spaces.direct_message(&caller.user.sub, &other).filter(|_| other != caller.user.sub);
    found.map(|space| space.body.clone()).ok_or_else(|| Status::for_code(404))
}

pub(in crate::emulator) fn find_group_chats(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &FIND_GROUP_CHATS)?;
    let expanded = match parameter(call, "spaceView") {
        None | Some("SPACE_VIEW_UNSPECIFIED" | "SPACE_VIEW_RESOURCE_NAME_ONLY") => false,
        Some("SPACE_VIEW_EXPANDED") => true,
        Some(other) => {
            let kind = "type.googleapis.com/google.chat.v1.SpaceView";
            return refuse("space_view", &format!("Invalid value at 'space_view' ({kind}), \"{other}\""));
        }
    };
    let spaces = FIND_DIRECT_MESSAGE.scopes;
    if expanded && !spaces.iter().any(|scope| caller.has(scope)) {
        return Err(insufficient(FIND_GROUP_CHATS.rpc, spaces));
    }
    let named: Vec<&str> =
        call.query.iter().filter(|(name, _)| name == "users").map(|(_, value)| value.as_str()).collect();
    refuse_if(named.len() > MAX_USERS, "users", "At most 49 users can be named.")?;
    let mut people =
        named.into_iter().map(|name| resolve_user(&state.options, name)).collect::<Result<BTreeSet<_>, _>>()?;
    people.insert(caller.user.sub.clone());
    let people: BTreeSet<&str> = people.iter().map(String::as_str).collect();
    let found = state
        .spaces
        .iter()
        .filter(|space| space.field("spaceType") == "GROUP_CHAT" && space.people().collect::<BTreeSet<_>>() == people)
        .map(|space| if expanded { space.body.clone() } else { json!({ "name": space.name() }) })
        .collect();
    page(call, "spaces", found, PAGES)
}
