//! Faults of the output: none stops a write, and each row that was written is named on standard error.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::bulk::{Bulk, names, statuses};
use crate::support::stage::{send_signal, start, wait_until};

/// The rows that standard error names as created.
fn named(stderr: &str) -> Vec<u64> {
    let rows = stderr.lines().filter_map(|line| line.strip_prefix("Row ")?.split_once(": created spaces/"));
    rows.map(|(row, _)| row.parse().unwrap()).collect()
}

#[test]
fn a_filter_that_crashes_on_one_row_filters_the_next() {
    for crash in ["def f: [f]; f", "def f: 1 + f; f", "error(\"no\")", ".row | keys"] {
        let bulk = Bulk::logged_in(&names(5)).with("--concurrency 1");
        let filter = format!("if .row == 2 or .row == 4 then ({crash}) else .row end");
        let run = bulk.sandbox.run(bulk.words.iter().map(String::as_str).chain(["--jq", &filter])).exits_with(1);
        assert_eq!(run.stdout, "1\n3\n5\n", "{crash}: {}", run.stderr);
        assert_eq!(named(&run.stderr), [2, 4], "{crash}: {}", run.stderr);
        assert_eq!(bulk.spaces().len(), 5, "{crash}");
    }
}

#[test]
fn a_full_disk_of_stdout_names_every_row_and_stops_none() {
    for quiet in ["", " -q"] {
        let bulk = Bulk::logged_in(&names(20)).with(&format!("--concurrency 4{quiet}"));
        let mut command = bulk.command();
        command.stdout(File::options().write(true).open("/dev/full").unwrap()).stderr(Stdio::piped());
        let run = bulk.sandbox.wait(command.spawn().unwrap()).exits_with(1);
        assert_eq!(named(&run.stderr), (1..=20).collect::<Vec<_>>(), "{}", run.stderr);
        assert!(run.stderr.contains("cannot write the results"), "{}", run.stderr);
        assert_eq!(bulk.spaces().len(), 20);
        assert!(bulk.run().success().stdout.lines().all(|line| line.contains("\"skipped\"")));
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_like_a_full_disk() {
    let limited = |bulk: &Bulk, out: &str| {
        let plain = bulk.command();
        let mut limited = Command::new("sh");
        // Eight blocks of 512 bytes.
        limited.arg("-c").arg(format!("ulimit -f 8; exec \"$@\" > {out}")).arg("sh").arg(plain.get_program());
        limited.args(plain.get_args()).envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        limited.current_dir(plain.get_current_dir().unwrap()).stdin(Stdio::null()).stderr(Stdio::piped());
        bulk.sandbox.wait(limited.spawn().unwrap())
    };
    let mut bulk = Bulk::logged_in(&names(40)).with("--concurrency 4");
    let journaled = limited(&bulk, "/dev/null").exits_with(3);
    assert!(journaled.stderr.contains("cannot write the journal"), "{}", journaled.stderr);
    assert!(bulk.spaces().len() < 40);
    bulk.words.retain(|word| !["--journal", "results.jsonl"].contains(&word.as_str()));
    let before = bulk.spaces().len();
    let run = limited(&bulk, "out.jsonl").exits_with(1);
    assert!(run.stderr.contains("cannot write the results"), "{}", run.stderr);
    assert_eq!(bulk.spaces().len(), before + 40);
    assert_eq!(named(&run.stderr).last(), Some(&40), "{}", run.stderr);
}

#[test]
fn a_closed_pipe_ends_the_run_and_names_what_it_has_not_shown() {
    for quiet in ["", " -q"] {
        let bulk = Bulk::logged_in(&names(400)).with(&format!("--concurrency 4{quiet}"));
        let mut child = start(bulk.command());
        let mut line = String::new();
        BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("\"row\":1"), "{line}");
        let run = bulk.sandbox.wait(child).exits_with(141);
        let created = u64::try_from(bulk.spaces().len()).unwrap();
        assert!(created < 400, "no further row starts");
        let rows = named(&run.stderr);
        // What was written before the pipe closed counts as shown; the rest is named, without a gap.
        assert!(rows.is_sorted() && rows.last() == Some(&created), "{created} created, named: {rows:?}");
        let first = rows[0];
        assert_eq!(rows, (first..=created).collect::<Vec<_>>());
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    }
}

/// Waits until no further requests arrive, and returns their number.
fn settled(bulk: &Bulk) -> usize {
    wait_until("the window is full", || bulk.request_ids().len() > 256);
    let (mut count, mut since) = (0, Instant::now());
    while since.elapsed() < Duration::from_secs(1) {
        if bulk.request_ids().len() != count {
            (count, since) = (bulk.request_ids().len(), Instant::now());
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    count
}

/// Reads a stream to its end, on a thread.
fn drained(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    })
}

fn ends_within(child: &mut Child, limit: Duration) -> Option<i32> {
    let started = Instant::now();
    while started.elapsed() < limit {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    child.kill().unwrap();
    None
}

#[test]
fn a_reader_that_does_not_read_holds_back_rows_but_neither_responses_nor_signals() {
    let description = "x".repeat(140);
    let names = names(1500);
    let header = String::from("name,description\n");
    let rows = names.lines().skip(1).fold(header, |rows, name| rows + name + "," + &description + "\n");
    for signal in [Signal::TERM, Signal::INT] {
        let bulk = Bulk::logged_in(&rows).with("--concurrency 4");
        let mut child = start(bulk.command());
        let stderr = drained(child.stderr.take().unwrap());
        let sent = settled(&bulk);
        // The window of 256 rows, and what a pipe of 64 KiB holds.
        assert!((257..900).contains(&sent), "{sent} requests");
        assert_eq!(bulk.spaces().len(), sent, "every response was read");
        let finished = bulk.journal().iter().filter(|entry| entry["state"] == "finished").count();
        assert_eq!(finished, sent, "and is in the journal");
        send_signal(&child, signal);
        let code = if signal == Signal::TERM { 143 } else { 130 };
        assert_eq!(ends_within(&mut child, Duration::from_secs(10)), Some(code));
        let stderr = stderr.join().unwrap();
        let rows = named(&stderr);
        assert!(rows.len() >= 250 && rows.last() == Some(&u64::try_from(sent).unwrap()), "{} named", rows.len());
        let totals = format!("{sent} created, 0 existing, 0 skipped, 0 failed, {} not started", 1500 - sent);
        assert!(stderr.contains(&totals), "{totals}: {}", stderr.lines().last().unwrap_or_default());
        assert_eq!(bulk.request_ids().len(), sent, "nothing more left");
    }
}

#[test]
fn an_output_that_ends_behind_the_last_row_ends_the_run_alike() {
    let bulk = Bulk::logged_in(&names(1));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = bulk.command();
    command.stdout(writer).stderr(Stdio::piped());
    let run = bulk.sandbox.wait(command.spawn().unwrap()).exits_with(141);
    assert_eq!(named(&run.stderr), [1]);
    assert!(!run.stderr.contains("error:"), "{}", run.stderr);

    let bulk = Bulk::logged_in(&names(250));
    let mut child = start(bulk.command());
    let stderr = drained(child.stderr.take().unwrap());
    let is_finished = |entry: &serde_json::Value| entry["state"] == "finished";
    wait_until("all rows are done", || bulk.journal().iter().filter(|entry| is_finished(entry)).count() == 250);
    send_signal(&child, Signal::INT);
    assert_eq!(ends_within(&mut child, Duration::from_secs(10)), Some(130));
    assert_eq!(named(&stderr.join().unwrap()).last(), Some(&250));
}

#[test]
fn a_first_signal_abandons_nothing_after_a_failure_has_stopped_the_run() {
    let bulk = Bulk::logged_in(&names(5)).with("--fail-fast --concurrency 2");
    bulk.fault("create:delay=4s,after=1,times=1");
    bulk.fault("create:status=400,after=1,times=1");
    let child = bulk.start();
    let refused = || bulk.journal().iter().any(|entry| entry["state"] == "refused");
    wait_until("a row was refused", refused);
    send_signal(&child, Signal::INT);
    let run = bulk.sandbox.wait(child).exits_with(5);
    assert_eq!(bulk.spaces().len(), 2, "the row in flight");
    let statuses = statuses(&run.stdout);
    assert_eq!(statuses.iter().filter(|status| *status == "created").count(), 2, "{statuses:?}");
    assert!(run.stderr.contains("2 created") && !run.stderr.contains("unknown"), "{}", run.stderr);
}

#[test]
fn ctrl_c_says_what_became_of_each_row_and_how_to_resume() {
    let bulk = Bulk::logged_in(&names(2)).with("--concurrency 1");
    bulk.run().success();
    bulk.rows(&names(6));
    bulk.sandbox.control().clear_requests();
    bulk.fault("create:status=503,commit,retry-after=60,times=1");
    bulk.fault("create:delay=3s,after=1");
    let child = bulk.start();
    wait_until("the fourth row was sent", || bulk.request_ids().len() == 2);
    send_signal(&child, Signal::INT);
    let run = bulk.sandbox.wait(child).exits_with(130);
    assert!(run.stderr.contains("Finishing 1 request in flight (Ctrl-C again to stop)"), "{}", run.stderr);
    let error = run.error();
    let totals = "1 created, 0 existing, 2 skipped, 0 failed, 1 unknown, 2 not started";
    assert_eq!(error["message"], format!("interrupted: {totals}"));
    assert_eq!(error["outcome"], "unknown");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.starts_with("to resume, run ") && hint.contains("--journal results.jsonl"), "{hint}");
    bulk.sandbox.control().clear_faults();
    bulk.run().success();
    assert_eq!(bulk.spaces(), names(6).lines().skip(1).collect::<Vec<_>>());
}
