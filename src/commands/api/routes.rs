//! Finds the API method that a request calls, and the scopes that it needs.

use crate::auth::ScopeSet;
use crate::chat::{
    CompleteImport, CreateMembership, CreateSpace, DeleteMembership, DeleteSpace, FindDirectMessage, FindGroupChats,
    GetMembership, GetSpace, ListMemberships, ListSpaces, Method, PatchMembership, PatchSpace, RawRequest, Scopes,
    SearchSpaces, SetUpSpace,
};
use crate::commands::needed_scopes;

/// An HTTP method, the path below `v1/` with `*` for an ID, and the scopes of the API's method.
const ROUTES: &[(&str, &str, Scopes)] = &[
    ("POST", "spaces", CreateSpace::SCOPES),
    ("POST", "spaces:setup", SetUpSpace::SCOPES),
    ("GET", "spaces", ListSpaces::SCOPES),
    ("GET", "spaces:search", SearchSpaces::SCOPES),
    ("GET", "spaces:findDirectMessage", FindDirectMessage::SCOPES),
    ("GET", "spaces:findGroupChats", FindGroupChats::SCOPES),
    ("POST", "spaces/*:completeImport", CompleteImport::SCOPES),
    ("GET", "spaces/*", GetSpace::SCOPES),
    ("PATCH", "spaces/*", PatchSpace::SCOPES),
    ("DELETE", "spaces/*", DeleteSpace::SCOPES),
    ("GET", "spaces/*/members", ListMemberships::SCOPES),
    ("POST", "spaces/*/members", CreateMembership::SCOPES),
    ("GET", "spaces/*/members/*", GetMembership::SCOPES),
    ("PATCH", "spaces/*/members/*", PatchMembership::SCOPES),
    ("DELETE", "spaces/*/members/app", DeleteMembership::SCOPES_FOR_APP),
    ("DELETE", "spaces/*/members/*", DeleteMembership::SCOPES),
    ("POST", "spaces/*/messages", needed_scopes::CREATE_MESSAGE),
];

/// Returns the scopes to ask for, given those that are `granted` already; `None` for unknown methods.
pub(super) fn needed(request: &RawRequest, granted: &ScopeSet) -> Option<ScopeSet> {
    let path = request.path.as_str().strip_prefix("/v1/")?;
    let name = if request.verb == http::Method::HEAD { "GET" } else { request.verb.as_str() };
    let (.., scopes) = ROUTES.iter().find(|(known, pattern, _)| *known == name && matches(pattern, path))?;
    let admin = request.query.iter().any(|(name, value)| name == "useAdminAccess" && value == "true");
    Some(needed_scopes::needed(&[*scopes], admin, granted))
}

/// Whether the method is one of spaces, and not of what is in them or beside them.
pub(super) fn is_of_spaces(request: &RawRequest) -> bool {
    request.path.as_str().strip_prefix("/v1/spaces").is_some_and(|below| below.rfind('/').unwrap_or(0) == 0)
}

/// Returns a path with the version that it lacks; `None` for others.
pub(super) fn with_version(path: &str) -> Option<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let collection = path.split(['/', ':', '?']).next()?;
    ["spaces", "users", "media", "customEmojis"].contains(&collection).then(|| format!("v1/{path}"))
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
    use crate::auth::Scope;
    use crate::chat::ApiPath;

    fn scopes(method: &str, path: &str, granted: &str) -> String {
        let (path, query) = ApiPath::parse(path).unwrap();
        let request = RawRequest { verb: method.parse().unwrap(), path, query, body: None };
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
}
