//! The doors of this room for the fuzz targets in `.ci/fuzz`, in no other build.

use super::Failure;
use super::failure::{Action, Write};
use crate::auth::{self, ScopeSet};
use crate::chat;

/// The request id that a write in [`api_failure`] has.
pub const REQUEST_ID: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

/// What a person is told of an API error, reading or writing.
pub fn api_failure(error: &chat::Error, write: bool) -> Failure {
    let action = Action {
        name: "create the space",
        write: write.then_some(Write { request_id: Some(REQUEST_ID), repeat: "chatauth" }),
        project: Some("123456789012"),
        account: Some("ada@example.com"),
        login: true,
        scopes: &ScopeSet::default(),
        admin: false,
    };
    Failure::from_chat(error, action)
}

/// What a person is told of a login error.
pub fn login_failure(error: auth::Error) -> Failure {
    Failure::from_auth(error, Some("ada@example.com"))
}
