//! The resources of the Chat API as they travel ([reference](https://developers.google.com/workspace/chat/api/reference/rest)).
//!
//! What is received is kept as it came: fields and enum values that are not known here survive.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::{NameError, group_name, id_of, user_name};

/// The calling Chat app.
const APP: &str = "users/app";

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
    /// When something was last written in it, RFC 3339.
    pub last_active_time: Option<String>,
}

/// A member of a space, as far as this program looks at it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The resource name, `spaces/{space}/members/{member}`.
    pub name: String,
    /// `JOINED`, `INVITED`, `NOT_A_MEMBER`, or what comes later.
    pub state: Option<String>,
    /// `ROLE_MEMBER`, `ROLE_ASSISTANT_MANAGER` (a manager), `ROLE_MANAGER` (an owner), or what comes later.
    pub role: Option<String>,
    /// The person or app.
    pub member: Option<User>,
    /// The group, where it is one.
    pub group_member: Option<Group>,
    /// When the membership began, RFC 3339.
    pub create_time: Option<String>,
    /// `INTERNAL`, `EXTERNAL`, `MANAGED_EXTERNAL`, or what comes later.
    pub affiliation: Option<String>,
}

/// A person or an app. Only the name and the type are sure to be there.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// `users/{user}`.
    pub name: Option<String>,
    /// What people read.
    pub display_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// `HUMAN`, `BOT`, or what comes later.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// A group.
#[derive(Debug, Clone, Deserialize)]
pub struct Group {
    /// `groups/{group}`.
    pub name: Option<String>,
}

/// What a member of a space may do there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Role {
    /// Takes part.
    #[serde(rename = "ROLE_MEMBER")]
    Member,
    /// Looks after the space; Chat calls it a manager, the API an assistant manager.
    #[serde(rename = "ROLE_ASSISTANT_MANAGER")]
    Manager,
    /// May do everything; Chat calls it an owner, the API a manager.
    #[serde(rename = "ROLE_MANAGER")]
    Owner,
}

impl Role {
    /// The role as it is sent.
    pub const fn as_wire(self) -> &'static str {
        match self {
            Self::Member => "ROLE_MEMBER",
            Self::Manager => "ROLE_ASSISTANT_MANAGER",
            Self::Owner => "ROLE_MANAGER",
        }
    }

    /// The role as people call it.
    pub const fn as_word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Owner => "owner",
        }
    }
}

/// A membership that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewMembership {
    /// A person, `users/{id or e-mail}`.
    Human(String),
    /// A group, `groups/{id}`.
    Group(String),
    /// The calling Chat app itself.
    App,
    /// As the API has it; for what is not known here.
    Raw(Value),
}

impl NewMembership {
    /// Parses a user as people write it: a person, or `app` for the calling Chat app.
    ///
    /// # Errors
    /// What cannot be a user's name.
    pub fn of_user(text: &str) -> Result<Self, NameError> {
        let name = user_name(text)?;
        Ok(if name == APP { Self::App } else { Self::Human(name) })
    }

    /// Parses a group as people write it.
    ///
    /// # Errors
    /// What cannot be a group's name.
    pub fn of_group(text: &str) -> Result<Self, NameError> {
        group_name(text).map(Self::Group)
    }

    /// The ID of the person, group or app, as people write it.
    pub fn id(&self) -> &str {
        id_of(self.name())
    }

    /// The name of the person, group or app.
    pub fn name(&self) -> &str {
        match self {
            Self::Human(name) | Self::Group(name) => name,
            Self::App => APP,
            Self::Raw(json) => ["/member/name", "/groupMember/name"]
                .iter()
                .find_map(|pointer| json.pointer(pointer))
                .and_then(Value::as_str)
                .unwrap_or_default(),
        }
    }
}

impl From<&NewMembership> for Value {
    fn from(membership: &NewMembership) -> Self {
        match membership {
            NewMembership::Human(name) => serde_json::json!({ "member": { "name": name, "type": "HUMAN" } }),
            NewMembership::Group(name) => serde_json::json!({ "groupMember": { "name": name } }),
            NewMembership::App => serde_json::json!({ "member": { "name": APP, "type": "BOT" } }),
            NewMembership::Raw(json) => json.clone(),
        }
    }
}

impl Serialize for NewMembership {
    fn serialize<Serializer: serde::Serializer>(
        &self,
        serializer: Serializer,
    ) -> Result<Serializer::Ok, Serializer::Error> {
        Value::from(self).serialize(serializer)
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
