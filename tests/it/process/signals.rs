//! Being told to stop.

use std::process::Command;

use chatauth::emulator::{Endpoint, Options};
use rustix::process::Signal;

use crate::support::bulk::lines_of;
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

/// A login for members, a space, and the people in it.
fn space_with(people: &[&str]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let members = people.iter().flat_map(|user| ["--member", user]);
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"].into_iter().chain(members).collect::<Vec<_>>());
    sandbox.control().clear_requests();
    (sandbox, space)
}

#[test]
fn a_command_for_several_members_that_is_interrupted_says_what_was_done_and_what_remains() {
    let people = ["a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com"];
    for (verb, endpoint, before, after) in
        [("add", Endpoint::AddMember, &people[..0], 6), ("remove", Endpoint::RemoveMember, &people[..], 1)]
    {
        for (signal, code) in SIGNALS {
            // While the third request has no answer.
            let (sandbox, space) = space_with(before);
            let fault = if verb == "add" { "add-member" } else { "remove-member" };
            sandbox.control().add_fault(format!("{fault}:delay=60s,after=2").parse().unwrap());
            let words = [&["members", verb, &space, "-q", "--format", "json"][..], &people].concat();
            let child = start(sandbox.command(words));
            wait_until("the third has left", || sandbox.control().requests_to(endpoint).len() == 3);
            send_signal(&child, signal);
            let stopped = sandbox.wait(child).exits_with(code);
            assert_eq!(stopped.json().as_array().unwrap().len(), 2);
            let error = stopped.error();
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("may have been applied"), "{message}");
            let done = format!("; members {verb} succeeded for a@example.com, b@example.com");
            assert!(message.ends_with(&done), "{message}");
            assert_eq!(error["outcome"], "unknown");

            // Between two requests.
            sandbox.control().clear_faults();
            let (sandbox, space) = space_with(before);
            let words = [&["members", verb, &space, "-q", "--format", "json"][..], &people].concat();
            let mut child = start(sandbox.command(words));
            let lines = lines_of(child.stdout.take().unwrap());
            let printed = lines.iter().filter(|line| line.contains("\"state\"")).take(2).count();
            send_signal(&child, signal);
            assert_eq!(printed, 2);
            let error = sandbox.wait(child).exits_with(code).error();
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(&done), "{message}");
            assert_eq!(error.get("outcome").is_none(), !message.contains("while trying"), "{error}");
            let (_, remaining) = error["hint"].as_str().unwrap().split_once("to finish, run ").unwrap();
            assert!(!remaining.contains("a@example.com") && !remaining.contains("b@example.com"), "{remaining}");
            sandbox.paste(remaining).success();
            assert_eq!(sandbox.control().members(&space).len(), after);
        }
    }
}

#[test]
fn an_interruption_at_the_first_of_several_members_leaves_the_others_to_be_done() {
    let (sandbox, space) = space_with(&[]);
    sandbox.control().add_fault("update-member:delay=60s".parse().unwrap());
    let words = ["members", "add", &space, "a@example.com", "b@example.com", "--role", "manager", "--format", "json"];
    let child = start(sandbox.command(words));
    wait_until("the role is being given", || !sandbox.control().requests_to(Endpoint::UpdateMember).is_empty());
    send_signal(&child, Signal::INT);
    let error = sandbox.wait(child).exits_with(130).error();
    sandbox.control().clear_faults();
    let (_, remaining) = error["hint"].as_str().unwrap().split_once("to finish, run ").unwrap();
    sandbox.paste(remaining).success();
    let members = sandbox.control().members(&space);
    let managers = members.iter().filter(|member| member["role"] == "ROLE_ASSISTANT_MANAGER");
    assert_eq!(managers.count(), 2, "{error}");
}

#[test]
fn a_member_who_was_refused_before_an_interruption_is_named_with_the_reason() {
    let (sandbox, space) = space_with(&["b@example.com", "c@example.com"]);
    sandbox.control().add_fault("remove-member:delay=60s,after=2".parse().unwrap());
    let words = ["members", "remove", &space, "x@example.com", "b@example.com", "c@example.com"];
    let child = start(sandbox.command(words));
    wait_until("the third has left", || sandbox.control().requests_to(Endpoint::RemoveMember).len() == 3);
    send_signal(&child, Signal::INT);
    let stopped = sandbox.wait(child).exits_with(130);
    assert!(stopped.stderr.contains("succeeded for b@example.com; x@example.com: cannot"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains(&format!("members remove {space} c@example.com\n")), "{}", stopped.stderr);
}

#[test]
fn an_expression_without_end_that_is_interrupted_leaves_the_command_for_the_other_members() {
    let (sandbox, space) = space_with(&[]);
    let words = ["members", "add", &space, "a@example.com", "b@example.com", "c@example.com"];
    let words = [&words[..], &["--format", "jsonl", "--jq", "def f: f; f"]].concat();
    let child = start(sandbox.command(words));
    wait_until("the request has left", || !sandbox.control().requests_to(Endpoint::AddMember).is_empty());
    // The answer is there long before the expression ends.
    std::thread::sleep(std::time::Duration::from_millis(300));
    send_signal(&child, Signal::INT);
    let error = sandbox.wait(child).exits_with(130).error();
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.ends_with(" b@example.com c@example.com"), "{hint}");
    assert!(error["message"].as_str().unwrap().ends_with("members add succeeded for a@example.com"), "{error}");
}

#[test]
fn an_update_of_several_requests_that_is_interrupted_says_how_far_it_went() {
    for (signal, code) in SIGNALS {
        for requests in [1, 2] {
            let (sandbox, space) = space_with(&[]);
            if requests == 2 {
                sandbox.control().add_fault("update:delay=60s,after=1".parse().unwrap());
            }
            let changes = ["--name", "B", "--history", "on", "--allow", "manage-apps=owners", "--format", "json"];
            let child = start(sandbox.command([&["spaces", "update", &space][..], &changes].concat()));
            wait_until("they have left", || sandbox.control().requests_to(Endpoint::Update).len() == requests);
            // The first answer is there long before the second request leaves.
            std::thread::sleep(std::time::Duration::from_millis(200));
            send_signal(&child, signal);
            let error = sandbox.wait(child).exits_with(code).error();
            assert!(error["message"].as_str().unwrap().ends_with("; updated before that: display_name"), "{error}");
            assert_eq!(error.get("outcome").is_none(), requests == 1, "{error}");
            let (_, remaining) = error["hint"].as_str().unwrap().split_once("to finish, run ").unwrap();
            if requests == 1 {
                sandbox.control().clear_faults();
                sandbox.paste(remaining).success();
                assert_eq!(sandbox.control().spaces()[0]["spaceHistoryState"], "HISTORY_ON");
            }
        }
    }
}

#[test]
fn the_later_steps_of_a_create_that_are_interrupted_name_the_space_and_the_commands_that_remain() {
    let sandbox = Sandbox::with(Options { unresolvable: vec!["u49@example.com".into()], ..Options::default() });
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    sandbox.control().add_fault("add-member:delay=60s,after=2".parse().unwrap());
    let members: Vec<String> = (0..53).map(|id| format!("--member=u{id}@example.com")).collect();
    let words = ["spaces", "create", "--name", "x", "--manager", "m@example.com", "-q", "--format", "json"];
    let child = start(sandbox.command(words.iter().copied().chain(members.iter().map(String::as_str))));
    wait_until("the third has left", || sandbox.control().requests_to(Endpoint::AddMember).len() == 3);
    send_signal(&child, Signal::INT);
    let error = sandbox.wait(child).exits_with(130).error();
    let space = sandbox.control().spaces()[0]["name"].as_str().unwrap().to_owned();
    assert!(error["message"].as_str().unwrap().ends_with(&format!("; the space {space} was created")), "{error}");
    assert_eq!(error["outcome"], "unknown");
    let hint = error["hint"].as_str().unwrap();
    let (_, remaining) = hint.split_once("to finish, run ").unwrap();
    for (user, remains) in [("u49", true), ("u50", true), ("u51", true), ("u52", true), ("u0", false), ("u47", false)] {
        assert_eq!(remaining.contains(&format!(" {user}@example.com")), remains, "{user}: {remaining}");
    }
    assert!(remaining.ends_with(" m@example.com --role manager"), "{remaining}");
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
