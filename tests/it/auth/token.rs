//! Tokens for other programs, and tokens from them.

use std::fs;

use chatauth::emulator::Endpoint;
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;

const ACCOUNT: &str = "emulator@example.com";

#[test]
fn a_token_is_printed_bare_or_with_what_is_known_about_it() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let stored = sandbox.record(ACCOUNT);
    let bare = sandbox.run(["auth", "token", "--no-input"]).success();
    assert_eq!(bare.stdout.trim_end(), stored["access_token"]);
    let object = sandbox.run(["auth", "token", "--no-input", "--format", "json"]).success().json();
    let names: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(names, ["accessToken", "expiresAt", "scopes", "account"]);
    assert_eq!(object["account"], ACCOUNT);
    assert!(sandbox.control().requests().is_empty());
    sandbox.expire_stored_token(ACCOUNT);
    let renewed = sandbox.run(["auth", "token", "--no-input"]).success().stdout;
    assert_ne!(renewed, bare.stdout);
    assert_eq!(sandbox.control().requests().len(), 1);
}

#[test]
fn a_token_for_a_permission_that_is_missing_asks_for_both() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let words = ["auth", "token", "--scope", "chat.memberships"];
    let error = sandbox.run(words.iter().chain(&["--no-input", "--format", "json"])).exits_with(4).error();
    assert!(
        error["hint"].as_str().unwrap().ends_with("--scope chat.memberships --scope chat.spaces.create"),
        "{error}"
    );
    let token = sandbox.run(words).success().stdout;
    assert_eq!(sandbox.control().requests_to(Endpoint::Authorize).len(), 1);
    assert_eq!(token.trim_end(), sandbox.record(ACCOUNT)["access_token"]);
}

#[test]
fn without_any_login_the_first_token_is_for_creating_spaces() {
    let sandbox = Sandbox::new();
    let error = sandbox.run(["auth", "token", "--no-input", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "login_needed");
    sandbox.run(["auth", "token"]).success();
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
}

/// A living token that belongs to no stored login here.
fn token_from_elsewhere(sandbox: &Sandbox) -> String {
    let mut command = sandbox.command(["auth", "token"]);
    command.env("CHATAUTH_CONFIG_DIR", sandbox.path("elsewhere"));
    sandbox.finish(command).success().stdout.trim_end().to_owned()
}

#[test]
fn a_given_token_is_used_as_it_is_and_never_stored() {
    let sandbox = Sandbox::new();
    let token = token_from_elsewhere(&sandbox);
    sandbox.control().clear_requests();
    for words in [&["spaces", "create", "--name", "x"][..], &["auth", "token"], &["auth", "status"]] {
        let mut command = sandbox.command(words);
        // Neither a client file nor a home is needed, as in a container in CI.
        command.env("CHATAUTH_ACCESS_TOKEN", &token).env("CHATAUTH_CLIENT_SECRETS", "nowhere.json");
        command.env_remove("HOME").env_remove("CHATAUTH_CONFIG_DIR");
        let finished = sandbox.finish(command).success();
        if words == ["auth", "token"] {
            assert_eq!(finished.stdout.trim_end(), token);
        }
    }
    let requests = sandbox.control().requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("authorization"), Some(format!("Bearer {token}").as_str()));
    assert!(!sandbox.config_directory().exists(), "nothing was stored");
}

#[test]
fn a_given_token_goes_before_a_stored_login_and_says_so_when_it_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let record = fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    let stored = sandbox.record(ACCOUNT)["access_token"].as_str().unwrap().to_owned();
    let run = |words: &[&str], token: &str| {
        let mut command = sandbox.command(words);
        command.env("CHATAUTH_ACCESS_TOKEN", token);
        sandbox.finish(command)
    };
    let error = run(&["spaces", "create", "--name", "x", "--format", "json"], "stale-token").exits_with(4).error();
    assert_eq!((&error["code"], &error["httpStatus"]), (&json!("credentials_rejected"), &json!(401)));
    assert!(error["message"].as_str().unwrap().contains("CHATAUTH_ACCESS_TOKEN"), "{error}");
    assert_eq!(error["hint"], "set CHATAUTH_ACCESS_TOKEN to another token, or unset it");
    let requests = sandbox.control().requests();
    assert_eq!(requests.len(), 1, "no login, no refresh: {requests:?}");
    assert!(!format!("{requests:?}").contains(&stored));
    assert_eq!(fs::read(sandbox.record_path(ACCOUNT)).unwrap(), record);

    let status = run(&["auth", "status"], "stale-token").success().json();
    assert_eq!(status["settings"]["accessToken"]["source"], "environment");
    assert_eq!(status["settings"]["accessToken"]["value"], "given", "and never the token itself");
    let login = run(&["auth", "login"], "stale-token").success();
    assert!(login.stderr.contains("CHATAUTH_ACCESS_TOKEN is set"), "{}", login.stderr);
}

#[test]
fn a_given_token_that_lacks_a_scope_is_told_which() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["spaces", "list", "--format", "json"]);
    command.env("CHATAUTH_ACCESS_TOKEN", token_from_elsewhere(&sandbox));
    let error = sandbox.finish(command).exits_with(4).error();
    assert_eq!(error["code"], "scope_missing");
    let hint = "set CHATAUTH_ACCESS_TOKEN to a token with the scope chat.spaces.readonly, or unset it";
    assert_eq!(error["hint"], hint);
}

#[test]
fn what_is_no_token_is_refused_unquoted() {
    let sandbox = Sandbox::new();
    for text in ["Bearer canary", "canary\ncanary", "\"canary\""] {
        let mut command = sandbox.command(["auth", "token", "--format", "json"]);
        command.env("CHATAUTH_ACCESS_TOKEN", text);
        let refused = sandbox.finish(command).exits_with(2);
        assert_eq!(refused.error()["code"], Value::from("usage"));
        assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    }
}
