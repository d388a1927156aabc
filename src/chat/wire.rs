//! The resources of the Chat API as they travel ([reference](https://developers.google.com/workspace/chat/api/reference/rest)).
//!
//! What is received is kept as it came: fields and enum values that are not known here survive.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the server sent: the fields that this program looks at, and the whole object for whoever wants the rest.
#[derive(Debug, Clone)]
pub struct Resource<Fields> {
    /// The fields that are looked at.
    pub fields: Fields,
    /// The object, unchanged.
    pub json: Value,
}

impl<Fields: for<'de> Deserialize<'de>> Resource<Fields> {
    /// Understands a JSON value; `None` when it is not such a resource.
    pub(super) fn from_json(json: Value) -> Option<Self> {
        let fields = Fields::deserialize(&json).ok()?;
        Some(Self { fields, json })
    }
}

/// A space, as far as this program looks at it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Space {
    /// The resource name, `spaces/{space}`.
    pub name: String,
    /// The kind: `SPACE`, `GROUP_CHAT`, `DIRECT_MESSAGE`, or what comes later.
    pub space_type: Option<String>,
    /// What people read.
    pub display_name: Option<String>,
    /// The address of the space in a browser.
    pub space_uri: Option<String>,
    /// Description and guidelines.
    pub space_details: Option<SpaceDetails>,
    /// Whether people outside the organization may be members; absent means no.
    pub external_user_allowed: Option<bool>,
    /// `HISTORY_ON` or `HISTORY_OFF`.
    pub space_history_state: Option<String>,
    /// When it was made, RFC 3339.
    pub create_time: Option<String>,
    /// When something was last written in it, RFC 3339.
    pub last_active_time: Option<String>,
    /// How many members it has.
    pub membership_count: Option<MembershipCount>,
    /// Who may find it.
    pub access_settings: Option<AccessSettings>,
}

/// How many members a space has.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MembershipCount {
    /// People who have joined.
    pub joined_direct_human_user_count: Option<i64>,
    /// Groups that have joined.
    pub joined_group_count: Option<i64>,
}

/// Description and guidelines of a space.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceDetails {
    /// At most 4,096 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// At most 5,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidelines: Option<String>,
}

/// Who may find and join a space.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessSettings {
    /// `PRIVATE` or `DISCOVERABLE`; the server says it, nobody sends it.
    #[serde(skip_serializing)]
    pub access_state: Option<String>,
    /// `audiences/{audience}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Finer settings, as the API has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_permission_settings: Option<Value>,
}

/// The kinds of spaces that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SpaceType {
    /// A named space.
    Space,
    /// A conversation of three or more people.
    GroupChat,
    /// A conversation of two.
    DirectMessage,
}

/// Whether messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HistoryState {
    /// For good.
    HistoryOn,
    /// For 24 hours.
    HistoryOff,
}

/// Who may do what in a new space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PredefinedPermissionSettings {
    /// Everybody may post.
    CollaborationSpace,
    /// Only managers may post.
    AnnouncementSpace,
}

/// A space to be made: every field that can be sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewSpace {
    /// The kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space_type: Option<SpaceType>,
    /// 1 to 128 characters, for named spaces only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Description and guidelines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space_details: Option<SpaceDetails>,
    /// Cannot be changed later; must be left out for consumer accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_user_allowed: Option<bool>,
    /// Whether messages are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space_history_state: Option<HistoryState>,
    /// Who may do what, as a preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predefined_permission_settings: Option<PredefinedPermissionSettings>,
    /// Who may do what, one by one, as the API has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission_settings: Option<Value>,
    /// Who may find it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_settings: Option<AccessSettings>,
    /// Whether the space is filled with old messages first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import_mode: Option<bool>,
    /// When the space began, RFC 3339; in import mode only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<String>,
    /// A direct message with the calling app itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single_user_bot_dm: Option<bool>,
    /// The organization, `customers/{customer}`; for app authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
}

/// A member of a space that is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewMembership {
    /// A person, `users/{id or e-mail}`.
    Human(String),
    /// A group, `groups/{id}`.
    Group(String),
}

impl Serialize for NewMembership {
    fn serialize<Serializer: serde::Serializer>(
        &self,
        serializer: Serializer,
    ) -> Result<Serializer::Ok, Serializer::Error> {
        match self {
            Self::Human(name) => serde_json::json!({ "member": { "name": name, "type": "HUMAN" } }),
            Self::Group(name) => serde_json::json!({ "groupMember": { "name": name } }),
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_was_given_is_sent() {
        let space = NewSpace {
            space_type: Some(SpaceType::Space),
            display_name: Some(String::from("API-made")),
            ..NewSpace::default()
        };
        assert_eq!(serde_json::to_value(space).unwrap(), json!({"spaceType":"SPACE","displayName":"API-made"}));
    }

    #[test]
    fn what_is_not_known_here_survives() {
        let text = r#"{"name":"spaces/A","zNew":{"b":1,"a":1.50},"spaceType":"HOLODECK"}"#;
        let space = Resource::<Space>::from_json(serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(space.fields.space_type.as_deref(), Some("HOLODECK"));
        assert_eq!(space.json.to_string(), text);
    }

    #[test]
    fn an_answer_without_a_name_is_no_space() {
        assert!(Resource::<Space>::from_json(json!({})).is_none());
        assert!(Resource::<Space>::from_json(json!([])).is_none());
    }
}
