//! Memberships, as the API returns them.

use serde_json::{Map, Value, json};

use crate::emulator::options::{Options, User, account_id};

/// A member to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NewMember {
    Human {
        id: String,
        domain: Option<String>,
    },
    Group {
        id: String,
    },
    /// The calling app.
    App,
}

impl NewMember {
    /// A person with this email address, with or without an account here.
    pub(super) fn by_address(address: &str) -> Self {
        let domain = User::new(address).hosted_domain.unwrap_or_else(|| String::from("gmail.com"));
        Self::Human { id: account_id(address), domain: Some(domain) }
    }

    /// Returns the last segment of the membership's name.
    pub(super) fn member_id(&self) -> &str {
        match self {
            Self::Human { id, .. } | Self::Group { id } => id,
            Self::App => "app",
        }
    }

    /// Whether it is a person outside the organization of `user`.
    pub(super) fn is_outside(&self, user: &User) -> bool {
        matches!(self, Self::Human { domain: Some(domain), .. } if Some(domain) != user.hosted_domain.as_ref())
    }

    /// Builds the membership. People who do not accept automatically are invited, except to a direct message.
    pub(super) fn membership(&self, space: &str, direct: bool, caller: &User, options: &Options, time: &str) -> Value {
        match self {
            Self::Human { id, .. } => {
                let affiliation = if self.is_outside(caller) { "EXTERNAL" } else { "INTERNAL" };
                let mut membership = human(space, id, "ROLE_MEMBER", affiliation, time);
                if !direct && options.is_listed(&options.auto_accept_off, id) {
                    membership["state"] = json!("INVITED");
                }
                membership
            }
            Self::Group { id } => json!({
                "name": format!("{space}/members/{id}"),
                "state": "JOINED",
                "groupMember": { "name": format!("groups/{id}") },
                "createTime": time,
                "role": "ROLE_MEMBER",
            }),
            Self::App => json!({
                "name": format!("{space}/members/app"),
                "state": "JOINED",
                "member": { "name": "users/app", "type": "BOT" },
                "createTime": time,
                "role": "ROLE_MEMBER",
            }),
        }
    }
}

/// Builds the membership of a person who has joined.
pub(super) fn human(space: &str, id: &str, role: &str, affiliation: &str, time: &str) -> Value {
    json!({
        "name": format!("{space}/members/{id}"),
        "state": "JOINED",
        "member": { "name": format!("users/{id}"), "type": "HUMAN" },
        "createTime": time,
        "role": role,
        "affiliation": affiliation,
    })
}

/// Whether the member has joined.
pub(super) fn joined(member: &Value) -> bool {
    member.get("state").and_then(Value::as_str) == Some("JOINED")
}

/// Whether the member is a person.
pub(super) fn is_human(member: &Value) -> bool {
    member.pointer("/member/type").and_then(Value::as_str) == Some("HUMAN")
}

/// Builds `membershipCount`: members who have joined, without apps.
pub(super) fn membership_count(members: &[Value]) -> Value {
    let number = |wanted: &dyn Fn(&Value) -> bool| members.iter().filter(|it| joined(it) && wanted(it)).count();
    let groups = number(&|member| member.get("groupMember").is_some());
    let mut count = Map::new();
    for (key, number) in [("joinedDirectHumanUserCount", number(&is_human)), ("joinedGroupCount", groups)] {
        if number > 0 {
            count.insert(key.to_owned(), json!(number));
        }
    }
    Value::Object(count)
}
