//! The run itself: rows in, requests out, results in order.

use std::collections::VecDeque;
use std::pin::pin;

use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::check::{check, error_at, once, read_ahead, understand};
use super::input::{InputError, Row};
use super::journal::{Entry, Journal, State};
use super::pace::Pace;
use super::progress::{Progress, count, words};
use super::results::{Results, verdict};
use super::row::{End, Identity, Todo, decide, ends_the_run, waits_for_quota};
use super::table::Table;
use super::turn::{Next, Turn, begin, perform};
use super::{Made, Options, Task};
use crate::commands::caller::Caller;
use crate::commands::{Context, ErrorCode, Failure, RowsInFlight};
use crate::platform::input::Source;

mod ending;

use ending::journal_failure;

/// The columns of every kind of run.
const KEYS: [&str; 2] = ["idempotency-key", "request-id"];

/// How many rows may be ended, or on their way, before the oldest one has ended: what waits to be written in order.
const WINDOW: u64 = 1024;

/// How many requests may wait for each other before they are sent.
const SENT_TOGETHER: usize = 8;

/// How often the login is looked at while a run goes on.
const RENEWED_EVERY: std::time::Duration = std::time::Duration::from_secs(30);

/// How long a request id is trusted without a word.
const OLD: time::Duration = time::Duration::HOUR;

/// Runs a task for every row.
pub(in crate::commands) async fn run<Kind: Task>(
    task: &Kind,
    options: &Options,
    context: &Context,
) -> Result<(), Failure> {
    if context.printer.format().is_for_lists_only() {
        return Err(Failure::usage(
            "the results of rows are JSON Lines: --format csv is for lists of spaces and members",
        )
        .hint("--jq '[.row, .status, .requestId] | @csv' makes records of what you choose"));
    }
    let columns: Vec<&str> = task.columns().iter().chain(&KEYS).copied().collect();
    let checked = match &options.source {
        // What can be read only once is read row by row, as standard input is: `--from <(…)` is such a file.
        Source::File(path) if options.dry_run || !path.exists() || path.is_file() => {
            Some(check(task, options, &columns, context)?)
        }
        Source::File(_) | Source::StandardInput => None,
    };
    if options.dry_run {
        let rows = checked
            .map(|checked| checked.rows)
            .ok_or_else(|| Failure::usage("--dry-run checks a file, and standard input can be read only once"))?;
        context.messages.note(&format!("{rows} rows can be used; nothing was sent."));
        return Ok(());
    }
    let now = context.clock.now();
    let hourly = options.rate.hourly();
    let journal = options.results.as_ref().map(|path| Journal::open(path, now, hourly)).transpose();
    let journal = journal.map_err(|error| journal_failure(&error))?;
    let methods = checked.as_ref().map_or_else(|| task.least(), |checked| checked.methods.clone());
    let base = Caller::new(context, &methods, task.admin()).await?;
    let earlier = journal.iter().flat_map(Journal::recent);
    let ages = earlier.filter_map(|at| std::time::Duration::try_from(now - at).ok());
    let pace = Pace::new(options.rate, ages);
    let total = checked.map(|checked| checked.rows);
    let (verb, done) = task.verb();
    let whom = base.whom();
    context.messages.note(&match total {
        Some(total) => {
            let (rows, least) = (count(total, "row"), options.rate.duration(total));
            let least =
                if least.as_secs() == 0 { String::new() } else { format!("; this takes at least {}", words(least)) };
            format!("{rows} to {verb} as {whom}{least}.")
        }
        None => format!("Rows to {verb} as {whom}, as they come."),
    });
    let mut run = Run {
        task,
        options,
        context,
        journal,
        base,
        renewed: Instant::now(),
        started: Instant::now(),
        pace,
        results: Results::new(context, done, task.member()),
        progress: Progress::new(context, total),
        on_their_way: RowsInFlight::default(),
        keys: total.is_none().then(Table::new),
        stopped: None,
    };
    let rows = read_ahead(options.source.clone(), columns.iter().map(|column| (*column).to_owned()).collect());
    let outcome = run.all(rows).await;
    run.progress.end();
    context.pending.replace(None);
    if let Err(failure) = outcome {
        run.tell();
        return Err(failure);
    }
    let counts = match run.results.finish() {
        Ok(counts) => counts,
        Err(failure) => {
            run.tell();
            return Err(failure);
        }
    };
    context.messages.note(&format!(
        "{} {done}, {} existing, {} skipped, {} failed.",
        counts.done, counts.existing, counts.skipped, counts.failed
    ));
    let again = if options.results.is_some() {
        format!("the same command tries these again, and only these: {}", context.repeat())
    } else {
        String::from("with --results FILE the same command would try these again, and only these")
    };
    verdict(counts, done, total, run.stopped.take(), &again)
}

struct Run<'a, Kind: Task> {
    task: &'a Kind,
    options: &'a Options,
    context: &'a Context,
    journal: Option<Journal>,
    base: Caller<'a>,
    renewed: Instant,
    started: Instant,
    pace: Pace,
    results: Results<'a>,
    progress: Progress,
    /// Rows and request ids without a known outcome.
    on_their_way: RowsInFlight,
    /// The keys and request ids so far, where the whole input was not looked at before.
    keys: Option<Table>,
    stopped: Option<Failure>,
}

impl<Kind: Task> Drop for Run<'_, Kind> {
    /// A signal ends a run between two polls of it. Where nothing else remembers what was made, it is said.
    fn drop(&mut self) {
        if self.journal.is_none() {
            self.progress.end();
            self.results.tell();
        }
    }
}

impl<'a, Kind: Task> Run<'a, Kind> {
    async fn all(&mut self, mut rows: mpsc::Receiver<Result<Row, InputError>>) -> Result<(), Failure> {
        let mut turns = FuturesUnordered::new();
        let mut answers = VecDeque::new();
        let mut ready: VecDeque<Turn<'a, Kind::Work>> = VecDeque::new();
        let mut more = true;
        let mut last_read = 0;
        let mut answered = false;
        let mut unsent = 0;
        loop {
            if let Some(performed) = answers.pop_front() {
                let (turn, result) = Result::map_err(performed, |error| journal_failure(&error))?;
                answered = true;
                match self.step(turn, result)? {
                    Next::Finish(turn) => turns.push(begin(perform(self.task, self.context, turn)).await),
                    Next::Again(turn) => ready.push_front(turn),
                    Next::Over => {}
                }
                continue;
            }
            // The connection sends what it was given only when it gets a turn itself.
            if unsent >= SENT_TOGETHER {
                unsent = 0;
                tokio::task::yield_now().await;
            }
            // The first row goes alone: the others share the connection that it has made.
            let width = if answered { self.pace.width(self.options.concurrency) } else { 1 };
            let mut wait = None;
            if self.stopped.is_none() && turns.len() < width && !ready.is_empty() {
                let needed = self.pace.wait(self.started.elapsed());
                if needed.is_zero() {
                    self.renew(&mut turns, &mut answers).await;
                    if self.stopped.is_none()
                        && let Some(mut turn) = ready.pop_front()
                    {
                        self.leave(&mut turn)?;
                        turns.push(begin(perform(self.task, self.context, turn)).await);
                        unsent += 1;
                    }
                    continue;
                }
                wait = Some(needed);
            }
            let within = last_read < self.results.oldest() + WINDOW;
            let reading = more && self.stopped.is_none() && ready.is_empty() && within;
            if turns.is_empty() && !reading && (ready.is_empty() || self.stopped.is_some()) {
                return self.give_up(ready);
            }
            tokio::select! {
                // Where there is room, the next row leaves before the answers to others are looked at.
                biased;
                row = rows.recv(), if reading => match row {
                    None => more = false,
                    Some(row) => {
                        last_read += 1;
                        ready.extend(self.take(last_read, row)?);
                    }
                },
                Some(performed) = turns.next(), if !turns.is_empty() => answers.push_back(performed),
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            }
        }
    }

    /// Looks up what is to be done with a row; `None` when that is nothing.
    fn take(&mut self, number: u64, row: Result<Row, InputError>) -> Result<Option<Turn<'a, Kind::Work>>, Failure> {
        let mut row = match row {
            Ok(row) => row,
            Err(error @ InputError::Row { .. }) => return self.unusable(number, &error),
            Err(InputError::Broken(reason)) => {
                self.stopped = Some(Failure::new(ErrorCode::InputInvalid, reason));
                return Ok(None);
            }
        };
        let original = row.members.clone();
        let identity = Identity::take(&mut row).and_then(|identity| {
            self.keys.as_mut().map_or(Ok(()), |keys| once(&identity, keys))?;
            Ok(identity.about(self.task.about()))
        });
        let identity = match identity {
            Ok(identity) => identity,
            Err(reason) => return self.unusable(number, &error_at(&row, None, reason)),
        };
        let last = match &mut self.journal {
            Some(journal) => journal.last(&identity.text).map_err(|error| journal_failure(&error))?,
            None => None,
        };
        let todo = match decide(&identity, last) {
            Ok(todo) => todo,
            Err(reason) => return self.unusable(number, &error_at(&row, None, reason)),
        };
        let (request_id, attempts, unknown_since, made) = match todo {
            Todo::Skip(entry) => {
                let id = entry.request_id.clone();
                let made = entry.result.as_ref();
                return self.ended(number, &End::Skipped, Some(&id), made, entry.attempts).map(|()| None);
            }
            Todo::Make { request_id, again } => {
                if let Some(entry) = &again {
                    self.say_old(number, entry);
                }
                let unknown_since = again.as_ref().and_then(Entry::unknown_since);
                (request_id, again.map_or(0, |entry| entry.attempts), unknown_since, None)
            }
            Todo::Finish(entry) => {
                let json = entry.result.clone().unwrap_or_default();
                let name = json.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                (entry.request_id.clone(), entry.attempts, None, Some(Made { json, name, existed: entry.existed }))
            }
        };
        row.members = original;
        let work = match understand(self.task, &mut row, Some(&request_id)) {
            Ok((_, work)) => work,
            Err(error) => return self.unusable(number, &error),
        };
        let caller = self.base.for_row();
        let left = self.context.clock.now();
        let (syncing, refused) = (None, None);
        Ok(Some(Turn {
            number,
            identity,
            request_id,
            work,
            caller,
            attempts,
            left,
            unknown_since,
            syncing,
            made,
            refused,
        }))
    }

    /// A row that says nothing that could be sent.
    fn unusable<Nothing>(&mut self, number: u64, error: &InputError) -> Result<Option<Nothing>, Failure> {
        let failure = Failure::new(ErrorCode::InputInvalid, error.to_string());
        if self.options.fail_fast {
            self.stopped.get_or_insert(failure.clone());
        }
        self.ended(number, &End::Failed(failure), None, None, 0).map(|()| None)
    }

    fn say_old(&self, number: u64, entry: &Entry) {
        let Some(since) = entry.unknown_since() else { return };
        if self.context.clock.now() - since > OLD && self.task.needs_request_id() {
            self.context.messages.warning(&format!(
                "row {number} was sent on {}, and no answer is known; it is repeated under its request id {}, which \
                 Google may have forgotten since: look whether there are two",
                since.date(),
                entry.request_id
            ));
        }
    }

    /// The login is renewed before it ends, for all rows that have not left yet. Those on their way go on meanwhile: one
    /// of them may hold the lock that this waits for. Their answers are put aside.
    async fn renew<Performed>(
        &mut self,
        turns: &mut (impl Stream<Item = Performed> + Unpin),
        answers: &mut VecDeque<Performed>,
    ) {
        if self.renewed.elapsed() < RENEWED_EVERY {
            return;
        }
        self.renewed = Instant::now();
        let renewed = {
            let mut renewing = pin!(self.base.renew());
            loop {
                tokio::select! {
                    renewed = &mut renewing => break renewed,
                    Some(performed) = turns.next() => answers.push_back(performed),
                }
            }
        };
        // Also when it took long: rows leave between two looks.
        self.renewed = Instant::now();
        match renewed {
            // Another process may renew it for long; this token is good until then.
            Err(failure) if ends_the_run(&failure) && failure.code != ErrorCode::Busy => self.stopped = Some(failure),
            // What is wrong with the network shows with the next row.
            Err(_) | Ok(()) => {}
        }
    }

    /// A row is about to leave.
    fn leave(&mut self, turn: &mut Turn<'a, Kind::Work>) -> Result<(), Failure> {
        turn.caller = self.base.for_row();
        turn.left = self.context.clock.now();
        if turn.made.is_none() {
            self.note(turn, State::LoginStarted, None, None)?;
            // On disk before the request leaves.
            turn.syncing =
                self.journal.as_mut().map(Journal::sync).transpose().map_err(|error| journal_failure(&error))?;
            self.pace.leave(self.started.elapsed());
        }
        let mut on_their_way = self.on_their_way.borrow_mut();
        if on_their_way.iter().all(|(number, _)| *number != turn.number) {
            on_their_way.push((turn.number, turn.request_id.clone()));
        }
        drop(on_their_way);
        if self.context.pending.borrow().is_none() {
            self.say_pending();
        }
        Ok(())
    }

    /// A row has come one step further.
    fn step(
        &mut self,
        mut turn: Turn<'a, Kind::Work>,
        result: Result<Option<Made>, Failure>,
    ) -> Result<Next<'a, Kind::Work>, Failure> {
        turn.attempts += turn.caller.attempts();
        self.base.adopt(&turn.caller);
        if turn.made.is_none()
            && let Err(failure) = &result
            && failure.outcome == Some(crate::commands::Outcome::Unknown)
        {
            turn.unknown_since.get_or_insert(turn.left);
        }
        match result {
            Ok(Some(made)) => {
                self.pace.answered();
                self.note(&turn, State::Exists, Some(&made), None)?;
                turn.made = Some(made);
                turn.caller = self.base.for_row();
                return Ok(Next::Finish(turn));
            }
            Ok(None) => {
                self.note(&turn, State::Finished, turn.made.as_ref(), None)?;
                let end = turn.made.take().map_or(End::Skipped, End::Done);
                self.over(&turn, &end)?;
            }
            Err(failure) if waits_for_quota(&failure) => {
                self.pace.refused(self.started.elapsed(), failure.retry_after);
                // It has been answered: who takes the run up again has nothing to fear from this attempt.
                let state = if turn.made.is_some() { State::Exists } else { State::Failed };
                self.note(&turn, state, turn.made.as_ref(), Some(&failure))?;
                if turn.unknown_since.is_none() {
                    self.on_their_way.borrow_mut().retain(|(number, _)| *number != turn.number);
                }
                turn.refused = Some(failure);
                return Ok(Next::Again(turn));
            }
            Err(failure) => self.failed(turn, failure)?,
        }
        Ok(Next::Over)
    }
}
