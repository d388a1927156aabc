//! Entry points for the fuzz targets in `tests/fuzz`, compiled for fuzzing only.

use serde_json::Value;

use super::bulk::RowCommand as _;
use super::caller::Attempt;
use super::members::add::Add;
use super::spaces::create::plan::NewSpace;
use super::write::Write;
use super::{Failure, Invocation};
use crate::auth;
use crate::bulk::Column;
use crate::bulk::fuzzing::{Wrong, planned};
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
        ..Attempt::default()
    };
    Failure::from_chat(error, &attempt, &Invocation::default())
}

/// What a person is told of a login error.
#[expect(clippy::needless_pass_by_value, reason = "a target has each error to itself")]
pub fn login_failure(error: auth::Error) -> Failure {
    Failure::from_auth(&error, Some("ada@example.com"), &Invocation::default())
}

/// Returns the columns of `spaces create --from` and `members add --from`.
pub fn columns() -> [Vec<Column>; 2] {
    [NewSpace::default().columns(), Add::default().columns()]
}

/// Returns the requests that create spaces, for each row of an input.
pub fn requests(text: &[u8]) -> Vec<Result<Value, Wrong>> {
    let options = NewSpace::default();
    planned(text, &options.columns(), |values, id| Ok(options.plan(values, id)?.work.request.preview()))
}

/// Checks the rows of an input that add members.
pub fn additions(text: &[u8]) -> Vec<Result<(), Wrong>> {
    let options = Add::default();
    planned(text, &options.columns(), |values, id| options.plan(values, id).map(|_| ()))
}
