//! A thin typed client for the Google Chat API: one function for each method, one error for all.
//!
//! What is *not* here: logins. Every call takes the access token that it is to send.

mod call;
mod error;
mod names;
mod path;
mod raw;
mod spaces;
mod status;
mod wire;

pub use call::{Client, Operation};
pub use error::{Error, ErrorKind};
pub use names::{NameError, audience_name, group_name, user_name};
pub use path::{ApiPath, PathError};
pub use raw::{RawAnswer, RawRequest};
pub use spaces::{CreateSpace, ListSpaces, SetUpSpace, SpacePage};
pub use status::Status;
pub use wire::{
    AccessSettings, HistoryState, MembershipCount, NewMembership, NewSpace, PredefinedPermissionSettings, Resource,
    Space, SpaceDetails, SpaceType,
};

/// Gives the current time. Only `platform` holds a clock, which this room does not use.
pub type Now = fn() -> time::OffsetDateTime;
