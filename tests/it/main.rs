//! The built binary, against the emulator and against servers that misbehave.
//!
//! One binary for all of it, so that the dependencies are linked once. Tests that prove a property of the security
//! checklist have its number in their name: `property_4_…`.
//!
//! They send signals, type on pseudo-terminals and look at modes: on Windows none of them is there, and `.ci/run` says so.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that cannot do its work has to fail the test"
)]
#![allow(clippy::disallowed_methods, reason = "tests set the stage: files, variables, clocks")]

#[cfg(feature = "emulator")]
mod accounts;
#[cfg(feature = "emulator")]
mod api;
mod architecture;
#[cfg(feature = "emulator")]
mod browser;
#[cfg(feature = "emulator")]
mod bulk;
#[cfg(feature = "emulator")]
mod bulk_input;
#[cfg(feature = "emulator")]
mod bulk_journal;
#[cfg(feature = "emulator")]
mod bulk_login;
#[cfg(feature = "emulator")]
mod bulk_pace;
#[cfg(feature = "emulator")]
mod bulk_soak;
#[cfg(feature = "emulator")]
mod certificates;
#[cfg(feature = "emulator")]
mod client_file;
#[cfg(feature = "emulator")]
mod concurrency;
#[cfg(feature = "emulator")]
mod create;
#[cfg(feature = "emulator")]
mod delegated;
#[cfg(feature = "emulator")]
mod delegation;
mod discovery;
#[cfg(feature = "emulator")]
mod doctor;
#[cfg(feature = "emulator")]
mod emulator_command;
#[cfg(feature = "emulator")]
mod end_to_end;
#[cfg(feature = "emulator")]
mod errors;
#[cfg(feature = "emulator")]
mod every_command;
#[cfg(feature = "emulator")]
mod formats;
#[cfg(feature = "emulator")]
mod front;
#[cfg(feature = "emulator")]
mod held_up;
#[cfg(feature = "emulator")]
mod homes;
#[cfg(feature = "emulator")]
mod http2;
#[cfg(feature = "emulator")]
mod identity;
#[cfg(feature = "emulator")]
mod import_export;
mod lifecycle;
#[cfg(feature = "emulator")]
mod listener;
#[cfg(feature = "emulator")]
mod login;
#[cfg(feature = "emulator")]
mod logout;
#[cfg(feature = "emulator")]
mod misbehaving;
#[cfg(feature = "emulator")]
mod moments;
#[cfg(feature = "emulator")]
mod network;
#[cfg(feature = "emulator")]
mod ordinary_user;
#[cfg(feature = "emulator")]
mod pains;
mod properties;
#[cfg(feature = "emulator")]
mod pty;
mod pty_pair;
mod recorder;
#[cfg(feature = "emulator")]
mod refresh;
mod requests;
#[cfg(feature = "emulator")]
mod sandbox;
#[cfg(feature = "emulator")]
mod scopes;
#[cfg(feature = "emulator")]
mod screen;
#[cfg(feature = "emulator")]
mod screens;
#[cfg(feature = "emulator")]
mod secrets;
#[cfg(feature = "emulator")]
mod service_account;
#[cfg(feature = "emulator")]
mod setup;
#[cfg(feature = "emulator")]
mod several_accounts;
#[cfg(feature = "emulator")]
mod shell;
#[cfg(feature = "emulator")]
mod signals;
#[cfg(feature = "emulator")]
mod spaces_end_to_end;
#[cfg(feature = "emulator")]
mod stage;
#[cfg(feature = "emulator")]
mod status;
#[cfg(feature = "emulator")]
mod store;
#[cfg(feature = "emulator")]
mod streams;
#[cfg(feature = "emulator")]
mod terminal;
#[cfg(feature = "emulator")]
mod tls;
#[cfg(feature = "emulator")]
mod token;
#[cfg(feature = "emulator")]
mod waiting;
