//! `chatauth members add`.

use std::path::PathBuf;

use serde_json::Value;

use super::role::{Invited, finish_by, give_role, keeps_higher_role};
use super::rows;
use super::several::for_each;
use crate::bulk::{Applied, Attempt, Column, Planned, Rate, RowFault, Values, Words};
use crate::chat::{
    CreateMembership, GetMembership, Membership, Method, NewMembership, PatchMembership, Resource, Role, Scopes,
    SpaceName, is_same_name,
};
use crate::commands::arguments::{AdminAccess, member_name, space_name};
use crate::commands::bulk::{self, RowCommand, RowsArgs};
use crate::commands::caller::{Caller, MEMBERS_RATE};
use crate::commands::{Context, Failure};
use crate::platform::sanitise::quoted;

/// Add people, groups or the calling Chat app to a space
#[derive(Debug, Default, clap::Args)]
#[command(after_help = super::show::with_columns(examples!(
    "chatauth members add spaces/AAAA ada@example.com bob@example.com",
    "chatauth members add --from people.csv --journal people.jsonl",
)))]
pub struct Add {
    /// Space: spaces/AAAA, its ID or its URL
    ///
    /// With --from: the space of rows without one.
    #[arg(value_name = "SPACE", required_unless_present = "from")]
    space: Option<String>,
    /// Person to add, by email or ID (repeatable); app is the Chat app
    #[arg(value_name = "USER", required_unless_present_any = ["group", "from"])]
    users: Vec<String>,
    /// Group to add, by Cloud Identity ID (repeatable)
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Role of the people: manager or owner [default: member]
    #[arg(long, value_name = "ROLE", hide_possible_values = true)]
    role: Option<Role>,
    /// Add a member per row of CSV or JSON Lines; - is stdin
    ///
    /// The columns are space, member, group and role.
    #[arg(long, value_name = "FILE", help_heading = "Many at once", conflicts_with_all = ["users", "group"])]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    #[command(flatten)]
    rows: RowsArgs,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Add {
    /// Adds the members, one after the other, or those of a file.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        if let Some(from) = &self.from {
            return bulk::run(&self, from, &self.rows.bulk, self.rows.dry_run, self.admin.use_admin_access, context);
        }
        context.block_on(self.add(context))
    }

    async fn add(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let space = space_name(self.space.as_deref().unwrap_or_default())?;
        let wanted = new_memberships(&self)?;
        let app_alone = wanted.iter().all(|membership| *membership == NewMembership::App);
        let mut scopes = vec![if app_alone { CreateMembership::SCOPES_FOR_APP } else { CreateMembership::SCOPES }];
        if self.role.is_some() {
            scopes.extend([PatchMembership::SCOPES, GetMembership::SCOPES]);
        }
        let mut caller = Caller::new(context, &scopes, admin).await?;
        let add = async |membership: &NewMembership| {
            let addition = Addition { space: space.clone(), membership: membership.clone(), role: self.role };
            addition.add(admin, &mut caller).await
        };
        let remaining = |left: &[&str]| {
            let mut words = vec!["members", "add", space.as_str()];
            for user in left {
                if wanted.iter().any(|one| matches!(one, NewMembership::Group(_)) && one.id() == *user) {
                    words.push("--group");
                }
                words.push(user);
            }
            if let Some(role) = self.role {
                words.extend(["--role", role.as_word()]);
            }
            if admin {
                words.push("--use-admin-access");
            }
            context.command(words)
        };
        for_each("members add", &wanted, NewMembership::id, add, remaining, context).await
    }
}

/// One member to be added.
#[derive(Debug)]
pub(in crate::commands) struct Addition {
    space: SpaceName,
    membership: NewMembership,
    role: Option<Role>,
}

impl Addition {
    /// Returns the name of the membership, with what the user calls the member. A group does not have one.
    fn name(&self) -> Option<String> {
        let is_group = matches!(self.membership, NewMembership::Group(_));
        (!is_group).then(|| format!("{}/members/{}", self.space, self.membership.id()))
    }

    /// Sends the request that adds the member. Returns the membership if the server sent it, and whether it is new: nobody
    /// has a role at once, and without an answer somebody else may have added the member.
    async fn send(&self, admin: bool, caller: &mut Caller<'_>) -> anyhow::Result<(Option<Resource<Membership>>, bool)> {
        let request = CreateMembership { space: self.space.clone(), membership: self.membership.clone(), admin };
        match caller.send(&request).await {
            Ok(added) => {
                let role = added.as_ref().map(|added| added.fields.role.as_deref());
                let is_new = role.is_some_and(|role| role.is_none_or(|role| role == Role::Member.as_wire()));
                Ok((added, is_new))
            }
            Err(error) if error.is_already_exists() => Ok((None, false)),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds the member and gives them their role. Returns the membership if its response was not lost.
    async fn add(&self, admin: bool, caller: &mut Caller<'_>) -> anyhow::Result<Option<Resource<Membership>>> {
        let messages = caller.context().messages;
        let id = self.membership.id();
        let (added, is_new) = self.send(admin, caller).await?;
        let found = if added.is_some() { added } else { self.fetch(admin, caller).await };
        match (is_new, is_invited(found.as_ref())) {
            (true, false) => {}
            (true, true) => messages.note(&format!("Invited {id}, who is not a member until they accept")),
            (false, false) => messages.note(&format!("{id} is already a member")),
            (false, true) => messages.note(&format!("{id} is already invited, and not a member until they accept")),
        }
        let name = found.as_ref().map_or_else(|| id.to_owned(), |found| found.fields.name.clone());
        self.set_role(&name, found, is_new, admin, caller).await
    }

    /// Gives the member their role unless they have it. `found` is the membership if it is known. Returns it as it is now.
    /// Callers keep a higher role of their own: without an owner, nobody could give it back.
    async fn set_role(
        &self,
        name: &str,
        found: Option<Resource<Membership>>,
        is_new: bool,
        admin: bool,
        caller: &mut Caller<'_>,
    ) -> anyhow::Result<Option<Resource<Membership>>> {
        let Some(role) = self.role.filter(|role| !is_new || *role != Role::Member) else { return Ok(found) };
        let context = caller.context();
        let id = self.membership.id();
        let words = ["members", "update", self.space.as_str(), id, "--role", role.as_word()];
        let command = context.command(words.into_iter().chain(admin.then_some("--use-admin-access")));
        let given: anyhow::Result<_> = async {
            let found = match found {
                // They were there before, or may have been: the answer was lost.
                None if !is_new => {
                    Some(caller.send(&GetMembership { name: member_name(&self.space, name)?, admin }).await?)
                }
                found => found,
            };
            let mut name = name.to_owned();
            if let Some(found) = found {
                let has_it = found.fields.role.as_deref() == Some(role.as_wire());
                let may_be_own = caller.is_own(&found.fields) != Some(false);
                if has_it || may_be_own && keeps_higher_role(&found.fields, role, id, &command, context) {
                    return Ok(found);
                }
                name = found.fields.name;
            }
            give_role(&self.space, &name, role, admin, &command, caller).await
        }
        .await;
        let error = match given {
            Ok(membership) => return Ok(Some(membership)),
            Err(error) => error,
        };
        let mut failure = context.report(error);
        let invited = failure.affects_one_item() && is_invited(self.fetch(admin, caller).await.as_ref());
        if is_new {
            let how = if invited { "invited" } else { "added" };
            failure.message = format!("{id} was {how}, but {}", failure.message);
            failure = failure.after_other_requests();
        }
        if !invited {
            return Err(if is_new { failure.hint_after_wait(finish_by(&command, false)) } else { failure }.into());
        }
        Err(anyhow::Error::from(failure.hint_after_wait(finish_by(&command, true))).context(Invited))
    }

    /// Fetches the membership; failing to show it is not an error.
    async fn fetch(&self, admin: bool, caller: &mut Caller<'_>) -> Option<Resource<Membership>> {
        let name = member_name(&self.space, self.membership.id()).ok()?;
        caller.send(&GetMembership { name, admin }).await.ok()
    }
}

impl RowCommand for Add {
    type Work = Addition;
    const NAME: &'static str = "members add";
    const WORDS: Words =
        Words { verb: "add", doing: "Adding", done: "added", object: "membership", by_request_id: false };
    const RATE: Rate = MEMBERS_RATE;

    fn columns(&self) -> Vec<Column> {
        rows::columns()
    }

    fn options(&self) -> Values {
        rows::options(self.space.as_ref()).with("role", self.role.map(Role::as_wire))
    }

    fn plan(&self, values: &Values, _request_id: &str) -> Result<Planned<Addition>, RowFault> {
        let space = rows::space(values, self.space.as_ref())?;
        let (column, text, membership) = match (values.text("member"), values.text("group")) {
            (Some(user), None) => ("member", user, NewMembership::of_user(user)),
            (None, Some(group)) => ("group", group, NewMembership::of_group(group)),
            _ => return Err(RowFault::in_column("member", rows::ONE_MEMBER)),
        };
        let membership =
            membership.map_err(|cause| RowFault::in_column(column, format!("{} {cause}", quoted(text))))?;
        let is_person = matches!(membership, NewMembership::Human(_));
        if is_person && values.text("type").is_some_and(|kind| kind != "HUMAN") {
            return Err(RowFault::in_column("type", rows::ONLY_PEOPLE));
        }
        let own = rows::role(values);
        // The output of `members list` has groups with the role `member`.
        if !is_person && own.is_some_and(|role| role != Role::Member) {
            return Err(RowFault::in_column("role", "only people have roles"));
        }
        let addition = Addition { space, membership, role: own.or(self.role).filter(|_| is_person) };
        let label = addition.membership.id().to_owned();
        // Adding the member, and giving them their role.
        let requests = 1 + u32::from(addition.role.is_some_and(|role| role != Role::Member));
        Ok(Planned { label, requests, ..Planned::of(addition.name(), addition) })
    }

    fn scopes(&self, addition: Option<&Addition>) -> Vec<Scopes> {
        let mut scopes = vec![CreateMembership::SCOPES];
        if addition.is_some_and(|addition| addition.role.is_some()) {
            scopes.extend([PatchMembership::SCOPES, GetMembership::SCOPES]);
        }
        scopes
    }

    async fn apply(&self, addition: &Addition, _attempt: Attempt, caller: &mut Caller<'_>) -> anyhow::Result<Applied> {
        let (added, is_new) = addition.send(self.admin.use_admin_access, caller).await?;
        let id = addition.membership.id();
        let invited = is_invited(added.as_ref());
        let warning = invited.then(|| format!("invited {id}, who is not a member until they accept"));
        let (name, object) = added.map(|added| (added.fields.name, added.json)).unzip();
        let name = name.or_else(|| addition.name()).unwrap_or_default();
        // Who is a member already makes the row done.
        Ok(Applied { name, object, existed: !is_new, warning, ..Applied::default() })
    }

    async fn finish(
        &self,
        addition: &Addition,
        name: &str,
        attempt: Attempt,
        caller: &mut Caller<'_>,
    ) -> anyhow::Result<Option<Value>> {
        let admin = self.admin.use_admin_access;
        let membership = addition.set_role(name, None, !attempt.existed, admin, caller).await?;
        Ok(membership.map(|membership| membership.json))
    }
}

fn is_invited(membership: Option<&Resource<Membership>>) -> bool {
    membership.is_some_and(|membership| membership.fields.is_invited())
}

fn new_memberships(options: &Add) -> Result<Vec<NewMembership>, Failure> {
    let users = options.users.iter().map(|text| {
        NewMembership::of_user(text)
            .map_err(|cause| Failure::usage(format!("the user {} (member.name) {cause}", quoted(text))))
    });
    let groups = options.group.iter().map(|text| {
        NewMembership::of_group(text)
            .map_err(|cause| Failure::usage(format!("the group {} (groupMember.name) {cause}", quoted(text))))
    });
    let mut wanted = Vec::new();
    for membership in users.chain(groups) {
        let membership = membership?;
        if !wanted.iter().any(|other: &NewMembership| is_same_name(other.name(), membership.name())) {
            wanted.push(membership);
        }
    }
    if options.role.is_some() && wanted.iter().any(|one| !matches!(one, NewMembership::Human(_))) {
        return Err(Failure::usage("--role (membership.role) works for people only"));
    }
    if wanted.is_empty() {
        return Err(Failure::usage("give at least one member (member.name)"));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bulk::Rows;

    #[test]
    fn a_row_names_one_member_of_one_space() {
        let add = Add { space: Some(String::from("spaces/S")), ..Add::default() };
        let plan = |members: &Value| {
            let mut rows = Rows::read(Box::new(std::io::Cursor::new(members.to_string())), &add.columns()).unwrap();
            let row = rows.next().unwrap().map_err(|error| error.to_string())?;
            let planned = add.plan(&row.values, "").map(|planned| planned.work);
            planned.map_err(|fault| format!("{}: {}", fault.column.unwrap_or_default(), fault.reason))
        };
        let addition = plan(&json!({"member":"ada@example.com","role":"manager"})).unwrap();
        assert_eq!((addition.space.as_str(), addition.membership.name()), ("spaces/S", "users/ada@example.com"));
        assert_eq!(addition.role, Some(Role::Manager));
        let role = |members: &Value| plan(members).unwrap().role;
        assert_eq!(role(&json!({"member":"a"})), None);
        assert_eq!(role(&json!({"member":"a","role":"member"})), Some(Role::Member));
        let addition = plan(&json!({"space":"T","group":"g","role":"member"})).unwrap();
        assert_eq!((addition.space.as_str(), addition.membership.name()), ("spaces/T", "groups/g"));
        assert!(addition.role.is_none());
        for (members, expected) in [
            (json!({}), "member: a row has"),
            (json!({"member":"a","group":"b"}), "member: a row has"),
            (json!({"member":"a b"}), "member: "),
            (json!({"group":"g","role":"owner"}), "role: only people"),
            (json!({"member":"a","role":"king"}), "role: "),
            (json!({"member":"a","x":1}), "x: unknown column"),
            (json!({"space":"a/b","member":"a"}), "space: "),
        ] {
            assert!(plan(&members).unwrap_err().contains(expected), "{members}");
        }
    }

    #[test]
    fn everybody_is_added_once_and_nobody_is_refused_by_the_apis_word() {
        let options = |users: &[&str], groups: &[&str]| Add {
            users: users.iter().map(|text| (*text).to_owned()).collect(),
            group: groups.iter().map(|text| (*text).to_owned()).collect(),
            ..Add::default()
        };
        let all = new_memberships(&options(&["ada@example.com", "users/Ada@example.com", "app"], &["g", "groups/g"]))
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
