//! `chatauth members get`.

use crate::chat::{GetMembership, Method};
use crate::commands::Context;
use crate::commands::arguments::{AdminAccess, space_name};
use crate::commands::caller::Caller;

/// Show one member of a space
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!("chatauth members get spaces/AAAA ada@example.com")))]
pub struct Get {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
    /// Member, by email or ID
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Get {
    /// Shows the member.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let space = space_name(&self.space)?;
        let name = super::show::member_name(&space, &self.user, admin, context)?;
        let mut caller = Caller::new(context, &[GetMembership::SCOPES], admin).await?;
        let request = GetMembership { name, admin };
        let membership =
            caller.send(&request).await.map_err(|error| super::show::report(error, &request.name, admin, context))?;
        Ok(super::show::print(&membership, context)?)
    }
}
