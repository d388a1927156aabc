//! `chatauth doctor`: every check, and every check failing on its own.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use chatauth::emulator::{Endpoint, Options};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::support::ordinary_user::{OrdinaryUser, set_mode};
use crate::support::sandbox::{Finished, Sandbox};
use crate::support::tls_front::{RecordingProxy, answer};

const ACCOUNT: &str = "emulator@example.com";

/// The checks in their order.
const CHECKS: [&str; 12] = [
    "program",
    "client file",
    "redirect",
    "store",
    "network",
    "clock",
    "client id and secret",
    "login",
    "scopes",
    "token age",
    "Chat API",
    "Chat app",
];

fn examine(sandbox: &Sandbox) -> Finished {
    sandbox.run(["doctor", "--format", "json"])
}

/// The results that are not `ok`, by check; the skipped Chat app is left out.
fn complaints(finished: &Finished) -> BTreeMap<String, String> {
    let list = finished.json();
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(names, CHECKS, "all of them, in order, whatever happens");
    let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    let checks = list.as_array().unwrap().iter().filter(|check| check["check"] != "Chat app");
    checks.map(|check| (text(check, "check"), text(check, "result"))).filter(|(_, result)| result != "ok").collect()
}

fn are(complaints: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    let expected = expected.iter().map(|(check, result)| ((*check).to_owned(), (*result).to_owned())).collect();
    assert_eq!(complaints, &expected);
}

fn find(finished: &Finished, name: &str) -> Value {
    finished.json().as_array().unwrap().iter().find(|check| check["check"] == name).unwrap().clone()
}

fn change_client(sandbox: &Sandbox, change: impl FnOnce(&mut Value)) {
    let mut file: Value = serde_json::from_slice(&fs::read(sandbox.client_secrets()).unwrap()).unwrap();
    change(&mut file["installed"]);
    fs::write(sandbox.client_secrets(), file.to_string()).unwrap();
}

fn move_token_endpoint(sandbox: &Sandbox, origin: &str) {
    let url = format!("{origin}/token");
    change_client(sandbox, |client| client["token_uri"] = json!(url));
    sandbox.change_record(ACCOUNT, |record| record["token_endpoint"] = json!(url));
}

fn healthy() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces"]).success();
    sandbox.control().clear_requests();
    sandbox
}

#[test]
fn a_healthy_set_up_passes_every_check_and_changes_nothing() {
    let sandbox = healthy();
    let record = fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    let finished = examine(&sandbox).success();
    are(&complaints(&finished), &[]);
    let app = find(&finished, "Chat app");
    assert_eq!(app["result"], "skipped");
    assert!(app["detail"].as_str().unwrap().contains("only when a space is created"), "{app}");
    assert!(app["hint"].as_str().unwrap().contains("hangouts-chat?project=123456789012"), "{app}");
    assert!(sandbox.control().spaces().is_empty());
    assert!(sandbox.control().requests_to(Endpoint::Authorize).is_empty(), "nobody is asked");
    assert_eq!(fs::read(sandbox.record_path(ACCOUNT)).unwrap(), record);
    let mut beside_proxy = sandbox.command(["doctor", "--format", "json"]);
    beside_proxy.env("HTTPS_PROXY", "http://127.0.0.1:1").env("HTTP_PROXY", "http://127.0.0.1:1");
    let network = find(&sandbox.finish(beside_proxy).success(), "network");
    assert_eq!(network["detail"], "reached the token endpoint without a proxy");
    let human = sandbox.run(["doctor", "--format", "human"]).success().stdout;
    let positions: Vec<_> =
        CHECKS.iter().map(|check| human.find(check).unwrap_or_else(|| panic!("{check}: {human}"))).collect();
    assert!(positions.is_sorted(), "{human}");
    // What it cannot see is no failure of what it can.
    sandbox.control().change_options(|options| options.chat_app_configured = false);
    are(&complaints(&examine(&sandbox).success()), &[]);
}

#[test]
fn the_client_file_and_the_redirect_fail_on_their_own() {
    let sandbox = healthy();
    let kept = fs::read(sandbox.client_secrets()).unwrap();
    fs::remove_file(sandbox.client_secrets()).unwrap();
    let missing = examine(&sandbox).exits_with(3);
    are(
        &complaints(&missing),
        &[
            ("client file", "failed"),
            ("redirect", "skipped"),
            ("network", "skipped"),
            ("clock", "skipped"),
            ("client id and secret", "skipped"),
            ("login", "failed"),
            ("scopes", "skipped"),
            ("token age", "skipped"),
            ("Chat API", "skipped"),
        ],
    );
    assert_eq!(missing.error()["code"], "client_secrets_missing");
    assert!(find(&missing, "client file")["hint"].as_str().unwrap().contains("Desktop app"));
    fs::write(sandbox.client_secrets(), json!({"type": "authorized_user"}).to_string()).unwrap();
    assert_eq!(examine(&sandbox).exits_with(3).error()["code"], "client_secrets_invalid");

    // A web client whose one registered port is taken.
    fs::write(sandbox.client_secrets(), kept).unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let uri = format!("http://{}/", taken.local_addr().unwrap());
    let sandbox = Sandbox::new();
    fs::write(sandbox.client_secrets(), sandbox.emulator().web_client_secrets(&[&uri])).unwrap();
    let busy = examine(&sandbox).exits_with(3);
    assert_eq!(find(&busy, "redirect")["result"], "failed");
    assert_eq!(find(&busy, "client file")["result"], "ok");
    let quiet = sandbox.run(["doctor", "--format", "json", "--no-input"]);
    let redirect = find(&quiet, "redirect");
    assert_eq!(redirect["result"], "skipped", "it never listens with --no-input");
    assert!(redirect["detail"].as_str().unwrap().contains("--no-input"), "{redirect}");
    drop(taken);
    assert_eq!(find(&examine(&sandbox), "redirect")["result"], "ok");
}

#[test]
fn the_store_fails_on_its_own() {
    let sandbox = healthy();
    let Some(user) = OrdinaryUser::of(&sandbox, "the_store_fails_on_its_own") else { return };
    let directory = sandbox.config_directory().join("accounts");
    set_mode(&directory, 0o500);
    let finished = sandbox.finish(user.command(["doctor", "--format", "json"])).exits_with(3);
    are(&complaints(&finished), &[("store", "failed")]);
    assert_eq!(finished.error()["code"], "store_not_writable");
    set_mode(&directory, 0o700);
    are(&complaints(&sandbox.finish(user.command(["doctor", "--format", "json"])).success()), &[]);
}

#[test]
fn the_network_fails_on_its_own() {
    let sandbox = healthy();
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    move_token_endpoint(&sandbox, &format!("http://{nobody}"));
    let finished = examine(&sandbox).exits_with(6);
    are(&complaints(&finished), &[("network", "failed"), ("clock", "skipped"), ("client id and secret", "skipped")]);
    assert_eq!(finished.error()["code"], "network");
}

/// Answers at the token endpoint with a clock that is this far ahead.
fn skewed(sandbox: &Sandbox, ahead: time::Duration, status: u16, body: &'static str) -> RecordingProxy {
    RecordingProxy::plain(sandbox.origin(), move |request| {
        let date = (OffsetDateTime::now_utc() + ahead).format(&Rfc2822).unwrap().replace("+0000", "GMT");
        let headers = [&*format!("Date: {date}"), "Content-Type: application/json"];
        (request.path() == "/token").then(|| answer(status, &headers, body))
    })
}

#[test]
fn a_clock_that_is_off_is_a_warning() {
    let sandbox = healthy();
    for (ahead, detail) in [(10, "10 minutes behind"), (-10, "10 minutes ahead of")] {
        let front = skewed(&sandbox, time::Duration::minutes(ahead), 400, r#"{"error":"invalid_grant"}"#);
        move_token_endpoint(&sandbox, &format!("http://{}", front.address()));
        let finished = examine(&sandbox).success();
        are(&complaints(&finished), &[("clock", "warning")]);
        let clock = find(&finished, "clock");
        assert!(clock["detail"].as_str().unwrap().contains(detail), "{clock}");
        let note = sandbox.run(["doctor", "--format", "human"]).success().stderr;
        assert_eq!(note, "No failures, 1 warning\n");
    }
    let front = skewed(&sandbox, time::Duration::seconds(30), 400, r#"{"error":"invalid_grant"}"#);
    move_token_endpoint(&sandbox, &format!("http://{}", front.address()));
    are(&complaints(&examine(&sandbox).success()), &[]);
}

#[test]
fn property_57_a_refusal_tells_how_far_the_clock_is_off() {
    let sandbox = healthy();
    let front =
        skewed(&sandbox, time::Duration::minutes(10), 400, r#"{"error":"invalid_grant","error_description":"x"}"#);
    move_token_endpoint(&sandbox, &format!("http://{}", front.address()));
    sandbox.expire_stored_token(ACCOUNT);
    let error = sandbox.run(["auth", "token", "--no-input", "--format", "json"]).exits_with(4).error();
    assert!(error["message"].as_str().unwrap().contains("10 minutes behind the server's"), "{error}");
    // The same, when it is the API that refuses.
    let sandbox = healthy();
    let api = RecordingProxy::plain(sandbox.origin(), |_| {
        let date = (OffsetDateTime::now_utc() - time::Duration::minutes(10)).format(&Rfc2822).unwrap();
        let body = r#"{"error":{"code":401,"message":"no","status":"UNAUTHENTICATED"}}"#;
        Some(answer(401, &[&format!("Date: {}", date.replace("+0000", "GMT"))], body))
    });
    let mut create: Command = sandbox.command(["spaces", "create", "--name", "x", "--no-input", "--format", "json"]);
    create.env("CHATAUTH_API_ENDPOINT", format!("http://{}", api.address()));
    let error = sandbox.finish(create).exits_with(4).error();
    assert!(error["message"].as_str().unwrap().contains("10 minutes ahead of the server's"), "{error}");
    assert_eq!(api.received().len(), 2);
}

#[test]
fn a_client_that_the_server_does_not_know_fails_on_its_own() {
    let sandbox = healthy();
    change_client(&sandbox, |client| client["client_secret"] = json!("wrong"));
    let finished = examine(&sandbox).exits_with(4);
    are(&complaints(&finished), &[("client id and secret", "failed")]);
    assert_eq!(finished.error()["code"], "client_rejected");
}

#[test]
fn an_answer_that_decides_nothing_about_the_client_is_retried_and_no_rejection() {
    let sandbox = healthy();
    sandbox.control().add_fault("token:status=503,times=1".parse().unwrap());
    are(&complaints(&examine(&sandbox).success()), &[]);
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 2);
    for (fault, code) in [
        ("token:status=503,retry-after=3600", "server_error"),
        ("token:status=429,retry-after=3600", "rate_limited"),
        ("token:status=404,html", "server_error"),
    ] {
        sandbox.control().add_fault(fault.parse().unwrap());
        let finished = examine(&sandbox).exits_with(6);
        are(&complaints(&finished), &[("client id and secret", "failed")]);
        let error = finished.error();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["hint"].as_str().unwrap().contains("retry"), "{error}");
        assert!(!error["message"].as_str().unwrap().contains("rejects"), "{error}");
        sandbox.control().clear_faults();
    }
}

#[test]
fn a_login_that_is_missing_or_dead_fails_on_its_own() {
    let sandbox = Sandbox::new();
    let follow = [("login", "failed"), ("scopes", "skipped"), ("token age", "skipped"), ("Chat API", "skipped")];
    let finished = examine(&sandbox).exits_with(4);
    are(&complaints(&finished), &follow);
    assert_eq!(finished.error()["code"], "login_needed");
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.control().revoke_all_refresh_tokens();
    let finished = examine(&sandbox).exits_with(4);
    are(&complaints(&finished), &follow);
    assert_eq!(finished.error()["code"], "credentials_rejected");
}

#[test]
fn a_login_that_will_end_is_a_warning() {
    let options = Options { refresh_token_lifetime: Some(Duration::from_hours(168)), ..Options::default() };
    let sandbox = Sandbox::with(options);
    sandbox.log_in();
    let finished = examine(&sandbox).success();
    are(&complaints(&finished), &[("token age", "warning")]);
    assert!(find(&finished, "token age")["hint"].as_str().unwrap().contains("auth/audience"));
}

#[test]
fn the_chat_api_fails_on_its_own() {
    let sandbox = healthy();
    sandbox.control().change_options(|options| options.api_enabled = false);
    let finished = examine(&sandbox).exits_with(5);
    are(&complaints(&finished), &[("Chat API", "failed")]);
    assert_eq!(finished.error()["code"], "api_disabled");
    sandbox.control().change_options(|options| options.api_enabled = true);
    for (fault, code) in [("list:redirect=http://evil.test/", 6), ("list:status=401", 4)] {
        sandbox.control().add_fault(fault.parse().unwrap());
        let finished = examine(&sandbox);
        are(&complaints(&finished.exits_with(code)), &[("Chat API", "failed")]);
        sandbox.control().clear_faults();
    }
    // A login that may only create cannot ask for more, and that is no fault of its.
    let sandbox = Sandbox::new();
    sandbox.log_in();
    are(&complaints(&examine(&sandbox).success()), &[]);
}

#[test]
fn the_first_failure_decides_and_each_one_shows_what_to_do() {
    let sandbox = healthy();
    sandbox.control().change_options(|options| options.api_enabled = false);
    change_client(&sandbox, |client| client["client_secret"] = json!("wrong"));
    let finished = examine(&sandbox).exits_with(4);
    assert!(finished.error()["message"].as_str().unwrap().contains("2 of 12 checks failed, first: client id"));
    let human = sandbox.run(["doctor", "--format", "human"]).exits_with(4);
    for check in ["client id and secret", "Chat API"] {
        let hint = find(&finished, check)["hint"].as_str().unwrap().to_owned();
        let shown = format!("{}{}", human.stdout, human.stderr);
        assert_eq!(shown.matches(&hint).count(), 1, "{check}: {shown}");
    }
    set_mode(&sandbox.config_directory(), 0o777);
    examine(&sandbox).exits_with(3);
    // A server that is down comes before a login that is missing.
    let sandbox = Sandbox::new();
    sandbox.control().add_fault("token:status=503,retry-after=3600".parse().unwrap());
    let error = examine(&sandbox).exits_with(6).error();
    assert_eq!(error["code"], "server_error", "{error}");
    assert!(error["message"].as_str().unwrap().contains("2 of 12 checks failed, first: client id"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("retry"), "{error}");
}
