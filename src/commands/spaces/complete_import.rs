//! `chatauth spaces complete-import`.

use crate::chat::{self, Method};
use crate::commands::arguments::space_name;
use crate::commands::caller::Caller;
use crate::commands::{Context, ErrorCode};

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
        let get = context.command(["spaces", "get", name.as_str()]);
        let space = caller.send(&chat::CompleteImport { name }).await.map_err(|error| match context.report(error) {
            // The answer to an earlier completion may have been lost.
            failure if failure.code == ErrorCode::PreconditionFailed => {
                failure.hint(format!("to see whether the import is complete, run {get}"))
            }
            failure => failure,
        })?;
        super::show::print_written("spaces complete-import", &space, context)
    }
}
