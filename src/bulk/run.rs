//! A run: a stream of rows, several at a time, with results in the order of the input.

use std::cell::RefCell;
use std::pin::pin;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::input::read_ahead;
use super::locks::Locks;
use super::progress::pluralize;
use super::rate_limiter::RateLimiter;
use super::results::{Ending, Output, Results, Stop};
use super::row::{Job, Run, run_row};
use super::task::Task;
use crate::platform::signals::Interruptions;

/// How long an interrupted run waits for a reader that does not read.
const READER_GRACE: Duration = Duration::from_millis(500);

/// Runs every row. After a first signal no further row starts, and those in flight are finished; after a second one they
/// are abandoned.
pub async fn run<Steps: Task>(task: &Steps, job: Job<'_>, output: Output<'_>, signals: &mut Interruptions) -> Ending {
    let now = (job.now)();
    let earlier = job.journal.iter().flat_map(|journal| journal.recent());
    // A clock that was set back makes an age negative.
    let ages = earlier.map(|at| Duration::try_from(now - at).unwrap_or_default());
    let run = Run {
        task,
        job: &job,
        limiter: RateLimiter::new(job.rate, job.concurrency, ages),
        locks: Locks::default(),
        results: RefCell::new(Results::new(output, job.total)),
        in_flight: RefCell::default(),
        seen: job.total.is_none().then(RefCell::default),
        stop: RefCell::default(),
    };
    let shared = &run;
    let incoming = read_ahead(job.source.clone(), job.columns.to_vec());
    let rows = stream::unfold((incoming, 1), |(mut incoming, number)| async move {
        let room = shared.results.borrow().wait_for_window(number);
        room.await;
        let row = if shared.limiter.is_closed() { None } else { incoming.recv().await };
        row.map(|row| ((row, number), (incoming, number + 1)))
    });
    let rows = rows.map(|(row, number)| async move { (number, run_row(shared, row, number).await) });
    let mut reader_gone = pin!(run.results.borrow().reader_gone());
    let (mut first_signal, mut abandoned) = (None, Vec::new());
    {
        let mut rows = pin!(rows.buffer_unordered(job.concurrency.max(1)));
        loop {
            let stopped = run.limiter.is_closed();
            // A pipe that nobody writes to would keep the stream waiting.
            let idle = stopped && run.in_flight.borrow().is_empty();
            tokio::select! {
                // Rows that need no request may always be ready.
                biased;
                interruption = signals.next() => {
                    let in_flight: Vec<_> = run.in_flight.borrow().clone().into_iter().collect();
                    if let Some(first) = first_signal {
                        // What stopped the run before the signals does not name these rows.
                        run.stop.replace(Some(Stop::Interrupted(first)));
                        abandoned = in_flight;
                        break;
                    }
                    first_signal = Some(interruption);
                    run.stop(Stop::Interrupted(interruption));
                    if !in_flight.is_empty() {
                        let what = pluralize(in_flight.len(), "request");
                        run.results.borrow().note(format!("Finishing {what} in flight (Ctrl-C again to stop)"));
                    }
                }
                () = &mut reader_gone, if !stopped => run.stop(Stop::ReaderGone),
                row = rows.next() => {
                    let Some((number, result)) = row else { break };
                    run.results.borrow_mut().add(number, result);
                    if job.preview.is_some_and(|is_shown| !is_shown()) {
                        run.stop(Stop::ReaderGone);
                    }
                }
                () = tokio::time::sleep(Duration::ZERO), if idle => break,
            }
        }
    }
    let stop = run.stop.take();
    let identical = run.seen.map_or(0, |seen| seen.into_inner().identical);
    let limit = matches!(stop, Some(Stop::Interrupted(_) | Stop::ReaderGone)).then_some(READER_GRACE);
    let mut ending = run.results.into_inner().finish(limit).await;
    let in_flight = u64::try_from(abandoned.len()).unwrap_or_default();
    ending.unknown.extend(abandoned);
    ending.unknown.sort();
    let not_started = job.total.map(|total| total.saturating_sub(ending.counts.ended() + in_flight));
    Ending { not_started, in_flight, identical, stop, ..ending }
}
