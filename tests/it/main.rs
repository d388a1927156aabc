//! The built binary, against the emulator and against servers that misbehave.
//!
//! One binary for all of it, so that the dependencies are linked once. Tests that prove a property of the security
//! checklist have its number in their name: `property_4_…`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that cannot do its work has to fail the test"
)]
#![allow(clippy::disallowed_methods, reason = "tests set the stage: files, variables, clocks")]

#[cfg(feature = "emulator")]
mod api;
mod architecture;
#[cfg(feature = "emulator")]
mod end_to_end;
#[cfg(feature = "emulator")]
mod formats;
#[cfg(feature = "emulator")]
mod sandbox;
#[cfg(all(feature = "emulator", feature = "jq"))]
mod screen;
#[cfg(all(feature = "emulator", feature = "jq"))]
mod screens;
#[cfg(feature = "emulator")]
mod shell;
