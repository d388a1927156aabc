//! `chatauth spaces delete`.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::chat::{DeleteSpace, GetSpace, Method, Scopes};
use crate::commands::bulk::{self, BulkArgs, Made, Task, Wrong, fields};
use crate::commands::caller::Caller;
use crate::commands::members::arguments::AdminAccess;
use crate::commands::spaces::name::space_name;
use crate::commands::{Context, Failure};
use crate::platform::terminal::LineReader;

/// Delete a space and everything in it
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "chatauth spaces delete spaces/AAAA --yes",
    "chatauth spaces delete --from old.csv --yes --results old.jsonl",
))]
pub struct Delete {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE", required_unless_present = "from")]
    space: Option<String>,
    /// Skip the confirmation
    #[arg(long)]
    yes: bool,
    /// Delete a space per row of CSV or JSON Lines; - is stdin
    ///
    /// The column is space. Nothing is asked, so --yes is required.
    #[arg(long, value_name = "FILE", help_heading = "Many at once", conflicts_with = "space", requires = "yes")]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    #[command(flatten)]
    bulk: BulkArgs,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Delete {
    /// Deletes the space, or those of a file.
    pub fn run(mut self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        if let Some(from) = self.from.take() {
            let options = std::mem::take(&mut self.bulk).options(from, DEFAULT_RATE, false);
            return context.block_on(async move { Ok(bulk::run(&Rows { admin }, &options, context).await?) });
        }
        context.block_on(self.delete(context))
    }

    async fn delete(self, context: &Context) -> anyhow::Result<()> {
        let request = DeleteSpace {
            name: space_name(self.space.as_deref().unwrap_or_default())?,
            admin: self.admin.use_admin_access,
        };
        let settings = &context.settings;
        let somebody = settings.input && settings.terminals.stdin && settings.terminals.stderr;
        if !self.yes && !somebody {
            return Err(Failure::usage(format!(
                "cannot ask whether to delete {} with its messages, files and memberships",
                request.name
            ))
            .hint(format!("to delete it without a question, run {} --yes", context.repeat()))
            .into());
        }
        let mut caller = Caller::new(context, &[DeleteSpace::SCOPES], request.admin).await?;
        if !self.yes {
            confirm(&request, &mut caller, context).await?;
        }
        caller.send(&request).await?;
        context.messages.note(&format!("Deleted {}", request.name));
        Ok(())
    }
}

/// Under the 60 writes of spaces a minute that Google allows a project.
const DEFAULT_RATE: bulk::Rate = bulk::Rate::Limited { per_minute: 50, per_hour: None };

/// Deleting the space of every row.
struct Rows {
    admin: bool,
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
        "This permanently deletes {} with all its messages, files and memberships. To confirm, type its name ({name}):",
        request.name
    ));
    let gone = || Failure::usage("no confirmation; nothing was deleted");
    let typed = LineReader::new().map_err(|_| gone())?.paste().await.ok_or_else(gone)?;
    if typed.trim() == name.trim() {
        Ok(())
    } else {
        Err(Failure::usage("the name does not match; nothing was deleted")
            .hint(format!("type the name exactly, or run {} --yes", context.repeat())))
    }
}
