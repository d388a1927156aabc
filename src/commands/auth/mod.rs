//! `chatauth auth …`: logins.

pub mod export;
pub mod import;
pub mod login;
pub mod logout;
pub mod status;
pub mod switch;
pub mod token;

use crate::auth::{Scope, ScopeSet};
use crate::commands::{Context, Failure};

super::subcommands! {
    /// Log in and out, and see who is logged in
    pub Auth {
        Login(login::Login),
        Status(status::Status),
        Token(token::Token),
        Logout(logout::Logout),
        Import(import::Import),
        Export(export::Export),
        Switch(switch::Switch),
    }
}

/// The accounts that are logged in, for completion: none where they cannot be read.
pub fn accounts(context: &Context) -> Vec<String> {
    context.session().accounts().unwrap_or_default()
}

/// Reads the scopes that a person wrote.
pub(super) fn scopes(texts: &[String]) -> Result<ScopeSet, Failure> {
    texts
        .iter()
        .flat_map(|text| text.split([',', ' ']))
        .filter(|text| !text.is_empty())
        .map(|text| Scope::from_user(text).map_err(|error| Failure::usage(format!("--scope: {error}"))))
        .collect()
}
