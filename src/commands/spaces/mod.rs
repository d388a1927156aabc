//! `chatauth spaces …`.

pub mod complete_import;
pub mod create;
pub mod delete;
mod draft;
pub(super) mod fields;
pub mod find_dm;
pub mod find_group_chats;
pub mod get;
pub mod list;
pub mod open;
mod options;
pub mod search;
pub mod update;

use crate::chat::{Resource, Space, SpaceName};
use crate::output::{Item, List};

use super::{Context, Failure};
pub(super) use fields::{COLUMNS, details, word};

super::subcommands! {
    /// Create, find, change and delete spaces
    pub Spaces {
        Create(create::Create),
        List(list::List),
        Get(get::Get),
        Open(open::Open),
        Update(update::Update),
        Delete(delete::Delete),
        Search(search::Search),
        FindDm(find_dm::FindDm),
        FindGroupChats(find_group_chats::FindGroupChats),
        CompleteImport(complete_import::CompleteImport),
    }
}

/// Help that names the columns of CSV after the examples.
fn with_columns(examples: &str) -> String {
    let columns: Vec<String> = COLUMNS.chunks(5).map(|columns| columns.join(", ")).collect();
    let (examples, more) = examples.rsplit_once("\n\n").unwrap_or((examples, ""));
    format!(
        "{examples}\n\nColumns of --format csv, named as in the API:\n  {}\n  Values stay as they are, also those that a \
         spreadsheet would take for a formula (= + - @).\n\n{more}",
        columns.join(",\n  ")
    )
}

/// Reads the name of a space.
pub(super) fn space_name(text: &str) -> Result<SpaceName, Failure> {
    SpaceName::parse(text).map_err(|cause| Failure::usage(format!("the space {text:?} {cause}")))
}

/// Begins a list of spaces.
fn list_of_spaces(context: &Context) -> List<'_> {
    let list = context.printer.list(&["NAME", "TYPE", "RESOURCE", "LAST ACTIVE", "LINK"]);
    // Half a link is none, so on a narrow terminal it goes first.
    list.times(&["LAST ACTIVE"]).optional(&["LINK"]).columns(COLUMNS)
}

/// Prints one space.
fn print(space: &Resource<Space>, context: &Context) -> Result<(), Failure> {
    let item = Item { json: &space.json, name: &space.fields.name };
    Ok(context.printer.item(&item, &details(space))?)
}

/// Adds spaces to a list.
fn push(spaces: Vec<Resource<Space>>, list: &mut List<'_>) -> Result<(), Failure> {
    for space in spaces {
        let fields = &space.fields;
        list.push(&Item { json: &space.json, name: &fields.name }, || {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            let kind =
                fields.space_type.as_deref().map(|wire| word("spaceType", wire)).unwrap_or_default().replace('-', " ");
            vec![
                text(&fields.display_name),
                kind,
                fields.name.clone(),
                text(&fields.last_active_time),
                text(&fields.space_uri),
            ]
        })?;
    }
    Ok(())
}

/// Ends a list of spaces.
fn finish(list: List<'_>, context: &Context) -> Result<(), Failure> {
    let count = list.finish()?;
    if count == 0 {
        context.messages.note("There is no such space.");
    }
    Ok(())
}
