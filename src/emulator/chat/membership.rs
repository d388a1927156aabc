//! Memberships, as the API returns them.

use serde_json::{Value, json};

use crate::emulator::options::{Names, Options, User};
use crate::emulator::wire::without_nulls;

/// A member to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NewMember {
    Human {
        id: String,
        email: Option<String>,
    },
    Group {
        id: String,
    },
    /// The calling app.
    App,
}

impl NewMember {
    /// Returns the last segment of the membership's name.
    pub(super) fn member_id(&self) -> String {
        match self {
            Self::Human { id, .. } => id.clone(),
            Self::Group { id } => format!("group-{id}"),
            Self::App => String::from("app"),
        }
    }

    /// Whether it is a person outside the organization of `user`.
    pub(super) fn is_outside(&self, user: &User) -> bool {
        let Self::Human { email: Some(email), .. } = self else { return false };
        !works_with(email, user)
    }

    /// Builds the membership. People who do not accept automatically are invited, except to a direct message.
    pub(super) fn membership(&self, space: &str, direct: bool, caller: &User, options: &Options, time: &str) -> Value {
        let name = format!("{space}/members/{}", self.member_id());
        match self {
            Self::Human { id, email } => {
                let mut membership = human(space, id, email.as_deref(), options, time);
                if self.is_outside(caller) {
                    membership["affiliation"] = json!("EXTERNAL");
                }
                if !direct && options.is_listed(&options.auto_accept_off, id) {
                    membership["state"] = json!("INVITED");
                }
                membership
            }
            Self::Group { id } => json!({
                "name": name,
                "state": "JOINED",
                "groupMember": { "name": format!("groups/{id}") },
                "createTime": time,
            }),
            Self::App => json!({
                "name": name,
                "state": "JOINED",
                "member": { "name": "users/app", "type": "BOT" },
                "createTime": time,
                "role": "ROLE_MEMBER",
            }),
        }
    }
}

/// Whether the email address is of the same organization as `user`.
fn works_with(email: &str, user: &User) -> bool {
    user.hosted_domain.is_some() && User::new(email).hosted_domain == user.hosted_domain
}

/// Builds the membership of a person of the organization who has joined, with their profile if the address is known.
pub(super) fn human(space: &str, id: &str, email: Option<&str>, options: &Options, time: &str) -> Value {
    let mut person = json!({ "name": format!("users/{id}"), "type": "HUMAN" });
    if let Some(email) = email {
        let name = options.user(email).map_or_else(|| User::new(email).name, |user| user.name.clone());
        person["displayName"] = json!(name);
        person["email"] = json!(email);
        person["avatarUrl"] = json!(format!("https://lh3.googleusercontent.com/a/emulator-{id}"));
    }
    json!({
        "name": format!("{space}/members/{id}"),
        "state": "JOINED",
        "member": person,
        "createTime": time,
        "role": "ROLE_MEMBER",
        "affiliation": "INTERNAL",
    })
}

/// Returns the membership as the caller sees it: with the profile of people who have joined the space or work with the
/// caller.
pub(super) fn seen_by(caller: &User, member: &Value, options: &Options) -> Value {
    let mut seen = member.clone();
    let email = member.pointer("/member/email").and_then(Value::as_str).unwrap_or_default();
    let known = options.names == Names::Known && (joined(member) || works_with(email, caller));
    if let (false, Some(Value::Object(person))) = (known, seen.get_mut("member")) {
        person.retain(|field, _| matches!(field.as_str(), "name" | "type"));
    }
    seen
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
    let count = |wanted: &dyn Fn(&Value) -> bool| {
        let number = members.iter().filter(|member| joined(member) && wanted(member)).count();
        (number > 0).then_some(number)
    };
    without_nulls(json!({
        "joinedDirectHumanUserCount": count(&is_human),
        "joinedGroupCount": count(&|member| member.get("groupMember").is_some()),
    }))
}
