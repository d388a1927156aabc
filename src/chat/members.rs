//! The methods of
//! [`spaces.members`](https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.members).

use http::Method as Verb;
use serde_json::{Value, json};

use super::RawResponse;
use super::error::{Error, ErrorKind};
use super::method::{Call, Method, Scopes};
use super::names::{MemberName, SpaceName};
use super::page::{Page, Paging};
use super::wire::{Membership, NewMembership, Resource, Role};

/// `members.create`: adds a member. Nobody can be a member twice, so a retry is rejected when the lost attempt was
/// applied; the result is then `None`.
#[derive(Debug, Clone)]
pub struct CreateMembership {
    /// The space.
    pub space: SpaceName,
    /// The new member.
    pub membership: NewMembership,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl CreateMembership {
    /// A narrower scope, accepted for the calling app itself.
    pub const SCOPES_FOR_APP: Scopes =
        Scopes { user: &["chat.memberships.app", "chat.import"], admin: &["chat.admin.memberships"] };
}

impl Method for CreateMembership {
    type Response = Option<Resource<Membership>>;
    const SCOPES: Scopes = Scopes { user: &["chat.memberships", "chat.import"], admin: &["chat.admin.memberships"] };
    const ACTION: &str = "add the member";

    fn call(&self) -> Call {
        Call::new(Verb::POST, format!("/v1/{}/members", self.space))
            .admin(self.admin)
            .body(&Value::from(&self.membership))
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?).map(Some)
    }

    fn already_done(&self, refusal: &Error) -> Option<Self::Response> {
        matches!(refusal.kind, ErrorKind::AlreadyExists).then_some(None)
    }
}

/// `members.list`: a page of the members of a space.
#[derive(Debug, Clone)]
pub struct ListMemberships {
    /// The space.
    pub space: SpaceName,
    /// As in `role = "ROLE_MANAGER"`.
    pub filter: Option<String>,
    /// Whether groups are listed too.
    pub groups: bool,
    /// Whether people who are only invited are listed too.
    pub invited: bool,
    /// The page; the server returns at most 1,000 members.
    pub paging: Paging,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl Method for ListMemberships {
    type Response = Page<Membership>;
    const SCOPES: Scopes =
        Scopes { user: &["chat.memberships.readonly", "chat.import"], admin: &["chat.admin.memberships.readonly"] };
    const ACTION: &str = "list the members";

    fn call(&self) -> Call {
        let call = Call::page(format!("/v1/{}/members", self.space))
            .query("filter", self.filter.as_ref())
            .flag("showGroups", self.groups)
            .flag("showInvited", self.invited);
        self.paging.add_to(call).admin(self.admin)
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Page::read(&response.object()?, "memberships")
    }
}

/// `members.get`: one membership.
#[derive(Debug, Clone)]
pub struct GetMembership {
    /// The membership.
    pub name: MemberName,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl Method for GetMembership {
    type Response = Resource<Membership>;
    const SCOPES: Scopes = Scopes { user: &["chat.memberships.readonly"], admin: &["chat.admin.memberships.readonly"] };
    const ACTION: &str = "get the member";

    fn call(&self) -> Call {
        Call::new(Verb::GET, format!("/v1/{}", self.name)).admin(self.admin)
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?)
    }
}

/// `members.patch`: changes a member's role. The same role again changes nothing, so it is retried after a lost
/// response.
#[derive(Debug, Clone)]
pub struct PatchMembership {
    /// The membership.
    pub name: MemberName,
    /// The new role.
    pub role: Role,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl Method for PatchMembership {
    type Response = Resource<Membership>;
    const SCOPES: Scopes = Scopes { user: &["chat.memberships", "chat.import"], admin: &["chat.admin.memberships"] };
    const ACTION: &str = "change the role";

    fn call(&self) -> Call {
        Call::new(Verb::PATCH, format!("/v1/{}", self.name))
            .query("updateMask", Some("role"))
            .admin(self.admin)
            .body(&json!({ "role": self.role.as_wire() }))
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?)
    }
}

/// `members.delete`: ends a membership. "Not found" after an attempt that may have been applied counts as success; the
/// result is then `None`. A member who is added again between the attempts is removed again.
#[derive(Debug, Clone)]
pub struct DeleteMembership {
    /// The membership.
    pub name: MemberName,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl DeleteMembership {
    /// A narrower scope, accepted for the calling app itself.
    pub const SCOPES_FOR_APP: Scopes = CreateMembership::SCOPES_FOR_APP;
}

impl Method for DeleteMembership {
    type Response = Option<Resource<Membership>>;
    const SCOPES: Scopes = CreateMembership::SCOPES;
    const ACTION: &str = "remove the member";

    fn call(&self) -> Call {
        Call::new(Verb::DELETE, format!("/v1/{}", self.name)).admin(self.admin)
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?).map(Some)
    }

    fn already_done(&self, refusal: &Error) -> Option<Self::Response> {
        refusal.is_not_found().then_some(None)
    }
}
