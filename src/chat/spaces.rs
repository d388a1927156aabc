//! The methods of
//! [`spaces`](https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces).

use std::borrow::Cow;

use http::Method as Verb;
use serde_json::{Map, Value, json};

use super::RawResponse;
use super::error::Error;
use super::method::{Call, Method, Scopes};
use super::names::SpaceName;
use super::page::{Page, Paging};
use super::wire::{NewMembership, Resource, Space};

/// `spaces.create`: a named space of which the caller is the only member.
#[derive(Debug, Clone)]
pub struct CreateSpace {
    /// The space.
    pub space: Map<String, Value>,
    /// Makes the request idempotent: the same ID of the same user returns the same space.
    pub request_id: String,
}

impl CreateSpace {
    /// The only scope accepted in import mode; it allows nothing else.
    pub const SCOPES_FOR_IMPORT: Scopes = Scopes { user: &["chat.import"], admin: &[] };
}

impl Method for CreateSpace {
    type Response = Resource<Space>;
    const SCOPES: Scopes = Scopes { user: &["chat.spaces.create"], admin: &[] };
    const ACTION: &str = "create the space";

    fn call(&self) -> Call {
        Call::new(Verb::POST, "/v1/spaces")
            .query("requestId", Some(&self.request_id))
            .body(&Value::Object(self.space.clone()))
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?)
    }

    fn request_id(&self) -> Option<Cow<'_, str>> {
        Some(self.request_id.as_str().into())
    }
}

/// `spaces.setup`: a space with its members, a group chat or a direct message.
#[derive(Debug, Clone)]
pub struct SetUpSpace {
    /// The space.
    pub space: Map<String, Value>,
    /// At most 49 members, without the caller.
    pub memberships: Vec<NewMembership>,
    /// Makes the request idempotent, as in [`CreateSpace`].
    pub request_id: String,
}

impl Method for SetUpSpace {
    type Response = Resource<Space>;
    const SCOPES: Scopes = Scopes { user: &["chat.spaces.create"], admin: &[] };
    const ACTION: &str = "create the space";

    fn call(&self) -> Call {
        let memberships: Vec<Value> = self.memberships.iter().map(Value::from).collect();
        let body = json!({ "space": self.space, "requestId": self.request_id, "memberships": memberships });
        Call::new(Verb::POST, "/v1/spaces:setup").body(&body)
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?)
    }

    fn request_id(&self) -> Option<Cow<'_, str>> {
        Some(self.request_id.as_str().into())
    }
}

/// `spaces.list`: a page of the spaces that the caller is a member of.
#[derive(Debug, Clone, Default)]
pub struct ListSpaces {
    /// As in `spaceType = "SPACE"`.
    pub filter: Option<String>,
    /// The page; the server returns at most 1,000 spaces.
    pub paging: Paging,
}

impl Method for ListSpaces {
    type Response = Page<Space>;
    const SCOPES: Scopes = Scopes { user: &["chat.spaces.readonly"], admin: &[] };
    const ACTION: &str = "list spaces";

    fn call(&self) -> Call {
        self.paging.add_to(Call::page("/v1/spaces").query("filter", self.filter.as_ref()))
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Page::read(&response.object()?, "spaces")
    }
}

/// `spaces.get`: one space.
#[derive(Debug, Clone)]
pub struct GetSpace {
    /// The space.
    pub name: SpaceName,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl Method for GetSpace {
    type Response = Resource<Space>;
    const SCOPES: Scopes = Scopes { user: &["chat.spaces.readonly"], admin: &["chat.admin.spaces.readonly"] };
    const ACTION: &str = "get the space";

    fn call(&self) -> Call {
        Call::new(Verb::GET, format!("/v1/{}", self.name)).admin(self.admin)
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?)
    }
}

/// `spaces.patch`: changes the fields that the mask names. The same values again change nothing, so it is retried
/// after a lost response.
#[derive(Debug, Clone)]
pub struct PatchSpace {
    /// The space.
    pub name: SpaceName,
    /// The update mask: field names separated by commas.
    pub update_mask: String,
    /// The new values.
    pub space: Map<String, Value>,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl Method for PatchSpace {
    type Response = Resource<Space>;
    const SCOPES: Scopes = Scopes { user: &["chat.spaces", "chat.import"], admin: &["chat.admin.spaces"] };
    const ACTION: &str = "update the space";

    fn call(&self) -> Call {
        Call::new(Verb::PATCH, format!("/v1/{}", self.name))
            .query("updateMask", Some(&self.update_mask))
            .admin(self.admin)
            .body(&Value::Object(self.space.clone()))
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?)
    }
}

/// `spaces.delete`: deletes a named space with everything in it. Names are never reused, so "not
/// found" after an attempt that may have been applied counts as success; the result is then `None`.
#[derive(Debug, Clone)]
pub struct DeleteSpace {
    /// The space.
    pub name: SpaceName,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl Method for DeleteSpace {
    type Response = Option<Value>;
    const SCOPES: Scopes = Scopes { user: &["chat.delete", "chat.import"], admin: &["chat.admin.delete"] };
    const ACTION: &str = "delete the space";

    fn call(&self) -> Call {
        Call::new(Verb::DELETE, format!("/v1/{}", self.name)).admin(self.admin)
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        response.object().filter(|answer| *answer == json!({})).map(Some)
    }

    fn already_done(&self, refusal: &Error) -> Option<Self::Response> {
        refusal.is_not_found().then_some(None)
    }
}

/// `spaces.completeImport`: ends the import mode of a space. A second completion is refused and changes nothing; that
/// refusal stays an error with an unknown outcome, because the import scope does not allow reading the space.
#[derive(Debug, Clone)]
pub struct CompleteImport {
    /// The space.
    pub name: SpaceName,
}

impl Method for CompleteImport {
    type Response = Resource<Space>;
    const SCOPES: Scopes = Scopes { user: &["chat.import"], admin: &[] };
    const ACTION: &str = "complete the import";

    fn call(&self) -> Call {
        Call::new(Verb::POST, format!("/v1/{}:completeImport", self.name)).body(&json!({}))
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?.get("space")?.clone())
    }
}

/// `spaces.search`: a page of the spaces that match a query.
#[derive(Debug, Clone, Default)]
pub struct SearchSpaces {
    /// As in `display_name:"team" AND space_type = "SPACE"`.
    pub query: String,
    /// As in `create_time DESC`.
    pub order_by: Option<String>,
    /// The page; the server returns at most 100 spaces, and 1,000 to administrators.
    pub paging: Paging,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

impl Method for SearchSpaces {
    type Response = Page<Space>;
    const SCOPES: Scopes = Scopes { user: &["chat.spaces.readonly"], admin: &["chat.admin.spaces.readonly"] };
    const ACTION: &str = "search spaces";

    fn call(&self) -> Call {
        let call =
            Call::page("/v1/spaces:search").query("query", Some(&self.query)).query("orderBy", self.order_by.as_ref());
        self.paging.add_to(call).admin(self.admin)
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        let answer = response.object()?;
        // Administrators may get the older form, which lists the spaces directly.
        if answer.get("results").is_some() {
            Page::read_with(&answer, "results", |result| result.get("space").cloned())
        } else {
            Page::read(&answer, "spaces")
        }
    }
}

/// `spaces.findDirectMessage`: the direct message with a person.
#[derive(Debug, Clone)]
pub struct FindDirectMessage {
    /// `users/{ID or email address}`.
    pub user: String,
}

impl Method for FindDirectMessage {
    type Response = Resource<Space>;
    const SCOPES: Scopes = Scopes { user: &["chat.spaces.readonly"], admin: &[] };
    const ACTION: &str = "find the direct message";

    fn call(&self) -> Call {
        Call::new(Verb::GET, "/v1/spaces:findDirectMessage").query("name", Some(&self.user))
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Resource::from_json(response.json()?)
    }
}

/// `spaces.findGroupChats`: a page of the group chats of exactly these people and the caller.
#[derive(Debug, Clone, Default)]
pub struct FindGroupChats {
    /// `users/{ID or email address}`, at most 49, without the caller.
    pub users: Vec<String>,
    /// Whether whole spaces are returned instead of bare names.
    pub expanded: bool,
    /// The page; the server returns at most 30 spaces.
    pub paging: Paging,
}

impl Method for FindGroupChats {
    type Response = Page<Space>;
    const SCOPES: Scopes = Scopes { user: &["chat.memberships.readonly"], admin: &[] };
    const ACTION: &str = "find group chats";

    fn call(&self) -> Call {
        let mut call = Call::page("/v1/spaces:findGroupChats");
        for user in &self.users {
            call = call.query("users", Some(user));
        }
        self.paging.add_to(call.query("spaceView", self.expanded.then_some("SPACE_VIEW_EXPANDED")))
    }

    fn parse(&self, response: &RawResponse) -> Option<Self::Response> {
        Page::read(&response.object()?, "spaces")
    }
}
