//! The argument SPACE.

use crate::chat::SpaceName;
use crate::commands::Failure;

/// Reads the name of a space.
pub(in crate::commands) fn space_name(text: &str) -> Result<SpaceName, Failure> {
    SpaceName::parse(text).map_err(|cause| Failure::usage(format!("the space {text:?} {cause}")))
}
