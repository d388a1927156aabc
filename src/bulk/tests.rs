//! Whole runs against a server that remembers request ids, as Google's does.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::*;
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
            ("unfinished", "unfinished"),
            ("fatal", "fatal"),
        ]),
    ),
];

fn write(path: &Path, text: impl AsRef<[u8]>) {
    File::create(path).unwrap().write_all(text.as_ref()).unwrap();
}

/// Creates what rows name, and can be told to fail once for each name.
#[derive(Default)]
struct Server {
    /// What there is, by the request id that created it.
    made: RefCell<BTreeMap<String, String>>,
    refused: RefCell<HashMap<String, u32>>,
    /// What went wrong once already.
    failed: RefCell<Vec<String>>,
    defaults: Values,
    busy: Cell<usize>,
    busiest: Cell<usize>,
    order: RefCell<Vec<String>>,
    exclusive: bool,
}

struct Work {
    name: String,
    answer: String,
    request_id: String,
}

impl Server {
    /// Whether this is the first time.
    fn first(&self, what: &str, work: &Work) -> bool {
        let what = format!("{what} {} {}", work.name, work.answer);
        let first = work.answer == what.split(' ').next().unwrap() && !self.failed.borrow().contains(&what);
        if first {
            self.failed.borrow_mut().push(what);
        }
        first
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.made.borrow().values().cloned().collect();
        names.sort();
        names
    }
}

fn failure(message: &str) -> StepError {
    StepError {
        report: Report { message: message.to_owned(), ..Report::default() },
        attempts: 1,
        ..StepError::default()
    }
}

impl Task for Server {
    type Work = Work;

    fn columns(&self) -> &[Column] {
        COLUMNS
    }

    fn defaults(&self) -> &Values {
        &self.defaults
    }

    fn words(&self) -> Words {
        Words { verb: "create", done: "created", object: "space", by_request_id: true }
    }

    fn plan(&self, values: &Values, request_id: &str) -> Result<Work, RowFault> {
        let name = values.owned("name").ok_or_else(|| RowFault::of("name", "is missing"))?;
        Ok(Work { name, answer: values.owned("answer").unwrap_or_default(), request_id: request_id.to_owned() })
    }

    fn label(&self, work: &Work) -> String {
        work.name.clone()
    }

    fn exclusive(&self, work: &Work) -> Option<String> {
        self.exclusive.then(|| work.name.clone())
    }

    async fn create(&self, work: &Work, _attempt: Attempt) -> Result<Created, StepError> {
        self.busy.set(self.busy.get() + 1);
        self.busiest.set(self.busiest.get().max(self.busy.get()));
        self.order.borrow_mut().push(work.name.clone());
        let wait = if self.first("slow", work) { 5000 } else { 10 };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        self.busy.set(self.busy.get() - 1);
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
            error.report.outcome = Some(Outcome::Unknown);
            return Err(error);
        }
        let name = format!("spaces/{}", work.request_id);
        Ok(Created {
            object: json!({ "name": name, "displayName": created }),
            name,
            existed,
            attempts: 1,
            ..Created::default()
        })
    }

    async fn finish(&self, work: &Work, _name: &str) -> Result<u32, StepError> {
        if self.first("unfinished", work) { Err(failure("a member is unknown")) } else { Ok(1) }
    }
}

/// Output that a test can read, and that can fail.
#[derive(Clone, Default)]
struct Paper {
    text: Arc<Mutex<Vec<u8>>>,
    fails: Option<io::ErrorKind>,
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
    fn results(&self) -> Vec<Value> {
        let text = String::from_utf8(self.text.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn statuses(&self) -> Vec<String> {
        self.results().iter().map(|result| result["status"].as_str().unwrap().to_owned()).collect()
    }
}

struct Stage {
    _home: tempfile::TempDir,
    input: PathBuf,
    journal: PathBuf,
    server: Server,
    options: Vec<&'static str>,
    concurrency: usize,
}

impl Stage {
    fn new(rows: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (input, journal) = (home.path().join("rows.csv"), home.path().join("r.jsonl"));
        write(&input, rows);
        Self { _home: home, input, journal, server: Server::default(), options: Vec::new(), concurrency: 4 }
    }

    fn rows(&self, rows: &str) {
        write(&self.input, rows);
    }

    fn run_to(&self, paper: &Paper) -> Result<Ending, JournalError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let name = RunName { command: String::from("spaces create"), ..RunName::default() };
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
            source: Source::File(self.input.clone()),
            total,
            journal: (!self.options.contains(&"no journal")).then_some(&journal),
            rate: Rate::Unlimited,
            concurrency: self.concurrency,
            fail_fast: self.options.contains(&"fail fast"),
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
            out: Box::new(paper.clone()),
            messages: Messages::new(true, false),
            progress: false,
        };
        Ok(runtime.block_on(async {
            if self.options.contains(&"preview") {
                return preview(&self.server, job, output).await;
            }
            run(&self.server, job, output, &mut Interruptions::watch().unwrap()).await
        }))
    }

    fn run(&self) -> (Ending, Paper) {
        let paper = Paper::default();
        let ending = self.run_to(&paper).unwrap();
        (ending, paper)
    }
}

fn statuses(stage: &Stage) -> Vec<String> {
    stage.run().1.statuses()
}

#[test]
fn rows_end_in_order_and_the_first_goes_alone() {
    let stage = Stage::new("name,answer\nA,\nB,slow\nC,\nD,\nE,\nF,limited\nG,\n");
    let (ending, paper) = stage.run();
    assert_eq!(paper.statuses(), ["created"; 7]);
    let rows: Vec<u64> = paper.results().iter().map(|result| result["row"].as_u64().unwrap()).collect();
    assert_eq!(rows, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((ending.counts.done, ending.not_started), (7, Some(0)));
    assert!(stage.server.busiest.get() <= 4);
    assert_eq!(&stage.server.order.borrow()[..3], ["A", "B", "C"]);
    assert_eq!(stage.server.names(), ["A", "B", "C", "D", "E", "F", "G"]);
    assert_eq!(statuses(&stage), ["skipped"; 7]);
}

#[test]
fn rows_may_be_moved_removed_and_put_in() {
    let stage = Stage::new("name,answer\nA,\nBad,refused\nB,\nB,\nC,lost\n");
    assert_eq!(statuses(&stage), ["created", "failed", "created", "created", "failed"]);
    stage.rows("name,answer\nZ,\nC,lost\nB,\nA,\nB,\nB,\n");
    let (_, paper) = stage.run();
    assert_eq!(paper.statuses(), ["created", "created", "skipped", "skipped", "skipped", "created"]);
    assert_eq!(stage.server.names(), ["A", "B", "B", "B", "C", "Z"]);
    // The other form of the same rows.
    stage.rows("{\"name\":\"B\"}\n{\"answer\":\"lost\",\"name\":\"C\"}\n{\"name\":\"A\",\"member\":[]}\n");
    assert_eq!(statuses(&stage), ["skipped"; 3]);
}

#[test]
fn what_failed_is_tried_again_under_the_id_that_cannot_make_it_twice() {
    for (answer, same) in [("lost", true), ("refused", false), ("limited", true)] {
        let stage = Stage::new(&format!("name,answer\nA,{answer}\n"));
        let first = stage.run().1.results().remove(0);
        let second = stage.run().1.results().remove(0);
        assert_eq!(first["requestId"] == second["requestId"], same, "{answer}");
        assert_eq!(stage.server.names(), ["A"], "{answer}");
        assert_eq!(second["status"], if answer == "limited" { "skipped" } else { "created" });
    }
    for key in ["idempotency-key", "requestId"] {
        let id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        let stage = Stage::new(&format!("name,answer,{key}\nA,refused,{id}\n"));
        let ids: Vec<Value> = (0..3).map(|_| stage.run().1.results().remove(0)["requestId"].clone()).collect();
        assert!(ids.iter().all(|found| *found == ids[0]), "{ids:?}");
        assert_eq!(stage.server.names(), ["A"]);
    }
}

#[test]
fn a_keyed_row_may_change_only_while_nothing_may_exist() {
    let stage = Stage::new("name,answer,idempotency-key\nA,refused,one\nB,lost,two\nC,,three\nD,unfinished,four\n");
    assert_eq!(statuses(&stage), ["failed", "failed", "created", "failed"]);
    stage.rows("name,idempotency-key\nA2,one\nB2,two\nC2,three\nD2,four\n");
    let (_, paper) = stage.run();
    assert_eq!(paper.statuses(), ["created", "failed", "failed", "failed"]);
    assert!(paper.results()[1]["error"]["message"].as_str().unwrap().contains("the row says something else"));
    assert_eq!(stage.server.names(), ["A2", "B", "C", "D"]);
}

#[test]
fn what_is_not_finished_is_finished_and_not_made_again() {
    let stage = Stage::new("name,answer\nA,unfinished\n");
    let first = stage.run().1.results().remove(0);
    assert_eq!((&first["status"], first["space"]["name"].is_string()), (&json!("failed"), true));
    stage.rows("name,answer\nB,\nA,unfinished\n");
    let second = stage.run().1.results();
    assert_eq!((&second[1]["status"], &second[1]["space"]), (&json!("created"), &first["space"]));
    let third = stage.run().1.results();
    assert_eq!((&third[1]["status"], &third[1]["space"]), (&json!("skipped"), &first["space"]));
    let journal = std::fs::read_to_string(&stage.journal).unwrap();
    assert_eq!(journal.matches("displayName").count(), 2, "the object is written once: {journal}");
}

#[test]
fn equal_names_that_exclude_each_other_are_one() {
    let mut stage = Stage::new("name\nFirst\nSame\nSame\nSame\nOther\nSame\n");
    stage.server.exclusive = true;
    assert_eq!(statuses(&stage), ["created", "created", "existing", "existing", "created", "existing"]);
    assert_eq!(stage.server.names(), ["First", "Other", "Same"]);
}

#[test]
fn a_failure_that_all_would_meet_ends_the_run() {
    let stage = Stage::new("name,answer\nA,\nB,fatal\nC,\nD,\nE,\nF,\nG,\nH,\nI,\nJ,\n");
    let (ending, paper) = stage.run();
    assert!(matches!(&ending.stop, Some(Stop::Failed(report)) if report.message == "the API is disabled"));
    assert_eq!(&paper.statuses()[..2], ["created", "failed"]);
    assert_eq!(ending.not_started, Some(10 - u64::try_from(paper.results().len()).unwrap()));
    assert!(ending.not_started > Some(0));
    assert_eq!(statuses(&stage).iter().filter(|status| *status == "failed").count(), 0);
    assert_eq!(stage.server.names().len(), 10);

    let mut stage = Stage::new("name,answer\nA,\nB,refused\nC,\nD,\n");
    stage.concurrency = 1;
    stage.options.push("fail fast");
    let (ending, paper) = stage.run();
    assert_eq!(
        (paper.statuses(), ending.not_started),
        (vec![String::from("created"), String::from("failed")], Some(2))
    );
}

#[test]
fn faults_of_the_output_stop_no_writes() {
    let mut stage = Stage::new("name\nA\nB\nC\n");
    stage.options.push("filter fails");
    let (ending, paper) = stage.run();
    assert_eq!((paper.results().len(), ending.format_fault.as_deref()), (2, Some("the filter failed")));
    assert_eq!(stage.server.names().len(), 3);

    let stage = Stage::new("name\nA\nB\nC\n");
    let paper = Paper { fails: Some(io::ErrorKind::StorageFull), ..Paper::default() };
    let ending = stage.run_to(&paper).unwrap();
    assert_eq!((ending.counts.done, ending.output_fault.unwrap().kind()), (3, io::ErrorKind::StorageFull));
    assert!(ending.stop.is_none());

    let text = (0..3000).map(|number: u32| number.to_string()).collect::<Vec<_>>().join("\n");
    let stage = Stage::new(&format!("name\n{text}\n"));
    let paper = Paper { fails: Some(io::ErrorKind::BrokenPipe), ..Paper::default() };
    let ending = stage.run_to(&paper).unwrap();
    assert!(matches!(ending.stop, Some(Stop::ReaderGone)), "{:?}", ending.stop);
    assert_eq!(u64::try_from(stage.server.names().len()).unwrap(), ending.counts.done);
    assert!(ending.counts.done < 3000);
}

#[test]
fn rows_of_a_pipe_fail_alone_and_what_is_broken_ends_the_run() {
    let mut stage = Stage::new("name,idempotency-key\nA,k\nB,k\n,l\nC,\nC,\n\"D,\n");
    stage.options.push("pipe");
    let (ending, paper) = stage.run();
    assert_eq!(paper.statuses(), ["created", "failed", "failed", "created", "created"]);
    assert!(matches!(ending.stop, Some(Stop::Input(_))));
    assert_eq!((ending.not_started, ending.identical), (None, 2));
}

#[test]
fn a_preview_says_what_would_happen_and_does_nothing() {
    let mut stage = Stage::new("name,answer\nA,\nB,lost\nC,unfinished\n");
    stage.run();
    let before = std::fs::read(&stage.journal).unwrap();
    stage.rows("name,answer\nA,\nB,lost\nC,unfinished\nA,\n");
    stage.options.push("preview");
    let (ending, paper) = stage.run();
    assert_eq!(paper.statuses(), ["skip", "retry", "finish", "create"]);
    assert_eq!((ending.counts.done, ending.counts.existing, ending.counts.skipped), (2, 1, 1));
    assert_eq!(stage.server.names(), ["A", "B", "C"]);
    assert_eq!(std::fs::read(&stage.journal).unwrap(), before);
}

/// Some damage to a journal.
#[derive(Debug, Clone)]
enum Damage {
    Cut(usize),
    Zeroed(usize, usize),
    Repeated(usize, usize),
    Swapped(usize, usize),
    Removed(usize),
}

fn damage(path: &Path, damage: &Damage) {
    let mut bytes = std::fs::read(path).unwrap();
    let header = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let body = bytes.len() - header;
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let line = |number: usize| 1 + number % (lines.len() - 1);
    match *damage {
        Damage::Cut(at) => bytes.truncate(header + at % (body + 1)),
        Damage::Zeroed(from, length) => {
            let from = from % bytes.len();
            let to = (from + 1 + length).min(bytes.len());
            bytes[from..to].fill(0);
        }
        Damage::Repeated(from, to) => {
            let (from, to) = (line(from), line(to));
            lines.insert(to, lines[from].clone());
            bytes = lines.concat();
        }
        Damage::Swapped(one, other) => {
            let (one, other) = (line(one), line(other));
            lines.swap(one, other);
            bytes = lines.concat();
        }
        Damage::Removed(number) => {
            lines.remove(line(number));
            bytes = lines.concat();
        }
    }
    write(path, bytes);
}

fn any_damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<usize>().prop_map(Damage::Cut),
        (any::<usize>(), 0_usize..400).prop_map(|(from, length)| Damage::Zeroed(from, length)),
        any::<(usize, usize)>().prop_map(|(from, to)| Damage::Repeated(from, to)),
        any::<(usize, usize)>().prop_map(|(one, other)| Damage::Swapped(one, other)),
        any::<usize>().prop_map(Damage::Removed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_journal_resumes_exactly_once_or_is_refused(
        answers in prop::collection::vec(prop_oneof![3 => Just(""), 1 => Just("lost"), 1 => Just("refused"), 1 => Just("limited"), 1 => Just("unfinished")], 1..8),
        equal in any::<bool>(),
        damages in prop::collection::vec(any_damage(), 1..3),
        turned in any::<bool>(),
    ) {
        let mut lines: Vec<String> = answers
            .iter()
            .enumerate()
            .map(|(index, answer)| format!("{},{answer}\n", if equal { 0 } else { index }))
            .collect();
        let stage = Stage::new(&format!("name,answer\n{}", lines.concat()));
        stage.run();
        for one in &damages {
            damage(&stage.journal, one);
        }
        if turned {
            lines.reverse();
            stage.rows(&format!("name,answer\n{}", lines.concat()));
        }
        for _ in 0..3 {
            let damaged = std::fs::read(&stage.journal).unwrap();
            match stage.run_to(&Paper::default()) {
                Ok(_) => {}
                Err(error) => {
                    prop_assert!(matches!(error, JournalError::Damaged { .. } | JournalError::Refused { .. }), "{error}");
                    prop_assert!(std::fs::read(&stage.journal).unwrap() == damaged);
                    return Ok(());
                }
            }
        }
        let mut expected: Vec<String> = lines.iter().map(|line| line.split(',').next().unwrap().to_owned()).collect();
        expected.sort();
        prop_assert_eq!(stage.server.names(), expected);
    }
}
