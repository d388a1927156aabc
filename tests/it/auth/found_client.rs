//! A client file that merely lies in the current directory, as in somebody's checkout.

use std::process::Command;

use chatauth::emulator::{Endpoint, Options, User};
use serde_json::{Value, json};

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::service_account::key_file;
use crate::support::stage::{ACCOUNT, ScriptedServer, answer};

const CREATE: [&str; 5] = ["spaces", "create", "--name", "x", "--no-input"];

/// A client of another project at Google.
const OTHER_PROJECT: &str = "222-b.apps.googleusercontent.com";

/// Puts a client file into the checkout.
type Put = fn(&Checkout);

/// A directory of its own to run commands in, with this client file.
struct Checkout(Sandbox);

impl Checkout {
    /// The user is logged in with the emulator's client, whose file is not here.
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        Self::with(sandbox)
    }

    fn with(sandbox: Sandbox) -> Self {
        std::fs::create_dir(sandbox.path("checkout")).unwrap();
        Self(sandbox)
    }

    fn client(&self) -> Value {
        serde_json::from_str(&self.0.emulator().client_secrets()).unwrap()
    }

    /// Puts the emulator's client here, with these members of its own.
    fn put(&self, changes: &[(&str, &str)]) {
        let mut client = self.client();
        for (member, value) in changes {
            client["installed"][*member] = json!(value);
        }
        self.put_text(&client.to_string());
    }

    fn put_text(&self, text: &str) {
        std::fs::write(self.0.path("checkout/client_secrets.json"), text).unwrap();
    }

    /// Puts the client of another project at Google here.
    fn put_another_project(&self) {
        self.put(&[
            ("client_id", OTHER_PROJECT),
            ("auth_uri", "https://accounts.google.com/o/oauth2/auth"),
            ("token_uri", "https://oauth2.googleapis.com/token"),
        ]);
    }

    /// Puts the login's own client into the configuration directory.
    fn keep_own_client(&self) -> std::path::PathBuf {
        let kept = self.0.config_directory().join("client_secrets.json");
        std::fs::copy(self.0.client_secrets(), &kept).unwrap();
        kept
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.0.command(words);
        command.env_remove("CHATAUTH_CLIENT_SECRETS").current_dir(self.0.path("checkout"));
        command
    }

    fn run(&self, words: &[&str]) -> Finished {
        self.0.finish(self.command(words))
    }
}

#[test]
fn the_client_of_the_stored_login_refreshes_it_wherever_its_file_lies() {
    let checkout = Checkout::new();
    checkout.put(&[]);
    let sandbox = &checkout.0;
    checkout.run(&CREATE).success();
    sandbox.expire_stored_token(ACCOUNT);
    checkout.run(&["auth", "status"]).success();
    checkout.run(&CREATE).success();
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1);
    checkout.run(&["auth", "status", "--check"]).success();
    checkout.run(&["doctor", "--format", "json"]).success();
    // What the token endpoint says of the client is what is told of it.
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.control().add_fault("token:reason=disabled_client".parse().unwrap());
    let error = checkout.run(&[&CREATE[..], &["--format", "json"]].concat()).exits_with(4).error();
    assert_eq!(error["code"], "client_rejected", "{error}");
    let checks = checkout.run(&["doctor", "--format", "json"]).exits_with(4).json();
    let check = |name: &str| checks.as_array().unwrap().iter().find(|check| check["check"] == name).cloned().unwrap();
    assert_eq!(check("client file")["result"], "ok");
    assert_eq!(check("client id and secret")["result"], "failed");
    sandbox.control().clear_faults();
    checkout.run(&["auth", "logout"]).success();
    assert_eq!(sandbox.control().requests_to(Endpoint::Revoke).len(), 1);
}

#[test]
fn a_client_of_another_id_or_endpoint_gets_nothing_of_the_login() {
    let stranger = ScriptedServer::answering(|_, _| answer(200, &[], "{}"));
    let token = format!("{}/token", stranger.origin());
    for changes in [
        &[("client_id", "222-b.apps.googleusercontent.com")][..],
        &[("token_uri", token.as_str())],
        &[("client_id", "222-b.apps.googleusercontent.com"), ("token_uri", token.as_str())],
        // Not every path of Google's hosts is Google's own.
        &[
            ("auth_uri", "https://accounts.google.com/o/oauth2/auth"),
            ("token_uri", "https://www.googleapis.com/upload/storage/v1/b/b/o"),
        ],
    ] {
        let checkout = Checkout::new();
        checkout.put(changes);
        // A fresh token needs no client.
        checkout.run(&CREATE).success();
        checkout.run(&["auth", "token"]).success();
        checkout.0.control().clear_requests();
        checkout.0.expire_stored_token(ACCOUNT);
        for words in [&CREATE[..], &["auth", "token"], &["auth", "status", "--check"]] {
            let error = checkout.run(&[words, &["--format", "json"]].concat()).exits_with(3).error();
            assert_eq!(error["code"], "endpoint_refused", "{changes:?} {words:?}: {error}");
        }
        checkout.run(&["doctor"]).exits_with(3);
        assert!(checkout.0.control().requests().is_empty(), "{changes:?}");
    }
    assert!(stranger.received().is_empty());
}

#[test]
fn what_lies_here_stops_no_login_whose_own_client_is_known() {
    for put in [
        |checkout: &Checkout| checkout.put(&[("client_id", OTHER_PROJECT)]),
        |checkout: &Checkout| checkout.put(&[("token_uri", "https://x.test/token")]),
        |checkout: &Checkout| checkout.put_text("{}"),
    ] {
        let checkout = Checkout::new();
        checkout.keep_own_client();
        put(&checkout);
        checkout.0.expire_stored_token(ACCOUNT);
        checkout.run(&CREATE).success();
        checkout.run(&["auth", "logout"]).success();
        assert_eq!(checkout.0.control().requests_to(Endpoint::Token).len(), 1);
    }
}

#[test]
fn no_browser_is_sent_to_the_authorization_endpoint_of_a_found_client() {
    let stranger = ScriptedServer::answering(|_, _| answer(200, &[], "phish"));
    let authorization = format!("{}/o/oauth2/auth", stranger.origin());
    for changes in [&[][..], &[("auth_uri", authorization.as_str())]] {
        let checkout = Checkout::new();
        checkout.put(changes);
        // The browser is there, and the login lacks a scope.
        let error = checkout.run(&["spaces", "list", "--format", "json"]).exits_with(4).error();
        assert_eq!(error["code"], "scope_missing", "{error}");
        checkout.0.control().revoke_all_refresh_tokens();
        checkout.0.expire_stored_token(ACCOUNT);
        let error = checkout.run(&["auth", "token", "--format", "json"]).exits_with(4).error();
        assert_eq!(error["code"], "credentials_rejected", "{error}");
        for words in [&["auth", "login"][..], &["spaces", "list", "--account", "eve@example.com"]] {
            let error = checkout.run(&[words, &["--format", "json"]].concat()).exits_with(3).error();
            assert_eq!(error["code"], "endpoint_refused", "{words:?}: {error}");
            assert!(error["hint"].as_str().unwrap().contains("--client-secrets"), "{error}");
        }
        assert!(checkout.0.control().requests_to(Endpoint::Authorize).is_empty());
    }
    assert!(stranger.received().is_empty());
    // Google's hosts have pages that anybody may store there.
    let checkout = Checkout::with(Sandbox::new());
    let page = "https://www.googleapis.com/storage/v1/b/b/o/login.html";
    checkout.put(&[("auth_uri", page), ("token_uri", "https://oauth2.googleapis.com/token")]);
    for words in [&["auth", "login", "--wait", "1"][..], &["spaces", "list"]] {
        let error = checkout.run(&[words, &["--format", "json"]].concat()).exits_with(3).error();
        assert_eq!(error["code"], "endpoint_refused", "{words:?}: {error}");
        assert!(error["message"].as_str().unwrap().contains("https://www.googleapis.com"), "{error}");
    }
}

#[test]
fn a_found_client_that_cannot_be_used_stops_nothing_that_needs_none() {
    let checkout = Checkout::new();
    let sandbox = &checkout.0;
    let token = sandbox.record(ACCOUNT)["refresh_token"].clone();
    let client = checkout.client()["installed"].clone();
    let mut login = json!({ "type": "authorized_user", "refresh_token": token, "token_uri": client["token_uri"] });
    std::fs::write(sandbox.path("checkout/token.json"), login.to_string()).unwrap();
    for member in ["client_id", "client_secret"] {
        login[member] = client[member].clone();
    }
    std::fs::write(sandbox.path("checkout/login.json"), login.to_string()).unwrap();
    let key = key_file(sandbox, client["token_uri"].as_str().unwrap());
    let puts: [(bool, Put); 5] = [
        (true, |checkout| checkout.put_another_project()),
        (false, |checkout| checkout.put(&[])),
        (false, |checkout| checkout.put(&[("token_uri", "http://127.0.0.1:1/token")])),
        (false, |checkout| checkout.put_text("{}")),
        (false, |checkout| {
            let file = checkout.0.path("checkout/client_secrets.json");
            std::fs::remove_file(&file).unwrap();
            assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        }),
    ];
    for (is_google, put) in puts {
        put(&checkout);
        let kept = sandbox.config_directory().join("client_secrets.json");
        let imported = checkout.run(&["auth", "import", "login.json"]).success();
        assert!(imported.stderr.contains(kept.to_str().unwrap()), "{}", imported.stderr);
        std::fs::remove_file(kept).unwrap();
        // One that names no client needs that file.
        if !is_google {
            checkout.run(&["auth", "import", "token.json"]).exits_with(3);
        }
        for words in [&["auth", "token"][..], &["auth", "status"], &["doctor"], &["spaces", "create", "--name", "x"]] {
            // It would ask Google about the client that it finds.
            if is_google && words == ["doctor"] {
                continue;
            }
            let mut command = checkout.command(words);
            command.arg("--service-account").arg(&key).args(["--impersonate", ACCOUNT]);
            sandbox.finish(command).success();
        }
    }
}

#[test]
fn a_note_names_the_project_of_a_found_client_that_is_not_the_logins() {
    let checkout = Checkout::new();
    let sandbox = &checkout.0;
    let kept = checkout.keep_own_client();
    checkout.put_another_project();
    let note = "client_secrets.json belongs to project 222";
    for age in ["fresh", "expired"] {
        for words in [&CREATE[..], &["auth", "token"], &["doctor"]] {
            let finished = checkout.run(words).success();
            assert_eq!(finished.stderr.matches(note).count(), 1, "{age} {words:?}: {}", finished.stderr);
            assert!(finished.stderr.contains(ACCOUNT), "{}", finished.stderr);
            if age == "expired" {
                sandbox.expire_stored_token(ACCOUNT);
            }
        }
        sandbox.expire_stored_token(ACCOUNT);
    }
    let status = checkout.run(&["auth", "status", "--format", "json"]).success().json();
    assert_eq!(status["client"]["clientId"], checkout.client()["installed"]["client_id"], "{status}");
    let switched = checkout.run(&["auth", "switch", &ACCOUNT.to_uppercase()]).success();
    assert!(switched.stderr.contains(&format!("act as {ACCOUNT}\n")), "{}", switched.stderr);
    // A scope that is missing is asked for with the client of the login.
    checkout.run(&["spaces", "list"]).success();
    let login = &sandbox.control().requests_to(Endpoint::Authorize)[0];
    assert_eq!(login.query("client_id"), checkout.client()["installed"]["client_id"].as_str());
    let mut named = checkout.command(&CREATE);
    named.arg("--client-secrets").arg(&kept);
    assert!(!sandbox.finish(named).success().stderr.contains(note));
    // Named, it is the one that was chosen.
    let chosen = [&CREATE[..], &["--format", "json", "--client-secrets", "client_secrets.json"]].concat();
    assert_eq!(checkout.run(&chosen).exits_with(4).error()["code"], "login_needed");
    checkout.run(&["auth", "logout"]).success();
}

#[test]
fn switch_status_and_logout_agree_on_who_acts_beside_a_found_client() {
    let (ada, bob) = ("ada@example.com", "bob@example.com");
    for own_client_is_kept in [false, true] {
        let users = vec![User::new(ada), User::new(bob)];
        let checkout = Checkout::with(Sandbox::with(Options { users, ..Options::default() }));
        let sandbox = &checkout.0;
        checkout.put_another_project();
        // Ada's login is one of the client that lies here, and Bob's is not.
        sandbox.run(["auth", "login", "--account", bob]).success();
        sandbox.run(["auth", "login", "--account", ada]).success();
        sandbox.change_record(ada, |record| {
            record["client_id"] = json!(OTHER_PROJECT);
            record["token_endpoint"] = json!("https://oauth2.googleapis.com/token");
        });
        if own_client_is_kept {
            checkout.keep_own_client();
        }
        let current = sandbox.config_directory().join("current_account");
        let acts = || {
            let words = ["auth", "token", "--format", "json", "--no-input", "--api-endpoint", sandbox.origin()];
            checkout.run(&words).success().json()["account"].clone()
        };
        assert_eq!(acts(), ada);
        let error = checkout.run(&["auth", "switch", bob, "--format", "json"]).exits_with(4).error();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(bob) && message.contains(OTHER_PROJECT), "{error}");
        assert_eq!(std::fs::read_to_string(&current).unwrap().trim(), ada);
        // Elsewhere Bob may have become the current one. Here he does not act, and is not logged out.
        std::fs::write(&current, bob).unwrap();
        assert_eq!(acts(), ada);
        for words in [&["auth", "logout"][..], &["auth", "logout", "--local"]] {
            let error = checkout.run(&[words, &["--format", "json"]].concat()).exits_with(4).error();
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(ada) && !message.contains(bob), "{error}");
        }
        checkout.run(&["auth", "switch", ada]).success();
        let out = checkout.run(&["auth", "logout", "--local"]).success();
        assert!(out.stderr.contains(ada) && sandbox.record_path(bob).exists(), "{}", out.stderr);
        assert!(!sandbox.record_path(ada).exists());
        assert!(sandbox.control().requests_to(Endpoint::Revoke).is_empty());
    }
}

#[test]
fn a_found_client_of_another_project_starts_no_login_by_itself() {
    let checkout = Checkout::new();
    let sandbox = &checkout.0;
    checkout.put_another_project();
    // The access token needs no client file.
    checkout.run(&CREATE).success();
    sandbox.control().clear_requests();
    for (words, code) in [
        (&["spaces", "list"][..], "scope_missing"),
        (&["spaces", "create", "--name", "x", "--account", "eve@example.com"], "login_needed"),
    ] {
        let error = checkout.run(&[words, &["--format", "json"]].concat()).exits_with(4).error();
        assert_eq!(error["code"], code, "{error}");
    }
    sandbox.expire_stored_token(ACCOUNT);
    for words in [&["spaces", "create", "--name", "x"][..], &["auth", "status"]] {
        let error = checkout.run(&[words, &["--format", "json"]].concat()).exits_with(4).error();
        assert!(error["message"].as_str().unwrap().contains("222-b.apps"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("--client-secrets"), "{error}");
    }
    assert!(sandbox.control().requests().is_empty());
    // A login that is asked for is one with the client that lies here.
    let mut login = checkout.command(&["auth", "login", "--no-browser", "--wait", "1"]);
    login.env("HTTPS_PROXY", "http://127.0.0.1:1");
    let finished = sandbox.finish(login).exits_with(4);
    assert!(finished.stderr.contains("https://accounts.google.com/"), "{}", finished.stderr);
    assert!(finished.stderr.contains("client_id=222-b"), "{}", finished.stderr);
}

#[test]
fn another_client_of_the_logins_own_project_is_named_by_its_id() {
    let checkout = Checkout::new();
    checkout.keep_own_client();
    checkout.put_another_project();
    let own = checkout.client()["installed"]["client_id"].as_str().unwrap().to_owned();
    let number = own.split('-').next().unwrap();
    let other = format!("{number}-other.apps.googleusercontent.com");
    checkout.put(&[
        ("client_id", other.as_str()),
        ("project_id", number),
        ("auth_uri", "https://accounts.google.com/o/oauth2/auth"),
        ("token_uri", "https://oauth2.googleapis.com/token"),
    ]);
    let finished = checkout.run(&["auth", "token"]).success();
    let (other, own) = (format!("the OAuth client {other}"), format!("the OAuth client {own}"));
    assert!(finished.stderr.contains(&other) && finished.stderr.contains(&own), "{}", finished.stderr);
}
