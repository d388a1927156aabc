//! `chatauth spaces update`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Arg;
use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::fields::{FIELDS, Mask, Settable};
use super::options::SpaceFields;
use crate::bulk::{Applied, Attempt, Column, Kind, Planned, Rate, RowFault, Values, Words};
use crate::chat::{GetSpace, Method, PatchSpace, Resource, Scopes, Space, SpaceName};
use crate::commands::arguments::{AdminAccess, space_name};
use crate::commands::bulk::{self, RowCommand, RowsArgs, row_fault};
use crate::commands::caller::Caller;
use crate::commands::members::role::finish_by;
use crate::commands::write::Progress;
use crate::commands::{Context, Failure};
use crate::platform::sanitise::quoted;

/// The time between two writes to one space: Google allows all apps together one a second.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// Change a space
#[derive(Debug, Default, Clone, clap::Args)]
#[command(after_help = super::show::with_columns(examples!("chatauth spaces update spaces/AAAA --name 'A better name'")))]
#[command(mut_args(without_rare_in_short_help))]
pub struct Update {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE", required_unless_present = "from")]
    space: Option<String>,
    #[command(flatten)]
    fields: SpaceFields<false>,
    /// Permission, e.g. manage-apps=managers (repeatable)
    #[arg(long, value_name = "SETTING=WHO", help_heading = "Space", long_help = allow_help())]
    allow: Vec<String>,
    #[command(flatten)]
    admin: AdminAccess,
    /// Change a space per row of CSV or JSON Lines; - is stdin
    ///
    /// The columns are space and the options that change it; other options are defaults for every row. The output of
    /// spaces list is read too.
    #[arg(long, value_name = "FILE", help_heading = "Many at once", conflicts_with_all = ["space", "name", "json"])]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    from: Option<PathBuf>,
    #[command(flatten)]
    rows: RowsArgs,
}

/// Returns the long help of `--allow`.
fn allow_help() -> String {
    format!(
        "Permission, e.g. manage-apps=managers (repeatable)\n\nSETTING is {}. WHO is owners, managers (and owners) or \
         members (everyone).",
        permission_names()
    )
}

/// The options that only `--help` lists, so that `-h` fits a screen.
const RARE: [&str; 5] = ["type", "guidelines", "use_admin_access", "dry_run", "rate"];

fn without_rare_in_short_help(argument: Arg) -> Arg {
    let rare = RARE.contains(&argument.get_id().as_str());
    let hide = rare || argument.is_hide_short_help_set();
    argument.hide_short_help(hide)
}

impl Update {
    /// Changes the space, or one for each row. Some fields need a request of their own.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        if let Some(from) = &self.from {
            if self.admin.use_admin_access {
                context.messages.note("--use-admin-access ignores spaceHistoryState and accessSettings of rows");
            }
            return bulk::run(&self, from, &self.rows.bulk, self.rows.dry_run, self.admin.use_admin_access, context);
        }
        context.block_on(self.update(context))
    }

    async fn update(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let plan = plan(&self)?;
        if let Some(note) = &plan.note {
            context.messages.note(note);
        }
        let mut caller = Caller::new(context, &methods(&plan), admin).await?;
        let space = apply(&plan, admin, &mut caller, context).await?;
        super::show::print_written("spaces update", &space, context)
    }
}

/// Returns the scopes of the methods that the plan calls.
fn methods(plan: &Plan) -> Vec<Scopes> {
    if plan.partial.is_empty() { vec![PatchSpace::SCOPES] } else { vec![PatchSpace::SCOPES, GetSpace::SCOPES] }
}

/// Sends the changes one after the other, and returns the space after the last one.
async fn apply(
    plan: &Plan,
    admin: bool,
    caller: &mut Caller<'_>,
    context: &Context,
) -> anyhow::Result<Resource<Space>> {
    let mut changes = plan.changes.clone();
    if !plan.partial.is_empty() {
        let space = caller.send(&GetSpace { name: plan.space.clone(), admin }).await?;
        for outer in &plan.partial {
            let Some(Value::Object(present)) = space.json.get(outer) else { continue };
            // The mask names the object as a whole, so fields that were not given are sent unchanged.
            for given in changes.iter_mut().filter_map(|change| change.fields.get_mut(*outer)?.as_object_mut()) {
                for (key, value) in present {
                    given.entry(key).or_insert_with(|| value.clone());
                }
            }
        }
    }
    let masks: Vec<String> = changes.iter().map(|change| change.mask.join(",")).collect();
    let mut latest = None;
    for (index, change) in changes.into_iter().enumerate() {
        if index > 0 {
            let (done, remaining) = (before(&masks[..index]), context.typed_command());
            context.progress.replace(Some(Progress { done, remaining }));
            tokio::time::sleep(BETWEEN_WRITES).await;
        }
        let update_mask = masks[index].clone();
        let request = PatchSpace { name: plan.space.clone(), update_mask, space: change.fields, admin };
        let result = caller.send(&request).await;
        latest = Some(result.map_err(|error| add_progress(&masks, index, context.report(error), context))?);
    }
    Ok(latest.ok_or_else(|| Failure::usage("nothing to update"))?)
}

impl RowCommand for Update {
    type Work = Plan;
    const NAME: &'static str = "spaces update";
    const WORDS: Words =
        Words { verb: "update", doing: "Updating", done: "updated", object: "space", by_request_id: false };
    /// Under the 60 writes of spaces a minute that Google allows a project.
    const RATE: Rate = Rate::Limited { per_minute: 50, per_hour: None };

    fn columns(&self) -> Vec<Column> {
        let space = Column::new("space", Kind::One).or(&["name"]);
        let allow = Column::new("allow", Kind::List);
        let ignored = FIELDS.iter().filter(|field| self.admin.use_admin_access && field.members_only);
        let ignored = ignored.map(|field| Column::new(field.path, Kind::Ignored));
        [space, allow].into_iter().chain(ignored).chain(SpaceFields::<false>::columns()).collect()
    }

    fn options(&self) -> Values {
        self.fields.as_values().with("allow", (!self.allow.is_empty()).then(|| self.allow.clone()))
    }

    fn plan(&self, values: &Values, _request_id: &str) -> Result<Planned<Plan>, RowFault> {
        // In the output of `spaces list`, a space without a display name has only its resource name.
        let listed = values.text("name").filter(|name| name.starts_with("spaces/"));
        let space = values.text("space").or(listed);
        let space = space.ok_or_else(|| RowFault::in_column("space", "is missing"))?;
        let mut options = Self { space: Some(space.to_owned()), ..self.clone() };
        options.fields.set(values)?;
        if values.text("space").is_none() {
            options.fields.given.shift_remove("displayName");
        }
        options.allow = values.list("allow").unwrap_or(options.allow);
        let plan = plan(&options).map_err(|failure| row_fault(None, failure))?;
        let requests = u32::try_from(plan.changes.len()).unwrap_or(u32::MAX);
        Ok(Planned { requests, ..Planned::of(Some(plan.space.to_string()), plan) })
    }

    fn scopes(&self, plan: Option<&Plan>) -> Vec<Scopes> {
        plan.map_or_else(|| vec![PatchSpace::SCOPES], methods)
    }

    async fn apply(&self, plan: &Plan, _attempt: Attempt, caller: &mut Caller<'_>) -> anyhow::Result<Applied> {
        let space = apply(plan, self.admin.use_admin_access, caller, caller.context()).await?;
        Ok(Applied { name: space.fields.name, object: Some(space.json), ..Applied::default() })
    }
}

/// Adds the completed and the remaining changes to the failure of one of several requests.
fn add_progress(masks: &[String], failed: usize, mut failure: Failure, context: &Context) -> Failure {
    let (done, rest) = (&masks[..failed], &masks[failed + 1..]);
    failure.message = format!("{} (updateMask {})", failure.message, masks[failed]);
    if !done.is_empty() {
        failure.message = format!("{}; {}", failure.message, before(done));
        failure = failure.after_other_requests();
        if !failure.affects_one_item() {
            failure = failure.hint_after_wait(finish_by(&context.typed_command(), false));
        }
    }
    if !rest.is_empty() {
        failure.message = format!("{}; not tried: {}", failure.message, rest.join(", "));
    }
    failure
}

fn before(done: &[String]) -> String {
    format!("updated before that: {}", done.join(", "))
}

/// The permissions that can be given, as the API calls them.
const PERMISSIONS: &[&str] = &[
    "manageMembersAndGroups",
    "modifySpaceDetails",
    "toggleHistory",
    "useAtMentionAll",
    "manageApps",
    "manageWebhooks",
    "replyMessages",
    "viewSpaceMembership",
];

/// One request: the update mask and the fields.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in crate::commands) struct Change {
    mask: Vec<String>,
    fields: Map<String, Value>,
}

/// The checked requests of one update.
#[derive(Debug)]
pub(in crate::commands) struct Plan {
    space: SpaceName,
    changes: Vec<Change>,
    /// The objects that the mask names as a whole although only some of their fields were given. The others are read
    /// first and sent unchanged.
    partial: Vec<&'static str>,
    note: Option<String>,
}

/// Converts the options to requests, after every check that needs no request.
///
/// # Errors
/// An option or a document that breaks a rule of the API.
fn plan(options: &Update) -> Result<Plan, Failure> {
    let space = space_name(options.space.as_deref().unwrap_or_default())?;
    let permissions = permissions(&options.allow)?;
    let more = permissions.map(|settings| (String::from("permissionSettings"), settings)).into_iter().collect();
    let mut draft = options.fields.draft(more)?;
    for field in FIELDS.iter().filter(|field| field.settable == Settable::AtCreation) {
        if draft.was_given(field.path) {
            return Err(draft.refuse(
                field.path,
                match field.path {
                    "predefinedPermissionSettings" => {
                        "can only be set at creation; --allow changes the permissions one by one"
                    }
                    _ => "can only be set at creation",
                },
            ));
        }
    }
    // A document may be a whole space as the server sent it.
    draft.drop_all(Settable::AtCreation);
    if !draft.was_given("spaceType") {
        draft.drop_field("spaceType");
    }
    if let Some(other) = draft.copy_of.as_deref().filter(|name| *name != space.as_str()) {
        return Err(Failure::usage(format!("the document is of {other}, not of {space}"))
            .hint(format!("to give {space} these values, set the name in the document to it")));
    }
    check(&mut draft, options.admin.use_admin_access)?;
    // An empty object sets nothing.
    draft.space.retain(|_, value| *value != json!({}));
    let (ignored, partial) = (draft.ignored(), partial(&draft));
    let changes = changes(draft.space);
    if changes.is_empty() {
        let cause = ignored.map(|fields| format!("ignored {fields}"));
        let cause = cause.unwrap_or_else(|| String::from("give at least one option, such as --name"));
        return Err(Failure::usage(format!("nothing to update (updateMask): {cause}"))
            .hint("chatauth spaces update --help shows what can be changed"));
    }
    let note = ignored.map(|fields| format!("Ignored {fields}"));
    Ok(Plan { space, changes, partial, note })
}

fn check(draft: &mut Draft, admin: bool) -> Result<(), Failure> {
    if draft.at("displayName").and_then(Value::as_str).is_some_and(|name| name.trim().is_empty()) {
        return Err(draft.refuse("displayName", "is empty: a space needs a name of 1 to 128 characters"));
    }
    if draft.has("spaceType") && draft.at("displayName").is_none() {
        return Err(draft.refuse("spaceType", "turns a group chat into a space, which requires a name: pass --name"));
    }
    if admin {
        for field in FIELDS.iter().filter(|field| field.members_only) {
            if draft.copy_of.is_some() && !draft.was_given(field.path) {
                draft.drop_field(field.path);
            } else if draft.at(field.path).is_some() {
                return Err(draft.refuse(field.path, "cannot be changed with --use-admin-access (useAdminAccess)"));
            }
        }
    }
    Ok(())
}

/// Returns the objects of which not all fields were given although the mask names them as a whole.
fn partial(draft: &Draft) -> Vec<&'static str> {
    let mut partial = Vec::new();
    for field in FIELDS.iter().filter(|field| field.mask == Mask::Whole) {
        let outer = field.path.split('.').next().unwrap_or(field.path);
        // Null clears the object as a whole.
        let is_object = draft.at(outer).is_some_and(Value::is_object);
        if is_object && draft.at(field.path).is_none() && !partial.contains(&outer) {
            partial.push(outer);
        }
    }
    partial
}

/// Splits the fields into requests: most go together, and some need a request of their own.
fn changes(space: Map<String, Value>) -> Vec<Change> {
    let mut together = Change::default();
    let mut permissions = Change::default();
    let mut alone = Vec::new();
    for (key, value) in space {
        let name = snake_case(&key);
        let below = format!("{key}.");
        let is_alone = FIELDS
            .iter()
            .any(|field| field.mask == Mask::Alone && (field.path == key || field.path.starts_with(&below)));
        match value {
            Value::Object(settings) if key == "permissionSettings" => {
                permissions.mask.extend(settings.keys().map(|setting| format!("{name}.{}", snake_case(setting))));
                permissions.fields.insert(key, Value::Object(settings));
            }
            Value::Object(parts) if is_alone => alone.extend(parts.into_iter().map(|(part, value)| Change {
                mask: vec![format!("{name}.{}", snake_case(&part))],
                fields: Map::from_iter([(key.clone(), json!({ part: value }))]),
            })),
            value if is_alone => alone.push(Change { mask: vec![name], fields: Map::from_iter([(key, value)]) }),
            value => {
                together.mask.push(name);
                together.fields.insert(key, value);
            }
        }
    }
    [together, permissions].into_iter().chain(alone).filter(|change| !change.mask.is_empty()).collect()
}

/// Parses the values of `--allow SETTING=WHO`. WHO includes everyone with a higher role.
fn permissions(allow: &[String]) -> Result<Option<Value>, Failure> {
    let mut settings = Map::new();
    for text in allow {
        let refuse = |rule: &str| Failure::usage(format!("--allow {} (permissionSettings) {rule}", quoted(text)));
        let (setting, who) =
            text.split_once('=').ok_or_else(|| refuse("should be SETTING=owners, =managers or =members"))?;
        let plain = |name: &str| name.replace(['-', '_'], "").to_lowercase();
        let known = PERMISSIONS
            .iter()
            .find(|known| plain(known) == plain(setting.trim()))
            .ok_or_else(|| refuse(&format!("is not a known setting; the settings are {}", permission_names())))?;
        let (managers, members) = match who.trim() {
            "owners" => (false, false),
            "managers" => (true, false),
            "members" => (true, true),
            _ => return Err(refuse("should end in owners, managers or members")),
        };
        // What the API calls managers, Chat calls owners.
        let setting =
            json!({ "managersAllowed": true, "assistantManagersAllowed": managers, "membersAllowed": members });
        settings.insert((*known).to_owned(), setting);
    }
    Ok((!settings.is_empty()).then_some(Value::Object(settings)))
}

/// Returns the settings of `--allow`, for people.
fn permission_names() -> String {
    let names: Vec<String> = PERMISSIONS.iter().map(|name| snake_case(name).replace('_', "-")).collect();
    names.join(", ")
}

/// Returns the name of a field as update masks have it.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests;
