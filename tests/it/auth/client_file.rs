//! The OAuth client file: what is no client is named for what it is, and a web client keeps to its redirect URIs.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use chatauth::emulator::Endpoint;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::pending_login::{self, PendingLogin};
use crate::support::sandbox::{Finished, Sandbox};

/// Stands for every secret in a wrong file; must never be shown.
const CANARY: &str = "canary7f3a";
const CLIENTS_PAGE: &str = "https://console.cloud.google.com/auth/clients";

/// What a client of `kind` looks like, changed.
fn client(kind: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut members = json!({
        "client_id": "424242-a.apps.googleusercontent.com", "project_id": "my-project",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
        "client_secret": CANARY, "redirect_uris": ["http://localhost"],
    });
    change(&mut members);
    json!({ kind: members }).to_string().into_bytes()
}

/// Runs two commands that need a client with this file; both must fail in the same way, before anything else happens.
#[track_caller]
fn refuse(sandbox: &Sandbox, file: &std::path::Path) -> Value {
    let mut errors = Vec::new();
    for words in [&["auth", "login"][..], &["spaces", "create", "--name", "x"]] {
        let mut command = sandbox.command(words.iter().chain(&["--format", "json", "--client-secrets"]));
        command.arg(file);
        let Finished { stdout, stderr, .. } = &sandbox.finish(command).exits_with(3);
        assert!(!stderr.contains(CANARY) && !stdout.contains(CANARY), "a secret shows: {stderr}");
        let error: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
        errors.push(error["error"].clone());
    }
    assert_eq!(errors[0], errors[1]);
    assert_eq!(sandbox.control().connections(), 0, "the network was used");
    errors.remove(0)
}

/// Whether the file is refused with this code, words in the message, and words in the hint.
#[track_caller]
fn check(sandbox: &Sandbox, content: &[u8], code: &str, message: &str, hint: &str) {
    let file = sandbox.path("other.json");
    std::fs::write(&file, content).unwrap();
    let error = refuse(sandbox, &file);
    let shown = String::from_utf8_lossy(content);
    assert_eq!(error["code"], code, "{shown}: {error}");
    let text = error["message"].as_str().unwrap();
    assert!(text.contains(message), "{shown}: {text}");
    assert!(text.contains("other.json"), "{shown}: {text}");
    assert!(error["hint"].as_str().unwrap().contains(hint), "{shown}: {error}");
    assert_eq!(std::fs::read(&file).unwrap(), content, "the file was written to");
}

#[test]
fn property_28_a_file_that_is_no_client_is_named_for_what_it_is() {
    let sandbox = Sandbox::new();
    let key = "AIzaSyA1234567890abcdefghijklmnopqrstuv";
    let json = |value: Value| value.to_string().into_bytes();
    for (content, message, hint) in [
        (Vec::new(), "is empty", CLIENTS_PAGE),
        (b" \r\n\t".to_vec(), "is empty", CLIENTS_PAGE),
        (b"\xef\xbb\xbf".to_vec(), "is empty", CLIENTS_PAGE),
        (b"{\xff".to_vec(), "UTF-8", CLIENTS_PAGE),
        (b"\xff\xfe{\0".to_vec(), "not JSON", CLIENTS_PAGE),
        (b"<!DOCTYPE html><html>".to_vec(), "HTML", CLIENTS_PAGE),
        (b"<?xml version=\"1.0\"?><!DOCTYPE plist><plist>".to_vec(), "iOS", CLIENTS_PAGE),
        (b"{\"installed\":\n".to_vec(), "not JSON", CLIENTS_PAGE),
        (json(json!([])), "list", CLIENTS_PAGE),
        (json(json!(3)), "single JSON value", CLIENTS_PAGE),
        (key.as_bytes().to_vec(), "API key", CLIENTS_PAGE),
        (json(json!({"key": key})), "API key", CLIENTS_PAGE),
        (
            json(json!({"type": "service_account", "project_id": "my-project", "private_key": CANARY})),
            "service account key",
            "?project=my-project",
        ),
        (
            json(json!({"type": "authorized_user", "client_id": "424242-a.x", "refresh_token": CANARY})),
            "application default credentials",
            "?project=424242",
        ),
        (
            json(json!({"token": CANARY, "refresh_token": CANARY, "scopes": [], "client_id": "424242-a.x"})),
            "Python",
            "?project=424242",
        ),
        (json(json!({"access_token": CANARY, "refresh_token": CANARY, "expiry_date": 1})), "Node.js", CLIENTS_PAGE),
        (json(json!({"type": "external_account", "audience": "x"})), "workload identity", CLIENTS_PAGE),
        (json(json!({})), "neither \"installed\" nor \"web\"", CLIENTS_PAGE),
        (json(json!({"client_id": "424242-a.x"})), "neither \"installed\" nor \"web\"", "?project=424242"),
        (json(json!({"web": {}, "installed": {"client_id": "424242-a.x"}})), "both", "?project=424242"),
        (json(json!({"installed": null})), "not a JSON object", CLIENTS_PAGE),
        (client("installed", |client| client["refresh_token"] = json!(CANARY)), "written tokens", "?project=424242"),
        (client("installed", |client| client["client_id"] = json!("YOUR_CLIENT_ID")), "example", CLIENTS_PAGE),
    ] {
        check(&sandbox, &content, "client_secrets_invalid", message, hint);
    }
    let example = include_bytes!("../../../client_secrets.example.json");
    check(&sandbox, example, "client_secrets_invalid", "example that comes with chatauth", CLIENTS_PAGE);
    let mut beside: Value = serde_json::from_slice(&client("web", |_| {})).unwrap();
    beside["access_token"] = json!(CANARY);
    check(&sandbox, beside.to_string().as_bytes(), "client_secrets_invalid", "written tokens", "?project=424242");
}

#[test]
fn members_that_are_missing_empty_or_of_another_type_are_named() {
    let sandbox = Sandbox::new();
    let invalid = |content: &[u8], message: &str, hint: &str| {
        check(&sandbox, content, "client_secrets_invalid", message, hint);
    };
    for member in ["client_id", "client_secret", "auth_uri", "token_uri"] {
        let named = format!("{member:?} in \"installed\"");
        let hint = if member == "client_id" { "?project=my-project" } else { "?project=424242" };
        let remove = |client: &mut Value| drop(client.as_object_mut().unwrap().remove(member));
        invalid(&client("installed", remove), &format!("lacks {named}"), hint);
        invalid(&client("installed", |client| client[member] = json!("")), &format!("empty {named}"), hint);
        invalid(
            &client("installed", |client| client[member] = json!(7)),
            &format!("{named} that is not a string"),
            hint,
        );
    }
    invalid(&client("web", |client| client["redirect_uris"] = json!("x")), "\"redirect_uris\" in \"web\"", "424242");
    let mobile = client("installed", |client| {
        let members = client.as_object_mut().unwrap();
        members.remove("client_secret");
        members.remove("redirect_uris");
    });
    invalid(&mobile, "without a secret", "?project=424242");
}

#[test]
fn property_50_endpoints_that_are_neither_https_nor_loopback_are_refused() {
    let sandbox = Sandbox::new();
    for member in ["auth_uri", "token_uri"] {
        for uri in [
            "http://oauth2.googleapis.com/token",
            "http://127.0.0.1.evil.test/token",
            "http://user@127.0.0.1/token",
            "http://0.0.0.0/token",
            "ftp://127.0.0.1/token",
            "token",
        ] {
            let content = client("installed", |client| client[member] = json!(uri));
            check(&sandbox, &content, "endpoint_refused", member, "?project=424242");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_from_one_that_is_not_there() {
    let sandbox = Sandbox::new();
    let missing = refuse(&sandbox, &sandbox.path("nowhere.json"));
    assert_eq!(missing["code"], "client_secrets_missing");
    assert!(missing["message"].as_str().unwrap().contains("nowhere.json"), "{missing}");
    assert!(missing["hint"].as_str().unwrap().contains(CLIENTS_PAGE), "{missing}");
    let loops = sandbox.path("loop.json");
    std::os::unix::fs::symlink(&loops, &loops).unwrap();
    let large = sandbox.path("large.json");
    std::fs::write(&large, vec![b' '; 300 * 1024]).unwrap();
    let endless = std::path::PathBuf::from("/dev/zero");
    for (file, message) in [
        (sandbox.path("bin"), "directory"),
        (sandbox.client_secrets().join("below"), "cannot read the OAuth client file"),
        (loops, "cannot read the OAuth client file"),
        (large, "larger"),
        (endless, "larger"),
    ] {
        let error = refuse(&sandbox, &file);
        assert_eq!(error["code"], "client_secrets_invalid", "{error}");
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
}

#[test]
fn the_client_file_is_never_written_to() {
    let sandbox = Sandbox::new();
    let content = format!("\u{feff}{}\r\n", sandbox.emulator().client_secrets());
    std::fs::write(sandbox.client_secrets(), &content).unwrap();
    let before = std::fs::metadata(sandbox.client_secrets()).unwrap();
    sandbox.log_in();
    sandbox.expire_stored_token("emulator@example.com");
    sandbox.run(["spaces", "create", "--name", "x"]).success();
    let after = std::fs::metadata(sandbox.client_secrets()).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    assert_eq!(std::fs::read_to_string(sandbox.client_secrets()).unwrap(), content);
}

/// Makes the sandbox's client a web client with these redirect URIs.
fn web(sandbox: &Sandbox, redirect_uris: &[&str]) {
    std::fs::write(sandbox.client_secrets(), sandbox.emulator().web_client_secrets(redirect_uris)).unwrap();
}

#[test]
fn a_web_client_uses_its_registered_uri_exactly() {
    let sandbox = Sandbox::new();
    let port = pending_login::free_port();
    for uri in [
        format!("http://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/a/b"),
    ] {
        web(&sandbox, &["https://example.com/cb", &uri, "http://127.0.0.1:1/"]);
        let waiting = PendingLogin::log_in(&sandbox, &[]);
        assert_eq!(waiting.parameter("redirect_uri"), uri);
        pending_login::check_listening(waiting.id(), &[waiting.address()]);
        assert_eq!(waiting.address().port(), port);
        waiting.succeeds(&sandbox);
        let token = sandbox.control().requests_to(Endpoint::Token).pop().unwrap();
        assert_eq!(token.form("redirect_uri").unwrap(), uri);
    }
    // The browser goes the whole way by itself, too, and --port chooses among the registered ones.
    web(&sandbox, &["http://127.0.0.1:1/", &format!("http://127.0.0.1:{port}/x")]);
    sandbox.run(["auth", "login", "--port", &port.to_string()]).success();
}

#[test]
fn a_web_client_with_the_name_localhost_listens_on_both_addresses() {
    let sandbox = Sandbox::new();
    let port = pending_login::free_port();
    let uri = format!("http://localhost:{port}/cb");
    web(&sandbox, &[&uri]);
    let both = [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))];
    let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
    let expected = if has_ipv6 { &both[..] } else { &both[..1] };
    for address in expected {
        let waiting = PendingLogin::log_in(&sandbox, &[]);
        assert_eq!(waiting.parameter("redirect_uri"), uri);
        pending_login::check_listening(waiting.id(), expected);
        let redirected = waiting.redirected();
        let request = |host: String| {
            let target = &redirected[pending_login::PATH_AND_QUERY];
            pending_login::send(*address, format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap()
        };
        // Only by the name that is registered.
        assert_eq!(request(address.to_string()).status, 404);
        waiting.transcript().wait_for_text(&format!("change it to localhost:{port}"));
        assert_eq!(request(format!("localhost:{port}")).status, 200);
        waiting.finish(&sandbox).success();
        assert!(!both.iter().any(|address| pending_login::is_open(*address)));
    }
    sandbox.run(["auth", "login"]).success();
    if has_ipv6 {
        // A stranger on the other address would get the answer.
        let _stranger = TcpListener::bind(("::1", port)).unwrap();
        for (words, option) in
            [(&["auth", "login"][..], "pass --port N"), (&["spaces", "list"], "chatauth auth login --port N")]
        {
            let error = sandbox.run([words, &["--format", "json"]].concat()).exits_with(3).error();
            assert_eq!(error["code"], "port_unavailable");
            assert!(error["hint"].as_str().unwrap().contains("end the program that uses the port"), "{error}");
            assert!(error["hint"].as_str().unwrap().contains(option), "{error}");
        }
    }
}

#[test]
fn a_web_client_says_why_it_cannot_be_used() {
    let sandbox = Sandbox::new();
    for (uris, words, why) in [
        (&[][..], &[][..], "no redirect URI"),
        (&["https://example.com/cb"], &[], "none of its registered redirect URIs"),
        (&["https://127.0.0.1:8085/"], &[], "none of its registered redirect URIs"),
        (&["http://127.0.0.1.evil.test/"], &[], "none of its registered redirect URIs"),
        (&["http://127.0.0.1:8085/"], &["--port", "8086"], "8085"),
    ] {
        web(&sandbox, uris);
        let error = sandbox.run(["auth", "login", "--format", "json"].iter().chain(words)).exits_with(3).error();
        assert_eq!(error["code"], "client_secrets_invalid");
        assert!(error["message"].as_str().unwrap().contains(why), "{error}");
        assert!(error["message"].as_str().unwrap().contains("web client"), "{error}");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains("?project=123456789012"), "{error}");
        assert!(words.is_empty() || hint.contains("leave out --port, or add the redirect URI http://127.0.0.1:8086/"));
    }
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn a_web_client_that_waits_frees_both_ports_when_it_is_told_to_stop() {
    let sandbox = Sandbox::new();
    let port = pending_login::free_port();
    web(&sandbox, &[&format!("http://localhost:{port}/")]);
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    waiting.signal(Signal::INT);
    waiting.finish(&sandbox).exits_with(130);
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
}

#[test]
fn a_client_file_is_read_from_standard_input() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["auth", "login", "--client-secrets", "-"]);
    command.stdin(std::fs::File::open(sandbox.client_secrets()).unwrap());
    sandbox.finish(command).success();
    assert!(sandbox.record_path("emulator@example.com").exists());
}

#[test]
fn standard_input_is_not_read_for_two_arguments() {
    let sandbox = Sandbox::new();
    let client = ["--client-secrets", "-"];
    let key = ["--service-account=-", "--impersonate", "emulator@example.com"];
    for (before, words) in [
        (&client[..], &["spaces", "delete", "--from", "-", "--yes"][..]),
        (&client, &["spaces", "create", "--json=-"]),
        (&client, &["auth", "import", "-"]),
        (&client, &["api", "POST", "v1/spaces", "--input", "-"]),
        (&key, &["api", "POST", "v1/spaces", "-F", "displayName=@-"]),
        (&key, &["spaces", "create", "--from", "-"]),
        (&[], &["api", "POST", "v1/spaces", "-F", "a=@-", "-Fb=@-"]),
        (&[], &["api", "POST", "v1/spaces", "--input", "-", "-F", "a=@-"]),
    ] {
        let mut command = sandbox.command([before, words, &["--format", "json"]].concat());
        command.stdin(std::fs::File::open(sandbox.client_secrets()).unwrap());
        let error = sandbox.finish(command).exits_with(2).error();
        assert_eq!(error["message"], "standard input can be read only once", "{words:?}");
    }
    assert!(sandbox.control().requests().is_empty());
}
