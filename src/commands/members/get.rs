//! `chatauth members get`.

use super::{about, member_name, space_name};
use crate::chat::{GetMembership, Method};
use crate::commands::Context;
use crate::commands::caller::Caller;

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// In which space.
    pub space: String,
    /// Who.
    pub user: String,
    /// Whether as an administrator.
    pub admin: bool,
}

/// Shows one membership.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let space = space_name(&options.space)?;
    let name = member_name(&space, &options.user)?;
    let mut caller = Caller::new(context, &[GetMembership::SCOPES], options.admin).await?;
    let request = GetMembership { name, admin: options.admin };
    let membership = caller.send(&request).await.map_err(|error| about(&space, context.report(error), context))?;
    super::print(&membership, context)?;
    Ok(())
}
