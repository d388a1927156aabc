//! A service account that acts in a user's name.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use chatauth::emulator::{Endpoint, GrantedScopes, Options, User};
use serde_json::{Value, json};

use crate::support::sandbox::{Sandbox, mode};
use crate::support::service_account::{key, key_file};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

/// A sandbox with a key and no client file.
struct Robot {
    sandbox: Sandbox,
    key: PathBuf,
}

impl Robot {
    fn new(options: Options) -> Self {
        let users = vec![User::new(ANN), User::new(BOB), User::new("eve@gmail.com")];
        let sandbox = Sandbox::with(Options { users, ..options });
        fs::remove_file(sandbox.client_secrets()).unwrap();
        let key = key_file(&sandbox, &format!("{}/token", sandbox.origin()));
        Self { sandbox, key }
    }

    fn command(&self, words: &[&str], subject: &str) -> Command {
        let mut command = self.sandbox.command(words);
        command.arg("--service-account").arg(&self.key).args(["--impersonate", subject]);
        command
    }

    fn run(&self, words: &[&str], subject: &str) -> crate::support::sandbox::Finished {
        self.sandbox.finish(self.command(words, subject))
    }

    /// Writes the key file anew, changed.
    fn change_key(&self, change: impl FnOnce(&mut Value)) {
        let mut key = key(&self.sandbox);
        change(&mut key);
        fs::write(&self.key, key.to_string()).unwrap();
    }

    fn tokens_asked_for(&self) -> usize {
        self.sandbox.control().requests_to(Endpoint::Token).len()
    }

    fn cached(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.sandbox.config_directory().join("delegated")) else { return Vec::new() };
        let files = entries.map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
    }
}

const CREATE: [&str; 4] = ["spaces", "create", "--name", "x"];

#[test]
fn import_mode_asks_nobody_to_log_in_but_for_a_service_account() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("rows.csv"), "name,import-mode\nA,yes\n").unwrap();
    for words in [
        &["spaces", "create", "--name", "I", "--import-mode"][..],
        &["spaces", "create", "--from", "rows.csv"],
        &["spaces", "complete-import", "AAA"],
    ] {
        let refused = sandbox.run(words).exits_with(2);
        let hint = "service account that acts for a user\nhint: pass --service-account FILE --impersonate USER";
        assert!(refused.stderr.contains(hint), "{}", refused.stderr);
    }
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn a_service_account_creates_spaces_as_the_user_and_keeps_its_token() {
    let robot = Robot::new(Options::default());
    let created = robot.run(&["-vv", "spaces", "create", "--name", "x", "--no-input"], ANN).success();
    assert!(created.stderr.contains(&format!("as {ANN}")), "{}", created.stderr);
    assert!(!created.stderr.contains("PRIVATE KEY"), "{}", created.stderr);
    let space = created.json()["name"].as_str().unwrap().to_owned();
    assert_eq!(robot.sandbox.control().members(&space)[0]["member"]["name"], format!("users/{}", User::new(ANN).sub));
    robot.run(&CREATE, ANN).success();
    assert_eq!(robot.tokens_asked_for(), 1, "the second create found the token");
    let cached = robot.cached();
    assert_eq!(cached.len(), 1);
    assert_eq!(mode(&cached[0]), 0o600);
    assert_eq!(mode(cached[0].parent().unwrap()), 0o700);
}

#[test]
fn no_request_is_sent_that_the_scopes_of_the_token_do_not_allow() {
    let robot = Robot::new(Options::default());
    let created = robot.run(&[&CREATE[..], &["--member", BOB]].concat(), ANN).success();
    let said = "Skipped checking the member list (needs the scope chat.memberships.readonly)";
    assert!(created.stderr.contains(said), "{}", created.stderr);
    assert!(robot.sandbox.control().requests_to(Endpoint::Members).is_empty());
}

#[test]
fn a_token_is_kept_for_each_key_user_and_permission() {
    let robot = Robot::new(Options::default());
    let token = |scope: &str, subject: &str| robot.run(&["auth", "token", "--scope", scope], subject).success().stdout;
    let first = token("chat.spaces", ANN);
    assert_eq!(token("chat.spaces", ANN), first);
    let mut seen = vec![first, token("chat.spaces", BOB), token("chat.delete", ANN)];
    robot.change_key(|key| key["private_key_id"] = json!("fedcba9876543210"));
    seen.push(token("chat.spaces", ANN));
    assert_eq!(robot.tokens_asked_for(), 4);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    // A kept token that is damaged or over is fetched again, without a word.
    for path in robot.cached() {
        fs::write(path, "{").unwrap();
    }
    token("chat.spaces", ANN);
    assert_eq!(robot.tokens_asked_for(), 5);
}

#[test]
fn what_lies_in_the_place_of_a_kept_token_stops_nobody() {
    let robot = Robot::new(Options::default());
    robot.run(&CREATE, ANN).success();
    let path = robot.cached().remove(0);
    for (kind, is_replaced) in [("fifo", true), ("large file", true), ("link", false), ("directory", false)] {
        fs::remove_file(&path).unwrap();
        match kind {
            "fifo" => assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()),
            "large file" => fs::write(&path, " ".repeat(100_000)).unwrap(),
            "link" => std::os::unix::fs::symlink("/dev/zero", &path).unwrap(),
            _ => fs::create_dir(&path).unwrap(),
        }
        robot.run(&CREATE, ANN).success();
        assert_eq!(fs::symlink_metadata(&path).unwrap().is_file(), is_replaced, "{kind}");
    }
    assert_eq!(robot.tokens_asked_for(), 5);
}

#[test]
#[ignore = "waits for half a minute, which is how long chatauth waits"]
fn another_process_that_waits_for_a_token_stops_nobody() {
    let robot = Robot::new(Options::default());
    let words = ["auth", "token", "--format", "json"];
    robot.run(&words, ANN).success();
    let cached = robot.cached().remove(0);
    fs::remove_file(&cached).unwrap();
    let held = fs::File::create(cached.with_extension("lock")).unwrap();
    held.lock().unwrap();
    robot.run(&words, ANN).success();
}

#[test]
fn a_token_that_is_refused_is_replaced_once() {
    let robot = Robot::new(Options::default());
    robot.run(&CREATE, ANN).success();
    robot.sandbox.control().expire_access_tokens();
    robot.sandbox.control().clear_requests();
    robot.run(&CREATE, ANN).success();
    let paths: Vec<String> = robot.sandbox.control().requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/v1/spaces", "/token", "/v1/spaces"]);
    robot.sandbox.control().clear_requests();
    robot.sandbox.control().add_fault("create:status=401".parse().unwrap());
    let error = robot.run(&["spaces", "create", "--name", "x", "--format", "json"], ANN).exits_with(4).error();
    assert_eq!(error["code"], "credentials_rejected", "{error}");
    assert!(!error["hint"].as_str().unwrap().contains("auth login"), "no login helps a service account: {error}");
    assert_eq!(robot.sandbox.control().requests().len(), 3, "once");
    robot.sandbox.control().add_fault("list:status=401".parse().unwrap());
    let error = robot.run(&["doctor", "--format", "json"], ANN).exits_with(4).error();
    assert!(!error["hint"].as_str().unwrap().contains("chatauth"), "doctor leads out of doctor: {error}");
}

#[test]
fn a_refused_delegation_is_explained_to_the_administrator() {
    let delegated_scopes = GrantedScopes::Only(vec![String::from("chat.spaces.create")]);
    let options = Options { delegated_scopes, ..Options::default() };
    let robot = Robot::new(options);
    let words = ["auth", "token", "--scope", "chat.memberships", "--scope", "chat.spaces", "--format", "json"];
    let error = robot.run(&words, ANN).exits_with(4).error();
    assert_eq!(error["code"], "delegation_refused");
    assert_eq!(error["reason"], "unauthorized_client");
    let hint = error["hint"].as_str().unwrap();
    let root = "https://www.googleapis.com/auth/";
    assert!(hint.contains("https://admin.google.com/ac/owl/domainwidedelegation"), "{hint}");
    assert!(hint.contains(key(&robot.sandbox)["client_id"].as_str().unwrap()), "{hint}");
    assert!(hint.contains(&format!("{root}chat.memberships,{root}chat.spaces ")), "{hint}");
    for subject in ["nobody@example.com", "eve@gmail.com"] {
        let error = robot.run(&["auth", "token", "--format", "json"], subject).exits_with(4).error();
        assert_eq!((&error["code"], &error["reason"]), (&json!("delegation_refused"), &json!("invalid_grant")));
        assert!(error["hint"].as_str().unwrap().contains(subject), "{error}");
    }
    assert!(robot.cached().is_empty());
    assert_eq!(robot.tokens_asked_for(), 3, "a refusal is final");
}

#[test]
fn a_token_endpoint_that_is_broken_is_told_from_one_that_refuses() {
    let robot = Robot::new(Options::default());
    let words = ["auth", "token", "--format", "json"];
    for (fault, code) in [
        ("token:status=502,html", "server_error"),
        ("token:empty", "server_error"),
        ("token:reason=temporarily_unavailable", "server_error"),
        ("token:drop-before", "network"),
    ] {
        robot.sandbox.control().add_fault(fault.parse().unwrap());
        let error = robot.run(&words, ANN).exits_with(6).error();
        assert_eq!(error["code"], code, "{fault}: {error}");
        robot.sandbox.control().clear_faults();
    }
    // It passes by itself.
    robot.sandbox.control().add_fault("token:status=503,html,times=1".parse().unwrap());
    robot.run(&words, ANN).success();
}

#[test]
fn property_41_a_token_without_an_end_is_used_once_and_not_kept() {
    let robot = Robot::new(Options::default());
    robot
        .sandbox
        .control()
        .set_token_response_patch(|answer| drop(answer.as_object_mut().unwrap().remove("expires_in")));
    robot.run(&CREATE, ANN).success();
    robot.run(&CREATE, ANN).success();
    assert_eq!(robot.tokens_asked_for(), 2);
    assert!(robot.cached().is_empty());
}

#[test]
fn one_without_the_other_is_refused_with_the_reason() {
    let robot = Robot::new(Options::default());
    let mut alone = robot.sandbox.command(["auth", "token", "--format", "json"]);
    alone.env("CHATAUTH_SERVICE_ACCOUNT", &robot.key);
    let error = robot.sandbox.finish(alone).exits_with(2).error();
    assert!(error["hint"].as_str().unwrap().contains("--impersonate"), "{error}");
    let error = robot.sandbox.run(["auth", "token", "--impersonate", ANN, "--format", "json"]).exits_with(2).error();
    assert!(error["hint"].as_str().unwrap().contains("--service-account"), "{error}");
    let mut both = robot.sandbox.command(["auth", "token", "--scope", "chat.spaces"]);
    both.env("CHATAUTH_SERVICE_ACCOUNT", &robot.key).env("CHATAUTH_IMPERSONATE", ANN);
    robot.sandbox.finish(both).success();
}

#[test]
fn property_28_other_files_than_keys_are_named_for_what_they_are() {
    let robot = Robot::new(Options::default());
    let words = ["auth", "token", "--format", "json"];
    let mut unusable = key(&robot.sandbox);
    unusable["private_key"] = json!("canary");
    for (content, expected) in [
        (robot.sandbox.emulator().client_secrets(), "--client-secrets"),
        (json!({"type": "authorized_user"}).to_string(), "authorized_user"),
        (String::from("-----BEGIN PRIVATE KEY-----\ncanary"), "not JSON"),
        (unusable.to_string(), "an invalid private key"),
    ] {
        fs::write(&robot.key, &content).unwrap();
        let refused = robot.run(&words, ANN).exits_with(3);
        let error = refused.error();
        assert_eq!(error["code"], "input_invalid", "{error}");
        assert!(error["message"].as_str().unwrap().contains(expected), "{error}");
        assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    }
    assert!(robot.sandbox.control().requests().is_empty());
}

#[test]
fn property_50_no_assertion_goes_to_an_unsafe_token_endpoint() {
    let robot = Robot::new(Options::default());
    let port = robot.sandbox.origin().rsplit_once(':').unwrap().1.to_owned();
    for uri in [
        String::from("http://oauth2.googleapis.com/token"),
        format!("http://127.0.0.1.evil.test:{port}/token"),
        format!("http://user@127.0.0.1:{port}/token"),
        format!("http://127.1:{port}/token"),
        format!("ftp://127.0.0.1:{port}/token"),
        String::from("not a url"),
    ] {
        robot.change_key(|key| key["token_uri"] = json!(uri));
        let error = robot.run(&["auth", "token", "--format", "json"], ANN).exits_with(3).error();
        assert_eq!(error["code"], "endpoint_refused", "{uri}: {error}");
    }
    assert_eq!(robot.sandbox.control().connections(), 0);
}

#[test]
fn status_doctor_and_token_know_that_a_service_account_acts() {
    let robot = Robot::new(Options::default());
    let mut token = robot.command(&["auth", "token"], ANN);
    token.env_remove("HOME").env_remove("CHATAUTH_CONFIG_DIR");
    robot.sandbox.finish(token).success();
    robot.sandbox.control().clear_requests();
    let status = robot.run(&["auth", "status"], ANN).success().json();
    assert_eq!((&status["ready"], &status["account"]), (&json!(true), &json!(ANN)));
    assert_eq!(status["settings"]["serviceAccount"]["source"], "option");
    assert!(robot.sandbox.control().requests().is_empty());
    robot.run(&["auth", "status", "--check"], ANN).success();
    assert!(robot.tokens_asked_for() > 0);
    let doctor = robot.run(&["doctor"], ANN).success();
    assert!(doctor.stdout.contains(&format!("commands act as {ANN}")), "{}", doctor.stdout);
    for needless in ["usable client file", "this login", "--client-secrets"] {
        assert!(!doctor.stdout.contains(needless), "{needless}: {}", doctor.stdout);
    }
    let result = |doctor: &Value, name: &str| {
        let check = doctor.as_array().unwrap().iter().find(|check| check["check"] == name).unwrap();
        format!("{}: {}", check["result"].as_str().unwrap(), check["detail"].as_str().unwrap())
    };
    let doctor = doctor.json();
    assert_eq!(result(&doctor, "network"), "ok: reached the token endpoint without a proxy");
    assert!(result(&doctor, "clock").starts_with("ok: within "), "{doctor}");
    assert_eq!(result(&doctor, "client id and secret"), "skipped: not needed for a service account");
    let status = robot.run(&["auth", "status", "--format", "human"], ANN).success().stdout;
    assert!(!status.contains("no OAuth client file") && !status.contains("warning"), "{status}");
    // New, and from the cache.
    for _ in 0..2 {
        let token = robot.run(&["auth", "token", "--scope", "chat.delete", "--format", "json"], ANN).success().json();
        assert!(token["expiresAt"].as_str().unwrap().ends_with('Z'), "{token}");
    }
    // A store that nobody needs is no reason to fail.
    let file = robot.sandbox.path("file");
    fs::write(&file, "").unwrap();
    for words in [&["auth", "status"][..], &["doctor"], &["spaces", "create", "--name", "x"]] {
        let mut command = robot.command(words, ANN);
        command.env("CHATAUTH_CONFIG_DIR", &file);
        robot.sandbox.finish(command).success();
    }
    // Its own token endpoint is looked at.
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    robot.change_key(|key| key["token_uri"] = json!(format!("http://{nobody}/token")));
    let doctor = robot.run(&["doctor"], ANN).exits_with(6).json();
    assert!(result(&doctor, "network").starts_with("failed: "), "{doctor}");
    fs::write(&robot.key, "{}").unwrap();
    robot.run(&["auth", "status"], ANN).exits_with(3);
    let doctor = robot.run(&["doctor"], ANN).exits_with(3).json();
    assert_eq!(result(&doctor, "network"), "skipped: no usable service account key");
    let mut given = robot.sandbox.command(["doctor"]);
    given.env("CHATAUTH_ACCESS_TOKEN", "given");
    let doctor = robot.sandbox.finish(given).exits_with(4).json();
    assert_eq!(result(&doctor, "network"), "skipped: not needed without a login");
}

#[test]
fn a_key_is_read_from_standard_input() {
    let robot = Robot::new(Options::default());
    let mut command = robot.sandbox.command(["--service-account", "-", "--impersonate", ANN, "auth", "token"]);
    command.stdin(fs::File::open(&robot.key).unwrap());
    robot.sandbox.finish(command).success();
}
