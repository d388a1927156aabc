//! One person with two OAuth clients, people whose address changes, and stores of other versions.

use chatauth::emulator::{Endpoint, Options, User};
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;

const ADA: &str = "ada@example.com";
const OTHER: &str = "1-other.apps.googleusercontent.com";

/// Ada and Bob can log in.
fn sandbox() -> Sandbox {
    Sandbox::with(Options { users: vec![User::new(ADA), User::new("bob@example.com")], ..Options::default() })
}

/// Ada is logged in, and has a login with another client that came before.
fn two_clients(client_id: &str) -> Sandbox {
    let sandbox = sandbox();
    sandbox.run(["auth", "login", "--account", ADA]).success();
    sandbox.change_record(ADA, |record| record["client_id"] = json!(client_id));
    sandbox.run(["auth", "login", "--account", ADA]).success();
    sandbox.control().clear_requests();
    sandbox
}

fn client(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.emulator().client_secrets()).unwrap()
}

/// The id of the emulator's client.
fn client_id(sandbox: &Sandbox) -> String {
    client(sandbox)["installed"]["client_id"].as_str().unwrap().to_owned()
}

/// Where the login of Ada with the emulator's client is, beside the other one.
fn second(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.config_directory().join(format!("accounts/{ADA}~{}.json", client_id(sandbox)))
}

/// A file of another client with the emulator's endpoints.
fn other_client(sandbox: &Sandbox) -> std::path::PathBuf {
    let mut other = client(sandbox);
    other["installed"]["client_id"] = json!(OTHER);
    let file = sandbox.path("other.json");
    std::fs::write(&file, other.to_string()).unwrap();
    file
}

#[test]
fn a_login_with_another_client_stays_beside_the_first() {
    let sandbox = two_clients(OTHER);
    let first = std::fs::read(sandbox.record_path(ADA)).unwrap();
    assert!(second(&sandbox).exists());
    // Each client has its own, fresh or not.
    for age in ["fresh", "expired"] {
        sandbox.run(["spaces", "create", "--name", age, "--no-input"]).success();
        let mut record: Value = serde_json::from_slice(&std::fs::read(second(&sandbox)).unwrap()).unwrap();
        record["expires_at"] = record["issued_at"].clone();
        std::fs::write(second(&sandbox), record.to_string()).unwrap();
    }
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1);
    assert_eq!(std::fs::read(sandbox.record_path(ADA)).unwrap(), first, "the other client's login has changed");
    let mut command = sandbox.command(["auth", "token", "--format", "json", "--no-input", "--client-secrets"]);
    command.arg(other_client(&sandbox));
    let token = sandbox.finish(command).success().json()["accessToken"].clone();
    let record: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(token, record["access_token"]);
    // One more login replaces its own and leaves the other.
    sandbox.run(["auth", "login", "--account", ADA]).success();
    assert_eq!(std::fs::read(sandbox.record_path(ADA)).unwrap(), first);
    // The status shows both.
    let status = sandbox.run(["auth", "status", "--format", "json"]).success().json();
    let clients: Vec<&str> =
        status["accounts"].as_array().unwrap().iter().map(|login| login["clientId"].as_str().unwrap()).collect();
    assert_eq!(clients, [OTHER, client_id(&sandbox).as_str()], "{status}");
    // A choice of the account is one among the logins of the client.
    sandbox.run(["auth", "switch", ADA]).success();
    sandbox.run(["auth", "token", "--account", "ADA@example.com", "--no-input"]).success();
}

#[test]
fn the_account_is_chosen_among_the_logins_of_the_client() {
    let sandbox = two_clients(OTHER);
    sandbox.run(["auth", "login", "--account", "bob@example.com"]).success();
    // Bob is current, and has no login with the other client; Ada has the only one.
    let mut command = sandbox.command(["auth", "token", "--format", "json", "--no-input", "--client-secrets"]);
    command.arg(other_client(&sandbox));
    assert_eq!(sandbox.finish(command).success().json()["account"], ADA);
    // By name, the login of another client is not taken for one of this.
    let mut command = sandbox.command(["auth", "switch", "bob@example.com", "--format", "json", "--client-secrets"]);
    command.arg(other_client(&sandbox));
    let error = sandbox.finish(command).exits_with(4).error();
    assert!(error["message"].as_str().unwrap().contains(OTHER), "{error}");
}

#[test]
fn without_a_client_file_the_login_that_was_made_last_is_the_current_one() {
    let sandbox = two_clients(OTHER);
    let own = client_id(&sandbox);
    std::fs::create_dir(sandbox.path("empty")).unwrap();
    let run = |words: &[&str]| {
        let mut command = sandbox.command(words);
        command.env_remove("CHATAUTH_CLIENT_SECRETS").current_dir(sandbox.path("empty"));
        sandbox.finish(command)
    };
    let token = |path: &std::path::Path| -> Value {
        serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap()["access_token"].clone()
    };
    let used = || run(&["auth", "token", "--no-input", "--format", "json"]).success().json()["accessToken"].clone();
    let marked = || {
        let status = run(&["auth", "status", "--format", "human"]).success().stdout;
        let lines = status.lines().filter(|line| line.contains("commands use this login")).map(str::to_owned);
        let filter = ".accounts[] | select(.current) | .clientId";
        let clients = run(&["auth", "status", "--jq", filter]).success().stdout;
        assert_eq!(clients.lines().count(), 1, "{clients}");
        lines.chain([clients]).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(used(), token(&second(&sandbox)));
    assert!(marked().contains(&own) && !marked().contains(OTHER), "{}", marked());
    run(&["auth", "switch", ADA]).success();
    assert_eq!(used(), token(&second(&sandbox)), "a switch to the same account is none");
    // An address alone means the first login of the account.
    let current = sandbox.config_directory().join("current_account");
    let recorded = std::fs::read(&current).unwrap();
    std::fs::write(&current, "Ada@Example.com\n").unwrap();
    assert_eq!(used(), token(&sandbox.record_path(ADA)));
    assert!(marked().contains(OTHER) && !marked().contains(&own), "{}", marked());
    std::fs::write(&current, recorded).unwrap();

    let error = run(&["auth", "logout", "--format", "json"]).exits_with(3).error();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("with the OAuth client {own} was kept")), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("client file of that login"), "{error}");
    let removed = run(&["auth", "logout", "--local"]).success();
    assert!(removed.stderr.contains(&own), "{}", removed.stderr);
    assert!(!second(&sandbox).exists() && sandbox.record_path(ADA).exists());
    run(&["auth", "logout", "--local"]).exits_with(4);
    assert!(sandbox.record_path(ADA).exists(), "a login that was not the current one is gone");
}

#[test]
fn a_logout_tells_of_the_login_that_ends_with_it() {
    let project = client_id(&sandbox()).split_once('-').unwrap().0.to_owned();
    for (other, told) in [(format!("{project}-b.apps.googleusercontent.com"), true), (OTHER.to_owned(), false)] {
        let sandbox = two_clients(&other);
        let finished = sandbox.run(["auth", "logout"]).success();
        assert_eq!(finished.stderr.contains(&other), told, "{}", finished.stderr);
        assert!(!second(&sandbox).exists() && sandbox.record_path(ADA).exists());
    }
}

#[test]
fn a_new_login_with_another_client_asks_for_nothing_that_the_first_one_had() {
    let sandbox = sandbox();
    sandbox.run(["auth", "login", "--account", ADA, "--scope", "manage"]).success();
    sandbox.change_record(ADA, |record| record["client_id"] = json!(OTHER));
    for words in [&["auth", "login", "--account", ADA][..], &["auth", "login"]] {
        sandbox.control().clear_requests();
        let login = sandbox.run(words).success();
        assert!(!login.stderr.contains("scopes of the previous login"), "{words:?}: {}", login.stderr);
        let scopes = sandbox.control().requests_to(Endpoint::Authorize)[0].query("scope").unwrap().to_owned();
        assert!(!scopes.contains("chat.delete"), "{words:?}: {scopes}");
        std::fs::remove_file(second(&sandbox)).unwrap();
    }
}

#[test]
fn a_person_is_known_by_sub_whatever_the_address() {
    // Without naming anybody, too: the browser picks the first user, who was called something else.
    for named in [true, false] {
        let sandbox = sandbox();
        sandbox.run(["auth", "login", "--account", ADA]).success();
        let former = sandbox.record_path("former@example.com");
        sandbox.change_record(ADA, |record| record["email"] = json!("former@example.com"));
        std::fs::rename(sandbox.record_path(ADA), &former).unwrap();
        let account: &[&str] = if named { &["--account", ADA] } else { &["--login-hint", ADA] };
        let finished = sandbox.run(["auth", "login"].iter().chain(account)).success();
        assert!(
            finished.stderr.contains("the address of former@example.com is ada@example.com now"),
            "{}",
            finished.stderr
        );
        assert!(!former.exists() && sandbox.record_path(ADA).exists());
        sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
        assert!(sandbox.control().requests_to(Endpoint::Revoke).is_empty());
    }
}

/// A record, and the file of the current account, byte for byte as version 0.1.0 wrote them.
const OF_0_1: &str = r#"{
  "version": 1,
  "client_id": "CLIENT",
  "token_endpoint": "ORIGIN/token",
  "sub": "108",
  "email": "Ada@Example.com",
  "hosted_domain": "example.com",
  "granted_scopes": [
    "https://www.googleapis.com/auth/chat.spaces.create",
    "https://www.googleapis.com/auth/userinfo.email",
    "openid"
  ],
  "refresh_token": "1//0of-version-0.1",
  "refresh_token_issued_at": "2026-01-02T03:04:05.123456789Z",
  "access_token": "ya29.of-version-0.1",
  "issued_at": "2026-01-02T03:04:05.123456789Z",
  "expires_at": "2026-01-02T04:04:04.123456789Z"
}
"#;

#[test]
fn a_store_of_version_0_1_is_read_and_one_of_a_newer_version_is_not() {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let sandbox = sandbox();
    std::fs::DirBuilder::new().mode(0o700).recursive(true).create(sandbox.config_directory().join("accounts")).unwrap();
    let text = OF_0_1.replace("CLIENT", &client_id(&sandbox)).replace("ORIGIN", sandbox.origin());
    let write = |path: std::path::PathBuf, text: &str| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    write(sandbox.record_path(ADA), &text);
    write(sandbox.config_directory().join("current_account"), "ada@example.com\n");
    let status = sandbox.run(["auth", "status", "--format", "json"]).success().json();
    assert_eq!((&status["account"], &status["ready"]), (&json!(ADA), &json!(true)), "{status}");
    assert_eq!(status["accounts"][0]["refreshToken"]["issuedAt"], "2026-01-02T03:04:05Z");
    // It is used, and refused by the server alone: the emulator has never issued it.
    let error = sandbox.run(["auth", "token", "--no-input", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "credentials_rejected");
    let sent = &sandbox.control().requests_to(Endpoint::Token)[0];
    assert!(sent.body.contains("of-version-0.1"));
    assert_eq!(std::fs::read_to_string(sandbox.record_path(ADA)).unwrap(), text);

    sandbox.control().clear_requests();
    let newer = text.replace("\"version\": 1", "\"version\": 2");
    write(sandbox.record_path(ADA), &newer);
    for words in [&["auth", "token"][..], &["auth", "status"], &["spaces", "list"], &["auth", "logout", "--local"]] {
        let error = sandbox.run(words.iter().chain(&["--format", "json"])).exits_with(3).error();
        assert_eq!(error["code"], "store_unreadable", "{words:?}");
        assert!(error["message"].as_str().unwrap().contains("newer chatauth"), "{error}");
    }
    assert_eq!(std::fs::read_to_string(sandbox.record_path(ADA)).unwrap(), newer);
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn a_client_file_that_was_named_and_is_bad_is_the_first_thing_said() {
    let sandbox = sandbox();
    for (text, code) in [(None, "client_secrets_missing"), (Some("{}"), "client_secrets_invalid")] {
        let file = sandbox.path("named.json");
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        }
        for words in [&["auth", "token"][..], &["spaces", "list"], &["auth", "status"]] {
            let mut command = sandbox.command(words.iter().chain(&["--no-input", "--format", "json"]));
            command.env("CHATAUTH_CLIENT_SECRETS", &file);
            assert_eq!(sandbox.finish(command).exits_with(3).error()["code"], code, "{words:?}");
        }
    }
}

#[test]
fn a_client_file_that_was_named_and_is_missing_is_not_replaced_by_that_of_the_login() {
    let sandbox = sandbox();
    sandbox.run(["auth", "login", "--account", ADA]).success();
    let login = json!({ "type": "authorized_user", "client_id": OTHER, "client_secret": "s", "refresh_token": "r" });
    std::fs::write(sandbox.path("login.json"), login.to_string()).unwrap();
    sandbox.control().clear_requests();
    let missing = sandbox.path("missing.json");
    for words in [
        &["auth", "token"][..],
        &["auth", "status"],
        &["auth", "switch", ADA],
        &["auth", "export"],
        &["auth", "logout"],
        &["auth", "import", "login.json"],
        &["spaces", "create", "--name", "x"],
        &["spaces", "list"],
    ] {
        let mut named = sandbox.command([words, &["--format", "json"]].concat());
        named.arg("--client-secrets").arg(&missing);
        let mut variable = sandbox.command([words, &["--format", "json"]].concat());
        variable.env("CHATAUTH_CLIENT_SECRETS", &missing);
        for command in [named, variable] {
            let error = sandbox.finish(command).exits_with(3).error();
            assert!(error["message"].as_str().unwrap().contains("missing.json"), "{words:?}: {error}");
        }
    }
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn a_client_file_under_the_name_that_the_console_gives_it_is_offered() {
    let sandbox = sandbox();
    let name = "client_secret_1-a b.apps.googleusercontent.com.json";
    std::fs::write(sandbox.path("client_secret_0.json"), "{}").unwrap();
    // Another server's has to be chosen by the person.
    let other: Value = serde_json::from_str(&sandbox.emulator().client_secrets()).unwrap();
    std::fs::write(sandbox.path("client_secret_00.json"), other.to_string()).unwrap();
    let mut google = other;
    google["installed"]["auth_uri"] = json!("https://accounts.google.com/o/oauth2/auth");
    google["installed"]["token_uri"] = json!("https://oauth2.googleapis.com/token");
    std::fs::write(sandbox.path(name), google.to_string()).unwrap();
    let mut command = sandbox.command(["auth", "login", "--format", "json"]);
    command.env_remove("CHATAUTH_CLIENT_SECRETS");
    std::fs::remove_file(sandbox.client_secrets()).unwrap();
    let error = sandbox.finish(command).exits_with(3).error();
    assert_eq!(error["code"], "client_secrets_missing");
    assert!(error["hint"].as_str().unwrap().ends_with(&format!("--client-secrets './{name}'")), "{error}");
    assert!(sandbox.control().requests().is_empty());
}
