//! A running emulator.

use std::io;

use serde_json::json;
use tokio::task::JoinHandle;

use super::client::{Client, ClientKind};
use super::control::Control;
use super::google::PROJECT_NUMBER;
use super::oauth::key::ServiceAccount;
use super::options::{Consent, Options};
use super::server;
use super::state::{Shared, State};
use crate::platform::Clock;

/// A running emulator, which stops when it is dropped.
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

    /// Returns `http://127.0.0.1:PORT`, the issuer and the root of all endpoints.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// Returns the client file of the desktop app, as the Cloud console offers it for download.
    pub fn client_secrets(&self) -> String {
        let client = self.shared.lock().clients.first().cloned();
        client.map(|client| self.client_file(&client)).unwrap_or_default()
    }

    /// Registers a web client with these redirect URIs and returns its client file.
    pub fn web_client_secrets(&self, redirect_uris: &[&str]) -> String {
        let redirect_uris = redirect_uris.iter().map(|&uri| uri.to_owned()).collect();
        let mut state = self.shared.lock();
        let name = format!("{PROJECT_NUMBER}-emulator-web-{}", state.clients.len());
        let client = state.add_client(&name, ClientKind::Web { redirect_uris });
        drop(state);
        self.client_file(&client)
    }

    /// Returns the key file of the service account, which may act for the accounts of the organization.
    pub fn service_account_key(&self) -> String {
        ServiceAccount::key_file(&self.origin)
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

    /// Whether a person has to answer the consent page, in a browser of their own.
    pub(super) fn asks_for_consent(&self) -> bool {
        self.shared.lock().options.consent == Consent::Ask
    }

    /// Returns the logins that could not be granted although consent is given, with what to change.
    pub fn refused_logins(&self) -> Vec<String> {
        self.shared.lock().refused_logins.clone()
    }

    /// Returns a handle that inspects and changes the emulator.
    pub fn control(&self) -> Control {
        Control::new(self.shared.clone())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}
