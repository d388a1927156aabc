//! `chatauth spaces delete`.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::chat::{DeleteSpace, GetSpace, Method, Scopes};
use crate::commands::bulk::{self, Made, Task, Wrong, fields};
use crate::commands::caller::Caller;
use crate::commands::members::space_name;
use crate::commands::{Context, Failure};
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
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let request = DeleteSpace { name: space_name(&options.space)?, admin: options.admin };
    let settings = &context.settings;
    let somebody = settings.input && settings.terminals.stdin && settings.terminals.stderr;
    if !options.yes && !somebody {
        return Err(Failure::usage(format!(
            "deleting {} ends its messages, files and memberships for good, and nobody is there to be asked",
            request.name
        ))
        .hint(format!("to delete it all the same, say --yes: {} --yes", context.repeat()))
        .into());
    }
    let mut caller = Caller::new(context, &[DeleteSpace::SCOPES], options.admin).await?;
    if !options.yes {
        confirm(&request, &mut caller, context).await?;
    }
    caller.send(&request).await?;
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
pub async fn run_from(admin: bool, options: &bulk::Options, context: &Context) -> anyhow::Result<()> {
    Ok(bulk::run(&Rows { admin }, options, context).await?)
}

impl Task for Rows {
    type Work = DeleteSpace;

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

    fn plan(&self, members: &Map<String, Value>, _request_id: &str) -> Result<DeleteSpace, Wrong> {
        if let Some(other) = members.keys().find(|name| *name != "space") {
            return Err(Wrong::new(other, "there is no such member"));
        }
        let text = members.get("space").ok_or_else(|| Wrong::new("space", "is missing"))?;
        let name = space_name(&fields::text("space", text)?);
        Ok(DeleteSpace { name: name.map_err(|failure| Wrong::new("space", failure.message))?, admin: self.admin })
    }

    fn methods(&self, _request: &DeleteSpace) -> Vec<Scopes> {
        self.least()
    }

    fn least(&self) -> Vec<Scopes> {
        vec![DeleteSpace::SCOPES]
    }

    fn admin(&self) -> bool {
        self.admin
    }

    async fn make(
        &self,
        request: &DeleteSpace,
        unknown_since: Option<OffsetDateTime>,
        caller: &mut Caller<'_>,
        context: &Context,
    ) -> Result<Made, Failure> {
        match caller.send(request).await {
            Ok(()) => {}
            // Gone, and it may have been us.
            Err(error) if unknown_since.is_some() && error.is_not_found() => {}
            Err(error) => return Err(context.report(error)),
        }
        let name = request.name.to_string();
        Ok(Made { json: json!({ "name": name }), name, existed: false })
    }

    async fn finish(
        &self,
        _request: &DeleteSpace,
        _name: &str,
        _caller: &mut Caller<'_>,
        _context: &Context,
    ) -> Result<(), Failure> {
        Ok(())
    }
}

/// Asks for the name of the space; for its id where the login does not allow to read the name, because no login should
/// be asked for more than deleting needs.
async fn confirm(request: &DeleteSpace, caller: &mut Caller<'_>, context: &Context) -> Result<(), Failure> {
    let may_read = caller.allows(GetSpace::SCOPES, request.admin) != Some(false);
    let get = GetSpace { name: request.name.clone(), admin: request.admin };
    let space = if may_read { caller.send(&get).await.ok() } else { None };
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
