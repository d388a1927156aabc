//! `chatauth members add`.

use std::path::PathBuf;

use super::arguments::{AdminAccess, member_name};
use super::pace::Pace;
use super::several::Several;
use crate::chat::{CreateMembership, GetMembership, Membership, Method, NewMembership, Resource, SpaceName};
use crate::commands::bulk::BulkArgs;
use crate::commands::caller::Caller;
use crate::commands::spaces::name::space_name;
use crate::commands::{Context, ErrorCode, Failure};

/// Add people, groups or the calling Chat app to a space
#[derive(Debug, Default, clap::Args)]
#[command(after_help = examples!(
    "chatauth members add spaces/AAAA ada@example.com bob@example.com",
    "chatauth members add --from people.csv --results people.jsonl",
))]
pub struct Add {
    /// Space: spaces/AAAA, its ID or its URL
    ///
    /// With --from, the space of rows that name none.
    #[arg(value_name = "SPACE", required_unless_present = "from")]
    space: Option<String>,
    /// Person to add, by email or ID (repeatable); app is the Chat app
    #[arg(value_name = "USER", required_unless_present_any = ["group", "from"])]
    users: Vec<String>,
    /// Group to add, by Cloud Identity ID (repeatable)
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Add a member per row of CSV or JSON Lines; - is stdin
    ///
    /// The columns are space, member, group and role.
    #[arg(long, value_name = "FILE", help_heading = "Many at once", conflicts_with_all = ["users", "group"])]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    #[command(flatten)]
    bulk: BulkArgs,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Add {
    /// Adds the members, one after the other, or those of a file.
    pub fn run(mut self, context: &Context) -> anyhow::Result<()> {
        if let Some(from) = self.from.take() {
            let options = std::mem::take(&mut self.bulk).options(from, super::from::DEFAULT_RATE, false);
            let task = super::from::Task::new(self.space, self.admin.use_admin_access);
            return context.block_on(super::from::run(&task, &options, context));
        }
        context.block_on(self.add(context))
    }

    async fn add(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let space = space_name(self.space.as_deref().unwrap_or_default())?;
        let wanted = new_memberships(&self)?;
        let app_alone = wanted.iter().all(|membership| *membership == NewMembership::App);
        let scopes = if app_alone { CreateMembership::SCOPES_FOR_APP } else { CreateMembership::SCOPES };
        let mut caller = Caller::new(context, &[scopes], admin).await?;
        let mut several = Several::new(context, wanted.len());
        let mut pace = Pace::default();
        for (index, membership) in wanted.iter().enumerate() {
            pace.wait().await;
            let request = CreateMembership { space: space.clone(), membership: membership.clone(), admin };
            match caller.send(&request).await {
                Ok(Some(made)) => {
                    if made.fields.state.as_deref() == Some("INVITED") {
                        context
                            .messages
                            .note(&format!("Invited {}, who becomes a member by accepting", membership.id()));
                    }
                    several.done(Some(&made))?;
                }
                Ok(None) => {
                    let made = fetch_membership(&space, membership, admin, &mut caller).await;
                    several.done(made.as_ref())?;
                }
                Err(error) => {
                    let mut failure = context.report(error);
                    if failure.code == ErrorCode::AlreadyExists {
                        failure.hint = Some(String::from("nothing to do: this member is in the space already"));
                    }
                    if !several.failed(membership.id(), failure) {
                        several.not_tried(wanted[index + 1..].iter().map(|membership| membership.id().to_owned()));
                        break;
                    }
                }
            }
        }
        let finished = several.finish(|left| {
            let mut words = vec!["members", "add", space.as_str()];
            for user in left {
                if wanted.iter().any(|one| matches!(one, NewMembership::Group(_)) && one.id() == user) {
                    words.push("--group");
                }
                words.push(user);
            }
            if admin {
                words.push("--use-admin-access");
            }
            context.command(words)
        });
        Ok(finished?)
    }
}

fn new_memberships(options: &Add) -> Result<Vec<NewMembership>, Failure> {
    let mut wanted = Vec::new();
    for text in &options.users {
        wanted.push(
            NewMembership::of_user(text)
                .map_err(|cause| Failure::usage(format!("the user {text:?} (member.name) {cause}")))?,
        );
    }
    for text in &options.group {
        wanted.push(
            NewMembership::of_group(text)
                .map_err(|cause| Failure::usage(format!("the group {text:?} (groupMember.name) {cause}")))?,
        );
    }
    let mut seen = Vec::new();
    wanted.retain(|one| {
        !seen.contains(one) && {
            seen.push(one.clone());
            true
        }
    });
    if wanted.is_empty() {
        return Err(Failure::usage("give at least one member (member.name)"));
    }
    Ok(wanted)
}

/// Fetches the membership whose response was lost; failing to show it is not an error.
async fn fetch_membership(
    space: &SpaceName,
    membership: &NewMembership,
    admin: bool,
    caller: &mut Caller<'_>,
) -> Option<Resource<Membership>> {
    let name = member_name(space, membership.id()).ok()?;
    caller.send(&GetMembership { name, admin }).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_added_once_and_nobody_is_refused_by_the_apis_word() {
        let options = |users: &[&str], groups: &[&str]| Add {
            users: users.iter().map(|text| (*text).to_owned()).collect(),
            group: groups.iter().map(|text| (*text).to_owned()).collect(),
            ..Add::default()
        };
        let all = new_memberships(&options(&["ada@example.com", "users/ada@example.com", "app"], &["g", "groups/g"]))
            .unwrap();
        assert_eq!(
            all,
            [
                NewMembership::Human("users/ada@example.com".into()),
                NewMembership::App,
                NewMembership::Group("groups/g".into())
            ]
        );
        let refused = |options: &Add| new_memberships(options).unwrap_err().message;
        assert!(refused(&options(&[], &[])).contains("member.name"));
        assert!(refused(&options(&["a b"], &[])).contains("member.name"));
        assert!(refused(&options(&[], &["team@example.com"])).contains("groupMember.name"));
    }
}
