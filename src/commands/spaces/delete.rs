//! `chatauth spaces delete`.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::chat::OneSpace;
use crate::commands::bulk::{self, Made, Task, Wrong, fields};
use crate::commands::caller::Caller;
use crate::commands::failure::Write;
use crate::commands::members::space_name;
use crate::commands::scopes::{self, Method};
use crate::commands::{Context, ErrorCode, Failure};
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

/// Under the 60 writes of spaces a minute that Google allows a project.
pub const DEFAULT_RATE: bulk::Rate = bulk::Rate::Limited { per_minute: 50, per_hour: None };

/// Deleting the space of every row.
struct Rows {
    admin: bool,
}

/// Deletes the space of every row.
pub async fn run_from(admin: bool, options: &bulk::Options, context: &Context) -> Result<(), Failure> {
    bulk::run(&Rows { admin }, options, context).await
}

impl Task for Rows {
    type Work = OneSpace;

    fn columns(&self) -> &'static [&'static str] {
        &["space"]
    }

    fn verb(&self) -> (&'static str, &'static str) {
        ("delete", "deleted")
    }

    fn member(&self) -> &'static str {
        "space"
    }

    fn needs_request_id(&self) -> bool {
        false
    }

    fn plan(&self, members: &Map<String, Value>, _request_id: &str) -> Result<OneSpace, Wrong> {
        if let Some(other) = members.keys().find(|name| *name != "space") {
            return Err(Wrong::new(other, "there is no such member"));
        }
        let text = members.get("space").ok_or_else(|| Wrong::new("space", "is missing"))?;
        let name = space_name(&fields::text("space", text)?);
        Ok(OneSpace { name: name.map_err(|failure| Wrong::new("space", failure.message))?, admin: self.admin })
    }

    fn methods(&self, _request: &OneSpace) -> Vec<&'static Method> {
        self.least()
    }

    fn least(&self) -> Vec<&'static Method> {
        vec![&scopes::DELETE]
    }

    fn admin(&self) -> bool {
        self.admin
    }

    async fn make(
        &self,
        request: &OneSpace,
        unknown_since: Option<OffsetDateTime>,
        caller: &mut Caller<'_>,
        context: &Context,
    ) -> Result<Made, Failure> {
        let repeat = context.repeat();
        let result = caller
            .write("delete the space", Write { request_id: None, repeat: &repeat }, async |chat, token, operation| {
                chat.delete_space(token, request, operation).await
            })
            .await;
        match result {
            Ok(()) => {}
            // Gone, and it may have been us.
            Err(failure) if unknown_since.is_some() && failure.code == ErrorCode::NotFound => {}
            Err(failure) => return Err(failure),
        }
        let name = request.name.to_string();
        Ok(Made { json: json!({ "name": name }), name, existed: false })
    }

    async fn finish(
        &self,
        _request: &OneSpace,
        _name: &str,
        _caller: &mut Caller<'_>,
        _context: &Context,
    ) -> Result<(), Failure> {
        Ok(())
    }
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
