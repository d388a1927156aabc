//! The option `--scope`.

use crate::auth::{Scope, ScopeSet};
use crate::commands::Failure;

/// The word that stands for [`MANAGE_SCOPES`].
pub(in crate::commands) const MANAGE: &str = "manage";

/// The scopes of everything that chatauth's own commands do with spaces and members.
const MANAGE_SCOPES: &[&str] = &["chat.spaces", "chat.memberships", "chat.delete"];

/// The scopes that [`MANAGE`] stands for.
pub(in crate::commands) fn manage() -> ScopeSet {
    MANAGE_SCOPES.iter().copied().map(Scope::google).collect()
}

/// Parses the values of `--scope`.
///
/// # Errors
/// What is no scope, or the option without one, as a script with an unset variable passes it.
pub(in crate::commands) fn scopes(texts: &[String]) -> Result<ScopeSet, Failure> {
    let scopes: ScopeSet = texts
        .iter()
        .flat_map(|text| text.split([',', ' ']))
        .filter(|text| !text.is_empty())
        .flat_map(|text| if text == MANAGE { MANAGE_SCOPES.to_vec() } else { vec![text] })
        .map(|text| Scope::from_user(text).map_err(|error| Failure::usage(format!("--scope: {error}"))))
        .collect::<Result<_, _>>()?;
    if scopes == ScopeSet::default() && !texts.is_empty() {
        return Err(Failure::usage("--scope is empty"));
    }
    Ok(scopes)
}
