//! Refreshing: what is sent, what is kept, and what a failure does not do.

use std::fs;
use std::sync::{Arc, Mutex};

use chatauth::emulator::{Endpoint, Options};
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stage::{
    ACCOUNT, DEAD_END, ScriptedServer, answer, move_token_endpoint, names_in, record_bytes, start, traced, wait_until,
};

const CREATE: [&str; 5] = ["spaces", "create", "--name", "x", "--no-input"];
const CREATE_JSON: [&str; 7] = ["spaces", "create", "--name", "x", "--no-input", "--format", "json"];

fn expired() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    sandbox
}

fn fault(sandbox: &Sandbox, text: &str) {
    sandbox.control().add_fault(text.parse().unwrap());
}

#[test]
fn property_26_a_refresh_keeps_the_old_refresh_token_unless_there_is_a_new_one() {
    for rotate in [false, true] {
        let sandbox = expired();
        sandbox.control().change_options(|options| options.rotate_refresh_tokens = rotate);
        let before = sandbox.record(ACCOUNT);
        sandbox.run(CREATE).success();
        let after = sandbox.record(ACCOUNT);
        assert_eq!(before["refresh_token"] == after["refresh_token"], !rotate);
        assert_ne!(before["access_token"], after["access_token"]);
        for kept in ["version", "client_id", "token_endpoint", "sub", "email", "granted_scopes"] {
            assert_eq!(before[kept], after[kept], "{kept}");
        }
        let refresh = &sandbox.control().requests_to(Endpoint::Token)[0];
        assert_eq!(refresh.form("refresh_token").as_deref(), before["refresh_token"].as_str());
        assert_eq!(refresh.form("scope"), None, "property 23");
        // The record that was written is one that the next refresh can use.
        sandbox.expire_stored_token(ACCOUNT);
        sandbox.run(CREATE).success();
    }
}

/// Every refusal and failure of the token endpoint: its fault, then code and exit code.
const FAILURES: &[(&str, &str, i32)] = &[
    ("token:reason=invalid_grant", "credentials_rejected", 4),
    ("token:reason=invalid_rapt", "reauth_required", 4),
    ("token:reason=rapt_required", "reauth_required", 4),
    ("token:reason=invalid_client", "client_rejected", 4),
    ("token:reason=deleted_client", "client_rejected", 4),
    ("token:reason=unauthorized_client", "client_rejected", 4),
    ("token:status=503,retry-after=3600", "server_error", 6),
    ("token:status=500,retry-after=3600,html", "server_error", 6),
    ("token:status=429,retry-after=3600", "rate_limited", 6),
    ("token:drop-before", "network", 6),
    ("token:drop-after", "network", 6),
    ("token:truncate", "server_error", 6),
    ("token:garbage", "server_error", 6),
    ("token:empty", "server_error", 6),
    ("token:html", "server_error", 6),
    ("token:huge", "server_error", 6),
    ("token:status=400,html", "server_error", 6),
    ("token:status=404,empty", "server_error", 6),
    ("token:redirect=https://login.example/", "network", 6),
    ("token:body={}", "server_error", 6),
    ("token:body={\"access_token\":7,\"token_type\":\"Bearer\"}", "server_error", 6),
];

#[test]
fn property_45_a_refresh_that_fails_leaves_the_record_byte_for_byte() {
    let sandbox = expired();
    let before = record_bytes(&sandbox);
    let names = names_in(&sandbox.config_directory().join("accounts"));
    for (text, code, exit) in FAILURES {
        sandbox.control().clear_faults();
        sandbox.control().clear_requests();
        fault(&sandbox, text);
        let failed = sandbox.run(CREATE_JSON);
        assert_eq!(failed.code(), Some(*exit), "{text}: {}", failed.stderr);
        let error = failed.error();
        assert_eq!(error["code"], *code, "{text}: {error}");
        assert_eq!(error["exitCode"], *exit, "{text}");
        assert!(error["hint"].is_string(), "{text}: {error}");
        assert!(error.get("outcome").is_none() && error.get("requestId").is_none(), "{text}: nothing was written");
        assert!(record_bytes(&sandbox) == before, "{text}: the record changed");
        assert_eq!(sandbox.control().requests_to(Endpoint::Create).len(), 0, "{text}");
        assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1, "{text}: repeated");
        let wait = if *code == "rate_limited" { "60 min" } else { "3600 s" };
        assert!(!text.contains("3600") || failed.stderr.contains(wait), "says when: {}", failed.stderr);
        let helps = matches!(*code, "credentials_rejected" | "reauth_required");
        assert_eq!(says_log_in(&failed.stderr), helps, "{text}: {}", failed.stderr);
    }
    assert_eq!(names_in(&sandbox.config_directory().join("accounts")), names);
    // Nothing of it lasts.
    sandbox.control().clear_faults();
    sandbox.control().change_options(|options| options.rotate_refresh_tokens = true);
    sandbox.run(CREATE).success();
}

fn says_log_in(text: &str) -> bool {
    text.contains("auth login")
}

#[test]
fn property_45_a_revoked_login_says_how_old_it_was_and_names_the_account() {
    let sandbox = expired();
    sandbox.control().revoke_all_refresh_tokens();
    let failed = sandbox.run(["spaces", "create", "--name", "x", "--no-input", "--account", ACCOUNT]).exits_with(4);
    assert!(failed.stderr.contains("invalid_grant"), "{}", failed.stderr);
    assert!(failed.stderr.contains("; you logged in today\n"), "{}", failed.stderr);
    assert!(failed.stderr.contains(&format!("chatauth auth login --account {ACCOUNT}")), "{}", failed.stderr);
}

#[test]
fn property_45_an_attempt_that_reached_nobody_is_repeated_and_one_that_may_have_is_not() {
    let sandbox = expired();
    fault(&sandbox, "token:status=503,times=1");
    sandbox.run(CREATE).success();
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 2, "the server says that it did nothing");
    // A gateway has lost the answer, and with it a new refresh token.
    sandbox.control().change_options(|options| options.rotate_refresh_tokens = true);
    for status in [408, 502, 504] {
        sandbox.expire_stored_token(ACCOUNT);
        sandbox.control().clear_requests();
        fault(&sandbox, &format!("token:status={status},times=1"));
        assert_eq!(sandbox.run(CREATE_JSON).exits_with(6).error()["code"], "server_error", "{status}");
        assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1, "{status}");
        sandbox.run(CREATE).success();
    }
}

#[test]
fn property_56_without_a_network_the_login_stays_and_nobody_is_told_to_log_in() {
    let sandbox = expired();
    move_token_endpoint(&sandbox, &format!("{DEAD_END}/token"));
    let before = record_bytes(&sandbox);
    // The browser is there: a dead network is no reason to use it.
    let failed = sandbox.run(["spaces", "create", "--name", "x", "--format", "json"]).exits_with(6);
    assert_eq!(failed.error()["code"], "network");
    assert!(!says_log_in(&failed.stderr), "{}", failed.stderr);
    assert!(record_bytes(&sandbox) == before, "the record changed");
    assert!(sandbox.control().requests().is_empty());

    // The API alone.
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.spaces.readonly"]).success();
    let before = record_bytes(&sandbox);
    for words in [&["spaces", "create", "--name", "x"][..], &["spaces", "list"]] {
        let failed = sandbox.run(words.iter().chain(&["--format", "json", "--api-endpoint", DEAD_END]));
        let failed = failed.exits_with(6);
        assert_eq!(failed.error()["code"], "network", "nothing was sent, so nothing is unknown");
        assert!(!says_log_in(&failed.stderr), "{}", failed.stderr);
        if words[1] == "create" {
            assert_eq!(failed.error()["outcome"], "not_applied");
        }
    }
    assert!(record_bytes(&sandbox) == before, "the record changed");
}

#[test]
fn property_46_a_token_that_died_while_another_was_stored_is_replaced_by_that() {
    let sandbox = expired();
    let stolen = json!({ "access_token": "emulator-access-new", "token_type": "Bearer", "expires_in": 3599 });
    let path = Arc::new(Mutex::new(None));
    let (record, seen) = (Arc::clone(&path), Arc::new(Mutex::new(Vec::new())));
    let tokens = Arc::clone(&seen);
    let rogue = ScriptedServer::answering(move |request, before| {
        tokens.lock().unwrap().push(request.body.clone());
        if before > 0 {
            return answer(200, &["Content-Type: application/json"], stolen.to_string());
        }
        // Another machine, with which no lock is shared, has rotated the token meanwhile.
        let path: &std::path::PathBuf = &record.lock().unwrap().clone().unwrap();
        let mut changed: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        changed["refresh_token"] = Value::from("second-refresh-token");
        fs::write(path, changed.to_string()).unwrap();
        answer(400, &["Content-Type: application/json"], r#"{"error":"invalid_grant"}"#)
    });
    *path.lock().unwrap() = Some(sandbox.record_path(ACCOUNT));
    move_token_endpoint(&sandbox, &format!("{}/token", rogue.origin()));
    // The token is no token of the emulator's, so only the refresh itself is looked at.
    sandbox.run(["auth", "token"]).success();
    let bodies = seen.lock().unwrap().clone();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(bodies[1].contains("refresh_token=second-refresh-token"), "{bodies:?}");
    assert_eq!(sandbox.record(ACCOUNT)["refresh_token"], "second-refresh-token");

    // When that one is dead too, that is the end.
    sandbox.expire_stored_token(ACCOUNT);
    let counted = Arc::new(Mutex::new(0));
    let count = Arc::clone(&counted);
    let record = sandbox.record_path(ACCOUNT);
    let rogue = ScriptedServer::answering(move |_, before| {
        *count.lock().unwrap() += 1;
        let mut changed: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
        changed["refresh_token"] = Value::from(format!("token-{before}"));
        fs::write(&record, changed.to_string()).unwrap();
        answer(400, &[], r#"{"error":"invalid_grant"}"#)
    });
    move_token_endpoint(&sandbox, &format!("{}/token", rogue.origin()));
    sandbox.run(["auth", "token", "--no-input"]).exits_with(4);
    assert_eq!(*counted.lock().unwrap(), 2);
}

#[test]
fn property_44_no_new_token_is_used_before_it_is_on_the_disk() {
    for (call, when) in [("fsync", 2), ("rename,renameat,renameat2", 1), ("fsync", 3)] {
        let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
        sandbox.log_in();
        sandbox.expire_stored_token(ACCOUNT);
        let before = sandbox.record(ACCOUNT);
        let inject = format!("inject={call}:signal=KILL:when={when}");
        let options = ["-e", &format!("trace={call}"), "-e", &inject];
        let Some(command) = traced(&sandbox, "property_44", &options, CREATE) else { return };
        let killed = sandbox.finish(command);
        assert!(!killed.status.success(), "{call} {when}");
        assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1);
        assert!(sandbox.control().requests_to(Endpoint::Create).is_empty(), "{call} {when}: used too early");
        // Property 33: the complete old record or the complete new one.
        let after = sandbox.record(ACCOUNT);
        assert_eq!(after == before, after["refresh_token"] == before["refresh_token"], "{call} {when}: half of each");
        assert!(call != "fsync" || (after == before) == (when == 2), "{call} {when}");
    }
}

/// Every moment at which the process can die while it renews a login, as far as the operating system sees it.
#[test]
fn property_33_whenever_it_is_killed_the_record_is_the_old_or_the_new_one() {
    let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
    sandbox.log_in();
    let mut kills = 0;
    for (call, most) in [("openat", 80), ("write", 12), ("fchmod", 3), ("fsync", 3), ("rename,renameat,renameat2", 2)] {
        for when in 1..=most {
            sandbox.expire_stored_token(ACCOUNT);
            let before = sandbox.record(ACCOUNT);
            let inject = format!("inject={call}:signal=KILL:when={when}");
            let options = ["-e", &format!("trace={call}"), "-e", &inject];
            let Some(command) = traced(&sandbox, "property_33", &options, ["auth", "token"]) else { return };
            let finished = sandbox.finish(command);
            let after = sandbox.record(ACCOUNT);
            if finished.status.success() {
                assert_ne!(after, before, "{call} {when}: nothing was renewed");
                break;
            }
            kills += 1;
            // A token that was rotated and not stored yet is lost with the process, and that is all that may be lost.
            assert_eq!(after == before, after["refresh_token"] == before["refresh_token"], "{call} {when}");
            let complete =
                ["access_token", "refresh_token", "expires_at", "sub"].iter().all(|name| !after[name].is_null());
            assert!(complete, "{call} {when}: {after}");
            if after == before && sandbox.run(["auth", "token", "--no-input"]).code() != Some(0) {
                sandbox.log_in();
            }
        }
    }
    assert!(kills > 20, "only {kills} kills: was anything injected?");
}

#[test]
fn property_49_a_valid_token_takes_no_lock_and_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let accounts = sandbox.config_directory().join("accounts");
    let lock = accounts.join(format!("{ACCOUNT}.lock"));
    fs::remove_file(&lock).unwrap();
    let before = (record_bytes(&sandbox), fs::metadata(sandbox.record_path(ACCOUNT)).unwrap().modified().unwrap());
    let directories =
        [&accounts, &sandbox.config_directory()].map(|path| fs::metadata(path).unwrap().modified().unwrap());
    sandbox.run(CREATE).success();
    sandbox.run(["spaces", "create", "--name", "y", "--dry-run"]).success();
    sandbox.run(["auth", "token"]).success();
    sandbox.run(["auth", "status"]).success();
    let after = (record_bytes(&sandbox), fs::metadata(sandbox.record_path(ACCOUNT)).unwrap().modified().unwrap());
    assert!(before == after, "the record was written");
    assert_eq!(
        directories,
        [&accounts, &sandbox.config_directory()].map(|path| fs::metadata(path).unwrap().modified().unwrap()),
        "something was made or removed, if only for a moment"
    );
    assert!(!lock.exists());
    let paths: Vec<String> = sandbox.control().requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/v1/spaces"]);
}

#[test]
fn a_login_that_is_removed_during_the_command_is_named_in_the_hint() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().add_fault("create:status=401,delay=500ms".parse().unwrap());
    let child = start(sandbox.command(["spaces", "create", "--name", "x", "--no-input"]));
    wait_until("the request has left", || !sandbox.control().requests_to(Endpoint::Create).is_empty());
    fs::remove_file(sandbox.record_path(ACCOUNT)).unwrap();
    let removed = sandbox.wait(child).exits_with(4).stderr;
    assert!(removed.contains("was removed during this command"), "{removed}");
    assert!(removed.trim_end().ends_with(&format!("auth login --account {ACCOUNT}")), "{removed}");
}
