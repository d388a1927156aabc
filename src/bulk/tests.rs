//! Whole runs against a server that remembers request ids.

mod damaged_journal;
mod stage;

use std::io;

use serde_json::{Value, json};

use super::*;
use stage::{Paper, Stage};

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
    assert!(paper.results()[1]["error"]["message"].as_str().unwrap().contains("the row changed since the earlier run"));
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
fn the_failure_of_the_first_row_is_that_of_the_run_whichever_ends_first() {
    for (rows, options, first) in [
        ("name,answer\nA,\nB,late\nC,refused\nD,\n", &["fail fast"][..], 2),
        ("name,answer\nA,refused\nB,late\nC,\nD,\n", &["fail fast"], 1),
        ("name,answer\nA,late\n,\nC,\nD,\n", &["fail fast"], 1),
        ("name,answer\nA,\nB,late\nC,fatal\nD,\n", &["fail fast"], 2),
        // Only the last of these ends the run.
        ("name,answer\nA,\nB,late\nC,fatal\nD,\n", &[], 3),
    ] {
        let mut stage = Stage::new(rows);
        stage.options = options.to_vec();
        let (ending, paper) = stage.run();
        let Some(Stop::Failed { row, error }) = &ending.stop else { panic!("{rows}: {:?}", ending.stop) };
        assert_eq!(*row, first, "{rows}");
        let result = paper.results().into_iter().find(|result| result["row"] == first).unwrap();
        assert_eq!((&result["error"], result["status"].as_str()), (error, Some("failed")), "{rows}");
    }
}

#[test]
fn a_failure_that_all_would_meet_ends_the_run() {
    let stage = Stage::new("name,answer\nA,\nB,fatal\nC,\nD,\nE,\nF,\nG,\nH,\nI,\nJ,\n");
    let (ending, paper) = stage.run();
    assert!(matches!(&ending.stop, Some(Stop::Failed { row: 2, error }) if error["message"] == "the API is disabled"));
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
