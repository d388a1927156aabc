//! `spaces.members.create`, `.patch` and `.delete`.

use serde_json::{Value, json};

use super::access::{self, Caller, Method, insufficient, parameter};
use super::fields::{Fields, text};
use super::members::member_id;
use super::membership::{NewMember, is_human, joined, seen_by};
use super::read::find_space;
use super::rules;
use super::schema;
use super::space::{Space, timestamp};
use super::status::{Status, permit, refuse, refuse_if};
use crate::emulator::quota::Metric;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

static CREATE: Method = Method::new("CreateMembership", &["chat.memberships", "chat.memberships.app", "chat.import"])
    .admin(&["chat.admin.memberships"])
    .counted(&[Metric::MembershipWrites]);

static PATCH: Method = Method::new("UpdateMembership", &["chat.memberships", "chat.import"])
    .admin(&["chat.admin.memberships"])
    .query(&["updateMask"]);

static DELETE: Method = Method::new("DeleteMembership", &["chat.memberships", "chat.memberships.app", "chat.import"])
    .admin(&["chat.admin.memberships"])
    .counted(&[Metric::MembershipWrites]);

pub(in crate::emulator) fn create_member(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &CREATE)?;
    let asked = schema::read(call, &schema::MEMBERSHIP, "membership")?;
    let space = find_space(&mut state.spaces, call, &caller)?;
    let new_member = rules::new_member(&asked, "membership", &state.options)?;
    check_scope(&caller, &CREATE, space, new_member == NewMember::App)?;
    check_new(&caller, space, &asked, &new_member)?;
    permit(caller.admin || space.permits(&caller.user, "manageMembersAndGroups"))?;
    if let Some(member) = space.member(&new_member.member_id()) {
        return if state.options.return_existing_member {
            Ok(seen_by(&caller.user, member, &state.options))
        } else {
            Err(Status::for_code(409))
        };
    }
    permit(!state.options.is_listed(&state.options.unaddable, &new_member.member_id()))?;
    // Only imported history has a join time of its own.
    let joined_at = asked.get("createTime").and_then(Value::as_str).filter(|_| space.importing());
    let time = joined_at.map_or_else(|| timestamp(call.now), str::to_owned);
    let membership = new_member.membership(space.name(), false, &caller.user, &state.options, &time);
    let seen = seen_by(&caller.user, &membership, &state.options);
    space.members.push(membership);
    space.update_count();
    Ok(seen)
}

/// Checks that the space can have this new member.
fn check_new(caller: &Caller, space: &Space, asked: &Fields, new_member: &NewMember) -> Result<(), Status> {
    refuse_if(
        !matches!(text(asked, "role"), "" | "MEMBERSHIP_ROLE_UNSPECIFIED"),
        "membership.role",
        "A role cannot be given to a new member. Change it afterwards.",
    )?;
    match space.field("spaceType") {
        "DIRECT_MESSAGE" => {
            let text = "Can't create memberships in direct messages between human users or with an app.";
            return Err(Status::new(400, text));
        }
        "GROUP_CHAT" if matches!(new_member, NewMember::Group { .. }) => {
            return refuse("membership.group_member", "Groups can only be members of a named space.");
        }
        _ => {}
    }
    refuse_if(
        caller.admin && (*new_member == NewMember::App || new_member.is_outside(&caller.user)),
        "membership",
        "Apps and people of other organizations are not added with admin access.",
    )?;
    Ok(())
}

/// Checks that `chat.memberships.app` is used for the app only, and `chat.import` in import mode only.
fn check_scope(caller: &Caller, method: &Method, space: &Space, app: bool) -> Result<(), Status> {
    let enough = caller.admin
        || caller.has("chat.memberships")
        || (app && caller.has("chat.memberships.app"))
        || (space.importing() && caller.has("chat.import"));
    if enough { Ok(()) } else { Err(insufficient(method.rpc, &["chat.memberships"])) }
}

pub(in crate::emulator) fn update_member(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &PATCH)?;
    let asked = schema::read(call, &schema::MEMBERSHIP, "membership")?;
    refuse_if(
        !matches!(parameter(call, "updateMask"), Some("role" | "*")),
        "update_mask",
        "An update mask is required, and only the role can be changed.",
    )?;
    let role @ ("ROLE_MEMBER" | "ROLE_ASSISTANT_MANAGER" | "ROLE_MANAGER") = text(&asked, "role") else {
        return refuse("membership.role", "A role is required.");
    };
    let space = find_space(&mut state.spaces, call, &caller)?;
    let id = member_id(&state.options, call);
    caller.check_import(&PATCH, space)?;
    let position = space.position(&id).ok_or_else(|| Status::for_code(404))?;
    refuse_if(
        space.field("spaceType") != "SPACE",
        "membership.role",
        "Only the members of a named space have different roles.",
    )?;
    permit(caller.admin || space.is_owned_by(&caller.user))?;
    let member = &mut space.members[position];
    refuse_if(
        !is_human(member) || !joined(member),
        "membership.role",
        "Only a person who has joined can have another role.",
    )?;
    member["role"] = json!(role);
    Ok(seen_by(&caller.user, member, &state.options))
}

pub(in crate::emulator) fn delete_member(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &DELETE)?;
    let space = find_space(&mut state.spaces, call, &caller)?;
    let id = member_id(&state.options, call);
    check_scope(&caller, &DELETE, space, id == "app")?;
    let position = space.position(&id).ok_or_else(|| Status::for_code(404))?;
    refuse_if(space.field("spaceType") == "DIRECT_MESSAGE", "name", "Nobody can be removed from a direct message.")?;
    refuse_if(caller.admin && id == "app", "name", "Apps are not removed with admin access.")?;
    permit(caller.admin || may_remove(&caller, space, &id))?;
    let member = space.members.remove(position);
    space.update_count();
    Ok(seen_by(&caller.user, &member, &state.options))
}

/// Whether the caller may remove the member. Members may leave; removing others needs the right to manage members, and
/// removing an owner needs an owner.
fn may_remove(caller: &Caller, space: &Space, id: &str) -> bool {
    if id == caller.user.sub {
        return true;
    }
    let owner = space.role(id) == Some("ROLE_MANAGER") && space.field("spaceType") == "SPACE";
    if owner { space.is_owned_by(&caller.user) } else { space.permits(&caller.user, "manageMembersAndGroups") }
}
