//! `spaces.members.list` and `spaces.members.get`.

use serde_json::Value;

use super::access::{self, Method, parameter};
use super::filter::Filter;
use super::read::{page, visible};
use super::{Status, answer};
use crate::emulator::state::State;
use crate::emulator::wire::{Call, Reply};

static LIST: Method = Method {
    rpc: "ListMemberships",
    scopes: &["chat.memberships.readonly", "chat.memberships", "chat.import"],
    admin_scopes: &["chat.admin.memberships.readonly", "chat.admin.memberships"],
    query: &["filter", "pageSize", "pageToken", "showGroups", "showInvited", "useAdminAccess"],
};

static GET: Method = Method {
    rpc: "GetMembership",
    scopes: &["chat.memberships.readonly", "chat.memberships"],
    admin_scopes: &["chat.admin.memberships.readonly", "chat.admin.memberships"],
    query: &["useAdminAccess"],
};

pub(in crate::emulator) fn list_members(state: &mut State, call: &Call) -> Reply {
    answer(call, &try_list(state, call))
}

pub(in crate::emulator) fn get_member(state: &mut State, call: &Call) -> Reply {
    answer(call, &try_get(state, call))
}

fn try_list(state: &mut State, call: &Call) -> Result<Value, Status> {
    let live = access::enter(state, call, &LIST)?;
    let space = visible(state, call, &live.user)?;
    let filter = match parameter(call, "filter") {
        None => None,
        Some(text) => Some(member_filter(text).ok_or_else(|| Status::for_code(400))?),
    };
    let groups = parameter(call, "showGroups") == Some("true");
    let members = space
        .members
        .iter()
        .filter(|member| groups || member.get("groupMember").is_none())
        .filter(|member| {
            filter.as_ref().is_none_or(|filter| {
                filter.passes(|pointer| {
                    let value = member.pointer(pointer).and_then(Value::as_str);
                    value.unwrap_or_default().to_owned()
                })
            })
        })
        .cloned()
        .collect();
    page(call, "memberships", members)
}

/// The fields are named by JSON pointers into a membership.
fn member_filter(text: &str) -> Option<Filter> {
    let filter = Filter::parse(text, |name| match name {
        "role" => Some("/role"),
        "member.type" => Some("/member/type"),
        _ => None,
    })?;
    let good = filter.values_are(|field, value| match field {
        "/role" => ["ROLE_MEMBER", "ROLE_MANAGER", "ROLE_ASSISTANT_MANAGER"].contains(&value),
        _ => ["HUMAN", "BOT"].contains(&value),
    });
    good.then_some(filter)
}

fn try_get(state: &mut State, call: &Call) -> Result<Value, Status> {
    let live = access::enter(state, call, &GET)?;
    let space = visible(state, call, &live.user)?;
    let wanted = call.path.split('/').nth(5).unwrap_or_default();
    // An e-mail address may arrive with its @ escaped.
    let wanted = wanted.replace("%40", "@");
    let id = match state.user(&wanted) {
        Some(user) => user.sub.clone(),
        None if wanted.contains('@') => crate::emulator::options::subject(&wanted),
        None => wanted,
    };
    let name = format!("{}/members/{id}", space.name());
    let found = space.members.iter().find(|member| member.get("name").and_then(Value::as_str) == Some(&name));
    found.cloned().ok_or_else(|| Status::for_code(404))
}
