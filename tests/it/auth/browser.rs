//! `$BROWSER`: a program that gets the URL as one argument, and whose doings are nobody else's.

use std::fs;
use std::path::Path;

use crate::support::pending_login::PendingLogin;
use crate::support::sandbox::{Sandbox, TEST_TIMEOUT};

/// What would mean something to a shell.
const HINT: &str = "a;touch pwned&$(touch pwned)`touch pwned`'\"|b@example.com";

/// Starts `auth login` with this as `$BROWSER`.
fn with_browser(sandbox: &Sandbox, browser: &str, words: &[&str]) -> PendingLogin {
    let mut command = sandbox.command(["auth", "login"].iter().chain(words));
    command.env("BROWSER", browser);
    PendingLogin::start(command)
}

/// Waits for a file that a browser writes as a whole.
#[track_caller]
fn written(path: &Path) -> String {
    let deadline = std::time::Instant::now() + TEST_TIMEOUT;
    loop {
        if let Ok(text) = fs::read_to_string(path) {
            return text;
        }
        assert!(std::time::Instant::now() < deadline, "the browser was not started");
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
}

#[test]
fn property_75_the_url_is_one_argument_and_no_shell_sees_it() {
    let sandbox = Sandbox::new();
    let seen = sandbox.path("seen");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > '{0}.new'; mv '{0}.new' '{0}'\n", seen.display());
    let program = sandbox.script("a browser", &script).display().to_string();
    let plain = sandbox.script("plain", &script).display().to_string();
    for (browser, before, after) in [
        (program, "", ""),
        (format!("{plain} --new %s --end"), "--new\n", "--end\n"),
        (format!("{plain} -n"), "-n\n", ""),
        (format!("/nowhere/at/all:{plain}"), "", ""),
        (format!("{plain} 'x;touch pwned' $(touch pwned)"), "x;touch pwned\n$(touch\npwned)\n", ""),
    ] {
        let waiting = with_browser(&sandbox, &browser, &["--login-hint", HINT]);
        assert_eq!(written(&seen), format!("{before}{}\n{after}", waiting.url), "{browser}");
        fs::remove_file(&seen).unwrap();
        waiting.succeeds(&sandbox);
    }
    assert!(!sandbox.path("pwned").exists(), "a shell was at work");
}

#[test]
fn property_75_what_the_browser_says_does_not_reach_our_streams() {
    let sandbox = Sandbox::new();
    let said = sandbox.path("said");
    let script = format!("#!/bin/sh\ncat; echo noise; echo noise >&2; : > '{0}'\n", said.display());
    let browser = sandbox.script("loud", &script).display().to_string();
    let waiting = with_browser(&sandbox, &browser, &[]);
    written(&said);
    let finished = waiting.succeeds(&sandbox);
    assert_eq!(finished.stdout, "");
    assert!(!finished.stderr.contains("noise"), "{}", finished.stderr);
}

#[test]
fn property_75_a_browser_that_hangs_fails_or_is_missing_changes_nothing() {
    let sandbox = Sandbox::new();
    let (started, gate) = (sandbox.path("started"), sandbox.path("gate"));
    let made = std::process::Command::new("mkfifo").arg(&gate).status().unwrap();
    assert!(made.success());
    // Whoever reads from the gate hangs as long as this lives, however the test ends.
    let hangs = fs::OpenOptions::new().read(true).write(true).open(&gate).unwrap();
    let script = format!("#!/bin/sh\n: > '{}'\nexec cat '{}'\n", started.display(), gate.display());
    let hanging = sandbox.script("hanging", &script).display().to_string();
    for (browser, opened) in [
        (hanging.as_str(), true),
        ("/bin/false", true),
        ("/nowhere/at/all", false),
        ("/", false),
        ("   ", false),
        (":::", false),
    ] {
        let waiting = with_browser(&sandbox, browser, &[]);
        let said = waiting.transcript().text();
        assert_eq!(said.contains("Opening your browser"), opened, "{browser:?}: {said}");
        if browser == hanging {
            written(&started);
        }
        waiting.succeeds(&sandbox);
    }
    drop(hangs);
}

#[test]
fn the_browser_does_not_inherit_a_given_access_token() {
    let sandbox = Sandbox::new();
    let seen = sandbox.path("seen");
    let script = format!("#!/bin/sh\nenv > '{0}.new'; mv '{0}.new' '{0}'\n", seen.display());
    let browser = sandbox.script("spy", &script);
    let mut command = sandbox.command(["auth", "login"]);
    command.env("BROWSER", browser).env("CHATAUTH_ACCESS_TOKEN", "canary-token");
    let waiting = PendingLogin::start(command);
    assert!(!written(&seen).contains("canary-token"));
    let finished = waiting.succeeds(&sandbox);
    assert!(finished.stderr.contains("CHATAUTH_ACCESS_TOKEN is set"), "{}", finished.stderr);
}

#[test]
fn no_browser_is_opened_when_that_is_said() {
    let sandbox = Sandbox::new();
    let seen = sandbox.path("seen");
    let browser = sandbox.script("spy", &format!("#!/bin/sh\n: > '{}'\n", seen.display()));
    let mut command = sandbox.command(["auth", "login", "--no-browser"]);
    command.env("BROWSER", browser);
    let finished = PendingLogin::start(command).succeeds(&sandbox);
    assert!(!seen.exists());
    assert!(finished.stderr.starts_with("To log in, open this address"), "{}", finished.stderr);
}
