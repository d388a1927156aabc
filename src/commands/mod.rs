//! One file for each command, named as the user types it: plain options in, a result out.
//!
//! What is *not* here: parsing of arguments, the environment, exit codes.

pub mod api;
pub mod auth;
pub mod bulk;
mod caller;
mod context;
pub mod doctor;
#[cfg(feature = "emulator")]
pub mod emulator;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod input;
pub mod members;
mod pages;
mod person;
mod report;
mod runtime;
mod scopes;
pub mod setup;
pub mod spaces;

pub use crate::auth::{DelegationOptions, Proxies, TransportConfig, TrustRoots};
pub use crate::chat::{Role, SpaceType};
pub use crate::platform::input::Source;
pub use context::{Context, GivenToken, InFlight, Pending, Provenance, RowsInFlight, Setting, Settings};
pub use failure::{ErrorCode, Failure, Outcome};
pub use runtime::runtime;
