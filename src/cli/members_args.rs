//! `chatauth members`: its options, and from them to the commands.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::commands::{Context, Role, members};

use super::spaces_args::Bulk;

#[derive(Debug, Subcommand)]
pub(super) enum Members {
    /// Add people to a space
    Add(Add),
    /// List the members of a space
    List(List),
    /// Show one membership
    Get(One),
    /// Give a member another role
    Update(Update),
    /// Remove people from a space
    Remove(Remove),
}

/// Acting as an administrator.
#[derive(Debug, Args)]
pub(super) struct Admin {
    /// Act as an administrator of the organization, who need not be a member (needs the scopes chat.admin.…)
    #[arg(long)]
    pub(super) use_admin_access: bool,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The space: spaces/AAAA, its id or its address; with --from, the one of rows that name none
    #[arg(value_name = "SPACE", required_unless_present = "from")]
    space: Option<String>,
    /// A person, by e-mail address or id; app is the calling Chat app
    #[arg(value_name = "USER", required_unless_present_any = ["group", "from"])]
    users: Vec<String>,
    /// A group, by Cloud Identity id
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Add a member for every row of a file: CSV with the columns space, member, group, role, or JSON Lines; - is
    /// standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["users", "group"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    bulk: Bulk,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The space: spaces/AAAA, its id or its address
    #[arg(value_name = "SPACE")]
    space: String,
    /// Only this role
    #[arg(long, value_name = "ROLE")]
    role: Vec<RoleName>,
    /// A filter in the API's own language, as in 'member.type = "HUMAN"'
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Also groups
    #[arg(long)]
    show_groups: bool,
    /// Also people who are only invited
    #[arg(long)]
    show_invited: bool,
    /// Stop after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The space: spaces/AAAA, its id or its address
    #[arg(value_name = "SPACE")]
    space: String,
    /// The member, by e-mail address or id
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Args)]
pub(super) struct Update {
    #[command(flatten)]
    one: One,
    /// The new role
    #[arg(long, value_name = "ROLE")]
    role: RoleName,
}

#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The space: spaces/AAAA, its id or its address
    #[arg(value_name = "SPACE")]
    space: String,
    /// A member, by e-mail address or id; app is the calling Chat app
    #[arg(value_name = "USER", required = true)]
    users: Vec<String>,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleName {
    Member,
    Manager,
    Owner,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Member => Self::Member,
            RoleName::Manager => Self::Manager,
            RoleName::Owner => Self::Owner,
        }
    }
}

/// Runs a command.
pub(super) fn run(command: Members, context: &Context) -> anyhow::Result<()> {
    match command {
        Members::Add(Add { space, from: Some(from), bulk, admin, .. }) => {
            let options = bulk.options(from, members::from::DEFAULT_RATE, false);
            let task = members::from::Task::new(space, admin.use_admin_access);
            context.block_on(members::from::run(&task, &options, context))
        }
        Members::Add(Add { space, users, group, admin, .. }) => {
            let space = space.unwrap_or_default();
            let options = members::add::Options { space, users, groups: group, admin: admin.use_admin_access };
            context.block_on(members::add::run(options, context))
        }
        Members::List(list) => {
            let options = members::list::Options {
                space: list.space,
                filter: list.filter,
                roles: list.role.into_iter().map(Role::from).collect(),
                groups: list.show_groups,
                invited: list.show_invited,
                limit: list.limit,
                admin: list.admin.use_admin_access,
            };
            context.block_on(members::list::run(options, context))
        }
        Members::Get(One { space, user, admin }) => {
            let options = members::get::Options { space, user, admin: admin.use_admin_access };
            context.block_on(members::get::run(options, context))
        }
        Members::Update(Update { one: One { space, user, admin }, role }) => {
            let options = members::update::Options { space, user, role: role.into(), admin: admin.use_admin_access };
            context.block_on(members::update::run(options, context))
        }
        Members::Remove(Remove { space, users, admin }) => {
            let options = members::remove::Options { space, users, admin: admin.use_admin_access };
            context.block_on(members::remove::run(options, context))
        }
    }
}
