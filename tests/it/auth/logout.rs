//! Logging out: revoked, already gone, and unreachable are three things.

use std::fs;
use std::process::Child;

use chatauth::emulator::{Endpoint, Options, User};
use rustix::process::Signal;

use crate::support::ordinary_user::{OrdinaryUser, set_mode};
use crate::support::sandbox::Sandbox;
use crate::support::stage::{names_in, send_signal, start, wait_until};

const ACCOUNT: &str = "emulator@example.com";

#[test]
fn property_70_a_login_is_revoked_by_post_and_forgotten() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let token = sandbox.record(ACCOUNT)["refresh_token"].as_str().unwrap().to_owned();
    let out = sandbox.run(["auth", "logout"]).success();
    assert!(out.stderr.contains("revoked its access for this project on every machine"), "{}", out.stderr);
    let requests = sandbox.control().requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/revoke"));
    assert!(requests[0].query.is_empty(), "a token in a URL ends up in logs");
    assert_eq!(requests[0].form("token"), Some(token));
    assert!(!sandbox.record_path(ACCOUNT).exists());
    sandbox.run(["auth", "status"]).exits_with(4);
    let again = sandbox.run(["auth", "logout"]).success();
    assert!(again.stderr.contains("You are not logged in"), "{}", again.stderr);
    sandbox.run(["auth", "logout", "--account", "nobody@example.com"]).exits_with(4);
}

#[test]
fn property_70_a_grant_that_is_gone_already_is_said_to_be() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().revoke_all_refresh_tokens();
    let out = sandbox.run(["auth", "logout"]).success();
    assert!(out.stderr.contains("had already ended"), "{}", out.stderr);
    assert!(!sandbox.record_path(ACCOUNT).exists());
}

#[test]
fn property_70_a_server_that_cannot_be_reached_leaves_the_login_unless_forced() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let record = fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    for (fault, code) in [
        ("revoke:drop-before", "network"),
        ("revoke:status=503,retry-after=3600", "server_error"),
        ("revoke:status=429,retry-after=3600", "rate_limited"),
        ("revoke:html,status=400", "server_error"),
        // A success that no revocation endpoint sends.
        ("revoke:html", "server_error"),
        ("revoke:garbage", "server_error"),
        ("revoke:body=[]", "server_error"),
        ("revoke:truncate", "server_error"),
    ] {
        sandbox.control().add_fault(fault.parse().unwrap());
        let error = sandbox.run(["auth", "logout", "--format", "json"]).exits_with(6).error();
        assert_eq!(error["code"], code, "{fault}: {error}");
        assert!(error["message"].as_str().unwrap().contains("was kept"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("--local"), "{error}");
        assert_eq!(fs::read(sandbox.record_path(ACCOUNT)).unwrap(), record);
        sandbox.control().clear_faults();
    }
    sandbox.control().clear_requests();
    let out = sandbox.run(["auth", "logout", "--local"]).success();
    assert!(out.stderr.contains("without revoking it"), "{}", out.stderr);
    assert!(sandbox.control().requests().is_empty());
    assert!(!sandbox.record_path(ACCOUNT).exists());
}

#[test]
fn property_70_a_revocation_is_retried_and_may_be_answered_with_an_empty_body() {
    for (fault, requests) in [
        ("revoke:empty,times=1", 1),
        ("revoke:status=503,times=1", 2),
        ("revoke:drop-before,times=1", 2),
        ("revoke:drop-after,times=1", 2),
    ] {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        sandbox.control().add_fault(fault.parse().unwrap());
        let out = sandbox.run(["auth", "logout"]).success();
        assert!(out.stderr.contains("revoked its access"), "{fault}: {}", out.stderr);
        assert_eq!(out.stderr.contains("attempt 2 of 3"), requests == 2, "{fault}: {}", out.stderr);
        assert_eq!(sandbox.control().requests_to(Endpoint::Revoke).len(), requests, "{fault}");
        assert!(!sandbox.record_path(ACCOUNT).exists());
    }
}

#[test]
fn a_revocation_that_is_interrupted_may_have_been_applied() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().add_fault("revoke:delay=60s".parse().unwrap());
    let child = start(sandbox.command(["auth", "logout", "--format", "json"]));
    wait_until("the request has left", || !sandbox.control().requests_to(Endpoint::Revoke).is_empty());
    send_signal(&child, Signal::TERM);
    let error = sandbox.wait(child).exits_with(143).error();
    assert_eq!(error["outcome"], "unknown", "{error}");
    assert!(error["hint"].as_str().unwrap().contains("auth logout"), "{error}");
}

#[test]
fn a_logout_during_a_refresh_revokes_the_refresh_token_that_it_brings() {
    let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() }).secrets_may_show();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    let replaced = sandbox.record(ACCOUNT)["refresh_token"].as_str().unwrap().to_owned();
    sandbox.control().add_fault("token:delay=1s,times=1".parse().unwrap());
    let refresh = start(sandbox.command(["auth", "token"]));
    wait_until("the refresh is in flight", || !sandbox.control().requests_to(Endpoint::Token).is_empty());
    sandbox.run(["auth", "logout"]).success();
    sandbox.wait(refresh).success();
    let revoked = &sandbox.control().requests_to(Endpoint::Revoke)[0];
    assert_ne!(revoked.form("token"), Some(replaced));
}

#[test]
fn processes_that_log_out_at_the_same_time_all_succeed() {
    for words in [&["auth", "logout"][..], &["auth", "logout", "--all"]] {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        sandbox.control().add_fault("revoke:delay=300ms".parse().unwrap());
        let children: Vec<Child> = (0..6).map(|_| start(sandbox.command(words))).collect();
        for child in children {
            let run = sandbox.wait(child);
            // One that starts while another deletes the login may find it without being told that it is the current one.
            assert!(
                run.code() == Some(0) || run.stderr.contains("no account is selected"),
                "{words:?}: {}",
                run.stderr
            );
        }
        assert!(!sandbox.record_path(ACCOUNT).exists());
    }
}

#[test]
fn all_accounts_are_logged_out_and_one_that_fails_does_not_save_the_rest() {
    let users: Vec<User> = ["a@x.test", "b@x.test", "c@x.test"].map(User::new).to_vec();
    let sandbox = Sandbox::with(Options { users, ..Options::default() });
    for account in ["a@x.test", "b@x.test", "c@x.test"] {
        sandbox.run(["auth", "login", "--account", account]).success();
    }
    sandbox.control().add_fault("revoke:status=503,retry-after=3600,times=1".parse().unwrap());
    let error = sandbox.run(["auth", "logout", "--all", "--format", "json"]).exits_with(6).error();
    assert!(error["message"].as_str().unwrap().contains("a@x.test"), "{error}");
    let left: Vec<bool> =
        ["a@x.test", "b@x.test", "c@x.test"].map(|account| sandbox.record_path(account).exists()).to_vec();
    assert_eq!(left, [true, false, false]);
    sandbox.run(["auth", "logout", "--all"]).success();
    assert!(!sandbox.record_path("a@x.test").exists());
    assert_eq!(sandbox.control().requests_to(Endpoint::Revoke).len(), 4);
}

#[test]
fn a_bare_logout_ends_the_current_login_only_and_none_of_those_that_are_left() {
    let users: Vec<User> = ["a@x.test", "b@x.test"].map(User::new).to_vec();
    let sandbox = Sandbox::with(Options { users, ..Options::default() });
    for account in ["a@x.test", "b@x.test"] {
        sandbox.run(["auth", "login", "--account", account]).success();
    }
    let out = sandbox.run(["auth", "logout"]).success();
    assert!(out.stderr.contains("b@x.test"), "{}", out.stderr);
    for words in [&["auth", "logout"][..], &["auth", "logout", "--local"]] {
        let error = sandbox.run([words, &["--format", "json"]].concat()).exits_with(4).error();
        assert_eq!(error["code"], "login_needed");
        assert!(error["message"].as_str().unwrap().contains("a@x.test"), "{error}");
        assert_eq!(error["hint"], format!("run {} auth logout --account a@x.test", env!("CARGO_BIN_EXE_chatauth")));
    }
    assert!(sandbox.record_path("a@x.test").exists());
    // Other commands have no doubt about whom the only login means.
    sandbox.run(["auth", "token", "--no-input"]).success();
    sandbox.run(["auth", "logout", "--account", "a@x.test"]).success();
    sandbox.run(["auth", "logout"]).success();
}

#[test]
fn every_account_and_one_account_are_not_asked_for_together() {
    let users = vec![User::new("ann@example.com"), User::new("bob@example.com")];
    let sandbox = Sandbox::with(Options { users, ..Options::default() });
    let accounts = ["ann@example.com", "bob@example.com"];
    for account in accounts {
        sandbox.run(["auth", "login", "--account", account]).success();
    }
    sandbox.control().clear_requests();
    for words in [&["--all"][..], &["--all", "--local"]] {
        let both = [&["auth", "logout", "--account", accounts[0]], words].concat();
        let refused = sandbox.run(both).exits_with(2);
        assert!(refused.stderr.contains("--all") && refused.stderr.contains("--account"), "{}", refused.stderr);
        assert!(sandbox.control().requests().is_empty());
        assert!(accounts.iter().all(|account| sandbox.record_path(account).exists()));
    }
    let mut all = sandbox.command(["auth", "logout", "--all"]);
    all.env("CHATAUTH_ACCOUNT", accounts[0]);
    sandbox.finish(all).success();
    assert!(!accounts.iter().any(|account| sandbox.record_path(account).exists()));
}

#[test]
fn a_logout_of_an_account_that_is_not_logged_in_is_no_success() {
    let sandbox = Sandbox::new();
    let other = "emulatr@example.com";
    for is_logged_in in [false, true] {
        if is_logged_in {
            sandbox.log_in();
        }
        let accounts = sandbox.config_directory().join("accounts");
        let before = is_logged_in.then(|| names_in(&accounts));
        for words in [&["auth", "logout"][..], &["auth", "logout", "--local"]] {
            for (option, variable) in [(&["--account", other][..], ""), (&[], other)] {
                let mut command = sandbox.command([words, option, &["--format", "json"]].concat());
                command.env("CHATAUTH_ACCOUNT", variable);
                let error = sandbox.finish(command).exits_with(4).error();
                assert_eq!(error["code"], "login_needed", "{words:?}: {error}");
                assert!(error["message"].as_str().unwrap().contains(other), "{error}");
            }
        }
        assert_eq!(accounts.exists().then(|| names_in(&accounts)), before);
    }
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn a_login_that_was_revoked_and_cannot_be_deleted_is_said_to_be_both() {
    for (name, what) in [("accounts", "its file"), ("", "the current account")] {
        let sandbox = Sandbox::new();
        let Some(user) = OrdinaryUser::of(&sandbox, "a_login_that_was_revoked") else { return };
        sandbox.finish(user.command(["auth", "login"])).success();
        let closed = sandbox.config_directory().join(name);
        set_mode(&closed, 0o500);
        let error = sandbox.finish(user.command(["auth", "logout", "--format", "json"])).exits_with(3).error();
        assert_eq!(error["code"], "store_not_writable", "{what}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("revoked") && message.contains(&format!("{ACCOUNT}.json")), "{what}: {error}");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains(&format!("auth logout --local --account {ACCOUNT}")), "{what}: {error}");
        assert_eq!(sandbox.control().requests_to(Endpoint::Revoke).len(), 1);
        assert!(sandbox.record_path(ACCOUNT).exists(), "{what}");
        set_mode(&closed, 0o700);
        sandbox.finish(user.command(["auth", "logout", "--local", "--account", ACCOUNT])).success();
    }
}
