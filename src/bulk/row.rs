//! The life of a row.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::check::Seen;
use super::columns::{Column, RowFault, Values};
use super::identity::Identity;
use super::index::State;
use super::input::{InputError, Row};
use super::journal::{Entry, Journal};
use super::locks::Locks;
use super::rate::Rate;
use super::rate_limiter::RateLimiter;
use super::results::{Results, RowResult, Stop};
use super::task::{Attempt, Planned, StepError, Task, Words, invalid, is_unknown, not_tried};
use crate::platform::input::Source;

/// How long Google is trusted to remember a request id.
const REQUEST_ID_LIFETIME: time::Duration = time::Duration::HOUR;

/// The parameters of a run.
pub struct Job<'a> {
    /// The words for messages and results.
    pub words: Words,
    /// The columns, besides `idempotency-key` and `request-id`.
    pub columns: &'a [Column],
    /// The values that a row has without saying so: the options beside the file.
    pub defaults: &'a Values,
    /// The input.
    pub source: Source,
    /// The number of rows, if the input was checked.
    pub total: Option<u64>,
    /// The journal.
    pub journal: Option<&'a Journal>,
    /// The rate.
    pub rate: Rate,
    /// The maximum number of requests in flight.
    pub concurrency: usize,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// For a run that sends nothing and shows what would be done: whether that can still be shown.
    pub preview: Option<&'a dyn Fn() -> bool>,
    /// The current time, by the server's clock if it is known.
    pub now: &'a dyn Fn() -> OffsetDateTime,
}

/// What the rows of a run share.
pub(super) struct Run<'a, Steps: Task> {
    pub(super) task: &'a Steps,
    pub(super) job: &'a Job<'a>,
    pub(super) limiter: RateLimiter,
    pub(super) locks: Locks,
    pub(super) results: RefCell<Results<'a>>,
    /// The rows whose requests have no response yet, with their request ids.
    pub(super) in_flight: RefCell<BTreeMap<u64, String>>,
    /// The rows so far, if the input was not checked before.
    pub(super) seen: Option<RefCell<Seen>>,
    pub(super) stop: RefCell<Option<Stop>>,
}

/// A row in a run.
pub(super) struct RowRun<Work> {
    planned: Planned<Work>,
    /// The last state in the journal of an earlier run.
    earlier: Option<State>,
    /// The journal entry of the row.
    entry: Entry,
    /// The resource as the server last sent it.
    object: Option<Value>,
}

/// Runs a row from its line in the input to its result. Returns `None` if it was not started.
pub(super) async fn run_row<Steps: Task>(
    run: &Run<'_, Steps>,
    row: Result<Row, InputError>,
    number: u64,
) -> Option<RowResult> {
    if run.limiter.is_closed() {
        return None;
    }
    let planned =
        row.and_then(|Row { line, values }| run.plan(values, number).map_err(|fault| InputError::Row { line, fault }));
    let mut row = match planned {
        Ok(row) => row,
        Err(error) => return run.unusable(number, &error),
    };
    if run.job.preview.is_some() {
        return Some(row.preview(run.job.words.verb));
    }
    if row.earlier == Some(State::Finished) {
        return Some(row.result("skipped", None));
    }
    let _exclusive: Option<OwnedMutexGuard<()>> = match &row.planned.exclusive {
        None => None,
        Some(name) => match run.locks.lock(name).await {
            Ok(guard) => Some(guard),
            Err(failed) => return Some(row.result("failed", Some(not_tried(failed)))),
        },
    };
    let mut refusal = None;
    while row.entry.name.is_none() {
        let Some(permit) = run.limiter.acquire(row.planned.requests).await else { return run.give_up(row, refusal) };
        // The request id is on disk before the request leaves.
        let sent = (run.job.now)();
        let recorded = run.record_state(&mut row, State::Started, None);
        let apply = async {
            let recorded = recorded && run.sync().await;
            if recorded { Some(run.task.apply(&row.planned.work, row.attempt()).await) } else { None }
        };
        let Some(result) = run.in_flight(&row.entry, apply).await else { return run.give_up(row, refusal) };
        permit.done();
        match result {
            Ok(applied) => {
                run.limiter.succeeded();
                if let Some(warning) = applied.warning {
                    run.results.borrow().warn(format!("row {number}: {warning}"));
                }
                row.entry.attempts += applied.attempts;
                (row.entry.name, row.entry.existed) = (Some(applied.name), applied.existed);
                row.set_object(applied.object);
                run.record_state(&mut row, State::Exists, None);
            }
            Err(error) => {
                row.entry.attempts += error.attempts;
                if is_unknown(&error.error) {
                    row.entry.unknown_since.get_or_insert(sent);
                }
                let Some(retry_after) = error.waits_for_quota else { return Some(run.failed(row, error)) };
                run.refused(retry_after);
                // The server rejected this attempt, so its outcome is not unknown.
                run.record_state(&mut row, State::Failed, Some(&error.error));
                refusal = Some(error);
            }
        }
    }
    loop {
        let name = row.entry.name.as_deref().unwrap_or_default();
        match run.in_flight(&row.entry, run.task.finish(&row.planned.work, name, row.attempt())).await {
            Ok((object, attempts)) => {
                row.entry.attempts += attempts;
                row.set_object(object);
                break;
            }
            Err(error) => {
                row.entry.attempts += error.attempts;
                let Some(retry_after) = error.waits_for_quota else { return Some(run.failed(row, error)) };
                run.refused(retry_after);
                match run.limiter.acquire(1).await {
                    Some(permit) => permit.done(),
                    None => return run.give_up(row, Some(error)),
                }
            }
        }
    }
    run.record_state(&mut row, State::Finished, None);
    let status = if row.entry.existed { "existing" } else { run.job.words.done };
    Some(row.result(status, None))
}

impl<Work> RowRun<Work> {
    /// Returns the history of the row.
    const fn attempt(&self) -> Attempt {
        let Entry { unknown_since, content, existed, .. } = &self.entry;
        // Only the content of a row with a key or request id is recorded beside its identity.
        Attempt { unknown_since: *unknown_since, has_own_id: content.is_some(), existed: *existed }
    }

    /// Returns what a run would do: the verb of the task, `retry`, `finish` or `skip`.
    fn preview(mut self, verb: &'static str) -> RowResult {
        let (status, tried) = match self.earlier {
            Some(State::Finished) => ("skip", true),
            Some(State::Exists) => ("finish", true),
            Some(_) => ("retry", true),
            None => (verb, false),
        };
        let resource = self.planned.resource.take();
        let result = self.result(status, None);
        RowResult { request_id: result.request_id.filter(|_| tried), name: result.name.or(resource), ..result }
    }

    /// Sets the resource if the server sent it. The next line of the journal has it.
    fn set_object(&mut self, object: Option<Value>) {
        if object.is_some() {
            self.entry.result.clone_from(&object);
            self.object = object;
        }
    }

    fn result(self, status: &'static str, error: Option<Value>) -> RowResult {
        let Entry { row, request_id, name, attempts, .. } = self.entry;
        let name = name.filter(|name| !name.is_empty());
        let label = self.planned.label;
        RowResult { row, status, label, request_id: Some(request_id), name, object: self.object, error, attempts }
    }
}

impl<Steps: Task> Run<'_, Steps> {
    /// Ends the run: no further request leaves, and those in flight are awaited.
    pub(super) fn stop(&self, stop: Stop) {
        let mut current = self.stop.borrow_mut();
        let is_first = match (&*current, &stop) {
            (None, _) => true,
            // Rows in flight end in any order.
            (Some(Stop::Failed { row: earlier, .. }), Stop::Failed { row, .. }) => row < earlier,
            _ => false,
        };
        if is_first {
            *current = Some(stop);
        }
        self.limiter.close();
    }

    /// Ends a row that cannot be used; `None` if the rest of the input cannot be read.
    fn unusable(&self, number: u64, error: &InputError) -> Option<RowResult> {
        let fault = error.to_string();
        if matches!(error, InputError::Broken(_)) {
            // The rows before it are still run.
            self.stop.borrow_mut().get_or_insert(Stop::Input(fault));
            return None;
        }
        let error = invalid(&fault);
        if self.job.fail_fast {
            self.stop(Stop::Failed { row: number, error: error.clone() });
        }
        Some(RowResult { row: number, status: "failed", error: Some(error), ..RowResult::default() })
    }

    /// Looks up what is left to do for a row.
    fn plan(&self, mut values: Values, number: u64) -> Result<RowRun<Steps::Work>, RowFault> {
        let identity = Identity::extract(&mut values, self.job.defaults)?;
        if let Some(seen) = &self.seen {
            seen.borrow_mut().add(&identity)?;
        }
        let claim = self.job.journal.map(|journal| journal.claim(&identity.text)).transpose();
        let (copy, last) = claim.map(Option::unwrap_or_default).map_err(|error| {
            let fault = RowFault::whole_row(error.to_string());
            self.stop(Stop::Journal(error));
            fault
        })?;
        let earlier = last.as_ref().map(|last| last.state);
        let mut entry = if let Some(last) = last {
            resume(last, &identity)?
        } else {
            let fresh = || match self.job.journal {
                Some(journal) => journal.fresh_id(&identity.text, copy),
                None => Uuid::new_v4().to_string(),
            };
            Entry::new(identity.text.clone(), copy, identity.request_id.clone().unwrap_or_else(fresh))
        };
        entry.row = number;
        entry.content = identity.keyed().then_some(identity.content);
        let planned = self.task.plan(&values, &entry.request_id)?;
        let since = entry.unknown_since.filter(|since| (self.job.now)() - *since > REQUEST_ID_LIFETIME);
        if let Some(since) = since.filter(|_| self.job.words.by_request_id) {
            self.results.borrow().warn(format!(
                "row {number} was sent on {} and got no response. Repeating it with its request id {}, which Google \
                 may have forgotten: check for a duplicate",
                since.date(),
                entry.request_id
            ));
        }
        let object = entry.result.take();
        Ok(RowRun { planned, earlier, entry, object })
    }

    /// Awaits requests of a row, which counts as in flight meanwhile.
    async fn in_flight<Output>(&self, entry: &Entry, requests: impl Future<Output = Output>) -> Output {
        self.in_flight.borrow_mut().insert(entry.row, entry.request_id.clone());
        let output = requests.await;
        self.in_flight.borrow_mut().remove(&entry.row);
        output
    }

    /// Makes all rows wait after the server limited the rate.
    fn refused(&self, retry_after: Option<Duration>) {
        self.limiter.refused(retry_after);
        self.results.borrow().paused(self.limiter.pause());
    }

    /// Ends a row that waits when the run stops. It counts as not started unless it created something, or may have.
    fn give_up(&self, row: RowRun<Steps::Work>, refusal: Option<StepError>) -> Option<RowResult> {
        let matters = row.entry.name.is_some() || row.entry.unknown_since.is_some();
        refusal.filter(|_| matters).map(|error| self.failed(row, error))
    }

    /// Ends a row that failed.
    fn failed(&self, mut row: RowRun<Steps::Work>, step: StepError) -> RowResult {
        let StepError { mut error, ends_run, refused, .. } = step;
        let exists = row.entry.name.is_some();
        let unknown = !exists && row.entry.unknown_since.is_some();
        if unknown && !is_unknown(&error) {
            let message = error["message"].as_str().unwrap_or_default();
            let id = Some(&row.entry.request_id).filter(|_| self.job.words.by_request_id);
            let id = id.map(|id| format!(" (request id {id})")).unwrap_or_default();
            error["message"] = format!("{message}; an earlier attempt may have been applied{id}").into();
            error["outcome"] = "unknown".into();
        }
        if unknown && self.job.journal.is_none() {
            error["hint"] = if row.entry.content.is_some() {
                "run this row again: its key or request id makes that safe".into()
            } else if self.job.words.by_request_id {
                format!("set request-id {} in this row and run it again", row.entry.request_id).into()
            } else if error["code"] == "permission_denied" {
                // The request itself may have taken the permission away, so the row would be refused again.
                error["hint"].take()
            } else {
                "run this row again; it may already be done".into()
            };
        }
        let state = if exists {
            State::Exists
        } else if refused && !unknown {
            State::Refused
        } else {
            // A request that may have been applied keeps its id, whatever the last response was.
            State::Failed
        };
        self.record_state(&mut row, state, Some(&error));
        let is_temporary = unknown || error["exitCode"] == 6;
        if let Some(name) = row.planned.exclusive.take().filter(|_| is_temporary) {
            self.locks.fail(name, row.entry.row);
        }
        if ends_run || self.job.fail_fast {
            self.stop(Stop::Failed { row: row.entry.row, error: error.clone() });
        }
        row.result("failed", Some(error))
    }

    /// Writes the state of a row to the journal, if there is one. Returns whether it could be written.
    fn record_state(&self, row: &mut RowRun<Steps::Work>, state: State, error: Option<&Value>) -> bool {
        let Some(journal) = self.job.journal else { return true };
        (row.entry.state, row.entry.at) = (state, (self.job.now)());
        row.entry.error = error.cloned();
        let appended = journal.append(&mut row.entry).map_err(|error| self.stop(Stop::Journal(error))).is_ok();
        if appended {
            row.entry.result = None;
        }
        appended
    }

    /// Syncs the journal, if there is one. Returns whether that worked.
    async fn sync(&self) -> bool {
        let Some(journal) = self.job.journal else { return true };
        journal.sync().await.map_err(|error| self.stop(Stop::Journal(error))).is_ok()
    }
}

/// Continues the entry of an earlier run, with the request id of the next attempt.
///
/// # Errors
/// The row changed under its key although it may have been applied.
fn resume(last: Entry, identity: &Identity) -> Result<Entry, RowFault> {
    let unknown_since = last.unknown_since();
    let settled = matches!(last.state, State::Failed | State::Refused) && unknown_since.is_none();
    if identity.keyed() && last.content.as_ref() != Some(&identity.content) && !settled {
        return Err(RowFault::whole_row(
            "the row changed since the earlier run, but its key or request id did not: restore the row",
        ));
    }
    let request_id = match &identity.request_id {
        Some(own) => own.clone(),
        // The API may remember that it refused this id. The next one follows from it, so that every run agrees.
        None if last.state == State::Refused => {
            let refused = Uuid::parse_str(&last.request_id).unwrap_or_default();
            Uuid::new_v5(&refused, b"after a refusal").to_string()
        }
        None => last.request_id.clone(),
    };
    Ok(Entry { request_id, unknown_since, ..last })
}
