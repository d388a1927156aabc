//! The doors of this room for the fuzz targets in `tests/fuzz`, in no other build.

use super::Failure;
use super::caller::{Attempt, Write};
use crate::auth;
use crate::chat;

/// The request id that a write in [`api_failure`] has.
pub const REQUEST_ID: &str = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

/// What a person is told of an API error, reading or writing.
pub fn api_failure(error: &chat::Error, write: bool) -> Failure {
    let attempt = Attempt {
        action: String::from("create the space"),
        write: write.then(|| Write::repeated_by("chatauth", Some(String::from(REQUEST_ID)))),
        project: Some(String::from("123456789012")),
        account: Some(String::from("ada@example.com")),
        login: true,
        ..Attempt::default()
    };
    Failure::from_chat(error, &attempt)
}

/// What a person is told of a login error.
#[expect(clippy::needless_pass_by_value, reason = "a target has each error to itself")]
pub fn login_failure(error: auth::Error) -> Failure {
    Failure::from_auth(&error, Some("ada@example.com"))
}
