//! `chatauth spaces create`.

mod finish;
mod from;
mod plan;

use std::path::PathBuf;

use clap::ValueEnum;

use super::options::SpaceFields;
use crate::chat::{
    CreateMembership, CreateSpace, GetMembership, ListSpaces, Method, PatchMembership, Resource, Scopes, SetUpSpace,
    Space,
};
use crate::commands::bulk::{self, BulkArgs};
use crate::commands::caller::{CallError, Caller};
use crate::commands::pagination::Pages;
use crate::commands::{Context, ErrorCode, Failure};
use crate::output::{Details, Item};
use plan::{Plan, Request, plan};

/// The most spaces that the API lists at once.
const LARGEST_PAGE: u32 = 1000;

/// What to do when you already have a space of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum IfExists {
    Fail,
    Reuse,
}

/// Create a space, logging in first when needed
#[derive(Debug, Default, Clone, clap::Args)]
#[command(after_help = super::with_columns(examples!(
    "chatauth spaces create --name API-made",
    "chatauth spaces create --name Team --member ada@example.com --member bob@example.com",
    "chatauth spaces create --name Nightly --idempotency-key nightly --format name",
    "chatauth spaces create --name Team --history on --dry-run",
    "chatauth spaces create --from classes.csv --results classes.jsonl",
)))]
pub struct Create {
    #[command(flatten)]
    space: SpaceFields<true>,
    /// A person to add, by email address or ID (repeatable)
    #[arg(long, value_name = "USER")]
    member: Vec<String>,
    /// A group to add, by Cloud Identity ID (repeatable)
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// A person to add and make a manager (repeatable)
    #[arg(long, value_name = "USER")]
    manager: Vec<String>,
    /// A person to add and make an owner (repeatable)
    #[arg(long, value_name = "USER")]
    owner: Vec<String>,
    /// If you already have a space with this name: fail, or reuse it. Without this option, and beside --request-id,
    /// nothing is looked up, and only what the API refuses is refused
    #[arg(long, value_name = "fail|reuse")]
    if_exists: Option<IfExists>,
    /// Repeat an earlier attempt: the same ID creates the same space
    #[arg(long, value_name = "UUID", conflicts_with = "idempotency_key")]
    request_id: Option<String>,
    /// Any text that stands for this operation: the same text creates the same space
    #[arg(long, value_name = "TEXT")]
    idempotency_key: Option<String>,
    /// Show the request instead of sending it; with --from, check the rows and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Create a space for each row of a file: CSV with the options' names as header (lists separated by ;), or JSON
    /// Lines; - is standard input. Other options are defaults for every row
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "request_id", "idempotency_key", "json"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    bulk: BulkArgs,
}

impl Create {
    /// Creates the space, or one for each row.
    pub fn run(mut self, context: &Context) -> anyhow::Result<()> {
        if let Some(from) = self.from.take() {
            let options = std::mem::take(&mut self.bulk).options(from, bulk::Rate::DEFAULT, self.dry_run);
            let task = from::Task::new(self);
            return context.block_on(async move { Ok(bulk::run(&task, &options, context).await?) });
        }
        if self.dry_run {
            return dry_run(&plan(&self)?, context);
        }
        context.block_on(async { create(&plan(&self)?, context).await })
    }
}

/// Shows what would be sent, without a login and without sending it.
fn dry_run(plan: &Plan, context: &Context) -> anyhow::Result<()> {
    context.check_endpoint()?;
    say(plan.note.as_deref(), context);
    if let Some((name, _)) = &plan.look_for {
        context.messages.note(&format!("Before it, your spaces would be searched for {name:?}."));
    }
    if !plan.more.is_empty() || !plan.promotions.is_empty() {
        context.messages.note(&format!(
            "After it, {} members would be added and {} given another role, one request each.",
            plan.more.len(),
            plan.promotions.len()
        ));
    }
    let preview = plan.request.preview();
    let details = Details::new()
        .with("Method", preview["method"].as_str().unwrap_or_default())
        .with("Path", preview["path"].as_str().unwrap_or_default())
        .maybe("Request id", preview["query"]["requestId"].as_str())
        .with("Body", preview["body"].to_string());
    let item = Item { json: &preview, name: "" };
    Ok(context.printer.item(&item, &details)?)
}

/// Creates the space, and does what comes after it.
async fn create(plan: &Plan, context: &Context) -> anyhow::Result<()> {
    say(plan.note.as_deref(), context);
    let mut caller = Caller::new(context, &methods(plan), false).await?;
    let whom = caller.whom();
    if let Some((name, what)) = &plan.look_for
        && let Some(space) = look_for(name, &mut caller).await?
    {
        return Ok(exists(plan, *what, &space, context)?);
    }
    context.messages.note(&format!("Creating the space as {whom}."));
    let space = send(plan, &mut caller, context).await?;
    let named = format!("Created {} as {whom}.", space.fields.name);
    context.messages.note(&named);
    let finished = finish::run(plan, &space.fields.name, &mut caller, context).await;
    // The space is there whatever happened since, so it is the result in any case.
    let printed = super::print(&space, context);
    let failed = printed.is_err() || finished.is_err();
    if failed && context.messages.is_quiet() {
        // Nobody may ever learn the name otherwise.
        context.messages.always(&named);
    }
    finished?;
    Ok(printed.map_err(|mut failure| {
        if failure.code != ErrorCode::ReaderGone {
            failure.message = format!("{}; the space {} was created", failure.message, space.fields.name);
        }
        failure
    })?)
}

fn say(note: Option<&str>, context: &Context) {
    if let Some(note) = note {
        context.messages.note(note);
    }
}

/// The methods that the plan cannot do without.
fn methods(plan: &Plan) -> Vec<Scopes> {
    let mut methods = vec![match &plan.request {
        Request::Create(_) if plan.import => CreateSpace::SCOPES_FOR_IMPORT,
        Request::Create(_) => CreateSpace::SCOPES,
        Request::SetUp(_) => SetUpSpace::SCOPES,
    }];
    if plan.look_for.is_some() {
        methods.push(ListSpaces::SCOPES);
    }
    // What import mode allows stands on the one scope that was asked for already.
    if !plan.import {
        if !plan.more.is_empty() {
            methods.push(CreateMembership::SCOPES);
        }
        if !plan.promotions.is_empty() {
            methods.extend([PatchMembership::SCOPES, GetMembership::SCOPES]);
        }
    }
    methods
}

/// A space of the caller's with exactly this name. No more pages are read than it takes to find one.
async fn look_for(name: &str, caller: &mut Caller<'_>) -> Result<Option<Resource<Space>>, CallError> {
    let mut pages = Pages::new(None, LARGEST_PAGE);
    while let Some(paging) = pages.next() {
        let request = ListSpaces { filter: Some(String::from("spaceType = \"SPACE\"")), paging };
        let page = caller.send(&request).await?;
        let same = |space: &Resource<Space>| space.fields.display_name.as_deref() == Some(name);
        if let Some(space) = pages.take(page).into_iter().find(same) {
            return Ok(Some(space));
        }
    }
    Ok(None)
}

/// There is one already.
fn exists(plan: &Plan, what: IfExists, space: &Resource<Space>, context: &Context) -> Result<(), Failure> {
    let name = &space.fields.name;
    match what {
        IfExists::Fail => {
            let failure = Failure::new(
                ErrorCode::AlreadyExists,
                format!("create the space: you have one of this name already, {name}; nothing was created"),
            );
            Err(failure.hint("take another name, or that space with --if-exists reuse"))
        }
        IfExists::Reuse => {
            context.messages.note(&format!("Found {name}, which has this name; nothing was created or changed."));
            if let Some(commands) = finish::commands_for_all(plan, name, context) {
                context.messages.note(&format!("Members were not looked at; this adds them: {commands}"));
            }
            super::print(space, context)
        }
    }
}

async fn send(plan: &Plan, caller: &mut Caller<'_>, context: &Context) -> Result<Resource<Space>, Failure> {
    let result = match &plan.request {
        Request::Create(request) => caller.send(request).await,
        Request::SetUp(request) => caller.send(request).await,
    };
    result.map_err(|error| match context.report(error) {
        failure if failure.code == ErrorCode::AlreadyExists => failure.hint(match plan.look_for {
            Some(_) => {
                "take another name: no space of yours has this one, so it is a space of your organization that you \
                 are not a member of and cannot see"
            }
            None => {
                "take another name, or a space of yours that has this one with --if-exists reuse; it may also be a \
                 space of your organization that you cannot see"
            }
        }),
        failure => failure,
    })
}
