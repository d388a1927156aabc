//! The rows of `members … --from`: whom they name, in which order they are sent, and what is refused.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatauth::emulator::{Endpoint, Options};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::bulk::{results, statuses};
use crate::support::recorder::{Recorder, accepting, refusal};
use crate::support::sandbox::Sandbox;
use crate::support::stage::{interrupt_twice, start, wait_until};

/// Runs a command for rows from standard input.
fn run(recorder: &Recorder, words: &str, rows: &str) -> crate::support::recorder::Run {
    let words: Vec<&str> = words.split(' ').chain(["--from", "-", "--format", "jsonl", "--no-input"]).collect();
    recorder.run_with_input(&words, rows)
}

#[test]
fn a_row_that_names_two_members_or_only_a_group_is_refused() {
    let recorder = Recorder::accepting();
    for verb in ["members remove", "members update --role manager"] {
        for (row, expected) in [
            (json!({ "space": "AAA", "member": "7", "group": "g" }), "a row has a member or a group"),
            (json!({ "name": "spaces/AAA/members/7", "member": "7", "group": "g" }), "a row has a member or a group"),
            (json!({ "name": "spaces/AAA/members/1", "member": "users/2" }), "another member"),
            (json!({ "name": "spaces/AAA/members/a@x.test", "user": "b@x.test" }), "another member"),
            (json!({ "space": "AAA", "group": "g" }), "members list --show-groups"),
            (json!({ "space": "AAA", "groupMember": { "name": "groups/g" } }), "members list --show-groups"),
            (json!({ "space": "AAA" }), "member: is missing"),
        ] {
            let refused = run(&recorder, verb, &row.to_string()).exits_with(7);
            assert!(refused.stdout.contains(expected) && refused.requests.is_empty(), "{verb} {row}: {refused:?}");
        }
        for row in [
            json!({ "name": "spaces/AAA/members/7", "member": { "name": "users/7", "type": "HUMAN" } }),
            json!({ "name": "spaces/AAA/members/7", "member": "ada@example.com" }),
            json!({ "name": "spaces/AAA/members/a@x.test", "user": "A@x.test" }),
            json!({ "name": "spaces/AAA/members/9", "member": { "name": "users/app", "type": "BOT" } }),
            json!({ "name": "spaces/AAA/members/g-1", "groupMember": { "name": "groups/g" } }),
        ] {
            run(&recorder, verb, &row.to_string()).exits_with(0);
        }
    }
}

#[test]
fn rows_about_one_member_are_sent_one_after_the_other() {
    for verb in ["add", "update", "remove"] {
        let (busy, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let roles = Arc::new(Mutex::new(Vec::new()));
        let (highest, written) = (Arc::clone(&most), Arc::clone(&roles));
        let recorder = Recorder::with(move |request, before| {
            most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            if before > 0 {
                std::thread::park_timeout(Duration::from_millis(100));
            }
            if let Some(role) = request.body.as_ref().and_then(|body| body.get("role")) {
                roles.lock().unwrap().push(role.clone());
            }
            busy.fetch_sub(1, Ordering::SeqCst);
            accepting(request)
        });
        let rows = "space,member,role\nAAA,a@x.test,owner\nAAA,A@x.test,manager\nAAA,a@x.test,owner\n";
        run(&recorder, &format!("members {verb} --rate unlimited"), rows).exits_with(0);
        assert_eq!(highest.load(Ordering::SeqCst), 1, "{verb}");
        let expected =
            if verb == "remove" { &[][..] } else { &["ROLE_MANAGER", "ROLE_ASSISTANT_MANAGER", "ROLE_MANAGER"] };
        assert_eq!(*written.lock().unwrap(), expected, "{verb}");
    }
}

#[test]
fn a_row_about_somebody_who_is_no_member_says_how_to_list_them() {
    let recorder = Recorder::with(|_, _| refusal(404, "NOT_FOUND"));
    for verb in ["remove", "update"] {
        let missing = run(&recorder, &format!("members {verb}"), "space,member,role\nAAA,7,owner\n").exits_with(7);
        assert!(missing.stdout.contains("chatauth members list spaces/AAA --show-invited"), "{}", missing.stdout);
    }
}

#[test]
fn the_last_word_about_a_member_stays_the_last_when_a_row_before_it_has_to_be_repeated() {
    // Whether a redirect has changed something, nobody knows.
    let recorder = Recorder::with(|request, before| if before == 0 { (302, json!({})) } else { accepting(request) });
    let rows = "space,member,role\nAAA,7,owner\nAAA,7,manager\nAAA,8,manager\n";
    let run = run(&recorder, "members update --rate unlimited", rows).exits_with(7);
    let paths: Vec<&str> = run.requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/v1/spaces/AAA/members/7", "/v1/spaces/AAA/members/8"]);
    assert!(run.stdout.contains("\"message\":\"not tried: it must follow row 1, which failed\""), "{}", run.stdout);
}

#[test]
fn a_member_who_is_no_person_is_not_added_as_one() {
    let recorder = Recorder::accepting();
    for kind in ["BOT", "TYPE_UNSPECIFIED"] {
        for row in [
            json!({ "space": "AAA", "member": { "name": "users/77", "type": kind } }).to_string(),
            format!("space,member.type,member.name\nAAA,{kind},users/77\n"),
        ] {
            let refused = run(&recorder, "members add", &row).exits_with(7);
            assert!(refused.stdout.contains("only people and the calling app"), "{}", refused.stdout);
            assert!(refused.requests.is_empty(), "{row}");
        }
    }
    for (user, kind) in [("users/77", "HUMAN"), ("users/app", "BOT")] {
        let row = json!({ "space": "AAA", "member": { "name": user, "type": kind } });
        let added = run(&recorder, "members add", &row.to_string()).exits_with(0);
        assert_eq!(added.requests[0].body, Some(json!({ "member": { "name": user, "type": kind } })));
    }
}

/// A space in which the group g1 is.
fn with_group(options: Options) -> (Sandbox, String) {
    let sandbox = Sandbox::with(options);
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.memberships"]).success();
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"]);
    sandbox.run(["members", "add", &space, "--group", "g1"]).success();
    (sandbox, space)
}

#[test]
fn a_group_has_no_name_until_the_server_sends_its_membership() {
    let (sandbox, space) = with_group(Options::default());
    fs::write(sandbox.path("groups.csv"), "group\ng1\ng2\n").unwrap();
    let add = |words: &[&str]| {
        let command = ["members", "add", &space, "--from", "groups.csv"];
        sandbox.run(command.iter().chain(words)).success()
    };
    let planned = add(&["--dry-run", "--format", "jsonl"]).stdout;
    assert!(results(&planned).iter().all(|row| row.get("name").is_none()), "{planned}");
    let words = ["--format", "jsonl", "--journal", "j.jsonl"];
    let added = add(&words).stdout;
    assert_eq!(statuses(&added), ["existing", "added"]);
    assert!(results(&added)[0].get("name").is_none(), "{added}");
    let name = results(&added)[1]["membership"]["name"].clone();
    let again = add(&words).stdout;
    assert_eq!(statuses(&again), ["skipped", "skipped"]);
    assert!(results(&again)[0].get("name").is_none() && results(&again)[1]["membership"]["name"] == name, "{again}");
    assert_eq!(add(&["--format", "name"]).stdout, "");
    assert_eq!(add(&["--format", "human"]).stdout, "1  existing  g1\n2  existing  g2\n");
    let list = ["members", "list", &space, "--show-groups", "--format", "jsonl"];
    let groups: Vec<Value> = results(&sandbox.run(list).success().stdout);
    let groups = groups.iter().filter(|row| row.get("groupMember").is_some());
    let lines: Vec<String> = groups.map(Value::to_string).collect();
    fs::write(sandbox.path("groups.jsonl"), lines.join("\n")).unwrap();
    let removed = sandbox.run(["members", "remove", "--from", "groups.jsonl", "--format", "jsonl"]).success();
    assert_eq!(statuses(&removed.stdout), ["removed", "removed"]);
}

#[test]
fn people_whom_a_row_only_invites_are_named_with_their_row() {
    let invited = vec!["inv@example.com".into(), "too@example.com".into()];
    let (sandbox, space) = with_group(Options { auto_accept_off: invited, ..Options::default() });
    fs::write(sandbox.path("rows.csv"), "member\nada@example.com\ninv@example.com\ntoo@example.com\n").unwrap();
    let added = sandbox.run(["members", "add", &space, "--from", "rows.csv", "--format", "jsonl"]).success();
    assert_eq!(statuses(&added.stdout), ["added"; 3]);
    for (row, user) in [(2, "inv@example.com"), (3, "too@example.com")] {
        let warning = format!("warning: row {row}: invited {user}, who is not a member until they accept\n");
        assert!(added.stderr.contains(&warning), "{}", added.stderr);
    }
    assert_eq!(added.stderr.matches("invited").count(), 2, "{}", added.stderr);
}

#[test]
fn no_row_is_told_to_use_a_request_id_that_is_never_sent() {
    let recorder = Recorder::with(|_, _| refusal(307, "moved"));
    for command in [
        "members add",
        "members remove",
        "members update --role manager",
        "spaces update --history off",
        "spaces delete --yes",
    ] {
        let rows = if command.starts_with("members") { "space,member\nAAA,7\n" } else { "space\nAAA\n" };
        let unknown = run(&recorder, command, rows).exits_with(7);
        let error = results(&unknown.stdout)[0]["error"].clone();
        assert_eq!(error["outcome"], "unknown", "{command}: {error}");
        assert_eq!(error["hint"], "run this row again; it may already be done", "{command}");
    }
    let (sandbox, space) = with_group(Options::default());
    sandbox.control().add_fault("remove-member:delay=60s".parse().unwrap());
    fs::write(sandbox.path("rows.csv"), "member\na@example.com\n").unwrap();
    let child = start(sandbox.command(["members", "remove", &space, "--from", "rows.csv", "--format", "json"]));
    wait_until("it was sent", || !sandbox.control().requests_to(Endpoint::RemoveMember).is_empty());
    interrupt_twice(&child, Signal::INT);
    let error = sandbox.wait(child).exits_with(130).error();
    assert!(error["message"].as_str().unwrap().ends_with("; unknown: row 1"), "{error}");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("the unknown ones may already be done") && !hint.contains("request-id"), "{error}");
}
