//! `chatauth spaces complete-import`.

use crate::chat::{CompleteImport, Method};
use crate::commands::Context;
use crate::commands::caller::Caller;
use crate::commands::members::space_name;

/// Opens a space that was filled in import mode to its members.
pub async fn run(space: &str, context: &Context) -> anyhow::Result<()> {
    let name = space_name(space)?;
    let mut caller = Caller::new(context, &[CompleteImport::SCOPES], false).await?;
    let space = caller.send(&CompleteImport { name }).await?;
    super::print(&space, context)?;
    Ok(())
}
