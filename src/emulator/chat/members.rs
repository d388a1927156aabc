//! `spaces.members.list` and `spaces.members.get`.

use serde_json::Value;

use super::access::{self, Method, parameter, switch};
use super::filter::Filter;
use super::membership::joined;
use super::read::{PAGES, locate, page};
use super::rules::refuse;
use super::status::Status;
use crate::emulator::quota::Metered;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

static LIST: Method = Method {
    rpc: "ListMemberships",
    scopes: &["chat.memberships.readonly", "chat.memberships", "chat.import"],
    admin_scopes: &["chat.admin.memberships.readonly", "chat.admin.memberships"],
    query: &["filter", "pageSize", "pageToken", "showGroups", "showInvited", "useAdminAccess"],
    metered: &[Metered::MembershipReads, Metered::ReadsPerSpace],
};

static GET: Method = Method {
    rpc: "GetMembership",
    scopes: &["chat.memberships.readonly", "chat.memberships"],
    admin_scopes: &["chat.admin.memberships.readonly", "chat.admin.memberships"],
    query: &["useAdminAccess"],
    metered: &[Metered::MembershipReads, Metered::ReadsPerSpace],
};

pub(in crate::emulator) fn list_members(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::enter(state, call, &LIST)?;
    let space = &state.spaces[locate(state, call, &caller)?];
    caller.check_import(&LIST, space)?;
    let filter = match parameter(call, "filter") {
        None => None,
        Some(text) => Some(member_filter(text).ok_or_else(|| Status::for_code(400))?),
    };
    if caller.admin && !filter.as_ref().is_some_and(leaves_apps_out) {
        return refuse("filter", "With admin access, member.type = \"HUMAN\" or member.type != \"BOT\" is required.");
    }
    let (groups, invited) = (switch(call, "showGroups")?, switch(call, "showInvited")?);
    let members = space
        .members
        .iter()
        .filter(|member| groups || member.get("groupMember").is_none())
        .filter(|member| invited || joined(member))
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
    page(call, "memberships", members, PAGES)
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
    // A field can be chosen from once: one member has not two roles.
    (good && filter.names_no_field_twice()).then_some(filter)
}

fn leaves_apps_out(filter: &Filter) -> bool {
    filter.requires("/member/type", |equal, value| equal == (value == "HUMAN"))
}

pub(in crate::emulator) fn get_member(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::enter(state, call, &GET)?;
    let space = &state.spaces[locate(state, call, &caller)?];
    space.member(&member_id(state, call)).cloned().ok_or_else(|| Status::for_code(404))
}

/// The id of the membership that the path names, by number, address or as `app`.
pub(super) fn member_id(state: &State, call: &Call) -> String {
    state.options.person(&call.segment(4))
}
