//! `chatauth spaces complete-import`.

use crate::chat::{self, Method};
use crate::commands::Context;
use crate::commands::caller::Caller;
use crate::commands::spaces::name::space_name;

/// Open a space that was filled in import mode to its members
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth spaces complete-import spaces/AAAA"))]
pub struct CompleteImport {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
}

impl CompleteImport {
    /// Open a space that was filled in import mode to its members.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(self.complete(context))
    }

    async fn complete(self, context: &Context) -> anyhow::Result<()> {
        let name = space_name(&self.space)?;
        let mut caller = Caller::new(context, &[chat::CompleteImport::SCOPES], false).await?;
        let space = caller.send(&chat::CompleteImport { name }).await?;
        super::show::print(&space, context)?;
        Ok(())
    }
}
