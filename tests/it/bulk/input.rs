//! What bulk creation reads: spreadsheets of every kind, JSON Lines, pipes; and what it refuses.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::bulk::{Bulk, lines_of, names, results, statuses};
use crate::support::sandbox::{Sandbox, TEST_TIMEOUT};
use crate::support::stage::send_signal;

/// A run that reads its rows from a pipe.
fn piped(bulk: &Bulk) -> (Child, ChildStdin) {
    let words = bulk.words.iter().map(|word| if word == "rows.csv" { "-" } else { word.as_str() });
    let mut command = bulk.sandbox.command(words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

#[test]
fn a_file_that_cannot_be_read_is_named_once() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    fs::create_dir(sandbox.path("directory.csv")).unwrap();
    for file in ["nope.csv", "directory.csv"] {
        let run = sandbox.run(["spaces", "create", "--from", file]).exits_with(3);
        assert_eq!(run.stderr.matches(file).count(), 1, "{}", run.stderr);
        assert!(run.stderr.contains("hint: check the file; nothing was sent"), "{}", run.stderr);
    }
}

#[test]
fn files_as_spreadsheets_save_them_are_read() {
    for (rows, expected) in [
        ("\u{feff}name,description\r\nA,x\r\nB,\r\n", vec!["A", "B"]),
        ("name;description\r\n\"A;1\";x\r\nB;\r\n", vec!["A;1", "B"]),
        ("name,description\n\"A\",\"two\nlines, \"\"quoted\"\"\"\nB,x", vec!["A", "B"]),
        ("Name,importMode\nÄ,\n", vec!["Ä"]),
        ("{\"name\":\"A\"}\n\n{\"space\":{\"displayName\":\"B\",\"spaceType\":\"SPACE\"}}\n", vec!["A", "B"]),
    ] {
        let bulk = Bulk::logged_in(rows);
        bulk.run().success();
        assert_eq!(bulk.spaces(), expected, "{rows}");
    }
    let bulk = Bulk::logged_in("name,description\nA,\"two\nlines\"\n");
    bulk.run().success();
    assert_eq!(bulk.sandbox.control().spaces()[0]["spaceDetails"]["description"], "two\nlines");
}

#[test]
fn the_whole_file_is_checked_before_even_the_login() {
    let bulk = Bulk::of(Sandbox::new(), "");
    bulk.sandbox.control().clear_requests();
    for (rows, expected) in [
        ("name,description\nA,x\nB,\"never\nclosed\n", "line 3, column 2: the quote is never closed"),
        ("name\n\"A\"x\n", "line 2, column 1: text after a closing quote"),
        ("name\nA\"B\n", "line 2, column 1: a quote inside"),
        ("name,colour\nA,red\n", "line 1, column 2: unknown column \"colour\""),
        ("name,name\nA,B\n", "line 1, column 2: the column \"name\" appears twice"),
        ("name\nA,B\n", "line 2: 2 fields"),
        ("name,history\nA,perhaps\n", "line 2, column history"),
        ("{\"name\":\"A\"}\n{\"nme\":\"B\"}\n", "line 2, column nme"),
        ("{\"name\":\"A\"}\n{\"name\":\n", "line 2"),
        ("name,idempotency-key\nA,k\nB,k\n", "appears in two rows"),
        (
            "name,request-id\nA,a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\nB,A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\n",
            "appears in two rows",
        ),
    ] {
        bulk.rows(rows);
        let failed = bulk.run().exits_with(3);
        assert_eq!(failed.error()["code"], "input_invalid", "{rows}");
        assert!(failed.error()["message"].as_str().unwrap().contains(expected), "{rows}: {}", failed.stderr);
        assert_eq!(failed.stdout, "");
        assert!(!bulk.journal_path().exists(), "{rows}");
    }
    // Every bad row is named, not only the first.
    let long = "x".repeat(129);
    bulk.rows(&format!("name,history\nA,on\n{long},on\nB,perhaps\nC,\n,on\n"));
    let failed = bulk.run().exits_with(3);
    for place in ["line 3", "line 4", "line 6"] {
        assert!(failed.stderr.contains(place), "{place}: {}", failed.stderr);
    }
    assert!(failed.stderr.contains("3 of 5 rows"), "{}", failed.stderr);
    assert!(bulk.sandbox.control().requests().is_empty(), "nothing was sent, not even a login");
}

#[test]
fn a_row_that_changed_under_its_key_is_refused() {
    let bulk = Bulk::logged_in("name,idempotency-key\nA,one\nB,two\n");
    bulk.run().success();
    // Keys and not positions tell the rows.
    bulk.rows("name,idempotency-key\nB,two\nC,three\nA,one\n");
    assert_eq!(statuses(&bulk.run().success().stdout), ["skipped", "created", "skipped"]);
    bulk.rows("name,idempotency-key\nA changed,one\nB,two\nC,three\n");
    let refused = bulk.run().exits_with(7);
    assert_eq!(statuses(&refused.stdout), ["failed", "skipped", "skipped"]);
    assert_eq!(results(&refused.stdout)[0]["error"]["code"], "input_invalid");
    assert_eq!(bulk.spaces(), ["A", "B", "C"]);
    // Elsewhere the key alone leads to the same space.
    fs::remove_file(bulk.journal_path()).unwrap();
    bulk.rows("name,idempotency-key\nA,one\n");
    bulk.run().success();
    assert_eq!(bulk.spaces(), ["A", "B", "C"]);
}

#[test]
fn results_of_a_pipe_come_while_it_is_open() {
    let bulk = Bulk::logged_in("");
    let (mut child, mut stdin) = piped(&bulk);
    let lines = lines_of(child.stdout.take().unwrap());
    // In pieces, as pipes deliver: the byte order mark and the header too.
    for piece in [&b"\xef"[..], b"\xbb\xbfna", b"me;descri", b"ption\r\n"] {
        stdin.write_all(piece).unwrap();
        stdin.flush().unwrap();
        // Each piece is to be read by itself.
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    for name in ["A", "B", "C"] {
        writeln!(stdin, "{name};x").unwrap();
        let line = lines.recv_timeout(TEST_TIMEOUT).unwrap();
        let result: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&result["status"], &result["space"]["displayName"]), (&"created".into(), &name.into()));
    }
    drop(stdin);
    assert!(lines.recv_timeout(TEST_TIMEOUT).is_err());
    bulk.sandbox.wait(child).success();
    let (child, mut stdin) = piped(&bulk);
    stdin.write_all(b"name;description\nA;x\nB;x\nC;x\n").unwrap();
    drop(stdin);
    assert_eq!(statuses(&bulk.sandbox.wait(child).success().stdout), ["skipped"; 3]);
}

fn run_piped(bulk: &Bulk, rows: &str) -> crate::support::sandbox::Finished {
    let (child, mut stdin) = piped(bulk);
    // The program may have ended before it has read everything.
    let _ = stdin.write_all(rows.as_bytes());
    drop(stdin);
    bulk.sandbox.wait(child)
}

#[test]
fn a_bad_row_of_a_pipe_fails_alone() {
    let rows = "{\"name\":\"A\"}\n{\"name\":7.5,\"history\":\"perhaps\"}\nnonsense\n{\"name\":\"B\"}\n";
    let bulk = Bulk::logged_in("");
    let run = run_piped(&bulk, rows).exits_with(7);
    assert_eq!(statuses(&run.stdout), ["created", "failed", "failed", "created"]);
    let bulk = Bulk::logged_in("").with("--fail-fast");
    let run = run_piped(&bulk, rows).exits_with(3);
    assert_eq!(statuses(&run.stdout), ["created", "failed"]);
    assert_eq!(bulk.spaces(), ["A"]);
    // Of a text that is broken nothing more can be made.
    let bulk = Bulk::logged_in("");
    let run = run_piped(&bulk, "name\nA\n\"B\nC\n").exits_with(3);
    assert!(run.stderr.contains("line 3, column 1"), "{}", run.stderr);
    assert_eq!(bulk.spaces(), ["A"]);
}

#[test]
fn the_login_for_a_pipe_allows_what_the_options_ask_for() {
    let crowd: Vec<String> = (0..50).map(|number| format!("--member p{number}@example.com")).collect();
    for options in ["--if-exists reuse", "--manager eve@example.com", "--owner eve@example.com", &crowd.join(" ")] {
        let mut bulk = Bulk::of(Sandbox::new(), "").with(options);
        bulk.words.retain(|word| word != "--no-input");
        let run = run_piped(&bulk, "name\nA\nB\n").success();
        assert_eq!(statuses(&run.stdout), ["created", "created"], "{options}: {}", run.stderr);
    }
}

#[test]
fn a_preview_ends_with_its_reader_and_at_a_signal_however_many_rows_there_are() {
    let endless = || {
        let mut bulk = Bulk::of(Sandbox::new(), "").with("--dry-run");
        bulk.words.retain(|word| word != "--journal" && word != "results.jsonl");
        let (child, mut stdin) = piped(&bulk);
        std::thread::spawn(move || {
            let _ = stdin.write_all(b"name\n");
            while stdin.write_all(&b"x\n".repeat(1000)).is_ok() {}
        });
        (bulk, child)
    };
    let (bulk, mut child) = endless();
    drop(child.stdout.take());
    bulk.sandbox.wait(child).exits_with(141);
    let (bulk, mut child) = endless();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 1000]).unwrap();
    send_signal(&child, Signal::TERM);
    let reader = std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()).unwrap());
    bulk.sandbox.wait(child).exits_with(143);
    let after = reader.join().unwrap();
    assert!(after < 10_000_000, "{after} bytes after the signal");
}

#[test]
fn a_key_that_stands_twice_in_a_pipe_fails_the_second_row() {
    let bulk = Bulk::logged_in("");
    let run = run_piped(&bulk, "name,idempotency-key\nA,k\nB,k\nC,l\n").exits_with(7);
    assert_eq!(statuses(&run.stdout), ["created", "failed", "created"]);
    assert_eq!(bulk.spaces(), ["A", "C"]);
}

#[test]
fn a_named_pipe_is_read_once() {
    let bulk = Bulk::logged_in("");
    fs::remove_file(bulk.sandbox.path("rows.csv")).unwrap();
    let path = bulk.sandbox.path("rows.csv");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let child = bulk.start();
    fs::write(&path, names(3)).unwrap();
    assert_eq!(statuses(&bulk.sandbox.wait(child).success().stdout), ["created"; 3]);
}

#[test]
fn a_file_that_lost_rows_while_it_was_read_is_no_success() {
    let mut rows = names(3000);
    for _ in 0..2000 {
        writeln!(rows, "{}", "x".repeat(100)).unwrap();
    }
    let bulk = Bulk::logged_in(&rows).with("--concurrency 1");
    bulk.fault("create:delay=200ms,times=1");
    let child = bulk.start();
    crate::support::stage::wait_until("it has begun", || !bulk.request_ids().is_empty());
    bulk.sandbox.control().clear_faults();
    bulk.rows("name\n");
    let run = bulk.sandbox.wait(child);
    assert_eq!(run.code(), Some(3), "{}", run.stderr);
}

#[test]
fn a_dry_run_sends_nothing_and_leaves_nothing() {
    let bulk = Bulk::of(Sandbox::new(), &names(3)).with("--dry-run");
    let run = bulk.run().success();
    assert!(run.stderr.contains("3 rows"), "{}", run.stderr);
    assert!(bulk.sandbox.control().requests().is_empty() && !bulk.journal_path().exists());
}

#[test]
fn members_and_roles_come_with_each_space_exactly_once() {
    let bulk = Bulk::logged_in("name,member,manager\nA,ada@example.com;bob@example.com,eve@example.com\nB,,\n");
    let scopes = ["chat.spaces.create", "chat.memberships"].map(|scope| ["--scope", scope]);
    bulk.sandbox.run(["auth", "login"].iter().chain(scopes.iter().flatten())).success();
    // What comes after the making fails, and is all that the second run does.
    bulk.fault("update-member:status=500,retry-after=60,times=1");
    let first = bulk.run().exits_with(7);
    assert_eq!(statuses(&first.stdout), ["failed", "created"]);
    assert!(results(&first.stdout)[0]["space"]["name"].is_string(), "the space that was made is named");
    bulk.sandbox.control().clear_requests();
    assert_eq!(statuses(&bulk.run().success().stdout), ["created", "skipped"]);
    assert!(bulk.request_ids().is_empty());
    assert_eq!(bulk.spaces(), ["A", "B"]);
    let spaces = bulk.sandbox.control().spaces();
    let space = spaces.iter().find(|space| space["displayName"] == "A").unwrap();
    let members = bulk.sandbox.control().members(space["name"].as_str().unwrap());
    assert_eq!(members.len(), 4, "{members:?}");
}

#[test]
fn results_are_no_spreadsheet_unless_jq_makes_one() {
    let bulk = Bulk::logged_in(&names(1));
    let with = |format: [&str; 2]| {
        let words = bulk.words.iter().map(String::as_str).filter(|word| !["--format", "jsonl"].contains(word));
        bulk.sandbox.run(words.chain(format))
    };
    let refused = with(["--format", "csv"]).exits_with(2);
    assert!(refused.stderr.contains("@csv"), "{}", refused.stderr);
    assert!(bulk.request_ids().is_empty());
    let made = with(["--jq", "[.row, .status] | @csv"]).success();
    assert_eq!(made.stdout, "1,\"created\"\n");
}

#[test]
fn people_and_groups_are_checked_before_anything_is_sent() {
    let bulk = Bulk::of(Sandbox::new(), "");
    for (column, value) in [
        ("member", "mailto:ada@example.com"),
        ("member", "Ada <ada@example.com>"),
        ("manager", "1.06782E+20"),
        ("owner", "ada\u{200b}@example.com"),
        ("member", "ada@"),
        ("group", "team@example.com"),
    ] {
        for rows in [format!("name,{column}\nA,{value}\n"), serde_json::json!({"name":"A", column:[value]}).to_string()]
        {
            bulk.rows(&rows);
            let refused = bulk.run().exits_with(3);
            let message = refused.error()["message"].as_str().unwrap().to_owned();
            assert!(message.contains("line ") && message.contains(&format!("--{column}")), "{rows}: {message}");
            let option = bulk.sandbox.run(["spaces", "create", "--name", "A", &format!("--{column}"), value]);
            assert_eq!(option.code(), Some(2), "{column} {value}: {}", option.stderr);
        }
    }
    bulk.rows("{\"name\":\"A\",\"member\":[\"ada@example.com,bob@example.com\"]}\n");
    assert!(bulk.run().exits_with(3).stderr.contains("takes one value"));
    bulk.rows("name,member\nA,\"ada@example.com, bob@example.com\"\n");
    bulk.sandbox.run(bulk.words.iter().map(String::as_str).chain(["--dry-run"])).success();
    assert!(bulk.sandbox.control().requests().is_empty());
}

#[test]
fn a_whole_request_is_sent_as_it_is_or_refused() {
    let bulk = Bulk::logged_in("");
    let rows =
        |membership: &Value| format!("{}\n", json!({ "space": { "displayName": "B" }, "memberships": [membership] }));
    for (membership, expected) in [
        (json!({ "member": { "name": "users/12", "type": "BOT" } }), "memberships: only people and the calling app"),
        (json!({ "member": { "name": "a@x.test", "type": 7 } }), "memberships: only people and the calling app"),
        (json!({ "member": { "name": "users/12" }, "role": "ROLE_MANAGER" }), "the columns manager and owner"),
        (
            json!({ "member": { "name": "users/12" }, "role": "ROLE_ASSISTANT_MANAGER" }),
            "the columns manager and owner",
        ),
        (json!({ "groupMember": { "name": "groups/g" }, "role": "ROLE_MANAGER" }), "the columns manager and owner"),
    ] {
        bulk.rows(&rows(&membership));
        let refused = bulk.run().exits_with(3);
        assert!(refused.stderr.contains(expected), "{membership}: {}", refused.stderr);
    }
    for membership in [
        json!({ "member": { "name": "users/12", "type": "HUMAN" }, "role": "ROLE_MEMBER" }),
        json!({ "member": { "name": "users/app", "type": "BOT" } }),
        json!({ "groupMember": { "name": "groups/g" } }),
    ] {
        bulk.rows(&rows(&membership));
        bulk.sandbox.run(bulk.words.iter().map(String::as_str).chain(["--dry-run"])).success();
    }
}
