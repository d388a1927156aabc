//! Changes the role of a member.

use crate::chat::{GetMembership, Membership, PatchMembership, Resource, Role, SpaceName};
use crate::commands::Context;
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

/// Returns whether the membership of `who` keeps a higher role than `role`, and warns of it; `command` lowers it.
pub(in crate::commands) fn keeps_higher_role(
    found: &Membership,
    role: Role,
    who: &str,
    command: &str,
    context: &Context,
) -> bool {
    let is_it = |higher: &Role| *higher > role && found.role.as_deref() == Some(higher.as_wire());
    let higher = [Role::Manager, Role::Owner].into_iter().find(is_it).map(Role::as_word);
    higher.is_some_and(|higher| {
        let skipped = format!("skipped the role of {who}, who is already {higher}. To lower it, run {command}");
        context.messages.warning(&skipped);
        true
    })
}

/// Marks the error about a person who cannot have a role before they accept the invitation.
#[derive(Debug, thiserror::Error)]
#[error("invited, and not a member until they accept")]
pub(super) struct Invited;

/// Returns the hint for a role that was not given.
pub(in crate::commands) fn finish_by(command: &str, invited: bool) -> String {
    format!("{}, run {command}", if invited { "once they have accepted" } else { "to finish" })
}
