//! Checks the options of a new space and converts them to requests. Sends nothing.

use std::cell::Cell;

use clap::ValueEnum;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::super::draft::Draft;
use super::super::fields::TYPES;
use super::super::options::SpaceFields;
use crate::bulk::request_id_of_key;
use crate::chat::{CreateSpace, Method, NewMembership, Resource, Role, SetUpSpace, Space, id_of, is_same_name};
use crate::commands::arguments::for_people;
use crate::commands::{ErrorCode, Failure, Outcome};
use crate::platform::encoding::composed;
use crate::platform::sanitise::quoted;

/// The maximum number of members in a create request; more are added afterwards.
const MOST_MEMBERSHIPS: usize = 49;

/// What to do when the caller is already a member of a space of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum IfExists {
    Fail,
    Reuse,
}

impl IfExists {
    /// Checks that the first of the spaces that exist may be reused. Returns a warning where several are.
    pub(super) fn check(self, found: &[Resource<Space>]) -> Result<Option<String>, Failure> {
        let all = found.iter().map(|space| space.fields.name.as_str()).collect::<Vec<_>>().join(", ");
        if self == Self::Reuse || found.is_empty() {
            let count = found.len();
            return Ok((count > 1).then(|| format!("you are a member of {count} spaces with this name: {all}")));
        }
        let message = format!("cannot create the space: you are already a member of one with this name: {all}");
        Err(Failure::new(ErrorCode::AlreadyExists, message).hint("choose another name, or pass --if-exists reuse"))
    }
}

/// The options that describe a new space, which are also the columns of rows.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "People")]
pub(in crate::commands) struct NewSpace {
    #[command(flatten)]
    pub(super) space: SpaceFields<true>,
    /// Person to add, by email or ID (repeatable)
    #[arg(long, value_name = "USER")]
    pub(super) member: Vec<String>,
    /// Group to add, by Cloud Identity ID (repeatable)
    #[arg(long, value_name = "GROUP")]
    pub(super) group: Vec<String>,
    /// Person to add as a manager (repeatable)
    #[arg(long, value_name = "USER")]
    pub(super) manager: Vec<String>,
    /// Person to add as an owner (repeatable)
    #[arg(long, value_name = "USER")]
    pub(super) owner: Vec<String>,
    /// Fail, or reuse a space with this name
    ///
    /// It is looked for among the spaces that you are a member of, whoever created them. Without this option, or with
    /// --request-id or --idempotency-key, existing spaces are not looked up.
    #[arg(long, value_name = "fail|reuse", hide_possible_values = true, help_heading = "Retries")]
    pub(super) if_exists: Option<IfExists>,
    /// ID of an earlier attempt, to repeat it safely
    #[arg(long, value_name = "UUID", help_heading = "Retries", conflicts_with = "idempotency_key")]
    pub(super) request_id: Option<String>,
    /// Your own key; the same key finds the same space
    #[arg(long, value_name = "TEXT", help_heading = "Retries")]
    pub(super) idempotency_key: Option<String>,
}

impl NewSpace {
    /// Returns the lists of people and groups, with the names of their options.
    pub(super) fn lists(&mut self) -> [(&'static str, &mut Vec<String>); 4] {
        let Self { member, group, manager, owner, .. } = self;
        [("member", member), ("group", group), ("manager", manager), ("owner", owner)]
    }
}

/// The request that creates the space.
#[derive(Debug)]
pub(in crate::commands) enum Request {
    Create(CreateSpace),
    SetUp(SetUpSpace),
}

impl Request {
    /// Returns the display name of the new space.
    pub(super) fn display_name(&self) -> Option<&str> {
        self.text("displayName")
    }

    /// Whether the API may return a conversation that existed, without telling so.
    pub(super) fn is_direct_message(&self) -> bool {
        self.text("spaceType") == Some("DIRECT_MESSAGE")
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.space().get(field)?.as_str()
    }

    /// Returns the new space.
    pub(super) const fn space(&self) -> &Map<String, Value> {
        match self {
            Self::Create(request) => &request.space,
            Self::SetUp(request) => &request.space,
        }
    }

    pub(in crate::commands) fn preview(&self) -> Value {
        match self {
            Self::Create(request) => request.call().preview(),
            Self::SetUp(request) => request.call().preview(),
        }
    }
}

/// A step after the creation.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Adds a member who is not in the request.
    Add(NewMembership),
    /// Finds members whom the server silently skipped or only invited.
    Check,
    /// Gives a person a role.
    Promote(String, Role),
}

impl Step {
    /// Returns the ID or address of the person or group; empty for the check.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Add(membership) => membership.id(),
            Self::Check => "",
            Self::Promote(user, _) => id_of(user),
        }
    }
}

/// The checked requests of one creation.
#[derive(Debug)]
pub(in crate::commands) struct Plan {
    pub(in crate::commands) request: Request,
    /// The steps after the creation.
    pub(super) steps: Vec<Step>,
    /// The display name to look for before the creation.
    pub(super) reuse_check: Option<(String, IfExists)>,
    pub(super) import: bool,
    /// Whether the request id is the user's, or that of a key.
    pub(super) has_own_id: bool,
    /// A note to print before the requests.
    pub(super) note: Option<String>,
    /// How many of the steps are done: a row that waited for quota goes on there.
    pub(super) steps_done: Cell<usize>,
}

impl Plan {
    /// Returns how many members are added after the creation, and how many roles are given.
    pub(super) fn later(&self) -> (usize, usize) {
        let count = |of: fn(&Step) -> bool| self.steps.iter().filter(|step| of(step)).count();
        (count(|step| matches!(step, Step::Add(_))), count(|step| matches!(step, Step::Promote(..))))
    }

    /// Returns the members in the request, whom the server may silently skip. That of a direct message it refuses.
    pub(super) fn members_in_request(&self) -> &[NewMembership] {
        match &self.request {
            Request::SetUp(request) if !self.request.is_direct_message() => &request.memberships,
            _ => &[],
        }
    }

    /// Refuses a conversation of another type, which a request id brought back: its members are not those of the plan.
    pub(super) fn check_type(&self, space: &Space) -> Result<(), Failure> {
        let wanted = self.request.text("spaceType").unwrap_or_default();
        let Some(there) = space.space_type.as_deref().filter(|there| *there != wanted) else { return Ok(()) };
        let [kind, other] = [wanted, there].map(|kind| for_people(TYPES, kind));
        let name = &space.name;
        let message = format!("this request id or key belongs to {name}, which is a {other}, not a {kind}");
        let failure = Failure::new(ErrorCode::AlreadyExists, format!("cannot create the {kind}: {message}"));
        Err(Failure { outcome: Some(Outcome::NotApplied), ..failure.hint("use another key or request ID") })
    }

    /// Returns the warning for a request id that brought back a space of another name.
    pub(super) fn differs_from(&self, space: &Space) -> Option<String> {
        let (wanted, there) = (self.request.display_name()?, space.display_name.as_deref()?);
        (!is_named(space, wanted)).then(|| {
            let (wanted, there) = (quoted(wanted), quoted(there));
            format!("this request id or key belongs to {}, which is named {there}, not {wanted}", space.name)
        })
    }
}

/// Whether people read this display name as that of the space: without the blanks around it, however its accents are
/// encoded.
pub(super) fn is_named(space: &Space, name: &str) -> bool {
    space.display_name.as_deref().is_some_and(|own| composed(own.trim()) == composed(name.trim()))
}

/// Converts the options to a plan.
///
/// # Errors
/// An option or a document that breaks a rule of the API.
pub(super) fn plan(options: &NewSpace) -> Result<Plan, Failure> {
    let mut draft = options.space.draft(Map::new())?;
    if draft.copy_of.is_some() {
        // Google takes them for a space that exists.
        draft.drop_field("permissionSettings");
    }
    let kind = match draft.at("spaceType").and_then(Value::as_str) {
        None => {
            // First, as in the reference and its examples.
            let rest = std::mem::take(&mut draft.space);
            draft.space.insert(String::from("spaceType"), Value::from("SPACE"));
            draft.space.extend(rest);
            String::from("SPACE")
        }
        Some(kind) => kind.to_owned(),
    };
    let promotions = promotions(options)?;
    let mut memberships = memberships(options, &promotions)?;
    check_name(&draft, &kind)?;
    let import = draft.has("importMode");
    check_import(&mut draft, &kind, import)?;
    check_conversation(&mut draft, &kind, &mut memberships, import)?;
    if kind != "SPACE" {
        for (given, option) in [
            (!options.group.is_empty(), "--group (memberships[].groupMember)"),
            (!promotions.is_empty(), "--manager and --owner (memberships[].role)"),
            (options.if_exists.is_some(), "--if-exists"),
        ] {
            if given {
                return Err(Failure::usage(format!("{option} works for named spaces (spaceType SPACE) only")));
            }
        }
    }
    if import && options.if_exists.is_some() {
        return Err(Failure::usage("--if-exists does not find spaces in import mode (importMode)")
            .hint("instead of --if-exists, pass --idempotency-key TEXT"));
    }
    // With a request id or a key, an earlier attempt may have created the space but not added its members yet. Repeating
    // the request returns that space.
    let has_own_id = options.request_id.is_some() || options.idempotency_key.is_some();
    let reuse_check = options.if_exists.filter(|_| !has_own_id).and_then(|what| {
        let name = draft.at("displayName").and_then(Value::as_str)?;
        Some((name.to_owned(), what))
    });
    let request_id = request_id(options)?;
    let note = draft.ignored().map(|fields| format!("Ignored {fields}"));
    let conversation = matches!(kind.as_str(), "GROUP_CHAT" | "DIRECT_MESSAGE");
    // The create request cannot add the calling app, nor anyone in import mode.
    let (app, mut memberships): (Vec<_>, Vec<_>) =
        memberships.into_iter().partition(|membership| *membership == NewMembership::App);
    let mut added_later = memberships.split_off(if import { 0 } else { memberships.len().min(MOST_MEMBERSHIPS) });
    added_later.extend(app);
    let set_up = !import && (conversation || !memberships.is_empty());
    let check = kind != "DIRECT_MESSAGE" && !memberships.is_empty() || !added_later.is_empty();
    let promotions = promotions.into_iter().map(|(user, role)| Step::Promote(user, role));
    let steps = added_later.into_iter().map(Step::Add).chain(check.then_some(Step::Check)).chain(promotions).collect();
    let space = draft.space;
    let request = if set_up {
        Request::SetUp(SetUpSpace { space, memberships, request_id })
    } else {
        Request::Create(CreateSpace { space, request_id })
    };
    Ok(Plan { request, steps, reuse_check, import, has_own_id, note, steps_done: Cell::default() })
}

fn check_name(draft: &Draft, kind: &str) -> Result<(), Failure> {
    let name = draft.at("displayName").filter(|name| !name.is_null());
    match (kind, name) {
        ("SPACE", None) => Err(Failure::usage("--name (displayName) is required").hint("pass --name NAME")),
        ("SPACE", Some(Value::String(name))) if name.trim().is_empty() => {
            Err(draft.refuse("displayName", "is empty: expected 1 to 128 characters"))
        }
        ("GROUP_CHAT" | "DIRECT_MESSAGE", Some(_)) => {
            Err(draft.refuse("displayName", &format!("must be left out: a {} has no name", for_people(TYPES, kind))))
        }
        _ => Ok(()),
    }
}

fn check_import(draft: &mut Draft, kind: &str, import: bool) -> Result<(), Failure> {
    if import && kind == "DIRECT_MESSAGE" {
        return Err(draft.refuse("importMode", "is for spaces and group chats, not direct messages"));
    }
    if import {
        let time = draft.at("createTime").and_then(Value::as_str);
        if time.is_some_and(|time| OffsetDateTime::parse(time, &Rfc3339).is_err()) {
            return Err(draft.refuse("createTime", "should be a time as in RFC 3339, such as 2024-02-29T12:00:00Z"));
        }
    } else if draft.was_given("createTime") {
        return Err(draft.refuse("createTime", "can be set in import mode only: add --import-mode"));
    } else {
        // Spaces from the server have a creation time.
        draft.drop_field("createTime");
    }
    Ok(())
}

/// Checks the rules of group chats and direct messages, which `spaces.setup` creates.
fn check_conversation(
    draft: &mut Draft,
    kind: &str,
    memberships: &mut Vec<NewMembership>,
    import: bool,
) -> Result<(), Failure> {
    if !matches!(kind, "GROUP_CHAT" | "DIRECT_MESSAGE") {
        return Ok(());
    }
    for path in ["predefinedPermissionSettings", "accessSettings.audience", "spaceDetails.description"] {
        let outer = path.split('.').next().unwrap_or(path);
        // Whether a group chat takes details is for the server to decide.
        if draft.has(outer) && (outer != "spaceDetails" || kind == "DIRECT_MESSAGE") {
            return Err(draft.refuse(path, &format!("must be left out: a {} has none", for_people(TYPES, kind))));
        }
    }
    let count = memberships.len();
    // The create request cannot add the calling app.
    let people = memberships.iter().filter(|membership| **membership != NewMembership::App).count();
    let wrong = |rule: &str, given: usize| {
        Err(Failure::usage(format!("--member (memberships): {rule}, without yourself; {given} were given")))
    };
    match kind {
        "GROUP_CHAT" if import => Ok(()),
        "GROUP_CHAT" if people < 2 => wrong("a group chat has at least two people", people),
        "GROUP_CHAT" => Ok(()),
        _ if memberships[..] == [NewMembership::App] || (draft.has("singleUserBotDm") && count == 0) => {
            // The API has a field for the calling app instead of a membership.
            memberships.clear();
            draft.space.insert(String::from("singleUserBotDm"), Value::Bool(true));
            Ok(())
        }
        _ if count != 1 || draft.has("singleUserBotDm") => wrong("a direct message has exactly one member", count),
        _ => Ok(()),
    }
}

fn promotions(options: &NewSpace) -> Result<Vec<(String, Role)>, Failure> {
    let mut promotions: Vec<(String, Role)> = Vec::new();
    for (option, texts, role) in
        [("--owner", &options.owner, Role::Owner), ("--manager", &options.manager, Role::Manager)]
    {
        for text in texts {
            let membership = NewMembership::of_user(text);
            let membership =
                membership.map_err(|cause| Failure::usage(format!("{option} {} {cause}", quoted(text))))?;
            let NewMembership::Human(name) = membership else {
                return Err(Failure::usage(format!("{option} (memberships[].role) works for people only")));
            };
            match promotions.iter().find(|(other, _)| is_same_name(other, &name)) {
                Some((_, same)) if *same == role => {}
                Some(_) => return Err(Failure::usage(format!("{} is both --manager and --owner", quoted(text)))),
                None => promotions.push((name, role)),
            }
        }
    }
    Ok(promotions)
}

fn memberships(options: &NewSpace, promotions: &[(String, Role)]) -> Result<Vec<NewMembership>, Failure> {
    let mut memberships = Vec::new();
    let mut add = |membership: NewMembership| {
        if !memberships.iter().any(|other: &NewMembership| is_same_name(other.name(), membership.name())) {
            memberships.push(membership);
        }
    };
    // Owners and managers come first, so that the create request adds them.
    for (name, _) in promotions {
        add(NewMembership::Human(name.clone()));
    }
    for text in &options.member {
        add(NewMembership::of_user(text)
            .map_err(|cause| Failure::usage(format!("--member {} {cause}", quoted(text))))?);
    }
    for text in &options.group {
        add(NewMembership::of_group(text)
            .map_err(|cause| Failure::usage(format!("--group {} {cause}", quoted(text))))?);
    }
    Ok(memberships)
}

/// Returns the request ID, which is the same for all attempts.
fn request_id(options: &NewSpace) -> Result<String, Failure> {
    match (&options.request_id, &options.idempotency_key) {
        (Some(text), _) => Uuid::parse_str(text.trim())
            .map(|id| id.to_string())
            .map_err(|_| Failure::usage(format!("--request-id (requestId) {} is not a UUID", quoted(text)))),
        (None, Some(key)) if key.trim().is_empty() => Err(Failure::usage("--idempotency-key is empty")),
        (None, Some(key)) => Ok(request_id_of_key(key)),
        (None, None) => Ok(Uuid::new_v4().to_string()),
    }
}

#[cfg(test)]
mod tests;
