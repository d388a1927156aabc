//! `chatauth emulator`, with a command and without.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::pty::Terminal;
use crate::support::sandbox::{Sandbox, mode};
use crate::support::stage::{send_signal, start, wait_until, wrapped};

fn variable(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}=")))?;
    Some(line.to_owned())
}

#[test]
fn the_exit_code_of_the_command_passes_through() {
    let sandbox = Sandbox::new();
    for (words, code) in [
        (&["sh", "-c", "exit 7"][..], 7),
        (&["sh", "-c", "kill -KILL $$"], 137),
        (&["true"], 0),
        (&["/nowhere/at/all"], 127),
        (&["no-such-program-anywhere"], 127),
        (&["/etc/passwd"], 126),
        (&["chatauth", "spaces", "create"], 2),
    ] {
        let mut command = sandbox.command(["emulator", "--"].iter().chain(words));
        // A directory that may not be looked into would make "not found" a "not allowed".
        command.env("PATH", "/usr/bin:/bin");
        let finished = sandbox.finish(command).exits_with(code);
        assert_eq!(finished.stdout, "");
        if (126..128).contains(&code) {
            assert!(finished.stderr.contains(words[0]), "{}", finished.stderr);
        }
    }
    let child = {
        let mut command = sandbox.command(["emulator", "--", "sh", "-c", "read line; echo \"$line\"; echo no >&2"]);
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"through\n").unwrap();
        command.stdin(reader);
        start(command)
    };
    let finished = sandbox.wait(child).success();
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("through\n", "no\n"),
        "streams are the command's"
    );
}

#[test]
fn the_command_finds_everything_in_its_environment() {
    let sandbox = Sandbox::new();
    let script = "env; stat -c 'MODES=%a' \"$CHATAUTH_CONFIG_DIR\"; ls -A \"$CHATAUTH_CONFIG_DIR\"; \
        stat -c 'SECRET=%a' \"$CHATAUTH_CLIENT_SECRETS\"; echo \"WHICH=$(command -v chatauth)\"";
    for (consent, browser, expected) in
        [("approve", None, true), ("deny", None, true), ("ask", None, false), ("ask", Some("/bin/true"), false)]
    {
        let mut command = sandbox.command(["emulator", "--consent", consent, "--", "sh", "-c", script]);
        command.env_remove("BROWSER").env("HTTPS_PROXY", "http://proxy.example").env("CHATAUTH_ACCOUNT", "a@b.c");
        if let Some(browser) = browser {
            command.env("BROWSER", browser);
        }
        let output = sandbox.finish(command).success().stdout;
        let config = variable(&output, "CHATAUTH_CONFIG_DIR").unwrap();
        assert_ne!(Path::new(&config), sandbox.config_directory(), "a directory of its own");
        assert!(variable(&output, "CHATAUTH_API_ENDPOINT").unwrap().starts_with("http://127.0.0.1:"));
        assert_eq!(variable(&output, "MODES").as_deref(), Some("700"));
        assert_eq!(variable(&output, "SECRET").as_deref(), Some("600"));
        for gone in ["HTTPS_PROXY", "CHATAUTH_ACCOUNT"] {
            assert_eq!(variable(&output, gone), None);
        }
        let found = variable(&output, "BROWSER");
        if expected {
            assert!(found.unwrap().ends_with("/bin/chatauth-browser"));
        } else {
            assert_eq!(found.as_deref(), browser, "the person's own, or none");
        }
        let path = variable(&output, "PATH").unwrap();
        assert_eq!(variable(&output, "WHICH").unwrap(), format!("{}/chatauth", path.split(':').next().unwrap()));
        assert!(!Path::new(&config).exists(), "nothing is left behind");
    }
    let mut command = sandbox.command(["emulator", "--", "/bin/sh", "-c", "ls / && chatauth version"]);
    command.env_remove("PATH");
    sandbox.finish(command).success();
}

#[test]
fn the_first_command_of_the_readme_works_without_any_preparation() {
    let sandbox = Sandbox::new();
    let script =
        "set -e; chatauth spaces create --name API-made; BROWSER= chatauth spaces create --name two --format name";
    let finished = sandbox.run(["emulator", "--", "sh", "-c", script]).success();
    assert!(finished.stdout.contains("\"displayName\": \"API-made\""), "{}", finished.stdout);
    assert!(finished.stdout.lines().last().unwrap().starts_with("spaces/"));
    let denied = sandbox.run(["emulator", "--consent", "deny", "--", "chatauth", "spaces", "create", "--name", "x"]);
    assert!(denied.exits_with(4).stderr.contains("access_denied"));
    assert!(sandbox.control().requests().is_empty() && !sandbox.config_directory().exists(), "it keeps to itself");
}

#[test]
fn a_login_that_cannot_be_granted_ends_at_once_with_what_to_change() {
    let sandbox = Sandbox::new();
    let begin = Instant::now();
    let words = ["emulator", "--audience", "testing", "--test-user", "ann@example.com", "--user", "bob@example.com"];
    let login = ["--", "chatauth", "auth", "login"];
    let stderr = sandbox.run(words.iter().chain(&login)).exits_with(4).stderr;
    let hint = "hint: to log in as bob@example.com, pass --test-user bob@example.com or --audience production";
    assert!(stderr.trim_end().ends_with(hint), "{stderr}");
    assert!(begin.elapsed() < Duration::from_secs(20), "it did not wait for the deadline");
}

#[test]
fn a_login_page_that_fails_once_is_opened_again() {
    let sandbox = Sandbox::new();
    for fault in ["all:status=503,times=1", "authorize:drop-before,times=1"] {
        let login = ["emulator", "--fault", fault, "--", "chatauth", "auth", "login", "--wait", "20"];
        sandbox.run(login).success();
    }
}

#[test]
fn a_login_page_that_goes_on_failing_ends_the_login_with_the_reason() {
    let sandbox = Sandbox::new();
    for (fault, reason) in [("status=400", "the page answered 400"), ("status=503", "503"), ("drop-before", "")] {
        let fault = format!("authorize:{fault}");
        let login = ["emulator", "--fault", &fault, "--", "chatauth", "auth", "login", "--wait", "20"];
        let stderr = sandbox.run(login).exits_with(4).stderr;
        let refused = stderr.split_once("error: the login was refused (server_error: ");
        assert!(refused.is_some_and(|(_, error)| error.contains(reason)), "{fault}: {stderr}");
    }
}

#[test]
fn the_command_decides_when_a_signal_ends_it() {
    for (signal, name) in [(Signal::INT, "INT"), (Signal::TERM, "TERM"), (Signal::HUP, "HUP")] {
        let sandbox = Sandbox::new();
        let ready = sandbox.path("ready");
        let script = format!("trap 'kill $!; exit 9' {name}; sleep 60 & : > ready; wait; wait");
        let mut command = sandbox.command(["emulator", "--", "sh", "-c", &script]);
        // Not in the foreground of a terminal that the tests may run in.
        command.process_group(0);
        let child = start(command);
        wait_until("the command runs", || ready.exists());
        send_signal(&child, signal);
        sandbox.wait(child).exits_with(9);
    }
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new();
    let script = "n=0; trap 'n=$((n + 1))' INT; echo ready; while [ $n = 0 ]; do sleep 0.02; done; sleep 0.2; exit 4$n";
    sandbox.script("in-terminal", &format!("#!/bin/sh\n{script}\n"));
    let line = format!("{} emulator -- bin/in-terminal", env!("CARGO_BIN_EXE_chatauth"));
    let shell =
        terminal.start_shell(&format!("cd '{}' && exec {line}", sandbox.path("").display()), &sandbox.command([""; 0]));
    terminal.transcript().wait_for_text("ready");
    terminal.type_text("\u{3}");
    assert_eq!(terminal.wait(shell).code(), Some(41));
}

#[test]
fn a_command_that_removes_the_directory_keeps_its_exit_code() {
    let sandbox = Sandbox::new();
    for code in [0, 5] {
        let script = format!("rm -rf \"$(dirname \"$CHATAUTH_CONFIG_DIR\")\"; exit {code}");
        let finished = sandbox.run(["emulator", "--", "sh", "-c", &script]).exits_with(code);
        assert_eq!(finished.stderr, "");
    }
}

#[test]
fn its_own_errors_are_json_where_errors_are() {
    let sandbox = Sandbox::new();
    for (program, code) in [("no-such-program-anywhere", 127), ("/etc/passwd", 126)] {
        let error = sandbox.run(["--format", "json", "emulator", "--", program]).exits_with(code).error();
        assert_eq!(error["exitCode"], code);
        assert!(error["message"].as_str().unwrap().starts_with(&format!("cannot run {program:?}: ")), "{error}");
    }
    let words =
        ["emulator", "--audience", "testing", "--test-user", "ann@example.com", "--", "chatauth", "auth", "login"];
    let mut command = sandbox.command(words);
    command.env("CHATAUTH_FORMAT", "json");
    assert_eq!(sandbox.finish(command).exits_with(4).error()["code"], "login_refused");
}

#[test]
fn a_value_that_cannot_be_used_is_an_error() {
    let sandbox = Sandbox::new();
    for option in ["--token-lifetime", "--refresh-token-lifetime", "--session-length"] {
        for value in ["18446744073709551615", "300000000000", "3155760001", "-1"] {
            let words = [&format!("{option}={value}"), "--", "true"].map(String::from);
            let stderr = sandbox.run(["emulator"].map(String::from).iter().chain(&words)).exits_with(2).stderr;
            assert!(stderr.contains(option), "{stderr}");
        }
        let largest = [option, "3155760000", "--", "chatauth", "-q", "auth", "login"];
        sandbox.run(["emulator"].iter().chain(&largest)).success();
    }
    for (option, value) in [
        ("--fault", "create:status=503,times=0"),
        ("--fault", "create:drop-before,status=500"),
        ("--fault", "create:drop-after,retry-after=1"),
        ("--fault", "create:retry-after=5"),
        ("--fault", "create:commit,times=1"),
        ("--test-user", "foo"),
        ("--unaddable", "not an email"),
        ("--auto-accept-off", "foo"),
        ("--unresolvable", "@example.com"),
        ("--admin", "foo@"),
    ] {
        let stderr = sandbox.run(["emulator", option, value, "--", "true"]).exits_with(2).stderr;
        assert!(stderr.contains(option) && stderr.contains(value), "{stderr}");
    }
    assert!(sandbox.run(["emulator", "--"]).exits_with(2).stderr.contains("a command is missing after --"));
    let directory = sandbox.path("a:b");
    fs::create_dir(&directory).unwrap();
    for unusable in [&directory, &sandbox.path("missing")] {
        let mut command = sandbox.command(["emulator", "--", "true"]);
        command.env("TMPDIR", unusable);
        let stderr = sandbox.finish(command).exits_with(3).stderr;
        assert!(stderr.starts_with("error: cannot create the emulator's directory: "), "{stderr}");
        assert!(stderr.contains("hint: set TMPDIR to "), "{stderr}");
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn values_of_options_are_completed() {
    let sandbox = Sandbox::new();
    for (option, values) in [
        ("--consent", "ask\napprove\ndeny"),
        ("--audience", "internal\ntesting\nproduction"),
        ("--names", "known\nnone"),
    ] {
        let mut command = sandbox.command(["--", "chatauth", "emulator", option, ""]);
        command.env("_CHATAUTH_COMPLETE", "fish");
        let listed = sandbox.finish(command).success().stdout;
        let words: Vec<_> = listed.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(words.join("\n"), values);
        let error = sandbox.run(["emulator", option, "x", "--", "true"]).exits_with(2).stderr;
        assert!(error.contains(&values.replace('\n', ", ")), "{error}");
    }
}

#[test]
fn property_77_without_a_command_it_serves_on_loopback_until_it_is_told_to_stop() {
    for (signal, code) in [(Signal::INT, 0), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let sandbox = Sandbox::new();
        let mut child = start(sandbox.command(["emulator"]));
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut exports = String::new();
        while !exports.contains("CHATAUTH_API_ENDPOINT") {
            assert_ne!(output.read_line(&mut exports).unwrap(), 0, "{exports}");
        }
        let value = |name: &str| {
            let line = exports.lines().find_map(|line| line.strip_prefix(&format!("export {name}=")));
            line.unwrap_or_else(|| panic!("{name}: {exports}")).to_owned()
        };
        assert!(!exports.contains("BROWSER"), "consent is asked for, in the person's own browser");
        let port: u16 = value("CHATAUTH_API_ENDPOINT").rsplit(':').next().unwrap().parse().unwrap();
        // 0A is LISTEN; 0100007F is 127.0.0.1 as the kernel writes it.
        let listening: Vec<String> = ["tcp", "tcp6"]
            .iter()
            .flat_map(|table| {
                fs::read_to_string(format!("/proc/net/{table}"))
                    .unwrap_or_default()
                    .lines()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter(|line| line.split_whitespace().nth(3) == Some("0A"))
            .filter_map(|line| line.split_whitespace().nth(1).map(str::to_owned))
            .filter(|address| address.ends_with(&format!(":{port:04X}")))
            .collect();
        assert_eq!(listening, [format!("0100007F:{port:04X}")]);
        let directory = Path::new(&value("CHATAUTH_CONFIG_DIR")).parent().unwrap().to_owned();
        assert_eq!(mode(&directory), 0o700);
        let client = fs::read_to_string(value("CHATAUTH_CLIENT_SECRETS")).unwrap();
        assert!(!client.contains("GOCSPX"), "{client}");
        send_signal(&child, signal);
        sandbox.wait(child).exits_with(code);
        assert!(!directory.exists(), "nothing is left behind");
    }
}

#[test]
fn property_77_its_tokens_are_not_googles_and_googles_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let record = sandbox.record("emulator@example.com");
    for (member, googles) in [("access_token", "ya29."), ("refresh_token", "1//")] {
        let token = record[member].as_str().unwrap();
        assert!(token.starts_with("emulator-") && !token.contains(googles), "{member}");
    }
    let mut command = sandbox.command(["spaces", "create", "--name", "x", "--format", "json"]);
    command.env("CHATAUTH_ACCESS_TOKEN", "ya29.a0AfH6SMC");
    let refused = sandbox.finish(command).exits_with(4);
    assert_eq!(refused.error()["code"], "credentials_rejected");
    assert!(sandbox.control().spaces().is_empty());
}

#[test]
fn a_command_inside_logs_in_whatever_the_environment_outside_says() {
    let sandbox = Sandbox::new();
    let words = ["emulator", "--", "chatauth", "spaces", "create", "--name", "x", "--format", "name"];
    let mut command = sandbox.command(words);
    command.env("CHATAUTH_NO_INPUT", "1").env("CHATAUTH_ACCOUNT", "nobody@example.com");
    let space = sandbox.finish(command).success().stdout;
    assert!(space.starts_with("spaces/"), "{space}");
}

#[test]
fn the_environment_to_set_is_that_of_a_command_inside_whatever_was_set_before() {
    let sandbox = Sandbox::new();
    let before = [
        ("CHATAUTH_ACCESS_TOKEN", "ya29.real"),
        ("CHATAUTH_ACCOUNT", "ada@example.com"),
        ("CHATAUTH_SERVICE_ACCOUNT", "/nosuch/key.json"),
        ("CHATAUTH_IMPERSONATE", "ada@example.com"),
        ("CHATAUTH_NO_INPUT", "1"),
        ("CHATAUTH_CLIENT_SECRETS", "/nosuch/client.json"),
        ("HTTPS_PROXY", "http://127.0.0.1:1"),
        ("http_proxy", "http://127.0.0.1:1"),
    ];
    let mut child = start(sandbox.command(["emulator", "--consent", "approve"]));
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    while !printed.contains("BROWSER") {
        assert_ne!(output.read_line(&mut printed).unwrap(), 0, "{printed}");
    }
    let names = |text: &str| -> BTreeSet<String> {
        text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name.to_owned()).collect()
    };
    let shell = |script: &str| {
        let mut command = sandbox.command(["emulator", "--", "sh", "-ec", script]);
        command.envs(before);
        sandbox.finish(command).success().stdout
    };
    let here = |script: &str| {
        let mut command = wrapped(&sandbox.command(["-ec", &format!("{printed}{script}")]), &["sh".as_ref()]);
        command.envs(before);
        sandbox.finish(command).success().stdout
    };
    let interesting = |names: BTreeSet<String>| -> BTreeSet<String> {
        names.into_iter().filter(|name| name != "_" && name != "PWD").collect()
    };
    assert_eq!(interesting(names(&here("env"))), interesting(names(&shell("env"))));
    let program = env!("CARGO_BIN_EXE_chatauth");
    assert!(here(&format!("{program} spaces create --name x --format name")).starts_with("spaces/"));
    send_signal(&child, Signal::INT);
    sandbox.wait(child).success();
}

#[test]
fn the_browser_does_not_keep_who_opens_it_from_listening() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let page = format!("http://{}/", listener.local_addr().unwrap());
    let sandbox = Sandbox::new();
    // As Python's webbrowser: it is over when the browser's output is, and only then is the page served.
    let script = "\"$BROWSER\" \"$1\" | cat";
    let started = Instant::now();
    sandbox.run(["emulator", "--", "sh", "-c", script, "sh", page.as_str()]).success();
    assert!(started.elapsed() < Duration::from_secs(5), "the browser waited for its page");
    let (mut visit, _) = listener.accept().unwrap();
    visit.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut line = String::new();
    BufReader::new(&mut visit).read_line(&mut line).unwrap();
    assert_eq!(line, "GET / HTTP/1.1\r\n");
}

#[test]
fn its_page_and_the_document_show_the_same_calls_of_other_clients() {
    let sandbox = Sandbox::new();
    let origin = sandbox.emulator().origin();
    let host = origin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET / HTTP/1.0\r\nhost: {host}\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/emulator.md");
    let document = fs::read_to_string(document).unwrap();
    let calls: Vec<&str> = document.split('`').filter(|code| code.contains("\"ENDPOINT")).collect();
    assert_eq!(calls.len(), 3, "a call of each client that the tests run");
    for call in calls {
        let call = call.replace("ENDPOINT", &origin);
        assert!(page.contains(&format!("<dd><code>{call}</code></dd>")), "{call} is not on {page}");
    }
}
