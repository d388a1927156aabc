//! A space and its members, as the API returns them.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::fields::{Fields, flag, text};
use super::membership::{NewMember, human, is_human, joined, membership_count};
use crate::emulator::options::{Options, User, account_id};
use crate::emulator::wire::without_nulls;

/// Longest time in import mode.
const IMPORT_PERIOD: Duration = Duration::days(90);
/// The field of the access settings that says who may do what.
pub(super) const ACCESS_PERMISSIONS: &str = "accessPermissionSettings";

/// A space.
#[derive(Clone, Debug)]
pub(in crate::emulator) struct Space {
    /// The space, as `spaces.get` returns it.
    pub(in crate::emulator) body: Value,
    /// The memberships, as `spaces.members.list` returns them.
    pub(in crate::emulator) members: Vec<Value>,
    /// The user who created it.
    pub(in crate::emulator) creator: User,
    /// When it was created; `createTime` may differ in import mode.
    pub(in crate::emulator) created_at: OffsetDateTime,
    /// Whether it was created in import mode.
    imported: bool,
    /// Whether it has a message.
    active: bool,
}

impl Space {
    /// Creates a space from checked fields. In import mode it has no members.
    pub(super) fn new(
        id: &str,
        asked: &Fields,
        creator: &User,
        new_members: &[NewMember],
        options: &Options,
        now: OffsetDateTime,
    ) -> Self {
        let name = format!("spaces/{id}");
        let import = flag(asked, "importMode");
        let time = timestamp(now);
        let direct = text(asked, "spaceType") == "DIRECT_MESSAGE";
        let mut members = Vec::new();
        if !import {
            let role = if direct { "ROLE_MEMBER" } else { "ROLE_MANAGER" };
            let mut membership = human(&name, &creator.sub, Some(&creator.email), options, &time);
            membership["role"] = json!(role);
            members.push(membership);
            for new_member in new_members {
                members.push(new_member.membership(&name, direct, creator, options, &time));
            }
        }
        let named = text(asked, "spaceType") == "SPACE";
        let history = if text(asked, "spaceHistoryState") == "HISTORY_OFF" { "HISTORY_OFF" } else { "HISTORY_ON" };
        let access = asked.get("accessSettings").and_then(Value::as_object).cloned().unwrap_or_default();
        // Spaces of consumer accounts are always open to others.
        let external = creator.hosted_domain.is_none() || flag(asked, "externalUserAllowed");
        let body = without_nulls(json!({
            "name": name,
            "type": if direct { "DM" } else { "ROOM" },
            "displayName": asked.get("displayName"),
            "singleUserBotDm": flag(asked, "singleUserBotDm").then_some(true),
            "spaceThreadingState": if named { "THREADED_MESSAGES" } else { "UNTHREADED_MESSAGES" },
            "spaceType": text(asked, "spaceType"),
            "spaceDetails": asked.get("spaceDetails"),
            "spaceHistoryState": history,
            "externalUserAllowed": external.then_some(true),
            "importMode": import.then_some(true),
            "importModeExpireTime": import.then(|| timestamp(now + IMPORT_PERIOD)),
            "createTime": asked.get("createTime").filter(|_| import).unwrap_or(&json!(time)),
            "lastActiveTime": time,
            "membershipCount": membership_count(&members),
            "accessSettings": named.then(|| access_settings(text(&access, "audience"), access.get(ACCESS_PERMISSIONS))),
            "permissionSettings": named.then(|| permission_settings(text(asked, "predefinedPermissionSettings"))),
            "customer": creator.hosted_domain.as_deref().map(customer),
            "spaceUri": format!("https://chat.google.com/{}/{id}?cls=11", if direct { "dm" } else { "room" }),
        }));
        Self { body, members, creator: creator.clone(), created_at: now, imported: import, active: false }
    }

    pub(in crate::emulator) fn name(&self) -> &str {
        self.field("name")
    }

    pub(super) fn field(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the user may see it.
    pub(super) fn is_visible_to(&self, user: &User) -> bool {
        self.has_member(&user.sub) || self.is_imported_by(user)
    }

    /// Whether the user imported the space, which belongs to them until it has members.
    fn is_imported_by(&self, user: &User) -> bool {
        self.imported && self.creator.sub == user.sub && (self.importing() || self.members.is_empty())
    }

    /// Whether the person has joined.
    pub(super) fn has_member(&self, id: &str) -> bool {
        self.role(id).is_some()
    }

    /// Returns the role of a person who has joined.
    pub(super) fn role(&self, id: &str) -> Option<&str> {
        let member = self.member(id).filter(|member| joined(member) && is_human(member))?;
        member.get("role").and_then(Value::as_str)
    }

    /// Returns the membership with this id, joined or invited.
    pub(super) fn member(&self, id: &str) -> Option<&Value> {
        self.position(id).map(|position| &self.members[position])
    }

    pub(super) fn position(&self, id: &str) -> Option<usize> {
        let name = format!("{}/members/{id}", self.name());
        self.members.iter().position(|member| member.get("name").and_then(Value::as_str) == Some(&name))
    }

    /// Returns the ids of the people who have joined.
    pub(super) fn people(&self) -> impl Iterator<Item = &str> {
        let joined = self.members.iter().filter(|member| joined(member) && is_human(member));
        joined.filter_map(|member| member.pointer("/member/name")?.as_str()?.strip_prefix("users/"))
    }

    /// Returns the ids of the two members of a direct message.
    pub(super) fn direct_message_pair(&self) -> Option<[String; 2]> {
        let other = self.people().find(|id| *id != self.creator.sub).unwrap_or("app");
        (self.field("spaceType") == "DIRECT_MESSAGE").then(|| pair(&self.creator.sub, other))
    }

    /// Whether it is in import mode.
    pub(super) fn importing(&self) -> bool {
        self.flag("importMode")
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.body.get(name) == Some(&Value::Bool(true))
    }

    /// Whether the user is an owner: has `ROLE_MANAGER`, or imported the space.
    pub(super) fn is_owned_by(&self, user: &User) -> bool {
        self.role(&user.sub) == Some("ROLE_MANAGER") || self.is_imported_by(user)
    }

    /// Whether a permission setting allows the user's role. A space without settings allows everyone.
    pub(super) fn permits(&self, user: &User, setting: &str) -> bool {
        let allowed = match self.role(&user.sub) {
            Some("ROLE_MANAGER") => "managersAllowed",
            Some("ROLE_ASSISTANT_MANAGER") => "assistantManagersAllowed",
            Some(_) => "membersAllowed",
            None => return self.is_owned_by(user),
        };
        let Some(settings) = self.body.get("permissionSettings") else { return true };
        settings.get(setting).and_then(|setting| setting.get(allowed)) == Some(&Value::Bool(true))
    }

    /// Sets a field, or removes it.
    pub(super) fn set(&mut self, name: &str, value: Option<Value>) {
        let Value::Object(fields) = &mut self.body else { return };
        match value {
            Some(value) => fields.insert(name.to_owned(), value),
            None => fields.shift_remove(name),
        };
    }

    /// Updates `membershipCount`.
    pub(super) fn update_count(&mut self) {
        self.set("membershipCount", Some(membership_count(&self.members)));
    }

    /// Converts a group chat to a named space.
    pub(super) fn become_named(&mut self) {
        self.set("spaceType", Some(json!("SPACE")));
        self.set("accessSettings", Some(access_settings("", None)));
        self.set("permissionSettings", Some(permission_settings("")));
    }

    /// Records a message: a group chat or direct message then appears in lists.
    pub(in crate::emulator) fn receive_message(&mut self, now: OffsetDateTime) {
        self.active = true;
        self.set("lastActiveTime", Some(json!(timestamp(now))));
    }

    /// Whether lists include it. Group chats and direct messages appear with their first message.
    pub(super) fn is_listed(&self) -> bool {
        self.active || self.field("spaceType") == "SPACE"
    }

    /// Returns the space as lists do.
    pub(super) fn in_list(&self) -> Value {
        let mut body = self.body.clone();
        if let Value::Object(fields) = &mut body {
            fields.shift_remove("permissionSettings");
        }
        body
    }

    /// Returns the short answer to a repeated request: the request with the name filled in.
    pub(super) fn echo(&self) -> Value {
        let field = |name: &str| self.body.get(name);
        without_nulls(json!({
            "name": field("name"),
            "spaceType": field("spaceType"),
            "displayName": field("displayName"),
        }))
    }
}

/// Returns the access settings for an audience, which may be empty, and permissions.
pub(super) fn access_settings(audience: &str, permissions: Option<&Value>) -> Value {
    without_nulls(json!({
        "accessState": if audience.is_empty() { "PRIVATE" } else { "DISCOVERABLE" },
        "audience": (!audience.is_empty()).then_some(audience),
        ACCESS_PERMISSIONS: permissions,
    }))
}

fn permission_settings(predefined: &str) -> Value {
    let everyone = json!({ "managersAllowed": true, "assistantManagersAllowed": true, "membersAllowed": true });
    let managers = json!({ "managersAllowed": true, "assistantManagersAllowed": true });
    let members = if predefined == "ANNOUNCEMENT_SPACE" { &managers } else { &everyone };
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

/// Returns the key of a direct message, whoever created it.
pub(super) fn pair(one: &str, other: &str) -> [String; 2] {
    let mut pair = [one.to_owned(), other.to_owned()];
    pair.sort();
    pair
}

/// Derives a stable customer id from a domain.
pub(super) fn customer(domain: &str) -> String {
    let number = account_id(domain);
    format!("customers/C01{}", &number[number.len() - 7..])
}

/// Formats a time in RFC 3339 with microseconds, as Google does.
pub(super) fn timestamp(at: OffsetDateTime) -> String {
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
