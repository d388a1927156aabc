//! `spaces.create` and `spaces.setup`.

use serde_json::Value;

use super::access::{self, Caller, Method, parameter};
use super::fields::{Fields, flag, text};
use super::membership::NewMember;
use super::rules;
use super::schema;
use super::space::Space;
use super::status::{Status, permit, refuse, refuse_if};
use crate::emulator::options::User;
use crate::emulator::quota::Metric;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

static CREATE: Method = Method::new("CreateSpace", &["chat.spaces.create", "chat.spaces", "chat.import"])
    .query(&["requestId"])
    .counted(&[Metric::SpaceWrites]);

static SETUP: Method =
    Method::new("SetUpSpace", &["chat.spaces.create", "chat.spaces"]).counted(&[Metric::SpaceWrites]);

pub(in crate::emulator) fn create(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &CREATE)?;
    let space = schema::read(call, &schema::SPACE, "space")?;
    check_import(&caller, &space)?;
    check_app(state)?;
    match text(&space, "spaceType") {
        "SPACE" => {}
        "GROUP_CHAT" if flag(&space, "importMode") => {}
        "" | "SPACE_TYPE_UNSPECIFIED" => return refuse("space.space_type", "A space type is required."),
        _ => {
            let text =
                "Only named spaces, and group chats in import mode, can be created. Use spaces.setup for others.";
            return refuse("space.space_type", text);
        }
    }
    refuse_if(
        flag(&space, "singleUserBotDm"),
        "space.single_user_bot_dm",
        "Only a direct message can be with an app.",
    )?;
    rules::check_space(&space, &caller.user)?;
    create_once(state, call, parameter(call, "requestId"), &space, &caller.user, &[])
}

pub(in crate::emulator) fn setup(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &SETUP)?;
    let request = schema::read(call, &schema::SET_UP_SPACE_REQUEST, "")?;
    check_app(state)?;
    let Some(Value::Object(space)) = request.get("space") else {
        return Err(Status::invalid("space", "A space is required."));
    };
    refuse_if(flag(space, "importMode"), "space.import_mode", "Use spaces.create for import mode.")?;
    let new_members = rules::new_members(&request, space, &caller.user, &state.options)?;
    rules::check_space(space, &caller.user)?;
    if let Some(existing) = existing_direct_message(state, space, &caller.user, &new_members) {
        return Ok(existing);
    }
    let request_id = Some(text(&request, "requestId")).filter(|id| !id.is_empty());
    create_once(state, call, request_id, space, &caller.user, &new_members)
}

/// Checks that import mode is used with `chat.import`, by a service account that acts for a user, and that other spaces
/// are created with another scope.
fn check_import(caller: &Caller, space: &Fields) -> Result<(), Status> {
    if flag(space, "importMode") {
        if !caller.has("chat.import") {
            return Err(access::insufficient(CREATE.rpc, &["chat.import"]));
        }
        permit(caller.delegated)?;
    } else if !caller.has("chat.spaces.create") && !caller.has("chat.spaces") {
        return Err(access::insufficient(CREATE.rpc, SETUP.scopes));
    }
    Ok(())
}

pub(super) fn check_app(state: &State) -> Result<(), Status> {
    if state.options.chat_app_configured { Ok(()) } else { Err(Status::app_not_found()) }
}

/// Returns the direct message that the request would create again: two people have only one.
fn existing_direct_message(state: &State, asked: &Fields, user: &User, new_members: &[NewMember]) -> Option<Value> {
    if text(asked, "spaceType") != "DIRECT_MESSAGE" {
        return None;
    }
    let other = match new_members.first() {
        Some(NewMember::Human { id, .. }) => id.as_str(),
        _ => "app",
    };
    state.spaces.direct_message(&user.sub, other).map(|space| space.body.clone())
}

/// Creates the space, or returns the one that the same `requestId` created before.
fn create_once(
    state: &mut State,
    call: &Call,
    request_id: Option<&str>,
    asked: &Fields,
    user: &User,
    new_members: &[NewMember],
) -> Result<Value, Status> {
    if let Some((owner, name)) = request_id.and_then(|id| state.request_ids.get(id)) {
        refuse_if(*owner != user.sub, "request_id", "The request id has been used by another user.")?;
        let existing = state.spaces.get(name);
        return existing
            .map(|space| if state.options.echo_on_repeat { space.echo() } else { space.body.clone() })
            .ok_or_else(|| Status::for_code(404));
    }
    let display_name = text(asked, "displayName");
    if state.options.unique_names && !display_name.is_empty() && state.spaces.count_named(display_name) > 0 {
        return Err(Status::for_code(409));
    }
    if text(asked, "spaceType") != "DIRECT_MESSAGE"
        && let Some(quota) = state.options.quota.clone()
    {
        let both = [Metric::NewSpaces, Metric::NewSpacesHourly];
        state.usage.count(&quota, &both, "", call.now).map_err(|exceeded| Status::over_quota(&quota, &exceeded))?;
    }
    let space = Space::new(&state.spaces.next_id(), asked, user, new_members, &state.options, call.now);
    if let Some(id) = request_id {
        state.request_ids.insert(id.to_owned(), (user.sub.clone(), space.name().to_owned()));
    }
    let body = space.body.clone();
    state.spaces.add(space);
    Ok(body)
}
