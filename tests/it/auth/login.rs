//! A login from its URL to its end: what is sent, what ends it, and what it leaves behind.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::mpsc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatauth::emulator::{Consent, Endpoint, Fault};
use rustix::process::Signal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::pending_login::{self, PendingLogin};
use crate::support::sandbox::{Sandbox, TEST_TIMEOUT};
use crate::support::stage::ScriptedServer;

const ACCOUNT: &str = "emulator@example.com";

/// Nothing was left in the store.
#[track_caller]
fn nothing_is_stored(sandbox: &Sandbox) {
    assert_eq!(sandbox.run(["auth", "status"]).code(), Some(4), "something was stored");
    assert!(!sandbox.record_path(ACCOUNT).exists());
}

#[test]
fn property_1_the_challenge_in_the_url_is_that_of_the_verifier_that_is_sent() {
    let sandbox = Sandbox::new();
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    let (challenge, redirect_uri) = (waiting.parameter("code_challenge"), waiting.parameter("redirect_uri"));
    assert_eq!(waiting.parameter("code_challenge_method"), "S256");
    assert_eq!(challenge.len(), 43);
    waiting.succeeds(&sandbox);
    let requests = sandbox.control().requests_to(Endpoint::Token);
    let [request] = &requests[..] else { panic!("{} token requests", requests.len()) };
    let verifier = request.form("code_verifier").unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)), challenge);
    assert_eq!(request.form("redirect_uri").unwrap(), redirect_uri);
    assert_eq!(request.form("grant_type").unwrap(), "authorization_code");
    assert!(request.query.is_empty() && request.header("authorization").is_none(), "secrets outside the body");
}

#[test]
fn property_2_every_attempt_has_a_state_and_a_challenge_of_its_own() {
    let sandbox = Sandbox::new();
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let waiting = PendingLogin::log_in(&sandbox, &[]);
        let state = waiting.state();
        let bits = URL_SAFE_NO_PAD.decode(&state).expect("the state is no base64url").len() * 8;
        assert!(bits >= 128, "{bits} bits");
        assert!(seen.insert(state) && seen.insert(waiting.parameter("code_challenge")), "repeated");
        waiting.succeeds(&sandbox);
    }
    for request in sandbox.control().requests_to(Endpoint::Token) {
        let verifier = request.form("code_verifier").unwrap();
        assert!((43..=128).contains(&verifier.len()));
        assert!(verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
        assert!(seen.insert(verifier), "repeated");
    }
}

#[test]
fn property_3_a_code_of_another_attempt_cannot_be_exchanged() {
    let sandbox = Sandbox::new();
    let port = pending_login::free_port().to_string();
    let first = PendingLogin::log_in(&sandbox, &["--port", &port]);
    let code = pending_login::parameter(&first.redirected(), "code");
    first.signal(Signal::TERM);
    first.finish(&sandbox).exits_with(143);
    // Same port, so that nothing but the verifier tells the attempts apart.
    let second = PendingLogin::log_in(&sandbox, &["--port", &port, "--format", "json"]);
    assert_eq!(second.call_back(&format!("state={}&code={code}", second.state())).status, 200);
    let error = second.finish(&sandbox).exits_with(4).error();
    assert!(error["message"].as_str().unwrap().contains("Invalid code verifier"), "{error}");
    assert_eq!(error["code"], "login_refused");
    assert!(!error["message"].as_str().unwrap().contains("saved login"), "there is none: {error}");
    nothing_is_stored(&sandbox);
}

#[test]
fn property_3_without_its_verifier_a_code_is_worth_nothing() {
    let sandbox = Sandbox::new();
    let emulator = sandbox.origin().trim_start_matches("http://").to_owned();
    // Stands before the emulator, and loses the verifier on the way.
    let thief = ScriptedServer::answering(move |request, _| {
        let fields = form_urlencoded::parse(request.body.as_bytes()).filter(|(name, _)| name != "code_verifier");
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut stream = std::net::TcpStream::connect(&emulator).unwrap();
        let head = format!(
            "POST /token HTTP/1.1\r\nHost: {emulator}\r\nConnection: close\r\nContent-Length: {}\r\n\
            Content-Type: application/x-www-form-urlencoded\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    let mut client: Value = serde_json::from_str(&sandbox.emulator().client_secrets()).unwrap();
    client["installed"]["token_uri"] = json!(format!("{}/token", thief.origin()));
    std::fs::write(sandbox.client_secrets(), client.to_string()).unwrap();
    let error = sandbox.run(["auth", "login", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "login_refused", "{error}");
    let requests = sandbox.control().requests_to(Endpoint::Token);
    assert!(requests.len() == 1 && requests[0].form("code").is_some(), "the emulator was not asked");
    nothing_is_stored(&sandbox);
}

#[test]
fn the_authorization_request_asks_for_what_the_contract_says() {
    let sandbox = Sandbox::new();
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    for (name, value) in [
        ("response_type", "code"),
        ("access_type", "offline"),
        ("prompt", "select_account consent"),
        (
            "scope",
            "https://www.googleapis.com/auth/chat.spaces.create https://www.googleapis.com/auth/userinfo.email openid",
        ),
    ] {
        assert_eq!(waiting.parameter(name), value, "{name}");
    }
    assert!(waiting.url.query_pairs().all(|(name, _)| name != "login_hint"));
    waiting.succeeds(&sandbox);
    let waiting =
        PendingLogin::log_in(&sandbox, &["--account", ACCOUNT, "--scope", "chat.spaces", "--scope", "openid"]);
    assert_eq!(waiting.parameter("login_hint"), ACCOUNT);
    assert_eq!(waiting.parameter("prompt"), "consent");
    assert!(waiting.parameter("scope").contains("auth/chat.spaces "), "{}", waiting.url);
    waiting.succeeds(&sandbox);
}

/// A token endpoint of its own: tells about the first request, and answers it with what it is told to.
fn token_endpoint(sandbox: &Sandbox) -> (mpsc::Receiver<String>, mpsc::Sender<String>, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client: Value = serde_json::from_str(&sandbox.emulator().client_secrets()).unwrap();
    client["installed"]["token_uri"] = json!(format!("http://{}/token", listener.local_addr().unwrap()));
    std::fs::write(sandbox.client_secrets(), client.to_string()).unwrap();
    let (tell, told) = mpsc::channel();
    let (answer, answers) = mpsc::channel::<String>();
    let accepting = listener.try_clone().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = accepting.accept().unwrap();
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&bytes).contains("code_verifier=") {
            match stream.read(&mut buffer) {
                Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
                _ => return,
            }
        }
        tell.send(String::from_utf8(bytes).unwrap()).unwrap();
        stream.write_all(answers.recv().unwrap().as_bytes()).unwrap();
    });
    (told, answer, listener)
}

#[test]
fn property_14_the_socket_is_closed_before_the_code_is_exchanged() {
    let sandbox = Sandbox::new();
    let (told, answer, endpoint) = token_endpoint(&sandbox);
    let waiting = PendingLogin::log_in(&sandbox, &["--format", "json"]);
    let address = waiting.address();
    assert!(pending_login::is_open(address));
    assert_eq!(waiting.consent().status, 200);
    let request = told.recv_timeout(TEST_TIMEOUT).unwrap();
    assert!(request.contains("grant_type=authorization_code"));
    // The exchange is under way, and its answer is in our hands: a second callback finds nobody.
    assert!(!pending_login::is_open(address), "the port is open during the exchange");
    pending_login::check_listening(waiting.id(), &[]);
    answer
        .send(String::from("HTTP/1.1 400 Bad Request\r\nContent-Length: 25\r\n\r\n{\"error\":\"invalid_grant\"}\n"))
        .unwrap();
    waiting.finish(&sandbox).exits_with(4);
    endpoint.set_nonblocking(true).unwrap();
    assert!(endpoint.accept().is_err(), "a second exchange");
    nothing_is_stored(&sandbox);
}

#[test]
fn property_16_a_login_that_nobody_answers_ends_in_time_and_leaves_no_trace() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let before = std::fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    let waiting = PendingLogin::log_in(&sandbox, &["--wait", "1", "--format", "json"]);
    let address = waiting.address();
    let error = waiting.finish(&sandbox).exits_with(4).error();
    assert_eq!(error["code"], "login_timed_out");
    let hint = error["hint"].as_str().unwrap();
    for advice in
        ["access_denied", "org_internal", "admin_policy_enforced", "redirect_uri_mismatch", "project=123456789012"]
    {
        assert!(hint.contains(advice), "{hint}");
    }
    assert!(!pending_login::is_open(address));
    assert_eq!(std::fs::read(sandbox.record_path(ACCOUNT)).unwrap(), before);
}

#[test]
fn a_cancelled_consent_ends_the_login_at_once() {
    let sandbox = Sandbox::new();
    sandbox.control().change_options(|options| options.consent = Consent::Deny);
    for words in [&["auth", "login", "--format", "json"][..], &["spaces", "create", "--name", "x", "--format", "json"]]
    {
        let error = sandbox.run(words).exits_with(4).error();
        assert_eq!(error["code"], "login_refused");
        assert!(error["message"].as_str().unwrap().contains("access_denied"), "{error}");
        // With all that was asked for, where the command only logs in.
        let repeated = if words[0] == "auth" { words.join(" ") } else { String::from("auth login") };
        assert!(error["hint"].as_str().unwrap().ends_with(&format!(" {repeated}")), "{error}");
    }
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 0);
    nothing_is_stored(&sandbox);
}

#[test]
fn property_69_signals_while_waiting_end_the_login_and_free_the_port() {
    let sandbox = Sandbox::new();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        // Often, because the signal may come at any moment after the URL.
        for _ in 0..10 {
            let waiting = PendingLogin::log_in(&sandbox, &["--format", "json"]);
            let address = waiting.address();
            waiting.signal(signal);
            let finished = waiting.finish(&sandbox).exits_with(code);
            assert_eq!(finished.error()["code"], "interrupted");
            assert!(!pending_login::is_open(address));
        }
    }
    assert!(sandbox.control().requests().is_empty());
    nothing_is_stored(&sandbox);
}

#[test]
fn a_signal_during_the_exchange_stores_nothing() {
    let sandbox = Sandbox::new();
    let (told, answer, _endpoint) = token_endpoint(&sandbox);
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    waiting.consent();
    told.recv_timeout(TEST_TIMEOUT).unwrap();
    waiting.signal(Signal::INT);
    waiting.finish(&sandbox).exits_with(130);
    drop(answer);
    nothing_is_stored(&sandbox);
}

#[test]
#[ignore = "waits for longer than a refresh may take"]
fn the_exchange_of_a_code_has_the_time_of_one_request() {
    let sandbox = Sandbox::new();
    sandbox.control().add_fault("token:delay=16s".parse().unwrap());
    sandbox.run(["auth", "login"]).success();
}

#[test]
fn the_code_is_sent_once_whatever_becomes_of_the_answer() {
    for (fault, exit, code) in [
        ("token:drop-after", 6, "network"),
        ("token:drop-before", 6, "network"),
        ("token:status=503", 6, "server_error"),
        ("token:status=500,commit", 6, "server_error"),
        ("token:status=429,retry-after=1", 6, "rate_limited"),
        ("token:garbage", 6, "server_error"),
        ("token:html", 6, "server_error"),
        ("token:empty", 6, "server_error"),
        ("token:truncate", 6, "server_error"),
        ("token:huge", 6, "server_error"),
        ("token:reason=invalid_grant", 4, "login_refused"),
        ("token:reason=invalid_client", 4, "client_rejected"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.control().add_fault(fault.parse::<Fault>().unwrap());
        let error = sandbox.run(["auth", "login", "--format", "json"]).exits_with(exit).error();
        assert_eq!(error["code"], code, "{fault}: {error}");
        assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1, "{fault}");
        assert_eq!(sandbox.control().requests_to(Endpoint::Authorize).len(), 1, "{fault}");
        nothing_is_stored(&sandbox);
    }
}

#[test]
fn a_token_endpoint_that_redirects_is_not_followed() {
    let sandbox = Sandbox::new();
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let fault = format!("token:redirect=http://{}/token", target.local_addr().unwrap());
    sandbox.control().add_fault(fault.parse().unwrap());
    sandbox.run(["auth", "login"]).exits_with(6);
    target.set_nonblocking(true).unwrap();
    assert!(target.accept().is_err(), "the code went elsewhere");
    nothing_is_stored(&sandbox);
}

#[test]
fn a_port_that_is_taken_is_said_before_the_browser_opens() {
    let sandbox = Sandbox::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = sandbox.run(["auth", "login", "--port", &port, "--format", "json"]).exits_with(3).error();
    assert_eq!(error["code"], "port_unavailable");
    assert!(error["message"].as_str().unwrap().contains(&port), "{error}");
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn a_login_over_a_login_replaces_the_record() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let before = sandbox.record(ACCOUNT);
    sandbox.run(["auth", "login", "--scope", "chat.spaces.readonly"]).success();
    let after = sandbox.record(ACCOUNT);
    for member in ["refresh_token", "access_token", "granted_scopes"] {
        assert_ne!(before[member], after[member], "{member}");
    }
    assert_eq!(before["sub"], after["sub"]);
    let token = sandbox.run(["auth", "token"]).success().stdout;
    assert_eq!(token.trim_end(), after["access_token"].as_str().unwrap());
}

/// `auth login` with a pipe as standard input.
fn with_pipe(sandbox: &Sandbox, words: &[&str]) -> (PendingLogin, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = sandbox.command(words);
    command.stdin(Stdio::from(reader));
    (PendingLogin::start(command), writer)
}

#[test]
fn property_18_an_address_that_is_piped_into_a_login_is_read() {
    for end in ["\n", "", "\r\n"] {
        let sandbox = Sandbox::new();
        let (waiting, mut pipe) = with_pipe(&sandbox, &["auth", "login", "--no-browser"]);
        let address = waiting.redirected();
        writeln!(pipe, "http://127.0.0.1/?state=guess&code=x").unwrap();
        waiting.transcript().wait_for_text("That is not the address");
        assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 0);
        write!(pipe, "{address}{end}").unwrap();
        drop(pipe);
        waiting.finish(&sandbox).success();
    }
}

#[test]
fn only_a_login_reads_standard_input() {
    let sandbox = Sandbox::new();
    let input = sandbox.path("script");
    std::fs::write(&input, "the next line of the script\n").unwrap();
    let file = std::fs::File::open(&input).unwrap();
    let mut command = sandbox.command(["spaces", "create", "--name", "x"]);
    command.stdin(file.try_clone().unwrap());
    sandbox.finish(command).success();
    assert_eq!(std::io::read_to_string(file).unwrap(), "the next line of the script\n");
}

#[test]
fn an_endless_pipe_does_not_keep_a_login_from_its_answer() {
    let sandbox = Sandbox::new();
    let (waiting, mut pipe) = with_pipe(&sandbox, &["auth", "login", "--no-browser"]);
    let writer = std::thread::spawn(move || while pipe.write_all(b"y\n").is_ok() {});
    waiting.succeeds(&sandbox);
    writer.join().unwrap();
}

#[test]
fn over_ssh_the_way_from_another_machine_is_told_even_where_a_browser_starts() {
    let sandbox = Sandbox::new();
    for words in [&["auth", "login"][..], &["auth", "login", "--no-browser"]] {
        let mut command = sandbox.command(words);
        command
            .env("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
            .env("DISPLAY", "localhost:10.0")
            .env("BROWSER", "/bin/true");
        let waiting = PendingLogin::start(command);
        let (port, said) = (waiting.port(), waiting.transcript().text());
        assert!(said.contains(&format!("ssh -L {port}:127.0.0.1:{port} THIS-MACHINE")), "{said}");
        assert!(said.contains("standard input"), "{said}");
        waiting.succeeds(&sandbox);
    }
}
