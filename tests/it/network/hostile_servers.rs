//! Servers that are not what they should be: where tokens do not go, and what has an end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::support::sandbox::Sandbox;
use crate::support::stage::{ACCOUNT, Received, ScriptedServer, answer, move_token_endpoint, record_bytes};

/// A create that is to fail, with JSON errors and a second for each request.
const CREATE: [&str; 9] = ["spaces", "create", "--name", "x", "--no-input", "--format", "json", "--timeout", "1"];

fn logged_in() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox
}

fn at<'a>(endpoint: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    words.iter().copied().chain(["--api-endpoint", endpoint]).collect()
}

/// Ends an operation at once.
fn enough() -> Vec<u8> {
    answer(503, &["Retry-After: 3600"], "")
}

#[test]
fn property_50_tokens_go_to_https_and_to_this_machine_and_nowhere_else() {
    let sandbox = logged_in();
    let port = sandbox.origin().rsplit_once(':').unwrap().1.to_owned();
    let before = record_bytes(&sandbox);
    for bad in [
        "http://chat.googleapis.com",
        "http://192.0.2.1",
        "http://127.0.0.1.evil.test:PORT",
        "http://localhost.evil.test:PORT",
        "http://user@127.0.0.1:PORT",
        "http://user:secret@127.0.0.1:PORT",
        "https://user@chat.googleapis.com",
        "http://127.1:PORT",
        "http://2130706433:PORT",
        "http://0x7f000001:PORT",
        "http://0177.0.0.1:PORT",
        "http://[::ffff:127.0.0.1]:PORT",
        "http://0.0.0.0:PORT",
        "http://[::]:PORT",
        "http://\u{ff11}27.0.0.1:PORT",
        "http://127.0.0.1:PORT\\@evil.test",
        "http:\\\\127.0.0.1:PORT",
        "http:127.0.0.1:PORT",
        "http://127.0.0.1:PORT?x=",
        "http://127.0.0.1:PORT#",
        "http://127.0.0.1:PORT/\r\nX: y",
        "http://127.0.0.1%00.evil.test:PORT",
        " http://127.0.0.1:PORT",
        "ftp://127.0.0.1:PORT",
        "127.0.0.1:PORT",
        "//127.0.0.1:PORT",
        "evil",
    ] {
        let bad = bad.replace("PORT", &port);
        for words in
            [&["spaces", "create", "--name", "x", "--format", "json"][..], &["spaces", "list", "--format", "json"]]
        {
            let refused = sandbox.run(at(&bad, words));
            assert_eq!(refused.code(), Some(3), "{bad}: {}", refused.stderr);
            assert_eq!(refused.error()["code"], "endpoint_refused", "{bad}");
        }
        sandbox.run(at(&bad, &["spaces", "create", "--name", "x", "--dry-run"])).exits_with(3);
        let mut command = sandbox.command(["spaces", "create", "--name", "x"]);
        command.env("CHATAUTH_API_ENDPOINT", &bad);
        assert_eq!(sandbox.finish(command).code(), Some(3), "{bad} was taken from the environment");
        // The same holds for the endpoints of the client file, which get codes and refresh tokens.
        for member in ["token_uri", "auth_uri"] {
            let client = std::fs::read(sandbox.client_secrets()).unwrap();
            let mut other: Value = serde_json::from_slice(&client).unwrap();
            other["installed"][member] = Value::from(bad.as_str());
            std::fs::write(sandbox.client_secrets(), other.to_string()).unwrap();
            let refused = sandbox.run(["auth", "login", "--wait", "1"]);
            std::fs::write(sandbox.client_secrets(), client).unwrap();
            // `auth_uri` may have a query, and spaces around an address in a file are nobody's trick.
            if !(member == "auth_uri" && bad.contains('?') || bad.starts_with(' ')) {
                assert_eq!(refused.code(), Some(3), "{member} {bad}: {}", refused.stderr);
            }
        }
    }
    // A login whose leading space was forgiven came as far as the browser, and nothing else did.
    let requests = sandbox.control().requests();
    assert!(requests.iter().all(|request| request.method == "GET" || request.path == "/"), "{requests:?}");
    assert!(record_bytes(&sandbox) == before);
    for good in ["http://127.0.0.1:PORT", "http://127.0.0.1:PORT/", "http://localhost:PORT", "http://LOCALHOST:PORT"] {
        sandbox.run(at(&good.replace("PORT", &port), &CREATE)).success();
    }
}

#[test]
fn property_51_redirects_are_not_followed() {
    let trap = ScriptedServer::answering(|_, _| answer(200, &[], "{}"));
    for status in [301, 302, 303, 307, 308] {
        let sandbox = logged_in();
        let elsewhere = trap.origin();
        for location in [format!("Location: {elsewhere}/v1/spaces"), "Location: /elsewhere".to_owned()] {
            let api = ScriptedServer::answering(move |_, _| answer(status, &[&location], ""));
            let failed = sandbox.run(at(&api.origin(), &CREATE)).exits_with(6);
            assert_eq!(api.received().len(), 1, "{status}");
            assert!(failed.stderr.contains("redirect"), "{}", failed.stderr);
        }
        sandbox.expire_stored_token(ACCOUNT);
        for location in [format!("Location: {elsewhere}/token"), "Location: /elsewhere".to_owned()] {
            let server = ScriptedServer::answering(move |_, _| answer(status, &[&location], ""));
            move_token_endpoint(&sandbox, &format!("{}/token", server.origin()));
            let before = record_bytes(&sandbox);
            sandbox.run(CREATE).exits_with(6);
            assert_eq!(server.received().len(), 1, "{status}");
            assert!(record_bytes(&sandbox) == before, "{status}");
        }
        assert!(sandbox.control().requests().is_empty());
    }
    assert!(trap.received().is_empty(), "{:?}", trap.received());
}

/// Does something odd with the first request, and ends the matter at the second.
fn odd_first(odd: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> ScriptedServer {
    ScriptedServer::doing(move |mut stream, _: Received, before| {
        if before == 0 {
            odd(&mut stream);
        } else {
            let _ = stream.write_all(&enough());
        }
    })
}

fn silence(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0]);
}

/// A byte now and then, and never the last one.
fn drip(stream: &mut TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{");
    while stream.write_all(b" ").is_ok() {
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn property_54_silence_and_dripping_have_an_end() {
    for odd in [silence as fn(&mut TcpStream), drip] {
        let sandbox = logged_in();
        let api = odd_first(odd);
        let failed = sandbox.run(at(&api.origin(), &CREATE)).exits_with(6);
        assert_eq!(failed.error()["code"], "outcome_unknown", "the server may have acted");
        assert_eq!(api.received().len(), 2);

        sandbox.expire_stored_token(ACCOUNT);
        let server = odd_first(odd);
        move_token_endpoint(&sandbox, &format!("{}/token", server.origin()));
        let before = record_bytes(&sandbox);
        let failed = sandbox.run(CREATE).exits_with(6);
        assert!(matches!(failed.error()["code"].as_str(), Some("network" | "server_error")), "{}", failed.stderr);
        assert_eq!(server.received().len(), 1, "never again after the answer may have been lost");
        assert!(record_bytes(&sandbox) == before);
    }
}

#[test]
fn property_55_an_answer_without_end_is_read_up_to_a_cap() {
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let endless = move |stream: &mut TcpStream| {
        let chunk = vec![b' '; 64 * 1024];
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&chunk).is_ok() && count.load(Ordering::SeqCst) < 256 * 1024 * 1024 {
            count.fetch_add(chunk.len(), Ordering::SeqCst);
        }
    };
    let patient: Vec<&str> = CREATE.into_iter().map(|word| if word == "1" { "30" } else { word }).collect();
    let sandbox = logged_in();
    let api = odd_first(endless.clone());
    let failed = sandbox.run(at(&api.origin(), &patient)).exits_with(6);
    assert_eq!(failed.error()["code"], "outcome_unknown");
    // What was on its way in buffers when the client hung up is not what it read.
    assert!(written.swap(0, Ordering::SeqCst) < 32 * 1024 * 1024);
    let request = api.received()[0].head.to_lowercase();
    assert!(!request.contains("accept-encoding"), "nothing is unpacked, so nothing is asked for: {request}");

    sandbox.expire_stored_token(ACCOUNT);
    let server = odd_first(endless);
    move_token_endpoint(&sandbox, &format!("{}/token", server.origin()));
    sandbox.run(&patient).exits_with(6);
    assert!(written.load(Ordering::SeqCst) < 32 * 1024 * 1024);
}

#[test]
fn loopback_never_goes_through_a_proxy() {
    let sandbox = logged_in();
    sandbox.expire_stored_token(ACCOUNT);
    let proxy = ScriptedServer::answering(|_, _| answer(502, &[], ""));
    let mut command = sandbox.command(CREATE);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, proxy.origin());
    }
    sandbox.finish(command).success();
    assert!(proxy.received().is_empty(), "{:?}", proxy.received());
}

#[test]
fn property_73_the_bearer_goes_to_the_configured_origin_only() {
    let sandbox = logged_in();
    for path in ["", "/", "/base", "/base/", "/v1/../..", "/..%2f..", "//evil.test", "/@evil.test", "/%0d%0aX:y"] {
        let api = ScriptedServer::answering(|_, _| answer(200, &[], r#"{"name":"spaces/A"}"#));
        let endpoint = format!("{}{path}", api.origin());
        let finished = sandbox.run(at(&endpoint, &CREATE));
        match finished.code() {
            Some(0) => {
                let [request] = &api.received()[..] else { panic!("{path}") };
                let target = request.head.split(' ').nth(1).unwrap();
                assert!(target.contains("/v1/spaces?requestId="), "{path}: {target}");
                assert!(!request.head.to_lowercase().contains("\r\nx:y"), "{path}");
                let host = format!("host: {}", api.origin().trim_start_matches("http://"));
                assert!(request.head.to_lowercase().contains(&host), "{path}: {}", request.head);
            }
            code => assert_eq!(code, Some(3), "{path}: {}", finished.stderr),
        }
    }
}
