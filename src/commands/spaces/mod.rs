//! `chatauth spaces …`.

pub mod complete_import;
pub mod create;
pub mod delete;
mod draft;
pub mod find_dm;
pub mod find_group_chats;
pub mod get;
pub mod list;
pub mod search;
pub mod update;

pub use draft::Fields;

use crate::chat::{Resource, Space};
use crate::output::{Details, Item, List};

use super::{Context, Failure};

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
            let kind = fields.space_type.as_deref().map(type_for_people).unwrap_or_default().to_owned();
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

/// The columns of spaces as CSV. Scripts rely on them: new ones go to the end.
pub const COLUMNS: &[&str] = &[
    "name",
    "displayName",
    "spaceType",
    "spaceUri",
    "externalUserAllowed",
    "spaceHistoryState",
    "membershipCount.joinedDirectHumanUserCount",
    "createTime",
    "lastActiveTime",
    "spaceDetails.description",
];

/// A space as people like to read it.
fn details(space: &Resource<Space>) -> Details {
    let fields = &space.fields;
    let members = fields.membership_count.as_ref().and_then(|count| {
        let people = count.joined_direct_human_user_count?;
        let groups = count.joined_group_count.filter(|groups| *groups > 0);
        Some(groups.map_or_else(|| people.to_string(), |groups| format!("{people} and {groups} groups")))
    });
    Details::new()
        .columns(COLUMNS)
        .maybe("Name", fields.display_name.as_ref())
        .with("Resource", &fields.name)
        .maybe("Link", fields.space_uri.as_ref())
        .maybe("Type", fields.space_type.as_deref().map(type_for_people))
        .maybe("Description", fields.space_details.as_ref().and_then(|details| details.description.as_ref()))
        .maybe("Guidelines", fields.space_details.as_ref().and_then(|details| details.guidelines.as_ref()))
        .maybe(
            "External",
            fields.external_user_allowed.filter(|allowed| *allowed).map(|_| "people outside the organization may join"),
        )
        .maybe("History", fields.space_history_state.as_deref().map(history_for_people))
        .maybe(
            "Access",
            fields.access_settings.as_ref().and_then(|access| access.access_state.as_deref()).map(access_for_people),
        )
        .maybe("Members", members)
        .time("Created", fields.create_time.as_ref())
}

/// The kinds of spaces as the command line calls them; what is not known stays as it came.
fn type_for_people(space_type: &str) -> &str {
    match space_type {
        "SPACE" => "space",
        "GROUP_CHAT" => "group chat",
        "DIRECT_MESSAGE" => "direct message",
        other => other,
    }
}

fn history_for_people(state: &str) -> &str {
    match state {
        "HISTORY_ON" => "on",
        "HISTORY_OFF" => "off",
        other => other,
    }
}

fn access_for_people(state: &str) -> &str {
    match state {
        "PRIVATE" => "private",
        "DISCOVERABLE" => "discoverable",
        other => other,
    }
}
