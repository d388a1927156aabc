//! Stored logins as the person sees them: several of them, their status, their tokens, and their end.

use std::net::TcpListener;
use std::time::Duration;

use chatauth::emulator::{Fault, Options, User};
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;

const ACCOUNT: &str = "emulator@example.com";
const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// Ada and Bob are logged in, Bob last.
fn two_logins() -> Sandbox {
    let sandbox = Sandbox::with(Options { users: vec![User::new(ADA), User::new(BOB)], ..Options::default() });
    for account in [ADA, BOB] {
        sandbox.run(["auth", "login", "--account", account]).success();
    }
    sandbox.control().clear_requests();
    sandbox
}

/// Whose token `auth token` prints.
#[track_caller]
fn whose_token(sandbox: &Sandbox, words: &[&str]) -> Value {
    let all = ["auth", "token", "--format", "json", "--no-input"];
    sandbox.run(all.iter().chain(words)).success().json()["account"].clone()
}

#[test]
fn the_last_login_or_switch_decides_and_an_option_for_one_command() {
    let sandbox = two_logins();
    assert_eq!(whose_token(&sandbox, &[]), BOB);
    assert_eq!(whose_token(&sandbox, &["--account", ADA]), ADA);
    assert_eq!(whose_token(&sandbox, &[]), BOB);
    sandbox.run(["auth", "switch", "ADA@example.com"]).success();
    assert_eq!(whose_token(&sandbox, &[]), ADA);
    let mut command = sandbox.command(["auth", "token", "--format", "json"]);
    command.env("CHATAUTH_ACCOUNT", BOB);
    assert_eq!(sandbox.finish(command).success().json()["account"], BOB);
    let error = sandbox.run(["auth", "switch", "eve@example.com", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "login_needed");
    assert_eq!(error["message"], format!("you are not logged in as eve@example.com; saved logins: {ADA}, {BOB}"));
    assert!(error["hint"].as_str().unwrap().contains("auth login --account eve@example.com"), "{error}");
    // A name is no address to log in with, and may be the beginning of one.
    let bob = format!("auth switch {BOB}");
    for (name, hint) in [("bob", &*bob), ("BO", &*bob), ("eve", "pass the address of a saved login")] {
        let error = sandbox.run(["auth", "switch", name, "--format", "json"]).exits_with(4).error();
        assert!(error["hint"].as_str().unwrap().ends_with(hint), "{error}");
    }
    assert_eq!(whose_token(&sandbox, &[]), ADA, "a failed switch has switched");
    sandbox.run(["auth", "token", "--account", "eve@example.com", "--no-input"]).exits_with(4);
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn several_logins_without_a_choice_are_listed() {
    let sandbox = two_logins();
    std::fs::remove_file(sandbox.config_directory().join("current_account")).unwrap();
    for words in
        [&["auth", "token"][..], &["spaces", "create", "--name", "x"], &["auth", "logout"], &["auth", "status"]]
    {
        // Not even with a browser: whom it would be for is not known.
        let error = sandbox.run(words.iter().chain(&["--format", "json"])).exits_with(4).error();
        assert_eq!(error["code"], "login_needed", "{words:?}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(ADA) && message.contains(BOB), "{message}");
    }
    assert!(sandbox.control().requests().is_empty());
    // A choice that is no longer logged in is none.
    std::fs::write(sandbox.config_directory().join("current_account"), "eve@example.com\n").unwrap();
    sandbox.run(["auth", "token"]).exits_with(4);
    sandbox.run(["auth", "logout", "--account", BOB]).success();
    assert_eq!(whose_token(&sandbox, &[]), ADA);
}

#[test]
fn property_70_logout_revokes_by_post_and_forgets() {
    let sandbox = two_logins();
    let refresh_token = sandbox.record(BOB)["refresh_token"].clone();
    let finished = sandbox.run(["auth", "logout"]).success();
    assert!(finished.stderr.contains(BOB) && finished.stderr.contains("revoked"), "{}", finished.stderr);
    let requests = sandbox.control().requests();
    let [revocation] = &requests[..] else { panic!("{} requests", requests.len()) };
    assert_eq!((revocation.method.as_str(), revocation.path.as_str()), ("POST", "/revoke"));
    assert!(revocation.query.is_empty() && revocation.header("authorization").is_none());
    assert_eq!(json!(revocation.form("token").unwrap()), refresh_token);
    assert!(!sandbox.record_path(BOB).exists());
    assert_eq!(whose_token(&sandbox, &[]), ADA, "one login is left, and needs no choice");
    sandbox.run(["auth", "logout", "--all"]).success();
    assert!(!sandbox.record_path(ADA).exists());
    // Nobody is left to log out.
    sandbox.run(["auth", "logout"]).success();
    sandbox.run(["auth", "logout", "--all"]).success();
    sandbox.run(["auth", "logout", "--account", ADA]).exits_with(4);
}

#[test]
fn property_70_logout_tells_an_ended_grant_from_a_server_that_cannot_be_reached() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for (fault, code) in [
        ("revoke:drop-after", "network"),
        ("revoke:status=503,retry-after=3600", "server_error"),
        ("revoke:status=400,garbage", "server_error"),
    ] {
        let record = std::fs::read(sandbox.record_path(ACCOUNT)).unwrap();
        sandbox.control().add_fault(fault.parse::<Fault>().unwrap());
        let error = sandbox.run(["auth", "logout", "--format", "json"]).exits_with(6).error();
        sandbox.control().clear_faults();
        assert_eq!(error["code"], code, "{fault}: {error}");
        assert!(error["message"].as_str().unwrap().contains("kept"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("--local"), "{error}");
        assert_eq!(std::fs::read(sandbox.record_path(ACCOUNT)).unwrap(), record, "{fault}");
    }
    // The hint is about the account that was named, and about all where all were meant.
    for (words, local) in [
        (&["--account", ACCOUNT][..], format!("auth logout --local --account {ACCOUNT}")),
        (&["--all"], String::from("auth logout --local --all")),
    ] {
        sandbox.control().add_fault("revoke:status=503,retry-after=3600".parse::<Fault>().unwrap());
        let failed = sandbox.run(["auth", "logout"].iter().chain(words)).exits_with(6);
        sandbox.control().clear_faults();
        assert!(failed.stderr.trim_end().ends_with(&local), "{}", failed.stderr);
    }
    // The server did revoke it, behind the answer that was dropped.
    let finished = sandbox.run(["auth", "logout"]).success();
    assert!(finished.stderr.contains("already"), "{}", finished.stderr);
    assert!(!sandbox.record_path(ACCOUNT).exists());
}

#[test]
fn property_70_a_local_logout_tells_nobody() {
    let sandbox = two_logins();
    let finished = sandbox.run(["auth", "logout", "--local"]).success();
    assert!(finished.stderr.contains("without revoking it"), "{}", finished.stderr);
    assert!(!sandbox.record_path(BOB).exists() && sandbox.record_path(ADA).exists());
    // What cannot be read is never removed: it may be a newer program's, or be repaired.
    let good = std::fs::read(sandbox.record_path(ADA)).unwrap();
    std::fs::write(sandbox.record_path(ADA), "{").unwrap();
    sandbox.run(["auth", "logout", "--local", "--all"]).exits_with(3);
    assert!(sandbox.record_path(ADA).exists());
    // Without a client file it works as well.
    std::fs::write(sandbox.record_path(ADA), good).unwrap();
    std::fs::remove_file(sandbox.client_secrets()).unwrap();
    sandbox.run(["auth", "logout", "--local", "--all"]).success();
    assert!(!sandbox.record_path(ADA).exists());
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn property_74_a_refresh_token_goes_only_where_it_came_from() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let original: Value = serde_json::from_str(&sandbox.emulator().client_secrets()).unwrap();
    let mut other_endpoint = original.clone();
    other_endpoint["installed"]["token_uri"] = json!(format!("http://{}/token", stranger.local_addr().unwrap()));
    let mut other_path = original.clone();
    other_path["installed"]["token_uri"] = json!(format!("{}/oauth2/v4/token", sandbox.origin()));
    let mut other_client = original.clone();
    other_client["installed"]["client_id"] = json!("1-other.apps.googleusercontent.com");
    let mut not_secure = original.clone();
    not_secure["installed"]["token_uri"] = json!("http://oauth2.googleapis.com/token");
    let before = std::fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    for (client, exit, code) in [
        (other_endpoint, 4, "login_needed"),
        (other_path, 4, "login_needed"),
        (other_client, 4, "login_needed"),
        (not_secure, 3, "endpoint_refused"),
    ] {
        std::fs::write(sandbox.client_secrets(), client.to_string()).unwrap();
        for words in [&["auth", "token"][..], &["spaces", "create", "--name", "x"]] {
            let error = sandbox.run(words.iter().chain(&["--no-input", "--format", "json"])).exits_with(exit).error();
            assert_eq!(error["code"], code, "{error}");
        }
        // Nor does a logout send it there.
        let error = sandbox.run(["auth", "logout", "--format", "json"]).exits_with(3).error();
        assert!(error["message"].as_str().unwrap().contains("kept") || code == "endpoint_refused", "{error}");
        assert_eq!(std::fs::read(sandbox.record_path(ACCOUNT)).unwrap(), before, "{client}");
    }
    stranger.set_nonblocking(true).unwrap();
    assert!(stranger.accept().is_err(), "somebody else was connected to");
    assert!(sandbox.control().requests().is_empty());
    // With its own client it works as before, and without a client file it says what is missing.
    std::fs::remove_file(sandbox.client_secrets()).unwrap();
    let error = sandbox.run(["auth", "token", "--format", "json"]).exits_with(3).error();
    assert_eq!(error["code"], "client_secrets_missing");
    std::fs::write(sandbox.client_secrets(), original.to_string()).unwrap();
    sandbox.run(["auth", "token", "--no-input"]).success();
}

#[test]
fn property_78_status_answers_from_disk_and_never_shows_a_token() {
    let sandbox = Sandbox::new();
    let run = |words: &[&str]| {
        let mut command = sandbox.command(["auth", "status"].iter().chain(words));
        // Nothing of this could be reached.
        command.env("HTTPS_PROXY", "http://127.0.0.1:1").env("CHATAUTH_API_ENDPOINT", "https://chat.invalid");
        sandbox.finish(command)
    };
    let empty = run(&["--format", "json"]).exits_with(4);
    assert_eq!(empty.json()["ready"], false);
    assert_eq!(empty.error()["code"], "login_needed");
    sandbox.log_in();
    let connections = sandbox.control().connections();
    sandbox.expire_stored_token(ACCOUNT);
    let status = run(&["--account", ACCOUNT]).success();
    let report = status.json();
    assert_eq!((&report["ready"], &report["account"]), (&json!(true), &json!(ACCOUNT)));
    assert_eq!(report["accounts"][0]["accessToken"]["fresh"], false);
    assert!(report["accounts"][0]["scopes"].to_string().contains("chat.spaces.create"));
    for (setting, source) in [
        ("account", "option"),
        ("clientSecrets", "environment"),
        ("configDirectory", "environment"),
        ("apiEndpoint", "environment"),
        ("accessToken", "default"),
    ] {
        assert_eq!(report["settings"][setting]["source"], source, "{setting}");
    }
    let human = run(&["--format", "human", "-vv"]).success();
    assert!(human.stdout.contains(ACCOUNT) && human.stdout.contains("environment"), "{}", human.stdout);
    for text in [&status.stdout, &human.stdout] {
        sandbox.check_secrets(text);
    }
    assert_eq!(sandbox.control().connections(), connections, "a server was asked");

    // Ended for good, or made with another client: not ready.
    sandbox.change_record(ACCOUNT, |record| record["refresh_token_expires_at"] = json!("2020-01-08T00:00:00Z"));
    assert_eq!(run(&[]).exits_with(4).json()["ready"], false);
    sandbox.change_record(ACCOUNT, |record| {
        record.as_object_mut().unwrap().remove("refresh_token_expires_at");
        record["client_id"] = json!("1-other.apps.googleusercontent.com");
    });
    assert_eq!(run(&[]).exits_with(4).json()["ready"], false);
    std::fs::write(sandbox.record_path(ACCOUNT), "{").unwrap();
    let damaged = run(&["--format", "json"]);
    assert_ne!(damaged.code(), Some(0));
    assert!(damaged.json()["accounts"][0]["error"].as_str().unwrap().contains("damaged"), "{}", damaged.stdout);
}

#[test]
fn property_79_the_end_of_a_login_that_is_known_is_told_at_every_turn() {
    let week = Duration::from_hours(7 * 24);
    let sandbox = Sandbox::with(Options { refresh_token_lifetime: Some(week), ..Options::default() });
    let login = sandbox.run(["auth", "login"]).success();
    let end = sandbox.record(ACCOUNT)["refresh_token_expires_at"].as_str().expect("the end is not stored").to_owned();
    let day = &end[..10];
    assert!(login.stderr.contains(day) && login.stderr.contains("Testing"), "{}", login.stderr);
    let status = sandbox.run(["auth", "status"]).success().json();
    assert!(status["accounts"][0]["refreshToken"]["expiresAt"].as_str().unwrap().starts_with(day), "{status}");
    assert!(sandbox.run(["auth", "status", "--format", "human"]).success().stdout.contains(day));

    // A refresh without rotation does not put the end off.
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.run(["auth", "token"]).success();
    assert_eq!(sandbox.record(ACCOUNT)["refresh_token_expires_at"], json!(end));

    // Far from the end nothing is said; in the last 48 hours every command says it, on stderr only.
    let quiet = sandbox.run(["spaces", "create", "--name", "x"]).success();
    assert!(!quiet.stderr.contains("warning"), "{}", quiet.stderr);
    let soon = time::OffsetDateTime::now_utc() + Duration::from_hours(47);
    let soon = soon.format(&time::format_description::well_known::Rfc3339).unwrap();
    sandbox.change_record(ACCOUNT, |record| record["refresh_token_expires_at"] = json!(soon));
    for words in [&["spaces", "create", "--name", "y", "--no-input"][..], &["auth", "token"]] {
        let finished = sandbox.run(words).success();
        assert!(finished.stderr.contains("warning") && finished.stderr.contains(&soon[..10]), "{}", finished.stderr);
        assert!(!finished.stdout.contains(&soon[..10]));
    }

    // And it is named first when the refresh token is dead.
    sandbox.change_record(ACCOUNT, |record| record["refresh_token_expires_at"] = json!("2020-01-08T00:00:00Z"));
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.control().revoke_all_refresh_tokens();
    let error = sandbox.run(["auth", "token", "--no-input", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "credentials_rejected");
    let message = error["message"].as_str().unwrap();
    let first = message.split(';').next().unwrap();
    assert!(first.contains("2020-01-08") && first.contains("Testing"), "{message}");
    assert!(message.contains("invalid_grant"), "{message}");
}

#[test]
fn auth_token_prints_the_bare_token_or_an_object() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let record = sandbox.record(ACCOUNT);
    let token = record["access_token"].as_str().unwrap();
    assert_eq!(sandbox.run(["auth", "token"]).success().stdout, format!("{token}\n"));
    assert_eq!(sandbox.run(["auth", "token", "--format", "human"]).success().stdout, format!("{token}\n"));
    let object = sandbox.run(["auth", "token", "--format", "json"]).success().json();
    assert_eq!((&object["accessToken"], &object["account"]), (&json!(token), &json!(ACCOUNT)));
    let whole_seconds = &record["expires_at"].as_str().unwrap()[.."2020-01-08T00:00:00".len()];
    assert_eq!(object["expiresAt"], format!("{whole_seconds}Z"));
    assert_eq!(object["scopes"], record["granted_scopes"]);
    assert_eq!(object.as_object().unwrap().len(), 4);
    assert!(sandbox.control().requests().is_empty(), "the stored token was good");
    // A scope that it lacks is no reason to print it all the same.
    let words = ["auth", "token", "--scope", "chat.messages", "--no-input", "--format", "json"];
    let error = sandbox.run(words).exits_with(4).error();
    assert_eq!(error["code"], "scope_missing");
    sandbox.run(["auth", "token", "--scope", "no.such.scope"]).exits_with(2);
    // A given token is printed as it is, stored or not.
    let mut command = sandbox.command(["auth", "token"]);
    command.env("CHATAUTH_ACCESS_TOKEN", "given-token");
    assert_eq!(sandbox.finish(command).success().stdout, "given-token\n");
}

#[test]
fn a_login_announces_the_account_that_it_accepts() {
    let sandbox = two_logins();
    for (words, announced) in [
        (&["--account", BOB][..], BOB),
        (&["--login-hint", ADA], ADA),
        (&["--account", BOB, "--login-hint", BOB], BOB),
        (&["--account", BOB, "--login-hint", ADA], BOB),
    ] {
        let login = sandbox.run([&["auth", "login"], words].concat());
        assert!(login.stderr.contains(&format!("to log in as {announced}.")), "{words:?}: {}", login.stderr);
    }
}
