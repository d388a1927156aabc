//! Exactly once: what `spaces create` sends, sends again, and says when it does not know.

use std::collections::BTreeSet;
use std::process::Command;

use chatauth::emulator::{Endpoint, Options, Recorded};
use serde_json::Value;

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::stage::{ACCOUNT, record_bytes, start};

const CREATE: [&str; 6] = ["spaces", "create", "--name", "x", "--format", "json"];
const SET_UP: [&str; 8] = ["spaces", "create", "--name", "x", "--format", "json", "--member", "ada@example.com"];

fn with_fault(text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().add_fault(text.parse().unwrap());
    sandbox
}

/// The id, wherever the method has it.
fn request_id(request: &Recorded) -> String {
    request.query("requestId").map_or_else(
        || serde_json::from_str::<Value>(&request.body).unwrap()["requestId"].as_str().unwrap().to_owned(),
        str::to_owned,
    )
}

#[test]
fn property_58_every_attempt_is_the_same_request_and_there_is_one_space() {
    let faults = [
        "create:drop-after,times=1",
        "create:drop-before,times=1",
        "create:status=503,commit,times=1",
        "create:status=500,times=1",
        "create:status=502,html,commit,times=1",
        "create:status=504,empty,times=1",
        "create:status=429,times=1",
        "create:reason=userRateLimitExceeded,status=403,times=1",
        "create:truncate,times=1",
        "create:empty,times=1",
        "create:html,times=1",
        "create:body={},times=1",
        "setup:drop-after,times=1",
        "setup:status=503,commit,times=1",
    ];
    let running: Vec<_> = faults
        .iter()
        .map(|text| {
            // What comes last in a fault is its body.
            let text = text.replace("body={},times=1", "times=1,body={}");
            let sandbox = with_fault(&text);
            let words: &[&str] = if text.starts_with("setup") { &SET_UP } else { &CREATE };
            let child = start(sandbox.command(words));
            (text, sandbox, child)
        })
        .collect();
    for (text, sandbox, child) in running {
        let finished = sandbox.wait(child);
        assert_eq!(finished.code(), Some(0), "{text}: {}", finished.stderr);
        let control = sandbox.control();
        let requests: Vec<Recorded> = control.requests();
        assert_eq!(requests.len(), 2, "{text}");
        let same: BTreeSet<_> = requests
            .iter()
            .map(|request| {
                (request_id(request), request.body.clone(), request.header("authorization").map(str::to_owned))
            })
            .collect();
        assert_eq!(same.len(), 1, "{text}: {same:?}");
        let spaces = control.spaces();
        assert_eq!(spaces.len(), 1, "{text}");
        assert_eq!(finished.json()["name"], spaces[0]["name"], "{text}");
    }
}

/// The command that the hint of a failure names.
fn named_command(failed: &Finished) -> String {
    let hint = failed.error()["hint"].as_str().unwrap().to_owned();
    hint.split_once("to repeat it safely, run ").unwrap_or_else(|| panic!("{hint}")).1.to_owned()
}

/// Runs a line as a person would who copied it.
fn run_line(sandbox: &Sandbox, line: &str) -> Finished {
    let plain = sandbox.command::<[&str; 0]>([]);
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(sandbox.path(""));
    sandbox.finish(command)
}

#[test]
fn property_59_when_the_outcome_is_not_known_the_named_command_gives_the_same_space() {
    let name = "it's `id` $HOME \"x\" \\ 空間";
    for (fault, words) in [
        ("create:status=503,commit,retry-after=3600", &["--description", "a b"][..]),
        ("setup:status=503,commit,retry-after=3600", &["--member", "ada@example.com"]),
        ("create:status=503,commit,retry-after=3600", &["--idempotency-key", "class 7b"]),
        ("create:status=503,commit,retry-after=3600", &["--request-id", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ] {
        let sandbox = with_fault(fault);
        let base = ["spaces", "create", "--name", name, "--format", "json"];
        let failed = sandbox.run(base.iter().chain(words)).exits_with(6);
        assert_eq!(failed.stdout, "");
        let error = failed.error();
        assert_eq!((&error["code"], &error["outcome"]), (&Value::from("outcome_unknown"), &Value::from("unknown")));
        assert_eq!((&error["exitCode"], &error["httpStatus"]), (&Value::from(6), &Value::from(503)));
        let sent = sandbox.control().requests();
        assert_eq!(sent.len(), 1, "an hour does not fit, so it ends at once");
        assert_eq!(error["requestId"], Value::from(request_id(&sent[0])));
        assert!(error["message"].as_str().unwrap().contains(&request_id(&sent[0])));
        let said = format!("{}{}", error["message"], error["hint"]);
        assert!(said.contains("60 min"), "says when to try again: {said}");

        sandbox.control().clear_faults();
        let again = run_line(&sandbox, &named_command(&failed)).success();
        assert_eq!(sandbox.control().spaces().len(), 1, "{}", named_command(&failed));
        assert_eq!(again.json()["name"], sandbox.control().spaces()[0]["name"]);
        assert_eq!(again.json()["displayName"], name);
    }
}

#[test]
fn a_key_that_brings_back_another_kind_of_conversation_is_refused_and_changes_nothing() {
    let named = ["--name", "Payroll", "--manager", "m@example.com"];
    let direct = ["--type", "direct-message", "--member", "b@example.com"];
    let group = ["--type", "group-chat", "--member", "b@example.com", "--member", "c@example.com"];
    for (first, second, told) in [
        (&named[..], &direct[..], "which is a space, not a direct message"),
        (&named, &group, "which is a space, not a group chat"),
        (&group, &named, "which is a group chat, not a space"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.run(["auth", "login", "--scope", "manage"]).success();
        let create = |words: &[&str]| sandbox.run(["spaces", "create", "--idempotency-key", "k"].iter().chain(words));
        let made = create(first).success().json()["name"].clone();
        sandbox.control().clear_requests();
        let back = create(&[second, &["--format", "json"]].concat()).exits_with(5);
        assert_eq!(back.stdout, "", "no script goes on with another conversation");
        let (error, made) = (back.error(), made.as_str().unwrap());
        assert_eq!((&error["code"], &error["outcome"]), (&"already_exists".into(), &"not_applied".into()));
        assert!(error["message"].as_str().unwrap().contains(&format!("belongs to {made}, {told}")), "{error}");
        assert_eq!(error["hint"], "use another key or request ID");
        assert!(!back.stderr.contains("The direct message is") && !back.stderr.contains("Created"), "{}", back.stderr);
        assert_eq!(sandbox.control().requests().len(), 1, "nobody is added and no role is given");
    }
}

#[test]
fn the_bare_echo_of_a_repeated_request_is_no_difference() {
    let sandbox = Sandbox::with(Options { echo_on_repeat: true, ..Options::default() });
    sandbox.log_in();
    let words = ["spaces", "create", "--name", "A", "--description", "D", "--history", "on", "--idempotency-key", "k"];
    for _ in 0..2 {
        let created = sandbox.run(words).success();
        assert!(!created.stderr.contains("warning"), "{}", created.stderr);
    }
}

#[test]
fn what_may_have_been_created_is_repeated_whatever_refuses_the_repetition() {
    for (refusal, key) in [("status=409", &[][..]), ("status=404,reason=NOT_FOUND", &["--idempotency-key", "k"])] {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        for fault in ["create:drop-after,times=1", &format!("create:{refusal},times=1,after=1")] {
            sandbox.control().add_fault(fault.parse().unwrap());
        }
        let words = ["spaces", "create", "--name", "A", "--format", "json"];
        let error = sandbox.run(words.iter().chain(key)).exits_with(5).error();
        let hint = error["hint"].as_str().unwrap();
        sandbox.paste(hint.strip_prefix("to repeat it safely, run ").unwrap_or_else(|| panic!("{error}"))).success();
        assert_eq!(sandbox.control().spaces().len(), 1);
    }
}

#[test]
fn property_59_a_key_or_an_id_goes_before_the_name_and_the_repetition_finishes_the_job() {
    let key = ["--idempotency-key", "k"];
    let id = ["--request-id", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"];
    let roles = |sandbox: &Sandbox| {
        let space = sandbox.control().spaces()[0]["name"].as_str().unwrap().to_owned();
        let members = sandbox.control().members(&space);
        let roles: Vec<String> = members.iter().map(|member| member["role"].to_string()).collect();
        (sandbox.control().spaces().len(), roles.contains(&String::from("\"ROLE_ASSISTANT_MANAGER\"")))
    };
    for own in [key, id] {
        for choice in ["fail", "reuse"] {
            let sandbox = Sandbox::new();
            sandbox.run(["auth", "login", "--scope", "chat.spaces", "--scope", "chat.memberships"]).success();
            sandbox.control().add_fault("setup:status=503,commit,retry-after=3600".parse().unwrap());
            let base = [&CREATE[..], &["--manager", "bob@example.com", "--if-exists", choice]].concat();
            let failed = sandbox.run(base.iter().chain(&own)).exits_with(6);
            sandbox.control().clear_faults();
            run_line(&sandbox, &named_command(&failed)).success();
            assert_eq!(roles(&sandbox), (1, true), "{own:?} {choice}");
            sandbox.run(base.iter().chain(&own)).success();
            assert_eq!(roles(&sandbox), (1, true), "{own:?} {choice}");
        }
    }
}

#[test]
fn property_59_people_are_told_the_same() {
    let sandbox = with_fault("create:status=503,commit,retry-after=3600");
    let failed = sandbox.run(["spaces", "create", "--name", "x", "-q"]).exits_with(6);
    let id = request_id(&sandbox.control().requests()[0]);
    assert!(failed.stderr.starts_with("error: "), "{}", failed.stderr);
    assert!(failed.stderr.contains("\nhint: "), "{}", failed.stderr);
    assert!(failed.stderr.contains(&format!("--request-id {id}")), "{}", failed.stderr);
}

#[test]
fn property_60_what_repeating_does_not_change_is_not_repeated() {
    for status in [400, 403, 404, 405, 409, 412, 418, 501] {
        let sandbox = with_fault(&format!("create:status={status}"));
        let failed = sandbox.run(CREATE);
        assert_ne!(failed.code(), Some(0), "{status}");
        assert_eq!(sandbox.control().requests().len(), 1, "{status}: {}", failed.stderr);
        let error = failed.error();
        assert_eq!(error["httpStatus"], status);
        if status < 500 {
            assert_eq!(error["exitCode"], 5, "{error}");
            assert_eq!(error["outcome"], "not_applied", "{error}");
        }
    }
}

#[test]
fn property_60_a_401_costs_one_refresh_and_one_repeat() {
    let sandbox = with_fault("create:status=401,times=1");
    sandbox.run(CREATE).success();
    let paths: Vec<String> = sandbox.control().requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/v1/spaces", "/token", "/v1/spaces"]);
    let creates = sandbox.control().requests_to(Endpoint::Create);
    assert_eq!(request_id(&creates[0]), request_id(&creates[1]));
    assert_ne!(creates[0].header("authorization"), creates[1].header("authorization"));
    assert_eq!(sandbox.control().spaces().len(), 1);

    let sandbox = with_fault("create:status=401");
    let failed = sandbox.run(CREATE).exits_with(4);
    assert_eq!(failed.error()["code"], "credentials_rejected");
    assert_eq!(failed.error()["outcome"], "not_applied");
    assert!(failed.error()["hint"].as_str().unwrap().contains(&format!("chatauth auth login --account {ACCOUNT}")));
    let paths: Vec<String> = sandbox.control().requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/v1/spaces", "/token", "/v1/spaces"]);

    // A token from outside cannot be refreshed, and the stored login is not used in its place.
    let sandbox = with_fault("create:status=401");
    let mut command = sandbox.command(CREATE);
    command.env("CHATAUTH_ACCESS_TOKEN", "emulator-access-from-outside");
    let failed = sandbox.finish(command).exits_with(4);
    assert_eq!(failed.error()["code"], "credentials_rejected");
    assert!(failed.stderr.contains("CHATAUTH_ACCESS_TOKEN"), "{}", failed.stderr);
    assert_eq!(sandbox.control().requests().len(), 1);
}

#[test]
fn property_60_a_401_after_a_lost_answer_does_not_make_the_outcome_known() {
    let sandbox = with_fault("create:status=503,commit,times=1");
    sandbox.control().add_fault("create:status=401".parse().unwrap());
    let failed = sandbox.run(CREATE).exits_with(4);
    assert_eq!(failed.error()["outcome"], "unknown", "{}", failed.stderr);
    let ids: BTreeSet<_> = sandbox.control().requests_to(Endpoint::Create).iter().map(request_id).collect();
    assert_eq!(ids.len(), 1);
    sandbox.control().clear_faults();
    run_line(&sandbox, &named_command(&failed)).success();
    assert_eq!(sandbox.control().spaces().len(), 1);
}

#[test]
fn property_60_a_401_whose_refresh_fails_is_no_unknown_outcome() {
    for (refresh, code, exit) in [
        ("token:reason=invalid_grant", "credentials_rejected", 4),
        ("token:reason=invalid_rapt", "reauth_required", 4),
        ("token:drop-after", "network", 6),
        ("token:status=503,retry-after=3600", "server_error", 6),
    ] {
        let sandbox = with_fault("create:status=401");
        sandbox.control().add_fault(refresh.parse().unwrap());
        let before = record_bytes(&sandbox);
        // The browser is there, and a request that is under way is no moment to open it.
        let failed = sandbox.run(CREATE).exits_with(exit);
        let error = failed.error();
        assert_eq!((&error["code"], &error["outcome"]), (&code.into(), &"not_applied".into()), "{error}");
        assert!(record_bytes(&sandbox) == before, "{refresh}: the record changed");
        let paths: Vec<String> = sandbox.control().requests().iter().map(|request| request.path.clone()).collect();
        assert_eq!(paths, ["/v1/spaces", "/token"], "{refresh}");
    }
}

#[test]
fn property_61_a_wait_that_does_not_fit_ends_the_command_and_is_said() {
    for (value, said) in
        [("86400", "in 24 h"), ("18446744073709551616", " h,"), ("Fri, 31 Dec 2199 23:59:59 GMT", " h,")]
    {
        let sandbox = with_fault(&format!("create:status=429,retry-after={value}"));
        let failed = sandbox.run(CREATE).exits_with(6);
        let error = failed.error();
        assert_eq!(error["code"], "rate_limited");
        assert_eq!(error["outcome"], "not_applied", "a 429 was not applied");
        assert!(error["hint"].as_str().unwrap().contains(said), "{error}");
        assert_eq!(sandbox.control().requests().len(), 1, "{value}");
    }
    for value in ["Wed, 21 Oct 2015 07:28:00 GMT", "0", "-5", "soon", "1"] {
        let sandbox = with_fault(&format!("create:status=429,retry-after={value},times=1"));
        sandbox.run(CREATE).success();
        assert_eq!(sandbox.control().requests().len(), 2, "{value}");
    }
}

#[test]
fn a_success_that_cannot_be_read_is_repeated_twice() {
    let sandbox = with_fault("create:garbage");
    let failed = sandbox.run(CREATE).exits_with(6);
    assert_eq!(failed.error()["code"], "outcome_unknown");
    assert_eq!(sandbox.control().requests().len(), 3);
    assert_eq!(sandbox.control().spaces().len(), 1, "it was made all the same");
    sandbox.control().clear_faults();
    let again = run_line(&sandbox, &named_command(&failed)).success();
    assert_eq!(again.json()["name"], sandbox.control().spaces()[0]["name"]);
    assert_eq!(sandbox.control().spaces().len(), 1);
}
