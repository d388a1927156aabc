//! Logins: the client file, the authorization-code flow, the store of logins, and access tokens.
//!
//! Nothing here knows the Chat API: [`Session::access_token`] returns a token for a set of scopes.

mod accounts;
mod authorization;
mod callback_pages;
mod client_files;
mod client_secrets;
mod delegation;
mod diagnostics;
mod error;
mod freshness;
#[cfg(fuzzing)]
pub mod fuzzing;
mod identity;
mod import;
mod login;
mod login_name;
mod login_prompt;
mod loopback;
mod record;
mod refusal;
mod scopes;
mod session;
mod session_client;
mod store;
mod token_endpoint;
mod token_response;

pub use authorization::Notice;
pub use client_secrets::{ClientKind, ClientSecrets, ClientSecretsError, WrongFile};
pub use delegation::DelegationOptions;
pub use error::{Error, LoginNeeded};
pub use identity::Identity;
pub use import::Imported;
pub use login_name::LoginName;
pub use login_prompt::{DEFAULT_WAIT, LoginOptions, LoginPrompt, LoginStarted};
pub use record::Record;
pub use refusal::{DelegationRefusal, Evidence, RefusalCause, TokenRefusal};
pub use scopes::{CHAT_SCOPES, Scope, ScopeSet, UnknownScope};
pub use session::{Access, Session, SessionOptions};
pub use store::StoreError;
pub use token_endpoint::{ClientProbe, Revocation, TokenInfo};

/// What every connection has in common: trust roots, proxies, time-outs.
pub use crate::http::{Config as TransportConfig, Error as TransportError, Proxies, ProxySetting, TrustRoots};
