//! Arguments that several commands share.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::chat::{MemberName, Role, SpaceName};

use super::Failure;

/// Acting as an administrator.
#[derive(Debug, Default, Clone, clap::Args)]
pub(super) struct AdminAccess {
    /// Act as an administrator of the organization
    ///
    /// You need not be a member of the space. Needs the scopes chat.admin.….
    #[arg(long)]
    pub(super) use_admin_access: bool,
}

impl ValueEnum for Role {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Member, Self::Manager, Self::Owner]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_word()))
    }
}

/// Parses a space.
///
/// # Errors
/// A usage error for text that names no space.
pub(super) fn space_name(text: &str) -> Result<SpaceName, Failure> {
    SpaceName::parse(text).map_err(|cause| Failure::usage(format!("the space {text:?} {cause}")))
}

/// Parses a member of a space.
///
/// # Errors
/// A usage error for text that names no user, or a membership in another space.
pub(super) fn member_name(space: &SpaceName, text: &str) -> Result<MemberName, Failure> {
    MemberName::of(space, text).map_err(|cause| Failure::usage(format!("the user {text:?} {cause}")))
}
