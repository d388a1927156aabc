//! `chatauth spaces find-dm`.

use crate::chat::{FindDirectMessage, Method, user_name};
use crate::commands::caller::Caller;
use crate::commands::{Context, Failure};

/// Shows the direct message with a person.
pub async fn run(user: &str, context: &Context) -> anyhow::Result<()> {
    let name = user_name(user).map_err(|cause| Failure::usage(format!("the user {user:?} (name) {cause}")))?;
    let mut caller = Caller::new(context, &[FindDirectMessage::SCOPES], false).await?;
    let space = match caller.send(&FindDirectMessage { user: name }).await {
        Err(error) if error.is_not_found() => {
            let command = context.command(["spaces", "create", "--type", "direct-message", "--member", user]);
            return Err(context.report(error).hint(format!("there is none yet; this begins one: {command}")).into());
        }
        result => result?,
    };
    super::print(&space, context)?;
    Ok(())
}
