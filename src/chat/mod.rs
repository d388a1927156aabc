//! A thin typed client for the Google Chat API: one function for each method, one error for all.
//!
//! What is *not* here: logins. Every call takes the access token that it is to send.

mod call;
mod create;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod members;
mod names;
mod page;
mod path;
mod raw;
mod search;
mod spaces;
mod status;
mod wire;

pub use call::{Client, Operation};
pub use create::{CreateSpace, SetUpSpace};
pub use error::{Error, ErrorKind};
pub use members::{CreateMembership, ListMemberships, OneMembership};
pub use names::{MemberName, NameError, SpaceName, audience_name, group_name, user_name};
pub use page::{Page, Paging};
pub use path::{ApiPath, PathError};
pub use raw::{RawAnswer, RawRequest};
pub use search::{FindGroupChats, SearchSpaces};
pub use spaces::{ListSpaces, OneSpace, PatchSpace};
pub use status::Status;
pub use wire::{
    AccessSettings, Group, HistoryState, Membership, MembershipCount, NewMembership, NewSpace,
    PredefinedPermissionSettings, Resource, Role, Space, SpaceDetails, SpaceType, User,
};

/// Gives the current time. Only `platform` holds a clock, which this room does not use.
pub type Now = fn() -> time::OffsetDateTime;
