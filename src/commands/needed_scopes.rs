//! Chooses the scopes of a login from those that the methods of a command accept.

use crate::auth::{Scope, ScopeSet};
use crate::chat::{CreateSpace, Method, Scopes};

/// The scopes of `spaces.messages.create`, which only `chatauth api` calls.
pub(super) const CREATE_MESSAGE: Scopes =
    Scopes { user: &["chat.messages.create", "chat.messages", "chat.import"], admin: &[] };

const fn choices(scopes: &Scopes, admin: bool) -> &'static [&'static str] {
    if admin { scopes.admin } else { scopes.user }
}

/// Returns the fewest scopes that allow all of `methods`, given those that are `granted` already.
pub(super) fn needed(methods: &[Scopes], admin: bool, granted: &ScopeSet) -> ScopeSet {
    let scopes: ScopeSet = methods
        .iter()
        .filter_map(|method| {
            let choices = choices(method, admin);
            choices.iter().copied().find(|choice| allows(granted, choice)).or(choices.first().copied())
        })
        .map(Scope::google)
        .collect();
    scopes.minimal()
}

/// Returns the default scopes of a login: those that create a space.
pub(super) fn default() -> ScopeSet {
    needed(&[CreateSpace::SCOPES], false, &ScopeSet::default())
}

/// Whether `granted` allows a method.
pub(super) fn allowed(method: &Scopes, admin: bool, granted: &ScopeSet) -> bool {
    choices(method, admin).iter().any(|choice| allows(granted, choice))
}

fn allows(granted: &ScopeSet, scope: &str) -> bool {
    granted.missing_from(&[Scope::google(scope)].into_iter().collect()).is_empty()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::chat::{
        CompleteImport, CreateMembership, DeleteMembership, DeleteSpace, FindDirectMessage, FindGroupChats,
        GetMembership, GetSpace, ListMemberships, ListSpaces, PatchMembership, PatchSpace, SearchSpaces, SetUpSpace,
    };

    const ALL: &[(&str, Scopes)] = &[
        ("spaces.create", CreateSpace::SCOPES),
        ("spaces.create", CreateSpace::SCOPES_FOR_IMPORT),
        ("spaces.setup", SetUpSpace::SCOPES),
        ("spaces.list", ListSpaces::SCOPES),
        ("spaces.get", GetSpace::SCOPES),
        ("spaces.patch", PatchSpace::SCOPES),
        ("spaces.delete", DeleteSpace::SCOPES),
        ("spaces.search", SearchSpaces::SCOPES),
        ("spaces.findDirectMessage", FindDirectMessage::SCOPES),
        ("spaces.findGroupChats", FindGroupChats::SCOPES),
        ("spaces.completeImport", CompleteImport::SCOPES),
        ("spaces.members.create", CreateMembership::SCOPES),
        ("spaces.members.create", CreateMembership::SCOPES_FOR_APP),
        ("spaces.members.list", ListMemberships::SCOPES),
        ("spaces.members.get", GetMembership::SCOPES),
        ("spaces.members.patch", PatchMembership::SCOPES),
        ("spaces.members.delete", DeleteMembership::SCOPES),
        ("spaces.members.delete", DeleteMembership::SCOPES_FOR_APP),
        ("spaces.messages.create", CREATE_MESSAGE),
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
        for (id, _) in ALL {
            let (admin, user) = documented(id);
            let rows: Vec<_> = ALL.iter().filter(|(other, _)| other == id).map(|(_, scopes)| scopes).collect();
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
        assert_eq!(needed(&[PatchSpace::SCOPES, GetSpace::SCOPES], false, &nothing), set(&["chat.spaces"]));
        assert_eq!(needed(&[DeleteSpace::SCOPES], false, &set(&["chat.import"])), set(&["chat.import"]));
        assert_eq!(needed(&[DeleteSpace::SCOPES], false, &set(&["chat.import", "chat.delete"])), set(&["chat.delete"]));
        assert_eq!(needed(&[DeleteSpace::SCOPES], true, &set(&["chat.import"])), set(&["chat.admin.delete"]));
        assert_eq!(needed(&[CreateSpace::SCOPES], false, &set(&["chat.import"])), set(&["chat.spaces.create"]));
        assert!(!allowed(&ListMemberships::SCOPES, false, &set(&["chat.spaces"])));
    }
}
