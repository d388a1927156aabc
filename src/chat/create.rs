//! `spaces.create` and `spaces.setup`.

use http::Method;
use serde_json::{Map, Value, json};

use super::call::{Call, Client, Operation, SINGLE};
use super::error::Error;
use super::wire::{NewMembership, Resource, Space};
use crate::secret::Secret;

/// `spaces.create`: a named space of which the caller is the only member.
#[derive(Debug, Clone)]
pub struct CreateSpace {
    /// The space.
    pub space: Map<String, Value>,
    /// Makes the request idempotent: the same id of the same user gives the same space.
    pub request_id: String,
}

/// `spaces.setup`: a space with its members, or a conversation.
#[derive(Debug, Clone)]
pub struct SetUpSpace {
    /// The space.
    pub space: Map<String, Value>,
    /// At most 49 members, without the caller.
    pub memberships: Vec<NewMembership>,
    /// Makes the request idempotent, as in [`CreateSpace`].
    pub request_id: String,
}

impl CreateSpace {
    /// What is sent, for `--dry-run`: method, path, query and body.
    pub fn preview(&self) -> Value {
        json!({
            "method": "POST",
            "path": "/v1/spaces",
            "query": { "requestId": self.request_id },
            "body": self.space,
        })
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
            body: Some(Value::Object(request.space.clone())),
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
}
