//! `chatauth members update`.

use super::{about, give_role, member_name, space_name};
use crate::chat::{GetMembership, Method, PatchMembership, Role, Scopes};
use crate::commands::Context;
use crate::commands::caller::Caller;

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// In which space.
    pub space: String,
    /// Who.
    pub user: String,
    /// The new role.
    pub role: Role,
    /// Whether as an administrator.
    pub admin: bool,
}

/// Gives a member another role.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let space = space_name(&options.space)?;
    let name = member_name(&space, &options.user)?;
    let methods: &[Scopes] = if name.id().contains('@') {
        &[PatchMembership::SCOPES, GetMembership::SCOPES]
    } else {
        &[PatchMembership::SCOPES]
    };
    let mut caller = Caller::new(context, methods, options.admin).await?;
    let repeat = context.repeat();
    let membership = give_role(&space, name.as_str(), options.role, options.admin, &repeat, &mut caller)
        .await
        .map_err(|error| about(&space, context.report(error), context))?;
    super::print(&membership, context)?;
    Ok(())
}
