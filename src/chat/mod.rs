//! A thin typed client for the Google Chat API: a request is a value, and one `send` serves all.
//!
//! It knows nothing of logins: callers pass the access token.

mod client;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod members;
mod method;
mod names;
mod operation;
mod page;
mod path;
mod raw;
mod spaces;
mod status;
mod wire;

pub use crate::http::Response as RawResponse;
pub use client::Client;
pub use error::{Error, ErrorKind};
pub use members::{CreateMembership, DeleteMembership, GetMembership, ListMemberships, PatchMembership};
pub use method::{Call, Method, Scopes};
pub use names::{MemberName, NameError, SpaceName, audience_name, id_of, is_same_name, user_name};
pub use operation::Operation;
pub use page::{Page, Paging};
pub use path::{ApiPath, PathError};
pub use raw::RawRequest;
pub use spaces::{
    CompleteImport, CreateSpace, DeleteSpace, FindDirectMessage, FindGroupChats, GetSpace, ListSpaces, PatchSpace,
    SearchSpaces, SetUpSpace,
};
pub use status::Status;
pub use wire::{Group, Membership, NewMembership, Resource, Role, Space, User};

/// Returns the current time. Passed in, because this module does not read the clock.
pub type Now = fn() -> time::OffsetDateTime;
