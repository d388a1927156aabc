//! The life of a row.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::check::Seen;
use super::columns::RowFault;
use super::identity::Identity;
use super::index::State;
use super::input::{InputError, Row};
use super::journal::{Entry, Journal};
use super::journal_error::JournalError;
use super::locks::Locks;
use super::rate_limiter::RateLimiter;
use super::results::{Results, RowResult};
use super::task::{Attempt, Created, Outcome, Report, StepError, Task};
use crate::platform::signals::Interruption;

/// How long a request id is trusted without a word.
const OLD: time::Duration = time::Duration::HOUR;

/// What ends a run before its last row.
#[derive(Debug)]
pub enum Stop {
    /// A signal.
    Interrupted(Interruption),
    /// Nobody reads the results any more.
    ReaderGone,
    /// A failure that every further row would meet, or the first one where that was asked for.
    Failed(Report),
    /// The journal cannot be written.
    Journal(JournalError),
    /// The rest of the input cannot be understood.
    Input(String),
}

/// What the rows of a run have in common.
pub(super) struct Run<'a, Kind: Task> {
    pub(super) task: &'a Kind,
    pub(super) journal: Option<&'a Journal>,
    pub(super) limiter: RateLimiter,
    pub(super) locks: Locks,
    pub(super) fail_fast: bool,
    pub(super) now: &'a dyn Fn() -> OffsetDateTime,
    pub(super) results: RefCell<Results<'a>>,
    /// Rows whose requests have no answer yet, with their request ids.
    pub(super) in_flight: RefCell<BTreeMap<u64, String>>,
    /// The rows so far, where the whole input was not checked.
    pub(super) seen: Option<RefCell<Seen>>,
    pub(super) stop: RefCell<Option<Stop>>,
    pub(super) stopped: Cell<bool>,
}

impl<Kind: Task> Run<'_, Kind> {
    /// Nothing leaves any more. What is in flight is waited for.
    pub(super) fn stop(&self, stop: Stop) {
        self.note_stop(stop);
        self.stopped.set(true);
        self.limiter.close();
    }

    /// No further row follows; those that were read are run.
    pub(super) fn note_stop(&self, stop: Stop) {
        self.stop.borrow_mut().get_or_insert(stop);
    }
}

/// What an earlier run has left of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Earlier {
    /// Nothing that is known to exist.
    Nothing,
    /// What the row is about exists, and may not be finished.
    Exists(Created),
    /// Everything is done.
    Finished(Created),
}

/// A row in a run.
#[derive(Debug)]
pub(super) struct RowRun<Work> {
    number: u64,
    identity: Identity,
    copy: u32,
    pub(super) request_id: String,
    pub(super) work: Work,
    pub(super) earlier: Earlier,
    /// Whether an earlier run has tried it.
    pub(super) tried: bool,
    attempts: u32,
    /// Since when an attempt under this request id may have been applied without anybody knowing.
    unknown_since: Option<OffsetDateTime>,
}

/// Runs a row from its line in the input to its result; `None` for one that was not started.
pub(super) async fn run_row<Kind: Task>(
    run: &Run<'_, Kind>,
    row: Result<Row, InputError>,
    number: u64,
) -> Option<RowResult> {
    if run.stopped.get() {
        return None;
    }
    // What does the journal say?
    let mut row = match run.prepare(row, number) {
        Ok(row) => row,
        Err(report) => {
            let report = *report?;
            if run.fail_fast {
                run.stop(Stop::Failed(report.clone()));
            }
            return Some(unusable(number, report));
        }
    };
    let _exclusive: Option<OwnedMutexGuard<()>> = match run.task.exclusive(&row.work) {
        Some(name) => Some(run.locks.lock(name).await),
        None => None,
    };
    let created = match std::mem::replace(&mut row.earlier, Earlier::Nothing) {
        Earlier::Finished(created) => return Some(row.result(run.task, "skipped", Some(created), None)),
        Earlier::Exists(created) => created,
        Earlier::Nothing => {
            let mut last = None;
            loop {
                let Some(permit) = run.limiter.acquire().await else { return run.gave_up(row, None, last) };
                run.in_flight.borrow_mut().insert(number, row.request_id.clone());
                // On disk before the request leaves.
                let left = (run.now)();
                if !run.note(&row, State::Started, None, None) || !run.sync().await {
                    run.in_flight.borrow_mut().remove(&number);
                    return run.gave_up(row, None, last);
                }
                let result = run.task.create(&row.work, Attempt { unknown_since: row.unknown_since }).await;
                run.in_flight.borrow_mut().remove(&number);
                permit.done();
                match result {
                    Ok(created) => {
                        run.limiter.succeeded();
                        row.attempts += created.attempts;
                        run.note(&row, State::Exists, Some(&created), None);
                        break created;
                    }
                    Err(error) => {
                        row.attempts += error.attempts;
                        if error.report.is_unknown() {
                            row.unknown_since.get_or_insert(left);
                        }
                        let Some(retry_after) = error.waits_for_quota else {
                            return Some(run.failed(row, None, error));
                        };
                        run.refused(retry_after);
                        // It was answered: a resumed run has nothing to fear from this attempt.
                        run.note(&row, State::Failed, None, Some(&error.report));
                        last = Some(error);
                    }
                }
            }
        }
    };
    loop {
        run.in_flight.borrow_mut().insert(number, row.request_id.clone());
        let result = run.task.finish(&row.work, &created.name).await;
        run.in_flight.borrow_mut().remove(&number);
        match result {
            Ok(attempts) => {
                row.attempts += attempts;
                break;
            }
            Err(error) => {
                row.attempts += error.attempts;
                let Some(retry_after) = error.waits_for_quota else {
                    return Some(run.failed(row, Some(created), error));
                };
                run.refused(retry_after);
                match run.limiter.acquire().await {
                    Some(permit) => permit.done(),
                    None => return run.gave_up(row, Some(created), Some(error)),
                }
            }
        }
    }
    run.note(&row, State::Finished, Some(&created), None);
    let status = if created.existed { "existing" } else { run.task.words().done };
    Some(row.result(run.task, status, Some(created), None))
}

/// A row that says nothing that could be sent.
pub(super) fn unusable(row: u64, report: Report) -> RowResult {
    RowResult {
        row,
        status: "failed",
        request_id: None,
        created: None,
        error: Some(report),
        label: String::new(),
        attempts: 0,
    }
}

impl<Work> RowRun<Work> {
    pub(super) fn result<Kind: Task<Work = Work>>(
        self,
        task: &Kind,
        status: &'static str,
        created: Option<Created>,
        error: Option<Report>,
    ) -> RowResult {
        RowResult {
            row: self.number,
            status,
            label: task.label(&self.work),
            request_id: Some(self.request_id),
            created,
            error,
            attempts: self.attempts,
        }
    }
}

impl<Kind: Task> Run<'_, Kind> {
    /// Looks up what is left to do for a row.
    ///
    /// # Errors
    /// Why it cannot be used; `None` where it is no row, but what makes an end of the input.
    pub(super) fn prepare(
        &self,
        row: Result<Row, InputError>,
        number: u64,
    ) -> Result<RowRun<Kind::Work>, Option<Box<Report>>> {
        let Row { line, mut values, .. } = match row {
            Ok(row) => row,
            Err(InputError::Broken(reason)) => {
                self.note_stop(Stop::Input(reason));
                return Err(None);
            }
            Err(error) => return Err(Some(Box::new(Report::invalid(error.to_string())))),
        };
        let at = |fault| Some(Box::new(Report::invalid(InputError::Row { line, fault }.to_string())));
        let identity = Identity::take(&mut values, self.task.defaults()).map_err(at)?;
        self.seen.as_ref().map_or(Ok(()), |seen| seen.borrow_mut().add(&identity)).map_err(at)?;
        let claim = self.journal.map(|journal| journal.claim(&identity.text)).transpose();
        let (copy, last) = claim.map(Option::unwrap_or_default).map_err(|error| {
            let report = at(RowFault::row(error.to_string()));
            self.stop(Stop::Journal(error));
            report
        })?;
        let fresh = || {
            self.journal.map_or_else(|| Uuid::new_v4().to_string(), |journal| journal.fresh_id(&identity.text, copy))
        };
        let (request_id, earlier) = decide(&identity, last.as_ref(), fresh).map_err(at)?;
        let unknown_since = last.as_ref().and_then(Entry::unknown_since);
        let work = self.task.plan(&values, &request_id).map_err(at)?;
        if let Some(since) =
            unknown_since.filter(|since| (self.now)() - *since > OLD && self.task.words().by_request_id)
        {
            self.results.borrow().warn(format!(
                "row {number} was sent on {}, and no answer is known; it is repeated under its request id {request_id}, \
                 which Google may have forgotten since: check whether there are two",
                since.date()
            ));
        }
        let attempts = last.as_ref().map_or(0, |entry| entry.attempts);
        Ok(RowRun { number, identity, copy, request_id, work, earlier, tried: last.is_some(), attempts, unknown_since })
    }

    /// The server refused a request because there were too many: everybody waits.
    fn refused(&self, retry_after: Option<Duration>) {
        self.limiter.refused(retry_after);
        self.results.borrow().paused(self.limiter.pause());
    }

    /// The run ends while a row waits. What was created, or may have been, is told; a row of which that cannot be has not
    /// been started.
    fn gave_up(&self, row: RowRun<Kind::Work>, created: Option<Created>, last: Option<StepError>) -> Option<RowResult> {
        let told = created.is_some() || row.unknown_since.is_some();
        last.filter(|_| told).map(|error| self.failed(row, created, error))
    }

    /// A row has failed.
    fn failed(&self, row: RowRun<Kind::Work>, created: Option<Created>, error: StepError) -> RowResult {
        let StepError { mut report, ends_run, refused, .. } = error;
        let unknown = created.is_none() && row.unknown_since.is_some();
        if unknown && !report.is_unknown() {
            report.outcome = Some(Outcome::Unknown);
            report.message += "; an earlier attempt may have been applied";
        }
        if unknown && self.journal.is_none() {
            report.hint = Some(format!("give the row the requestId {} and run it again", row.request_id));
        }
        let state = match () {
            () if created.is_some() => State::Exists,
            // What may have been applied is repeated under the same id, whatever was answered since.
            () if refused && !unknown => State::Refused,
            () => State::Failed,
        };
        self.note(&row, state, created.as_ref(), Some(&report));
        if ends_run || self.fail_fast {
            self.stop(Stop::Failed(report.clone()));
        }
        row.result(self.task, "failed", created, Some(report))
    }

    /// Writes what happened to a row into the journal, where there is one; `false` where that cannot be done.
    fn note(&self, row: &RowRun<Kind::Work>, state: State, created: Option<&Created>, report: Option<&Report>) -> bool {
        let Some(journal) = self.journal else { return true };
        let first = state == State::Exists && report.is_none();
        let result = journal.append(Entry {
            line: 0,
            row: row.number,
            identity: row.identity.text.clone(),
            copy: row.copy,
            state,
            request_id: row.request_id.clone(),
            at: (self.now)(),
            content: row.identity.keyed().then(|| row.identity.content.clone()),
            unknown_since: row.unknown_since,
            name: created.map(|created| created.name.clone()),
            result: created.filter(|_| first).map(|created| created.object.clone()),
            existed: created.is_some_and(|created| created.existed),
            error: report.and_then(|report| serde_json::to_value(report).ok()),
            attempts: row.attempts,
        });
        result.map_err(|error| self.stop(Stop::Journal(error))).is_ok()
    }

    /// Brings what was written to the disk; `false` where that cannot be done.
    async fn sync(&self) -> bool {
        match self.journal {
            None => true,
            Some(journal) => journal.sync().await.map_err(|error| self.stop(Stop::Journal(error))).is_ok(),
        }
    }
}

/// Decides from the last word about a row what is left to do, and under which request id.
///
/// # Errors
/// A row that changed under its key.
fn decide(
    identity: &Identity,
    last: Option<&Entry>,
    fresh: impl FnOnce() -> String,
) -> Result<(String, Earlier), RowFault> {
    let own = identity.request_id.clone();
    let Some(last) = last else { return Ok((own.unwrap_or_else(fresh), Earlier::Nothing)) };
    let safe = matches!(last.state, State::Failed | State::Refused) && last.unknown_since().is_none();
    if identity.keyed() && last.content.as_ref() != Some(&identity.content) && !safe {
        return Err(RowFault::row(
            "the row says something else than it did in the run that wrote the journal, under the same key or request id",
        ));
    }
    let created = || Created {
        name: last.name.clone().unwrap_or_default(),
        object: last.result.clone().unwrap_or_else(|| serde_json::json!({ "name": last.name })),
        existed: last.existed,
        ..Created::default()
    };
    let id = own.unwrap_or_else(|| last.request_id.clone());
    Ok(match last.state {
        State::Finished => (id, Earlier::Finished(created())),
        State::Exists => (id, Earlier::Exists(created())),
        State::Started | State::Failed => (id, Earlier::Nothing),
        State::Refused if identity.keyed() => (id, Earlier::Nothing),
        // The API remembers that it refused this id, perhaps; a new one gets a new answer.
        State::Refused => (after_refusal(&last.request_id), Earlier::Nothing),
    })
}

/// The request id after one that was refused: always the same one, so that nothing depends on who looks.
fn after_refusal(request_id: &str) -> String {
    let before = Uuid::parse_str(request_id).unwrap_or_default();
    Uuid::new_v5(&before, b"after a refusal").to_string()
}

impl RowResult {
    /// The result as a JSON object: `status` is the member that says what became of the row, and `object` the one that holds
    /// what was created.
    pub fn to_json(&self, status: &str, object: &str) -> Value {
        let mut json = serde_json::Map::new();
        json.insert(String::from("row"), Value::from(self.row));
        json.insert(status.to_owned(), Value::from(self.status));
        if let Some(request_id) = &self.request_id {
            json.insert(String::from("requestId"), Value::from(request_id.as_str()));
        }
        if let Some(created) = &self.created {
            json.insert(object.to_owned(), created.object.clone());
        }
        if let Some(error) = self.error.as_ref().and_then(|error| serde_json::to_value(error).ok()) {
            json.insert(String::from("error"), error);
        }
        json.insert(String::from("attempts"), Value::from(self.attempts));
        Value::Object(json)
    }
}
