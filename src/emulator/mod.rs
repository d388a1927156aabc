//! Google's OAuth and Chat endpoints for one machine: strict, in memory, with
//! faults on demand.
//!
//! It shares no type with the rooms that talk to Google, so that a field with a
//! wrong name cannot agree with itself. It binds to 127.0.0.1 only, its tokens
//! cannot be mistaken for Google's, and it refuses Google's when they are sent to it.

mod chat;
mod command;
mod control;
mod fault;
#[cfg(fuzzing)]
pub mod fuzzing;
mod html;
mod landing;
mod oauth;
mod options;
mod quota;
mod server;
mod spoil;
mod state;
mod wire;

pub mod browser;

#[cfg(test)]
mod tests;

use std::io;

use serde_json::json;
use tokio::task::JoinHandle;

use crate::platform::Clock;
use state::{Client, ClientKind, Shared, State};

pub use command::{Command, Surroundings, run_command};
pub use control::{Control, Recorded};
pub use fault::{Endpoint, Fault};
pub use options::{Audience, Consent, GrantedScopes, InvalidOption, Options, User};
pub use quota::Quota;

/// What every Google scope but the sign-in ones begins with.
const SCOPE_ROOT: &str = "https://www.googleapis.com/auth/";
/// Number of the Cloud project that all clients belong to.
const PROJECT_NUMBER: &str = "123456789012";

/// A running emulator; it stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    shared: Shared,
    origin: String,
    server: JoinHandle<()>,
}

impl Emulator {
    /// Binds to 127.0.0.1 and serves on the current tokio runtime.
    pub async fn start(options: Options, clock: Clock) -> io::Result<Self> {
        let listener = server::bind(options.port).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let shared = Shared::new(State::new(options, origin.clone()), clock);
        let server = tokio::spawn(server::run(listener, shared.clone()));
        Ok(Self { shared, origin, server })
    }

    /// `http://127.0.0.1:PORT`: issuer, token endpoint's and Chat API's root in one.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// The client file of a desktop app, as the Cloud console gives it out.
    pub fn client_secrets(&self) -> String {
        let client = self.shared.lock().clients.first().cloned();
        client.map(|client| self.client_file(&client)).unwrap_or_default()
    }

    /// The client file of a new web client with these redirect URIs.
    pub fn web_client_secrets(&self, redirect_uris: &[&str]) -> String {
        let redirect_uris = redirect_uris.iter().map(|&uri| uri.to_owned()).collect();
        let mut state = self.shared.lock();
        let name = format!("{PROJECT_NUMBER}-emulator-web-{}", state.clients.len());
        let client = state.add_client(&name, ClientKind::Web { redirect_uris });
        drop(state);
        self.client_file(&client)
    }

    /// The key file of a service account that may act for the people of the
    /// organization, as the Cloud console gives it out.
    pub fn service_account_key(&self) -> String {
        oauth::ServiceAccount::key_file(&self.origin)
    }

    fn client_file(&self, client: &Client) -> String {
        let (kind, redirect_uris) = match &client.kind {
            ClientKind::Desktop => ("installed", json!(["http://localhost"])),
            ClientKind::Web { redirect_uris } => ("web", json!(redirect_uris)),
        };
        let origin = &self.origin;
        json!({ kind: {
            "client_id": client.id,
            "project_id": "chatauth-emulator",
            "auth_uri": format!("{origin}/o/oauth2/auth"),
            "token_uri": format!("{origin}/token"),
            "auth_provider_x509_cert_url": format!("{origin}/oauth2/v1/certs"),
            "client_secret": client.secret,
            "redirect_uris": redirect_uris,
        }})
        .to_string()
    }

    /// The back door for tests.
    pub fn control(&self) -> Control {
        Control::new(self.shared.clone())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}
