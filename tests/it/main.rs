//! The built binary, against the emulator and against servers that misbehave.
//!
//! One binary for all of it, so that the dependencies are linked once. A test that proves a security property has the
//! property's number in its name, `property_4_…`; `tests/properties.md` lists them.
//!
//! The tests send signals, type on pseudo-terminals and check file modes. Windows has none of these, so nothing here is
//! compiled there, and `.ci/run` reports that.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that cannot do its work has to fail the test"
)]
#![allow(clippy::disallowed_methods, reason = "tests set the stage: files, variables, clocks")]

/// Logins: the browser, the callback, the stored record, refresh, scopes, accounts, service accounts.
mod auth {
    mod account_isolation;
    mod accounts;
    mod browser;
    mod client_file;
    mod concurrency;
    mod config_dirs;
    mod delegation;
    mod doctor;
    mod found_client;
    mod identity;
    mod import_export;
    mod listener;
    mod login;
    mod logout;
    mod odd_stores;
    mod refresh;
    mod scopes;
    mod setup;
    mod status;
    mod store;
    mod terminal;
    mod token;
    mod two_clients;
    mod who_acts;
    mod without_login;
}

/// `--from`: input, journal, rate, and what becomes of each row.
mod bulk {
    mod input;
    mod journal;
    mod login;
    mod output;
    mod progress;
    mod rate;
    mod results;
    mod round_trip;
    mod soak;
}

/// `chatauth emulator` as a command.
mod emulator {
    mod command;
}

/// Members of a space.
mod members {
    mod end_to_end;
    mod lifecycle;
    mod rows;
}

/// TLS, proxies, and servers that misbehave.
mod network {
    mod broken_http;
    mod broken_http2;
    mod certificates;
    mod hostile_servers;
    mod tls;
}

/// What is printed: formats, screens, errors, and secrets that never are.
mod output {
    mod completion;
    mod errors;
    mod formats;
    mod habits;
    mod help;
    mod hints;
    #[cfg(feature = "jq")]
    mod jq;
    mod screens;
    mod secrets;
    mod shell;
    mod streams;
    mod version;
}

/// What holds for the whole program, its sources and its documents.
mod policy {
    mod architecture;
    mod documents;
    mod every_command;
    mod pains;
    mod properties;
    mod requests;
}

/// Signals, crashes and suspension.
mod process {
    mod core_files;
    mod crash_points;
    mod descriptors;
    mod signals;
    mod suspended;
}

/// Commands on spaces, and `chatauth api`.
mod spaces {
    mod api;
    mod create;
    mod end_to_end;
    mod first_create;
    mod lifecycle;
}

/// Helpers: no tests in here.
mod support {
    pub(crate) mod bulk;
    pub(crate) mod commands;
    pub(crate) mod discovery;
    pub(crate) mod ordinary_user;
    pub(crate) mod pending_login;
    pub(crate) mod pty;
    pub(crate) mod pty_pair;
    pub(crate) mod recorder;
    pub(crate) mod sandbox;
    pub(crate) mod screen;
    pub(crate) mod service_account;
    pub(crate) mod sources;
    pub(crate) mod stage;
    pub(crate) mod tls_front;
}
