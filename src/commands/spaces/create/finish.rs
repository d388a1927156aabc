//! The steps after the creation of a space: further members, roles, and a check of the member list.

use std::collections::BTreeMap;

use super::super::fields::{Settable, unmet};
use super::plan::{Plan, Step};
use crate::chat::{
    CreateMembership, GetMembership, ListMemberships, MemberName, Membership, Method, NewMembership, Resource, Role,
    Space, SpaceName, id_of,
};
use crate::commands::caller::{CallError, Caller};
use crate::commands::members::role::{finish_by, give_role, keeps_higher_role};
use crate::commands::members::show::LARGEST_PAGE;
use crate::commands::pagination::Pages;
use crate::commands::write::Progress;
use crate::commands::{Context, ErrorCode, Failure};
use crate::platform::sanitise::quoted;

/// The steps after the creation, with what they have found and left undone.
struct Steps<'a, 'b> {
    plan: &'a Plan,
    space: &'a SpaceName,
    /// Whether another command may have created the space: a key, a request id or its name brought it back.
    may_be_older: bool,
    caller: &'a mut Caller<'b>,
    context: &'a Context,
    /// The memberships by the names that the user gave.
    known: BTreeMap<String, Membership>,
    /// The steps that remain to be done.
    left: Vec<Step>,
}

/// Runs the steps. An error about one person does not stop the steps for others.
///
/// # Errors
/// The first failure, with the messages of all, and the commands that finish the job as its hint.
pub(super) async fn run(plan: &Plan, space: &str, may_be_older: bool, caller: &mut Caller<'_>) -> Result<(), Failure> {
    let context = caller.context();
    if plan.steps.is_empty() {
        return Ok(());
    }
    let Ok(space) = SpaceName::parse(space) else {
        let message = format!(
            "the space {} was created, but its resource name is invalid, so no members were added",
            quoted(space)
        );
        return Err(Failure::new(ErrorCode::Internal, message));
    };
    let (known, left) = (BTreeMap::new(), Vec::new());
    Steps { plan, space: &space, may_be_older, caller, context, known, left }.run().await
}

impl Steps<'_, '_> {
    async fn run(mut self) -> Result<(), Failure> {
        let (steps, done, limiter) = (&self.plan.steps, &self.plan.steps_done, self.caller.member_writes());
        // Whose step failed, and why.
        let mut failures = Vec::new();
        let mut untried = 0;
        for (index, step) in steps.iter().enumerate().skip(done.get()) {
            let repeat = self.remaining(&steps[index..]);
            let permit = if *step == Step::Check { None } else { limiter.acquire(1).await };
            let result = self.run_step(step, &repeat).await;
            if let Some(permit) = permit {
                permit.done();
            }
            if let Err(error) = result {
                let failure = self.context.report(error);
                let continues = failure.affects_one_item();
                failures.push((step.id().to_owned(), failure));
                self.left.push(step.clone());
                if !continues {
                    let rest = &steps[index + 1..];
                    untried = rest.iter().filter(|step| **step != Step::Check).count();
                    self.left.extend_from_slice(rest);
                    break;
                }
            }
            // A failed step is reported once all are tried, so it is tried again with those after it.
            if failures.is_empty() {
                done.set(index + 1);
            }
        }
        let commands = self.remaining(&[]);
        let start = format!("the space {} was created, but ", self.space);
        let of_invited = |step: &Step| match step {
            Step::Promote(user, _) => self.known.get(user).is_some_and(Membership::is_invited),
            _ => false,
        };
        let hint = finish_by(&commands, self.left.iter().any(of_invited));
        match Failure::combine(&start, failures, untried) {
            None => Ok(()),
            Some(failure) => Err(failure.after_other_requests().hint_after_wait(hint)),
        }
    }

    /// Returns the commands for these steps and for those that are left. An interruption reports them too.
    fn remaining(&self, steps: &[Step]) -> String {
        let remaining = commands(self.space.as_str(), &[&self.left, steps].concat(), self.context);
        let done = format!("the space {} was created", self.space);
        self.context.progress.replace(Some(Progress { done, remaining: remaining.clone() }));
        remaining
    }

    /// Runs one step; `repeat` is the command that repeats it and those after it.
    async fn run_step(&mut self, step: &Step, repeat: &str) -> anyhow::Result<()> {
        match step {
            Step::Check => self.check_members().await,
            Step::Add(membership) => {
                let (space, membership) = (self.space.clone(), membership.clone());
                let request = CreateMembership { space, membership, admin: false };
                match self.caller.send_repeated_by(&request, repeat).await {
                    Ok(Some(made)) => {
                        self.known.insert(request.membership.name().to_owned(), made.fields);
                    }
                    Ok(None) => {}
                    // An earlier run of the command may have added the member.
                    Err(error) if error.is_already_exists() => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Step::Promote(user, role) => self.promote(user, *role, repeat).await?,
        }
        Ok(())
    }

    /// Finds members whom the server silently skipped or only invited, if the login can read members.
    async fn check_members(&mut self) {
        let messages = self.context.messages;
        let wanted = self.plan.members_in_request();
        let may_look = self.caller.allows(ListMemberships::SCOPES, false) != Some(false);
        let checked = match wanted {
            [] => Some(Vec::new()),
            _ if may_look => self.missing(wanted).await.ok(),
            _ => None,
        };
        if checked.is_none() {
            let words = ["members", "list", self.space.as_str(), "--show-invited", "--show-groups"];
            let command = self.context.command(words);
            let why = if may_look { "listing it failed" } else { "needs the scope chat.memberships.readonly" };
            messages.note(&format!("Skipped checking the member list ({why}). To list it, run {command}"));
        }
        let missing: Vec<Step> = checked.unwrap_or_default().into_iter().map(Step::Add).collect();
        let invited = self.known.iter().filter(|(_, member)| member.is_invited());
        let invited: Vec<&str> = invited.map(|(name, _)| id_of(name)).collect();
        if !missing.is_empty() {
            let space = self.space;
            let names = missing.iter().map(Step::id).collect::<Vec<_>>().join(", ");
            messages.warning(&if self.may_be_older {
                let command = commands(space.as_str(), &missing, self.context);
                let are = if missing.len() == 1 { "is" } else { "are" };
                format!(
                    "{names} {are} not in {space}, which this command may not have created. To add them, run {command}"
                )
            } else {
                format!("Google did not add {names} to {space}: they cannot be added, or someone is blocked")
            });
            if self.may_be_older {
                self.left.extend(missing);
            }
        }
        if !invited.is_empty() {
            let invited = invited.join(", ");
            messages.warning(&format!("invited to {}, not members until they accept: {invited}", self.space));
        }
    }

    /// Records the memberships of `wanted` and returns the missing ones.
    async fn missing(&mut self, wanted: &[NewMembership]) -> anyhow::Result<Vec<NewMembership>> {
        let mut members = Vec::new();
        let mut pages = Pages::all(LARGEST_PAGE);
        let request = |paging| ListMemberships {
            space: self.space.clone(),
            filter: None,
            groups: true,
            invited: true,
            paging,
            admin: false,
        };
        while let Some(page) = pages.next(self.caller, request).await? {
            members.extend(page);
        }
        let mut missing = Vec::new();
        for membership in wanted {
            let name = membership.name();
            let found = match members.iter().find(|member| is_of(&member.fields, name)) {
                Some(found) => Some(found.fields.clone()),
                // The list may name a person by id only, while the user gave an email address.
                None if name.contains('@') && self.caller.allows(GetMembership::SCOPES, false) != Some(false) => {
                    self.member(id_of(name)).await?
                }
                None => None,
            };
            match found {
                Some(found) => {
                    self.known.insert(name.to_owned(), found);
                }
                None => missing.push(membership.clone()),
            }
        }
        Ok(missing)
    }

    /// Returns one membership, or `None` if there is none.
    async fn member(&mut self, user: &str) -> Result<Option<Membership>, CallError> {
        let Ok(name) = MemberName::of(self.space, user) else { return Ok(None) };
        match self.caller.send(&GetMembership { name, admin: false }).await {
            Ok(membership) => Ok(Some(membership.fields)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives a role unless it is lower than that of the member: the caller is an owner, and a space may be older.
    async fn promote(&mut self, user: &str, role: Role, repeat: &str) -> anyhow::Result<()> {
        if !self.known.contains_key(user) {
            self.missing(&[NewMembership::Human(user.to_owned())]).await?;
        }
        let found = self.known.get(user);
        let words = ["members", "update", self.space.as_str(), id_of(user), "--role", role.as_word()];
        let command = self.context.command(words);
        if !found.is_some_and(|found| keeps_higher_role(found, role, id_of(user), &command, self.context)) {
            let name = found.map_or_else(|| id_of(user), |found| found.name.as_str());
            give_role(self.space, name, role, false, repeat, self.caller).await?;
        }
        Ok(())
    }
}

/// Whether the membership is that of the person or group that a name stands for.
fn is_of(membership: &Membership, name: &str) -> bool {
    let group = membership.group_member.as_ref().and_then(|group| group.name.as_deref());
    let person = membership.member.as_ref();
    group == Some(name)
        || person.and_then(|user| user.name.as_deref()) == Some(name)
        || person.and_then(|user| user.email.as_deref()).is_some_and(|email| email.eq_ignore_ascii_case(id_of(name)))
}

/// Returns the commands that add everyone in the plan to a space that exists; `None` if the plan has no members.
pub(super) fn commands_for_all(plan: &Plan, space: &str, context: &Context) -> Option<String> {
    let in_request = plan.members_in_request().iter().cloned().map(Step::Add);
    let steps: Vec<Step> = in_request.chain(plan.steps.iter().cloned()).collect();
    let text = commands(space, &steps, context);
    (!text.is_empty()).then_some(text)
}

/// Returns the warning for a space of another name or, if it may be older than the command, of other settings: a direct
/// message is, and what the user's own id brought back.
pub(super) fn differs(plan: &Plan, space: &Resource<Space>, own_id: bool, context: &Context) -> Option<String> {
    plan.differs_from(&space.fields).or_else(|| {
        // The answer to a repeated request may be its name, type and display name alone.
        let is_whole = space.json.as_object().is_some_and(|object| object.len() > 3);
        let is_direct = plan.request.is_direct_message();
        let what = if is_direct { "the direct message is" } else { "this request id or key belongs to" };
        let options = unmet_options(plan, space, false, context).filter(|_| (own_id || is_direct) && is_whole)?;
        Some(format!("{what} {}, which differs in {options}", space.fields.name))
    })
}

/// Returns the options that a space does not follow, with the command that sets them; `None` if it follows all. `hidden`
/// adds those that no answer shows.
pub(super) fn unmet_options(plan: &Plan, space: &Resource<Space>, hidden: bool, context: &Context) -> Option<String> {
    let unmet = unmet(plan.request.space(), &space.json, hidden);
    let names: Vec<&str> = unmet.iter().map(|(_, option, _)| option.as_str()).collect();
    let names = (!names.is_empty()).then(|| names.join(", "))?;
    let later = unmet.iter().filter(|(settable, ..)| *settable == Settable::Always);
    let later: Vec<String> = later.map(|(_, option, word)| format!("{option}={word}")).collect();
    if later.is_empty() {
        return Some(format!("{names}, which can only be set at creation"));
    }
    let words = ["spaces", "update", &space.fields.name].into_iter().chain(later.iter().map(String::as_str));
    Some(format!("{names}. To set what can be changed, run {}", context.command(words)))
}

/// Returns the commands that do these steps. `members add` gives roles to members of before, too, and leaves the caller's own
/// higher one.
fn commands(space: &str, steps: &[Step], context: &Context) -> String {
    let promoted = steps.iter().filter_map(|step| if let Step::Promote(user, _) = step { Some(&**user) } else { None });
    let promoted: Vec<&str> = promoted.collect();
    let mut lines = Vec::new();
    for role in [None, Some(Role::Owner), Some(Role::Manager)] {
        let mut words = vec!["members", "add", space];
        for step in steps {
            match (step, role) {
                (Step::Add(NewMembership::Group(_)), None) => words.extend(["--group", step.id()]),
                (Step::Add(membership), None) if !promoted.contains(&membership.name()) => words.push(step.id()),
                (Step::Promote(_, own), Some(role)) if *own == role => words.push(step.id()),
                _ => {}
            }
        }
        if words.len() > 3 {
            words.extend(role.into_iter().flat_map(|role| ["--role", role.as_word()]));
            lines.push(context.command(words));
        }
    }
    lines.join(" && ")
}
