//! Which method of the API's a request calls, and with it which scopes it needs.

use crate::auth::ScopeSet;
use crate::chat::RawRequest;
use crate::commands::scopes::{self, Method};

/// An HTTP method, the path below `v1/` with `*` for an id, and the method of the API's.
const ROUTES: &[(&str, &str, &Method)] = &[
    ("POST", "spaces", &scopes::CREATE),
    ("POST", "spaces:setup", &scopes::SETUP),
    ("GET", "spaces", &scopes::LIST),
    ("GET", "spaces:search", &scopes::SEARCH),
    ("GET", "spaces:findDirectMessage", &scopes::FIND_DIRECT_MESSAGE),
    ("GET", "spaces:findGroupChats", &scopes::FIND_GROUP_CHATS),
    ("POST", "spaces/*:completeImport", &scopes::COMPLETE_IMPORT),
    ("GET", "spaces/*", &scopes::GET),
    ("PATCH", "spaces/*", &scopes::PATCH),
    ("DELETE", "spaces/*", &scopes::DELETE),
    ("GET", "spaces/*/members", &scopes::MEMBERS_LIST),
    ("POST", "spaces/*/members", &scopes::MEMBERS_CREATE),
    ("GET", "spaces/*/members/*", &scopes::MEMBERS_GET),
    ("PATCH", "spaces/*/members/*", &scopes::MEMBERS_PATCH),
    ("DELETE", "spaces/*/members/app", &scopes::MEMBERS_DELETE_APP),
    ("DELETE", "spaces/*/members/*", &scopes::MEMBERS_DELETE),
    ("POST", "spaces/*/messages", &scopes::MESSAGES_CREATE),
];

/// The scopes to ask for, given what is `granted` already. `None` for methods that are not known here.
pub(super) fn needed(request: &RawRequest, granted: &ScopeSet) -> Option<ScopeSet> {
    let path = request.path.as_str().strip_prefix("/v1/")?;
    let name = if request.method == http::Method::HEAD { "GET" } else { request.method.as_str() };
    let (.., method) = ROUTES.iter().find(|(known, pattern, _)| *known == name && matches(pattern, path))?;
    let admin = request.query.iter().any(|(name, value)| name == "useAdminAccess" && value == "true");
    Some(scopes::needed(&[method], admin, granted))
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
}
