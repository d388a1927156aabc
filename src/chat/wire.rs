//! The JSON resources of the Chat API ([reference](https://developers.google.com/workspace/chat/api/reference/rest)).
//!
//! Received resources are kept unchanged, so unknown fields and enum values survive.

use serde::Deserialize;
use serde_json::Value;

use super::names::{NameError, group_name, id_of, user_name};

/// The calling Chat app.
const APP: &str = "users/app";

/// A resource from the server: the fields that this program uses, and the whole object.
#[derive(Debug, Clone)]
pub struct Resource<Fields> {
    /// The fields that this program uses.
    pub fields: Fields,
    /// The object, unchanged.
    pub json: Value,
}

impl<Fields: for<'de> Deserialize<'de>> Resource<Fields> {
    /// Parses a JSON value; `None` when it is not such a resource.
    pub(super) fn from_json(json: Value) -> Option<Self> {
        let fields = Fields::deserialize(&json).ok()?;
        Some(Self { fields, json })
    }
}

/// The fields of a space that this program uses.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Space {
    /// The resource name, `spaces/{space}`.
    pub name: String,
    /// The kind: `SPACE`, `GROUP_CHAT`, `DIRECT_MESSAGE`, or a later addition.
    pub space_type: Option<String>,
    /// The display name.
    pub display_name: Option<String>,
    /// The URL of the space.
    pub space_uri: Option<String>,
    /// The time of the last activity, RFC 3339.
    pub last_active_time: Option<String>,
}

/// The fields of a membership that this program uses.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The resource name, `spaces/{space}/members/{member}`.
    pub name: String,
    /// `JOINED`, `INVITED`, `NOT_A_MEMBER`, or a later addition.
    pub state: Option<String>,
    /// `ROLE_MEMBER`, `ROLE_ASSISTANT_MANAGER` (a manager), `ROLE_MANAGER` (an owner), or a later addition.
    pub role: Option<String>,
    /// The person or app.
    pub member: Option<User>,
    /// The group, when the member is one.
    pub group_member: Option<Group>,
    /// When the membership began, RFC 3339.
    pub create_time: Option<String>,
    /// `INTERNAL`, `EXTERNAL`, `MANAGED_EXTERNAL`, or a later addition.
    pub affiliation: Option<String>,
}

impl Membership {
    /// Whether the member has not accepted yet.
    pub fn is_invited(&self) -> bool {
        self.state.as_deref() == Some("INVITED")
    }
}

/// A person or an app. Only the name and the type are always present.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// `users/{user}`.
    pub name: Option<String>,
    /// The display name.
    pub display_name: Option<String>,
    /// The email address.
    pub email: Option<String>,
    /// `HUMAN`, `BOT`, or a later addition.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// A group.
#[derive(Debug, Clone, Deserialize)]
pub struct Group {
    /// `groups/{group}`.
    pub name: Option<String>,
}

/// The role of a member in a space, from the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A plain member.
    Member,
    /// A manager in Chat, an assistant manager in the API.
    Manager,
    /// An owner in Chat, a manager in the API.
    Owner,
}

impl Role {
    /// Returns the role as the API names it.
    pub const fn as_wire(self) -> &'static str {
        match self {
            Self::Member => "ROLE_MEMBER",
            Self::Manager => "ROLE_ASSISTANT_MANAGER",
            Self::Owner => "ROLE_MANAGER",
        }
    }

    /// Returns the role as Chat names it.
    pub const fn as_word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Owner => "owner",
        }
    }
}

/// A membership to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewMembership {
    /// A person, `users/{id or e-mail}`.
    Human(String),
    /// A group, `groups/{id}`.
    Group(String),
    /// The calling Chat app itself.
    App,
}

impl NewMembership {
    /// Parses a user: a person, or `app` for the calling Chat app.
    ///
    /// # Errors
    /// Fails for text that cannot be a user's name.
    pub fn of_user(text: &str) -> Result<Self, NameError> {
        let name = user_name(text)?;
        Ok(if name == APP { Self::App } else { Self::Human(name) })
    }

    /// Parses a group.
    ///
    /// # Errors
    /// Fails for text that cannot be a group's name.
    pub fn of_group(text: &str) -> Result<Self, NameError> {
        group_name(text).map(Self::Group)
    }

    /// Returns the ID of the person, group or app, as the user types it.
    pub fn id(&self) -> &str {
        id_of(self.name())
    }

    /// Returns the resource name of the person, group or app.
    pub fn name(&self) -> &str {
        match self {
            Self::Human(name) | Self::Group(name) => name,
            Self::App => APP,
        }
    }
}

impl From<&NewMembership> for Value {
    fn from(membership: &NewMembership) -> Self {
        match membership {
            NewMembership::Human(name) => serde_json::json!({ "member": { "name": name, "type": "HUMAN" } }),
            NewMembership::Group(name) => serde_json::json!({ "groupMember": { "name": name } }),
            NewMembership::App => serde_json::json!({ "member": { "name": APP, "type": "BOT" } }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
