//! `chatauth spaces get`.

use crate::chat::{GetSpace, Method};
use crate::commands::Context;
use crate::commands::caller::Caller;
use crate::commands::members::arguments::AdminAccess;
use crate::commands::spaces::name::space_name;

/// Show a space
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!(
    "chatauth spaces get spaces/AAAA",
    "chatauth spaces get AAAA --jq .spaceUri",
)))]
pub struct Get {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Get {
    /// Show a space.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(self.get(context))
    }

    async fn get(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let request = GetSpace { name: space_name(&self.space)?, admin };
        let mut caller = Caller::new(context, &[GetSpace::SCOPES], admin).await?;
        let space = caller.send(&request).await?;
        super::show::print(&space, context)?;
        Ok(())
    }
}
