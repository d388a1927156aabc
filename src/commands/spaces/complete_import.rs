//! `chatauth spaces complete-import`.

use crate::chat::{self, Method};
use crate::commands::Context;
use crate::commands::arguments::space_name;
use crate::commands::caller::Caller;

/// End import mode and open the space to its members
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!("chatauth spaces complete-import spaces/AAAA")))]
pub struct CompleteImport {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
}

impl CompleteImport {
    /// Ends the import mode of the space.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let name = space_name(&self.space)?;
        let mut caller = Caller::new(context, &[chat::CompleteImport::SCOPES], false).await?;
        let space = caller.send(&chat::CompleteImport { name }).await?;
        super::show::print_written("spaces complete-import", &space, context)
    }
}
