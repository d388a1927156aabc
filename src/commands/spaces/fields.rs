//! The table of the fields of a space, from which options, columns of rows, requests, update masks, columns of CSV and
//! the details for people are derived.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::bulk;
use crate::chat::{NameError, Resource, Space, audience_name};
use crate::commands::Failure;
use crate::commands::arguments::{Choices, for_people, wire};
use crate::output::Details;
use crate::platform::sanitise::quoted;

/// A field of a space.
#[derive(Debug)]
pub(super) struct Field {
    /// Path in the API's object, such as `spaceDetails.description`.
    pub(super) path: &'static str,
    /// Type of its value.
    pub(super) kind: Kind,
    /// When it can be set.
    pub(super) settable: Settable,
    /// How an update sends it.
    pub(super) mask: Mask,
    /// Whether an administrator cannot change it.
    pub(super) members_only: bool,
    /// The options that set it: one, or two for a switch.
    pub(super) options: &'static [FieldOption],
    /// Label before the value in the details; `None` if they leave it out.
    label: Option<&'static str>,
    /// Number of its CSV column, from 1. Scripts rely on the order, so new columns are added at the end.
    column: Option<usize>,
}

/// An option that sets a field, and the row column of the same name.
#[derive(Debug)]
pub(super) struct FieldOption {
    pub(super) name: &'static str,
    pub(super) value_name: &'static str,
    pub(super) help: &'static str,
}

const fn option(name: &'static str, value_name: &'static str, help: &'static str) -> FieldOption {
    FieldOption { name, value_name, help }
}

/// The type of the value of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Text of at most this many characters.
    Text(usize),
    /// A time, RFC 3339.
    Time,
    /// An enum of the API: a word for each value.
    Choice(Choices),
    /// A boolean, with the text that the details show if it is true.
    Switch(&'static str),
    /// The resource name of a target audience.
    Audience,
    /// The number of people, shown with the number of groups.
    People,
    /// Anything else.
    Other,
}

/// When a field can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settable {
    /// At creation and later.
    Always,
    /// At creation only.
    AtCreation,
    /// Never: the server or an app sets it.
    Never,
}

/// How an update sends a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mask {
    /// Together with others.
    Together,
    /// In a separate request, because the API accepts no other field beside it.
    Alone,
    /// As part of its parent object: the mask names the parent, so the whole parent is sent.
    Whole,
}

impl Field {
    const fn new(path: &'static str, kind: Kind, settable: Settable) -> Self {
        Self {
            path,
            kind,
            settable,
            mask: Mask::Together,
            members_only: false,
            options: &[],
            label: None,
            column: None,
        }
    }

    const fn options(mut self, options: &'static [FieldOption]) -> Self {
        self.options = options;
        self
    }

    const fn label(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    const fn column(mut self, place: usize) -> Self {
        self.column = Some(place);
        self
    }

    const fn mask(mut self, mask: Mask) -> Self {
        self.mask = mask;
        self
    }

    const fn members_only(mut self) -> Self {
        self.members_only = true;
        self
    }

    /// Returns the options that set the field, such as `--external and --internal`.
    pub(super) fn option(&self) -> String {
        let names: Vec<String> = self.options.iter().map(|option| format!("--{}", option.name)).collect();
        names.join(" and ")
    }

    /// Returns the API's value for that of an option or a cell. A switch has a boolean: its first option turns it on,
    /// the second one off.
    ///
    /// # Errors
    /// A usage error for text that names no audience.
    pub(super) fn parse(&self, option: &FieldOption, value: &Value) -> Result<Value, Failure> {
        let text = value.as_str().unwrap_or_default();
        match (self.kind, value) {
            (_, Value::Bool(on)) => {
                Ok(Value::Bool(*on == self.options.first().is_some_and(|on| on.name == option.name)))
            }
            (Kind::Choice(choices), _) => Ok(Value::from(wire(choices, text))),
            (Kind::Audience, _) => audience(text)
                .map(Value::from)
                .map_err(|cause| Failure::usage(format!("--{} {} ({}) {cause}", option.name, quoted(text), self.path))),
            // Spaces around a name or a time are typing errors, but a description keeps its own.
            _ if !self.path.contains('.') => Ok(Value::from(text.trim())),
            _ => Ok(Value::from(text)),
        }
    }

    /// What the column of an option holds.
    pub(super) const fn cell(&self) -> bulk::Kind {
        match self.kind {
            Kind::Switch(_) => bulk::Kind::Switch,
            Kind::Choice(choices) => bulk::Kind::Choice(choices),
            _ => bulk::Kind::Text,
        }
    }
}

/// Returns the name of an audience; an empty text means none.
pub(super) fn audience(text: &str) -> Result<String, NameError> {
    if text.is_empty() { Ok(String::new()) } else { audience_name(text) }
}

/// All fields, in the order of the details.
pub(super) const FIELDS: &[Field] = &[
    Field::new("displayName", Kind::Text(128), Settable::Always)
        .options(&[option("name", "NAME", "Name, 1 to 128 characters")])
        .label("Name")
        .column(2),
    Field::new("name", Kind::Other, Settable::Never).label("Resource").column(1),
    Field::new("spaceUri", Kind::Other, Settable::Never).label("Link").column(4),
    Field::new("spaceType", Kind::Choice(TYPES), Settable::Always)
        .options(&[option("type", "TYPE", "space, group-chat, direct-message [default: space]")])
        .members_only()
        .label("Type")
        .column(3),
    Field::new("spaceDetails.description", Kind::Text(4096), Settable::Always)
        .options(&[option("description", "TEXT", "Description, at most 4,096 characters")])
        .mask(Mask::Whole)
        .label("Description")
        .column(10),
    Field::new("spaceDetails.guidelines", Kind::Text(5000), Settable::Always)
        .options(&[option("guidelines", "TEXT", "Guidelines, at most 5,000 characters")])
        .mask(Mask::Whole)
        .label("Guidelines"),
    Field::new("externalUserAllowed", Kind::Switch("people outside the organization may join"), Settable::AtCreation)
        .options(&[
            option("external", "", "Let outsiders join (cannot be changed later)"),
            option("internal", "", "Let only people in your organization join"),
        ])
        .label("External")
        .column(5),
    Field::new("spaceHistoryState", Kind::Choice(&[("on", "HISTORY_ON"), ("off", "HISTORY_OFF")]), Settable::Always)
        .options(&[option("history", "on|off", "Keep message history")])
        .mask(Mask::Alone)
        .members_only()
        .label("History")
        .column(6),
    Field::new("predefinedPermissionSettings", Kind::Choice(PERMISSIONS), Settable::AtCreation).options(&[option(
        "permissions",
        "PRESET",
        "collaboration, or announcement (managers post)",
    )]),
    Field::new("accessSettings.accessState", Kind::Choice(ACCESS), Settable::Never).label("Access"),
    Field::new("accessSettings.audience", Kind::Audience, Settable::Always)
        .options(&[option("audience", "AUDIENCE", "Who can find the space: default, ID or '' for none")])
        .mask(Mask::Alone)
        .members_only(),
    Field::new("accessSettings.accessPermissionSettings", Kind::Other, Settable::Always)
        .mask(Mask::Alone)
        .members_only(),
    Field::new("membershipCount.joinedDirectHumanUserCount", Kind::People, Settable::Never).label("Members").column(7),
    Field::new("importMode", Kind::Switch("the space is being filled with old messages"), Settable::AtCreation)
        .options(&[option("import-mode", "", "Import mode, for old messages (needs delegation)")])
        .label("Import mode"),
    Field::new("createTime", Kind::Time, Settable::AtCreation)
        .options(&[option("create-time", "TIME", "Creation time of an import: 2024-02-29T12:00:00Z")])
        .label("Created")
        .column(8),
    Field::new("lastActiveTime", Kind::Time, Settable::Never).column(9),
    Field::new("permissionSettings", Kind::Other, Settable::Always),
    Field::new("permissionSettings.postMessages", Kind::Other, Settable::Never),
    Field::new("singleUserBotDm", Kind::Other, Settable::AtCreation),
    Field::new("membershipCount", Kind::Other, Settable::Never),
    Field::new("adminInstalled", Kind::Other, Settable::Never),
    Field::new("customer", Kind::Other, Settable::Never),
    Field::new("importModeExpireTime", Kind::Time, Settable::Never).label("Expires"),
    Field::new("spaceThreadingState", Kind::Other, Settable::Never),
    Field::new("threaded", Kind::Other, Settable::Never),
    Field::new("type", Kind::Other, Settable::Never),
];

pub(super) const TYPES: Choices =
    &[("space", "SPACE"), ("group-chat", "GROUP_CHAT"), ("direct-message", "DIRECT_MESSAGE")];

const PERMISSIONS: Choices = &[("collaboration", "COLLABORATION_SPACE"), ("announcement", "ANNOUNCEMENT_SPACE")];

const ACCESS: Choices = &[("private", "PRIVATE"), ("discoverable", "DISCOVERABLE")];

/// The columns of spaces as CSV.
pub(super) static COLUMNS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut columns: Vec<_> = FIELDS.iter().filter_map(|field| Some((field.column?, field.path))).collect();
    columns.sort_unstable();
    columns.into_iter().map(|(_, path)| path).collect()
});

/// Returns the field at a path.
pub(super) fn field(path: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.path == path)
}

/// Returns the value at a path.
pub(super) fn at<'a>(object: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let mut value = object.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    Some(value)
}

/// Returns the given fields that a space does not have so, each with its option and its word. `hidden` adds those that no
/// answer shows.
pub(super) fn unmet(given: &Map<String, Value>, there: &Value, hidden: bool) -> Vec<(Settable, String, String)> {
    let unmet = FIELDS.iter().filter_map(|field| {
        let (value, there) = (at(given, field.path)?, at(there.as_object()?, field.path));
        let option = field.options.get(usize::from(*value == Value::Bool(false)))?;
        let text = value.as_str().unwrap_or_default();
        let word = if let Kind::Choice(choices) = field.kind { for_people(choices, text) } else { text.to_owned() };
        let is_shown = field.label.is_some() && !matches!(field.kind, Kind::Time);
        let differs = match there {
            None if [Value::Bool(false), Value::from("")].contains(value) => false,
            _ if !is_shown => hidden,
            there => Some(value) != there,
        };
        differs.then(|| (field.settable, format!("--{}", option.name), word))
    });
    unmet.collect()
}

/// Returns the details of a space for people.
pub(super) fn details(space: &Resource<Space>) -> Details {
    let mut details = Details::new().columns(&COLUMNS);
    let Some(object) = space.json.as_object() else { return details };
    for field in FIELDS {
        let (Some(label), Some(value)) = (field.label, at(object, field.path)) else { continue };
        let text = value.as_str();
        details = match field.kind {
            Kind::Time => details.time(label, text),
            Kind::Choice(choices) => details.maybe(label, text.map(|text| for_people(choices, text))),
            Kind::Switch(on) => details.maybe(label, value.as_bool().unwrap_or_default().then_some(on)),
            Kind::People => details.maybe(label, value.as_i64().map(|people| members(people, object))),
            Kind::Text(_) | Kind::Audience | Kind::Other => details.maybe(label, text),
        };
    }
    details
}

/// As in "3" or "3 and 2 groups".
fn members(people: i64, space: &Map<String, Value>) -> String {
    match at(space, "membershipCount.joinedGroupCount").and_then(Value::as_i64) {
        Some(1) => format!("{people} and 1 group"),
        Some(groups @ 2..) => format!("{people} and {groups} groups"),
        _ => people.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_field_that_the_api_has_is_in_the_table() {
        let document: Value = serde_json::from_str(include_str!("../../../tests/it/support/chat-v1.json")).unwrap();
        let known: BTreeSet<&str> =
            FIELDS.iter().map(|field| field.path.split('.').next().unwrap_or_default()).collect();
        for name in document["schemas"]["Space"]["properties"].as_object().unwrap().keys() {
            assert!(known.contains(name.as_str()), "{name} is in the API and not in the table");
        }
    }

    #[test]
    fn the_columns_are_complete() {
        let mut places: Vec<usize> = FIELDS.iter().filter_map(|field| field.column).collect();
        places.sort_unstable();
        assert_eq!(places, (1..=COLUMNS.len()).collect::<Vec<_>>(), "{COLUMNS:?}");
    }
}
