//! `--from`: a command for every row of a file, on the engine in [`crate::bulk`].

mod args;
mod report;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bulk::{
    self, Attempt, Column, Created, Job, Journal, Outcome as RowOutcome, Output, Rate, Report, RowFault, RowResult,
    RunName, StepError, Stop, Task, Values, Words, about, count,
};
use crate::chat::Scopes;
use crate::output::{Item, RowResult as Line};
use crate::platform::StandardStream;
use crate::platform::input::Source;
use crate::platform::signals::Interruptions;

use super::caller::Caller;
use super::{Context, ErrorCode, Failure, Outcome, runtime};
pub(super) use args::{BulkArgs, RowsArgs};
use report::{announce, at, check_failure, journal_failure, label, say_identical, summary, told, verdict};

/// How often the login is refreshed, where it needs to be, while a run goes on.
const RENEWED_EVERY: Duration = Duration::from_secs(30);

/// What a command does for each row.
pub(super) trait Verb {
    /// What is to be done for one row, checked and complete.
    type Work;
    /// The command, as in "spaces create".
    const COMMAND: &'static str;
    /// How it is spoken of.
    const WORDS: Words;
    /// How fast it may be where nobody says otherwise.
    const RATE: Rate;

    /// The columns.
    fn columns(&self) -> Vec<Column>;

    /// The options that make a row, by their names without dashes; where they are columns, they are what rows say that
    /// say nothing.
    fn options(&self) -> Values;

    /// Checks a row.
    fn plan(&self, values: &Values, request_id: &str) -> Result<Self::Work, RowFault>;

    /// How the row is called.
    fn label(&self, work: &Self::Work) -> String;

    /// The methods that a row needs, or that every row needs.
    fn scopes(&self, work: Option<&Self::Work>) -> Vec<Scopes>;

    /// Whether it acts as an administrator.
    fn admin(&self) -> bool {
        false
    }

    /// What no two rows may work on at the same time.
    fn exclusive(&self, _work: &Self::Work) -> Option<String> {
        None
    }

    /// The first step, which must be done once.
    async fn create(
        &self,
        work: &Self::Work,
        attempt: Attempt,
        caller: &mut Caller<'_>,
        context: &Context,
    ) -> anyhow::Result<Created>;

    /// The second step, which may be repeated.
    async fn finish(
        &self,
        _work: &Self::Work,
        _name: &str,
        _caller: &mut Caller<'_>,
        _context: &Context,
    ) -> anyhow::Result<()> {
        Ok(())
    }
}

/// A verb with the login that its rows share.
struct Rows<'a, Kind: Verb> {
    verb: &'a Kind,
    columns: Vec<Column>,
    defaults: Values,
    context: &'a Context,
    caller: RefCell<Option<Caller<'a>>>,
    renewed: RefCell<Instant>,
    /// The codes of the failures so far, by their names.
    codes: RefCell<BTreeMap<String, ErrorCode>>,
}

impl<'a, Kind: Verb> Rows<'a, Kind> {
    /// The login is known: the journal is named for it, and the run announced.
    fn begin(&self, journal: Option<&mut Journal>, total: Option<u64>, rate: Rate) -> Result<(), Failure> {
        let caller = self.caller.borrow();
        let Some(caller) = &*caller else { return Ok(()) };
        if let Some(journal) = journal {
            let (account, label) = account(caller, self.context);
            if account.is_null() {
                self.context.messages.warning(
                    "the journal cannot tell whose CHATAUTH_ACCESS_TOKEN this is: use it with tokens of one account",
                );
            }
            journal.begin(account, label).map_err(|error| journal_failure(&error))?;
            journal.expect_rows(total.and_then(|total| usize::try_from(total).ok()).unwrap_or_default());
        }
        announce(total, rate, &Kind::WORDS, &caller.whom(), self.context);
        Ok(())
    }

    /// A caller with the newest token. Before the token ends, one row refreshes it for all.
    async fn row_caller(&self) -> anyhow::Result<Caller<'a>> {
        let caller = || self.caller.borrow().as_ref().map(Caller::for_row);
        let gone = || Failure::new(ErrorCode::Internal, "there is no login");
        let mut own = caller().ok_or_else(gone)?;
        if self.renewed.borrow().elapsed() >= RENEWED_EVERY {
            self.renewed.replace(Instant::now());
            match own.renew().await {
                // Another process may refresh it for long; this token is good until then. What is wrong with the network
                // shows with the request.
                Err(failure) if ends_run(&failure) && failure.code != ErrorCode::Busy => return Err(failure.into()),
                Err(_) => {}
                Ok(()) => self.adopt(&own),
            }
        }
        Ok(own)
    }

    fn adopt(&self, row: &Caller<'a>) {
        if let Some(caller) = &mut *self.caller.borrow_mut() {
            caller.adopt(row);
        }
    }

    fn step_error(&self, error: impl Into<anyhow::Error>, attempts: u32) -> StepError {
        let failure = self.context.report(error);
        self.codes.borrow_mut().insert(failure.code.as_str().to_owned(), failure.code);
        let temporary = failure.code.exit_code() == 6;
        // A hard quota is no matter of patience.
        let waits = temporary
            && matches!(failure.http_status, Some(403 | 429))
            && failure.reason.as_deref() != Some("RESOURCE_QUOTA_EXCEEDED");
        StepError {
            waits_for_quota: waits.then_some(failure.retry_after),
            ends_run: ends_run(&failure),
            // A conflict says nothing about the request itself.
            refused: matches!(failure.http_status, Some(400 | 403 | 404 | 409))
                && !temporary
                && (failure.http_status != Some(409) || failure.code == ErrorCode::AlreadyExists),
            attempts,
            report: Report {
                code: failure.code.as_str().to_owned(),
                exit_code: failure.code.exit_code(),
                message: failure.message,
                hint: failure.hint,
                http_status: failure.http_status,
                reason: failure.reason,
                request_id: failure.request_id,
                outcome: failure.outcome.map(|outcome| match outcome {
                    Outcome::NotApplied => RowOutcome::NotApplied,
                    Outcome::Unknown => RowOutcome::Unknown,
                }),
            },
        }
    }

    fn failure_of(&self, report: Report) -> Failure {
        let code = self.codes.borrow().get(&report.code).copied().unwrap_or(ErrorCode::InputInvalid);
        Failure {
            hint: report.hint,
            http_status: report.http_status,
            reason: report.reason,
            request_id: report.request_id,
            outcome: report.outcome.map(|outcome| match outcome {
                RowOutcome::NotApplied => Outcome::NotApplied,
                RowOutcome::Unknown => Outcome::Unknown,
            }),
            ..Failure::new(code, report.message)
        }
    }
}

impl<Kind: Verb> Task for Rows<'_, Kind> {
    type Work = Kind::Work;

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn defaults(&self) -> &Values {
        &self.defaults
    }

    fn words(&self) -> Words {
        Kind::WORDS
    }

    fn plan(&self, values: &Values, request_id: &str) -> Result<Self::Work, RowFault> {
        self.verb.plan(values, request_id)
    }

    fn label(&self, work: &Self::Work) -> String {
        self.verb.label(work)
    }

    fn exclusive(&self, work: &Self::Work) -> Option<String> {
        self.verb.exclusive(work)
    }

    async fn create(&self, work: &Self::Work, attempt: Attempt) -> Result<Created, StepError> {
        let mut caller = self.row_caller().await.map_err(|error| self.step_error(error, 0))?;
        let result = self.verb.create(work, attempt, &mut caller, self.context).await;
        self.adopt(&caller);
        match result {
            Ok(created) => Ok(Created { attempts: caller.attempts(), ..created }),
            Err(error) => Err(self.step_error(error, caller.attempts())),
        }
    }

    async fn finish(&self, work: &Self::Work, name: &str) -> Result<u32, StepError> {
        let mut caller = self.row_caller().await.map_err(|error| self.step_error(error, 0))?;
        let result = self.verb.finish(work, name, &mut caller, self.context).await;
        self.adopt(&caller);
        result.map(|()| caller.attempts()).map_err(|error| self.step_error(error, caller.attempts()))
    }
}

/// Whether every further row would fail in the same way.
fn ends_run(failure: &Failure) -> bool {
    matches!(failure.code, ErrorCode::ChatAppNotConfigured | ErrorCode::ApiDisabled)
        || matches!(failure.code.exit_code(), 1..=4)
}

/// Runs the command for every row of `from`, or shows what it would do.
pub(super) fn run<Kind: Verb>(
    verb: &Kind,
    from: &Path,
    args: &BulkArgs,
    dry_run: bool,
    context: &Context,
) -> anyhow::Result<()> {
    if context.printer.format() == crate::output::Format::Csv && !dry_run {
        return Err(Failure::usage("the results of rows are JSON Lines: --format csv is for lists")
            .hint("--jq '[.row, .status, .requestId] | @csv' makes records of what you choose")
            .into());
    }
    if args.journal.as_ref().is_some_and(|path| path.as_os_str() == "-") {
        return Err(Failure::new(ErrorCode::InputInvalid, "--journal takes a file, and - is a stream").into());
    }
    let source = Source::new(from.to_path_buf());
    let columns = verb.columns();
    let options = verb.options();
    let mut scopes = verb.scopes(None);
    let checked = match &source {
        // What can be read only once is read row by row, as standard input is: `--from <(…)` is such a file.
        Source::File(path) if !path.exists() || path.is_file() => {
            let plan = |values: &Values, id: &str| {
                let work = verb.plan(values, id)?;
                scopes.extend(
                    verb.scopes(Some(&work)).into_iter().filter(|one| !scopes.contains(one)).collect::<Vec<_>>(),
                );
                Ok(())
            };
            Some(
                bulk::check(&source, &columns, &options, plan)
                    .map_err(|error| check_failure(&error, &source, context))?,
            )
        }
        Source::File(_) | Source::StandardInput => None,
    };
    let rate = args.rate.unwrap_or(Kind::RATE);
    let clock = context.clock;
    let now = || clock.now() + context.session().clock_offset().unwrap_or_default();
    let name = run_name(Kind::COMMAND, &options, verb.admin(), context);
    let journal = match &args.journal {
        Some(path) if dry_run => Journal::look(path, &name, now()),
        Some(path) => Journal::open(path, &name, now(), rate.hourly()).map(Some),
        None => Ok(None),
    };
    let mut journal = journal.map_err(|error| journal_failure(&error))?;
    let rows = Rows {
        verb,
        columns,
        defaults: options,
        context,
        caller: RefCell::new(None),
        renewed: RefCell::new(Instant::now()),
        codes: RefCell::default(),
    };
    let total = checked.map(|checked| checked.rows);
    if let Some(identical) = checked.map(|checked| checked.identical).filter(|identical| *identical > 0) {
        say_identical(identical, &Kind::WORDS, context);
    }
    runtime::block_on_rows(async |signals: &mut Interruptions| {
        if !dry_run {
            context
                .until_signal(pin!(async {
                    rows.caller.replace(Some(Caller::new(context, &scopes, verb.admin()).await?));
                    Ok(())
                }))
                .await?;
            rows.begin(journal.as_mut(), total, rate)?;
        }
        let job = Job {
            source: source.clone(),
            total,
            journal: journal.as_ref(),
            rate,
            concurrency: args.concurrency.map_or(8, usize::from),
            fail_fast: args.fail_fast,
            now: &now,
        };
        if dry_run { preview(&rows, job, rate).await } else { send(&rows, job, signals).await }
    })
}

async fn send<Kind: Verb>(rows: &Rows<'_, Kind>, job: Job<'_>, signals: &mut Interruptions) -> anyhow::Result<()> {
    let context = rows.context;
    let format = |result: &RowResult| {
        let json = result.to_json("status", Kind::WORDS.object);
        let line = Line { json: &json, name: result.name(), summary: &summary(result) };
        context.printer.row_bytes(&line).map_err(|error| error.to_string())
    };
    let bar = !context.messages.is_quiet() && context.settings.terminals.stderr && context.settings.animations;
    let output =
        Output { format: &format, out: Box::new(StandardStream::output()), messages: context.messages, progress: bar };
    let has_journal = job.journal.is_some();
    let total = job.total;
    let ending = bulk::run(rows, job, output, signals).await;
    if ending.identical > 0 {
        say_identical(ending.identical, &Kind::WORDS, context);
    }
    context.messages.note(&format!("{}.", told(&ending, Kind::WORDS.done)));
    let failure_of = |report| rows.failure_of(report);
    Ok(verdict(ending, Kind::WORDS.done, total, has_journal, &context.repeat(), failure_of)?)
}

async fn preview<Kind: Verb>(rows: &Rows<'_, Kind>, job: Job<'_>, rate: Rate) -> anyhow::Result<()> {
    let context = rows.context;
    let list = context.printer.list(&["ROW", "ACTION", "NAME", "RESOURCE"]);
    let list = RefCell::new(list.columns(&["row", "action", "requestId", "name"]));
    let first_fault = RefCell::new(None);
    let format = |result: &RowResult| {
        let mut json = result.to_json("action", Kind::WORDS.object);
        if let Some(members) = json.as_object_mut() {
            members.shift_remove("attempts");
            if !result.name().is_empty() {
                members.insert(String::from("name"), Value::from(result.name()));
            }
        }
        // A bare name of nothing is an empty line.
        if context.printer.format() == crate::output::Format::Name && result.name().is_empty() {
            return Ok(Vec::new());
        }
        let cells = || vec![result.row.to_string(), result.status.to_owned(), label(result), result.name().to_owned()];
        if let Err(error) = list.borrow_mut().push(&Item { json: &json, name: result.name() }, cells) {
            first_fault.borrow_mut().get_or_insert(error);
        }
        Ok(Vec::new())
    };
    let output =
        Output { format: &format, out: Box::new(std::io::sink()), messages: context.messages, progress: false };
    let ending = bulk::preview(rows, job, output).await;
    list.into_inner().finish()?;
    if let Some(fault) = first_fault.into_inner() {
        return Err(fault.into());
    }
    let counts = ending.counts;
    let time = rate.duration(counts.done + counts.existing);
    let time = if time.as_secs() == 0 { String::new() } else { format!(" (about {}{})", about(time), at(rate)) };
    context.messages.note(&format!(
        "{}: {} to {}{time}, {} to finish, {} to skip, {} unusable; nothing was sent",
        count(counts.ended(), "row"),
        counts.done,
        Kind::WORDS.verb,
        counts.existing,
        counts.skipped,
        counts.failed,
    ));
    match (ending.stop, counts.failed) {
        (Some(Stop::Input(reason)), _) => Err(Failure::new(ErrorCode::InputInvalid, reason).into()),
        (_, 0) => Ok(()),
        (_, failed) => {
            Err(Failure::new(ErrorCode::InputInvalid, format!("{} cannot be used", count(failed, "row"))).into())
        }
    }
}

/// The run that the journal belongs to, as far as it is known before the login.
fn run_name(command: &str, options: &Values, admin: bool, context: &Context) -> RunName {
    let client = context.settings.uses_login().then(|| context.session().client().ok()).flatten();
    let options = options.clone().with("use-admin-access", admin.then_some(true));
    RunName {
        command: command.to_owned(),
        endpoint: context.settings.api_endpoint.value.trim_end_matches('/').to_owned(),
        client: client.map(|client| client.client_id.clone()),
        options: options
            .iter()
            .map(|(name, value)| {
                (if name == "space" { String::from("SPACE") } else { format!("--{name}") }, value.clone())
            })
            .collect(),
        ..RunName::default()
    }
}

/// Who acts, and how they are called.
fn account(caller: &Caller<'_>, context: &Context) -> (Value, Option<String>) {
    let access = caller.access();
    let name = access.account().map(str::to_owned);
    let account = match (&access.record, context.settings.impersonated()) {
        (Some(record), _) => Value::from(record.sub.as_str()),
        (None, Some(subject)) => json!({ "subject": subject, "serviceAccount": context.session().service_account() }),
        (None, None) => Value::Null,
    };
    (account, name)
}

/// Why a row cannot be used, from what a command says of the same options.
pub(super) fn fault_of(column: Option<&str>, failure: Failure) -> RowFault {
    RowFault { column: column.map(str::to_owned), reason: failure.message }
}
