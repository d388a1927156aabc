//! Which scope a method needs, for those that are known: after the table of scopes in the API's reference.

use crate::auth::{Scope, ScopeSet};
use crate::chat::RawRequest;

/// Methods, the path below `v1/` with `*` for an id, the scopes of which one is enough with the least powerful first,
/// and the same with `useAdminAccess`.
type Row = (&'static [&'static str], &'static str, &'static [&'static str], &'static [&'static str]);

const READ: &[&str] = &["GET", "HEAD"];
const WRITE: &[&str] = &["POST", "PUT", "PATCH", "DELETE"];

const SPACES: &[&str] = &["chat.spaces.readonly", "chat.spaces"];
const ADMIN_SPACES: &[&str] = &["chat.admin.spaces.readonly", "chat.admin.spaces"];
const MEMBERS: &[&str] = &["chat.memberships.readonly", "chat.memberships"];
const ADMIN_MEMBERS: &[&str] = &["chat.admin.memberships.readonly", "chat.admin.memberships"];
const MESSAGES: &[&str] = &["chat.messages.readonly", "chat.messages"];

const TABLE: &[Row] = &[
    (&["POST"], "spaces", &["chat.spaces.create", "chat.spaces", "chat.import"], &[]),
    (&["POST"], "spaces:setup", &["chat.spaces.create", "chat.spaces"], &[]),
    (READ, "spaces", SPACES, &[]),
    (READ, "spaces:search", SPACES, ADMIN_SPACES),
    (READ, "spaces:findDirectMessage", SPACES, &[]),
    (READ, "spaces:findGroupChats", MEMBERS, &[]),
    (&["POST"], "spaces/*:completeImport", &["chat.import"], &[]),
    (READ, "spaces/*", SPACES, ADMIN_SPACES),
    (&["PATCH", "PUT"], "spaces/*", &["chat.spaces", "chat.import"], &["chat.admin.spaces"]),
    (&["DELETE"], "spaces/*", &["chat.delete", "chat.import"], &["chat.admin.delete"]),
    (READ, "spaces/*/members", MEMBERS, ADMIN_MEMBERS),
    (READ, "spaces/*/members/*", MEMBERS, ADMIN_MEMBERS),
    (WRITE, "spaces/*/members", &["chat.memberships", "chat.import"], &["chat.admin.memberships"]),
    (WRITE, "spaces/*/members/*", &["chat.memberships", "chat.import"], &["chat.admin.memberships"]),
    (READ, "spaces/*/messages", MESSAGES, &[]),
    (READ, "spaces/*/messages/*", MESSAGES, &[]),
    (READ, "spaces/*/messages/*/attachments/*", MESSAGES, &[]),
    (&["POST"], "spaces/*/messages", &["chat.messages.create", "chat.messages", "chat.import"], &[]),
    (WRITE, "spaces/*/messages/*", &["chat.messages", "chat.import"], &[]),
    (
        READ,
        "spaces/*/messages/*/reactions",
        &["chat.messages.reactions.readonly", "chat.messages.reactions", "chat.messages.readonly", "chat.messages"],
        &[],
    ),
    (
        &["POST"],
        "spaces/*/messages/*/reactions",
        &["chat.messages.reactions.create", "chat.messages.reactions", "chat.messages", "chat.import"],
        &[],
    ),
    (&["DELETE"], "spaces/*/messages/*/reactions/*", &["chat.messages.reactions", "chat.messages", "chat.import"], &[]),
    (READ, "customEmojis", &["chat.customemojis.readonly", "chat.customemojis"], &[]),
    (READ, "customEmojis/*", &["chat.customemojis.readonly", "chat.customemojis"], &[]),
    (WRITE, "customEmojis", &["chat.customemojis"], &[]),
    (WRITE, "customEmojis/*", &["chat.customemojis"], &[]),
    (READ, "users/*/spaces/*/spaceReadState", &["chat.users.readstate.readonly", "chat.users.readstate"], &[]),
    (WRITE, "users/*/spaces/*/spaceReadState", &["chat.users.readstate"], &[]),
    (
        READ,
        "users/*/spaces/*/threads/*/threadReadState",
        &["chat.users.readstate.readonly", "chat.users.readstate"],
        &[],
    ),
    (READ, "users/*/spaces/*/spaceNotificationSetting", &["chat.users.spacesettings"], &[]),
    (WRITE, "users/*/spaces/*/spaceNotificationSetting", &["chat.users.spacesettings"], &[]),
];

/// The scope to ask for: one that `granted` covers, where one is enough, else the least powerful. `None` for methods
/// that are not known here.
pub(super) fn needed(request: &RawRequest, granted: &ScopeSet) -> Option<ScopeSet> {
    let path = request.path.as_str().strip_prefix("/v1/")?;
    let method = request.method.as_str();
    let (_, _, plain, admin) =
        TABLE.iter().find(|(methods, pattern, ..)| methods.contains(&method) && matches(pattern, path))?;
    let as_admin = request.query.iter().any(|(name, value)| name == "useAdminAccess" && value == "true");
    let enough = if as_admin && !admin.is_empty() { admin } else { plain };
    let sets = || enough.iter().map(|name| [Scope::google(name)].into_iter().collect::<ScopeSet>());
    sets().find(|scopes| granted.lacking(scopes).is_empty()).or_else(|| sets().next())
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    pattern.split('/').all(|expected| {
        segments.next().is_some_and(|segment| match (expected.strip_prefix('*'), segment.split_once(':')) {
            // An id has no verb behind it unless the pattern has.
            (Some(""), verb) => verb.is_none(),
            (Some(verb), _) => segment.ends_with(verb),
            (None, _) => segment == expected,
        })
    }) && segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ApiPath;

    fn scopes(method: &str, path: &str, granted: &str) -> String {
        let (path, query) = ApiPath::parse(path).unwrap();
        let request = RawRequest { method: method.parse().unwrap(), path, query, body: None };
        let granted: ScopeSet = granted.split_whitespace().map(Scope::google).collect();
        needed(&request, &granted).map_or_else(|| String::from("-"), |scopes| scopes.to_string())
    }

    #[test]
    fn the_least_powerful_scope_is_asked_for_and_a_granted_one_is_enough() {
        for (method, path, granted, expected) in [
            ("POST", "v1/spaces", "", "chat.spaces.create"),
            ("POST", "v1/spaces:setup", "", "chat.spaces.create"),
            ("GET", "v1/spaces?pageSize=1", "", "chat.spaces.readonly"),
            ("GET", "v1/spaces/A", "chat.spaces", "chat.spaces.readonly"),
            ("GET", "v1/spaces/A?useAdminAccess=true", "", "chat.admin.spaces.readonly"),
            ("DELETE", "v1/spaces/A", "", "chat.delete"),
            ("DELETE", "v1/spaces/A?useAdminAccess=true", "", "chat.admin.delete"),
            ("POST", "v1/spaces/A:completeImport", "", "chat.import"),
            ("GET", "v1/spaces/A/members/app", "", "chat.memberships.readonly"),
            ("POST", "v1/spaces/A/messages", "chat.messages", "chat.messages"),
            ("GET", "v1/spaces/A/spaceEvents", "", "-"),
            ("GET", "v1/spaces/A:other", "", "-"),
            ("GET", "v2/spaces", "", "-"),
        ] {
            assert_eq!(scopes(method, path, granted), expected, "{method} {path}");
        }
    }

    #[test]
    fn every_scope_of_the_table_exists() {
        for (_, pattern, plain, admin) in TABLE {
            for scope in plain.iter().chain(*admin) {
                assert!(Scope::from_user(scope).is_ok(), "{pattern}: {scope}");
            }
        }
    }
}
