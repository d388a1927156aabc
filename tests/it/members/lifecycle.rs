//! What is sent for members: those who do not fit into the first request, their roles, and those who are refused.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::recorder::{Recorder, accepting, create_with, membership, refusal};

#[test]
fn members_who_do_not_fit_follow_and_those_left_out_are_named() {
    let recorder = Recorder::with(|request, _| {
        if request.is("GET", "/members") {
            let there = (1..49).map(|id| membership(&id.to_string()));
            let mut there: Vec<Value> = there.collect();
            there[0]["state"] = json!("INVITED");
            return (200, json!({ "memberships": there }));
        }
        accepting(request)
    });
    let started = Instant::now();
    let run = recorder.run(&create_with(52, &[])).exits_with(0);
    assert!(started.elapsed() > Duration::from_millis(400), "three writes in {:?}", started.elapsed());
    let lines = run.lines();
    assert_eq!(lines[0], "POST /v1/spaces:setup");
    assert_eq!(lines[1..4], ["POST /v1/spaces/AAA/members"; 3]);
    assert_eq!(lines[4..], ["GET /v1/spaces/AAA/members"]);
    let list = &run.requests[4];
    assert_eq!((list.parameter("showInvited"), list.parameter("showGroups")), (Some("true"), Some("true")));
    assert!(run.stderr.contains("Google did not add 0 to spaces/AAA: "), "{}", run.stderr);
    assert!(run.stderr.contains("invited to spaces/AAA, not members until they accept: 1\n"), "{}", run.stderr);
    assert_eq!(run.stdout, "spaces/AAA\n");
}

#[test]
fn a_list_that_is_refused_leaves_the_members_unchecked_and_fails_nothing() {
    let recorder = Recorder::with(|request, _| match request.method.as_str() {
        "GET" => refusal(403, "PERMISSION_DENIED"),
        _ => accepting(request),
    });
    let run = recorder.run(&create_with(1, &[])).exits_with(0);
    assert!(
        run.stderr.contains("Skipped checking the member list") && run.stderr.contains("members list spaces/AAA"),
        "{}",
        run.stderr
    );
}

#[test]
fn managers_and_owners_get_their_role_afterwards() {
    let recorder = Recorder::with(|request, _| match request.path.as_str() {
        "/v1/spaces/AAA/members" => (200, json!({})),
        _ => accepting(request),
    });
    let words = create_with(0, &["--manager", "m@example.com", "--owner", "7"]);
    let run = recorder.run(&words).exits_with(0);
    let patches: Vec<(&str, &Value)> = run
        .requests
        .iter()
        .filter(|request| request.method == "PATCH")
        .map(|request| (request.path.as_str(), request.body.as_ref().unwrap()))
        .collect();
    assert_eq!(
        patches,
        [
            ("/v1/spaces/AAA/members/7", &json!({"role":"ROLE_MANAGER"})),
            ("/v1/spaces/AAA/members/108", &json!({"role":"ROLE_ASSISTANT_MANAGER"})),
        ]
    );
}

#[test]
fn one_refused_member_does_not_keep_the_others_out() {
    let recorder = Recorder::with(|request, _| match request.path.as_str() {
        "/v1/spaces/AAA/members/8" => refusal(404, "NOT_FOUND"),
        _ => accepting(request),
    });
    let run = recorder.run(&["members", "remove", "AAA", "7", "8", "9", "--format", "name"]).exits_with(5);
    assert_eq!(run.stdout, "spaces/AAA/members/7\nspaces/AAA/members/9\n");
    assert!(run.stderr.contains("1 of 3 failed: 8: "), "{}", run.stderr);
}

#[test]
fn no_hint_repeats_the_command_that_was_refused() {
    let recorder = Recorder::with(|request, _| match request.method.as_str() {
        "DELETE" if request.path.ends_with("/9") => (200, membership("9")),
        _ => refusal(404, "NOT_FOUND"),
    });
    for (words, list) in [
        (&["members", "remove", "AAA", "7"][..], true),
        (&["members", "remove", "AAA", "7", "8"], true),
        (&["members", "remove", "AAA", "7", "9", "--use-admin-access"], true),
        (&["members", "get", "AAA", "7"], true),
        (&["members", "add", "AAA", "7", "8"], false),
        (&["spaces", "list"], false),
        (&["spaces", "list", "--type", "space"], false),
        (&["spaces", "search", "x", "--use-admin-access"], false),
    ] {
        let run = recorder.run(words).exits_with(5);
        let (_, hint) = run.stderr.split_once("\nhint: ").unwrap_or_else(|| panic!("{words:?}: {}", run.stderr));
        assert!(!hint.contains(&words[..2].join(" ")), "{words:?}: {hint}");
        assert_eq!(hint.contains("members list spaces/AAA --show-invited --show-groups"), list, "{words:?}: {hint}");
        assert!(!list || hint.contains("--use-admin-access") == words.contains(&"--use-admin-access"), "{hint}");
    }
}

#[test]
fn those_who_were_not_tried_did_not_fail() {
    let recorder = Recorder::with(|request, _| match request.path.as_str() {
        "/v1/spaces/AAA/members/1" => refusal(404, "NOT_FOUND"),
        "/v1/spaces/AAA/members/3" => refusal(401, "UNAUTHENTICATED"),
        _ => accepting(request),
    });
    for (ids, start, left) in [
        ("1 2 3 4 5", "2 of 5 failed: 1: ", "3 4 5"),
        ("1 3 2", "2 of 3 failed: 1: ", "3 2"),
        ("3 1", "1 of 2 failed: 3: ", "3 1"),
        ("2 3", "1 of 2 failed: 3: ", "3"),
    ] {
        let words = ["members", "remove", "AAA", "--format", "json"].into_iter().chain(ids.split(' '));
        let run = recorder.run(&words.collect::<Vec<_>>()).exits_with(4);
        let error: Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
        let error = &error["error"];
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(start), "{message}");
        let untried = left.split(' ').count() - 1;
        assert_eq!(message.ends_with(&format!("; {untried} not tried")), untried > 0, "{message}");
        assert_eq!(error["code"], "credentials_rejected", "what ended the command decides");
        let hint = error["hint"].as_str().unwrap();
        assert!(
            hint.starts_with("set CHATAUTH_ACCESS_TOKEN to another token") && hint.contains("; to finish, run "),
            "{hint}"
        );
        assert!(hint.ends_with(&format!("chatauth members remove spaces/AAA {left}")), "{hint}");
        assert_eq!(error.get("outcome").is_none(), ids.contains('2') && ids != "1 3 2", "{error}");
    }
}

#[test]
fn an_error_of_the_filter_does_not_keep_the_others_out() {
    let recorder = Recorder::with(|request, _| accepting(request));
    let words = ["members", "remove", "AAA", "7", "8", "9", "--format", "jsonl", "--jq", "error(\"no\")"];
    let run = recorder.run(&words).exits_with(1);
    assert!(run.stderr.contains("--jq"), "{}", run.stderr);
    let sent = recorder.requests().iter().filter(|request| request.method == "DELETE").count();
    assert_eq!(sent, 3, "{}", run.stderr);
}

#[test]
fn one_person_in_two_spellings_is_added_and_removed_once() {
    for (verb, method) in [("add", "POST"), ("remove", "DELETE")] {
        let recorder = Recorder::accepting();
        let words = ["members", verb, "AAA", "ada@example.com", "ADA@example.com", "users/Ada@Example.com", "a", "A"];
        let run = recorder.run(&words).exits_with(0);
        let lines = run.lines();
        let writes = lines.iter().filter(|line| line.starts_with(method)).count();
        assert_eq!(writes, 3, "IDs differ in case: {lines:?}");
    }
}
