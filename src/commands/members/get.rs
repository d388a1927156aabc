//! `chatauth members get`.

use super::{about, member_name, space_name};
use crate::chat::OneMembership;
use crate::commands::caller::Caller;
use crate::commands::{Context, Failure, scopes};

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
pub async fn run(options: Options, context: &Context) -> Result<(), Failure> {
    let space = space_name(&options.space)?;
    let name = member_name(&space, &options.user)?;
    let mut caller = Caller::new(context, &[&scopes::MEMBERS_GET], options.admin).await?;
    let request = OneMembership { name, admin: options.admin };
    let membership = caller
        .read("get the member", async |chat, token, operation| chat.get_membership(token, &request, operation).await)
        .await
        .map_err(|failure| about(&space, failure, context))?;
    super::print(&membership, context)
}
