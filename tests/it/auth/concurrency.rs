//! Many processes, one login.

use std::fs;
use std::process::Command;

use chatauth::emulator::{Consent, Endpoint, Options};
use rustix::process::Signal;

use crate::support::pending_login::PendingLogin;
use crate::support::sandbox::Sandbox;
use crate::support::stage::{ACCOUNT, names_in, send_signal, start, wait_until};

const CREATE: [&str; 5] = ["spaces", "create", "--name", "x", "--no-input"];

/// How many processes refresh at the same time, and how often each does it.
const PROCESSES: usize = 20;
const TIMES: usize = 25;

/// An emulator that ends the whole login when an old refresh token comes back.
fn unforgiving() -> Sandbox {
    let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    sandbox
}

/// Starts all of them before it waits for any.
fn all_at_once(sandbox: &Sandbox, commands: impl Iterator<Item = Command>) {
    let children: Vec<_> = commands.map(start).collect();
    for child in children {
        sandbox.wait(child).success();
    }
}

#[test]
fn property_42_fifty_processes_with_an_expired_token_refresh_once_and_make_fifty_spaces() {
    let sandbox = unforgiving();
    all_at_once(&sandbox, (0..50).map(|number| sandbox.command(["spaces", "create", "--name", &number.to_string()])));
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1);
    assert_eq!(sandbox.control().spaces().len(), 50);
    assert!(sandbox.control().requests_to(Endpoint::Authorize).is_empty());
    let names = names_in(&sandbox.config_directory().join("accounts"));
    assert_eq!(names, [format!("{ACCOUNT}.json"), format!("{ACCOUNT}.lock")]);
}

#[test]
fn property_42_fifty_processes_with_a_token_that_the_api_refuses_refresh_once() {
    let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
    sandbox.log_in();
    sandbox.control().expire_access_tokens();
    all_at_once(&sandbox, (0..50).map(|_| sandbox.command(CREATE)));
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1, "one new token serves everybody");
    assert_eq!(sandbox.control().spaces().len(), 50);
}

#[test]
fn property_43_many_refreshes_of_many_processes_never_use_a_refresh_token_twice() {
    let sandbox = unforgiving();
    // Nobody is told how long a token lives, so every command has to refresh.
    sandbox.control().set_token_response_patch(|answer| drop(answer.as_object_mut().unwrap().remove("expires_in")));
    std::thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    sandbox.run(["auth", "token", "--no-input"]).success();
                }
            });
        }
    });
    let refreshes = sandbox.control().requests_to(Endpoint::Token);
    assert_eq!(refreshes.len(), PROCESSES * TIMES);
    let mut tokens: Vec<_> = refreshes.iter().map(|request| request.form("refresh_token").unwrap()).collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), PROCESSES * TIMES);
}

#[test]
fn property_47_a_killed_holder_leaves_no_lock() {
    let sandbox = unforgiving();
    sandbox.control().add_fault("token:drop-before,delay=60s,times=1".parse().unwrap());
    let mut holder = start(sandbox.command(CREATE));
    wait_until("the holder refreshes", || !sandbox.control().requests_to(Endpoint::Token).is_empty());
    let mut waiting = start(sandbox.command(CREATE));
    let lock = sandbox.config_directory().join(format!("accounts/{ACCOUNT}.lock"));
    assert_eq!(fs::read_to_string(&lock).unwrap(), holder.id().to_string(), "who holds it can be looked up");
    assert!(waiting.try_wait().unwrap().is_none());
    send_signal(&holder, Signal::KILL);
    holder.wait().unwrap();
    sandbox.wait(waiting).success();
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 2);
    assert!(lock.exists(), "the file stays and means nothing");
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.run(CREATE).success();
}

#[test]
fn property_48_a_login_that_waits_for_the_browser_keeps_nobody_waiting() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.control().change_options(|options| options.consent = Consent::Ask);
    let mut login = start(sandbox.command(["auth", "login", "--account", ACCOUNT]));
    wait_until("the browser is there", || !sandbox.control().requests_to(Endpoint::Authorize).is_empty());
    sandbox.run(CREATE).success();
    assert!(login.try_wait().unwrap().is_none(), "the login still waits");
    send_signal(&login, Signal::INT);
    sandbox.wait(login).exits_with(130);
}

#[test]
fn scopes_that_another_login_got_meanwhile_are_not_lost_without_a_word() {
    for (own, others, is_lost) in [
        ("chat.memberships", "chat.spaces.readonly", true),
        ("chat.spaces", "chat.spaces.readonly", false),
        ("chat.memberships", "chat.memberships", false),
    ] {
        let sandbox = Sandbox::new();
        sandbox.run(["auth", "login", "--scope", "manage"]).success();
        let waiting = PendingLogin::log_in(&sandbox, &["--scope", own]);
        sandbox.run(["auth", "login", "--scope", others]).success();
        waiting.consent();
        let login = waiting.finish(&sandbox).success();
        let warning = format!("this login replaced one that had {others}. For all scopes, run ");
        assert_eq!(login.stderr.contains(&warning), is_lost, "{}", login.stderr);
        if is_lost {
            let command = format!("auth login --account {ACCOUNT} --scope {own} --scope {others}");
            assert!(login.stderr.contains(&command), "{}", login.stderr);
        }
    }
}

#[test]
#[ignore = "waits for half a minute, which is how long chatauth waits"]
fn property_48_a_lock_that_is_held_for_too_long_is_named() {
    let sandbox = unforgiving();
    let lock = sandbox.config_directory().join(format!("accounts/{ACCOUNT}.lock"));
    let held = fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let failed = sandbox.run(CREATE.iter().chain(&["--format", "json"])).exits_with(3);
    assert_eq!(failed.error()["code"], "busy");
    assert!(failed.stderr.contains(&lock.display().to_string()), "{}", failed.stderr);
    assert!(sandbox.control().requests().is_empty());
}
