//! `chatauth members update`.

use super::arguments::{AdminAccess, RoleName, about, member_name};
use super::role::give_role;
use crate::chat::{GetMembership, Method, PatchMembership, Scopes};
use crate::commands::Context;
use crate::commands::caller::Caller;
use crate::commands::spaces::name::space_name;

/// Change the role of a member
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth members update spaces/AAAA ada@example.com --role manager"))]
pub struct Update {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
    /// Member, by email or ID
    #[arg(value_name = "USER")]
    user: String,
    /// New role: member, manager or owner
    #[arg(long, value_name = "ROLE", hide_possible_values = true)]
    role: RoleName,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Update {
    /// Changes the role.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(self.update(context))
    }

    async fn update(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let space = space_name(&self.space)?;
        let name = member_name(&space, &self.user)?;
        let methods: &[Scopes] = if name.id().contains('@') {
            &[PatchMembership::SCOPES, GetMembership::SCOPES]
        } else {
            &[PatchMembership::SCOPES]
        };
        let mut caller = Caller::new(context, methods, admin).await?;
        let repeat = context.repeat();
        let membership = give_role(&space, name.as_str(), self.role.into(), admin, &repeat, &mut caller)
            .await
            .map_err(|error| about(&space, context.report(error), context))?;
        super::show::print(&membership, context)?;
        Ok(())
    }
}
