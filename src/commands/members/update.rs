//! `chatauth members update`.

use super::{about, give_role, member_name, space_name};
use crate::chat::Role;
use crate::commands::caller::Caller;
use crate::commands::{Context, Failure, scopes};

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
pub async fn run(options: Options, context: &Context) -> Result<(), Failure> {
    let space = space_name(&options.space)?;
    let name = member_name(&space, &options.user)?;
    let methods: &[&scopes::Method] = if name.id().contains('@') {
        &[&scopes::MEMBERS_PATCH, &scopes::MEMBERS_GET]
    } else {
        &[&scopes::MEMBERS_PATCH]
    };
    let mut caller = Caller::new(context, methods, options.admin).await?;
    let repeat = context.repeat();
    let membership = give_role(&space, name.as_str(), options.role, options.admin, &repeat, &mut caller)
        .await
        .map_err(|failure| about(&space, failure, context))?;
    super::print(&membership, context)
}
