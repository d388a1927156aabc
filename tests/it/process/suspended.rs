//! A program that is held up, by its disk, its reader or its user, takes the answers that came meanwhile.

use std::time::Duration;

use chatauth::emulator::Endpoint;
use rustix::process::Signal;

use crate::support::bulk::{Bulk, names, statuses};
use crate::support::sandbox::Sandbox;
use crate::support::stage::{send_signal, start, traced, wait_until};

/// Longer than `--timeout 1` by more than what counts as being late.
const HELD_UP: Duration = Duration::from_secs(4);

fn creates(sandbox: &Sandbox) -> usize {
    sandbox.control().requests_to(Endpoint::Create).len()
}

#[test]
fn a_stopped_create_takes_the_answer_when_it_goes_on() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().add_fault("create:delay=500ms".parse().unwrap());
    let child = start(sandbox.command(["spaces", "create", "--name", "x", "--timeout", "1", "--no-input"]));
    wait_until("the request has left", || creates(&sandbox) == 1);
    send_signal(&child, Signal::STOP);
    std::thread::sleep(HELD_UP);
    send_signal(&child, Signal::CONT);
    sandbox.wait(child).success();
    assert_eq!(creates(&sandbox), 1, "the answer was there, and the request was repeated");
}

#[test]
fn a_busy_disk_fails_no_row_and_rows_share_its_time() {
    const ROWS: usize = 64;
    let bulk = Bulk::logged_in(&names(ROWS)).with("--concurrency 16 --timeout 1");
    let delay = format!("inject=fdatasync:delay_enter={}", HELD_UP.as_micros() / 2);
    let options = ["-e", "trace=fdatasync", "-e", &delay];
    let Some(command) = traced(&bulk.sandbox, "a busy disk", &options, &bulk.words) else { return };
    let run = bulk.sandbox.finish(command).success();
    assert_eq!(statuses(&run.stdout), ["created"; ROWS]);
    assert_eq!(creates(&bulk.sandbox), ROWS);
    let trace = std::fs::read_to_string(bulk.sandbox.path("trace")).unwrap();
    let syncs = trace.lines().filter(|line| line.contains("fdatasync(") && line.contains("results.jsonl")).count();
    assert!((2..=16).contains(&syncs), "{syncs} syncs for {ROWS} rows, 16 at a time");
}

#[test]
fn a_reader_that_pauses_fails_no_row() {
    const ROWS: usize = 600;
    let bulk = Bulk::logged_in(&names(ROWS)).with("--concurrency 16 --timeout 1");
    let child = bulk.start();
    // A pipe holds 64 KiB, some fifty results; 256 more wait.
    wait_until("a part was sent", || creates(&bulk.sandbox) > 20);
    std::thread::sleep(HELD_UP);
    assert!(creates(&bulk.sandbox) < ROWS, "it ran on without its reader");
    let run = bulk.sandbox.wait(child).success();
    assert_eq!(statuses(&run.stdout), ["created"; ROWS]);
    assert_eq!(creates(&bulk.sandbox), ROWS);
}
