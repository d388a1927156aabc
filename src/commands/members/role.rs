//! Changes the role of a member.

use crate::chat::{GetMembership, Membership, PatchMembership, Resource, Role, SpaceName};
use crate::commands::arguments::member_name;
use crate::commands::caller::Caller;

/// Changes a member's role. For an email address the membership is looked up first: only get and delete are
/// documented to take one in the place of the id.
pub(in crate::commands) async fn give_role(
    space: &SpaceName,
    user: &str,
    role: Role,
    admin: bool,
    repeat: &str,
    caller: &mut Caller<'_>,
) -> anyhow::Result<Resource<Membership>> {
    let mut name = member_name(space, user)?;
    if name.id().contains('@') {
        let found = caller.send(&GetMembership { name, admin }).await?;
        name = member_name(space, &found.fields.name)?;
    }
    Ok(caller.send_repeated_by(&PatchMembership { name, role, admin }, repeat).await?)
}
