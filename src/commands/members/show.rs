//! Memberships in the formats of the output.

use crate::chat::{MemberName, Membership, Resource, SpaceName};
use crate::commands::arguments::{self, Choices, ROLES, for_people};
use crate::commands::{Context, ErrorCode, Failure, Outcome};
use crate::output::{self, Details, Item};

/// The most members per page.
pub(in crate::commands) const LARGEST_PAGE: u32 = 1000;

/// Returns the help after the options: examples, and the columns of CSV.
pub(super) fn with_columns(examples: &str) -> String {
    crate::commands::with_columns(examples, COLUMNS)
}

/// Prints one membership.
pub(super) fn print(membership: &Resource<Membership>, context: &Context) -> Result<(), output::Error> {
    let item = Item { json: &membership.json, name: &membership.fields.name };
    context.printer.item(&item, &details(membership))
}

/// Returns the details of a membership for people.
fn details(membership: &Resource<Membership>) -> Details {
    let fields = &membership.fields;
    let user = fields.member.as_ref();
    Details::new()
        .columns(COLUMNS)
        .maybe("Name", user.and_then(|user| user.display_name.as_ref()))
        .maybe("Email", user.and_then(|user| user.email.as_ref()))
        .with("Resource", &fields.name)
        .maybe("User", user.and_then(|user| user.name.as_ref()))
        .maybe("Group", fields.group_member.as_ref().and_then(|group| group.name.as_ref()))
        .maybe("Type", user.and_then(|user| user.kind.as_deref()).map(|kind| for_people(TYPES, kind)))
        .maybe("Role", fields.role.as_deref().map(|role| for_people(ROLES, role)))
        .maybe("State", fields.state.as_deref().map(|state| for_people(STATES, state)))
        .maybe("Affiliation", fields.affiliation.as_deref().map(str::to_lowercase))
        .time("Since", fields.create_time.as_ref())
}

const TYPES: Choices = &[("person", "HUMAN"), ("app", "BOT")];

const STATES: Choices = &[("joined", "JOINED"), ("invited", "INVITED"), ("not a member", "NOT_A_MEMBER")];

/// The headings of a list of members.
const HEADINGS: &[&str] = &["NAME", "EMAIL", "ROLE", "STATE", "TYPE", "RESOURCE"];

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
    // Commands accept the email address, so a narrow terminal can do without the resource name.
    context.printer.list(HEADINGS).optional(&["RESOURCE"]).columns(COLUMNS)
}

/// Returns the cells of a membership. `you` is whether it is the caller's.
pub(super) fn row(membership: &Membership, you: bool) -> Vec<String> {
    let user = membership.member.as_ref();
    let group = membership.group_member.as_ref().and_then(|group| group.name.as_deref());
    let name = user.and_then(|user| user.display_name.as_deref().or(user.name.as_deref())).or(group);
    let kind = match user.and_then(|user| user.kind.as_deref()) {
        Some(kind) => for_people(TYPES, kind),
        None => membership.group_member.as_ref().map(|_| String::from("group")).unwrap_or_default(),
    };
    let you = if you { " (you)" } else { "" };
    vec![
        format!("{}{you}", name.unwrap_or_default()),
        user.and_then(|user| user.email.clone()).unwrap_or_default(),
        membership.role.as_deref().map(|role| for_people(ROLES, role)).unwrap_or_default(),
        membership.state.as_deref().map(|state| for_people(STATES, state)).unwrap_or_default(),
        kind,
        membership.name.clone(),
    ]
}

/// Reports an error about a member. "Not found" has a hint of its own, because the member is missing and not the space,
/// and so has a refusal after a lost answer: nobody can repeat what took their own permission.
pub(super) fn report(error: impl Into<anyhow::Error>, name: &MemberName, admin: bool, context: &Context) -> Failure {
    let failure = context.report(error);
    match (failure.code, failure.outcome) {
        (ErrorCode::NotFound, _) => failure.hint(format!("list the members: {}", list(name.space(), admin, context))),
        (ErrorCode::PermissionDenied, Some(Outcome::Unknown)) => {
            let words = ["members", "get", name.space(), name.id()];
            let get = context.command(words.into_iter().chain(admin.then_some("--use-admin-access")));
            failure.hint(format!("to see whether it was applied, run {get}"))
        }
        _ => failure,
    }
}

/// Returns the command that lists everybody, also the groups: one of them may be the missing member.
fn list(space: &str, admin: bool, context: &Context) -> String {
    let words = ["members", "list", space, "--show-invited", "--show-groups"];
    context.command(words.into_iter().chain(admin.then_some("--use-admin-access")))
}

/// Parses a member of a space. A group is known by its membership only.
///
/// # Errors
/// A usage error for text that names no member, or a membership in another space.
pub(super) fn member_name(
    space: &SpaceName,
    text: &str,
    admin: bool,
    context: &Context,
) -> Result<MemberName, Failure> {
    arguments::member_name(space, text).map_err(|failure| {
        if !text.trim().starts_with("groups/") {
            return failure;
        }
        let list = list(space.as_str(), admin, context);
        failure.hint(format!("pass the resource name of the group's membership, which this command lists: {list}"))
    })
}
