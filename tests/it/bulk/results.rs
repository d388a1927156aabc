//! How rows end: order, statuses, exit codes, and what the same command does next.

use std::fs;

use chatauth::emulator::{Endpoint, Options};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::bulk::{Bulk, names, results, statuses};
use crate::support::sandbox::Sandbox;
use crate::support::stage::{interrupt_twice, send_signal, wait_until};

#[test]
fn results_come_in_order_and_the_same_command_tries_only_what_failed() {
    let bulk = Bulk::logged_in(&names(12)).with("--concurrency 4");
    bulk.fault("create:delay=150ms,times=2,after=1");
    bulk.fault("create:status=400,reason=INVALID_ARGUMENT,times=1,after=3");
    bulk.fault("create:status=403,reason=PERMISSION_DENIED,times=1,after=5");
    let first = bulk.run().exits_with(7);
    let ends = statuses(&first.stdout);
    assert_eq!(ends.len(), 12);
    assert_eq!(ends.iter().filter(|end| *end == "failed").count(), 2, "{}", first.stdout);
    assert_eq!(first.error()["code"], "partial_failure");
    let hint = first.error()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("--journal results.jsonl"), "{}", first.stderr);
    // One of them is right, and fails because of the account.
    assert!(hint.starts_with("to resume, run "), "{hint}");
    let failed: Vec<Value> = results(&first.stdout).into_iter().filter(|result| result["status"] == "failed").collect();
    assert!(failed.iter().all(|result| result["error"]["code"].is_string() && result.get("space").is_none()));

    bulk.sandbox.control().clear_faults();
    bulk.sandbox.control().clear_requests();
    let second = bulk.run().success();
    let created: Vec<Value> =
        results(&second.stdout).into_iter().filter(|result| result["status"] == "created").collect();
    assert_eq!(created.len(), 2);
    assert_eq!(statuses(&second.stdout).iter().filter(|end| *end == "skipped").count(), 10);
    assert!(
        results(&second.stdout).iter().all(|result| result["space"]["name"].is_string()),
        "skipped rows have it too"
    );
    for (failed, created) in failed.iter().zip(&created) {
        assert_eq!(failed["row"], created["row"]);
        assert_ne!(failed["requestId"], created["requestId"], "the API had refused this id");
    }
    assert_eq!(bulk.request_ids().len(), 2);
    assert_eq!(bulk.spaces().len(), 12);
    bulk.sandbox.control().clear_requests();
    assert!(statuses(&bulk.run().success().stdout).iter().all(|end| end == "skipped"));
    assert!(bulk.sandbox.control().requests().is_empty());
}

#[test]
fn a_request_id_lasts_until_the_api_refuses_the_request_itself() {
    for (fault, again) in [
        ("create:status=503,retry-after=60,commit", true),
        ("create:status=500,retry-after=60", true),
        ("create:status=429,reason=RESOURCE_QUOTA_EXCEEDED", true),
        ("create:status=400", false),
        ("create:status=403,reason=PERMISSION_DENIED", false),
        ("create:status=404", false),
        ("create:status=409", false),
        (r#"create:status=409,retry-after=60,body={"error":{"code":409,"status":"ABORTED"}}"#, true),
        // What may have been applied is not forgotten because a repetition was refused.
        ("create:status=503,commit,times=1|create:status=403,reason=PERMISSION_DENIED", true),
        ("create:drop-after,times=1|create:status=429,times=1|create:status=400", true),
    ] {
        let bulk = Bulk::logged_in(&names(1));
        for fault in fault.split('|') {
            bulk.fault(fault);
        }
        bulk.run().exits_with(7);
        let before = bulk.request_ids();
        assert!(before.iter().all(|id| *id == before[0]), "{fault}");
        bulk.sandbox.control().clear_faults();
        bulk.sandbox.control().clear_requests();
        bulk.run().success();
        assert_eq!(bulk.request_ids().len(), 1, "{fault}");
        assert_eq!(bulk.request_ids()[0] == before[0], again, "{fault}");
        assert_eq!(bulk.spaces().len(), 1, "{fault}");
    }
}

/// Another machine creates the same row at this moment.
#[test]
fn a_request_that_meets_another_one_of_its_id_is_repeated_under_it() {
    let bulk = Bulk::logged_in("name,idempotency-key\nA,k\n");
    bulk.fault(r#"create:status=409,times=2,body={"error":{"code":409,"status":"ABORTED"}}"#);
    let run = bulk.run().success();
    assert_eq!(statuses(&run.stdout), ["created"]);
    let ids = bulk.request_ids();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(bulk.spaces(), ["A"]);
}

#[test]
fn a_refusal_after_an_unknown_outcome_never_costs_the_request_id() {
    // Made, but the answer was lost; then the repetition is refused; only then does it go through.
    let bulk = Bulk::logged_in(&names(1));
    bulk.fault("create:status=503,retry-after=60,commit,times=1");
    bulk.run().exits_with(7);
    bulk.fault("create:status=403,reason=PERMISSION_DENIED,times=1");
    bulk.run().exits_with(7);
    bulk.run().success();
    let ids = bulk.request_ids();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(bulk.spaces().len(), 1);
}

#[test]
fn fail_fast_ends_the_run_at_the_first_failure() {
    let bulk = Bulk::logged_in(&names(20)).with("--fail-fast --concurrency 1");
    bulk.fault("create:status=400,times=1,after=2");
    let failed = bulk.run().exits_with(5);
    assert_eq!(statuses(&failed.stdout), ["created", "created", "failed"]);
    assert_eq!(bulk.spaces().len(), 2);
    assert!(failed.stderr.contains("17 not started"), "{}", failed.stderr);
    assert_eq!(statuses(&bulk.run().success().stdout).len(), 20);
    assert_eq!(bulk.spaces().len(), 20);
}

#[test]
fn spaces_that_are_there_are_reused_or_refused_as_each_row_says() {
    let bulk = Bulk::logged_in("name,if-exists\nOld,reuse\nNew,reuse\nOld,fail\nOld,\n");
    bulk.sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.spaces.readonly"]).success();
    bulk.sandbox.run(["spaces", "create", "--name", "Old"]).success();
    let run = bulk.run().exits_with(7);
    assert_eq!(statuses(&run.stdout), ["existing", "created", "failed", "created"]);
    assert_eq!(results(&run.stdout)[2]["error"]["code"], "already_exists");
    assert_eq!(bulk.spaces(), ["New", "Old", "Old"]);
}

#[test]
fn a_space_of_the_runs_own_is_no_other_space_of_its_name() {
    // The answer to a create gets lost; the next run must not take the space for one that was there before.
    for choice in ["fail", "reuse"] {
        let bulk = Bulk::logged_in(&format!("name,if-exists\nOnce,{choice}\n"));
        let scopes = ["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.spaces.readonly"];
        bulk.sandbox.run(scopes).success();
        bulk.fault("create:status=503,retry-after=60,commit,times=1");
        bulk.run().exits_with(7);
        assert_eq!(bulk.spaces(), ["Once"]);
        assert_eq!(statuses(&bulk.run().success().stdout), ["created"], "{choice}");
        assert_eq!(bulk.spaces(), ["Once"]);
    }
}

#[test]
fn a_reused_space_is_left_unchanged_and_the_commands_that_add_its_members_are_printed_once() {
    let crowd: Vec<String> = (0..55).map(|number| format!("p{number}@example.com")).collect();
    let few = r#"{"name":"Old","member":["q@example.com"],"manager":["ada@example.com"],"if-exists":"reuse"}"#;
    let many = format!(r#"{{"name":"Old","if-exists":"reuse","member":{crowd:?}}}"#);
    let keyed = r#"{"name":"New","idempotency-key":"k","manager":["ada@example.com"]}"#;
    let nobody = r#"{"name":"Old","if-exists":"reuse"}"#;
    for row in [few, &many, keyed, nobody] {
        let bulk = Bulk::logged_in(row);
        let scopes = ["chat.spaces.create", "chat.spaces.readonly", "chat.memberships"].map(|scope| ["--scope", scope]);
        bulk.sandbox.run(["auth", "login"].iter().chain(scopes.iter().flatten())).success();
        let create = ["spaces", "create", "--name", "Old", "--member", "ada@example.com", "--idempotency-key", "k"];
        let space = bulk.sandbox.name_of(&create);
        let before = bulk.sandbox.control().members(&space);
        let run = bulk.run().success();
        assert_eq!(statuses(&run.stdout), ["existing"]);
        assert_eq!(bulk.spaces(), ["Old"]);
        assert_eq!(bulk.sandbox.control().members(&space), before, "{row}");
        let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
        if row == nobody {
            assert!(warnings.is_empty(), "{warnings:?}");
        } else {
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            let (reason, commands) = warnings[0].split_once(". To add them, run ").unwrap();
            assert!(reason.starts_with("warning: row 1: ") && reason.contains(&space), "{reason}");
            if row == many {
                let command = format!("members add {space} {}", crowd.join(" "));
                assert!(commands.ends_with(&command), "{commands}");
            } else {
                bulk.sandbox.paste(commands).success();
                let members = bulk.sandbox.control().members(&space);
                assert_eq!(members.len(), if row == few { 3 } else { 2 }, "{row}");
                assert!(members.iter().any(|member| member["role"] == "ROLE_ASSISTANT_MANAGER"), "{row}");
            }
        }
        assert_eq!(statuses(&bulk.run().success().stdout), ["skipped"]);
    }
}

#[test]
fn an_existing_member_is_called_existing_also_when_the_run_is_resumed() {
    let bulk = Bulk::logged_in("member,role\nada@example.com,manager\n");
    let scopes = ["chat.spaces.create", "chat.memberships"].map(|scope| ["--scope", scope]);
    bulk.sandbox.run(["auth", "login"].iter().chain(scopes.iter().flatten())).success();
    let space = bulk.sandbox.name_of(&["spaces", "create", "--name", "Old", "--member", "ada@example.com"]);
    let run = || {
        let words = "members add SPACE --from rows.csv --journal results.jsonl --format jsonl";
        bulk.sandbox.run(words.split(' ').map(|word| if word == "SPACE" { space.as_str() } else { word }))
    };
    bulk.fault("update-member:status=403,times=1");
    assert_eq!(statuses(&run().exits_with(7).stdout), ["failed"]);
    assert_eq!(statuses(&run().success().stdout), ["existing"]);
    assert_eq!(statuses(&run().success().stdout), ["skipped"]);
}

#[test]
fn a_rate_limit_that_comes_as_403_is_waited_for_too() {
    let bulk = Bulk::logged_in(&names(3));
    bulk.fault("create:status=403,reason=RATE_LIMIT_EXCEEDED,times=1,after=1");
    assert_eq!(statuses(&bulk.run().success().stdout), ["created"; 3]);
    assert_eq!(bulk.request_ids().len(), 4);
}

#[test]
fn quota_for_what_comes_after_the_making_is_waited_for() {
    let bulk = Bulk::logged_in("name,manager\nA,ada@example.com\nB,ada@example.com\n");
    let scopes = ["chat.spaces.create", "chat.memberships"].map(|scope| ["--scope", scope]);
    bulk.sandbox.run(["auth", "login"].iter().chain(scopes.iter().flatten())).success();
    bulk.fault("update-member:status=429,retry-after=1,times=2");
    let run = bulk.run().success();
    assert_eq!(statuses(&run.stdout), ["created", "created"]);
    for space in bulk.sandbox.control().spaces() {
        let members = bulk.sandbox.control().members(space["name"].as_str().unwrap());
        assert!(members.iter().any(|member| member["role"] == "ROLE_MANAGER"), "{members:?}");
    }
}

/// Without a journal: nothing but what is printed is left of a run.
fn without_journal(mut bulk: Bulk) -> Bulk {
    let position = bulk.words.iter().position(|word| word == "--journal").unwrap();
    bulk.words.drain(position..position + 2);
    bulk
}

#[test]
fn without_a_journal_what_was_made_behind_a_slow_row_is_said_when_a_signal_ends_the_run() {
    let bulk = without_journal(Bulk::logged_in(&names(6))).with("--concurrency 2");
    bulk.fault("create:delay=60s,times=1,after=1");
    bulk.fault("create:delay=60s,after=5");
    let child = bulk.start();
    // The sixth leaves when the answer to the fifth has been read.
    wait_until("the last one has left", || bulk.request_ids().len() == 6);
    interrupt_twice(&child, Signal::INT);
    let run = bulk.sandbox.wait(child).exits_with(130);
    let rows: Vec<u64> = results(&run.stdout).iter().map(|result| result["row"].as_u64().unwrap()).collect();
    // The second and the third leave together, so either can be the slow one.
    let slow = if rows.contains(&2) { 3 } else { 2 };
    assert_eq!(rows, [1, 5 - slow, 4, 5]);
    assert!(run.stderr.contains("4 created, 0 existing, 0 skipped, 0 failed, 2 unknown"), "{}", run.stderr);
    let ids = bulk.request_ids();
    for (row, id) in [(slow, &ids[1]), (6, &ids[5])] {
        assert!(run.stderr.contains(&format!("row {row} with request id {id}")), "{}", run.stderr);
    }
}

#[test]
fn without_a_journal_a_row_that_waits_for_quota_and_may_exist_is_named() {
    let bulk = without_journal(Bulk::logged_in(&names(1)));
    bulk.fault("create:status=503,commit,times=1");
    bulk.fault("create:status=429,retry-after=3600,times=1");
    let child = bulk.start();
    wait_until("it was refused", || bulk.request_ids().len() == 2);
    // It may not have been read yet; then the row is on its way, and named for that.
    std::thread::sleep(std::time::Duration::from_millis(300));
    send_signal(&child, Signal::INT);
    let run = bulk.sandbox.wait(child).exits_with(130);
    assert!(run.stderr.contains(&bulk.request_ids()[0]), "{}", run.stderr);
    assert_eq!(bulk.spaces().len(), 1);
}

#[test]
fn members_are_added_and_spaces_deleted_once_each_and_a_journal_knows_which_space_it_was() {
    let sandbox = Sandbox::new();
    let scopes =
        ["chat.spaces.create", "chat.memberships", "chat.delete"].map(|scope| ["--scope", scope].map(str::to_owned));
    sandbox.run(["auth", "login"].map(str::to_owned).iter().chain(scopes.iter().flatten())).success();
    let spaces = ["A", "B"].map(|name| {
        let made = sandbox.run(["spaces", "create", "--name", name, "--format", "name"]).success();
        made.stdout.trim().to_owned()
    });
    let run = |words: &[&str]| {
        let rest = "--rate unlimited --format jsonl --no-input".split(' ');
        sandbox.run(words.iter().copied().chain(rest))
    };
    let run =
        |journal: &str, words: &[&str]| statuses(&run(&[words, &["--journal", journal]].concat()).success().stdout);
    fs::write(sandbox.path("people.csv"), "member\nada@example.com\nbob@example.com\n").unwrap();
    for (space, journal) in spaces.iter().zip(["a.jsonl", "b.jsonl"]) {
        let add = ["members", "add", space, "--from", "people.csv"];
        assert_eq!(run(journal, &add), ["added", "added"]);
        assert_eq!(run(journal, &add), ["skipped", "skipped"]);
        assert_eq!(sandbox.control().members(space).len(), 3);
    }
    // The same rows about another space are other rows.
    let other = ["members", "add", &spaces[1], "--from", "people.csv", "--journal", "a.jsonl", "--format", "json"];
    let refused = sandbox.run(other).exits_with(3);
    assert!(refused.error()["message"].as_str().unwrap().contains("SPACE was spaces/"), "{}", refused.stderr);
    fs::write(sandbox.path("spaces.csv"), format!("space\n{}\n{}\n", spaces[0], spaces[1])).unwrap();
    let delete = ["spaces", "delete", "--yes", "--from", "spaces.csv"];
    assert_eq!(run("c.jsonl", &delete), ["deleted", "deleted"]);
    assert_eq!(run("c.jsonl", &delete), ["skipped", "skipped"]);
    assert!(sandbox.control().spaces().is_empty());
}

#[test]
fn equal_names_find_each_other_with_if_exists() {
    for (choice, end, code) in [("reuse", "existing", 0), ("fail", "failed", 7)] {
        let rows = format!("name\nFirst\n{}Other\n", "Same\n".repeat(5));
        let bulk = Bulk::logged_in(&rows).with(&format!("--concurrency 8 --if-exists {choice}"));
        let scopes = ["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.spaces.readonly"];
        bulk.sandbox.run(scopes).success();
        bulk.fault("create:delay=50ms");
        let run = bulk.run().exits_with(code);
        assert_eq!(statuses(&run.stdout), ["created", "created", end, end, end, end, "created"], "{choice}");
        assert_eq!(bulk.spaces(), ["First", "Other", "Same"], "{choice}");
    }
}

/// A run with `--if-exists` whose first request gets an answer that does not tell whether it was applied; it was not.
fn unanswered(rows: &str, choice: &str) -> Bulk {
    let bulk = Bulk::logged_in(rows).with(&format!("--if-exists {choice}"));
    bulk.sandbox.run(["auth", "login", "--scope", "manage"]).success();
    for endpoint in ["create", "setup"] {
        bulk.fault(&format!("{endpoint}:redirect=http://127.0.0.1:1/x,times=1"));
    }
    bulk
}

#[test]
fn rows_wait_for_one_of_their_name_that_may_have_been_applied() {
    for choice in ["reuse", "fail"] {
        let bulk = unanswered("name,description\nA,one\nA,two\nB,\n", choice);
        let first = bulk.run().exits_with(7);
        assert_eq!(statuses(&first.stdout), ["failed", "failed", "created"]);
        let waits = &results(&first.stdout)[1]["error"];
        assert_eq!(waits["message"], "not tried: it must follow row 1, which failed");
        let (end, code) = if choice == "reuse" { ("existing", 0) } else { ("failed", 7) };
        assert_eq!(statuses(&bulk.run().exits_with(code).stdout), ["created", end, "skipped"]);
        assert_eq!(bulk.spaces(), ["A", "B"], "{choice}");
    }
}

#[test]
fn the_page_of_a_proxy_proves_nothing() {
    for status in [400, 403, 404, 409] {
        let bulk = Bulk::logged_in("name\nA\n");
        bulk.fault(&format!("create:commit,html,status={status},times=1"));
        let error = &results(&bulk.run().exits_with(7).stdout)[0]["error"];
        assert_eq!(error["outcome"], "unknown", "{error}");
        assert_eq!(error["hint"].as_str().unwrap().contains("--api-endpoint"), status == 404, "{error}");
        bulk.run().success();
        assert_eq!(bulk.spaces(), ["A"], "{status}");
    }
}

#[test]
fn a_row_that_may_have_been_applied_takes_what_has_its_name_since_then() {
    for choice in ["reuse", "fail"] {
        let bulk = unanswered("name,member\nA,bob@example.com\n", choice);
        bulk.run().exits_with(7);
        // Nothing was made, so somebody makes it by hand.
        bulk.sandbox.control().clear_faults();
        bulk.sandbox.run(["spaces", "create", "--name", "A"]).success();
        let resumed = bulk.run().success();
        assert_eq!(statuses(&resumed.stdout), ["created"], "{choice}");
        assert_eq!(bulk.spaces(), ["A"], "{choice}");
        // Who is missing was not asked for, so Google is not to blame.
        let command = resumed.stderr.split_once("To add them, run ").unwrap_or_else(|| panic!("{}", resumed.stderr)).1;
        assert!(command.contains("bob@example.com") && !resumed.stderr.contains("Google did not"), "{command}");
    }
}

#[test]
fn a_row_with_a_key_or_an_id_finds_its_own_space_whatever_if_exists_says() {
    for (column, value) in [("idempotency-key", "k"), ("request-id", "11111111-2222-4333-8444-555555555555")] {
        for choice in ["fail", "reuse"] {
            let rows = format!("name,manager,{column}\nA,bob@example.com,{value}\n");
            let bulk = without_journal(Bulk::logged_in(&rows).with(&format!("--if-exists {choice}")));
            bulk.sandbox.run(["auth", "login", "--scope", "chat.spaces", "--scope", "chat.memberships"]).success();
            bulk.fault("setup:status=503,commit,retry-after=3600,times=1");
            bulk.run().exits_with(7);
            assert_eq!(statuses(&bulk.run().success().stdout), ["created"], "{column} {choice}");
            assert_eq!(bulk.spaces(), ["A"], "{column} {choice}");
            let space = bulk.sandbox.control().spaces()[0]["name"].as_str().unwrap().to_owned();
            let members = bulk.sandbox.control().members(&space);
            assert!(members.iter().any(|member| member["role"] == "ROLE_ASSISTANT_MANAGER"), "{column} {choice}");
        }
    }
}

#[test]
fn one_key_is_one_space_whatever_was_refused_before() {
    for column in ["idempotencyKey", "requestId"] {
        let key = "11111111-2222-4333-8444-555555555555";
        let bulk = Bulk::logged_in(&format!("name,{column}\nA,{key}\n"));
        bulk.fault("create:status=403,reason=PERMISSION_DENIED,times=1");
        bulk.run().exits_with(7);
        bulk.run().success();
        // Another machine has no journal, or its own; and one space is created without a file.
        fs::remove_file(bulk.journal_path()).unwrap();
        bulk.run().success();
        let bulk = without_journal(bulk);
        bulk.run().success();
        let option = if column == "requestId" { "--request-id" } else { "--idempotency-key" };
        bulk.sandbox.run(["spaces", "create", "--name", "A", option, key]).success();
        let ids = bulk.request_ids();
        assert!(ids.len() == 5 && ids.iter().all(|id| *id == ids[0]), "{column}: {ids:?}");
        assert_eq!(bulk.spaces(), ["A"], "{column}");
    }
}

/// The command in a hint, after these words.
#[track_caller]
fn command_after<'a>(hint: &'a Value, words: &str) -> &'a str {
    let hint = hint.as_str().unwrap();
    hint.split_once(words).unwrap_or_else(|| panic!("{hint}")).1
}

#[test]
fn what_repeats_a_row_or_resumes_a_run_is_a_command_that_does() {
    let all = names(3);
    let all: Vec<&str> = all.lines().skip(1).collect();
    // Each row is repeated with the id in the journal.
    let bulk = Bulk::logged_in(&names(3)).with("--concurrency 1");
    bulk.fault("create:status=302,commit,after=1,times=1");
    let unknown = bulk.run().exits_with(7);
    assert!(unknown.error()["hint"].as_str().unwrap().starts_with("to resume"), "{}", unknown.stderr);
    let row = &results(&unknown.stdout)[1]["error"]["hint"];
    bulk.pasted(command_after(row, "to repeat it safely, run ")).success();
    assert_eq!(bulk.spaces(), all);
    // The failure of a run says first what to do about itself.
    for (fault, code, own) in [
        ("create:status=302,commit,after=1", 6, "to repeat it safely, run "),
        ("create:status=401,after=1", 4, "auth login --account emulator@example.com; to resume, run "),
        ("create:status=400,after=1", 5, "/spaces; correct the failed rows; to resume, run "),
    ] {
        let bulk = Bulk::logged_in(&names(3)).with("--concurrency 1 --fail-fast");
        bulk.fault(fault);
        let stopped = bulk.run().exits_with(code).error()["hint"].clone();
        bulk.sandbox.control().clear_faults();
        bulk.pasted(command_after(&stopped, own)).success();
        assert_eq!(bulk.spaces(), all, "{stopped}");
        // Without a journal every finished row would be done again.
        let alone = ["spaces", "create", "--from", "rows.csv", "--fail-fast", "--format", "json", "--concurrency", "1"];
        for (fault, words) in [(fault, "remove the finished rows"), (&fault.replace("after=1", "after=0"), "")] {
            bulk.fault(fault);
            let hint = bulk.sandbox.run(alone).exits_with(code).error()["hint"].clone();
            bulk.sandbox.control().clear_faults();
            let unknown = code == 6;
            let expected = unknown || !words.is_empty();
            assert_eq!(hint.as_str().unwrap().contains("remove the finished rows"), expected, "{fault}: {hint}");
            assert_eq!(hint.as_str().unwrap().contains("set request-id"), unknown, "{fault}: {hint}");
        }
    }
}

#[test]
fn what_to_do_about_a_failed_row_is_told_to_people() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    fs::write(sandbox.path("rows.csv"), "name,idempotency-key\nD,dk\n").unwrap();
    for format in ["human", "name"] {
        sandbox.control().add_fault("create:status=404,reason=NOT_FOUND,times=1".parse().unwrap());
        let run = sandbox.run(["spaces", "create", "--from", "rows.csv", "--format", format]).exits_with(7);
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(text.contains("use another key or request ID"), "{format}: {text}");
    }
}

#[test]
fn rows_are_to_be_corrected_only_where_they_are_at_fault() {
    for (fault, correct) in [("create:status=400", true), ("create:status=403", false)] {
        let bulk = Bulk::logged_in(&names(2));
        bulk.fault(fault);
        let error = bulk.run().exits_with(7).error();
        let start = if correct { "correct the failed rows; to resume, run " } else { "to resume, run " };
        assert!(error["hint"].as_str().unwrap().starts_with(start), "{error}");
    }
}

#[test]
fn what_ended_a_run_is_told_beside_an_unknown_row() {
    let bulk = Bulk::logged_in(&names(3));
    bulk.fault("create:status=302,commit,times=1");
    bulk.fault("create:status=401");
    let alone = ["spaces", "create", "--from", "rows.csv", "--format", "json", "--concurrency", "1"];
    let error = bulk.sandbox.run(alone).exits_with(4).error();
    assert_eq!(error["outcome"], "unknown");
    for part in ["auth login", "set request-id"] {
        assert!(error["hint"].as_str().unwrap().contains(part), "no {part}: {error}");
    }
}

/// A run whose first row makes a space and then fails: the manager has not joined yet.
fn unfinished(rows: &str) -> Bulk {
    let options = Options { auto_accept_off: vec![String::from("shy@example.com")], ..Options::default() };
    let sandbox = Sandbox::with(options);
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    Bulk::of(sandbox, rows)
}

#[test]
fn the_space_of_a_row_that_failed_is_not_made_again_by_what_the_run_says() {
    let bulk = unfinished("name,manager\nA,shy@example.com\nB,\n");
    for (format, told) in [("human", "stdout"), ("name", "stderr")] {
        let words = ["spaces", "create", "--from", "rows.csv", "--format", format];
        let run = bulk.sandbox.run(words).exits_with(7);
        let space = bulk.sandbox.control().spaces()[0]["name"].as_str().unwrap().to_owned();
        assert!(run.stderr.contains("remove the finished rows, and those whose space exists"), "{}", run.stderr);
        let text = if told == "stdout" { &run.stdout } else { &run.stderr };
        let line = text.lines().find(|line| line.contains("the space spaces/")).unwrap_or_else(|| panic!("{text}"));
        assert!(line.contains("once they have accepted, run ") && line.contains("members add spaces/"), "{line}");
        assert!(format == "name" || line.contains(&space), "{line}");
    }
}

#[test]
fn a_row_that_was_changed_after_it_made_a_space_is_warned_of_before_it_makes_another() {
    let [shy, joined] =
        ["shy", "eve"].map(|name| format!("name,manager\nA,{name}@example.com\nA,{name}@example.com\n"));
    let bulk = unfinished(&shy);
    let first = bulk.run().exits_with(7);
    let made: Vec<String> =
        results(&first.stdout).iter().map(|row| row["space"]["name"].as_str().unwrap().to_owned()).collect();
    // A row that is there claims the space, and the first one is free.
    let warning = |names: &[String]| {
        let names = names.join(", ");
        format!(
            "warning: no row finishes {names} of an earlier run: a row that was changed creates another space. Restore"
        )
    };
    let rows = |text: &str| bulk.rows(text);
    let preview = |from: &str| {
        let line = format!(
            "{} spaces create --from {from} --journal results.jsonl --dry-run < rows.csv",
            env!("CARGO_BIN_EXE_chatauth")
        );
        bulk.pasted(&line)
    };
    for from in ["rows.csv", "-"] {
        rows(&shy);
        assert!(!preview(from).stderr.contains("no row finishes"));
        rows(&joined);
        let said = preview(from).success().stderr;
        assert!(said.contains(&warning(&made)), "{said}");
        rows("name,manager\nA,shy@example.com\nB,\n");
        let said = preview(from).success().stderr;
        assert_eq!(made.iter().filter(|name| said.contains(&warning(&[(*name).clone()]))).count(), 1, "{said}");
    }
    // What no run can tell the fate of counts as well; what was refused does not.
    bulk.rows("name\nC\n");
    bulk.fault("create:status=302");
    let unknown = bulk.run().exits_with(7);
    bulk.sandbox.control().clear_faults();
    let id = results(&unknown.stdout)[0]["requestId"].as_str().unwrap().to_owned();
    bulk.rows("name\nD\n");
    bulk.fault("create:status=400");
    bulk.run().exits_with(7);
    bulk.sandbox.control().clear_faults();
    bulk.rows("name\nE\n");
    let run = bulk.run().success();
    let position = |text: &str| run.stderr.find(text).unwrap_or_else(|| panic!("{text}: {}", run.stderr));
    assert!(position(&format!("request id {id}")) < position("Creating 1 space"), "{}", run.stderr);
    assert_eq!(run.stderr.matches("request id").count(), 1, "{}", run.stderr);
}

#[test]
fn whatever_the_format_it_says_why_a_row_failed() {
    let bulk = Bulk::logged_in("name,member\nok,\nbad,a b\n");
    let why = "line 3: --member \"a b\" is not an email address or user ID";
    for (words, code) in
        [("--dry-run --format human", 3), ("--dry-run --format csv", 3), ("--format name", 7), ("--jq empty", 7)]
    {
        let line = format!("{} spaces create --from - {words} < rows.csv", env!("CARGO_BIN_EXE_chatauth"));
        let run = bulk.pasted(&line).exits_with(code);
        assert!(run.stderr.contains(&format!("Row 2: {why}\n")), "{words}: {}", run.stderr);
    }
    // Once is enough.
    let run = bulk
        .pasted(&format!("{} spaces create --from - --format json < rows.csv", env!("CARGO_BIN_EXE_chatauth")))
        .exits_with(7);
    assert!(!run.stderr.contains("Row 2"), "{}", run.stderr);
}

#[test]
fn rows_with_many_members_share_the_quota_and_go_on_where_it_ended() {
    // A request has room for 49 members.
    let mut rows = String::from("name,member\n");
    for row in 0..4 {
        let members: Vec<String> = (0..59).map(|member| format!("u{row}x{member}@example.com")).collect();
        rows += &format!("R{row},{}\n", members.join(";"));
    }
    let quota = Some("membershipWrites=20/5s,retry-after=none".parse().unwrap());
    let sandbox = Sandbox::with(Options { quota, ..Options::default() });
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let bulk = Bulk::of(sandbox, &rows).with("--concurrency 4");
    assert_eq!(statuses(&bulk.run().success().stdout), ["created"; 4]);
    let sent = bulk.sandbox.control().requests_to(Endpoint::AddMember).len();
    assert!((40..=60).contains(&sent), "{sent} requests for 40 members");
}

#[test]
fn a_run_that_fails_after_it_made_a_space_knows_so() {
    let rows = "name,manager\nA,ada@example.com\nB,\n";
    let bulk = Bulk::logged_in(rows);
    bulk.fault("update-member:status=404,times=1");
    bulk.fault("create:status=403,reason=SERVICE_DISABLED,times=1");
    bulk.sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let words = ["spaces", "create", "--from", "rows.csv", "--concurrency", "1", "--format", "json"];
    let stopped = bulk.sandbox.run(words).exits_with(5).error();
    assert!(stopped["outcome"].is_null(), "{stopped}");
    assert!(stopped["hint"].as_str().unwrap().contains("those whose space exists"), "{stopped}");
}

#[test]
fn a_row_of_unknown_outcome_is_not_to_be_corrected_and_shows_its_request_id() {
    let run = |rows: &str, words: &[&str], faults: &[&str]| {
        let bulk = Bulk::logged_in(rows);
        for fault in faults {
            bulk.fault(fault);
        }
        let run = bulk.sandbox.run([&["spaces", "create", "--from", "rows.csv"], words].concat()).exits_with(7);
        (bulk, run)
    };
    // The space is there, and a repetition was refused.
    let faults = ["create:drop-after,times=1", "create:status=400,times=1,after=1"];
    let words = ["--journal", "results.jsonl", "--format", "json"];
    let (_, told) = run("name\nA\n", &words, &faults);
    let error = told.error();
    assert_eq!(error["outcome"], "unknown");
    assert!(error["hint"].as_str().unwrap().starts_with("to resume, run "), "{error}");
    let faults =
        ["create:drop-after,times=1", "create:status=429,times=1,after=1", "create:status=400,times=1,after=2"];
    let (bulk, told) = run("name\nA\n", &["--format", "name"], &faults);
    let id = &bulk.request_ids()[0];
    assert!(told.stderr.contains(&format!("may have been applied (request id {id})")), "{}", told.stderr);
    assert!(told.stderr.contains("set request-id in the unknown ones"), "{}", told.stderr);
    // A key needs no request id beside it, which would be refused.
    let (_, told) = run("name,idempotency-key\nA,k\n", &["--format", "json"], &["create:drop-after,times=9"]);
    let row = &results(&told.stdout)[0];
    assert_eq!(row["error"]["hint"], "run this row again: its key or request id makes that safe");
}

#[test]
fn a_filter_hides_no_failure() {
    for (filter, code) in [(".space.name", 7), (".status", 7), (".space.displayName | ascii_upcase", 1)] {
        let bulk = Bulk::logged_in("name\nA\nB\n");
        bulk.fault("create:status=400,times=1");
        let run = bulk.sandbox.run(["spaces", "create", "--from", "rows.csv", "--rate", "unlimited", "--jq", filter]);
        let run = run.exits_with(code);
        assert_eq!(run.stderr.matches("Row 1: cannot create the space: ").count(), 1, "{filter}: {}", run.stderr);
        assert!(!run.stderr.contains("Row 2: cannot"), "{filter}: {}", run.stderr);
    }
}
