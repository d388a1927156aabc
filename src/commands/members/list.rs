//! `chatauth members list`.

use super::{LARGEST_PAGE, label, role_for_people, space_name, state_for_people, type_for_people};
use crate::chat::{ListMemberships, Membership, Method, Role};
use crate::commands::caller::Caller;
use crate::commands::pages::Pages;
use crate::commands::{Context, Failure};
use crate::output::{Item, List};

/// The columns of a list of members.
const HEADINGS: &[&str] = &["MEMBER", "ROLE", "STATE", "TYPE", "RESOURCE"];

/// The columns of members as CSV. Scripts rely on them: new ones go to the end.
pub const COLUMNS: &[&str] = &[
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
pub(super) fn list_of_members(context: &Context) -> List<'_> {
    // Half a resource name is none, and the member is enough for every command.
    context.printer.list(HEADINGS).optional(&["RESOURCE"]).columns(COLUMNS)
}

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// Of which space.
    pub space: String,
    /// A filter in the API's own language.
    pub filter: Option<String>,
    /// Only these roles.
    pub roles: Vec<Role>,
    /// Whether groups are shown.
    pub groups: bool,
    /// Whether people are shown who are only invited.
    pub invited: bool,
    /// Stop after so many.
    pub limit: Option<u32>,
    /// Whether as an administrator.
    pub admin: bool,
}

/// Lists the members of a space, page by page.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let space = space_name(&options.space)?;
    let filter = filter(&options)?;
    let mut caller = Caller::new(context, &[ListMemberships::SCOPES], options.admin).await?;
    let mut list = list_of_members(context);
    let mut pages = Pages::new(options.limit, LARGEST_PAGE);
    while let Some(paging) = pages.next() {
        let request = ListMemberships {
            space: space.clone(),
            filter: filter.clone(),
            groups: options.groups,
            invited: options.invited,
            paging,
            admin: options.admin,
        };
        let page = caller.send(&request).await?;
        for membership in pages.take(page) {
            let item = Item { json: &membership.json, name: &membership.fields.name };
            list.push(&item, || row(&membership.fields))?;
        }
    }
    let count = list.finish()?;
    if count == 0 {
        context.messages.note("There is no such member.");
    }
    Ok(())
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

fn filter(options: &Options) -> Result<Option<String>, Failure> {
    let mut terms = Vec::new();
    match (&options.filter, &options.roles[..]) {
        (Some(_), [_, ..]) => {
            return Err(Failure::usage("--role and --filter cannot stand together: put the role into the filter"));
        }
        (Some(filter), []) => terms.push(filter.clone()),
        (None, roles) => {
            let roles: Vec<String> = roles.iter().map(|role| format!("role = \"{}\"", role.as_wire())).collect();
            if !roles.is_empty() {
                terms.push(roles.join(" OR "));
            }
        }
    }
    // With administrator access the API wants the type of member to be said.
    if options.admin && !terms.iter().any(|term| term.contains("member.type")) {
        if let Some(term) = terms.first_mut().filter(|term| term.contains(" OR ") && !term.starts_with('(')) {
            *term = format!("({term})");
        }
        terms.push(String::from("member.type != \"BOT\""));
    }
    Ok((!terms.is_empty()).then(|| terms.join(" AND ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(filter: Option<&str>, roles: &[Role], admin: bool) -> Options {
        Options {
            space: "A".into(),
            filter: filter.map(str::to_owned),
            roles: roles.to_vec(),
            groups: false,
            invited: false,
            limit: None,
            admin,
        }
    }

    #[test]
    fn roles_become_a_filter_and_administrators_say_the_type() {
        let text = |given, roles, admin| filter(&options(given, roles, admin)).unwrap();
        assert_eq!(text(None, &[], false), None);
        assert_eq!(text(None, &[Role::Owner], false).unwrap(), "role = \"ROLE_MANAGER\"");
        assert_eq!(
            text(None, &[Role::Owner, Role::Manager], true).unwrap(),
            "(role = \"ROLE_MANAGER\" OR role = \"ROLE_ASSISTANT_MANAGER\") AND member.type != \"BOT\""
        );
        assert_eq!(text(Some("member.type = \"HUMAN\""), &[], true).unwrap(), "member.type = \"HUMAN\"");
        assert_eq!(text(None, &[], true).unwrap(), "member.type != \"BOT\"");
        assert!(filter(&options(Some("x"), &[Role::Member], false)).is_err());
    }
}
