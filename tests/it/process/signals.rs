//! Being told to stop.

use std::process::Command;

use chatauth::emulator::{Endpoint, Options};
use rustix::process::Signal;

use crate::support::ordinary_user::sees_descriptors;
use crate::support::recorder::{Recorder, accepting};
use crate::support::sandbox::{Finished, Sandbox};
use crate::support::stage::{ACCOUNT, record_bytes, send_signal, start, wait_until};

const SIGNALS: [(Signal, i32); 3] = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];

const CREATE: [&str; 5] = ["spaces", "create", "--name", "x", "--no-input"];

/// Runs a command, and signals it once a request of it has come to `endpoint`.
fn stopped_at(sandbox: &Sandbox, endpoint: Endpoint, words: &[&str], signal: Signal) -> Finished {
    let child = start(sandbox.command(words));
    wait_until("the request has left", || !sandbox.control().requests_to(endpoint).is_empty());
    send_signal(&child, signal);
    sandbox.wait(child)
}

#[test]
fn property_69_a_create_that_is_interrupted_says_how_to_repeat_it() {
    for fault in ["create:delay=60s", "create:status=503,commit,retry-after=40"] {
        for (signal, code) in SIGNALS {
            let sandbox = Sandbox::new();
            sandbox.log_in();
            sandbox.control().add_fault(fault.parse().unwrap());
            let words = ["spaces", "create", "--name", "it's", "-q"];
            let stopped = stopped_at(&sandbox, Endpoint::Create, &words, signal).exits_with(code);
            assert_eq!(stopped.stdout, "");
            let id = sandbox.control().requests()[0].query("requestId").unwrap().to_owned();
            let lines: Vec<&str> = stopped.stderr.lines().collect();
            let [error, hint] = lines[..] else { panic!("{}", stopped.stderr) };
            assert!(error.starts_with("error: ") && error.contains(&id), "{error}");
            let (_, line) = hint.split_once("to repeat it safely, run ").unwrap_or_else(|| panic!("{hint}"));
            assert!(line.ends_with(&format!("--request-id {id}")), "{line}");

            sandbox.control().clear_faults();
            let plain = sandbox.command::<[&str; 0]>([]);
            let mut command = Command::new("sh");
            command.arg("-c").arg(line).envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
            sandbox.finish(command).success();
            assert_eq!(sandbox.control().spaces().len(), 1);
        }
    }
}

#[test]
fn property_69_an_interruption_is_an_object_where_objects_are_wanted() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().add_fault("setup:delay=60s".parse().unwrap());
    let words = ["spaces", "create", "--name", "x", "--member", "ada@example.com", "--format", "json"];
    let stopped = stopped_at(&sandbox, Endpoint::Setup, &words, Signal::TERM).exits_with(143);
    let error = stopped.error();
    assert_eq!((&error["code"], &error["exitCode"]), (&"interrupted".into(), &143.into()));
    assert_eq!(error["outcome"], "unknown");
    assert!(sandbox.control().requests()[0].body.contains(error["requestId"].as_str().unwrap()));
}

#[test]
fn property_69_a_refresh_that_is_interrupted_leaves_the_record() {
    for (signal, code) in SIGNALS {
        let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
        sandbox.log_in();
        sandbox.expire_stored_token(ACCOUNT);
        let before = record_bytes(&sandbox);
        sandbox.control().add_fault("token:delay=60s".parse().unwrap());
        let words = ["spaces", "create", "--name", "x", "--format", "json"];
        let stopped = stopped_at(&sandbox, Endpoint::Token, &words, signal).exits_with(code);
        assert!(record_bytes(&sandbox) == before, "the record changed");
        let error = stopped.error();
        assert_eq!(error["code"], "interrupted");
        assert!(
            error.get("requestId").is_none() && error.get("outcome").is_none(),
            "nothing was to be repeated: {error}"
        );
        sandbox.control().clear_faults();
        sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    }
}

#[test]
fn property_69_waiting_for_the_lock_can_be_interrupted() {
    if !sees_descriptors("property_69 (waiting for the lock)") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    let before = record_bytes(&sandbox);
    let path = sandbox.config_directory().join(format!("accounts/{ACCOUNT}.lock"));
    let held = std::fs::File::open(&path).unwrap();
    held.lock().unwrap();
    for (signal, code) in SIGNALS {
        let child = start(sandbox.command(["spaces", "create", "--name", "x"]));
        // It has opened the file that it waits for.
        let files = format!("/proc/{}/fd", child.id());
        wait_until("it waits for the lock", || {
            let mut entries = std::fs::read_dir(&files).into_iter().flatten().flatten();
            entries.any(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == path))
        });
        send_signal(&child, signal);
        sandbox.wait(child).exits_with(code);
    }
    assert!(record_bytes(&sandbox) == before, "the record changed");
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn a_refresh_that_has_left_is_saved_before_the_program_ends() {
    for (signal, code) in SIGNALS {
        let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
        sandbox.log_in();
        sandbox.expire_stored_token(ACCOUNT);
        let before = record_bytes(&sandbox);
        sandbox.control().add_fault("token:delay=1s,times=1".parse().unwrap());
        let stopped = stopped_at(&sandbox, Endpoint::Token, &CREATE, signal).exits_with(code);
        assert!(stopped.stderr.contains("Finishing the token refresh"), "{}", stopped.stderr);
        assert!(record_bytes(&sandbox) != before, "the new refresh token is on disk");
        assert!(sandbox.control().requests_to(Endpoint::Create).is_empty(), "and nothing else was begun");
        sandbox.run(CREATE).success();
    }
}

#[test]
fn a_second_signal_ends_a_refresh_at_once() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.control().add_fault("token:delay=60s".parse().unwrap());
    let child = start(sandbox.command(CREATE));
    wait_until("the request has left", || !sandbox.control().requests_to(Endpoint::Token).is_empty());
    let began = std::time::Instant::now();
    for _ in 0..2 {
        send_signal(&child, Signal::INT);
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    sandbox.wait(child).exits_with(130);
    assert!(began.elapsed() < std::time::Duration::from_secs(4));
}

#[test]
fn a_hangup_that_comes_ignored_stays_ignored() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().add_fault("create:delay=60s".parse().unwrap());
    let plain = sandbox.command(["spaces", "create", "--name", "x"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let child = start(command);
    wait_until("the request has left", || !sandbox.control().requests_to(Endpoint::Create).is_empty());
    send_signal(&child, Signal::HUP);
    send_signal(&child, Signal::TERM);
    sandbox.wait(child).exits_with(143);
}

#[test]
fn an_expression_without_end_can_be_interrupted() {
    for expression in ["def f: f; f", "[range(infinite)]", "repeat(1)"] {
        for (signal, code) in SIGNALS {
            let sandbox = Sandbox::new();
            sandbox.log_in();
            let words = ["spaces", "create", "--name", "x", "--format", "json", "--jq", expression];
            let stopped = stopped_at(&sandbox, Endpoint::Create, &words, signal).exits_with(code);
            // Before or after the answer has come: the space, or the request that may have made it, is named.
            let error = stopped.error();
            assert_eq!(error["code"], "interrupted");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("request id") || message.contains("spaces/"), "{message}");
        }
    }
}

#[test]
fn property_69_a_pipe_of_certificates_that_nobody_writes_can_be_interrupted() {
    let sandbox = Sandbox::new();
    let pipe = sandbox.path("roots.pem");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (signal, code) in SIGNALS {
        let mut command = sandbox.command(["spaces", "list", "--no-input"]);
        command.env("SSL_CERT_FILE", &pipe).env("CHATAUTH_ACCESS_TOKEN", "ready");
        command.env("CHATAUTH_API_ENDPOINT", "https://chat.invalid");
        let mut child = start(command);
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert!(child.try_wait().unwrap().is_none(), "it waits");
        send_signal(&child, signal);
        sandbox.wait(child).exits_with(code);
    }
}

#[test]
fn a_list_that_is_interrupted_prints_the_rows_it_has() {
    let recorder = Recorder::with(|request, _| {
        if request.parameter("pageToken").is_some() {
            std::thread::sleep(std::time::Duration::from_mins(1));
        }
        accepting(request)
    });
    for (words, rows) in [
        (&["spaces", "list", "--format", "human"][..], 2),
        (&["members", "list", "AAA", "--format", "human"], 2),
        (&["spaces", "list", "--format", "name"], 1),
        (&["spaces", "list", "--jq", ".[].name"], 0),
    ] {
        let before = recorder.requests().len();
        let child = start(recorder.command(words));
        wait_until("the second page is asked for", || recorder.requests().len() == before + 2);
        send_signal(&child, Signal::TERM);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(143));
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), rows, "{words:?}: {output:?}");
    }
}
