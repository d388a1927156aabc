//! `chatauth spaces find-dm`.

use crate::chat::user_name;
use crate::commands::caller::Caller;
use crate::commands::{Context, ErrorCode, Failure, scopes};

/// Shows the direct message with a person.
pub async fn run(user: &str, context: &Context) -> Result<(), Failure> {
    let name = user_name(user).map_err(|cause| Failure::usage(format!("the user {user:?} (name) {cause}")))?;
    let mut caller = Caller::new(context, &[&scopes::FIND_DIRECT_MESSAGE], false).await?;
    let result = caller
        .read("find the direct message", async |chat, token, operation| {
            chat.find_direct_message(token, &name, operation).await
        })
        .await;
    let space = result.map_err(|failure| match failure.code {
        ErrorCode::NotFound => failure.hint(format!(
            "there is none yet; this begins one: {}",
            context.command(["spaces", "create", "--type", "direct-message", "--member", user])
        )),
        _ => failure,
    })?;
    super::print(&space, context)
}
