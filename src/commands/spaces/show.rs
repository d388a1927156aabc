//! Spaces in the formats of the output.

use super::fields::{COLUMNS, TYPES, details};
use crate::chat::{Method, Page, Paging, Resource, Space};
use crate::commands::Context;
use crate::commands::arguments::for_people;
use crate::commands::caller::Caller;
use crate::commands::pagination::Pages;
use crate::output::Item;

/// Returns the help after the options: examples, and the columns of CSV.
pub(super) fn with_columns(examples: &str) -> String {
    crate::commands::with_columns(examples, &COLUMNS)
}

/// Prints one space.
pub(super) fn print(space: &Resource<Space>, context: &Context) -> anyhow::Result<()> {
    let item = Item { json: &space.json, name: &space.fields.name };
    Ok(context.printer.item(&item, &details(space))?)
}

/// Prints the space that `command` changed, which is reported if it cannot be printed.
pub(super) fn print_written(command: &str, space: &Resource<Space>, context: &Context) -> anyhow::Result<()> {
    let done = format!("{command} succeeded for {}", space.fields.name);
    Ok(print(space, context).map_err(|error| context.report_unprinted(error, &done))?)
}

/// Prints a list of spaces, page by page.
pub(super) async fn print_list<M: Method<Response = Page<Space>>>(
    mut pages: Pages,
    request: impl Fn(Paging) -> M,
    caller: &mut Caller<'_>,
    context: &Context,
) -> anyhow::Result<()> {
    let list = context.printer.list(&["NAME", "TYPE", "RESOURCE", "LAST ACTIVE", "LINK"]);
    // A cut link is useless, so a narrow terminal leaves it out first.
    let mut list = list.times(&["LAST ACTIVE"]).optional(&["LINK"]).columns(&COLUMNS);
    while let Some(spaces) = pages.next(caller, &request).await? {
        for Resource { fields, json } in &spaces {
            list.push(&Item { json, name: &fields.name }, row(fields))?;
        }
    }
    if list.finish()? == 0 {
        context.messages.note("No spaces found");
    }
    Ok(())
}

/// Returns the cells of a space.
fn row(space: &Space) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![
        text(&space.display_name),
        space.space_type.as_deref().map(|kind| for_people(TYPES, kind)).unwrap_or_default(),
        space.name.clone(),
        text(&space.last_active_time),
        text(&space.space_uri),
    ]
}
