//! Few file descriptors: an error, never a panic, and never a lost login.

use std::process::Command;

use crate::support::bulk::Bulk;
use crate::support::sandbox::Sandbox;
use crate::support::stage::{ACCOUNT, wrapped};

/// The same command with at most so many file descriptors.
fn with_descriptors(plain: &Command, limit: u32) -> Command {
    let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
    wrapped(plain, &["sh".as_ref(), "-c".as_ref(), script.as_ref(), plain.get_program()])
}

#[test]
fn property_83_a_bulk_run_without_descriptors_is_resumed() {
    let bulk = Bulk::logged_in("name\nA\nB\nC\n");
    for limit in 9..=14 {
        let finished = bulk.sandbox.finish(with_descriptors(&bulk.sandbox.command(&bulk.words), limit));
        assert!(!finished.stderr.contains("panicked"), "{limit}: {}", finished.stderr);
        assert!(!matches!(finished.code(), None | Some(101)), "{limit}: {}", finished.stderr);
    }
    bulk.run().success();
    assert_eq!(bulk.spaces(), ["A", "B", "C"]);
}

#[test]
fn property_83_no_number_of_file_descriptors_makes_it_panic() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let record = std::fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    for limit in 3..=16 {
        for words in
            [&["auth", "status"][..], &["spaces", "create", "--name", "x", "--no-input"], &["auth", "import", "-"]]
        {
            let plain = sandbox.command(words);
            let finished = sandbox.finish(with_descriptors(&plain, limit));
            assert!(!finished.stderr.contains("panicked"), "{limit} {words:?}: {}", finished.stderr);
            assert!(!matches!(finished.code(), None | Some(101)), "{limit} {words:?}: {}", finished.stderr);
        }
    }
    assert_eq!(std::fs::read(sandbox.record_path(ACCOUNT)).unwrap(), record);
    sandbox.run(["auth", "token", "--no-input"]).success();
}
