//! The results of a run: one line per row, in the order of the input. A thread writes them, so a reader that does not read
//! only keeps further rows from starting.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::sync::watch;

use super::journal_error::JournalError;
use super::progress::{Progress, approximate};
use super::task::is_unknown;
use crate::output::Messages;
use crate::platform::signals::Interruption;

/// The maximum number of results that wait to be written, or for an earlier row, before no further row starts.
pub(super) const WINDOW: u64 = 256;

/// The codes of errors for which a row itself is at fault, not the account or the project.
const OF_THE_ROW: [&str; 4] = ["input_invalid", "invalid_argument", "already_exists", "not_found"];

/// The result of a row.
#[derive(Debug, Clone, Default)]
pub struct RowResult {
    /// The number of the row, from 1.
    pub row: u64,
    /// The status, such as "created", "existing", "skipped" or "failed".
    pub status: &'static str,
    /// The name of the row before anything was created.
    pub label: String,
    /// The request id.
    pub request_id: Option<String>,
    /// The resource name.
    pub name: Option<String>,
    /// The resource, if there is one.
    pub object: Option<Value>,
    /// The JSON error of a failed row.
    pub error: Option<Value>,
    /// The number of requests.
    pub attempts: u32,
}

impl RowResult {
    /// Returns the result as a JSON object. `status` is the key of the status, and `object` that of the resource.
    pub fn to_json(&self, status: &str, object: &str) -> Value {
        let mut json = Map::new();
        for (name, value) in [
            ("row", Some(Value::from(self.row))),
            (status, Some(Value::from(self.status))),
            ("requestId", self.request_id.as_deref().map(Value::from)),
            (object, self.object.clone()),
            // The server sends no object for an existing member, for example.
            ("name", self.name.as_deref().filter(|_| self.object.is_none()).map(Value::from)),
            ("error", self.error.clone()),
            ("attempts", Some(Value::from(self.attempts))),
        ] {
            json.extend(value.map(|value| (name.to_owned(), value)));
        }
        Value::Object(json)
    }

    /// Returns the resource name; empty if there is none.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Returns why the row failed and what to do; `None` if it did not fail.
    fn failure(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        let hint = error["hint"].as_str().map(|hint| format!("; {hint}")).unwrap_or_default();
        Some(format!("Row {}: {}{hint}", self.row, error["message"].as_str().unwrap_or_default()))
    }

    /// Returns the message for standard error if the line cannot be written; empty for a row that changed nothing.
    fn fallback_message(&self) -> String {
        let Self { row, status, .. } = self;
        match (&self.name, &self.error, &self.request_id) {
            (Some(name), ..) => format!("Row {row}: {status} {name}"),
            (None, Some(error), Some(id)) if is_unknown(error) => {
                let message = error["message"].as_str().unwrap_or_default();
                format!("Row {row}: {message}; it may have been applied with request id {id}")
            }
            _ => String::new(),
        }
    }
}

/// The number of rows by status.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Done in this run.
    pub done: u64,
    /// Existed before.
    pub existing: u64,
    /// Done by an earlier run.
    pub skipped: u64,
    /// Failed, including those of unknown outcome.
    pub failed: u64,
    /// Failed, and may have been applied.
    pub unknown: u64,
    /// Failed, and the resource exists.
    pub unfinished: u64,
    /// Failed, and would again: the row cannot be used, or the API rejected what it says.
    pub rejected: u64,
}

impl Counts {
    /// Returns the number of rows that ended.
    pub const fn ended(self) -> u64 {
        self.done + self.existing + self.skipped + self.failed
    }
}

/// Why a run ended before its last row.
#[derive(Debug)]
pub enum Stop {
    /// A signal.
    Interrupted(Interruption),
    /// The reader of the results closed the pipe.
    ReaderGone,
    /// A failure that every further row would meet, or any failure with `--fail-fast`; of several, that of the first row.
    Failed {
        /// The row.
        row: u64,
        /// The JSON error.
        error: Value,
    },
    /// The journal cannot be used.
    Journal(JournalError),
    /// The rest of the input cannot be read.
    Input(String),
}

/// How a run ended.
#[derive(Debug, Default)]
pub struct Ending {
    /// The number of rows by status.
    pub counts: Counts,
    /// The number of rows that were not started, if the number of rows is known.
    pub not_started: Option<u64>,
    /// The number of rows whose requests were abandoned.
    pub in_flight: u64,
    /// The rows of unknown outcome with their request ids, including those in flight.
    pub unknown: Vec<(u64, String)>,
    /// The number of rows that are identical to another one, if the input was not checked before.
    pub identical: u64,
    /// Why the run ended early.
    pub stop: Option<Stop>,
    /// The first error of the format, such as that of a filter.
    pub format_fault: Option<String>,
    /// The first error of the output.
    pub output_fault: Option<io::Error>,
}

/// The format and the destination of results.
pub struct Output<'a> {
    /// Formats a result; an empty line is not written.
    pub format: &'a dyn Fn(&RowResult) -> Result<Vec<u8>, String>,
    /// Whether the line of a failed row tells why. Standard error does otherwise, and for a row without a line.
    pub tells_failures: bool,
    /// Standard output.
    pub out: Box<dyn Write + Send>,
    /// Standard error.
    pub messages: Messages,
    /// Whether to show a progress bar.
    pub progress: bool,
}

/// What the thread writes or shows.
enum Event {
    /// The line of the next row; empty if it has none.
    Row(u64, Vec<u8>),
    Warning(String),
    Note(String),
    /// The numbers of rows for the progress bar.
    Counts(Counts),
    /// All rows wait for quota.
    Paused(Duration),
}

/// How far the thread is.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    /// The last row that was handled.
    row: u64,
    /// The last row before the first fault of the output, after which nothing is written: a line may be torn.
    intact: u64,
    reader_gone: bool,
}

/// Orders results and passes them to the thread that writes them.
pub(super) struct Results<'a> {
    format: &'a dyn Fn(&RowResult) -> Result<Vec<u8>, String>,
    tells_failures: bool,
    messages: Messages,
    events: Sender<Event>,
    /// Closed when the thread ends.
    written: watch::Receiver<Written>,
    /// Returns the fault of the output.
    thread: JoinHandle<Option<io::Error>>,
    /// Results that wait for those of earlier rows; `None` for a row that was not started.
    waiting: BTreeMap<u64, Option<RowResult>>,
    /// The messages of rows whose lines are not written yet, by row.
    unwritten: BTreeMap<u64, String>,
    /// The messages of rows that could not be formatted, by row.
    unformatted: BTreeMap<u64, String>,
    next: u64,
    ending: Ending,
}

impl<'a> Results<'a> {
    pub(super) fn new(output: Output<'a>, total: Option<u64>) -> Self {
        let (events, incoming) = channel();
        let (handled, written) = watch::channel(Written::default());
        let Output { format, tells_failures, mut out, messages, progress } = output;
        let progress = Progress::new(total, progress);
        let thread = std::thread::spawn(move || write(&incoming, &handled, &mut *out, messages, progress));
        Self {
            format,
            tells_failures,
            messages,
            events,
            written,
            thread,
            waiting: BTreeMap::new(),
            unwritten: BTreeMap::new(),
            unformatted: BTreeMap::new(),
            next: 1,
            ending: Ending::default(),
        }
    }

    /// Waits until a row may start.
    pub(super) fn wait_for_window(&self, row: u64) -> impl Future<Output = ()> + use<> {
        until(self.written.clone(), move |written| row <= written.row + WINDOW)
    }

    /// Waits until the reader of the results has closed the pipe.
    pub(super) fn reader_gone(&self) -> impl Future<Output = ()> + use<> {
        until(self.written.clone(), |written| written.reader_gone)
    }

    /// Adds the result of a row; `None` if it was not started.
    pub(super) fn add(&mut self, row: u64, result: Option<RowResult>) {
        let counts = &mut self.ending.counts;
        match result.as_ref().map(|result| result.status) {
            None => {}
            Some("skipped" | "skip") => counts.skipped += 1,
            Some("existing" | "finish") => counts.existing += 1,
            Some("failed") => counts.failed += 1,
            Some(_) => counts.done += 1,
        }
        if let Some(RowResult { error: Some(error), name, request_id, .. }) = &result {
            counts.unfinished += u64::from(name.is_some());
            if is_unknown(error) {
                counts.unknown += 1;
                self.ending.unknown.push((row, request_id.clone().unwrap_or_default()));
            } else if name.is_none() {
                counts.rejected += u64::from(error["code"].as_str().is_some_and(|code| OF_THE_ROW.contains(&code)));
            }
        }
        let counts = *counts;
        self.send(Event::Counts(counts));
        self.waiting.insert(row, result);
        while let Some(result) = self.waiting.remove(&self.next) {
            self.forward(self.next, result.as_ref());
            self.next += 1;
        }
    }

    /// Passes a result to the thread. Its message is kept until its line is written.
    fn forward(&mut self, row: u64, result: Option<&RowResult>) {
        self.forget_written();
        let message = || result.map(RowResult::fallback_message).unwrap_or_default();
        let formatted = result.map_or_else(|| Ok(Vec::new()), self.format);
        let is_told = self.tells_failures && formatted.as_ref().is_ok_and(|line| !line.is_empty());
        if let Some(failure) = result.and_then(RowResult::failure).filter(|_| !is_told) {
            self.note(failure);
        }
        let line = match formatted {
            Ok(line) => {
                if !line.is_empty() {
                    self.unwritten.insert(row, message());
                }
                line
            }
            Err(fault) => {
                self.ending.format_fault.get_or_insert(fault);
                self.unformatted.insert(row, message());
                Vec::new()
            }
        };
        self.send(Event::Row(row, line));
    }

    fn forget_written(&mut self) {
        self.unwritten = self.unwritten.split_off(&(self.written.borrow().intact + 1));
    }

    /// Prints a warning between two results.
    pub(super) fn warn(&self, text: String) {
        self.send(Event::Warning(text));
    }

    /// Prints a message between two results.
    pub(super) fn note(&self, text: String) {
        self.send(Event::Note(text));
    }

    /// Shows that all rows wait for quota.
    pub(super) fn paused(&self, pause: Duration) {
        self.send(Event::Paused(pause));
    }

    fn send(&self, event: Event) {
        // The thread ends after this sender.
        let _ = self.events.send(event);
    }

    /// Writes the rest, for at most `limit`, and prints on standard error what could not be written.
    pub(super) async fn finish(mut self, limit: Option<Duration>) -> Ending {
        for (row, result) in std::mem::take(&mut self.waiting) {
            self.forward(row, result.as_ref());
        }
        // The thread ends after the last event.
        self.events = channel().0;
        let all = until(self.written.clone(), |_| false);
        match limit {
            // Only a thread that waits for its reader takes this long.
            Some(limit) => drop(tokio::time::timeout(limit, all).await),
            None => all.await,
        }
        self.forget_written();
        self.unwritten.append(&mut self.unformatted);
        for message in self.unwritten.values().filter(|message| !message.is_empty()) {
            self.messages.print(message);
        }
        let ended = self.written.has_changed().is_err();
        let output_fault = if ended { self.thread.join().unwrap_or_default() } else { None };
        Ending { output_fault, ..self.ending }
    }
}

async fn until(mut written: watch::Receiver<Written>, enough: impl Fn(&Written) -> bool) {
    // The thread ends after the last row.
    let _ = written.wait_for(|written| enough(written)).await;
}

/// Writes until there are no more events. Returns the first fault of the output.
fn write(
    events: &Receiver<Event>,
    handled: &watch::Sender<Written>,
    out: &mut dyn Write,
    messages: Messages,
    mut progress: Progress,
) -> Option<io::Error> {
    let (mut fault, mut shown) = (None, Instant::now());
    loop {
        let event = events.recv_timeout(progress.frame());
        // Results that come faster than frames must not keep the bar from being drawn.
        if shown.elapsed() >= progress.frame() {
            progress.show();
            shown = Instant::now();
        }
        match event {
            Ok(Event::Warning(text)) => messages.warning(&text),
            Ok(Event::Note(text)) => messages.print(&text),
            Ok(Event::Counts(counts)) => (progress.ended, progress.failed) = (counts.ended(), counts.failed),
            Ok(Event::Paused(pause)) => {
                if progress.pause(pause) {
                    messages.note(&format!("Waiting for quota ({})", approximate(pause)));
                }
            }
            Ok(Event::Row(row, line)) => {
                if !line.is_empty() && fault.is_none() {
                    fault = progress.without(|| out.write_all(&line).and_then(|()| out.flush())).err();
                }
                handled.send_modify(|written| {
                    written.row = row;
                    match &fault {
                        None => written.intact = row,
                        Some(fault) => written.reader_gone = fault.kind() == ErrorKind::BrokenPipe,
                    }
                });
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    progress.end();
    fault
}
