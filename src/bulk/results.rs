//! The results of a run: one line a row, in the order of the input, written by a thread of their own, so that a reader who
//! does not read holds up nothing but the start of further rows.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::progress::{Progress, Stats};
use super::task::{Created, Report};
use crate::output::Messages;

/// How many results may wait to be written, or for the result of an earlier row, before no further row is started.
pub(super) const WINDOW: u64 = 256;

/// How often the progress bar is drawn.
const FRAME: Duration = Duration::from_millis(200);

/// What a row has come to.
#[derive(Debug, Clone, PartialEq)]
pub struct RowResult {
    /// The number of the row, from 1.
    pub row: u64,
    /// As in "created", "existing", "skipped", "failed".
    pub status: &'static str,
    /// The request id.
    pub request_id: Option<String>,
    /// What was created, or was there.
    pub created: Option<Created>,
    /// Why it failed.
    pub error: Option<Report>,
    /// How the row is called, where it says so itself.
    pub label: String,
    /// How many requests it has cost.
    pub attempts: u32,
}

impl RowResult {
    /// The resource name; empty where there is none.
    pub fn name(&self) -> &str {
        self.created.as_ref().map_or("", |created| &created.name)
    }
}

/// How many rows ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Done now.
    pub done: u64,
    /// There before.
    pub existing: u64,
    /// Done by an earlier run.
    pub skipped: u64,
    /// Failed, with those that may have been applied.
    pub failed: u64,
    /// Failed, and may have been applied.
    pub unknown: u64,
}

impl Counts {
    /// How many rows have ended.
    pub const fn ended(self) -> u64 {
        self.done + self.existing + self.skipped + self.failed
    }
}

/// Where results go, and how they look.
pub struct Output<'a> {
    /// Makes a line of a result; an empty one is not written.
    pub format: &'a dyn Fn(&RowResult) -> Result<Vec<u8>, String>,
    /// Standard output.
    pub out: Box<dyn Write + Send>,
    /// Standard error.
    pub messages: Messages,
    /// Whether a progress bar is shown there.
    pub progress: bool,
}

/// What the thread is given.
enum Event {
    /// The next row: its line, and what is told on standard error where that cannot be written.
    Row {
        row: u64,
        line: Vec<u8>,
        told: String,
    },
    Warning(String),
    Note(String),
}

/// What the thread and the run have in common.
struct Shared {
    /// The last row that the thread is done with.
    taken: AtomicU64,
    room: Notify,
    gone: AtomicBool,
    /// Wakes the run when nobody reads the results any more.
    reader_gone: Notify,
    fault: Mutex<Option<io::Error>>,
    /// What is told of rows whose lines could not be written.
    untold: Mutex<Vec<String>>,
    stats: Mutex<Stats>,
}

/// Puts results in order and has them written.
pub(super) struct Results<'a> {
    format: &'a dyn Fn(&RowResult) -> Result<Vec<u8>, String>,
    messages: Messages,
    events: Sender<Event>,
    ended: oneshot::Receiver<()>,
    shared: Arc<Shared>,
    /// Results that wait for those of earlier rows; `None` for a row that was not started.
    waiting: BTreeMap<u64, Option<RowResult>>,
    next: u64,
    /// What is told of rows that the thread may not have written yet.
    handed_over: VecDeque<(u64, String)>,
    counts: Counts,
    unknown: Vec<(u64, String)>,
    format_fault: Option<String>,
}

/// What is left to report when everything is written.
pub(super) struct Written {
    pub(super) counts: Counts,
    /// Rows that may have been applied, with their request ids.
    pub(super) unknown: Vec<(u64, String)>,
    pub(super) format_fault: Option<String>,
    pub(super) fault: Option<io::Error>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Results<'a> {
    pub(super) fn new(output: Output<'a>, total: Option<u64>) -> Self {
        let stats = Stats { started: Instant::now(), total, ended: 0, failed: 0, paused_until: None };
        let shared = Arc::new(Shared {
            taken: AtomicU64::new(0),
            room: Notify::new(),
            gone: AtomicBool::new(false),
            reader_gone: Notify::new(),
            fault: Mutex::new(None),
            untold: Mutex::new(Vec::new()),
            stats: Mutex::new(stats),
        });
        let (events, incoming) = channel();
        let (tell, ended) = oneshot::channel();
        let (thread, messages) = (Arc::clone(&shared), output.messages);
        let progress = output.progress.then(|| Progress::new(total));
        let mut out = output.out;
        std::thread::spawn(move || {
            write(&incoming, &thread, &mut *out, messages, progress.as_ref());
            // Who does not wait any more is about to end the program.
            let _ = tell.send(());
        });
        Self {
            format: output.format,
            messages,
            events,
            ended,
            shared,
            waiting: BTreeMap::new(),
            next: 1,
            handed_over: VecDeque::new(),
            counts: Counts::default(),
            unknown: Vec::new(),
            format_fault: None,
        }
    }

    /// Waits until a row may be started.
    pub(super) fn room(&self, row: u64) -> impl Future<Output = ()> + use<> {
        let shared = Arc::clone(&self.shared);
        async move {
            while row > shared.taken.load(Ordering::Acquire) + WINDOW {
                shared.room.notified().await;
            }
        }
    }

    /// Waits until nobody reads the results any more.
    pub(super) fn reader_gone(&self) -> impl Future<Output = ()> + use<> {
        let shared = Arc::clone(&self.shared);
        async move {
            while !shared.gone.load(Ordering::Acquire) {
                shared.reader_gone.notified().await;
            }
        }
    }

    /// A row has ended, or was not started.
    pub(super) fn add(&mut self, row: u64, result: Option<RowResult>, pause: Duration) {
        match result.as_ref().map(|result| result.status) {
            None => {}
            Some("skipped" | "skip") => self.counts.skipped += 1,
            Some("existing" | "finish") => self.counts.existing += 1,
            Some("failed") => self.counts.failed += 1,
            Some(_) => self.counts.done += 1,
        }
        let unknown = result.as_ref().filter(|result| result.error.as_ref().is_some_and(Report::is_unknown));
        self.counts.unknown += u64::from(unknown.is_some());
        self.unknown.extend(unknown.and_then(|result| Some((row, result.request_id.clone()?))));
        {
            let mut stats = locked(&self.shared.stats);
            (stats.ended, stats.failed) = (self.counts.ended(), self.counts.failed);
            stats.paused_until = (!pause.is_zero()).then(|| Instant::now() + pause);
        }
        self.waiting.insert(row, result);
        while let Some(result) = self.waiting.remove(&self.next) {
            self.hand_over(self.next, result.as_ref());
            self.next += 1;
        }
    }

    fn hand_over(&mut self, row: u64, result: Option<&RowResult>) {
        let told = result.map(told).unwrap_or_default();
        let line = match result.map(self.format) {
            None => Vec::new(),
            Some(Ok(line)) => line,
            Some(Err(fault)) => {
                self.format_fault.get_or_insert(fault);
                locked(&self.shared.untold).push(told.clone());
                Vec::new()
            }
        };
        if let Some(created) = result.and_then(|result| result.created.as_ref())
            && let Some(warning) = &created.warning
        {
            self.warn(format!("row {row}: {warning}"));
        }
        let taken = self.shared.taken.load(Ordering::Acquire);
        while self.handed_over.front().is_some_and(|(row, _)| *row <= taken) {
            self.handed_over.pop_front();
        }
        self.handed_over.push_back((row, told.clone()));
        // The thread ends after this does.
        let _ = self.events.send(Event::Row { row, line, told });
    }

    /// Says something that is not as it should be, between two results.
    pub(super) fn warn(&self, text: String) {
        let _ = self.events.send(Event::Warning(text));
    }

    /// Says something, between two results.
    pub(super) fn note(&self, text: String) {
        let _ = self.events.send(Event::Note(text));
    }

    /// Everybody waits for quota.
    pub(super) fn paused(&self, pause: Duration) {
        locked(&self.shared.stats).paused_until = Some(Instant::now() + pause);
    }

    /// Writes what is left, for at most as long as `limit`, and tells on standard error what could not be written.
    pub(super) async fn finish(mut self, limit: Option<Duration>) -> Written {
        for (row, result) in std::mem::take(&mut self.waiting) {
            self.hand_over(row, result.as_ref());
        }
        let Self { events, ended, shared, mut handed_over, counts, unknown, format_fault, messages, .. } = self;
        drop(events);
        // Only a thread that waits for its reader takes long.
        let _ = tokio::time::timeout(limit.unwrap_or(Duration::MAX), ended).await;
        let taken = shared.taken.load(Ordering::Acquire);
        handed_over.retain(|(row, _)| *row > taken);
        let untold = std::mem::take(&mut *locked(&shared.untold));
        for told in
            untold.into_iter().chain(handed_over.into_iter().map(|(_, told)| told)).filter(|told| !told.is_empty())
        {
            messages.always(&told);
        }
        let fault = locked(&shared.fault).take();
        Written { counts, unknown, format_fault, fault }
    }
}

/// What is told of a row on standard error.
fn told(result: &RowResult) -> String {
    let RowResult { row, status, .. } = result;
    match (result.name(), &result.error, &result.request_id) {
        ("", Some(report), Some(id)) if report.is_unknown() => {
            format!("Row {row}: {}, and may have been applied under the request id {id}.", report.message)
        }
        ("", ..) => String::new(),
        (name, ..) => format!("Row {row}: {status} {name}."),
    }
}

fn write(
    events: &Receiver<Event>,
    shared: &Shared,
    out: &mut dyn Write,
    messages: Messages,
    progress: Option<&Progress>,
) {
    let without_bar = |write: &mut dyn FnMut()| match progress {
        Some(progress) => progress.without(write),
        None => write(),
    };
    loop {
        let event = match progress {
            Some(progress) => {
                let event = events.recv_timeout(FRAME);
                if matches!(event, Err(RecvTimeoutError::Timeout)) {
                    progress.show(&locked(&shared.stats));
                }
                event
            }
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match event {
            Ok(Event::Warning(text)) => without_bar(&mut || messages.warning(&text)),
            Ok(Event::Note(text)) => without_bar(&mut || messages.always(&text)),
            Ok(Event::Row { row, line, told }) => {
                let mut result = Ok(());
                if !line.is_empty() && shared.gone.load(Ordering::Acquire) {
                    locked(&shared.untold).push(told.clone());
                } else if !line.is_empty() {
                    without_bar(&mut || result = out.write_all(&line).and_then(|()| out.flush()));
                }
                if let Err(error) = result {
                    locked(&shared.untold).push(told);
                    if error.kind() == ErrorKind::BrokenPipe {
                        shared.gone.store(true, Ordering::Release);
                        shared.reader_gone.notify_one();
                    }
                    locked(&shared.fault).get_or_insert(error);
                }
                shared.taken.store(row, Ordering::Release);
                shared.room.notify_one();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Some(progress) = progress {
        progress.end();
    }
}
