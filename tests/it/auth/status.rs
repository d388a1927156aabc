//! What `auth status` says, and logins that end after seven days.

use std::fs;
use std::time::Duration;

use chatauth::emulator::{Consent, Endpoint, Options, User};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::sandbox::Sandbox;
use crate::support::service_account::key_file;
use crate::support::stage::move_token_endpoint;

const ACCOUNT: &str = "emulator@example.com";
const WEEK: Duration = Duration::from_hours(7 * 24);

#[test]
fn property_78_status_answers_from_disk_and_tells_where_settings_come_from() {
    let users = vec![User::new(ACCOUNT), User::new("ann@gmail.com")];
    let sandbox = Sandbox::with(Options { users, ..Options::default() });
    sandbox.log_in();
    sandbox.run(["auth", "login", "--account", "ann@gmail.com"]).success();
    sandbox.control().clear_requests();
    let mut command = sandbox.command(["auth", "status", "--account", ACCOUNT]);
    // Nothing there to talk to, and nothing is missed.
    command.env("HTTPS_PROXY", "http://127.0.0.1:1").env("HTTP_PROXY", "http://127.0.0.1:1");
    let finished = sandbox.finish(command).success();
    let status = finished.json();
    assert!(sandbox.control().requests().is_empty());
    assert_eq!(status["ready"], true);
    assert_eq!(status["account"], ACCOUNT);
    let source = |name: &str| status["settings"][name]["source"].clone();
    assert_eq!(source("account"), "option");
    assert_eq!(source("clientSecrets"), "environment");
    assert_eq!(source("configDirectory"), "environment");
    assert_eq!(source("apiEndpoint"), "environment");
    assert_eq!(source("accessToken"), "default");
    let accounts = status["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 2);
    let one = |email: &str| accounts.iter().find(|account| account["account"] == email).unwrap();
    assert_eq!(one(ACCOUNT)["hostedDomain"], "example.com");
    assert_eq!(one("ann@gmail.com")["hostedDomain"], Value::Null);
    assert_eq!(one(ACCOUNT)["accessToken"]["fresh"], true);
    assert!(one(ACCOUNT)["refreshToken"]["issuedAt"].is_string());
    assert!(
        one(ACCOUNT)["scopes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|scope| scope.as_str().unwrap().ends_with("chat.spaces.create"))
    );
    sandbox.check_secrets(&finished.stdout);
}

#[test]
fn status_is_ready_with_a_login_that_can_be_renewed_and_only_then() {
    let sandbox = Sandbox::new();
    let status = sandbox.run(["auth", "status"]).exits_with(4);
    assert_eq!(status.json()["ready"], false, "the report comes all the same");
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    assert_eq!(sandbox.run(["auth", "status"]).success().json()["accounts"][0]["accessToken"]["fresh"], false);
    fs::rename(sandbox.client_secrets(), sandbox.path("away.json")).unwrap();
    // As a create would end.
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).exits_with(3);
    sandbox.run(["auth", "status"]).exits_with(3);
    assert!(sandbox.run(["auth", "status", "--format", "human"]).exits_with(3).stdout.contains(ACCOUNT));
}

#[test]
fn status_finds_the_endpoint_that_a_create_would_refuse() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let mut command = sandbox.command(["auth", "status", "--format", "json"]);
    command.env("CHATAUTH_API_ENDPOINT", "http://chat.invalid");
    assert_eq!(sandbox.finish(command).exits_with(3).error()["code"], "endpoint_refused");
    // A login of Google's goes to Google's API, unless the option names another.
    let client = sandbox.emulator().client_secrets();
    let mut client: Value = serde_json::from_str(&client).unwrap();
    client["installed"]["auth_uri"] = "https://accounts.google.com/o/oauth2/auth".into();
    fs::write(sandbox.client_secrets(), client.to_string()).unwrap();
    for host in ["oauth2", "oauth2.mtls", "oauth2-acme.p", "www"] {
        for dot in ["", "."] {
            move_token_endpoint(&sandbox, &format!("https://{host}.googleapis.com{dot}/token"));
            let words = ["--format", "json", "--no-input"];
            for command in [&["auth", "status"][..], &["spaces", "create", "--name", "x"]] {
                let error = sandbox.run(command.iter().chain(&words)).exits_with(3).error();
                assert_eq!(error["code"], "endpoint_refused", "{host} {command:?}");
                assert!(error["message"].as_str().unwrap().contains("API endpoint"), "{host} {command:?}: {error}");
            }
            let origin = sandbox.origin().to_owned();
            sandbox.run(["auth", "status", "--api-endpoint", &origin]).success();
        }
    }
}

#[test]
fn a_check_is_one_refresh_and_one_question() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let before = sandbox.record(ACCOUNT);
    let checked = sandbox.run(["auth", "status", "--check"]).success();
    let paths: Vec<String> = sandbox.control().requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/token", "/tokeninfo"]);
    let question = &sandbox.control().requests_to(Endpoint::TokenInfo)[0];
    assert!(question.query.is_empty(), "a token in a URL ends up in logs");
    assert!(
        checked.stderr.contains("refreshed") && checked.stderr.contains("chat.spaces.create"),
        "{}",
        checked.stderr
    );
    let after = sandbox.record(ACCOUNT);
    assert_ne!(after["access_token"], before["access_token"]);
    assert_eq!(after["refresh_token"], before["refresh_token"]);
    assert_eq!(checked.json()["ready"], true);
}

#[test]
fn a_check_tells_network_trouble_from_a_dead_login() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let before = fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    let words = ["auth", "status", "--check", "--format", "json"];
    for (fault, code) in [
        ("token:drop-before", "network"),
        ("token:status=503,html", "server_error"),
        ("token:status=429,retry-after=3600", "rate_limited"),
    ] {
        sandbox.control().add_fault(fault.parse().unwrap());
        let error = sandbox.run(words).exits_with(6).error();
        assert_eq!(error["code"], code, "{fault}: {error}");
        assert!(!error.to_string().contains("auth login"), "{error}");
        sandbox.control().clear_faults();
    }
    assert_eq!(fs::read(sandbox.record_path(ACCOUNT)).unwrap(), before);
    sandbox.control().revoke_all_refresh_tokens();
    let error = sandbox.run(words).exits_with(4).error();
    assert_eq!(error["code"], "credentials_rejected");
    assert!(error["hint"].as_str().unwrap().contains("chatauth auth login"), "{error}");
    assert_eq!(fs::read(sandbox.record_path(ACCOUNT)).unwrap(), before);
    sandbox.run(["auth", "status", "--check", "--account", "nobody@example.com"]).exits_with(4);
}

#[test]
fn a_check_believes_the_server_about_the_token() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let other = r#"tokeninfo:times=1,body={"aud":"x","sub":"1","email":"other@example.com"}"#;
    for (fault, code) in [(other, "wrong_account"), ("tokeninfo:status=400,times=1", "credentials_rejected")] {
        sandbox.control().add_fault(fault.parse().unwrap());
        let error = sandbox.run(["auth", "status", "--check", "--format", "json"]).exits_with(4).error();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["hint"].as_str().unwrap().ends_with(&format!("--account {ACCOUNT}")), "{error}");
    }
    sandbox.run(["auth", "status", "--check"]).success();
}

#[test]
fn property_63_a_password_in_the_api_endpoint_is_not_shown() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for endpoint in
        ["https://bob:hunter2@x.test/", "https://bob:hun/ter2@x.test", "https://hunter2@x.test", "bob:hunter2@x.test"]
    {
        let mistyped = sandbox.run(["whoami", "--api-endpoint", endpoint]).exits_with(2);
        assert!(mistyped.stderr.contains("auth status") && !mistyped.stderr.contains("ter2"), "{}", mistyped.stderr);
        for (words, is_shown) in [
            (&["auth", "status", "--format", "json"][..], true),
            (&["auth", "status", "--format", "human"], true),
            (&["spaces", "list"], true),
            (&["spaces", "list", "--format", "json"], true),
            (&["auth", "login", "--no-input"], false),
        ] {
            let mut command = sandbox.command(words);
            command.env("CHATAUTH_API_ENDPOINT", endpoint);
            let by_variable = sandbox.finish(command);
            let by_option = sandbox.run([words, &["--api-endpoint", endpoint]].concat());
            for finished in [by_variable, by_option] {
                assert!(matches!(finished.code(), Some(3 | 4)), "{}", finished.stderr);
                let shown = finished.stdout + &finished.stderr;
                assert!(!shown.contains("ter2"), "{shown}");
                assert!(shown.contains("REDACTED@x.test") || !is_shown, "{shown}");
            }
        }
        // The hint repeats the command as typed.
        sandbox.control().change_options(|options| options.consent = Consent::Deny);
        let typed = format!("--api-endpoint={endpoint}");
        for words in [&["--api-endpoint", endpoint][..], &[typed.as_str()]] {
            let denied = sandbox.run(["auth", "login"].iter().chain(words)).exits_with(4).stderr;
            assert!(denied.contains("REDACTED@x.test") && !denied.contains("ter2"), "{denied}");
        }
    }
}

#[test]
fn a_check_retries_temporary_errors() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for fault in ["tokeninfo:status=503,times=1", "tokeninfo:drop-before,times=1", "tokeninfo:truncate,times=1"] {
        sandbox.control().add_fault(fault.parse().unwrap());
        let checked = sandbox.run(["auth", "status", "--check"]).success();
        assert!(checked.stderr.contains("attempt 2 of 3"), "{fault}: {}", checked.stderr);
    }
    sandbox.control().add_fault("tokeninfo:status=429,retry-after=3600".parse().unwrap());
    let error = sandbox.run(["auth", "status", "--check", "--format", "json"]).exits_with(6).error();
    assert_eq!(error["code"], "rate_limited", "{error}");
}

#[test]
fn a_check_asks_the_server_about_a_token_from_outside() {
    let sandbox = Sandbox::new();
    let check = |token: &str| {
        let mut command = sandbox.command(["auth", "status", "--check", "--format", "json"]);
        command.env("CHATAUTH_ACCESS_TOKEN", token);
        sandbox.finish(command)
    };
    // One that cannot read spaces, and one that can.
    for scope in ["chat.spaces.create", "chat.spaces.readonly"] {
        let token = sandbox.run(["auth", "token", "--scope", scope]).success().stdout;
        let checked = check(&token).success();
        assert_eq!(checked.json()["ready"], true, "{scope}");
        assert!(checked.stderr.contains("accepts CHATAUTH_ACCESS_TOKEN"), "{}", checked.stderr);
    }
    let token = sandbox.run(["auth", "token"]).success().stdout;
    sandbox.control().clear_requests();
    sandbox.control().add_fault("list:status=403,reason=SERVICE_DISABLED".parse().unwrap());
    assert_eq!(check(&token).exits_with(5).error()["code"], "api_disabled");
    sandbox.control().clear_faults();
    sandbox.control().expire_access_tokens();
    for token in [token.as_str(), "deadbeef"] {
        let refused = check(token).exits_with(4);
        assert_eq!(refused.error()["code"], "credentials_rejected");
        assert_eq!(refused.stdout, "", "nothing is ready");
    }
    assert_eq!(sandbox.control().requests().len(), 3, "one question each");
}

#[test]
fn a_check_asks_the_server_about_a_service_account() {
    let sandbox = Sandbox::new();
    let key = key_file(&sandbox, &format!("{}/token", sandbox.origin()));
    let check = || {
        let mut command = sandbox.command(["auth", "status", "--check", "--format", "json"]);
        command.arg("--service-account").arg(&key).args(["--impersonate", ACCOUNT]);
        sandbox.finish(command)
    };
    check().success();
    // The saved token of the first check is not believed.
    sandbox.control().add_fault("token:status=400,reason=invalid_grant".parse().unwrap());
    assert_eq!(check().exits_with(4).error()["code"], "delegation_refused");
}

fn seven_days() -> Sandbox {
    Sandbox::with(Options { refresh_token_lifetime: Some(WEEK), ..Options::default() })
}

/// As if the login had been made so long ago.
fn age(sandbox: &Sandbox, hours: i64) {
    let ago = |hours: i64| (OffsetDateTime::now_utc() - time::Duration::hours(hours)).format(&Rfc3339).unwrap();
    sandbox.change_record(ACCOUNT, |record| {
        record["refresh_token_issued_at"] = json!(ago(hours));
        record["refresh_token_expires_at"] = json!(ago(hours - 7 * 24));
    });
}

#[test]
fn property_79_a_login_that_ends_after_seven_days_is_told_about() {
    let sandbox = seven_days();
    let login = sandbox.run(["auth", "login"]).success();
    let end = (OffsetDateTime::now_utc() + WEEK - Duration::from_mins(1)).date().to_string();
    assert!(login.stderr.contains("Testing") && login.stderr.contains(&end), "{}", login.stderr);
    let record = sandbox.record(ACCOUNT);
    assert!(record["refresh_token_expires_at"].as_str().unwrap().starts_with(&end), "{record}");
    let status = sandbox.run(["auth", "status"]).success().json();
    assert!(status["accounts"][0]["refreshToken"]["expiresAt"].as_str().unwrap().starts_with(&end), "{status}");
    let create = || sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    assert!(!create().stderr.contains("expires on"), "not yet");
    age(&sandbox, 5 * 24 - 1);
    assert!(!create().stderr.contains("expires on"), "49 hours are left");
    age(&sandbox, 5 * 24 + 1);
    let warned = create();
    assert!(
        warned.stderr.contains("expires on") && warned.stderr.contains("auth login --account"),
        "{}",
        warned.stderr
    );
    assert_eq!(warned.json()["displayName"], "x", "on stderr only");
    // A refresh does not move the end.
    sandbox.expire_stored_token(ACCOUNT);
    let end = sandbox.record(ACCOUNT)["refresh_token_expires_at"].clone();
    create();
    assert_eq!(sandbox.record(ACCOUNT)["refresh_token_expires_at"], end);
}

#[test]
fn property_79_the_end_after_seven_days_is_the_first_reason_given() {
    let sandbox = seven_days();
    sandbox.log_in();
    let refused = || {
        sandbox.expire_stored_token(ACCOUNT);
        sandbox.control().revoke_all_refresh_tokens();
        let error = sandbox.run(["auth", "token", "--no-input", "--format", "json"]).exits_with(4).error();
        assert_eq!(error["code"], "credentials_rejected");
        error["message"].as_str().unwrap().to_owned()
    };
    age(&sandbox, 7 * 24 + 1);
    sandbox.run(["auth", "status"]).success();
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    let doctor = sandbox.run(["doctor"]).success().stdout;
    assert!(doctor.contains("the login expired on"), "{doctor}");
    assert!(refused().contains("publishing status is Testing"), "{}", refused());
    let status = sandbox.run(["auth", "status"]).exits_with(4);
    assert!(status.json()["problem"].as_str().unwrap().contains("Testing"));
    // The server need not have said so: the age alone tells.
    sandbox.change_record(ACCOUNT, |record| drop(record.as_object_mut().unwrap().remove("refresh_token_expires_at")));
    assert!(refused().contains("publishing status is Testing"), "{}", refused());
    age(&sandbox, 30);
    assert!(!refused().contains("Testing"), "{}", refused());
}
