//! Servers that break HTTP: whatever they do, it ends, it costs no memory, and nothing is made twice.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::service_account::key_file;
use crate::support::stage::{
    ACCOUNT, Received, ScriptedServer, answer, move_token_endpoint, read_request, record_bytes, wrapped,
};

const SPACE: &str = r#"{"name":"spaces/AAA","displayName":"x","spaceType":"SPACE"}"#;

/// What a server does on a connection on which the request has not been read yet.
type Act = fn(TcpStream) -> Option<Received>;

/// Reads the request and answers with these bytes, then hangs up.
fn says(stream: TcpStream, bytes: &[u8]) -> Option<Received> {
    let request = read_request(&stream)?;
    let mut stream = stream;
    let _ = stream.write_all(bytes);
    Some(request)
}

/// Reads the request and answers with the same bytes for ever.
fn repeats(stream: TcpStream, first: &[u8], again: &'static [u8], pause: Duration) -> Option<Received> {
    let request = read_request(&stream)?;
    let mut stream = stream;
    let _ = stream.write_all(first);
    std::thread::spawn(move || {
        while stream.write_all(again).is_ok() {
            if !pause.is_zero() {
                std::thread::park_timeout(pause);
            }
        }
    });
    Some(request)
}

/// Everything that is no answer, and its name.
const TROUBLES: &[(&str, Act)] = &[
    ("a body shorter than its length", |stream| {
        says(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"name\":")
    }),
    ("a body longer than its length", |stream| {
        says(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{\"name\":\"spaces/other\"}")
    }),
    ("two lengths", |stream| {
        says(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 30\r\n\r\n{\"name\":\"spaces/other\"}")
    }),
    ("a length below zero", |stream| says(stream, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}")),
    ("a length that is no number", |stream| says(stream, b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}")),
    ("a length beyond all numbers", |stream| {
        says(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}")
    }),
    ("a chunk cut off", |stream| {
        says(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{\"name\":\"spaces/other\"}")
    }),
    ("a chunk size that is none", |stream| {
        says(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsome\r\n{}\r\n0\r\n\r\n")
    }),
    ("a chunk without end", |stream| {
        repeats(
            stream,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
            &[b' '; 65536],
            Duration::ZERO,
        )
    }),
    ("a coding that was not asked for", |stream| {
        says(
            stream,
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c",
        )
    }),
    ("another protocol", |stream| says(stream, b"SSH-2.0-OpenSSH_9.9\r\n")),
    ("noise", |stream| says(stream, &[0, 255, 27, 91, 50, 74, 13, 10, 13, 10])),
    ("nothing", |stream| says(stream, b"")),
    ("half a status line", |stream| says(stream, b"HTTP/1.1 2")),
    ("a status that is none", |stream| says(stream, b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}")),
    ("half a head", |stream| says(stream, b"HTTP/1.1 200 OK\r\nContent-Le")),
    ("headers without end", |stream| repeats(stream, b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", Duration::ZERO)),
    ("a header without end", |stream| repeats(stream, b"HTTP/1.1 200 OK\r\nX: ", &[b'y'; 65536], Duration::ZERO)),
    ("a head that drips", |stream| repeats(stream, b"HTTP/1.1 200 OK\r\nX: ", b"y", Duration::from_millis(20))),
    ("hints without end", |stream| repeats(stream, b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", Duration::from_millis(1))),
    ("a reset", |stream| {
        // What is unread when a socket closes makes the kernel reset the connection.
        let _ = stream.peek(&mut [0]);
        Some(Received { head: String::new(), body: String::new() })
    }),
];

/// A server that gives the first connection to an act and answers all others with `after`.
struct Trouble {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    over: Arc<AtomicBool>,
}

impl Trouble {
    fn first(act: Act, after: Vec<u8>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let server = Self { address: listener.local_addr().unwrap(), received: Arc::default(), over: Arc::default() };
        let (received, over) = (Arc::clone(&server.received), Arc::clone(&server.over));
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                // Held meanwhile, so that whoever has the response finds the request.
                let mut received = received.lock().unwrap();
                received.extend(if number == 0 { act(stream) } else { says(stream, &after) });
            }
        });
        server
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Trouble {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// Runs a command that may have 512 MiB of address space and no byte more.
fn within_memory(sandbox: &Sandbox, plain: &Command) -> Finished {
    let script = "ulimit -v 524288; exec \"$0\" \"$@\"";
    let finished =
        sandbox.finish(wrapped(plain, &["sh".as_ref(), "-c".as_ref(), script.as_ref(), plain.get_program()]));
    assert!(finished.code().is_some(), "{:?}: {}", finished.status, finished.stderr);
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    finished
}

fn target(request: &Received) -> &str {
    request.head.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn property_54_whatever_the_api_does_the_create_ends_and_is_one_request() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for (name, act) in TROUBLES {
        let api = Trouble::first(*act, answer(200, &[], SPACE));
        let words =
            ["spaces", "create", "--name", "x", "--no-input", "--timeout", "1", "--api-endpoint", &api.origin()];
        let finished = within_memory(&sandbox, &sandbox.command(words));
        assert_eq!(finished.code(), Some(0), "{name}: {}", finished.stderr);
        assert_eq!(finished.json()["name"], "spaces/AAA", "{name}");
        let requests = api.received();
        assert_eq!(requests.len(), 2, "{name}");
        let seen: Vec<_> = requests.iter().filter(|request| !request.head.is_empty()).collect();
        assert!(target(seen[0]).starts_with("/v1/spaces?requestId="), "{name}");
        assert!(seen.iter().all(|request| target(request) == target(seen[0])), "{name}: another request id");
        assert!(seen.iter().all(|request| request.body == seen[0].body), "{name}: another body");
    }
}

#[test]
fn property_59_an_answer_that_never_comes_whole_is_an_unknown_outcome() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for (name, act) in TROUBLES {
        let api = Trouble::first(*act, answer(503, &["Retry-After: 3600"], ""));
        let words = ["spaces", "create", "--name", "x", "--no-input", "--format", "json", "--timeout", "1"];
        let failed = sandbox.run(words.iter().chain(&["--api-endpoint", &api.origin()])).exits_with(6);
        let error = failed.error();
        assert_eq!(error["code"], "outcome_unknown", "{name}: {error}");
        let id = error["requestId"].as_str().unwrap();
        assert!(target(api.received().last().unwrap()).contains(id), "{name}: {error}");
    }
}

#[test]
fn property_59_a_request_that_a_proxy_gave_up_has_an_unknown_outcome() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let given_up = |stream| says(stream, b"HTTP/1.1 499 Client Closed Request\r\nContent-Length: 0\r\n\r\n");
    let api = Trouble::first(given_up, answer(200, &[], SPACE));
    let words = ["spaces", "create", "--name", "x", "--no-input", "--format", "json", "--api-endpoint"];
    let error = sandbox.run(words.iter().copied().chain([api.origin().as_str()])).exits_with(6).error();
    assert_eq!((&error["code"], &error["outcome"]), (&"outcome_unknown".into(), &"unknown".into()), "{error}");
}

#[test]
fn property_54_whatever_the_token_endpoint_does_the_refresh_ends_and_is_sent_once() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    for (name, act) in TROUBLES {
        let server = Trouble::first(*act, answer(400, &[], r#"{"error":"invalid_grant"}"#));
        move_token_endpoint(&sandbox, &format!("{}/token", server.origin()));
        let before = record_bytes(&sandbox);
        let words = ["spaces", "create", "--name", "x", "--no-input", "--format", "json", "--timeout", "1"];
        let failed = within_memory(&sandbox, &sandbox.command(words)).exits_with(6);
        let code = failed.error()["code"].clone();
        assert!(code == "network" || code == "server_error", "{name}: {}", failed.stderr);
        assert_eq!(server.received().len(), 1, "{name}: a refresh token was sent again");
        assert!(record_bytes(&sandbox) == before, "{name}: the record changed");
    }
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn property_54_a_login_and_a_logout_end_too() {
    for (name, act) in TROUBLES {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        let before = record_bytes(&sandbox);
        let server = Trouble::first(*act, answer(503, &[], ""));
        move_token_endpoint(&sandbox, &format!("{}/token", server.origin()));
        let moved = record_bytes(&sandbox);
        assert!(moved != before);
        sandbox.run(["auth", "login", "--timeout", "3"]).exits_with(6);
        assert_eq!(server.received().len(), 1, "{name}: a code was sent twice");
        assert!(record_bytes(&sandbox) == moved, "{name}");
        let server = Trouble::first(*act, answer(503, &[], ""));
        move_token_endpoint(&sandbox, &format!("{}/token", server.origin()));
        let moved = record_bytes(&sandbox);
        let failed = sandbox.run(["auth", "logout", "--timeout", "3"]);
        // A head that says 200 is all that a revocation needs; its body means nothing.
        let headed = matches!(failed.code(), Some(0)) && !sandbox.record_path(ACCOUNT).exists();
        assert!(headed || failed.code() == Some(6) && record_bytes(&sandbox) == moved, "{name}: {}", failed.stderr);
    }
}

#[test]
fn property_55_a_service_accounts_token_endpoint_cannot_fill_the_memory() {
    let sandbox = Sandbox::new();
    for (name, act) in TROUBLES {
        let server = Trouble::first(*act, answer(400, &[], r#"{"error":"invalid_grant"}"#));
        let key = key_file(&sandbox, &format!("{}/token", server.origin()));
        let words = ["auth", "token", "--scope", "chat.spaces", "--impersonate", ACCOUNT, "--format", "json"];
        let mut command = sandbox.command(words);
        command.args(["--timeout", "5", "--service-account"]).arg(key);
        let failed = within_memory(&sandbox, &command);
        // The second answer, where there was a second question, is a refusal.
        assert!(matches!(failed.code(), Some(4 | 6)), "{name}: {}", failed.stderr);
        assert!(server.received().len() <= 3, "{name}");
    }
}

#[test]
fn property_54_a_proxy_that_never_answers_is_no_longer_waited_for_than_a_server() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    move_token_endpoint(&sandbox, "https://oauth.test/token");
    let before = record_bytes(&sandbox);
    for silent in [true, false] {
        let proxy = ScriptedServer::doing(move |mut stream, _, _| {
            if silent {
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            } else {
                // The connection is there, and nobody speaks TLS on it.
                let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\nSSH-2.0-x\r\n");
            }
        });
        let mut command = sandbox.command(["auth", "token", "--no-input", "--format", "json", "--timeout", "1"]);
        command.env("HTTPS_PROXY", proxy.origin());
        let failed = sandbox.finish(command).exits_with(6);
        assert_eq!(failed.error()["code"], "network", "{}", failed.stderr);
        let heads: Vec<String> = proxy.received().into_iter().map(|request| request.head).collect();
        assert_eq!(heads.len(), 3, "nothing was sent, so it is tried again: {}", failed.stderr);
        assert!(heads.iter().all(|head| head.starts_with("CONNECT oauth.test:443 ")), "{heads:?}");
    }
    assert!(record_bytes(&sandbox) == before, "the record changed");
}
