//! `chatauth members list`.

use super::arguments::{AdminAccess, RoleName};
use super::show::{LARGEST_PAGE, list_of_members, row};
use crate::chat::{ListMemberships, Method, Role};
use crate::commands::caller::Caller;
use crate::commands::pagination::Pages;
use crate::commands::spaces::name::space_name;
use crate::commands::{Context, Failure};
use crate::output::Item;

/// List the members of a space
#[derive(Debug, Default, clap::Args)]
#[command(after_help = examples!("chatauth members list spaces/AAAA --format csv"))]
pub struct List {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
    /// Only this role: member, manager or owner (repeatable)
    #[arg(long, value_name = "ROLE", hide_possible_values = true)]
    role: Vec<RoleName>,
    /// Filter of the API, as in 'member.type = "HUMAN"'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Also list groups
    #[arg(long)]
    show_groups: bool,
    /// Also list people who are invited
    #[arg(long)]
    show_invited: bool,
    /// Stop after N results
    #[arg(short = 'L', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    admin: AdminAccess,
}

impl List {
    /// Lists the members.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(self.list(context))
    }

    async fn list(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let space = space_name(&self.space)?;
        let filter = filter(&self)?;
        let mut caller = Caller::new(context, &[ListMemberships::SCOPES], admin).await?;
        let mut list = list_of_members(context);
        let mut pages = Pages::new(self.limit, LARGEST_PAGE).shown(context);
        while let Some(paging) = pages.next()? {
            let request = ListMemberships {
                space: space.clone(),
                filter: filter.clone(),
                groups: self.show_groups,
                invited: self.show_invited,
                paging,
                admin,
            };
            let page = caller.send(&request).await?;
            for membership in pages.take(page) {
                let item = Item { json: &membership.json, name: &membership.fields.name };
                list.push(&item, || row(&membership.fields, caller.is_member(&membership.fields)))?;
            }
        }
        let count = list.finish()?;
        if count == 0 {
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
            let roles: Vec<String> =
                roles.iter().map(|role| format!("role = \"{}\"", Role::from(*role).as_wire())).collect();
            if !roles.is_empty() {
                terms.push(roles.join(" OR "));
            }
        }
    }
    // With administrator access the API requires a filter on the type of member.
    if options.admin.use_admin_access && !terms.iter().any(|term| term.contains("member.type")) {
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

    fn options(filter: Option<&str>, roles: &[RoleName], admin: bool) -> List {
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
        assert_eq!(text(None, &[RoleName::Owner], false).unwrap(), "role = \"ROLE_MANAGER\"");
        assert_eq!(
            text(None, &[RoleName::Owner, RoleName::Manager], true).unwrap(),
            "(role = \"ROLE_MANAGER\" OR role = \"ROLE_ASSISTANT_MANAGER\") AND member.type != \"BOT\""
        );
        assert_eq!(text(Some("member.type = \"HUMAN\""), &[], true).unwrap(), "member.type = \"HUMAN\"");
        assert_eq!(text(None, &[], true).unwrap(), "member.type != \"BOT\"");
        assert!(filter(&options(Some("x"), &[RoleName::Member], false)).is_err());
    }
}
