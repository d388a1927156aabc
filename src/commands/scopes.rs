//! Which scopes each method needs: the one table of it.

use crate::auth::{Scope, ScopeSet};

/// A method of the Chat API, and the scopes that allow a user to call it.
///
/// The first scope is the narrowest that does, and the one that a login is asked for. The others do as well, and are
/// taken where a login has one of them already. Scopes that cover the first, as `chat.spaces` covers
/// `chat.spaces.create`, are known to `ScopeSet::lacking` and do not stand here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Method {
    /// As in the reference, without `chat.`.
    id: &'static str,
    user: &'static [&'static str],
    /// For `useAdminAccess`; empty where the method does not have it.
    admin: &'static [&'static str],
}

const fn method(id: &'static str, user: &'static [&'static str], admin: &'static [&'static str]) -> Method {
    Method { id, user, admin }
}

pub(super) const CREATE: Method = method("spaces.create", &["chat.spaces.create"], &[]);
/// In import mode this scope alone will do, and does nothing else.
pub(super) const CREATE_FOR_IMPORT: Method = method("spaces.create", &["chat.import"], &[]);
pub(super) const SETUP: Method = method("spaces.setup", &["chat.spaces.create"], &[]);
pub(super) const LIST: Method = method("spaces.list", &["chat.spaces.readonly"], &[]);
pub(super) const GET: Method = method("spaces.get", &["chat.spaces.readonly"], &["chat.admin.spaces.readonly"]);
pub(super) const PATCH: Method = method("spaces.patch", &["chat.spaces", "chat.import"], &["chat.admin.spaces"]);
pub(super) const DELETE: Method = method("spaces.delete", &["chat.delete", "chat.import"], &["chat.admin.delete"]);
pub(super) const SEARCH: Method = method("spaces.search", &["chat.spaces.readonly"], &["chat.admin.spaces.readonly"]);
pub(super) const FIND_DIRECT_MESSAGE: Method = method("spaces.findDirectMessage", &["chat.spaces.readonly"], &[]);
pub(super) const FIND_GROUP_CHATS: Method = method("spaces.findGroupChats", &["chat.memberships.readonly"], &[]);
pub(super) const COMPLETE_IMPORT: Method = method("spaces.completeImport", &["chat.import"], &[]);
pub(super) const MEMBERS_CREATE: Method =
    method("spaces.members.create", &["chat.memberships", "chat.import"], &["chat.admin.memberships"]);
/// For the calling app itself a narrower scope will do.
pub(super) const MEMBERS_CREATE_APP: Method =
    method("spaces.members.create", &["chat.memberships.app", "chat.import"], &["chat.admin.memberships"]);
pub(super) const MEMBERS_LIST: Method =
    method("spaces.members.list", &["chat.memberships.readonly", "chat.import"], &["chat.admin.memberships.readonly"]);
pub(super) const MEMBERS_GET: Method =
    method("spaces.members.get", &["chat.memberships.readonly"], &["chat.admin.memberships.readonly"]);
pub(super) const MEMBERS_PATCH: Method =
    method("spaces.members.patch", &["chat.memberships", "chat.import"], &["chat.admin.memberships"]);
pub(super) const MEMBERS_DELETE: Method =
    method("spaces.members.delete", &["chat.memberships", "chat.import"], &["chat.admin.memberships"]);
/// For the calling app itself a narrower scope will do.
pub(super) const MEMBERS_DELETE_APP: Method =
    method("spaces.members.delete", &["chat.memberships.app", "chat.import"], &["chat.admin.memberships"]);
pub(super) const MESSAGES_CREATE: Method =
    method("spaces.messages.create", &["chat.messages.create", "chat.messages", "chat.import"], &[]);

impl Method {
    fn choices(&self, admin: bool) -> &'static [&'static str] {
        if admin { self.admin } else { self.user }
    }

    /// Whether it depends on the login which scope is taken.
    pub(super) fn has_choice(&self, admin: bool) -> bool {
        self.choices(admin).len() > 1
    }
}

/// The fewest scopes that allow all of `methods`, given what is `granted` already.
pub(super) fn needed(methods: &[&Method], admin: bool, granted: &ScopeSet) -> ScopeSet {
    let scopes: ScopeSet = methods
        .iter()
        .filter_map(|method| {
            let choices = method.choices(admin);
            choices.iter().copied().find(|choice| allows(granted, choice)).or(choices.first().copied())
        })
        .map(Scope::google)
        .collect();
    scopes.without_covered()
}

/// What a login is asked for when nobody says what it is for: a plain create.
pub(super) fn for_a_first_login() -> ScopeSet {
    needed(&[&CREATE], false, &ScopeSet::default())
}

/// Whether `granted` allows `method`.
pub(super) fn allowed(method: &Method, admin: bool, granted: &ScopeSet) -> bool {
    method.choices(admin).iter().any(|choice| allows(granted, choice))
}

fn allows(granted: &ScopeSet, scope: &str) -> bool {
    granted.lacking(&[Scope::google(scope)].into_iter().collect()).is_empty()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    const ALL: &[&Method] = &[
        &CREATE,
        &CREATE_FOR_IMPORT,
        &SETUP,
        &LIST,
        &GET,
        &PATCH,
        &DELETE,
        &SEARCH,
        &FIND_DIRECT_MESSAGE,
        &FIND_GROUP_CHATS,
        &COMPLETE_IMPORT,
        &MEMBERS_CREATE,
        &MEMBERS_CREATE_APP,
        &MEMBERS_LIST,
        &MEMBERS_GET,
        &MEMBERS_PATCH,
        &MEMBERS_DELETE,
        &MEMBERS_DELETE_APP,
        &MESSAGES_CREATE,
    ];

    fn set(names: &[&str]) -> ScopeSet {
        names.iter().map(|name| Scope::google(name)).collect()
    }

    /// The scopes of a method in the API's own description, without those of app authentication.
    fn documented(id: &str) -> (BTreeSet<String>, BTreeSet<String>) {
        let document: Value = serde_json::from_str(include_str!("../../tests/it/support/chat-v1.json")).unwrap();
        let mut resource = &document["resources"]["spaces"];
        let names: Vec<&str> = id.split('.').collect();
        if let [_, below, _] = names[..] {
            resource = &resource["resources"][below];
        }
        let scopes = resource["methods"][names[names.len() - 1]]["scopes"].as_array().unwrap();
        let short = scopes.iter().map(|scope| scope.as_str().unwrap().rsplit('/').next().unwrap().to_owned());
        short
            .filter(|scope| !scope.starts_with("chat.app.") && scope != "chat.bot")
            .partition(|scope| scope.starts_with("chat.admin."))
    }

    #[test]
    fn every_scope_in_the_table_is_one_of_the_method_and_every_one_of_the_method_will_do() {
        for id in ALL.iter().map(|method| method.id) {
            let (admin, user) = documented(id);
            let rows: Vec<_> = ALL.iter().filter(|method| method.id == id).collect();
            for row in &rows {
                for (written, known) in [(row.user, &user), (row.admin, &admin)] {
                    assert!(written.iter().all(|scope| known.contains(*scope)), "{id}: {written:?} {known:?}");
                }
            }
            for (scopes, as_admin) in [(user, false), (admin, true)] {
                for scope in scopes {
                    let will_do = rows.iter().any(|row| allowed(row, as_admin, &set(&[&scope])));
                    assert!(will_do, "{id}: a login that has {scope} is not used");
                }
            }
        }
    }

    #[test]
    fn what_is_granted_is_used_and_else_the_narrowest_is_asked_for() {
        let nothing = ScopeSet::default();
        assert_eq!(needed(&[&PATCH, &GET], false, &nothing), set(&["chat.spaces"]));
        assert_eq!(needed(&[&DELETE], false, &set(&["chat.import"])), set(&["chat.import"]));
        assert_eq!(needed(&[&DELETE], false, &set(&["chat.import", "chat.delete"])), set(&["chat.delete"]));
        assert_eq!(needed(&[&DELETE], true, &set(&["chat.import"])), set(&["chat.admin.delete"]));
        assert_eq!(needed(&[&CREATE], false, &set(&["chat.import"])), set(&["chat.spaces.create"]));
        assert!(!allowed(&MEMBERS_LIST, false, &set(&["chat.spaces"])));
    }
}
