//! One file for each command, named as the user types it: plain options in, a result out.
//!
//! What is *not* here: parsing of arguments, the environment, exit codes.

pub mod api;
pub mod auth;
mod context;
#[cfg(feature = "emulator")]
pub mod emulator;
mod failure;
mod person;
pub mod spaces;

pub use crate::auth::{Proxies, TransportConfig, TrustRoots};
pub use context::{Context, GivenToken, InFlight, Pending, Provenance, Settings};
pub use failure::{ErrorCode, Failure, Outcome};
