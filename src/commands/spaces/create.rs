//! `chatauth spaces create`.

mod finish;
pub(in crate::commands) mod from;
pub(in crate::commands) mod plan;

use std::path::PathBuf;

use crate::chat::{
    CreateMembership, CreateSpace, GetMembership, ListSpaces, Method, PatchMembership, Resource, Scopes, SetUpSpace,
    Space,
};
use crate::commands::bulk::{self, BulkArgs};
use crate::commands::caller::{CallError, Caller};
use crate::commands::pagination::Pages;
use crate::commands::{Context, ErrorCode, Failure, Outcome};
use crate::output::{Details, Item};
use crate::platform::sanitise::quoted;
use plan::{NewSpace, Plan, Request, is_named, plan};

/// The largest page of `spaces.list`.
const LARGEST_PAGE: u32 = 1000;

/// Create a space, or one per row of a file
///
/// Logs you in first if needed.
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!(
    "chatauth spaces create --name API-made",
    "chatauth spaces create --name Team --member ada@example.com --group 01abc",
    "chatauth spaces create --name Nightly --idempotency-key nightly --format name",
    "chatauth spaces create --name Team --history on --dry-run",
    "chatauth spaces create --from classes.csv --journal classes.jsonl",
)))]
pub struct Create {
    #[command(flatten)]
    new_space: NewSpace,
    /// Show the request instead of sending it
    ///
    /// With --from, check the rows and send nothing.
    #[arg(long, help_heading = "Output")]
    dry_run: bool,
    /// Create a space per row of CSV or JSON Lines; - is stdin
    ///
    /// The columns of CSV are named as the options, and ; separates the values of a list. Other options are defaults
    /// for every row.
    #[arg(long, value_name = "FILE", help_heading = "Many at once", value_hint = clap::ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["name", "request_id", "idempotency_key", "json"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    bulk: BulkArgs,
}

impl Create {
    /// Creates the space, or one for each row.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        if let Some(from) = &self.from {
            return bulk::run(&self.new_space, from, &self.bulk, self.dry_run, false, context);
        }
        if self.dry_run {
            return dry_run(&plan(&self.new_space)?, context);
        }
        context.block_on(async { create(&plan(&self.new_space)?, context).await })
    }
}

/// Shows what would be sent, without a login and without sending it.
fn dry_run(plan: &Plan, context: &Context) -> anyhow::Result<()> {
    context.check_endpoint()?;
    if let Some(note) = &plan.note {
        context.messages.note(note);
    }
    if let Some((name, _)) = &plan.reuse_check {
        context.messages.note(&format!("Would first look for a space named {}", quoted(name)));
    }
    let (members, roles) = plan.later();
    if members + roles > 0 {
        context.messages.note(&format!(
            "Would then send one request per change (members to add: {members}, roles to change: {roles})"
        ));
    }
    let preview = plan.request.preview();
    let details = Details::new()
        .columns(&["method", "path", "query", "body"])
        .with("Method", preview["method"].as_str().unwrap_or_default())
        .with("Path", preview["path"].as_str().unwrap_or_default())
        .maybe("Request id", preview["query"]["requestId"].as_str())
        .with("Body", preview["body"].to_string());
    let item = Item { json: &preview, name: "" };
    Ok(context.printer.item(&item, &details)?)
}

/// Creates the space and runs the further steps.
async fn create(plan: &Plan, context: &Context) -> anyhow::Result<()> {
    if let Some(note) = &plan.note {
        context.messages.note(note);
    }
    let mut caller = Caller::new(context, &methods(plan), false).await?;
    let whom = caller.account_label();
    if let Some((name, what)) = &plan.reuse_check {
        let found = find_by_name(name, &mut caller).await?;
        if let Some(warning) = what.check(&found)? {
            context.messages.warning(&warning);
        }
        if let Some(space) = found.first() {
            return print_reused(plan, space, context);
        }
    }
    let is_direct = plan.request.is_direct_message();
    context.messages.note(&match plan.request.display_name() {
        Some(name) => format!("Creating {} as {whom}", quoted(name)),
        None if is_direct => format!("Setting up the direct message as {whom}"),
        None => format!("Creating the conversation as {whom}"),
    });
    let space = send(plan, plan.has_own_id, &mut caller).await?;
    if let Some(warning) = finish::differs(plan, &space, plan.has_own_id, context) {
        context.messages.warning(&warning);
    }
    let name = &space.fields.name;
    let named = if is_direct { format!("The direct message is {name}") } else { format!("Created {name} as {whom}") };
    context.messages.note(&named);
    if space.json["importMode"] == true {
        let complete = context.command(["spaces", "complete-import", name]);
        context.messages.note(&format!("Nobody sees it until the import is complete. To complete it, run {complete}"));
    }
    let finished = finish::run(plan, name, plan.has_own_id, &mut caller).await;
    // The space exists even if a later step failed, so it is printed in any case.
    let printed = super::show::print(&space, context);
    let failed = printed.is_err() || finished.is_err();
    if failed && context.messages.is_quiet() {
        // Without this message, the name of the space would be lost.
        context.messages.print(&named);
    }
    let unprinted = printed.err().map(|error| {
        let mut failure = context.report(error);
        if failure.code != ErrorCode::ReaderGone && finished.is_ok() {
            let done = if is_direct {
                format!("the direct message is {name}")
            } else {
                format!("the space {name} was created")
            };
            failure.message = format!("{}; {done}", failure.message);
        }
        failure
    });
    Ok(Failure::with_unprinted(finished.err(), unprinted)?)
}

/// Prints the space that has this name, and what of the plan it does not have.
fn print_reused(plan: &Plan, space: &Resource<Space>, context: &Context) -> anyhow::Result<()> {
    let name = &space.fields.name;
    context.messages.note(&format!("Reusing {name}, a space of this name that you are a member of"));
    if let Some(options) = finish::unmet_options(plan, space, true, context) {
        context.messages.warning(&format!("skipped {options}"));
    }
    if let Some(commands) = finish::commands_for_all(plan, name, context) {
        context.messages.warning(&format!("skipped the members. To add them, run {commands}"));
    }
    super::show::print(space, context)
}

/// Returns the scopes of the methods that the plan calls.
fn methods(plan: &Plan) -> Vec<Scopes> {
    let mut methods = vec![match &plan.request {
        Request::Create(_) if plan.import => CreateSpace::SCOPES_FOR_IMPORT,
        Request::Create(_) => CreateSpace::SCOPES,
        Request::SetUp(_) => SetUpSpace::SCOPES,
    }];
    if plan.reuse_check.is_some() {
        methods.push(ListSpaces::SCOPES);
    }
    // In import mode, `chat.import` allows the other methods too.
    if !plan.import {
        let (members, roles) = plan.later();
        if members > 0 {
            methods.push(CreateMembership::SCOPES);
        }
        if roles > 0 {
            methods.extend([PatchMembership::SCOPES, GetMembership::SCOPES]);
        }
    }
    methods
}

/// Returns the spaces that the caller is a member of with this display name, in the order of the list.
async fn find_by_name(name: &str, caller: &mut Caller<'_>) -> anyhow::Result<Vec<Resource<Space>>> {
    let mut found: Vec<Resource<Space>> = Vec::new();
    let mut pages = Pages::all(LARGEST_PAGE);
    let request = |paging| ListSpaces { filter: Some(String::from("spaceType = \"SPACE\"")), paging };
    while let Some(spaces) = pages.next(caller, request).await? {
        found.extend(spaces.into_iter().filter(|space| is_named(&space.fields, name)));
    }
    // A list that changes meanwhile may repeat a space on the next page.
    found.dedup_by(|space, other| space.fields.name == other.fields.name);
    Ok(found)
}

/// Creates the space. `own_id` is whether the user gave its key or request id.
async fn send(plan: &Plan, own_id: bool, caller: &mut Caller<'_>) -> Result<Resource<Space>, Failure> {
    let result = match &plan.request {
        Request::Create(request) => caller.send(request).await,
        Request::SetUp(request) => caller.send(request).await,
    };
    let context = caller.context();
    let is_gone = own_id && result.as_ref().is_err_and(CallError::is_not_found);
    let space = result.map_err(|error| match context.report(error) {
        failure if failure.outcome == Some(Outcome::Unknown) => failure,
        failure if is_gone => {
            failure.hint("use another key or request ID: the space of this one may have been deleted")
        }
        failure if failure.code == ErrorCode::AlreadyExists => failure.hint(match plan.reuse_check {
            Some(_) => "choose another name: a space of your organization that you cannot see has this one",
            None => {
                "choose another name, or pass --if-exists reuse without a key or request id if you are a member of the \
                 space; a space of your organization that you cannot see may have this name"
            }
        }),
        failure => failure,
    })?;
    if own_id {
        plan.check_type(&space.fields)?;
    }
    Ok(space)
}
