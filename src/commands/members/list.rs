//! `chatauth members list`.

use super::show::{LARGEST_PAGE, list_of_members, row};
use crate::chat::{ListMemberships, Method, Resource, Role};
use crate::commands::arguments::{AdminAccess, space_name};
use crate::commands::caller::Caller;
use crate::commands::pagination::{Limit, Pages};
use crate::commands::{Context, Failure};
use crate::output::Item;

/// List the members of a space
#[derive(Debug, Default, clap::Args)]
#[command(after_help = super::show::with_columns(examples!("chatauth members list spaces/AAAA --format csv")))]
pub struct List {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
    /// Only this role: member, manager or owner (repeatable)
    #[arg(long, value_name = "ROLE", hide_possible_values = true)]
    role: Vec<Role>,
    /// Filter of the API, as in 'member.type = "HUMAN"'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Also list groups
    #[arg(long)]
    show_groups: bool,
    /// Also list people who are invited
    #[arg(long)]
    show_invited: bool,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    admin: AdminAccess,
}

impl List {
    /// Lists the members.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let space = space_name(&self.space)?;
        let filter = filter(&self)?;
        let mut caller = Caller::new(context, &[ListMemberships::SCOPES], admin).await?;
        let mut list = list_of_members(context);
        let mut pages = Pages::up_to(&self.limit, LARGEST_PAGE, context);
        let request = |paging| ListMemberships {
            space: space.clone(),
            filter: filter.clone(),
            groups: self.show_groups,
            invited: self.show_invited,
            paging,
            admin,
        };
        while let Some(members) = pages.next(&mut caller, request).await? {
            for Resource { fields, json } in &members {
                list.push(&Item { json, name: &fields.name }, row(fields, caller.is_own(fields) == Some(true)))?;
            }
        }
        if list.finish()? == 0 {
            context.messages.note("No members found");
        }
        Ok(())
    }
}

fn filter(options: &List) -> Result<Option<String>, Failure> {
    let mut terms = Vec::new();
    match (&options.filter, &options.role[..]) {
        (Some(_), [_, ..]) => {
            return Err(Failure::usage("--role cannot be used with --filter: put the role into the filter"));
        }
        (Some(filter), []) => terms.push(filter.clone()),
        (None, roles) => {
            let roles: Vec<String> = roles.iter().map(|role| format!("role = \"{}\"", role.as_wire())).collect();
            if !roles.is_empty() {
                terms.push(roles.join(" OR "));
            }
        }
    }
    // With administrator access the API requires a filter on the type of member.
    if options.admin.use_admin_access && !terms.iter().any(|term| term.contains("member.type")) {
        // OR binds more tightly than AND (AIP-160), and no reference shows parentheses for this method.
        terms.push(String::from("member.type != \"BOT\""));
    }
    Ok((!terms.is_empty()).then(|| terms.join(" AND ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(filter: Option<&str>, roles: &[Role], admin: bool) -> List {
        List {
            filter: filter.map(str::to_owned),
            role: roles.to_vec(),
            admin: AdminAccess { use_admin_access: admin },
            ..List::default()
        }
    }

    #[test]
    fn roles_become_a_filter_and_administrators_say_the_type() {
        let text = |given, roles, admin| filter(&options(given, roles, admin)).unwrap();
        assert_eq!(text(None, &[], false), None);
        assert_eq!(text(None, &[Role::Owner], false).unwrap(), "role = \"ROLE_MANAGER\"");
        assert_eq!(
            text(None, &[Role::Owner, Role::Manager], true).unwrap(),
            "role = \"ROLE_MANAGER\" OR role = \"ROLE_ASSISTANT_MANAGER\" AND member.type != \"BOT\""
        );
        assert_eq!(text(Some("member.type = \"HUMAN\""), &[], true).unwrap(), "member.type = \"HUMAN\"");
        assert_eq!(text(None, &[], true).unwrap(), "member.type != \"BOT\"");
        assert!(filter(&options(Some("x"), &[Role::Member], false)).is_err());
    }
}
