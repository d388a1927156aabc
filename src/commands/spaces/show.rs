//! Spaces as people and scripts see them.

use super::fields::{COLUMNS, details, word};
use crate::chat::{Resource, Space};
use crate::commands::{Context, Failure};
use crate::output::{Item, List};

/// Help that names the columns of CSV after the examples.
pub(super) fn with_columns(examples: &str) -> String {
    let columns: Vec<String> = COLUMNS.chunks(3).map(|columns| columns.join(", ")).collect();
    format!(
        "{examples}\n\nColumns of --format csv:\n  {}\n  \
         Values are not escaped: a spreadsheet may run one that begins with = + - @.",
        columns.join(",\n  ")
    )
}

/// Begins a list of spaces.
pub(super) fn list_of_spaces(context: &Context) -> List<'_> {
    let list = context.printer.list(&["NAME", "TYPE", "RESOURCE", "LAST ACTIVE", "LINK"]);
    // Half a link is none, so on a narrow terminal it goes first.
    list.times(&["LAST ACTIVE"]).optional(&["LINK"]).columns(COLUMNS)
}

/// Prints one space.
pub(super) fn print(space: &Resource<Space>, context: &Context) -> Result<(), Failure> {
    let item = Item { json: &space.json, name: &space.fields.name };
    Ok(context.printer.item(&item, &details(space))?)
}

/// Adds spaces to a list.
pub(super) fn push(spaces: Vec<Resource<Space>>, list: &mut List<'_>) -> Result<(), Failure> {
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
pub(super) fn finish(list: List<'_>, context: &Context) -> Result<(), Failure> {
    let count = list.finish()?;
    if count == 0 {
        context.messages.note("No spaces found");
    }
    Ok(())
}
