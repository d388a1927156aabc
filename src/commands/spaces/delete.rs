//! `chatauth spaces delete`.

use std::path::PathBuf;

use serde_json::json;

use super::fields::FIELDS;
use crate::bulk::{Applied, Attempt, Column, Kind, Planned, Rate, RowFault, Values, Words};
use crate::chat::{DeleteSpace, GetSpace, Method, Scopes};
use crate::commands::arguments::{AdminAccess, space_name};
use crate::commands::bulk::{self, RowCommand, RowsArgs, row_fault};
use crate::commands::caller::Caller;
use crate::commands::{Context, ErrorCode, Failure};
use crate::platform::encoding::composed;
use crate::platform::terminal::LineReader;

/// Delete a space and everything in it
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "chatauth spaces delete spaces/AAAA --yes",
    "chatauth spaces delete --from old.csv --yes --journal old.jsonl",
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
    /// The column is space; the output of spaces list is read too. Requires --yes or --dry-run, since it cannot prompt.
    #[arg(long, value_name = "FILE", help_heading = "Many at once", conflicts_with = "space")]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    #[command(flatten)]
    rows: RowsArgs,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Delete {
    /// Deletes the space, or those of a file.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        if let Some(from) = &self.from {
            if !self.yes && !self.rows.dry_run {
                return Err(Failure::usage("cannot prompt before deleting the spaces of a file")
                    .hint("to see what would be deleted, pass --dry-run; to delete it, pass --yes")
                    .into());
            }
            return bulk::run(&DeleteRows { admin }, from, &self.rows.bulk, self.rows.dry_run, admin, context);
        }
        context.block_on(self.delete(context))
    }

    async fn delete(self, context: &Context) -> anyhow::Result<()> {
        let request = DeleteSpace {
            name: space_name(self.space.as_deref().unwrap_or_default())?,
            admin: self.admin.use_admin_access,
        };
        let settings = &context.settings;
        let can_prompt = settings.input && settings.terminals.stdin && settings.terminals.stderr;
        if !self.yes && !can_prompt {
            return Err(Failure::usage(format!(
                "cannot prompt before deleting {} with its messages, files and memberships",
                request.name
            ))
            .hint(format!("to skip the confirmation, run {} --yes", context.typed_command()))
            .into());
        }
        let mut caller = Caller::new(context, &[DeleteSpace::SCOPES], request.admin).await?;
        if !self.yes {
            confirm(&request, &mut caller, context).await?;
        }
        let lost = if caller.send(&request).await?.is_none() { " (the response was lost)" } else { "" };
        context.messages.note(&format!("Deleted {}{lost}", request.name));
        Ok(())
    }
}

/// Deleting the space of every row.
struct DeleteRows {
    admin: bool,
}

impl RowCommand for DeleteRows {
    type Work = DeleteSpace;
    const NAME: &'static str = "spaces delete";
    const WORDS: Words =
        Words { verb: "delete", doing: "Deleting", done: "deleted", object: "space", by_request_id: false };
    /// Under the 60 writes of spaces a minute that Google allows a project.
    const RATE: Rate = Rate::Limited { per_minute: 50, per_hour: None };

    fn columns(&self) -> Vec<Column> {
        let listed = FIELDS.iter().map(|field| field.path).filter(|path| *path != "name");
        let listed = listed.map(|path| Column::new(path, Kind::Ignored));
        std::iter::once(Column::new("space", Kind::One).or(&["name"])).chain(listed).collect()
    }

    fn options(&self) -> Values {
        Values::default()
    }

    fn plan(&self, values: &Values, _request_id: &str) -> Result<Planned<DeleteSpace>, RowFault> {
        let text = values.text("space").ok_or_else(|| RowFault::in_column("space", "is missing"))?;
        let name = space_name(text).map_err(|failure| row_fault(Some("space"), failure))?;
        Ok(Planned::of(Some(name.to_string()), DeleteSpace { name, admin: self.admin }))
    }

    fn scopes(&self, _request: Option<&DeleteSpace>) -> Vec<Scopes> {
        vec![DeleteSpace::SCOPES]
    }

    async fn apply(&self, request: &DeleteSpace, attempt: Attempt, caller: &mut Caller<'_>) -> anyhow::Result<Applied> {
        match caller.send(request).await {
            Ok(_) => {}
            // An earlier attempt of this row may have deleted it.
            Err(error) if attempt.unknown_since.is_some() && error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
        let name = request.name.to_string();
        Ok(Applied { object: Some(json!({ "name": name })), name, ..Applied::default() })
    }
}

/// Asks the person to type the name of the space, or its ID if the login may not read the name: a login for deleting
/// asks for no further scope.
async fn confirm(request: &DeleteSpace, caller: &mut Caller<'_>, context: &Context) -> Result<(), Failure> {
    let mut name = None;
    if caller.allows(GetSpace::SCOPES, request.admin) != Some(false) {
        let get = GetSpace { name: request.name.clone(), admin: request.admin };
        match caller.send(&get).await.map_err(|error| context.report(error)) {
            Ok(space) => name = space.fields.display_name,
            Err(failure) if matches!(failure.code, ErrorCode::PermissionDenied | ErrorCode::ScopeMissing) => {}
            Err(failure) => return Err(failure),
        }
    }
    let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| request.name.to_string());
    context.messages.print(&format!(
        "This permanently deletes {} with all its messages, files and memberships. To confirm, type its name ({name}):",
        request.name
    ));
    let gone = || Failure::usage("no confirmation; nothing was deleted");
    let typed = LineReader::new().map_err(|_| gone())?.paste().await.ok_or_else(gone)?;
    if composed(typed.trim()) == composed(name.trim()) {
        Ok(())
    } else {
        Err(Failure::usage("the name does not match; nothing was deleted")
            .hint(format!("type the name exactly, or run {} --yes", context.typed_command())))
    }
}
