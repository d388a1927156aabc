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
    assert!(run.stderr.contains("1 of 3") && run.stderr.contains("members remove spaces/AAA 8"), "{}", run.stderr);
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
