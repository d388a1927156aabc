//! Logins with a terminal, where the redirected URL may be pasted, and without one, where nobody may be asked.

use std::process::Command;
use std::time::{Duration, Instant};

use chatauth::emulator::Endpoint;
use rustix::process::{Pid, Signal};
use url::Url;

use crate::support::pending_login::{self, parameter, redirected};
use crate::support::pty::Terminal;
use crate::support::sandbox::Sandbox;

const ACCOUNT: &str = "emulator@example.com";
const NOT_IT: &str = "That is not the address of this login";

fn log_in(sandbox: &Sandbox) -> Command {
    sandbox.command(["auth", "login", "--no-browser"])
}

/// The URL as a terminal of 80 columns shows it, and as it is copied from there.
fn wrapped(url: &Url) -> String {
    let characters: Vec<char> = url.as_str().chars().collect();
    characters.chunks(80).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// Logs in by pasting what `paste` makes of the redirected URL.
#[track_caller]
fn pastes(paste: impl Fn(&Url) -> String) {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new();
    let before = terminal.modes();
    let child = terminal.start(log_in(&sandbox));
    let url = terminal.wait_for_url();
    assert!(!terminal.is_canonical(), "long lines would be cut off");
    terminal.type_text(&paste(&redirected(&url)));
    terminal.ends(child, 0, &before);
    assert_eq!(sandbox.record(ACCOUNT)["email"], ACCOUNT);
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1);
}

#[test]
fn property_18_the_redirected_url_may_be_pasted() {
    pastes(|url| format!("{url}\n"));
    // As terminals send Enter, with space around it, and with the page's fragment.
    pastes(|url| format!("  {url}#\r"));
}

#[test]
fn property_18_a_wrapped_url_may_be_pasted() {
    pastes(|url| format!("{}\n", wrapped(url)));
    pastes(|url| format!("{}\n", wrapped(url).replace('\n', "\r\n  ")));
}

#[test]
fn property_18_a_url_longer_than_the_terminals_own_lines_may_be_pasted() {
    for length in [3000, 6000, 20_000] {
        pastes(|url| format!("{url}&more={}\n", "x".repeat(length)));
    }
    pastes(|url| {
        let mut long = url.clone();
        long.query_pairs_mut().append_pair("more", &"x".repeat(6000));
        format!("{}\n", wrapped(&long))
    });
}

#[test]
fn property_18_the_lines_of_a_url_may_come_one_by_one_also_after_a_wrong_one() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new();
    let before = terminal.modes();
    let child = terminal.start(log_in(&sandbox));
    let redirected = redirected(&terminal.wait_for_url());
    terminal.type_text("http://127.0.0.1:1/oauth2/callback?state=wrong&code=x\n");
    terminal.transcript().wait_for_text(NOT_IT);
    // The code is whole only with the second line.
    let (first, second) = redirected.as_str().split_at(redirected.as_str().find("state=").unwrap() + 10);
    terminal.type_text(&format!("{first}\n"));
    terminal.transcript().wait_for(|text| (text.matches(NOT_IT).count() == 2).then_some(()));
    terminal.type_text(&format!("{second}\n"));
    terminal.ends(child, 0, &before);
}

#[test]
fn property_18_a_pause_in_a_paste_does_not_cut_the_code_off() {
    loop {
        let sandbox = Sandbox::new();
        let terminal = Terminal::new();
        let before = terminal.modes();
        let child = terminal.start(log_in(&sandbox));
        let redirected = redirected(&terminal.wait_for_url());
        let (first, second) = redirected.as_str().split_at(redirected.as_str().find("&code=").unwrap() + 20);
        let (first, second) = (format!("{first}\n"), format!("{second}\n"));
        let start = Instant::now();
        terminal.type_text(&first);
        std::thread::yield_now();
        terminal.type_text(&second);
        // Nothing is proven where this test itself was held up for so long that these were two pastes.
        if start.elapsed() < Duration::from_millis(20) {
            return terminal.ends(child, 0, &before);
        }
        terminal.wait(child);
    }
}

#[test]
fn property_18_what_was_mistyped_can_be_taken_back() {
    pastes(|url| format!("oops\u{7f}\u{7f}\u{7f}\u{8}{url}x\u{7f}\n"));
}

#[test]
fn property_18_a_url_of_another_attempt_is_refused_and_the_login_waits_on() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new();
    let before = terminal.modes();
    let child = terminal.start(log_in(&sandbox));
    let url = terminal.wait_for_url();
    let redirected = redirected(&url);
    let (state, code) = (parameter(&redirected, "state"), parameter(&redirected, "code"));
    let wrong = [
        String::from("y"),
        code.clone(),
        format!("http://127.0.0.1/?code={code}"),
        format!("http://127.0.0.1/?code={code}&state="),
        format!("http://127.0.0.1/?code={code}&state=guess"),
        format!("http://127.0.0.1/?code={code}&state={}", state.to_uppercase()),
        format!("http://127.0.0.1/?code={code}&state={state}&state={state}"),
        format!("http://127.0.0.1/?state={state}"),
        String::from("http://127.0.0.1/?error=access_denied&state=guess"),
        url.to_string(),
    ];
    for (index, text) in wrong.iter().enumerate() {
        terminal.type_text(&format!("{text}\n"));
        terminal.transcript().wait_for(|shown| (shown.matches(NOT_IT).count() == index + 1).then_some(()));
    }
    let shown = terminal.transcript().text();
    assert_eq!(shown.lines().filter(|line| line.starts_with(NOT_IT)).count(), wrong.len(), "not on a line of its own");
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 0);
    terminal.type_text(&format!("{redirected}\n"));
    terminal.ends(child, 0, &before);
}

#[test]
fn property_19_a_pasted_answer_of_another_issuer_or_a_refusal_ends_the_login() {
    for (query, shown) in [("code=x&iss=https://evil.test", "evil.test"), ("error=access_denied", "access_denied")] {
        let sandbox = Sandbox::new();
        let terminal = Terminal::new();
        let before = terminal.modes();
        let child = terminal.start(log_in(&sandbox));
        let state = parameter(&terminal.wait_for_url(), "state");
        terminal.type_text(&format!("http://127.0.0.1/?state={state}&{query}\n"));
        terminal.ends(child, 4, &before);
        terminal.transcript().wait_for(|text| text.rsplit_once("error:")?.1.contains(shown).then_some(()));
        assert!(sandbox.control().requests_to(Endpoint::Token).is_empty());
    }
}

#[test]
fn listener_and_paste_work_side_by_side() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new();
    let before = terminal.modes();
    // Half a line is typed, and the browser answers.
    let child = terminal.start(log_in(&sandbox));
    let redirected = redirected(&terminal.wait_for_url());
    terminal.type_text("http://127.0.0.1/?sta");
    let address = ([127, 0, 0, 1], redirected.port().unwrap()).into();
    let request = |url: &Url, host: &str| {
        let target = &url[pending_login::PATH_AND_QUERY];
        pending_login::send(address, format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes())
            .unwrap()
            .status
    };
    assert_eq!(request(&redirected, &address.to_string()), 200);
    terminal.ends(child, 0, &before);
}

#[test]
fn the_terminal_is_as_it_was_however_the_login_ends() {
    for (signal, code) in [(Some(Signal::INT), 130), (Some(Signal::TERM), 143), (None, 4)] {
        let sandbox = Sandbox::new();
        let terminal = Terminal::new();
        let before = terminal.modes();
        let mut command = log_in(&sandbox);
        command.args(["--wait", if signal.is_some() { "300" } else { "1" }]);
        let child = terminal.start(command);
        terminal.wait_for_url();
        if let Some(signal) = signal {
            rustix::process::kill_process(Pid::from_child(&child), signal).unwrap();
        }
        terminal.ends(child, code, &before);
    }
}

#[test]
fn the_end_of_input_is_no_end_of_the_login() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new();
    let before = terminal.modes();
    let child = terminal.start(log_in(&sandbox));
    let url = terminal.wait_for_url();
    terminal.type_text("\u{4}");
    let redirected = redirected(&url);
    let address = ([127, 0, 0, 1], redirected.port().unwrap()).into();
    let target = &redirected[pending_login::PATH_AND_QUERY];
    pending_login::send(address, format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
    terminal.ends(child, 0, &before);
}

#[test]
fn ctrl_c_ends_the_login_and_leaves_the_terminal_as_it_was() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new();
    let line = format!(
        "trap : INT; stty -a; {} auth login --no-browser; echo \"code $?\"; stty -a; echo done",
        env!("CARGO_BIN_EXE_chatauth")
    );
    let child = terminal.start_shell(&line, &log_in(&sandbox));
    let url = terminal.wait_for_url();
    terminal.type_text("\u{3}");
    terminal.transcript().wait_for_text("done");
    terminal.wait(child);
    let text = terminal.transcript().text();
    assert!(text.contains("code 130"), "{text}");
    let settings =
        |text: &str| text.split_once("speed").map(|(_, rest)| rest.split_once("-extproc").unwrap().0.to_owned());
    let (start, end) = text.split_once("code 130").unwrap();
    assert_eq!(settings(start).unwrap(), settings(end).unwrap());
    assert!(!pending_login::is_open(
        ([127, 0, 0, 1], Url::parse(&parameter(&url, "redirect_uri")).unwrap().port().unwrap()).into()
    ));
    assert!(!sandbox.record_path(ACCOUNT).exists());
}

#[test]
fn a_command_with_a_terminal_logs_in_on_its_way() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new();
    let before = terminal.modes();
    let mut command = sandbox.command(["spaces", "create", "--name", "x"]);
    command.env_remove("BROWSER");
    let child = terminal.start(command);
    let redirected = redirected(&terminal.wait_for_url());
    terminal.type_text(&format!("{redirected}\n"));
    terminal.ends(child, 0, &before);
    assert_eq!(sandbox.control().spaces().len(), 1);
}

/// Runs a command that would need a login, and must not start one.
#[track_caller]
fn refuses_to_ask(sandbox: &Sandbox, mut command: Command) {
    let opened = sandbox.path("opened");
    let browser = sandbox.script("spy", &format!("#!/bin/sh\n: > '{}'\n", opened.display()));
    if command.get_envs().any(|(name, value)| name == "BROWSER" && value.is_some()) {
        command.env("BROWSER", browser);
    }
    command.args(["--format", "json"]);
    let before = Instant::now();
    let finished = sandbox.finish(command).exits_with(4);
    assert!(before.elapsed() < Duration::from_secs(20), "it waited for somebody");
    assert_eq!(finished.error()["code"], "login_needed");
    assert!(finished.error()["hint"].as_str().unwrap().contains("auth login"), "{}", finished.stderr);
    assert_eq!(finished.stderr.lines().count(), 1, "nobody is spoken to: {}", finished.stderr);
    assert_eq!(finished.stdout, "");
    assert!(!opened.exists(), "a browser was opened");
    assert_eq!(sandbox.control().connections(), 0);
}

#[test]
fn property_20_nobody_is_asked_where_nobody_is_or_wants_to_be() {
    let sandbox = Sandbox::new();
    for words in [&["spaces", "create", "--name", "x"][..], &["spaces", "list"], &["auth", "token"]] {
        let mut alone = sandbox.command(words);
        alone.env_remove("BROWSER");
        refuses_to_ask(&sandbox, alone);
        refuses_to_ask(&sandbox, sandbox.command(words.iter().chain(&["--no-input"])));
        let mut variable = sandbox.command(words);
        variable.env("CHATAUTH_NO_INPUT", "1");
        refuses_to_ask(&sandbox, variable);
    }
    refuses_to_ask(&sandbox, sandbox.command(["--no-input", "auth", "login"]));
    // --no-input holds on a terminal, too.
    let terminal = Terminal::new();
    let before = terminal.modes();
    let child = terminal.start(sandbox.command(["spaces", "create", "--name", "x", "--no-input"]));
    terminal.ends(child, 4, &before);
    assert_eq!(sandbox.control().connections(), 0);
}

#[test]
fn a_terminal_on_one_stream_only_is_not_enough_to_ask() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new();
    let mut command = sandbox.command(["spaces", "create", "--name", "x"]);
    command.env_remove("BROWSER").stderr(std::process::Stdio::piped());
    let mut command_without_input = sandbox.command(["spaces", "create", "--name", "x"]);
    command_without_input.env_remove("BROWSER");
    terminal.give_stdin(&mut command);
    assert_eq!(sandbox.finish(command).exits_with(4).stdout, "");
    terminal.give_stderr(&mut command_without_input);
    let child = command_without_input.spawn().unwrap();
    assert_eq!(terminal.wait(child).code(), Some(4));
}

#[test]
fn auth_login_works_without_a_terminal() {
    let sandbox = Sandbox::new();
    // Through $BROWSER, and by hand where there is none.
    let finished = sandbox.run(["auth", "login"]).success();
    assert!(finished.stderr.contains(&format!("Logged in as {ACCOUNT}")), "{}", finished.stderr);
    assert_eq!(finished.stdout, "");
    let mut command = sandbox.command(["auth", "login"]);
    command.env_remove("BROWSER");
    let by_hand = pending_login::PendingLogin::start(command);
    assert!(!by_hand.transcript().text().contains("Paste"), "there is nowhere to paste");
    by_hand.succeeds(&sandbox);
}
