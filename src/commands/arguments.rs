//! Arguments that several member commands share.

use crate::chat::{MemberName, Role, SpaceName};
use crate::commands::{Context, ErrorCode, Failure};

/// Acting as an administrator.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct AdminAccess {
    /// Act as an administrator of the organization
    ///
    /// You need not be a member of the space. Needs the scopes chat.admin.….
    #[arg(long)]
    pub use_admin_access: bool,
}

/// The roles by their names in Chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[expect(missing_docs, reason = "the names are those of the roles")]
pub enum RoleName {
    Member,
    Manager,
    Owner,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Member => Self::Member,
            RoleName::Manager => Self::Manager,
            RoleName::Owner => Self::Owner,
        }
    }
}

/// Parses a member of a space.
pub(super) fn member_name(space: &SpaceName, text: &str) -> Result<MemberName, Failure> {
    MemberName::of(space, text).map_err(|cause| Failure::usage(format!("the user {text:?} {cause}")))
}

/// Replaces the hint of "not found", because the member is missing and not the space.
pub(super) fn about(space: &SpaceName, mut failure: Failure, context: &Context) -> Failure {
    if failure.code == ErrorCode::NotFound {
        let list = context.command(["members", "list", space.as_str(), "--show-invited"]);
        failure.hint = Some(format!("list the members: {list}"));
    }
    failure
}
