//! The rules of Google's reference for new spaces, field by field.
//!
//! Google's status for each refusal is known, its text is not.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::{Fields, flag, text};
use super::membership::NewMember;
use super::status::{Status, permit, refuse, refuse_if};
use crate::emulator::options::{Options, User};

pub(super) const DISPLAY_NAME: usize = 128;
const DESCRIPTION: usize = 4096;
const GUIDELINES: usize = 5000;
const MEMBERSHIPS: usize = 49;

/// Checks a new space of either method.
pub(super) fn check_space(space: &Fields, user: &User) -> Result<(), Status> {
    let space_type = text(space, "spaceType");
    let named = space_type == "SPACE";
    let display_name = text(space, "displayName").trim();
    refuse_if(named && display_name.is_empty(), "space.display_name", "A display name is required for a named space.")?;
    refuse_if(
        !named && space.contains_key("displayName"),
        "space.display_name",
        "Only a named space can have a display name.",
    )?;
    limit(text(space, "displayName"), DISPLAY_NAME, "space.display_name")?;
    check_details(space, space_type)?;
    refuse_if(
        !named && !matches!(text(space, "predefinedPermissionSettings"), "" | UNSPECIFIED),
        "space.predefined_permission_settings",
        "Only a named space can have permission settings.",
    )?;
    refuse_if(
        space.contains_key("permissionSettings"),
        "space.permission_settings",
        "Permission settings can only be changed on a space that exists.",
    )?;
    refuse_if(
        space.contains_key("customer"),
        "space.customer",
        "The customer can only be set with app authentication.",
    )?;
    refuse_if(
        flag(space, "externalUserAllowed") && user.hosted_domain.is_none(),
        "space.external_user_allowed",
        "External users cannot be configured with a consumer account.",
    )?;
    check_access(space, named)
}

const UNSPECIFIED: &str = "PREDEFINED_PERMISSION_SETTINGS_UNSPECIFIED";

pub(super) fn check_details(space: &Fields, space_type: &str) -> Result<(), Status> {
    let Some(Value::Object(details)) = space.get("spaceDetails") else { return Ok(()) };
    refuse_if(space_type == "DIRECT_MESSAGE", "space.space_details", "A direct message has no details.")?;
    limit(text(details, "description"), DESCRIPTION, "space.space_details.description")?;
    limit(text(details, "guidelines"), GUIDELINES, "space.space_details.guidelines")
}

fn check_access(space: &Fields, named: bool) -> Result<(), Status> {
    let Some(Value::Object(settings)) = space.get("accessSettings") else { return Ok(()) };
    refuse_if(!named, "space.access_settings", "Only a named space has access settings.")?;
    match text(settings, "audience") {
        "" => Ok(()),
        audience if is_resource(audience, "audiences/") => Ok(()),
        _ => refuse("space.access_settings.audience", "An audience is named audiences/{audience}."),
    }
}

/// Returns the members that `setup` adds. As Google does, it skips the caller, duplicates, and people who cannot be added.
pub(super) fn new_members(
    request: &Fields,
    space: &Fields,
    caller: &User,
    options: &Options,
) -> Result<Vec<NewMember>, Status> {
    let memberships = match request.get("memberships") {
        Some(Value::Array(memberships)) => memberships.as_slice(),
        _ => &[],
    };
    let mut known = BTreeSet::from([caller.sub.clone()]);
    let mut members = Vec::new();
    for (index, membership) in memberships.iter().enumerate() {
        let path = format!("memberships[{index}]");
        let Some(membership) = membership.as_object() else { continue };
        let member = new_member(membership, &path, options)?;
        if member == NewMember::App {
            return Err(malformed_user());
        }
        let group = matches!(member, NewMember::Group { .. });
        let named = text(space, "spaceType") == "SPACE";
        refuse_if(group && !named, &path, "Groups can only be members of a named space.")?;
        if known.insert(member.member_id()) {
            members.push(member);
        }
    }
    check_number(members.len(), space)?;
    let asked = members.len();
    members.retain(|member| !options.is_listed(&options.unaddable, &member.member_id()));
    permit(text(space, "spaceType") != "DIRECT_MESSAGE" || members.len() == asked)?;
    Ok(members)
}

fn check_number(number: usize, space: &Fields) -> Result<(), Status> {
    let app = flag(space, "singleUserBotDm");
    let good = match text(space, "spaceType") {
        "SPACE" => number <= MEMBERSHIPS,
        "GROUP_CHAT" => (2..=MEMBERSHIPS).contains(&number),
        "DIRECT_MESSAGE" if app => number == 0,
        "DIRECT_MESSAGE" => number == 1,
        _ => return refuse("space.space_type", "A space type is required."),
    };
    refuse_if(
        app && text(space, "spaceType") != "DIRECT_MESSAGE",
        "space.single_user_bot_dm",
        "Only a direct message can be with an app.",
    )?;
    if good {
        return Ok(());
    }
    refuse(
        "memberships",
        "The number of memberships does not fit the space: at most 49 for a named space, 2 to 49 \
         for a group chat, 1 for a direct message with a person, none for one with the app.",
    )
}

/// Returns the member that a membership adds. `path` is its path in the request.
pub(super) fn new_member(membership: &Fields, path: &str, options: &Options) -> Result<NewMember, Status> {
    match (membership.get("member"), membership.get("groupMember")) {
        (Some(Value::Object(member)), None) => person(member, path, options),
        (None, Some(Value::Object(group))) => {
            let name = text(group, "name");
            if !is_resource(name, "groups/") || name.contains('@') {
                let path = format!("{path}.group_member.name");
                return refuse(&path, "A group is named groups/{group}, with its id.");
            }
            Ok(NewMember::Group { id: name.trim_start_matches("groups/").to_owned() })
        }
        _ => refuse(path, "A membership has either a member or a group member."),
    }
}

fn person(member: &Fields, path: &str, options: &Options) -> Result<NewMember, Status> {
    let name = text(member, "name");
    if name == "users/app" {
        return match text(member, "type") {
            "BOT" => Ok(NewMember::App),
            _ => refuse(&format!("{path}.member.type"), "The type of an app must be BOT."),
        };
    }
    let named = user_id(name)?;
    refuse_if(text(member, "type") != "HUMAN", &format!("{path}.member.type"), "The type of a member must be HUMAN.")?;
    let id = resolve_user(options, name)?;
    let account = options.user(named).map(|user| user.email.clone());
    Ok(NewMember::Human { id, email: account.or_else(|| named.contains('@').then(|| named.to_owned())) })
}

/// Returns the id of the person `users/…`.
pub(super) fn resolve_user(options: &Options, name: &str) -> Result<String, Status> {
    let person = options.person_id(user_id(name)?);
    if options.is_listed(&options.unresolvable, &person) { Err(Status::for_code(400)) } else { Ok(person) }
}

/// Returns the id or email address in `users/…`.
fn user_id(name: &str) -> Result<&str, Status> {
    let id = name.strip_prefix("users/").filter(|_| is_resource(name, "users/"));
    let digits = |id: &str| id.chars().all(|c| c.is_ascii_digit());
    id.filter(|id| digits(id) || id.contains('@')).ok_or_else(malformed_user)
}

fn malformed_user() -> Status {
    Status::new(
        400,
        "Missing or malformed user resource name in the request. Human user resource name \
         must follow this format: users/{user}. App user resource name must be set as \
         users/app.",
    )
}

/// Whether the name is `prefix` and one segment.
pub(super) fn is_resource(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|id| !id.is_empty() && !id.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control()))
}

pub(super) fn limit(text: &str, characters: usize, field: &str) -> Result<(), Status> {
    refuse_if(text.chars().count() > characters, field, &format!("The text is longer than {characters} characters."))?;
    Ok(())
}
