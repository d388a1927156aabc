//! Commands that act with a service account or with a token from outside, and with no login.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use chatauth::emulator::{Endpoint, Recorded};
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::stage::ACCOUNT;

/// A command that acts for [`ACCOUNT`] through the emulator's service account, on a machine without a client file.
fn delegated(sandbox: &Sandbox, words: &[&str]) -> Command {
    let key = sandbox.path("service_account.json");
    std::fs::write(&key, sandbox.emulator().service_account_key()).unwrap();
    let mut command = sandbox.command(words);
    command.env("CHATAUTH_SERVICE_ACCOUNT", key).env("CHATAUTH_IMPERSONATE", ACCOUNT);
    command.env("CHATAUTH_CLIENT_SECRETS", sandbox.path("none.json"));
    command
}

#[test]
fn the_status_of_a_service_account_is_ready_and_says_whom_it_acts_as() {
    let sandbox = Sandbox::new();
    let status = sandbox.finish(delegated(&sandbox, &["auth", "status"])).success().json();
    assert_eq!((&status["ready"], &status["account"]), (&json!(true), &json!(ACCOUNT)));
    let service_account = &status["settings"]["serviceAccount"];
    assert_eq!((&service_account["impersonate"], &service_account["source"]), (&json!(ACCOUNT), &json!("environment")));
    // A key that is none is no readiness.
    let mut command = delegated(&sandbox, &["auth", "status"]);
    std::fs::write(sandbox.path("service_account.json"), "{}").unwrap();
    command.env("CHATAUTH_FORMAT", "json");
    assert_eq!(sandbox.finish(command).exits_with(3).error()["code"], "input_invalid");
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn the_status_never_names_a_login_that_commands_would_not_use() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let mut command = sandbox.command(["auth", "status"]);
    command.env("CHATAUTH_ACCESS_TOKEN", "given-token");
    let status = sandbox.finish(command).success().json();
    assert_eq!((&status["account"], &status["accounts"][0]["account"]), (&json!(null), &json!(ACCOUNT)));
    assert_eq!(status["accounts"][0]["current"], false);
}

#[test]
fn auth_token_of_a_service_account_needs_no_scope() {
    let sandbox = Sandbox::new();
    let object = sandbox.finish(delegated(&sandbox, &["auth", "token", "--format", "json"])).success().json();
    assert_eq!(object["account"], ACCOUNT);
    assert_eq!(object["scopes"], json!(["https://www.googleapis.com/auth/chat.spaces.create"]));
}

#[test]
fn a_service_account_asks_for_what_the_command_needs_whatever_a_login_has() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.import"]).success();
    sandbox.control().clear_requests();
    // An administrator has delegated what these commands need, and not the scope that the login would do them with.
    for words in [&["members", "list", "spaces/AAA"][..], &["api", "GET", "v1/spaces/AAA/spaceEvents"]] {
        let mut command = delegated(&sandbox, words);
        command.args(["--format", "json"]);
        let error = sandbox.finish(command).exits_with(5).error();
        assert_eq!(error["code"], "not_found", "{words:?}: {error}");
    }
    let asked: Vec<String> = sandbox.control().requests_to(Endpoint::Token).iter().map(scopes).collect();
    assert_eq!(asked.len(), 2);
    for asked in asked {
        assert!(!asked.contains("chat.import") && asked.ends_with("readonly"), "{asked}");
    }
}

/// The scopes in the assertion of a token request.
fn scopes(request: &Recorded) -> String {
    let assertion = request.form("assertion").unwrap();
    let claims = URL_SAFE.decode(assertion.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["scope"].as_str().unwrap().to_owned()
}

#[test]
fn doctor_asks_for_no_client_file_where_none_is_needed() {
    let sandbox = Sandbox::new();
    let checks = sandbox.finish(delegated(&sandbox, &["doctor"])).success().json();
    let result = |name: &str| {
        let check = checks.as_array().unwrap().iter().find(|check| check["check"] == name).unwrap();
        check["result"].as_str().unwrap().to_owned()
    };
    for (name, expected) in [("client file", "skipped"), ("login", "ok"), ("scopes", "ok"), ("Chat API", "ok")] {
        assert_eq!(result(name), expected, "{name}: {checks}");
    }
    // A login does need one.
    let mut command = sandbox.command(["doctor", "--no-input"]);
    command.env("CHATAUTH_CLIENT_SECRETS", sandbox.path("none.json"));
    sandbox.finish(command).exits_with(3);
}
