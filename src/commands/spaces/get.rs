//! `chatauth spaces get`.

use crate::chat::{GetSpace, Method};
use crate::commands::Context;
use crate::commands::arguments::{AdminAccess, space_name};
use crate::commands::caller::Caller;

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
    /// Shows the space.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let request = GetSpace { name: space_name(&self.space)?, admin };
        let mut caller = Caller::new(context, &[GetSpace::SCOPES], admin).await?;
        let space = caller.send(&request).await?;
        super::show::print(&space, context)
    }
}
