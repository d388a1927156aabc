//! The steps after the creation of a space: further members, roles, and a check of the member list.

use std::collections::BTreeMap;

use super::plan::{Plan, Request};
use crate::chat::{
    CreateMembership, GetMembership, ListMemberships, MemberName, Membership, Method, NewMembership, Resource, Role,
    SpaceName, id_of,
};
use crate::commands::caller::{CallError, Caller};
use crate::commands::members::pace::Pace;
use crate::commands::members::role::give_role;
use crate::commands::members::show::LARGEST_PAGE;
use crate::commands::pagination::Pages;
use crate::commands::{Context, ErrorCode, Failure, InFlight};

/// The memberships by the names that the user gave.
type Known = BTreeMap<String, Seen>;

/// The name and state of a membership.
struct Seen {
    name: String,
    state: Option<String>,
}

impl From<&Resource<Membership>> for Seen {
    fn from(membership: &Resource<Membership>) -> Self {
        Self { name: membership.fields.name.clone(), state: membership.fields.state.clone() }
    }
}

/// The failures and the steps that remain, in the order of the attempts.
#[derive(Default)]
struct Undone {
    failures: Vec<(String, Failure)>,
    members: Vec<NewMembership>,
    promotions: Vec<(String, Role)>,
}

/// Runs the steps. An error about one person does not stop the steps for others.
pub(super) async fn run(plan: &Plan, space: &str, caller: &mut Caller<'_>, context: &Context) -> Result<(), Failure> {
    if plan.more.is_empty() && plan.promotions.is_empty() && !plan.may_lack_members {
        return Ok(());
    }
    let Ok(space) = SpaceName::parse(space) else {
        let message =
            format!("the space {space:?} was created, but its resource name is invalid, so no members were added");
        return Err(Failure::new(ErrorCode::Internal, message));
    };
    // A signal during these steps prints the space and the commands that remain.
    let outer = (!caller.is_for_row()).then(|| {
        context.pending.replace(commands_for_all(plan, space.as_str(), context).map(|repeat| InFlight {
            action: format!("finish {space}, which was created"),
            request_id: None,
            hint: format!("to repeat it safely, run {repeat}"),
        }))
    });
    let mut known = Known::new();
    let mut undone = Undone::default();
    if add(plan, &space, caller, context, &mut known, &mut undone).await {
        check_members(plan, &space, caller, context, &mut known).await;
        promote(plan, &space, caller, context, &known, &mut undone).await;
    } else {
        undone.promotions.clone_from(&plan.promotions);
    }
    if let Some(outer) = outer {
        context.pending.replace(outer);
    }
    undone.report(&space, context)
}

/// Adds the members who did not fit into the create request. Returns whether to continue.
async fn add(
    plan: &Plan,
    space: &SpaceName,
    caller: &mut Caller<'_>,
    context: &Context,
    known: &mut Known,
    undone: &mut Undone,
) -> bool {
    let mut pace = Pace::default();
    for (index, membership) in plan.more.iter().enumerate() {
        pace.wait().await;
        let request = CreateMembership { space: space.clone(), membership: membership.clone(), admin: false };
        let repeat = commands(space.as_str(), &plan.more[index..], &plan.promotions, context);
        match caller.send_repeated_by(&request, &repeat).await {
            Ok(Some(made)) => {
                known.insert(membership.name().to_owned(), Seen::from(&made));
            }
            Ok(None) => {}
            // An earlier run of the command may have added the member.
            Err(error) if error.is_already_exists() => {}
            Err(error) => {
                let failure = context.report(error);
                let continues = failure.concerns_one();
                undone.failures.push((membership.name().to_owned(), failure));
                if !continues {
                    undone.members.extend_from_slice(&plan.more[index..]);
                    return false;
                }
                undone.members.push(membership.clone());
            }
        }
    }
    true
}

/// Finds members whom the server silently skipped or only invited, if the login can read members.
async fn check_members(plan: &Plan, space: &SpaceName, caller: &mut Caller<'_>, context: &Context, known: &mut Known) {
    let wanted: &[NewMembership] = match &plan.request {
        Request::SetUp(request) if plan.may_lack_members => &request.memberships,
        _ => &[],
    };
    let may_look = caller.allows(ListMemberships::SCOPES, false) != Some(false);
    let checked = match wanted {
        [] => Some(Vec::new()),
        _ if may_look => present(wanted, space, caller, known).await.ok(),
        _ => None,
    };
    if checked.is_none() {
        let command = context.command(["members", "list", space.as_str(), "--show-invited", "--show-groups"]);
        let why = if may_look { "listing it failed" } else { "needs the scope chat.memberships.readonly" };
        context.messages.note(&format!("Skipped checking the member list ({why}). To list it, run {command}"));
    }
    let missing = checked.unwrap_or_default();
    let invited: Vec<&str> = known
        .iter()
        .filter(|(_, seen)| seen.state.as_deref() == Some("INVITED"))
        .map(|(name, _)| id_of(name))
        .collect();
    if !missing.is_empty() {
        context.messages.warning(&format!(
            "not in the space, because they cannot be added or someone is blocked: {}",
            missing.join(", ")
        ));
    }
    if !invited.is_empty() {
        context.messages.warning(&format!("invited, and members once they accept: {}", invited.join(", ")));
    }
}

/// Records the memberships of `wanted` and returns the missing ones.
async fn present<'a>(
    wanted: &'a [NewMembership],
    space: &SpaceName,
    caller: &mut Caller<'_>,
    known: &mut Known,
) -> anyhow::Result<Vec<&'a str>> {
    let mut members = Vec::new();
    let mut pages = Pages::all(LARGEST_PAGE);
    let request = |paging| ListMemberships {
        space: space.clone(),
        filter: None,
        groups: true,
        invited: true,
        paging,
        admin: false,
    };
    while let Some(page) = pages.next(caller, request).await? {
        members.extend(page);
    }
    let mut missing = Vec::new();
    for membership in wanted {
        let name = membership.name();
        if let Some(found) = members.iter().find(|member| is(&member.fields, name)) {
            known.insert(name.to_owned(), Seen::from(found));
            continue;
        }
        // The list may name a person by id only, while the user gave an email address.
        let by_address = name.contains('@') && caller.allows(GetMembership::SCOPES, false) != Some(false);
        let found = if by_address { member(space, id_of(name), caller).await? } else { None };
        match found {
            Some(found) => {
                known.insert(name.to_owned(), Seen::from(&found));
            }
            None => missing.push(id_of(name)),
        }
    }
    Ok(missing)
}

fn is(membership: &Membership, name: &str) -> bool {
    let group = membership.group_member.as_ref().and_then(|group| group.name.as_deref());
    let person = membership.member.as_ref();
    group == Some(name)
        || person.and_then(|user| user.name.as_deref()) == Some(name)
        || person.and_then(|user| user.email.as_deref()).is_some_and(|email| email.eq_ignore_ascii_case(id_of(name)))
}

/// Returns one membership, or `None` if there is none.
async fn member(
    space: &SpaceName,
    user: &str,
    caller: &mut Caller<'_>,
) -> Result<Option<Resource<Membership>>, CallError> {
    let Ok(name) = MemberName::of(space, user) else { return Ok(None) };
    match caller.send(&GetMembership { name, admin: false }).await {
        Ok(membership) => Ok(Some(membership)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn promote(
    plan: &Plan,
    space: &SpaceName,
    caller: &mut Caller<'_>,
    context: &Context,
    known: &Known,
    undone: &mut Undone,
) {
    for (index, (user, role)) in plan.promotions.iter().enumerate() {
        let repeat = commands(space.as_str(), &[], &plan.promotions[index..], context);
        let result = async {
            let name = match known.get(user) {
                Some(seen) => seen.name.clone(),
                None => format!("{space}/members/{}", id_of(user)),
            };
            give_role(space, &name, *role, false, &repeat, caller).await
        }
        .await;
        if let Err(error) = result {
            let failure = context.report(error);
            let continues = failure.concerns_one();
            undone.failures.push((user.clone(), failure));
            if !continues {
                undone.promotions.extend_from_slice(&plan.promotions[index..]);
                return;
            }
            undone.promotions.push((user.clone(), *role));
        }
    }
}

impl Undone {
    /// Returns the first failure, with all of them in its message.
    fn report(self, space: &SpaceName, context: &Context) -> Result<(), Failure> {
        let mut failures = self.failures.into_iter();
        let Some((user, mut first)) = failures.next() else { return Ok(()) };
        let mut message = format!("the space {space} was created, but {}: {}", id_of(&user), first.message);
        for (user, failure) in failures {
            message += &format!("; {}: {}", id_of(&user), failure.message);
        }
        first.message = message;
        let commands = commands(space.as_str(), &self.members, &self.promotions, context);
        first.hint = Some(format!("to finish, run {commands}"));
        Err(first)
    }
}

/// Returns the steps after the creation as commands; `None` if there are none.
pub(super) fn commands_for_all(plan: &Plan, space: &str, context: &Context) -> Option<String> {
    let text = commands(space, &plan.more, &plan.promotions, context);
    (!text.is_empty()).then_some(text)
}

fn commands(space: &str, members: &[NewMembership], promotions: &[(String, Role)], context: &Context) -> String {
    let mut lines = Vec::new();
    if !members.is_empty() {
        let mut words = vec!["members", "add", space];
        for membership in members {
            if matches!(membership, NewMembership::Group(_)) {
                words.push("--group");
            }
            words.push(id_of(membership.name()));
        }
        lines.push(context.command(words));
    }
    for (user, role) in promotions {
        lines.push(context.command(["members", "update", space, id_of(user), "--role", role.as_word()]));
    }
    lines.join(" && ")
}
