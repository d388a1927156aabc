//! The option `--scope`.

use crate::auth::{Scope, ScopeSet};
use crate::commands::Failure;

/// Reads the scopes that a person wrote.
pub(in crate::commands) fn scopes(texts: &[String]) -> Result<ScopeSet, Failure> {
    texts
        .iter()
        .flat_map(|text| text.split([',', ' ']))
        .filter(|text| !text.is_empty())
        .map(|text| Scope::from_user(text).map_err(|error| Failure::usage(format!("--scope: {error}"))))
        .collect()
}
