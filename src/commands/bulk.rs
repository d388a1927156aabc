//! `--from`: a command for every row of a file, on the engine in [`crate::bulk`].

mod args;
mod report;

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bulk::{
    self, Applied, Attempt, Checked, Column, Job, Journal, Output, Planned, Rate, RowFault, RowResult, RunIdentity,
    StepError, Stop, Task, Values, Words, pluralize,
};
use crate::chat::Scopes;
use crate::output::{self, Format, Item, RowResult as Line};
use crate::platform::StandardStream;
use crate::platform::input::Source;
use crate::platform::signals::Interruptions;

use super::caller::Caller;
use super::{Context, ErrorCode, Failure, runtime};
pub(super) use args::{BulkArgs, RowsArgs};
use report::{
    announce, check_rows, estimate, journal_failure, label, note_identical, summary, totals, verdict, warn_unclaimed,
};

/// The time between two checks of the login during a run.
const RENEWED_EVERY: Duration = Duration::from_secs(30);

/// A command that runs once per row.
pub(super) trait RowCommand {
    /// The checked work of one row.
    type Work;
    /// The command, such as "spaces create".
    const NAME: &'static str;
    /// The words for messages and results.
    const WORDS: Words;
    /// The default rate.
    const RATE: Rate;

    /// Returns the columns.
    fn columns(&self) -> Vec<Column>;

    /// Returns the options that make a row, by their names without dashes. As columns, they are the default values.
    fn options(&self) -> Values;

    /// Checks a row.
    fn plan(&self, values: &Values, request_id: &str) -> Result<Planned<Self::Work>, RowFault>;

    /// Returns the scopes of a row, or those that every row needs.
    fn scopes(&self, work: Option<&Self::Work>) -> Vec<Scopes>;

    /// The first step, which must be done once.
    async fn apply(&self, work: &Self::Work, attempt: Attempt, caller: &mut Caller<'_>) -> anyhow::Result<Applied>;

    /// The second step, which may be repeated. Returns the resource if the server sent it.
    async fn finish(
        &self,
        _work: &Self::Work,
        _name: &str,
        _attempt: Attempt,
        _caller: &mut Caller<'_>,
    ) -> anyhow::Result<Option<Value>> {
        Ok(None)
    }
}

/// A command with the login that its rows share.
struct RowRunner<'a, Command: RowCommand> {
    command: &'a Command,
    admin: bool,
    /// The number of requests in flight of a run without a rate.
    unlimited: Option<usize>,
    context: &'a Context,
    caller: RefCell<Option<Caller<'a>>>,
    renewed: Cell<Instant>,
}

impl<'a, Command: RowCommand> RowRunner<'a, Command> {
    /// Logs in, names the journal for the account, and announces the run.
    async fn begin(
        &self,
        scopes: &[Scopes],
        journal: Option<&mut Journal>,
        total: Option<u64>,
        time: &str,
    ) -> anyhow::Result<()> {
        let caller = Caller::new(self.context, scopes, self.admin).await?;
        let caller = match self.unlimited {
            Some(concurrency) => caller.with_unlimited_member_writes(concurrency),
            None => caller,
        };
        if let Some(journal) = journal {
            let (account, label) = account(&caller, self.context);
            if account.is_null() {
                self.context.messages.warning(
                    "cannot identify the account of CHATAUTH_ACCESS_TOKEN: use this journal with one account only",
                );
            }
            journal.begin(account, label).map_err(|error| journal_failure(&error))?;
            journal.expect_rows(total.and_then(|total| usize::try_from(total).ok()).unwrap_or_default());
        }
        announce(total, time, &Command::WORDS, &caller.account_label(), self.context);
        self.caller.replace(Some(caller));
        Ok(())
    }

    /// Returns a caller with the newest token. One row refreshes it for all before it expires.
    async fn row_caller(&self) -> Result<Caller<'a>, StepError> {
        let caller = self.caller.borrow().as_ref().map(Caller::for_row);
        let caller = caller.ok_or_else(|| self.step_error(Failure::new(ErrorCode::Internal, "no login"), 0))?;
        if self.renewed.get().elapsed() >= RENEWED_EVERY {
            self.renewed.set(Instant::now());
            // Another process may take long to refresh it, and the old token is valid meanwhile. A network error shows with the
            // request.
            if let Err(failure) = caller.renew().await
                && failure.ends_run()
                && failure.code != ErrorCode::Busy
            {
                return Err(self.step_error(failure, 0));
            }
        }
        Ok(caller)
    }

    fn step_error(&self, error: impl Into<anyhow::Error>, attempts: u32) -> StepError {
        let failure = self.context.report(error);
        let temporary = failure.code.exit_code() == 6;
        // Waiting does not help with a hard quota.
        let waits = temporary
            && matches!(failure.http_status, Some(403 | 429))
            && failure.reason.as_deref() != Some("RESOURCE_QUOTA_EXCEEDED");
        // A conflict with another request says nothing about this one.
        let conflict = failure.http_status == Some(409) && failure.code != ErrorCode::AlreadyExists;
        StepError {
            waits_for_quota: waits.then_some(failure.retry_after),
            ends_run: failure.ends_run(),
            refused: matches!(failure.http_status, Some(400 | 403 | 404 | 409)) && !temporary && !conflict,
            attempts,
            error: failure.to_json(),
        }
    }
}

impl<Command: RowCommand> Task for RowRunner<'_, Command> {
    type Work = Command::Work;

    fn plan(&self, values: &Values, request_id: &str) -> Result<Planned<Self::Work>, RowFault> {
        self.command.plan(values, request_id)
    }

    async fn apply(&self, work: &Self::Work, attempt: Attempt) -> Result<Applied, StepError> {
        let mut caller = self.row_caller().await?;
        let result = self.command.apply(work, attempt, &mut caller).await;
        let attempts = caller.attempts();
        result.map(|applied| Applied { attempts, ..applied }).map_err(|error| self.step_error(error, attempts))
    }

    async fn finish(&self, work: &Self::Work, name: &str, attempt: Attempt) -> Result<(Option<Value>, u32), StepError> {
        let mut caller = self.row_caller().await?;
        let result = self.command.finish(work, name, attempt, &mut caller).await;
        let attempts = caller.attempts();
        result.map(|object| (object, attempts)).map_err(|error| self.step_error(error, attempts))
    }
}

/// Runs the command for every row of `from`, or shows what it would do. `admin` is whether it acts as an administrator.
pub(super) fn run<Command: RowCommand>(
    command: &Command,
    from: &Path,
    args: &BulkArgs,
    dry_run: bool,
    admin: bool,
    context: &Context,
) -> anyhow::Result<()> {
    if context.printer.format() == Format::Csv && !dry_run {
        return Err(Failure::usage("--format csv is for lists; the results of rows are JSON Lines")
            .hint("instead of --format csv, pass --jq '[.row, .status, .requestId] | @csv'")
            .into());
    }
    if dry_run {
        context.check_endpoint()?;
    }
    if args.journal.as_ref().is_some_and(|path| path.as_os_str() == "-") {
        return Err(Failure::new(ErrorCode::InputInvalid, "--journal requires a file, not standard input").into());
    }
    let source = Source::new(from.to_path_buf());
    let (columns, options) = (command.columns(), command.options());
    let Needs { rows: checked, scopes, requests } = check(command, &source, &columns, &options, context)?;
    let rate = args.rate.unwrap_or(Command::RATE);
    // The server tells whole seconds, so an offset of one second is none.
    let offset = || context.session().http().clock_offset().filter(|offset| offset.whole_seconds().abs() > 1);
    let now = || context.clock.now() + offset().unwrap_or_default();
    let name = run_identity(Command::NAME, &options, admin, context);
    let journal = match &args.journal {
        Some(path) if dry_run => Journal::open_existing(path, &name, now()),
        Some(path) => Journal::open(path, &name, now(), rate.hourly()).map(Some),
        None => Ok(None),
    };
    let mut journal = journal.map_err(|error| journal_failure(&error))?;
    let concurrency = args.concurrency.map_or(8, usize::from);
    let unlimited = (rate == Rate::Unlimited).then_some(concurrency);
    let (caller, renewed) = (RefCell::new(None), Cell::new(Instant::now()));
    let rows = RowRunner { command, admin, unlimited, context, caller, renewed };
    let total = checked.as_ref().map(|checked| checked.rows);
    if let Some(Checked { identical, .. }) = checked {
        let resumes = |journal: &&Journal| Command::WORDS.by_request_id && !journal.unclaimed().is_empty();
        if let Some(journal) = journal.as_ref().filter(resumes) {
            bulk::count(&source, &columns, &options, journal)
                .map_err(|error| Failure::new(ErrorCode::InputInvalid, format!("{source}: {error}")))?;
            warn_unclaimed(Some(journal), &Command::WORDS, context);
        }
        note_identical(identical, &options, &Command::WORDS, context);
    }
    runtime::block_on_rows(async |signals: &mut Interruptions| {
        if !dry_run {
            context.until_signal(pin!(rows.begin(&scopes, journal.as_mut(), total, &estimate(requests, rate)))).await?;
        }
        let job = Job {
            words: Command::WORDS,
            columns: &columns,
            defaults: &options,
            source: source.clone(),
            total,
            journal: journal.as_ref(),
            rate,
            concurrency,
            fail_fast: args.fail_fast && !dry_run,
            preview: None,
            now: &now,
        };
        if dry_run { preview(&rows, job, requests, signals).await } else { send(&rows, job, signals).await }
    })
}

/// What a run needs, as far as its input can be read before it.
struct Needs {
    /// The rows; `None` for a pipe, whose rows are checked as they arrive.
    rows: Option<Checked>,
    scopes: Vec<Scopes>,
    /// The number of requests of the first steps.
    requests: u64,
}

/// Checks every row of a file.
///
/// # Errors
/// The file cannot be read, or rows of it cannot be used.
fn check<Command: RowCommand>(
    command: &Command,
    source: &Source,
    columns: &[Column],
    options: &Values,
    context: &Context,
) -> Result<Needs, Failure> {
    let mut needs = Needs { rows: None, scopes: command.scopes(None), requests: 0 };
    // A named pipe, such as that of --from <(…), can be read only once, like standard input.
    if !matches!(source, Source::File(path) if !path.exists() || path.is_file() || path.is_dir()) {
        return Ok(needs);
    }
    let plan = |values: &Values, id: &str| {
        let planned = command.plan(values, id)?;
        needs.requests += u64::from(planned.requests);
        for one in command.scopes(Some(&planned.work)) {
            if !needs.scopes.contains(&one) {
                needs.scopes.push(one);
            }
        }
        Ok(())
    };
    let rows = bulk::check(source, columns, options, plan).map_err(|error| {
        Failure::new(ErrorCode::InputInvalid, format!("{source}: {error}")).hint("check the file; nothing was sent")
    })?;
    check_rows(&rows, source, context)?;
    Ok(Needs { rows: Some(rows), ..needs })
}

async fn send<Command: RowCommand>(
    rows: &RowRunner<'_, Command>,
    job: Job<'_>,
    signals: &mut Interruptions,
) -> anyhow::Result<()> {
    let context = rows.context;
    let format = |result: &RowResult| {
        let json = result.to_json("status", Command::WORDS.object);
        let line = Line { json: &json, name: result.name(), summary: &summary(result) };
        context.printer.row_bytes(&line).map_err(|error| error.to_string())
    };
    let progress = !context.messages.is_quiet() && context.settings.terminals.stderr && context.settings.animations;
    let out = Box::new(StandardStream::output());
    let (journal, total, options) = (job.journal, job.total, job.defaults);
    let tells_failures = context.printer.format() != Format::Name && !context.printer.has_filter();
    let output = Output { format: &format, tells_failures, out, messages: context.messages, progress };
    let ending = bulk::run(rows, job, output, signals).await;
    note_identical(ending.identical, options, &Command::WORDS, context);
    if total.is_none() && ending.stop.is_none() {
        warn_unclaimed(journal, &Command::WORDS, context);
    }
    context.messages.note(&totals(&ending, Command::WORDS.done));
    Ok(verdict(ending, &Command::WORDS, journal.is_some(), &context.typed_command())?)
}

async fn preview<Command: RowCommand>(
    rows: &RowRunner<'_, Command>,
    job: Job<'_>,
    requests: u64,
    signals: &mut Interruptions,
) -> anyhow::Result<()> {
    let context = rows.context;
    let list = context.printer.list(&["ROW", "ACTION", "NAME", "RESOURCE"]);
    let list = RefCell::new(list.columns(&["row", "action", "requestId", "name"]));
    let first_fault = RefCell::new(None);
    let format = |result: &RowResult| {
        let mut json = result.to_json("action", Command::WORDS.object);
        if let Some(members) = json.as_object_mut() {
            members.shift_remove("attempts");
            members.extend(result.name.as_deref().map(|name| (String::from("name"), Value::from(name))));
        }
        let texts = [result.status, label(result), result.name()].map(str::to_owned);
        let cells = std::iter::once(result.row.to_string()).chain(texts).collect();
        if let Err(error) = list.borrow_mut().push(&Item { json: &json, name: result.name() }, cells) {
            first_fault.borrow_mut().get_or_insert(error);
        }
        Ok(Vec::new())
    };
    let (journal, rate, total) = (job.journal, job.rate, job.total);
    let (out, messages) = (Box::new(std::io::sink()), context.messages);
    let output = Output { format: &format, tells_failures: true, out, messages, progress: false };
    let is_shown = || matches!(&*first_fault.borrow(), None | Some(output::Error::Filter(_)));
    let ending = bulk::run(rows, Job { preview: Some(&is_shown), ..job }, output, signals).await;
    list.into_inner().finish()?;
    first_fault.into_inner().map_or(Ok(()), Err)?;
    if total.is_none() && ending.stop.is_none() {
        warn_unclaimed(journal, &Command::WORDS, context);
    }
    let counts = ending.counts;
    let left = counts.done + counts.existing;
    // Rows of one file are much alike.
    let requests = total.map_or(left, |total| left * requests / total.max(1));
    context.messages.note(&format!(
        "{}: {} to {}{}, {} to finish, {} to skip, {} unusable; nothing was sent",
        pluralize(counts.ended(), "row"),
        counts.done,
        Command::WORDS.verb,
        estimate(requests, rate),
        counts.existing,
        counts.skipped,
        counts.failed,
    ));
    let invalid = |reason| Err(Failure::new(ErrorCode::InputInvalid, reason).into());
    match ending.stop {
        Some(Stop::Interrupted(signal)) => Err(Failure::new(ErrorCode::Interrupted(signal), signal.to_string()).into()),
        Some(Stop::Input(reason)) => invalid(reason),
        Some(Stop::Journal(error)) => Err(journal_failure(&error).into()),
        _ if counts.failed > 0 => invalid(format!("{} cannot be used", pluralize(counts.failed, "row"))),
        _ => Ok(()),
    }
}

/// Returns the run that a journal belongs to, as far as it is known before the login.
fn run_identity(command: &str, options: &Values, admin: bool, context: &Context) -> RunIdentity {
    let client = context.settings.uses_login().then(|| context.session().client().ok()).flatten();
    let options = options.clone().with("use-admin-access", admin.then_some(true));
    let written = |name: &str| if name == "space" { String::from("SPACE") } else { format!("--{name}") };
    RunIdentity {
        command: command.to_owned(),
        endpoint: context.settings.api_endpoint.value.trim_end_matches('/').to_owned(),
        client: client.map(|client| client.client_id.clone()),
        options: options.iter().map(|(name, value)| (written(name), value.clone())).collect(),
        ..RunIdentity::default()
    }
}

/// Returns the permanent id and the name of the account.
fn account(caller: &Caller<'_>, context: &Context) -> (Value, Option<String>) {
    let access = caller.access();
    let account = match (&access.record, context.settings.impersonated()) {
        (Some(record), _) => Value::from(record.sub.as_str()),
        (None, Some(subject)) => json!({ "subject": subject, "serviceAccount": context.session().service_account() }),
        (None, None) => Value::Null,
    };
    (account, access.account.clone())
}

/// Converts the failure of an option to the fault of a row.
pub(super) fn row_fault(column: Option<&str>, failure: Failure) -> RowFault {
    RowFault { column: column.map(str::to_owned), reason: failure.message }
}
