//! `chatauth spaces delete`.

use crate::chat::OneSpace;
use crate::commands::caller::Caller;
use crate::commands::failure::Write;
use crate::commands::members::space_name;
use crate::commands::{Context, Failure, scopes};
use crate::platform::terminal::LineReader;

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// Which space.
    pub space: String,
    /// Whether nobody is to be asked.
    pub yes: bool,
    /// Whether as an administrator.
    pub admin: bool,
}

/// Deletes a space with all that is in it.
pub async fn run(options: Options, context: &Context) -> Result<(), Failure> {
    let request = OneSpace { name: space_name(&options.space)?, admin: options.admin };
    let settings = &context.settings;
    let somebody = settings.input && settings.terminals.stdin && settings.terminals.stderr;
    if !options.yes && !somebody {
        return Err(Failure::usage(format!(
            "deleting {} ends its messages, files and memberships for good, and nobody is there to be asked",
            request.name
        ))
        .hint(format!("to delete it all the same, say --yes: {} --yes", context.repeat())));
    }
    let mut caller = Caller::new(context, &[&scopes::DELETE], options.admin).await?;
    if !options.yes {
        confirm(&request, &mut caller, context).await?;
    }
    let repeat = context.repeat();
    caller
        .write("delete the space", Write { request_id: None, repeat: &repeat }, async |chat, token, operation| {
            chat.delete_space(token, &request, operation).await
        })
        .await?;
    context.messages.note(&format!("Deleted {}.", request.name));
    Ok(())
}

/// Asks for the name of the space; for its id where the login does not allow to read the name, because no login should
/// be asked for more than deleting needs.
async fn confirm(request: &OneSpace, caller: &mut Caller<'_>, context: &Context) -> Result<(), Failure> {
    let may_read = caller.allows(&scopes::GET, request.admin) != Some(false);
    let space = if may_read {
        caller
            .read("get the space", async |chat, token, operation| chat.get_space(token, request, operation).await)
            .await
            .ok()
    } else {
        None
    };
    let name = space
        .and_then(|space| space.fields.display_name)
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(|| request.name.to_string());
    context.messages.always(&format!(
        "This deletes {} with all its messages, files and memberships, for good. To confirm, type its name ({name}):",
        request.name
    ));
    let gone = || Failure::usage("nothing was typed; nothing was deleted");
    let typed = LineReader::new().map_err(|_| gone())?.paste().await.ok_or_else(gone)?;
    if typed.trim() == name.trim() {
        Ok(())
    } else {
        Err(Failure::usage("that is not the name; nothing was deleted")
            .hint(format!("type it as it stands, or say --yes: {} --yes", context.repeat())))
    }
}
