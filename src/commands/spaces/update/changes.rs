//! From options to the fields that change, and the requests that change them.

use serde_json::{Map, Value, json};

use super::super::draft::{Draft, Fields};
use crate::chat::{NewSpace, SpaceName, SpaceType};
use crate::commands::Failure;
use crate::commands::members::space_name;

/// The permissions that can be given, as the API calls them.
const PERMISSIONS: &[&str] = &[
    "manageMembersAndGroups",
    "modifySpaceDetails",
    "toggleHistory",
    "useAtMentionAll",
    "manageApps",
    "manageWebhooks",
    "replyMessages",
    "viewSpaceMembership",
];

/// The options of the command, as the person wrote them.
#[derive(Debug, Default)]
pub struct Options {
    /// Which space.
    pub space: String,
    /// What changes.
    pub fields: Fields,
    /// Whether a group chat becomes a named space.
    pub to_space: bool,
    /// Permissions, each as `SETTING=owners|managers|members`.
    pub allow: Vec<String>,
    /// Whether as an administrator.
    pub admin: bool,
}

/// One request.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) mask: Vec<String>,
    pub(super) fields: Map<String, Value>,
}

/// Everything that is to be sent.
#[derive(Debug)]
pub struct Plan {
    pub(super) space: SpaceName,
    pub(super) changes: Vec<Change>,
    /// Whether only one of description and guidelines was given, which the API takes together.
    pub(super) half_of_the_details: bool,
    pub(super) admin: bool,
    pub(super) note: Option<String>,
}

/// Checks everything that can be checked without asking anybody.
///
/// # Errors
/// An option or a document that breaks a rule of the API's.
pub fn plan(options: &Options) -> Result<Plan, Failure> {
    let space = space_name(&options.space)?;
    let more = NewSpace {
        space_type: options.to_space.then_some(SpaceType::Space),
        permission_settings: permissions(&options.allow)?,
        ..NewSpace::default()
    };
    let mut draft = options.fields.draft(more)?;
    if options.fields.external.is_some() {
        return Err(draft.refuse(
            "/externalUserAllowed",
            "--external and --internal",
            "cannot be changed: it is set when the space is made",
        ));
    }
    if options.fields.announcement.is_some() {
        return Err(draft.refuse(
            "/predefinedPermissionSettings",
            "--permissions",
            "is for new spaces; --allow changes the permissions of this one, each by itself",
        ));
    }
    // A document may be a whole space as the server sent it, with what is set once and for all.
    for pointer in
        ["/createTime", "/externalUserAllowed", "/importMode", "/predefinedPermissionSettings", "/singleUserBotDm"]
    {
        draft.leave_out(pointer);
    }
    if !options.to_space {
        // It can change in one way only, and a document that the server sent has it always.
        draft.leave_out("/spaceType");
    }
    check(&draft, options)?;
    let note = draft.note();
    let details = draft.at("/spaceDetails").and_then(Value::as_object);
    let half_of_the_details =
        details.is_some_and(|details| !(details.contains_key("description") && details.contains_key("guidelines")));
    let changes = changes(draft.space);
    if changes.is_empty() {
        return Err(Failure::usage("nothing was said that is to be changed (updateMask)")
            .hint("chatauth spaces update --help shows what can be changed"));
    }
    Ok(Plan { space, changes, half_of_the_details, admin: options.admin, note })
}

fn check(draft: &Draft, options: &Options) -> Result<(), Failure> {
    if draft.at("/displayName").and_then(Value::as_str).is_some_and(|name| name.trim().is_empty()) {
        return Err(draft.refuse("/displayName", "--name", "is empty: a space needs a name of 1 to 128 characters"));
    }
    if options.to_space && draft.at("/displayName").is_none() {
        return Err(Failure::usage(
            "--type space (spaceType) makes a group chat a space, which needs a name: add --name",
        ));
    }
    if options.admin {
        for (pointer, option) in
            [("/spaceType", "--type"), ("/spaceHistoryState", "--history"), ("/accessSettings", "--audience")]
        {
            if draft.at(pointer).is_some() {
                return Err(draft.refuse(
                    pointer,
                    option,
                    "cannot be changed with --use-admin-access (useAdminAccess)",
                ));
            }
        }
    }
    Ok(())
}

/// Sorts the fields into requests: most may go together, and some the API wants alone.
fn changes(space: Map<String, Value>) -> Vec<Change> {
    let mut together = Change::empty();
    let mut permissions = Change::empty();
    let mut alone = Vec::new();
    for (key, value) in space {
        match (key.as_str(), value) {
            ("permissionSettings", Value::Object(settings)) => {
                permissions.mask.extend(settings.keys().map(|key| format!("permission_settings.{}", snake_case(key))));
                permissions.fields.insert(key, Value::Object(settings));
            }
            ("accessSettings", Value::Object(settings)) => {
                for (inner, value) in settings {
                    let mask = vec![format!("access_settings.{}", snake_case(&inner))];
                    let fields = Map::from_iter([(key.clone(), json!({ inner: value }))]);
                    alone.push(Change { mask, fields });
                }
            }
            ("spaceHistoryState", value) => {
                alone.push(Change { mask: vec![snake_case(&key)], fields: Map::from_iter([(key, value)]) });
            }
            (_, value) => {
                together.mask.push(snake_case(&key));
                together.fields.insert(key, value);
            }
        }
    }
    [together, permissions].into_iter().chain(alone).filter(|change| !change.mask.is_empty()).collect()
}

impl Change {
    fn empty() -> Self {
        Self { mask: Vec::new(), fields: Map::new() }
    }
}

/// `--allow SETTING=WHO`: those and everybody above them.
fn permissions(allow: &[String]) -> Result<Option<Value>, Failure> {
    let mut settings = Map::new();
    for text in allow {
        let refuse = |rule: &str| Failure::usage(format!("--allow {text:?} (permissionSettings) {rule}"));
        let (setting, who) =
            text.split_once('=').ok_or_else(|| refuse("should be SETTING=owners, =managers or =members"))?;
        let plain = |name: &str| name.replace(['-', '_'], "").to_lowercase();
        let known = PERMISSIONS.iter().find(|known| plain(known) == plain(setting.trim())).ok_or_else(|| {
            let names: Vec<String> = PERMISSIONS.iter().map(|name| snake_case(name).replace('_', "-")).collect();
            refuse(&format!("names no setting; there are {}", names.join(", ")))
        })?;
        let (managers, members) = match who.trim() {
            "owners" => (false, false),
            "managers" => (true, false),
            "members" => (true, true),
            _ => return Err(refuse("should end in owners, managers or members")),
        };
        // What the API calls managers, Chat calls owners.
        let setting =
            json!({ "managersAllowed": true, "assistantManagersAllowed": managers, "membersAllowed": members });
        settings.insert((*known).to_owned(), setting);
    }
    Ok((!settings.is_empty()).then_some(Value::Object(settings)))
}

/// Field masks have the names of the protocol buffer's fields.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests;
