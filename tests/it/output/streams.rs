//! Standard output is for the result, standard error for the rest, and nothing on either does anything to a terminal.

use std::fs::File;
use std::process::{Command, Stdio};

use chatauth::emulator::{Endpoint, Options};
use serde_json::{Value, json};

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::stage::{ACCOUNT, ScriptedServer, answer, wrapped};

/// Everything that could move a cursor, ring, hide a word or turn it round.
const HOSTILE: &str =
    "a\u{1b}[2J\u{1b}]8;;http://x\u{1b}\\\u{9b}31m\u{7}\rb\u{202e}c\u{2028}d\u{200b}e\u{7f}\u{feff}\u{2066}\nf";

fn logged_in() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.spaces.readonly"]).success();
    sandbox.control().clear_requests();
    sandbox
}

fn is_hostile(character: char) -> bool {
    character.is_control() && character != '\n' || "\u{202e}\u{2028}\u{200b}\u{feff}\u{2066}".contains(character)
}

#[track_caller]
fn assert_harmless(finished: &Finished) {
    assert!(!finished.stdout.chars().any(is_hostile), "{:?}", finished.stdout);
    assert!(!finished.stderr.chars().any(is_hostile), "{:?}", finished.stderr);
}

#[test]
fn property_66_hostile_names_are_shown_escaped_and_come_back_from_json() {
    let sandbox = logged_in();
    for format in ["human", "json", "jsonl", "name"] {
        for verbosity in ["-q", "-vv"] {
            let words =
                ["spaces", "create", "--name", HOSTILE, "--description", HOSTILE, "--format", format, verbosity];
            let created = sandbox.run(words).success();
            assert_harmless(&created);
            match format {
                "human" => assert!(created.stdout.contains("a\\u{1b}[2J"), "{}", created.stdout),
                "name" => assert!(created.stdout.starts_with("spaces/") && created.stdout.lines().count() == 1),
                _ => assert_eq!(created.json()["displayName"], HOSTILE),
            }
            let listed = sandbox.run(["spaces", "list", "--format", format, verbosity]).success();
            assert_harmless(&listed);
            let count = sandbox.control().spaces().len();
            match format {
                "human" => assert_eq!(listed.stdout.lines().count(), count + 1, "one line each: {}", listed.stdout),
                "json" => assert_eq!(listed.json()[0]["displayName"], HOSTILE),
                "jsonl" => {
                    let first: Value = serde_json::from_str(listed.stdout.lines().next().unwrap()).unwrap();
                    assert_eq!(first["displayName"], HOSTILE);
                }
                _ => assert_eq!(listed.stdout.lines().count(), count),
            }
        }
        let preview = sandbox.run(["spaces", "create", "--name", HOSTILE, "--dry-run", "--format", format]).success();
        assert_harmless(&preview);
    }
    assert_eq!(sandbox.control().spaces()[0]["displayName"], HOSTILE, "what was typed was sent");
}

#[test]
fn property_66_a_hostile_resource_name_is_no_better() {
    let sandbox = logged_in();
    let space = json!({"name": format!("spaces/{HOSTILE}"), "displayName": "x", "spaceUri": HOSTILE, "spaceType": HOSTILE, "createTime": HOSTILE});
    let body = space.to_string();
    let api = ScriptedServer::answering(move |_, _| answer(200, &[], &body));
    for format in ["human", "json", "jsonl", "name"] {
        let words = ["spaces", "create", "--name", "x", "--format", format, "--api-endpoint", &api.origin()];
        let created = sandbox.run(words).success();
        assert_harmless(&created);
        if format.starts_with("json") {
            assert_eq!(created.json(), space, "nothing is invented, nothing lost");
        }
    }
}

#[test]
fn property_66_what_verbose_shows_is_harmless_too() {
    let sandbox = logged_in();
    let mut command = sandbox.command(["auth", "login", "--wait", "1", "-vv"]);
    command.env("BROWSER", HOSTILE.replace(['\n', ':'], ""));
    let finished = sandbox.finish(command).exits_with(4);
    assert!(finished.stderr.contains("chatauth: browser a\\u{1b}[2J"), "{}", finished.stderr);
    assert!(finished.stderr.contains("error: the browser did not come back within 1 s\n"), "{}", finished.stderr);
    assert_harmless(&finished);
}

#[test]
fn verbose_shows_every_request_with_its_outcome() {
    let sandbox = logged_in();
    let host = sandbox.origin().trim_start_matches("http://");
    for (words, fault, code, expected) in [
        (&["spaces", "list"][..], "delete:status=403", 0, &["POST H/token: 200", "GET H/v1/spaces: 200"][..]),
        (
            &["spaces", "create", "--name", "x"],
            "create:status=503,retry-after=3600",
            6,
            &["POST H/token: 200", "POST H/v1/spaces: 503"],
        ),
        (&["spaces", "get", "A"], "get:redirect=https://a.test/", 6, &["POST H/token: 200", "GET H/v1/spaces/A: H "]),
        (&["auth", "token"], "token:reason=invalid_grant", 4, &["POST H/token: 400", "POST H/token: 400"]),
        (&["auth", "token"], "token:drop-before", 6, &["POST H/token: "]),
    ] {
        let run = |verbosity: &[&str]| {
            sandbox.run(["auth", "login", "--scope", "chat.spaces", "-q"]).success();
            sandbox.expire_stored_token(ACCOUNT);
            sandbox.control().add_fault(fault.parse().unwrap());
            let finished = sandbox.run(words.iter().chain(verbosity)).exits_with(code);
            sandbox.control().clear_faults();
            let lines = finished.stderr.lines().filter_map(|line| line.strip_prefix("chatauth: "));
            lines.map(|line| line.replace(host, "H")).collect::<Vec<_>>()
        };
        assert_eq!(run(&[]), [""; 0], "{words:?}");
        let shown = run(&["-v"]);
        assert_eq!(shown.len(), expected.len(), "{shown:?}");
        assert!(shown.iter().zip(expected).all(|(line, part)| line.starts_with(part)), "{shown:?}");
        // What shows no secret with -vv shows none with -v.
        let more = run(&["-vv"]);
        assert!(more.len() > shown.len() && shown.iter().all(|line| more.contains(line)), "{more:?} {shown:?}");
    }
}

#[test]
fn property_67_standard_output_is_one_document() {
    let sandbox = logged_in();
    let created = sandbox.run(["spaces", "create", "--name", "x", "-vv"]).success();
    assert_eq!(created.json(), sandbox.control().spaces()[0], "unchanged, and json where nobody looks");
    let listed = sandbox.run(["spaces", "list"]).success();
    assert_eq!(listed.json().as_array().map(Vec::len), Some(1));
    // With both streams in one file.
    for words in
        [&["spaces", "create", "--name", "y", "--quiet"][..], &["spaces", "list", "-q"], &["auth", "status", "-q"]]
    {
        let path = sandbox.path("both");
        let file = File::create(&path).unwrap();
        let mut command = sandbox.command(words);
        command.stdout(file.try_clone().unwrap()).stderr(file);
        assert!(command.status().unwrap().success());
        let both = std::fs::read(&path).unwrap();
        serde_json::from_slice::<Value>(&both).unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
    // A failure leaves nothing there.
    sandbox.control().add_fault("chat:status=403".parse().unwrap());
    for words in [&["spaces", "create", "--name", "y"][..], &["spaces", "list"]] {
        assert_eq!(sandbox.run(words).exits_with(5).stdout, "");
    }
}

/// Runs a command whose standard output is `stdout`.
fn into(sandbox: &Sandbox, mut command: Command, stdout: Stdio) -> Finished {
    let child = command.stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
    sandbox.wait(child)
}

/// A pipe that nobody reads any more, as after `| head -0`.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Stdio::from(writer)
}

#[test]
fn property_68_a_reader_that_went_away_costs_no_space_and_hides_none() {
    let sandbox = logged_in();
    for (number, (format, quiet)) in
        [("json", "-q"), ("human", "-q"), ("name", "-q"), ("jsonl", "-v")].iter().enumerate()
    {
        let words = ["spaces", "create", "--name", "x", "--format", format, quiet];
        let finished = into(&sandbox, sandbox.command(words), closed_pipe());
        assert_eq!(finished.code(), Some(141), "{}", finished.stderr);
        let spaces = sandbox.control().spaces();
        assert_eq!(spaces.len(), number + 1);
        let name = spaces[number]["name"].as_str().unwrap();
        assert!(finished.stderr.contains(name), "{format} {quiet}: {}", finished.stderr);
        assert!(!finished.stderr.contains("error") && !finished.stderr.contains("panicked"), "{}", finished.stderr);
    }
    assert_eq!(sandbox.control().requests_to(Endpoint::Create).len(), 4);
    for words in [&["spaces", "list", "-q"][..], &["auth", "token"], &["auth", "status"], &["--help"], &["--version"]] {
        let finished = into(&sandbox, sandbox.command(words), closed_pipe());
        assert_eq!(finished.code(), Some(141), "{words:?}: {}", finished.stderr);
        assert_eq!(finished.stderr, "", "{words:?}");
    }
}

#[test]
fn property_68_a_full_disk_under_standard_output_hides_no_space() {
    let sandbox = logged_in();
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for quiet in ["-q", "-v"] {
        let finished = into(&sandbox, sandbox.command(["spaces", "create", "--name", "x", quiet]), full());
        assert_eq!(finished.code(), Some(1), "{}", finished.stderr);
        let spaces = sandbox.control().spaces();
        assert!(finished.stderr.contains(spaces.last().unwrap()["name"].as_str().unwrap()), "{}", finished.stderr);
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    }
    assert_eq!(sandbox.control().requests_to(Endpoint::Create).len(), 2);
    for words in [&["spaces", "list"][..], &["auth", "token"], &["auth", "status"], &["--help"], &["--version"], &[]] {
        let finished = into(&sandbox, sandbox.command(words), full()).exits_with(1);
        assert!(finished.stderr.contains("error: cannot print the result"), "{words:?}: {}", finished.stderr);
    }
}

#[test]
fn property_68_a_failure_of_a_part_hides_no_error_of_the_output() {
    let sandbox = Sandbox::with(Options { unresolvable: vec!["x@x.test".into()], ..Options::default() });
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"]);
    let fault = "update-member:status=403,reason=PERMISSION_DENIED";
    sandbox.control().add_fault(fault.parse().unwrap());
    for (words, failed, reported) in [
        (
            &["members", "add", &space, "a@x.test", "x@x.test", "b@x.test"][..],
            "1 of 3 failed",
            "for a@x.test, b@x.test",
        ),
        (&["members", "remove", &space, "x@x.test", "a@x.test", "b@x.test"], "1 of 3 failed", "for a@x.test, b@x.test"),
        (&["spaces", "create", "--name", "y", "--manager", "m@x.test"], "was created, but m@x.test", ""),
    ] {
        for (more, cause) in [
            (&["--format", "json"][..], "; cannot print the result: "),
            (&["--jq", ".name, .[].name | tonumber"], "--jq"),
        ] {
            let full = Stdio::from(File::options().write(true).open("/dev/full").unwrap());
            let command = sandbox.command([words, &["-q"], more].concat());
            let finished = if more[0] == "--jq" { sandbox.finish(command) } else { into(&sandbox, command, full) };
            let stderr = finished.exits_with(5).stderr;
            for part in [failed, reported, cause] {
                assert!(stderr.contains(part), "{words:?}: {stderr}");
            }
            for user in ["a@x.test", "b@x.test"] {
                if words[1] == "remove" {
                    sandbox.run(["members", "add", &space, user]).success();
                }
            }
        }
    }
}

#[test]
fn property_68_a_write_whose_result_cannot_be_printed_is_reported() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"]);
    let path = format!("v1/{space}");
    for (words, reported) in [
        (&["spaces", "update", &space, "--name", "y"][..], format!("spaces update succeeded for {space}")),
        (&["members", "add", &space, "a@x.test"], String::from("members add succeeded for a@x.test")),
        // The others are added, too.
        (
            &["members", "add", &space, "b@x.test", "c@x.test"],
            String::from("members add succeeded for b@x.test, c@x.test"),
        ),
        (
            &["members", "update", &space, "a@x.test", "--role", "manager"],
            String::from("members update succeeded for a@x.test"),
        ),
        (
            &["api", "PATCH", &path, "--query", "updateMask=displayName", "-f", "displayName=z"],
            format!("PATCH /{path} succeeded for {space}"),
        ),
        (
            &["api", "POST", "v1/spaces", "-f", "displayName=z", "-f", "spaceType=SPACE", "-i"],
            String::from("POST /v1/spaces succeeded for spaces/"),
        ),
    ] {
        let filtered = sandbox.command([words, &["-q", "--jq", ".name | tonumber"]].concat());
        let full = File::options().write(true).open("/dev/full").unwrap();
        let plain = || sandbox.command([words, &["-q"]].concat());
        for (finished, code) in [
            (sandbox.finish(filtered), 1),
            (into(&sandbox, plain(), Stdio::from(full)), 1),
            (into(&sandbox, plain(), closed_pipe()), 141),
        ] {
            let finished = finished.exits_with(code);
            assert!(finished.stderr.contains(&reported), "{words:?}: {}", finished.stderr);
            assert_eq!(finished.stderr.contains("error: "), code == 1, "{words:?}: {}", finished.stderr);
        }
    }
    let delete = ["api", "DELETE", &path, "--jq", ".name | tonumber"];
    let deleted = sandbox.run(delete).exits_with(1);
    assert!(deleted.stderr.contains(&format!("; DELETE /{path} succeeded\n")), "{}", deleted.stderr);
    // What only reads has nothing to report.
    let read = into(&sandbox, sandbox.command(["api", "GET", "v1/spaces"]), closed_pipe()).exits_with(141);
    assert_eq!(read.stderr, "");
}

#[test]
fn property_68_a_standard_error_that_takes_nothing_changes_nothing() {
    let sandbox = logged_in();
    for stderr in [Stdio::from(File::options().write(true).open("/dev/full").unwrap()), closed_pipe()] {
        let mut command = sandbox.command(["spaces", "create", "--name", "x", "-vv"]);
        let output = command.stdout(Stdio::piped()).stderr(stderr).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["name"].is_string());
    }
}

#[test]
fn property_68_streams_that_are_closed_take_nothing_and_break_nothing() {
    let sandbox = logged_in();
    for (number, closed) in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"].iter().enumerate() {
        let plain = sandbox.command(["spaces", "create", "--name", "x"]);
        let script = format!("exec \"$0\" \"$@\" {closed}");
        let command = wrapped(&plain, &["sh".as_ref(), "-c".as_ref(), script.as_ref(), plain.get_program()]);
        let finished = sandbox.finish(command);
        assert!(finished.code().is_some() && !finished.stderr.contains("panicked"), "{closed}: {}", finished.stderr);
        let spaces = sandbox.control().spaces();
        assert_eq!(spaces.len(), number + 1, "{closed}");
        // Whoever closes standard output hears of the space where there is somebody to hear.
        let name = spaces[number]["name"].as_str().unwrap();
        assert!(closed.contains("2>&-") || finished.stderr.contains(name), "{closed}: {}", finished.stderr);
        // Nothing that was meant for a stream has gone into a file or a socket that got its number.
        assert!(sandbox.control().requests_to(Endpoint::Create).iter().all(|request| request.body.starts_with('{')));
        sandbox.run(["auth", "status"]).success();
    }
}
