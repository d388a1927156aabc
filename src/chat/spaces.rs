//! The methods of `spaces`.

use http::Method;
use serde_json::{Value, json};

use super::call::{Call, Client, Operation, PAGE, SINGLE};
use super::error::Error;
use super::wire::{NewMembership, NewSpace, Resource, Space};
use crate::secret::Secret;

/// `spaces.create`: a named space of which the caller is the only member.
#[derive(Debug, Clone)]
pub struct CreateSpace {
    /// The space.
    pub space: NewSpace,
    /// Makes the request idempotent: the same id of the same user gives the same space.
    pub request_id: String,
}

/// `spaces.setup`: a space with its members, or a conversation.
#[derive(Debug, Clone)]
pub struct SetUpSpace {
    /// The space.
    pub space: NewSpace,
    /// At most 49 members, without the caller.
    pub memberships: Vec<NewMembership>,
    /// Makes the request idempotent, as in [`CreateSpace`].
    pub request_id: String,
}

/// `spaces.list`: one page of the spaces that the caller is a member of.
#[derive(Debug, Clone, Default)]
pub struct ListSpaces {
    /// As in `spaceType = "SPACE"`.
    pub filter: Option<String>,
    /// How many at most; the server caps it at 1,000.
    pub page_size: Option<u32>,
    /// Where the last page ended.
    pub page_token: Option<String>,
}

/// A page of spaces.
#[derive(Debug, Clone)]
pub struct SpacePage {
    /// The spaces.
    pub spaces: Vec<Resource<Space>>,
    /// Where the next page begins; `None` after the last.
    pub next_page_token: Option<String>,
}

impl CreateSpace {
    /// What is sent, for `--dry-run`: method, path, query and body.
    pub fn preview(&self) -> Value {
        json!({
            "method": "POST",
            "path": "/v1/spaces",
            "query": { "requestId": self.request_id },
            "body": self.body(),
        })
    }

    fn body(&self) -> Value {
        serde_json::to_value(&self.space).unwrap_or_default()
    }
}

impl SetUpSpace {
    /// What is sent, for `--dry-run`: method, path and body.
    pub fn preview(&self) -> Value {
        json!({ "method": "POST", "path": "/v1/spaces:setup", "body": self.body() })
    }

    fn body(&self) -> Value {
        json!({ "space": self.space, "requestId": self.request_id, "memberships": self.memberships })
    }
}

impl Client {
    /// Makes a named space.
    pub async fn create_space(
        &self,
        token: &Secret<String>,
        request: &CreateSpace,
        operation: &Operation,
    ) -> Result<Resource<Space>, Error> {
        let call = Call {
            method: Method::POST,
            path: "/v1/spaces",
            query: vec![("requestId", request.request_id.clone())],
            body: Some(request.body()),
            limit: SINGLE,
        };
        self.call(token, call, operation, Resource::from_json).await
    }

    /// Makes a space with members, a group chat or a direct message.
    pub async fn set_up_space(
        &self,
        token: &Secret<String>,
        request: &SetUpSpace,
        operation: &Operation,
    ) -> Result<Resource<Space>, Error> {
        let call = Call {
            method: Method::POST,
            path: "/v1/spaces:setup",
            query: Vec::new(),
            body: Some(request.body()),
            limit: SINGLE,
        };
        self.call(token, call, operation, Resource::from_json).await
    }

    /// One page of the caller's spaces.
    pub async fn list_spaces(
        &self,
        token: &Secret<String>,
        request: &ListSpaces,
        operation: &Operation,
    ) -> Result<SpacePage, Error> {
        let mut query = Vec::new();
        if let Some(filter) = &request.filter {
            query.push(("filter", filter.clone()));
        }
        if let Some(page_size) = request.page_size {
            query.push(("pageSize", page_size.to_string()));
        }
        if let Some(page_token) = &request.page_token {
            query.push(("pageToken", page_token.clone()));
        }
        let call = Call { method: Method::GET, path: "/v1/spaces", query, body: None, limit: PAGE };
        self.call(token, call, operation, |answer| {
            let spaces = match answer.get("spaces") {
                None => Vec::new(),
                Some(Value::Array(spaces)) => {
                    spaces.iter().cloned().map(Resource::from_json).collect::<Option<Vec<_>>>()?
                }
                Some(_) => return None,
            };
            let token = answer.as_object()?.get("nextPageToken").and_then(Value::as_str);
            let next_page_token = token.filter(|token| !token.is_empty()).map(str::to_owned);
            Some(SpacePage { spaces, next_page_token })
        })
        .await
    }
}
