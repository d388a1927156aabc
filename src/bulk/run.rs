//! A run: a stream of rows, so many at a time, whose results come in the order of the input.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::pin;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use time::OffsetDateTime;

use super::input::read_ahead;
use super::journal::Journal;
use super::locks::Locks;
use super::progress::count;
use super::rate::Rate;
use super::rate_limiter::RateLimiter;
use super::results::{Counts, Output, Results, RowResult};
use super::row::{Earlier, Run, Stop, run_row, unusable};
use super::task::Task;
use crate::platform::input::Source;
use crate::platform::signals::Interruptions;

/// How long an interrupted run waits for a reader who does not read.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What is to be run.
pub struct Job<'a> {
    /// The rows.
    pub source: Source,
    /// How many there are, where the whole input was checked.
    pub total: Option<u64>,
    /// The journal.
    pub journal: Option<&'a Journal>,
    /// How fast.
    pub rate: Rate,
    /// How many requests may be in flight at once.
    pub concurrency: usize,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// The current time, by the server's clock where that is known.
    pub now: &'a dyn Fn() -> OffsetDateTime,
}

/// How a run has ended.
#[derive(Debug)]
pub struct Ending {
    /// How many rows ended how.
    pub counts: Counts,
    /// How many rows were not started; `None` where nobody knows.
    pub not_started: Option<u64>,
    /// How many rows were in flight when the run was told to end at once.
    pub in_flight: u64,
    /// Rows that may have been applied, with their request ids: those in flight too.
    pub unknown: Vec<(u64, String)>,
    /// How many rows of an input that was not checked say the same as another one.
    pub identical: u64,
    /// Why the run ended early.
    pub stop: Option<Stop>,
    /// Why some results could not be made into lines.
    pub format_fault: Option<String>,
    /// Why some results could not be written.
    pub output_fault: Option<io::Error>,
}

fn new_run<'a, Kind: Task>(task: &'a Kind, job: &Job<'a>, output: Output<'a>) -> Run<'a, Kind> {
    let now = (job.now)();
    let earlier = job.journal.iter().flat_map(|journal| journal.recent());
    let ages = earlier.filter_map(|at| Duration::try_from(now - at).ok());
    Run {
        task,
        journal: job.journal,
        limiter: RateLimiter::new(job.rate, job.concurrency, ages),
        locks: Locks::default(),
        fail_fast: job.fail_fast,
        now: job.now,
        results: RefCell::new(Results::new(output, job.total)),
        in_flight: RefCell::default(),
        seen: job.total.is_none().then(RefCell::default),
        stop: RefCell::default(),
        stopped: Cell::new(false),
    }
}

/// Shows what would happen to every row: the verb of the task, `retry`, `finish` or `skip`. Sends nothing.
pub async fn preview<Kind: Task>(task: &Kind, job: Job<'_>, output: Output<'_>) -> Ending {
    let run = new_run(task, &job, output);
    let mut rows = read_ahead(job.source.clone(), task.columns().to_vec());
    let mut number = 0;
    while let Some(row) = rows.recv().await {
        number += 1;
        let room = run.results.borrow().room(number);
        room.await;
        let result = match run.prepare(row, number) {
            Err(None) => break,
            Err(Some(report)) => unusable(number, *report),
            Ok(row) => {
                let tried = row.tried;
                let (status, created) = match &row.earlier {
                    Earlier::Finished(created) => ("skip", Some(created.clone())),
                    Earlier::Exists(created) => ("finish", Some(created.clone())),
                    Earlier::Nothing if tried => ("retry", None),
                    Earlier::Nothing => (task.words().verb, None),
                };
                let result = row.result(task, status, created, None);
                RowResult { request_id: result.request_id.filter(|_| tried), ..result }
            }
        };
        run.results.borrow_mut().add(number, Some(result), Duration::ZERO);
    }
    run.end(&job, Vec::new()).await
}

/// Runs every row. A first signal lets nothing leave any more and waits for what is in flight, a second one does not.
pub async fn run<Kind: Task>(task: &Kind, job: Job<'_>, output: Output<'_>, signals: &mut Interruptions) -> Ending {
    let run = new_run(task, &job, output);
    let incoming = read_ahead(job.source.clone(), task.columns().to_vec());
    let rows = stream::unfold((incoming, 1_u64), |(mut incoming, number)| {
        let room = run.results.borrow().room(number);
        let stopped = &run.stopped;
        async move {
            room.await;
            let row = if stopped.get() { None } else { incoming.recv().await };
            row.map(|row| ((row, number), (incoming, number + 1)))
        }
    });
    let rows = rows.map(|(row, number)| {
        let run = &run;
        async move { (number, run_row(run, row, number).await) }
    });
    let mut reader_gone = pin!(run.results.borrow().reader_gone());
    let mut dropped = Vec::new();
    {
        let mut rows = pin!(rows.buffer_unordered(job.concurrency.max(1)));
        loop {
            // A pipe that nobody writes to keeps the stream waiting, and nothing is in flight.
            let idle = run.stopped.get() && run.in_flight.borrow().is_empty();
            tokio::select! {
                biased;
                row = rows.next() => match row {
                    Some((number, result)) => run.results.borrow_mut().add(number, result, run.limiter.pause()),
                    None => break,
                },
                interruption = signals.next() => {
                    if run.stopped.get() {
                        dropped = run.in_flight.borrow().iter().map(|(row, id)| (*row, id.clone())).collect();
                        break;
                    }
                    run.stop(Stop::Interrupted(interruption));
                    let in_flight = run.in_flight.borrow().len();
                    if in_flight > 0 {
                        let what = count(u64::try_from(in_flight).unwrap_or(u64::MAX), "request");
                        run.results.borrow().note(format!("Finishing {what} in flight (Ctrl-C again to stop)"));
                    }
                }
                () = &mut reader_gone, if !run.stopped.get() => run.stop(Stop::ReaderGone),
                () = tokio::time::sleep(Duration::ZERO), if idle => break,
            }
        }
    }
    run.end(&job, dropped).await
}

impl<Kind: Task> Run<'_, Kind> {
    async fn end(self, job: &Job<'_>, in_flight: Vec<(u64, String)>) -> Ending {
        let stop = self.stop.take();
        let identical = self.seen.as_ref().map_or(0, |seen| seen.borrow().identical);
        let limit = matches!(stop, Some(Stop::Interrupted(_) | Stop::ReaderGone)).then_some(LAST_WORDS);
        let written = self.results.into_inner().finish(limit).await;
        let in_flight_count = u64::try_from(in_flight.len()).unwrap_or_default();
        let started = written.counts.ended() + in_flight_count;
        let mut unknown = written.unknown;
        unknown.extend(in_flight);
        unknown.sort();
        Ending {
            counts: written.counts,
            not_started: job.total.map(|total| total.saturating_sub(started)),
            in_flight: in_flight_count,
            unknown,
            identical,
            stop,
            format_fault: written.format_fault,
            output_fault: written.fault,
        }
    }
}
