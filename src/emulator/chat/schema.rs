//! The messages of requests, and the check that a request has no other fields.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::access::snake;
use super::status::Status;
use crate::emulator::wire::Call;

/// A message: its name and its fields in camel case.
pub(super) struct Message {
    name: &'static str,
    fields: &'static [(&'static str, Kind)],
}

impl Message {
    /// Returns the names of its fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|(name, _)| *name)
    }
}

/// The type of a field.
enum Kind {
    Text,
    Flag,
    Integer,
    Time,
    /// An enum: its name and its values by their numbers. Unused numbers have an empty name.
    Choice(&'static str, &'static [&'static str]),
    One(&'static Message),
    Many(&'static Message),
}

use Kind::{Choice, Flag, Integer, Many, One, Text, Time};

pub(super) static SET_UP_SPACE_REQUEST: Message = Message {
    name: "SetUpSpaceRequest",
    fields: &[("space", One(&SPACE)), ("requestId", Text), ("memberships", Many(&MEMBERSHIP))],
};

pub(super) static COMPLETE_IMPORT_SPACE_REQUEST: Message = Message { name: "CompleteImportSpaceRequest", fields: &[] };

pub(super) static SPACE: Message = Message {
    name: "Space",
    fields: &[
        ("accessSettings", One(&ACCESS_SETTINGS)),
        ("adminInstalled", Flag),
        ("createTime", Time),
        ("customer", Text),
        ("displayName", Text),
        ("externalUserAllowed", Flag),
        ("importMode", Flag),
        ("importModeExpireTime", Time),
        ("lastActiveTime", Time),
        ("membershipCount", One(&MEMBERSHIP_COUNT)),
        ("name", Text),
        ("permissionSettings", One(&PERMISSION_SETTINGS)),
        (
            "predefinedPermissionSettings",
            Choice(
                "Space.PredefinedPermissionSettings",
                &["PREDEFINED_PERMISSION_SETTINGS_UNSPECIFIED", "COLLABORATION_SPACE", "ANNOUNCEMENT_SPACE"],
            ),
        ),
        ("singleUserBotDm", Flag),
        ("spaceDetails", One(&SPACE_DETAILS)),
        ("spaceHistoryState", Choice("HistoryState", &["HISTORY_STATE_UNSPECIFIED", "HISTORY_OFF", "HISTORY_ON"])),
        (
            "spaceThreadingState",
            Choice(
                "Space.SpaceThreadingState",
                &[
                    "SPACE_THREADING_STATE_UNSPECIFIED",
                    "",
                    "THREADED_MESSAGES",
                    "GROUPED_MESSAGES",
                    "UNTHREADED_MESSAGES",
                ],
            ),
        ),
        ("spaceType", Choice("Space.SpaceType", &["SPACE_TYPE_UNSPECIFIED", "SPACE", "GROUP_CHAT", "DIRECT_MESSAGE"])),
        ("spaceUri", Text),
        ("threaded", Flag),
        ("type", Choice("Space.Type", &["TYPE_UNSPECIFIED", "ROOM", "DM"])),
    ],
};

static ACCESS_SETTINGS: Message = Message {
    name: "Space.AccessSettings",
    fields: &[
        ("accessPermissionSettings", One(&ACCESS_PERMISSION_SETTINGS)),
        (
            "accessState",
            Choice("Space.AccessSettings.AccessState", &["ACCESS_STATE_UNSPECIFIED", "PRIVATE", "DISCOVERABLE"]),
        ),
        ("audience", Text),
    ],
};

static ACCESS_PERMISSION_SETTINGS: Message = Message {
    name: "Space.AccessPermissionSettings",
    fields: &[
        ("discoverSpaceSetting", One(&ACCESS_PERMISSION_SETTING)),
        ("joinSpaceSetting", One(&ACCESS_PERMISSION_SETTING)),
        ("viewSpaceMembershipSetting", One(&ACCESS_PERMISSION_SETTING)),
    ],
};

static ACCESS_PERMISSION_SETTING: Message =
    Message { name: "Space.AccessPermissionSetting", fields: &[("principals", Many(&PRINCIPAL))] };

static PRINCIPAL: Message = Message { name: "Principal", fields: &[("audience", One(&AUDIENCE))] };

static AUDIENCE: Message = Message { name: "Audience", fields: &[("name", Text)] };

static MEMBERSHIP_COUNT: Message = Message {
    name: "Space.MembershipCount",
    fields: &[("joinedDirectHumanUserCount", Integer), ("joinedGroupCount", Integer)],
};

pub(super) static PERMISSION_SETTINGS: Message = Message {
    name: "Space.PermissionSettings",
    fields: &[
        ("manageApps", One(&PERMISSION_SETTING)),
        ("manageMembersAndGroups", One(&PERMISSION_SETTING)),
        ("manageWebhooks", One(&PERMISSION_SETTING)),
        ("modifySpaceDetails", One(&PERMISSION_SETTING)),
        ("postMessages", One(&PERMISSION_SETTING)),
        ("replyMessages", One(&PERMISSION_SETTING)),
        ("toggleHistory", One(&PERMISSION_SETTING)),
        ("useAtMentionAll", One(&PERMISSION_SETTING)),
        ("viewSpaceMembership", One(&PERMISSION_SETTING)),
    ],
};

static PERMISSION_SETTING: Message = Message {
    name: "Space.PermissionSetting",
    fields: &[("assistantManagersAllowed", Flag), ("managersAllowed", Flag), ("membersAllowed", Flag)],
};

static SPACE_DETAILS: Message =
    Message { name: "Space.SpaceDetails", fields: &[("description", Text), ("guidelines", Text)] };

pub(super) static MEMBERSHIP: Message = Message {
    name: "Membership",
    fields: &[
        (
            "affiliation",
            Choice("Membership.Affiliation", &["AFFILIATION_UNSPECIFIED", "INTERNAL", "EXTERNAL", "MANAGED_EXTERNAL"]),
        ),
        ("createTime", Time),
        ("deleteTime", Time),
        ("groupMember", One(&GROUP)),
        ("member", One(&USER)),
        ("name", Text),
        (
            "role",
            Choice(
                "Membership.MembershipRole",
                &["MEMBERSHIP_ROLE_UNSPECIFIED", "ROLE_MEMBER", "ROLE_MANAGER", "", "ROLE_ASSISTANT_MANAGER"],
            ),
        ),
        (
            "state",
            Choice(
                "Membership.MembershipState",
                &["MEMBERSHIP_STATE_UNSPECIFIED", "JOINED", "INVITED", "NOT_A_MEMBER"],
            ),
        ),
    ],
};

static GROUP: Message = Message { name: "Group", fields: &[("name", Text)] };

static USER: Message = Message {
    name: "User",
    fields: &[
        ("avatarUrl", Text),
        ("displayName", Text),
        ("domainId", Text),
        ("email", Text),
        ("isAnonymous", Flag),
        ("name", Text),
        ("type", Choice("User.Type", &["TYPE_UNSPECIFIED", "HUMAN", "BOT"])),
    ],
};

/// Reads a body as `message`, its fields in camel case. `root` is the field of the request that the body is, or empty if
/// it is the whole request.
pub(super) fn read(call: &Call, message: &'static Message, root: &str) -> Result<Map<String, Value>, Status> {
    if call.has_media_type("application/x-www-form-urlencoded") && !call.body.is_empty() {
        // What `curl -d` sends. Google's front end reads a form as query parameters.
        let form = String::from_utf8_lossy(&call.body);
        let name = form.split('=').next().unwrap_or_default();
        return Err(Status::unknown_parameter(name));
    }
    if !call.body.is_empty() && !call.has_media_type("application/json") {
        return Err(Status::for_code(400));
    }
    let value = if call.body.is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(&call.body)
            .map_err(|error| Status::new(400, format!("Invalid JSON payload received. {error}")))?
    };
    let mut check = Check { violations: Vec::new() };
    let read = check.message(message, &value, root);
    if check.violations.is_empty() { Ok(read) } else { Err(Status::violations(&check.violations)) }
}

struct Check {
    violations: Vec<(String, String)>,
}

impl Check {
    fn message(&mut self, message: &Message, value: &Value, path: &str) -> Map<String, Value> {
        let mut read = Map::new();
        let Value::Object(members) = value else {
            let kind = format!("type.googleapis.com/google.chat.v1.{}", message.name);
            self.wrong(path, &kind, value);
            return read;
        };
        for (key, value) in members {
            // JSON for protocol buffers accepts both spellings.
            let field = message.fields.iter().find(|(name, _)| name == key || snake(name) == *key);
            match field {
                None => self.unknown(path, key),
                Some(_) if value.is_null() => {}
                Some((name, kind)) => {
                    let inner = join(path, &snake(name));
                    if let Some(value) = self.field(kind, value, &inner) {
                        read.insert((*name).to_owned(), value);
                    }
                }
            }
        }
        read
    }

    fn field(&mut self, kind: &Kind, value: &Value, path: &str) -> Option<Value> {
        let good = match kind {
            Text => value.is_string(),
            Flag => value.is_boolean(),
            Integer => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            Time => value.as_str().is_some_and(|text| OffsetDateTime::parse(text, &Rfc3339).is_ok()),
            Choice(_, values) => match choice(values, value) {
                Some(name) => return Some(Value::from(name)),
                None => false,
            },
            One(message) => return Some(Value::Object(self.message(message, value, path))),
            Many(message) => match value {
                Value::Array(items) => {
                    let items = items
                        .iter()
                        .enumerate()
                        .map(|(index, item)| Value::Object(self.message(message, item, &format!("{path}[{index}]"))));
                    return Some(Value::Array(items.collect()));
                }
                _ => false,
            },
        };
        if !good {
            self.wrong(path, &kind.name(), value);
        }
        good.then(|| value.clone())
    }

    fn unknown(&mut self, path: &str, name: &str) {
        let place = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
        let text = format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.");
        self.violations.push((path.to_owned(), text));
    }

    fn wrong(&mut self, path: &str, kind: &str, value: &Value) {
        let text = format!("Invalid value at '{path}' ({kind}), {value}");
        self.violations.push((path.to_owned(), text));
    }
}

/// Returns the name of an enum value, which Google's generated clients send as a number.
fn choice(values: &[&'static str], value: &Value) -> Option<&'static str> {
    let found = match value {
        Value::String(name) => values.iter().find(|known| *known == name),
        _ => values.get(usize::try_from(value.as_u64()?).ok()?),
    };
    found.copied().filter(|name| !name.is_empty())
}

impl Kind {
    fn name(&self) -> String {
        match self {
            Text => String::from("TYPE_STRING"),
            Flag => String::from("TYPE_BOOL"),
            Integer => String::from("TYPE_INT32"),
            Time => String::from("type.googleapis.com/google.protobuf.Timestamp"),
            Choice(name, _) => format!("type.googleapis.com/google.chat.v1.{name}"),
            One(message) | Many(message) => {
                format!("type.googleapis.com/google.chat.v1.{}", message.name)
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
