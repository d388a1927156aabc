//! `chatauth members update`.

use std::path::PathBuf;

use super::role::give_role;
use super::rows;
use crate::bulk::{Applied, Attempt, Column, Planned, Rate, RowFault, Values, Words};
use crate::chat::{GetMembership, MemberName, Method, PatchMembership, Role, Scopes, SpaceName};
use crate::commands::Context;
use crate::commands::arguments::{AdminAccess, space_name};
use crate::commands::bulk::{self, RowCommand, RowsArgs};
use crate::commands::caller::{Caller, MEMBERS_RATE};

/// Change the role of a member
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!("chatauth members update spaces/AAAA ada@example.com --role manager")))]
pub struct Update {
    /// Space: spaces/AAAA, its ID or its URL
    ///
    /// With --from: the space of rows without one.
    #[arg(value_name = "SPACE", required_unless_present = "from")]
    space: Option<String>,
    /// Member, by email or ID
    #[arg(value_name = "USER", required_unless_present = "from")]
    user: Option<String>,
    /// New role: member, manager or owner
    #[arg(long, value_name = "ROLE", hide_possible_values = true, required_unless_present = "from")]
    role: Option<Role>,
    /// Change a role per row of CSV or JSON Lines; - is stdin
    ///
    /// The columns are space, member and role. The output of members list is read too.
    #[arg(long, value_name = "FILE", help_heading = "Many at once", conflicts_with = "user")]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    #[command(flatten)]
    rows: RowsArgs,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Update {
    /// Changes the role.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        if let Some(from) = &self.from {
            return bulk::run(&self, from, &self.rows.bulk, self.rows.dry_run, self.admin.use_admin_access, context);
        }
        context.block_on(self.update(context))
    }

    async fn update(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let space = space_name(self.space.as_deref().unwrap_or_default())?;
        let name = super::show::member_name(&space, self.user.as_deref().unwrap_or_default(), admin, context)?;
        let mut caller = Caller::new(context, &methods(&name), admin).await?;
        let repeat = context.typed_command();
        let membership =
            give_role(&space, name.as_str(), self.role.unwrap_or(Role::Member), admin, &repeat, &mut caller)
                .await
                .map_err(|error| super::show::report(error, &name, admin, context))?;
        let done = format!("members update succeeded for {}", name.id());
        Ok(super::show::print(&membership, context).map_err(|error| context.report_unprinted(error, &done))?)
    }
}

/// The methods that it takes: an e-mail address is looked up first.
fn methods(name: &MemberName) -> Vec<Scopes> {
    if name.id().contains('@') {
        vec![PatchMembership::SCOPES, GetMembership::SCOPES]
    } else {
        vec![PatchMembership::SCOPES]
    }
}

/// The new role of one member.
#[derive(Debug)]
pub(in crate::commands) struct Change {
    space: SpaceName,
    name: MemberName,
    role: Role,
}

impl RowCommand for Update {
    type Work = Change;
    const NAME: &'static str = "members update";
    const WORDS: Words =
        Words { verb: "update", doing: "Updating", done: "updated", object: "membership", by_request_id: false };
    const RATE: Rate = MEMBERS_RATE;

    fn columns(&self) -> Vec<Column> {
        rows::columns()
    }

    fn options(&self) -> Values {
        rows::options(self.space.as_ref()).with("role", self.role.map(Role::as_wire))
    }

    fn plan(&self, values: &Values, _request_id: &str) -> Result<Planned<Change>, RowFault> {
        let space = rows::space(values, self.space.as_ref())?;
        let role = rows::role(values).or(self.role);
        let role = role.ok_or_else(|| RowFault::in_column("role", "is missing"))?;
        let name = rows::membership(values, self.space.as_ref())?;
        Ok(Planned::of(Some(name.to_string()), Change { space, name, role }))
    }

    fn scopes(&self, change: Option<&Change>) -> Vec<Scopes> {
        change.map_or_else(|| vec![PatchMembership::SCOPES], |change| methods(&change.name))
    }

    async fn apply(&self, change: &Change, _attempt: Attempt, caller: &mut Caller<'_>) -> anyhow::Result<Applied> {
        let (Change { space, name, role }, context) = (change, caller.context());
        let admin = self.admin.use_admin_access;
        let updated = give_role(space, name.as_str(), *role, admin, &context.typed_command(), caller)
            .await
            .map_err(|error| super::show::report(error, name, admin, context))?;
        Ok(Applied { name: updated.fields.name, object: Some(updated.json), ..Applied::default() })
    }
}
