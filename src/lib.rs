//! Creates Google Chat spaces as the user, from a terminal, a script or CI.
//!
//! `tests/it/policy/architecture.rs` checks which module may import which.

#![forbid(unsafe_code)]

pub mod auth;
pub mod bulk;
pub mod chat;
pub mod cli;
pub mod commands;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod http;
pub mod output;
pub mod platform;
pub mod secret;
