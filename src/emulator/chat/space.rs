//! A space and its members, as the API shows them.

use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use crate::emulator::options::{User, subject};

/// How long a space may stay in import mode.
const IMPORT: Duration = Duration::days(90);

/// A space.
#[derive(Clone, Debug)]
pub(in crate::emulator) struct Space {
    /// As `spaces.get` shows it.
    pub(in crate::emulator) body: Value,
    /// As `spaces.members.list` shows them.
    pub(in crate::emulator) members: Vec<Value>,
    /// `sub` of the user that made it.
    pub(super) creator: String,
}

/// Somebody to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Invitee {
    Human { id: String, domain: Option<String> },
    Group { id: String },
}

impl Space {
    /// Makes a space of checked fields. In import mode nobody joins it.
    pub(super) fn new(asked: &Map<String, Value>, creator: &User, invitees: &[Invitee], now: OffsetDateTime) -> Self {
        let id = identifier();
        let name = format!("spaces/{id}");
        let import = asked.get("importMode") == Some(&Value::Bool(true));
        let time = timestamp(now);
        let mut members = Vec::new();
        if !import {
            let direct = text(asked, "spaceType") == "DIRECT_MESSAGE";
            let role = if direct { "ROLE_MEMBER" } else { "ROLE_MANAGER" };
            members.push(human(&name, &creator.sub, role, "INTERNAL", &time));
            for invitee in invitees {
                members.push(invitee.membership(&name, creator, &time));
            }
        }
        let mut body = Map::new();
        let mut add = |key: &str, value: Value| body.insert(key.to_owned(), value);
        let space_type = text(asked, "spaceType");
        let named = space_type == "SPACE";
        add("name", json!(name));
        add("type", json!(if space_type == "DIRECT_MESSAGE" { "DM" } else { "ROOM" }));
        for key in ["displayName", "singleUserBotDm"] {
            if let Some(value) = asked.get(key).filter(|value| **value != json!(false)) {
                add(key, value.clone());
            }
        }
        let threading = if named { "THREADED_MESSAGES" } else { "UNTHREADED_MESSAGES" };
        add("spaceThreadingState", json!(threading));
        add("spaceType", json!(space_type));
        if let Some(details) = asked.get("spaceDetails") {
            add("spaceDetails", details.clone());
        }
        let history = match text(asked, "spaceHistoryState") {
            "HISTORY_OFF" => "HISTORY_OFF",
            _ => "HISTORY_ON",
        };
        add("spaceHistoryState", json!(history));
        if creator.hosted_domain.is_none() || asked.get("externalUserAllowed") == Some(&Value::Bool(true)) {
            // Spaces of consumer accounts are open to anyone.
            add("externalUserAllowed", json!(true));
        }
        if import {
            add("importMode", json!(true));
            add("importModeExpireTime", json!(timestamp(now + IMPORT)));
        }
        let created = asked.get("createTime").filter(|_| import).cloned();
        add("createTime", created.unwrap_or_else(|| json!(time)));
        add("lastActiveTime", json!(time));
        add("membershipCount", counted(&members));
        if named {
            add("accessSettings", access_settings(asked));
            add("permissionSettings", permission_settings(asked));
        }
        if let Some(domain) = &creator.hosted_domain {
            add("customer", json!(customer(domain)));
        }
        let kind = if space_type == "DIRECT_MESSAGE" { "dm" } else { "room" };
        add("spaceUri", json!(format!("https://chat.google.com/{kind}/{id}?cls=11")));
        Self { body: Value::Object(body), members, creator: creator.sub.clone() }
    }

    pub(in crate::emulator) fn name(&self) -> &str {
        self.field("name")
    }

    pub(super) fn field(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the user may look at it.
    pub(super) fn shows_to(&self, user: &User) -> bool {
        self.creator == user.sub || self.has_member(&user.sub)
    }

    pub(super) fn has_member(&self, id: &str) -> bool {
        let name = format!("users/{id}");
        self.members.iter().any(|member| member.pointer("/member/name").and_then(Value::as_str) == Some(&name))
    }

    /// The space as lists show it.
    pub(super) fn in_list(&self) -> Value {
        let mut body = self.body.clone();
        if let Value::Object(fields) = &mut body {
            fields.shift_remove("permissionSettings");
        }
        body
    }

    /// What a repeated request can get back: the request with the name filled in.
    pub(super) fn echo(&self) -> Value {
        let mut echo = Map::new();
        for key in ["name", "spaceType", "displayName"] {
            if let Some(value) = self.body.get(key) {
                echo.insert(key.to_owned(), value.clone());
            }
        }
        Value::Object(echo)
    }
}

impl Invitee {
    fn membership(&self, space: &str, caller: &User, time: &str) -> Value {
        match self {
            Self::Human { id, domain } => {
                let internal = domain.is_none() || *domain == caller.hosted_domain;
                let affiliation = if internal { "INTERNAL" } else { "EXTERNAL" };
                human(space, id, "ROLE_MEMBER", affiliation, time)
            }
            Self::Group { id } => json!({
                "name": format!("{space}/members/{id}"),
                "state": "JOINED",
                "groupMember": { "name": format!("groups/{id}") },
                "createTime": time,
                "role": "ROLE_MEMBER",
            }),
        }
    }

    /// Somebody by e-mail address, known here or not.
    pub(super) fn by_address(address: &str) -> Self {
        let domain = User::new(address).hosted_domain.unwrap_or_else(|| String::from("gmail.com"));
        Self::Human { id: subject(address), domain: Some(domain) }
    }
}

fn human(space: &str, id: &str, role: &str, affiliation: &str, time: &str) -> Value {
    json!({
        "name": format!("{space}/members/{id}"),
        "state": "JOINED",
        "member": { "name": format!("users/{id}"), "type": "HUMAN" },
        "createTime": time,
        "role": role,
        "affiliation": affiliation,
    })
}

fn counted(members: &[Value]) -> Value {
    let groups = members.iter().filter(|member| member.get("groupMember").is_some()).count();
    let mut count = Map::new();
    for (key, number) in [("joinedDirectHumanUserCount", members.len() - groups), ("joinedGroupCount", groups)] {
        if number > 0 {
            count.insert(key.to_owned(), json!(number));
        }
    }
    Value::Object(count)
}

fn access_settings(asked: &Map<String, Value>) -> Value {
    let audience = asked.get("accessSettings").and_then(|settings| settings.get("audience"));
    match audience.and_then(Value::as_str).filter(|audience| !audience.is_empty()) {
        Some(audience) => json!({ "accessState": "DISCOVERABLE", "audience": audience }),
        None => json!({ "accessState": "PRIVATE" }),
    }
}

fn permission_settings(asked: &Map<String, Value>) -> Value {
    let everyone = json!({ "managersAllowed": true, "assistantManagersAllowed": true, "membersAllowed": true });
    let managers = json!({ "managersAllowed": true, "assistantManagersAllowed": true });
    let announcement = text(asked, "predefinedPermissionSettings") == "ANNOUNCEMENT_SPACE";
    let members = if announcement { &managers } else { &everyone };
    json!({
        "manageMembersAndGroups": members,
        "modifySpaceDetails": members,
        "toggleHistory": managers,
        "useAtMentionAll": members,
        "manageApps": members,
        "manageWebhooks": members,
        "postMessages": members,
        "replyMessages": everyone,
    })
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Eleven characters that begin as Google's newer ids do.
fn identifier() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("AAQA{}", &random[..7])
}

/// A stable number for the organization.
fn customer(domain: &str) -> String {
    let number = subject(domain);
    format!("customers/C01{}", &number[number.len() - 7..])
}

/// RFC 3339 with microseconds, as Google writes times.
fn timestamp(at: OffsetDateTime) -> String {
    let (date, clock) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second(),
        clock.microsecond()
    )
}
