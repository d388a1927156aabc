//! `spaces.members.create`, `.patch` and `.delete`.

use serde_json::{Map, Value, json};

use super::access::{self, Caller, Method, insufficient, parameter};
use super::find::resolve;
use super::members::member_id;
use super::membership::{Invitee, is_human, joined};
use super::read::locate;
use super::rules::{self, refuse, text};
use super::schema;
use super::space::{Space, timestamp};
use super::status::Status;
use crate::emulator::quota::Metered;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

static CREATE: Method = Method {
    rpc: "CreateMembership",
    scopes: &["chat.memberships", "chat.memberships.app", "chat.import"],
    admin_scopes: &["chat.admin.memberships"],
    query: &["useAdminAccess"],
    metered: &[Metered::MembershipWrites],
};

static PATCH: Method = Method {
    rpc: "UpdateMembership",
    scopes: &["chat.memberships", "chat.import"],
    admin_scopes: &["chat.admin.memberships"],
    query: &["updateMask", "useAdminAccess"],
    metered: &[],
};

static DELETE: Method = Method {
    rpc: "DeleteMembership",
    scopes: &["chat.memberships", "chat.memberships.app", "chat.import"],
    admin_scopes: &["chat.admin.memberships"],
    query: &["useAdminAccess"],
    metered: &[Metered::MembershipWrites],
};

pub(in crate::emulator) fn create_member(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::enter(state, call, &CREATE)?;
    let asked = schema::read(call, &schema::MEMBERSHIP, "membership")?;
    let index = locate(state, call, &caller)?;
    let space = &state.spaces[index];
    let invitee = rules::invitee(&asked, "membership", &state.options)?;
    check_scope(&caller, &CREATE, space, invitee == Invitee::App)?;
    check_new(state, &caller, space, &asked, &invitee)?;
    if !caller.admin && !space.permits(&caller.user, "manageMembersAndGroups") {
        return Err(Status::for_code(403));
    }
    if let Some(member) = space.member(invitee.member_id()) {
        return if state.options.return_existing_member { Ok(member.clone()) } else { Err(Status::for_code(409)) };
    }
    if state.options.is_listed(&state.options.unaddable, invitee.member_id()) {
        return Err(Status::for_code(403));
    }
    // Only history that is imported can say when somebody joined.
    let told = asked.get("createTime").and_then(Value::as_str).filter(|_| space.importing());
    let time = told.map_or_else(|| timestamp(call.now), str::to_owned);
    let membership = invitee.membership(space.name(), false, &caller.user, &state.options, &time);
    let space = &mut state.spaces[index];
    space.members.push(membership.clone());
    space.recount();
    Ok(membership)
}

/// What a new membership may not be.
fn check_new(
    state: &State,
    caller: &Caller,
    space: &Space,
    asked: &Map<String, Value>,
    invitee: &Invitee,
) -> Result<(), Status> {
    if !matches!(text(asked, "role"), "" | "MEMBERSHIP_ROLE_UNSPECIFIED") {
        return refuse("membership.role", "A role cannot be given to a new member. Change it afterwards.");
    }
    match space.field("spaceType") {
        "DIRECT_MESSAGE" => {
            return Err(Status::new(
                400,
                "Can't create memberships in direct messages between human users or with an app.",
            ));
        }
        "GROUP_CHAT" if matches!(invitee, Invitee::Group { .. }) => {
            return refuse("membership.group_member", "Groups can only be members of a named space.");
        }
        _ => {}
    }
    if let Invitee::Human { id, .. } = invitee {
        resolve(state, &format!("users/{id}"))?;
    }
    if caller.admin && (*invitee == Invitee::App || invitee.is_outside(&caller.user)) {
        return refuse("membership", "Apps and people of other organizations are not added with admin access.");
    }
    Ok(())
}

/// `chat.memberships.app` is for the app alone, `chat.import` for import mode.
fn check_scope(caller: &Caller, method: &Method, space: &Space, app: bool) -> Result<(), Status> {
    let enough = caller.admin
        || caller.has("chat.memberships")
        || (app && caller.has("chat.memberships.app"))
        || (space.importing() && caller.has("chat.import"));
    if enough { Ok(()) } else { Err(insufficient(method.rpc, &["chat.memberships"])) }
}

pub(in crate::emulator) fn update_member(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::enter(state, call, &PATCH)?;
    let asked = schema::read(call, &schema::MEMBERSHIP, "membership")?;
    if !matches!(parameter(call, "updateMask"), Some("role" | "*")) {
        return refuse("update_mask", "An update mask is required, and only the role can be changed.");
    }
    let role @ ("ROLE_MEMBER" | "ROLE_ASSISTANT_MANAGER" | "ROLE_MANAGER") = text(&asked, "role") else {
        return refuse("membership.role", "A role is required.");
    };
    let index = locate(state, call, &caller)?;
    let id = member_id(state, call);
    let space = &mut state.spaces[index];
    caller.check_import(&PATCH, space)?;
    let position = space.position(&id).ok_or_else(|| Status::for_code(404))?;
    if space.field("spaceType") != "SPACE" {
        return refuse("membership.role", "Only the members of a named space have different roles.");
    }
    if !caller.admin && !space.is_owned_by(&caller.user) {
        return Err(Status::for_code(403));
    }
    let member = &mut space.members[position];
    if !is_human(member) || !joined(member) {
        return refuse("membership.role", "Only a person who has joined can have another role.");
    }
    member["role"] = json!(role);
    Ok(member.clone())
}

pub(in crate::emulator) fn delete_member(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::enter(state, call, &DELETE)?;
    let index = locate(state, call, &caller)?;
    let id = member_id(state, call);
    let space = &mut state.spaces[index];
    check_scope(&caller, &DELETE, space, id == "app")?;
    let position = space.position(&id).ok_or_else(|| Status::for_code(404))?;
    if space.field("spaceType") == "DIRECT_MESSAGE" {
        return refuse("name", "Nobody can be removed from a direct message.");
    }
    if caller.admin && id == "app" {
        return refuse("name", "Apps are not removed with admin access.");
    }
    if !caller.admin && !may_remove(&caller, space, &id) {
        return Err(Status::for_code(403));
    }
    let member = space.members.remove(position);
    space.recount();
    Ok(member)
}

/// Anybody may leave; others are removed by those who manage members, and an
/// owner by an owner.
fn may_remove(caller: &Caller, space: &Space, id: &str) -> bool {
    if id == caller.user.sub {
        return true;
    }
    let owner = space.role(id) == Some("ROLE_MANAGER") && space.field("spaceType") == "SPACE";
    if owner { space.is_owned_by(&caller.user) } else { space.permits(&caller.user, "manageMembersAndGroups") }
}
