//! Memberships as people and scripts see them.

use crate::chat::{Membership, Resource};
use crate::commands::{Context, Failure};
use crate::output::{self, Details, Item};

/// The most members that the API lists at once.
pub(in crate::commands) const LARGEST_PAGE: u32 = 1000;

/// Prints one membership.
pub(super) fn print(membership: &Resource<Membership>, context: &Context) -> Result<(), Failure> {
    let item = Item { json: &membership.json, name: &membership.fields.name };
    Ok(context.printer.item(&item, &details(membership))?)
}

/// A membership as people like to read it.
fn details(membership: &Resource<Membership>) -> Details {
    let fields = &membership.fields;
    let user = fields.member.as_ref();
    Details::new()
        .maybe("Name", user.and_then(|user| user.display_name.as_ref()))
        .maybe("E-mail", user.and_then(|user| user.email.as_ref()))
        .with("Resource", &fields.name)
        .maybe("User", user.and_then(|user| user.name.as_ref()))
        .maybe("Group", fields.group_member.as_ref().and_then(|group| group.name.as_ref()))
        .maybe("Type", user.and_then(|user| user.kind.as_deref()).map(type_for_people))
        .maybe("Role", fields.role.as_deref().map(role_for_people))
        .maybe("State", fields.state.as_deref().map(state_for_people))
        .maybe("Affiliation", fields.affiliation.as_deref().map(str::to_lowercase))
        .time("Since", fields.create_time.as_ref())
}

/// What a list calls a member: the best that is known of it.
fn label(membership: &Membership) -> &str {
    let user = membership.member.as_ref();
    user.and_then(|user| user.display_name.as_deref().or(user.email.as_deref()).or(user.name.as_deref()))
        .or_else(|| membership.group_member.as_ref().and_then(|group| group.name.as_deref()))
        .unwrap_or_default()
}

fn type_for_people(kind: &str) -> &str {
    match kind {
        "HUMAN" => "person",
        "BOT" => "app",
        other => other,
    }
}

/// The roles as Chat calls them, which is not as the API does.
fn role_for_people(role: &str) -> &str {
    match role {
        "ROLE_MEMBER" => "member",
        "ROLE_ASSISTANT_MANAGER" => "manager",
        "ROLE_MANAGER" => "owner",
        other => other,
    }
}

fn state_for_people(state: &str) -> &str {
    match state {
        "JOINED" => "joined",
        "INVITED" => "invited",
        "NOT_A_MEMBER" => "not a member",
        other => other,
    }
}

/// The columns of a list of members.
const HEADINGS: &[&str] = &["MEMBER", "ROLE", "STATE", "TYPE", "RESOURCE"];

/// The columns of members as CSV. Scripts rely on them: new ones go to the end.
const COLUMNS: &[&str] = &[
    "name",
    "role",
    "state",
    "member.name",
    "member.type",
    "member.displayName",
    "member.email",
    "groupMember.name",
    "affiliation",
    "createTime",
];

/// Begins a list of members.
pub(super) fn list_of_members(context: &Context) -> output::List<'_> {
    // Half a resource name is none, and the member is enough for every command.
    context.printer.list(HEADINGS).optional(&["RESOURCE"]).columns(COLUMNS)
}

/// The cells of a membership.
pub(super) fn row(membership: &Membership) -> Vec<String> {
    let user = membership.member.as_ref();
    let kind = user
        .and_then(|user| user.kind.as_deref())
        .map_or_else(|| if membership.group_member.is_some() { "group" } else { "" }, type_for_people);
    vec![
        label(membership).to_owned(),
        membership.role.as_deref().map(role_for_people).unwrap_or_default().to_owned(),
        membership.state.as_deref().map(state_for_people).unwrap_or_default().to_owned(),
        kind.to_owned(),
        membership.name.clone(),
    ]
}
