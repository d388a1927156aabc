//! `chatauth members …`.

pub mod add;
pub mod from;
pub mod get;
pub mod list;
pub mod remove;
mod several;
pub mod update;

use std::time::Duration;

use tokio::time::Instant;

use crate::chat::{GetMembership, MemberName, Membership, PatchMembership, Resource, Role, SpaceName};
use crate::output::{Details, Item};

use super::caller::Caller;
use super::{Context, ErrorCode, Failure};

super::subcommands! {
    /// Add, list and remove the people in a space, and change their roles
    pub Members {
        Add(add::Add),
        List(list::List),
        Get(get::Get),
        Update(update::Update),
        Remove(remove::Remove),
    }
}

/// Acting as an administrator.
#[derive(Debug, Default, clap::Args)]
pub struct AdminAccess {
    /// Act as an administrator of the organization, who need not be a member (needs the scopes chat.admin.…)
    #[arg(long)]
    pub use_admin_access: bool,
}

/// The roles as people call them.
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

/// The most members that the API lists at once.
pub(super) const LARGEST_PAGE: u32 = 1000;

/// Google gives a project 300 membership writes a minute.
const BETWEEN_WRITES: Duration = Duration::from_millis(200);

/// Keeps writes so far apart that they stay under the quota.
#[derive(Debug, Default)]
pub(super) struct Pace(Option<Instant>);

impl Pace {
    /// Waits until the next write may begin.
    pub(super) async fn wait(&mut self) {
        if let Some(next) = self.0 {
            tokio::time::sleep_until(next).await;
        }
        self.0 = Some(Instant::now() + BETWEEN_WRITES);
    }
}

/// Reads the name of a member of a space.
pub(super) fn member_name(space: &SpaceName, text: &str) -> Result<MemberName, Failure> {
    MemberName::of(space, text).map_err(|cause| Failure::usage(format!("the user {text:?} {cause}")))
}

/// Gives a member another role. For an e-mail address the membership is looked up first: only get and delete are
/// documented to take one in the place of the id.
pub(super) async fn give_role(
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

/// A member who is not there is not to be looked for among the spaces.
fn about(space: &SpaceName, mut failure: Failure, context: &Context) -> Failure {
    if failure.code == ErrorCode::NotFound {
        let list = context.command(["members", "list", space.as_str(), "--show-invited"]);
        failure.hint = Some(format!("see who is there: {list}"));
    }
    failure
}

/// Prints one membership.
fn print(membership: &Resource<Membership>, context: &Context) -> Result<(), Failure> {
    let item = Item { json: &membership.json, name: &membership.fields.name };
    Ok(context.printer.item(&item, &details(membership))?)
}

/// A membership as people like to read it.
fn details(membership: &Resource<Membership>) -> Details {
    let fields = &membership.fields;
    let user = fields.member.as_ref();
    Details::new()
        .maybe("Name", user.and_then(|user| user.display_name.as_ref()))
        .maybe("E-mail", user.and_then(|user| user.email.as_ref()))
        .with("Resource", &fields.name)
        .maybe("User", user.and_then(|user| user.name.as_ref()))
        .maybe("Group", fields.group_member.as_ref().and_then(|group| group.name.as_ref()))
        .maybe("Type", user.and_then(|user| user.kind.as_deref()).map(type_for_people))
        .maybe("Role", fields.role.as_deref().map(role_for_people))
        .maybe("State", fields.state.as_deref().map(state_for_people))
        .maybe("Affiliation", fields.affiliation.as_deref().map(str::to_lowercase))
        .time("Since", fields.create_time.as_ref())
}

/// What a list calls a member: the best that is known of it.
fn label(membership: &Membership) -> &str {
    let user = membership.member.as_ref();
    user.and_then(|user| user.display_name.as_deref().or(user.email.as_deref()).or(user.name.as_deref()))
        .or_else(|| membership.group_member.as_ref().and_then(|group| group.name.as_deref()))
        .unwrap_or_default()
}

fn type_for_people(kind: &str) -> &str {
    match kind {
        "HUMAN" => "person",
        "BOT" => "app",
        other => other,
    }
}

/// The roles as Chat calls them, which is not as the API does.
fn role_for_people(role: &str) -> &str {
    match role {
        "ROLE_MEMBER" => "member",
        "ROLE_ASSISTANT_MANAGER" => "manager",
        "ROLE_MANAGER" => "owner",
        other => other,
    }
}

fn state_for_people(state: &str) -> &str {
    match state {
        "JOINED" => "joined",
        "INVITED" => "invited",
        "NOT_A_MEMBER" => "not a member",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn writes_stay_under_three_hundred_a_minute() {
        let started = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..300 {
            pace.wait().await;
        }
        assert!(started.elapsed() >= Duration::from_millis(59_800), "{:?}", started.elapsed());
        // Somebody who adds one member does not wait.
        let started = Instant::now();
        Pace::default().wait().await;
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
