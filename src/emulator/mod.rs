//! Google's OAuth and Chat endpoints for one machine: strict, in memory, with faults on demand.
//!
//! It shares no type with the rooms that talk to Google, so that a field with a wrong name cannot agree with itself.
//! It binds to 127.0.0.1 only, its tokens cannot be mistaken for Google's, and it refuses Google's.

mod apply_fault;
mod chat;
mod client;
mod command;
mod control;
mod endpoint;
mod fault;
#[cfg(fuzzing)]
pub mod fuzzing;
mod google;
mod html;
mod index_page;
mod instance;
mod invalid_option;
mod oauth;
mod options;
mod quota;
mod recorded;
mod server;
mod state;
mod wire;

pub mod browser;

#[cfg(test)]
mod tests;

pub use command::{Command, CommandEnvironment, REMOVED, run_command};
pub use control::Control;
pub use endpoint::Endpoint;
pub use fault::Fault;
pub use instance::Emulator;
pub use invalid_option::InvalidOption;
pub use options::{Audience, Consent, GrantedScopes, Names, Options, User};
pub use quota::Quota;
pub use recorded::Recorded;
