//! `chatauth spaces complete-import`.

use crate::commands::caller::Caller;
use crate::commands::failure::Write;
use crate::commands::members::space_name;
use crate::commands::{Context, Failure, scopes};

/// Opens a space that was filled in import mode to its members.
pub async fn run(space: &str, context: &Context) -> Result<(), Failure> {
    let name = space_name(space)?;
    let mut caller = Caller::new(context, &[&scopes::COMPLETE_IMPORT], false).await?;
    let repeat = context.repeat();
    let space = caller
        .write("complete the import", Write { request_id: None, repeat: &repeat }, async |chat, token, operation| {
            chat.complete_import(token, &name, operation).await
        })
        .await?;
    super::print(&space, context)
}
