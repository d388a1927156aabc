//! The methods of `spaces` that find spaces.

use http::Method;

use super::call::{Call, Client, Operation, PAGE, SINGLE, admin};
use super::error::Error;
use super::page::{Page, Paging};
use super::wire::{Resource, Space};
use crate::secret::Secret;

/// `spaces.search`: one page of the spaces that a query finds.
#[derive(Debug, Clone, Default)]
pub struct SearchSpaces {
    /// As in `display_name:"team" AND space_type = "SPACE"`.
    pub query: String,
    /// As in `create_time DESC`.
    pub order_by: Option<String>,
    /// Which page; the server gives at most 100, and 1,000 to administrators.
    pub paging: Paging,
    /// Whether the caller acts as an administrator.
    pub admin: bool,
}

/// `spaces.findGroupChats`: one page of the group chats of exactly these people and the caller.
#[derive(Debug, Clone, Default)]
pub struct FindGroupChats {
    /// `users/{id or e-mail}`, at most 49, without the caller.
    pub users: Vec<String>,
    /// Whether whole spaces are wanted instead of bare names.
    pub expanded: bool,
    /// Which page; the server gives at most 30.
    pub paging: Paging,
}

impl Client {
    /// One page of the spaces that a query finds.
    pub async fn search_spaces(
        &self,
        token: &Secret<String>,
        request: &SearchSpaces,
        operation: &Operation,
    ) -> Result<Page<Space>, Error> {
        let mut query = vec![("query", request.query.clone())];
        if let Some(order_by) = &request.order_by {
            query.push(("orderBy", order_by.clone()));
        }
        request.paging.add_to(&mut query);
        query.extend(admin(request.admin));
        let call = Call { method: Method::GET, path: "/v1/spaces:search", query, body: None, limit: PAGE };
        self.call(token, call, operation, |answer| {
            // Administrators may get the older form, which has the spaces themselves.
            if answer.get("results").is_some() {
                Page::read_with(&answer, "results", |result| result.get("space").cloned())
            } else {
                Page::read(&answer, "spaces")
            }
        })
        .await
    }

    /// The direct message with a person, `users/{id or e-mail}`.
    pub async fn find_direct_message(
        &self,
        token: &Secret<String>,
        user: &str,
        operation: &Operation,
    ) -> Result<Resource<Space>, Error> {
        let query = vec![("name", user.to_owned())];
        let call = Call { method: Method::GET, path: "/v1/spaces:findDirectMessage", query, body: None, limit: SINGLE };
        self.call(token, call, operation, Resource::from_json).await
    }

    /// One page of the group chats with exactly these people.
    pub async fn find_group_chats(
        &self,
        token: &Secret<String>,
        request: &FindGroupChats,
        operation: &Operation,
    ) -> Result<Page<Space>, Error> {
        let mut query: Vec<(&str, String)> = request.users.iter().map(|user| ("users", user.clone())).collect();
        if request.expanded {
            query.push(("spaceView", String::from("SPACE_VIEW_EXPANDED")));
        }
        request.paging.add_to(&mut query);
        let call = Call { method: Method::GET, path: "/v1/spaces:findGroupChats", query, body: None, limit: PAGE };
        self.call(token, call, operation, |answer| Page::read(&answer, "spaces")).await
    }
}
