//! chatauth creates Google Chat spaces as the person at the keyboard.
//!
//! The rooms and what each may import are tested in `tests/it/policy/architecture.rs`.

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
