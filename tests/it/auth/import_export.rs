//! Logins that come from other tools' files, and go into them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use chatauth::emulator::{Endpoint, Options, User};
use serde_json::{Value, json};

use crate::support::sandbox::{Finished, Sandbox, mode};
use crate::support::stage::{ScriptedServer, answer, send_signal, start, wait_until};

const ACCOUNT: &str = "emulator@example.com";

/// A sandbox with a login kept elsewhere, as another tool would keep it; gives its refresh token.
fn with_foreign_login(sandbox: &Sandbox) -> String {
    let mut command = sandbox.command(["auth", "login"]);
    command.env("CHATAUTH_CONFIG_DIR", sandbox.path("elsewhere"));
    sandbox.finish(command).success();
    sandbox.control().clear_requests();
    let record = fs::read(sandbox.path(&format!("elsewhere/accounts/{ACCOUNT}.json"))).unwrap();
    serde_json::from_slice::<Value>(&record).unwrap()["refresh_token"].as_str().unwrap().to_owned()
}

fn client(sandbox: &Sandbox) -> Value {
    let file = fs::read(sandbox.client_secrets()).unwrap();
    serde_json::from_slice::<Value>(&file).unwrap()["installed"].clone()
}

fn authorized_user(sandbox: &Sandbox, refresh_token: &str) -> Value {
    let client = client(sandbox);
    json!({
        "type": "authorized_user",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "refresh_token": refresh_token,
        "token_uri": client["token_uri"],
    })
}

fn python(sandbox: &Sandbox, refresh_token: &str) -> Value {
    let client = client(sandbox);
    json!({
        "token": "long-gone",
        "refresh_token": refresh_token,
        "token_uri": client["token_uri"],
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "scopes": ["https://www.googleapis.com/auth/chat.spaces.create"],
        "universe_domain": "googleapis.com",
        "account": "",
        "expiry": "2026-01-01T00:00:00Z",
    })
}

fn node(refresh_token: &str) -> Value {
    json!({
        "access_token": "long-gone", "refresh_token": refresh_token, "scope": "whatever", "token_type": "Bearer",
        "expiry_date": 1_700_000_000_000_i64,
    })
}

fn from_stdin(sandbox: &Sandbox, mut command: Command, content: &str) -> Finished {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(content.as_bytes()).unwrap();
    sandbox.wait(child)
}

fn import(sandbox: &Sandbox, content: &Value) -> Finished {
    from_stdin(sandbox, sandbox.command(["auth", "import", "-", "--format", "json"]), &content.to_string())
}

#[test]
fn the_files_of_other_tools_become_logins() {
    for kind in ["authorized_user", "python", "node"] {
        for file in [false, true] {
            let sandbox = Sandbox::new();
            let token = with_foreign_login(&sandbox);
            let content = match kind {
                "python" => python(&sandbox, &token),
                "node" => node(&token),
                _ => authorized_user(&sandbox, &token),
            };
            let imported = if file {
                fs::write(sandbox.path("token.json"), content.to_string()).unwrap();
                sandbox.run(["auth", "import", "token.json"])
            } else {
                import(&sandbox, &content)
            }
            .success();
            assert_eq!(imported.stderr.contains("contains a refresh token"), file, "{}", imported.stderr);
            assert!(imported.stderr.contains(ACCOUNT), "{}", imported.stderr);
            let record = sandbox.record(ACCOUNT);
            assert_eq!(record["refresh_token"], token.as_str(), "{kind}");
            assert_eq!(record["sub"], User::new(ACCOUNT).sub, "{kind}");
            assert_eq!(mode(&sandbox.record_path(ACCOUNT)), 0o600);
            assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1, "proved by one refresh");
            assert_eq!(sandbox.control().requests_to(Endpoint::Token)[0].form("scope"), None);
            sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
        }
    }
}

/// A command that looks for a client file in the usual places only.
fn plain(sandbox: &Sandbox, words: &[&str]) -> Command {
    let mut command = sandbox.command(words);
    fs::create_dir_all(sandbox.path("empty")).unwrap();
    command.env_remove("CHATAUTH_CLIENT_SECRETS").current_dir(sandbox.path("empty"));
    command
}

#[test]
fn the_client_is_written_where_there_is_none_and_nowhere_else() {
    let sandbox = Sandbox::new();
    let token = with_foreign_login(&sandbox);
    let content = authorized_user(&sandbox, &token);
    let kept = sandbox.config_directory().join("client_secrets.json");
    let words = ["auth", "import", "-"];
    let imported = from_stdin(&sandbox, plain(&sandbox, &words), &content.to_string()).success();
    assert!(imported.stderr.contains(kept.to_str().unwrap()), "{}", imported.stderr);
    assert_eq!(mode(&kept), 0o600);
    assert_eq!(mode(&sandbox.config_directory()), 0o700);
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.finish(plain(&sandbox, &["spaces", "create", "--name", "x", "--no-input"])).success();

    let before = fs::read(&kept).unwrap();
    from_stdin(&sandbox, plain(&sandbox, &words), &content.to_string()).success();
    assert_eq!(fs::read(&kept).unwrap(), before);
    // One that merely lies in the working directory may lead to Google and to nobody else.
    fs::remove_file(&kept).unwrap();
    fs::copy(sandbox.client_secrets(), sandbox.path("empty/client_secrets.json")).unwrap();
    from_stdin(&sandbox, plain(&sandbox, &words), &node(&token).to_string()).exits_with(3);
    let mut named = plain(&sandbox, &words);
    named.args(["--client-secrets", "client_secrets.json"]);
    from_stdin(&sandbox, named, &content.to_string()).success();
    assert!(!kept.exists());
}

#[test]
fn a_token_endpoint_is_kept_and_used_as_it_is_written() {
    for path in ["", "/", "/o/token/"] {
        let sandbox = Sandbox::new().secrets_may_show();
        let server = ScriptedServer::answering(|request, _| {
            let body = if request.head.contains("/tokeninfo ") {
                json!({"aud": "id", "sub": "1", "email": ACCOUNT, "scope": "openid"})
            } else {
                json!({"access_token": "x", "token_type": "Bearer", "expires_in": 3599})
            };
            answer(200, &["Content-Type: application/json"], body.to_string())
        });
        let uri = format!("{}{path}", server.origin());
        let content = json!({"refresh_token": "r", "client_id": "id", "client_secret": "s", "token_uri": uri});
        let words = ["auth", "import", "-"];
        from_stdin(&sandbox, plain(&sandbox, &words), &content.to_string()).success();
        let exported = sandbox.finish(plain(&sandbox, &["auth", "export"])).success().json();
        assert_eq!(exported["token_uri"], if path.is_empty() { format!("{uri}/") } else { uri });
        // Now with the client file that the import has saved.
        let named = node("r");
        from_stdin(&sandbox, plain(&sandbox, &words), &named.to_string()).success();
        sandbox.expire_stored_token(ACCOUNT);
        sandbox.finish(plain(&sandbox, &["auth", "token", "--no-input"])).success();
        let received = server.received();
        let line = format!("POST {} HTTP", if path.is_empty() { "/" } else { path });
        assert_eq!(received.iter().filter(|request| request.head.starts_with(&line)).count(), 3, "{received:?}");
    }
}

#[test]
fn what_holds_no_login_is_named_and_nothing_is_asked() {
    let sandbox = Sandbox::new();
    let client_file: Value = serde_json::from_slice(&fs::read(sandbox.client_secrets()).unwrap()).unwrap();
    for (content, expected) in [
        (json!({"type": "service_account", "private_key": "canary-key"}), "service account key"),
        (json!({"type": "external_account"}), "external_account"),
        (client_file, "OAuth client file"),
        (json!({"access_token": "canary-token"}), "no refresh token"),
        (json!(["canary"]), "not a JSON object"),
        (
            json!({"refresh_token": "r", "client_id": "other", "client_secret": "s", "token_uri": "http://evil.test/"}),
            "https",
        ),
        (
            json!({"refresh_token": "r", "client_id": "other", "client_secret": "s"}),
            "the OAuth client other, not to that",
        ),
    ] {
        let refused = import(&sandbox, &content).exits_with(3);
        let message = refused.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(expected), "{content}: {message}");
        assert!(!refused.stderr.contains("canary-"), "{}", refused.stderr);
    }
    // A refresh token goes nowhere but where its file says. The default of this type is Google's token endpoint.
    let mut of_google = authorized_user(&sandbox, "r");
    of_google.as_object_mut().unwrap().remove("token_uri");
    let mut moved = authorized_user(&sandbox, "r");
    moved["token_uri"] = json!("http://127.0.0.1:1/token");
    for elsewhere in [json!({"refresh_token": "r", "token_uri": "http://127.0.0.1:1/token"}), of_google, moved] {
        let refused = import(&sandbox, &elsewhere).exits_with(3);
        assert!(refused.error()["message"].as_str().unwrap().contains("token endpoint"), "{}", refused.stderr);
    }
    sandbox.run(["auth", "import", "nowhere.json"]).exits_with(3);
    sandbox.run(["auth", "import", "/dev/zero"]).exits_with(3);
    let words = ["auth", "import", "-", "--format", "json"];
    let nameless = from_stdin(&sandbox, plain(&sandbox, &words), &node("r").to_string()).exits_with(3);
    assert!(nameless.error()["hint"].as_str().unwrap().contains("--client-secrets"), "{}", nameless.stderr);
    assert!(sandbox.control().requests().is_empty());
    assert!(!sandbox.config_directory().join("accounts").join(format!("{ACCOUNT}.json")).exists());
}

#[test]
fn every_file_without_a_login_has_the_hint_of_its_case() {
    let sandbox = Sandbox::new();
    let client_file = fs::read_to_string(sandbox.client_secrets()).unwrap();
    let gcloud = r#"{"type":"authorized_user","client_id":"764086051850-x","client_secret":"s","refresh_token":"r"}"#;
    for (content, expected) in [
        (client_file.as_str(), "pass it to chatauth auth login with --client-secrets FILE"),
        (gcloud, "log in with a client of your own: chatauth auth login"),
        (r#"{"type":"service_account"}"#, "pass it with --service-account FILE --impersonate USER"),
        (&node("r").to_string(), "pass the client file of its login with --client-secrets FILE"),
        ("[]", "import an authorized_user file, or a token.json of Google's Python or Node.js library"),
    ] {
        fs::write(sandbox.path("f.json"), content).unwrap();
        let words = ["auth", "import", "../f.json", "--format", "json"];
        let error = sandbox.finish(plain(&sandbox, &words)).exits_with(3).error();
        let hint = error["hint"].as_str().unwrap().replace(env!("CARGO_BIN_EXE_chatauth"), "chatauth");
        assert_eq!(hint, expected, "{error}");
    }
}

#[test]
fn a_login_without_an_identity_leads_to_a_client_file_and_not_in_a_circle() {
    let sandbox = Sandbox::new();
    let token = with_foreign_login(&sandbox);
    sandbox.control().set_token_response_patch(|answer| drop(answer.as_object_mut().unwrap().remove("id_token")));
    let nobody = format!(r#"tokeninfo:body={{"aud":{}}}"#, client(&sandbox)["client_id"]);
    sandbox.control().add_fault(nobody.parse().unwrap());
    let hint = |words: &[&str], code: i32| {
        let mut command = plain(&sandbox, &[words, &["--format", "json"]].concat());
        command.current_dir(sandbox.path("here"));
        sandbox.finish(command).exits_with(code).error()["hint"]
            .as_str()
            .unwrap()
            .replace(env!("CARGO_BIN_EXE_chatauth"), "chatauth")
    };
    fs::create_dir(sandbox.path("here")).unwrap();
    let imports = "import its login: chatauth auth import ./client_secrets.json; or ";
    let create = "create an OAuth client of type Desktop app at ";
    let mut content = python(&sandbox, &token);
    let file = sandbox.path("here/client_secrets.json");
    for (scopes, may_be_imported) in [
        (json!(["https://www.googleapis.com/auth/chat.spaces.create"]), false),
        (json!(["openid", "https://www.googleapis.com/auth/chat.spaces.create"]), false),
        (json!(["openid", "https://www.googleapis.com/auth/userinfo.email"]), true),
        (json!("openid email"), true),
        (Value::Null, true),
    ] {
        content["scopes"] = scopes;
        fs::write(&file, content.to_string()).unwrap();
        let login = hint(&["auth", "login"], 3);
        assert_eq!(login.starts_with(imports), may_be_imported, "{login}");
        assert_eq!(login.starts_with(create), !may_be_imported, "{login}");
        let import = hint(&["auth", "import", "./client_secrets.json"], 4);
        assert!(
            import.starts_with("download the client file at ")
                && import.ends_with(", then pass it to chatauth auth login with --client-secrets FILE"),
            "{import}"
        );
    }
}

#[test]
fn a_login_of_another_client_than_the_one_in_use_is_imported_where_the_hint_says() {
    let sandbox = Sandbox::new();
    let token = with_foreign_login(&sandbox);
    let own = client(&sandbox)["client_id"].as_str().unwrap().to_owned();
    fs::write(sandbox.path("login.json"), authorized_user(&sandbox, &token).to_string()).unwrap();
    let other = sandbox.emulator().client_secrets().replace(&own, "1-other.apps.googleusercontent.com");
    fs::create_dir_all(sandbox.config_directory()).unwrap();
    fs::write(sandbox.path("other.json"), &other).unwrap();
    let kept = sandbox.config_directory().join("client_secrets.json");
    let words = ["auth", "import", "../login.json", "--format", "json"];
    let refused = |options: &[&str]| {
        let error = sandbox.finish(plain(&sandbox, &[&words, options].concat())).exits_with(3).error();
        (error["message"].as_str().unwrap().to_owned(), error["hint"].as_str().unwrap().to_owned())
    };
    // The login itself is no client file.
    let (_, hint) = refused(&["--client-secrets", "../login.json"]);
    assert!(hint.contains("auth import ../login.json"), "{hint}");
    let (message, hint) = refused(&["--client-secrets", "../other.json"]);
    assert!(message.contains(&own) && message.contains("other.json"), "{message}");
    assert!(hint.starts_with("leave out --client-secrets"), "{hint}");
    sandbox.finish(plain(&sandbox, &words)).success();
    fs::write(&kept, other).unwrap();
    let (message, hint) = refused(&[]);
    assert!(message.contains(&own) && message.contains(kept.to_str().unwrap()), "{message}");
    assert!(hint.contains("--config-dir DIR"), "{hint}");
    sandbox.finish(plain(&sandbox, &[&words[..], &["--config-dir", "own"]].concat())).success();
    let create = ["spaces", "create", "--name", "x", "--no-input", "--config-dir", "own"];
    sandbox.finish(plain(&sandbox, &create)).success();
}

#[test]
fn an_import_warns_of_the_scopes_of_the_login_that_it_replaces() {
    let sandbox = Sandbox::new().secrets_may_show();
    sandbox.log_in();
    let narrow = sandbox.run(["auth", "export"]).success().stdout;
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let imported = from_stdin(&sandbox, sandbox.command(["auth", "import", "-"]), &narrow).success().stderr;
    let warning = "this login replaced one that had chat.delete chat.memberships chat.spaces. For all scopes, run ";
    assert!(imported.contains(warning), "{imported}");
    let again = from_stdin(&sandbox, sandbox.command(["auth", "import", "-"]), &narrow).success().stderr;
    assert!(!again.contains("replaced"), "{again}");
}

#[test]
fn property_25_an_import_that_does_not_tell_whose_it_is_is_not_kept() {
    let sandbox = Sandbox::new();
    let token = with_foreign_login(&sandbox);
    // Neither the answer nor the server's word about the token names anybody.
    sandbox.control().set_token_response_patch(|answer| drop(answer.as_object_mut().unwrap().remove("id_token")));
    let nameless = r#"tokeninfo:body={"aud":"AUD","scope":"https://www.googleapis.com/auth/chat.spaces.create"}"#;
    let aud = client(&sandbox)["client_id"].as_str().unwrap().to_owned();
    sandbox.control().add_fault(nameless.replace("AUD", &aud).parse().unwrap());
    let content = authorized_user(&sandbox, &token);
    let error = import(&sandbox, &content).exits_with(4).error();
    assert_eq!(error["code"], "login_refused", "{error}");
    assert!(!sandbox.record_path(ACCOUNT).exists());
    // A token of another client is nobody's here.
    sandbox.control().clear_faults();
    sandbox
        .control()
        .add_fault(r#"tokeninfo:body={"aud":"other","sub":"1","email":"emulator@example.com"}"#.parse().unwrap());
    import(&sandbox, &content).exits_with(4);
    assert!(!sandbox.record_path(ACCOUNT).exists());
    // Without an ID token, the server's word will do.
    sandbox.control().clear_faults();
    import(&sandbox, &content).success();
    assert_eq!(sandbox.record(ACCOUNT)["sub"], User::new(ACCOUNT).sub);
    assert!(sandbox.record(ACCOUNT)["granted_scopes"].to_string().contains("chat.spaces.create"));
}

#[test]
fn an_import_is_asserted_against_the_account_and_dead_ones_are_not_kept() {
    let users = vec![User::new(ACCOUNT), User::new("ann@example.com")];
    let sandbox = Sandbox::with(Options { users, ..Options::default() });
    let token = with_foreign_login(&sandbox);
    let content = authorized_user(&sandbox, &token).to_string();
    let words = ["auth", "import", "-", "--account", "ann@example.com", "--format", "json"];
    let error = from_stdin(&sandbox, sandbox.command(words), &content).exits_with(4).error();
    assert_eq!(error["code"], "wrong_account");
    assert!(sandbox.control().requests_to(Endpoint::Revoke).is_empty(), "the other tool still needs it");
    sandbox.control().revoke_all_refresh_tokens();
    let error = import(&sandbox, &authorized_user(&sandbox, &token)).exits_with(4).error();
    assert_eq!(error["code"], "credentials_rejected");
    assert!(!sandbox.record_path(ACCOUNT).exists());
    sandbox.control().add_fault("token:drop-before".parse().unwrap());
    import(&sandbox, &authorized_user(&sandbox, &token)).exits_with(6);
    assert!(!sandbox.record_path(ACCOUNT).exists());
}

#[test]
fn a_refresh_token_that_the_server_replaces_is_saved_whoever_it_belongs_to() {
    let users = vec![User::new(ACCOUNT), User::new("ann@example.com")];
    let sandbox = Sandbox::with(Options { users, rotate_refresh_tokens: true, ..Options::default() });
    let token = with_foreign_login(&sandbox);
    let file = sandbox.path("token.json");
    fs::write(&file, authorized_user(&sandbox, &token).to_string()).unwrap();
    let words = ["auth", "import", "token.json", "--account", "ann@example.com", "--format", "json"];
    let refused = sandbox.run(words).exits_with(4);
    assert!(refused.stderr.contains("the file no longer works"), "{}", refused.stderr);
    let error = refused.error();
    assert_eq!(error["code"], "wrong_account");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(ACCOUNT) && message.contains("it was saved"), "{error}");
    sandbox.run(["auth", "status", "--check", "--account", ACCOUNT]).success();
    sandbox.run(["auth", "import", "token.json"]).exits_with(4);
}

#[test]
fn an_import_that_is_interrupted_saves_the_refresh_token_that_replaces_the_one_in_the_file() {
    for named in [true, false] {
        let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
        let token = with_foreign_login(&sandbox);
        fs::write(sandbox.path("token.json"), authorized_user(&sandbox, &token).to_string()).unwrap();
        sandbox.control().add_fault("token:delay=1s,times=1".parse().unwrap());
        let words = ["auth", "import", "../token.json"];
        let mut command = plain(&sandbox, &words);
        if named {
            command.env("CHATAUTH_CLIENT_SECRETS", sandbox.client_secrets());
        }
        let child = start(command);
        wait_until("the request has left", || !sandbox.control().requests_to(Endpoint::Token).is_empty());
        send_signal(&child, rustix::process::Signal::INT);
        let stopped = sandbox.wait(child).exits_with(130);
        assert!(stopped.stderr.contains("Finishing the token refresh"), "{}", stopped.stderr);
        sandbox.expire_stored_token(ACCOUNT);
        sandbox.finish(plain(&sandbox, &["auth", "token", "--no-input"])).exits_with(if named { 3 } else { 0 });
        sandbox.run(["auth", "status", "--check"]).success();
    }
}

#[test]
fn an_import_leaves_the_current_account_and_becomes_it_where_there_is_none() {
    let (ada, bob) = ("ada@example.com", "bob@example.com");
    let users = vec![User::new(ada), User::new(bob)];
    let sandbox = Sandbox::with(Options { users, ..Options::default() }).secrets_may_show();
    for account in [ada, bob] {
        sandbox.run(["auth", "login", "--account", account]).success();
    }
    let exported = sandbox.run(["auth", "export", "--account", ada]).success().stdout;
    fs::write(sandbox.path("ada.json"), exported).unwrap();
    let current = || sandbox.run(["auth", "status", "--jq", ".account"]).success().stdout.trim().to_owned();
    for words in [&["auth", "import", "ada.json"][..], &["auth", "import", "ada.json", "--account", ada]] {
        let imported = sandbox.run(words).success().stderr;
        let said = format!("The current account is still {bob}");
        assert!(imported.contains(&said) && imported.contains(&format!("auth switch {ada}")), "{imported}");
        assert_eq!(current(), bob);
    }
    sandbox.run(["auth", "switch", ada]).success();
    let imported = sandbox.run(["auth", "import", "ada.json"]).success().stderr;
    assert!(!imported.contains("current account"), "{imported}");
    // The current account is logged out: that recorded, and that left behind.
    for nobody in ["", "eve@example.com\n"] {
        fs::write(sandbox.config_directory().join("current_account"), nobody).unwrap();
        let imported = sandbox.run(["auth", "import", "ada.json"]).success().stderr;
        assert!(!imported.contains("current account"), "{imported}");
        assert_eq!(current(), ada);
    }
}

#[test]
fn an_import_speaks_of_the_file_and_not_of_a_browser_or_the_saved_login() {
    let users = vec![User::new(ACCOUNT), User::new("ann@example.com")];
    let sandbox = Sandbox::with(Options { users, ..Options::default() });
    let token = with_foreign_login(&sandbox);
    let content = authorized_user(&sandbox, &token).to_string();
    let words = ["auth", "import", "-", "--account", "ann@example.com"];
    let other = from_stdin(&sandbox, sandbox.command(words), &content).exits_with(4).stderr;
    assert!(other.contains("the file contains the login of emulator@example.com, not of ann@example.com"), "{other}");
    sandbox.control().revoke_all_refresh_tokens();
    let mut command = sandbox.command(["auth", "import", "-"]);
    // No other token helps a file.
    command.env("CHATAUTH_ACCESS_TOKEN", "another-token");
    let dead = from_stdin(&sandbox, command, &content).exits_with(4).stderr;
    assert!(!dead.contains("CHATAUTH_ACCESS_TOKEN"), "{dead}");
    assert!(dead.contains("the login in the file is no longer valid (invalid_grant"), "{dead}");
    let new = authorized_user(&sandbox, &with_foreign_login(&sandbox)).to_string();
    sandbox.control().set_token_response_patch(|answer| answer["id_token"] = json!("no JWT"));
    let garbled = from_stdin(&sandbox, sandbox.command(["auth", "import", "-"]), &new).exits_with(4).stderr;
    assert!(
        garbled.contains("cannot identify the account") && garbled.contains("hint: download the client file at "),
        "{garbled}"
    );
    for said in [other, dead, garbled] {
        assert!(!said.contains("browser") && !said.contains("saved login") && !said.contains("retry"), "{said}");
    }
}

#[test]
fn what_is_exported_here_is_imported_there() {
    let sandbox = Sandbox::new().secrets_may_show();
    sandbox.log_in();
    let exported = sandbox.run(["auth", "export"]).success();
    assert!(exported.stderr.contains("act as emulator@example.com"), "{}", exported.stderr);
    assert!(sandbox.control().requests().is_empty(), "offline");
    let document = exported.json();
    let record = sandbox.record(ACCOUNT);
    assert!(!exported.stderr.contains(record["refresh_token"].as_str().unwrap()), "{}", exported.stderr);
    assert_eq!(document["type"], "authorized_user");
    assert_eq!(document["refresh_token"], record["refresh_token"]);
    assert_eq!(document["client_secret"], client(&sandbox)["client_secret"]);

    // Another machine, with nothing on it.
    let mut there = plain(&sandbox, &["auth", "import", "-"]);
    there.env("CHATAUTH_CONFIG_DIR", sandbox.path("there"));
    from_stdin(&sandbox, there, &exported.stdout).success();
    let mut create = plain(&sandbox, &["spaces", "create", "--name", "x", "--no-input"]);
    create.env("CHATAUTH_CONFIG_DIR", sandbox.path("there"));
    sandbox.finish(create).success();
    assert!(Path::new(&sandbox.path("there/client_secrets.json")).exists());
}

#[test]
fn without_a_login_there_is_nothing_to_export() {
    let sandbox = Sandbox::new();
    let error = sandbox.run(["auth", "export", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "login_needed");
    sandbox.log_in();
    // Another client's secret beside this refresh token would be of no use to anybody.
    let file = fs::read_to_string(sandbox.client_secrets()).unwrap();
    fs::write(sandbox.client_secrets(), file.replace("123456789012-", "210987654321-")).unwrap();
    let refused = sandbox.run(["auth", "export"]).exits_with(4);
    assert!(refused.stdout.is_empty());
    fs::remove_file(sandbox.client_secrets()).unwrap();
    let error = sandbox.run(["auth", "export", "--format", "json"]).exits_with(3);
    assert!(error.stdout.is_empty());
}

#[test]
fn an_export_through_a_filter_prints_what_the_filter_leaves() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let id = client(&sandbox)["client_id"].as_str().unwrap().to_owned();
    for options in [&[][..], &["--format", "json"], &["--format", "jsonl"]] {
        let exported = sandbox.run([&["auth", "export", "--jq", ".client_id"], options].concat()).success();
        assert_eq!(exported.stdout, format!("{id}\n"), "{options:?}");
    }
    let failed = sandbox.run(["auth", "export", "--jq", ".client_id.x"]).exits_with(1);
    assert_eq!(failed.stdout, "");
}
