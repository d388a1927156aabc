//! `chatauth auth …`: logins.

pub mod export;
pub mod import;
pub mod login;
pub mod logout;
pub mod status;
pub mod switch;
pub mod token;

use crate::auth::{Scope, ScopeSet};
use crate::commands::Failure;

/// Reads the scopes that a person wrote.
fn scopes(texts: &[String]) -> Result<ScopeSet, Failure> {
    texts
        .iter()
        .flat_map(|text| text.split([',', ' ']))
        .filter(|text| !text.is_empty())
        .map(|text| Scope::from_user(text).map_err(|error| Failure::usage(format!("--scope: {error}"))))
        .collect()
}
