//! A run in memory: a server that remembers request ids, as Google's does, and output that can fail.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::super::*;
use crate::output::Messages;
use crate::platform::input::Source;
use crate::platform::signals::Interruptions;

const COLUMNS: &[Column] = &[
    Column::new("name", Kind::Text),
    Column::new("member", Kind::List),
    Column::new(
        "answer",
        Kind::Choice(&[
            ("lost", "lost"),
            ("limited", "limited"),
            ("refused", "refused"),
            ("slow", "slow"),
            ("late", "late"),
            ("unfinished", "unfinished"),
            ("fatal", "fatal"),
        ]),
    ),
];

pub(super) fn write(path: &Path, text: impl AsRef<[u8]>) {
    File::create(path).unwrap().write_all(text.as_ref()).unwrap();
}

/// Creates what rows name, and can be told to fail once for each name.
#[derive(Default)]
pub(super) struct Server {
    /// What there is, by the request id that created it.
    pub(super) made: RefCell<BTreeMap<String, String>>,
    pub(super) refused: RefCell<HashMap<String, u32>>,
    /// What went wrong once already.
    pub(super) failed: RefCell<Vec<String>>,
    pub(super) defaults: Values,
    pub(super) busy: Cell<usize>,
    pub(super) busiest: Cell<usize>,
    pub(super) order: RefCell<Vec<String>>,
    pub(super) exclusive: bool,
}

pub(super) struct Work {
    pub(super) name: String,
    pub(super) answer: String,
    pub(super) request_id: String,
}

impl Server {
    /// Whether this is the first time.
    pub(super) fn first(&self, what: &str, work: &Work) -> bool {
        let what = format!("{what} {} {}", work.name, work.answer);
        let first = work.answer == what.split(' ').next().unwrap() && !self.failed.borrow().contains(&what);
        if first {
            self.failed.borrow_mut().push(what);
        }
        first
    }

    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.made.borrow().values().cloned().collect();
        names.sort();
        names
    }
}

pub(super) fn failure(message: &str) -> StepError {
    StepError { error: json!({ "message": message }), attempts: 1, ..StepError::default() }
}

impl Task for Server {
    type Work = Work;

    fn plan(&self, values: &Values, request_id: &str) -> Result<Planned<Work>, RowFault> {
        let name = values.text("name").ok_or_else(|| RowFault::in_column("name", "is missing"))?;
        let answer = values.text("answer").unwrap_or_default();
        let work = Work { name: name.to_owned(), answer: answer.to_owned(), request_id: request_id.to_owned() };
        let exclusive = self.exclusive.then(|| work.name.clone());
        Ok(Planned { label: work.name.clone(), work, resource: None, exclusive, requests: 1 })
    }

    async fn apply(&self, work: &Work, _attempt: Attempt) -> Result<Applied, StepError> {
        self.busy.set(self.busy.get() + 1);
        self.busiest.set(self.busiest.get().max(self.busy.get()));
        self.order.borrow_mut().push(work.name.clone());
        let fails_late = self.first("late", work);
        let wait = if fails_late || self.first("slow", work) { 5000 } else { 10 };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        self.busy.set(self.busy.get() - 1);
        if fails_late {
            return Err(failure("at last"));
        }
        if self.first("limited", work) {
            return Err(StepError { waits_for_quota: Some(Some(Duration::from_secs(2))), ..failure("too many") });
        }
        if self.first("refused", work) {
            *self.refused.borrow_mut().entry(work.request_id.clone()).or_default() += 1;
            return Err(StepError { refused: true, ..failure("no") });
        }
        if self.first("fatal", work) {
            return Err(StepError { ends_run: true, ..failure("the API is disabled") });
        }
        let created = work.name.clone();
        let existed = self.exclusive && self.made.borrow().values().any(|name| *name == created);
        if !existed {
            self.made.borrow_mut().insert(work.request_id.clone(), created.clone());
        }
        if self.first("lost", work) {
            let mut error = failure("the answer was lost");
            error.error["outcome"] = "unknown".into();
            return Err(error);
        }
        let name = format!("spaces/{}", work.request_id);
        Ok(Applied {
            object: Some(json!({ "name": name, "displayName": created })),
            name,
            existed,
            attempts: 1,
            ..Applied::default()
        })
    }

    async fn finish(&self, work: &Work, _name: &str, _attempt: Attempt) -> Result<(Option<Value>, u32), StepError> {
        if self.first("unfinished", work) { Err(failure("a member is unknown")) } else { Ok((None, 1)) }
    }
}

/// Output that a test can read, and that can fail.
#[derive(Clone, Default)]
pub(super) struct Paper {
    pub(super) text: Arc<Mutex<Vec<u8>>>,
    pub(super) fails: Option<io::ErrorKind>,
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.fails.map_or(Ok(()), |kind| Err(io::Error::from(kind)))?;
        self.text.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    pub(super) fn results(&self) -> Vec<Value> {
        let text = String::from_utf8(self.text.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(super) fn statuses(&self) -> Vec<String> {
        self.results().iter().map(|result| result["status"].as_str().unwrap().to_owned()).collect()
    }
}

pub(super) struct Stage {
    _home: tempfile::TempDir,
    pub(super) input: PathBuf,
    pub(super) journal: PathBuf,
    pub(super) server: Server,
    pub(super) options: Vec<&'static str>,
    pub(super) concurrency: usize,
}

impl Stage {
    pub(super) fn new(rows: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (input, journal) = (home.path().join("rows.csv"), home.path().join("r.jsonl"));
        write(&input, rows);
        Self { _home: home, input, journal, server: Server::default(), options: Vec::new(), concurrency: 4 }
    }

    pub(super) fn rows(&self, rows: &str) {
        write(&self.input, rows);
    }

    pub(super) fn run_to(&self, paper: &Paper) -> Result<Ending, JournalError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let name = RunIdentity { command: String::from("spaces create"), ..RunIdentity::default() };
        let now = || OffsetDateTime::UNIX_EPOCH;
        let mut journal = loop {
            match Journal::open(&self.journal, &name, now(), 0) {
                // A test beside this one that starts a process shares the lock for a moment.
                Err(JournalError::Busy(_)) => std::thread::yield_now(),
                opened => break opened?,
            }
        };
        journal.begin(json!("sub"), None)?;
        let total = if self.options.contains(&"pipe") {
            None
        } else {
            let plan = |values: &Values, id: &str| self.server.plan(values, id).map(|_| ());
            Some(check(&Source::File(self.input.clone()), COLUMNS, &self.server.defaults, plan).unwrap().rows)
        };
        let job = Job {
            words: Words { verb: "create", doing: "Creating", done: "created", object: "space", by_request_id: true },
            columns: COLUMNS,
            defaults: &self.server.defaults,
            source: Source::File(self.input.clone()),
            total,
            journal: (!self.options.contains(&"no journal")).then_some(&journal),
            rate: Rate::Unlimited,
            concurrency: self.concurrency,
            fail_fast: self.options.contains(&"fail fast"),
            preview: self.options.contains(&"preview").then_some(&|| true),
            now: &now,
        };
        let format = |result: &RowResult| match result.to_json("status", "space") {
            json if self.options.contains(&"filter fails") && json["row"] == 2 => {
                Err(String::from("the filter failed"))
            }
            json => Ok(format!("{json}\n").into_bytes()),
        };
        let output = Output {
            format: &format,
            tells_failures: true,
            out: Box::new(paper.clone()),
            messages: Messages::new(true, false),
            progress: false,
        };
        let run = async { run(&self.server, job, output, &mut Interruptions::watch().unwrap()).await };
        Ok(runtime.block_on(run))
    }

    pub(super) fn run(&self) -> (Ending, Paper) {
        let paper = Paper::default();
        let ending = self.run_to(&paper).unwrap();
        (ending, paper)
    }
}
