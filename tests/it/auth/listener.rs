//! The loopback listener: whom it believes, and what strangers can do to it.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use chatauth::emulator::Endpoint;

use crate::support::ordinary_user::not_run;
use crate::support::pending_login::{self, PendingLogin, Reply};
use crate::support::sandbox::{Sandbox, TEST_TIMEOUT};
use crate::support::tls_front::own_address;

/// Nothing was asked of the token endpoint, and nothing is stored.
#[track_caller]
fn nothing_came_of_it(sandbox: &Sandbox) {
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 0, "a code was exchanged");
    assert_eq!(sandbox.run(["auth", "status"]).code(), Some(4), "something was stored");
}

fn is_a_constant_page(reply: &Reply) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("content-type", "text/html; charset=utf-8"),
        ("connection", "close"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    let policy = reply.header("content-security-policy").unwrap();
    for directive in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(!policy.contains("script"), "{policy}");
    assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));
    assert!(!reply.body.contains("<script") && !reply.body.contains("http"), "{}", reply.body);
}

#[test]
fn property_4_a_callback_without_our_state_changes_nothing() {
    let sandbox = Sandbox::new();
    let mut waiting = PendingLogin::log_in(&sandbox, &[]);
    let state = waiting.state();
    let other = PendingLogin::log_in(&sandbox, &[]);
    for query in [
        String::from("code=4/emulator-x"),
        String::from("state=&code=4/emulator-x"),
        String::from("state=wrong&code=4/emulator-x"),
        format!("state={}&code=4/emulator-x", other.state()),
        format!("state={}&code=4/emulator-x", &state[..state.len() - 1]),
        format!("state={state}x&code=4/emulator-x"),
        format!("state={}&code=4/emulator-x", state.to_lowercase()),
        format!("state={state}&state={state}&code=4/emulator-x"),
        format!("State={state}&code=4/emulator-x"),
        format!("code=4/emulator-x#state={state}"),
        // Ours, and no answer for all that.
        format!("state={state}"),
        format!("state={state}&code="),
        format!("state={state}&code=4/emulator-x&code=4/emulator-y"),
        format!("state={state}&code=4/emulator-x&error=access_denied"),
        format!("state={state}&error="),
        String::new(),
    ] {
        assert_eq!(waiting.call_back(&query).status, 404, "{query}");
    }
    waiting.still_waits();
    nothing_came_of_it(&sandbox);
    waiting.succeeds(&sandbox);
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1);
    other.signal(rustix::process::Signal::TERM);
    other.finish(&sandbox).exits_with(143);
}

#[test]
fn property_5_a_refusal_without_our_state_does_not_end_the_login() {
    let sandbox = Sandbox::new();
    let mut waiting = PendingLogin::log_in(&sandbox, &[]);
    for query in ["error=access_denied", "error=access_denied&state=", "error=access_denied&state=guess"] {
        assert_eq!(waiting.call_back(query).status, 404, "{query}");
    }
    waiting.still_waits();
    waiting.succeeds(&sandbox);
}

#[test]
fn property_6_a_refusal_with_our_state_ends_the_login_at_once() {
    let sandbox = Sandbox::new();
    let waiting = PendingLogin::log_in(&sandbox, &["--format", "json"]);
    let started = Instant::now();
    let reply =
        waiting.call_back(&format!("error=access_denied&error_subtype=access_denied_user&state={}", waiting.state()));
    assert_eq!(reply.status, 200);
    let finished = waiting.finish(&sandbox).exits_with(4);
    assert!(started.elapsed() < Duration::from_secs(10), "it waited for something else");
    assert_eq!(finished.error()["code"], "login_refused");
    assert!(finished.error()["message"].as_str().unwrap().contains("access_denied"), "{}", finished.stderr);
    nothing_came_of_it(&sandbox);
}

#[test]
fn property_7_exactly_one_socket_listens_and_only_on_loopback() {
    let sandbox = Sandbox::new();
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    pending_login::check_listening(waiting.id(), &[SocketAddr::from((Ipv4Addr::LOCALHOST, waiting.port()))]);
    match own_address() {
        Some(own) => assert!(!pending_login::is_open(SocketAddr::new(own, waiting.port())), "open to other machines"),
        None => not_run("property_7 (another address)", "this machine has loopback addresses only"),
    }
    waiting.succeeds(&sandbox);
}

#[test]
fn property_8_the_redirect_uri_is_the_bound_literal_and_port() {
    let sandbox = Sandbox::new();
    let port = pending_login::free_port();
    for words in [vec![], vec![String::from("--port"), port.to_string()]] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let waiting = PendingLogin::log_in(&sandbox, &words);
        let address = waiting.address();
        pending_login::check_listening(waiting.id(), &[address]);
        assert_eq!(waiting.parameter("redirect_uri"), format!("http://{address}/oauth2/callback"));
        assert_eq!(address.ip(), Ipv4Addr::LOCALHOST);
        assert!(words.is_empty() || address.port() == port);
        waiting.succeeds(&sandbox);
    }
}

#[test]
fn property_9_a_process_on_the_other_loopback_address_gets_nothing() {
    let sandbox = Sandbox::new();
    let Ok(stranger) = TcpListener::bind("[::1]:0") else {
        return not_run("property_9", "without IPv6 there is nobody who could be mistaken for us");
    };
    let port = stranger.local_addr().unwrap().port();
    sandbox.run(["auth", "login", "--port", &port.to_string()]).success();
    stranger.set_nonblocking(true).unwrap();
    assert_eq!(stranger.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "the browser went elsewhere");
}

#[test]
fn property_10_another_host_name_is_a_stranger_even_with_our_state() {
    let sandbox = Sandbox::new();
    let mut waiting = PendingLogin::log_in(&sandbox, &[]);
    let port = waiting.port();
    let target = format!("/oauth2/callback?state={}&code=4/emulator-x", waiting.state());
    for hosts in [
        String::new(),
        String::from("Host:\r\n"),
        String::from("Host: evil.test\r\n"),
        format!("Host: evil.test:{port}\r\n"),
        format!("Host: localhost.evil.test:{port}\r\n"),
        format!("Host: 127.0.0.1.evil.test:{port}\r\n"),
        format!("Host: localhost:{port}\r\n"),
        format!("Host: [::1]:{port}\r\n"),
        format!("Host: 127.1:{port}\r\n"),
        format!("Host: user@127.0.0.1:{port}\r\n"),
        String::from("Host: 127.0.0.1\r\n"),
        String::from("Host: 127.0.0.1:1\r\n"),
        format!("Host: 127.0.0.1:{port}0\r\n"),
        format!("Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}\r\n"),
        format!("Host: 127.0.0.1:{port}\r\nHost: evil.test\r\n"),
        format!("Host: evil.test\r\nHost: 127.0.0.1:{port}\r\n"),
        format!("Host: 127.0.0.1:{port}, evil.test\r\n"),
        format!("X-Forwarded-Host: 127.0.0.1:{port}\r\nHost: evil.test\r\n"),
    ] {
        let reply = waiting.send(format!("GET {target} HTTP/1.1\r\n{hosts}\r\n").as_bytes()).unwrap();
        assert_eq!(reply.status, 404, "{hosts}");
    }
    // The host in the request line counts for nothing, and does not stand in for the header.
    let absolute = format!("GET http://127.0.0.1:{port}{target} HTTP/1.1\r\nHost: evil.test\r\n\r\n");
    assert_eq!(waiting.send(absolute.as_bytes()).unwrap().status, 404);
    waiting.still_waits();
    nothing_came_of_it(&sandbox);
    waiting.succeeds(&sandbox);
}

#[test]
fn property_11_other_methods_and_paths_change_nothing() {
    let sandbox = Sandbox::new();
    let mut waiting = PendingLogin::log_in(&sandbox, &[]);
    let host = waiting.address();
    let query = format!("state={}&code=4/emulator-x", waiting.state());
    for method in ["POST", "HEAD", "OPTIONS", "PUT", "DELETE", "get"] {
        let request =
            format!("{method} /oauth2/callback?{query} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
        let reply = waiting.send(request.as_bytes()).unwrap();
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET")), "{method}");
    }
    for path in [
        "/",
        "/favicon.ico",
        "/oauth2/callback/",
        "/oauth2/callback/x",
        "//oauth2/callback",
        "/oauth2/./callback",
        "/oauth2/%63allback",
        "/OAUTH2/CALLBACK",
        "/oauth2",
        "*",
    ] {
        let request = format!("GET {path}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let reply = waiting.send(request.as_bytes()).unwrap();
        assert_eq!(reply.status, 404, "{path}");
        is_a_constant_page(&reply);
    }
    for nonsense in ["\r\n\r\nnonsense\r\n\r\n", "GET\r\n\r\n", "SSH-2.0-OpenSSH_9.9\r\n\r\n", "\0\0\0\0"] {
        assert_eq!(waiting.send(nonsense.as_bytes()).unwrap().status, 400, "{nonsense:?}");
    }
    waiting.still_waits();
    nothing_came_of_it(&sandbox);
    waiting.succeeds(&sandbox);
}

#[test]
fn property_12_idle_and_slow_connections_do_not_hold_the_callback_up() {
    let sandbox = Sandbox::new();
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    let idle = TcpStream::connect(waiting.address()).unwrap();
    let mut slow = TcpStream::connect(waiting.address()).unwrap();
    slow.write_all(b"G").unwrap();
    // More than the listener keeps, and, one after the other, more than this test would wait for.
    let crowd: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(waiting.address()).unwrap()).collect();
    let started = Instant::now();
    waiting.succeeds(&sandbox);
    assert!(started.elapsed() < Duration::from_secs(10), "the callback was held up");
    drop((idle, slow, crowd));
}

#[test]
fn property_12_a_crowd_behind_the_callback_does_not_push_it_out() {
    let sandbox = Sandbox::new();
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    let query = waiting.redirected().query().unwrap().to_owned();
    waiting.signal(rustix::process::Signal::STOP);
    let mut browser = TcpStream::connect(waiting.address()).unwrap();
    browser.set_read_timeout(Some(TEST_TIMEOUT)).unwrap();
    write!(browser, "GET /oauth2/callback?{query} HTTP/1.1\r\nHost: {}\r\n\r\n", waiting.address()).unwrap();
    let crowd: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(waiting.address()).unwrap()).collect();
    waiting.signal(rustix::process::Signal::CONT);
    assert_eq!(pending_login::receive(browser).expect("no answer").status, 200);
    waiting.finish(&sandbox).success();
    drop(crowd);
}

#[test]
fn a_callback_may_arrive_byte_by_byte() {
    let sandbox = Sandbox::new();
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    let mut stream = TcpStream::connect(waiting.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(TEST_TIMEOUT)).unwrap();
    let query = waiting.redirected().query().unwrap().to_owned();
    for byte in format!("GET /oauth2/callback?{query} HTTP/1.1\r\nHost: {}\r\n\r\n", waiting.address()).bytes() {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(pending_login::receive(stream).unwrap().status, 200);
    waiting.finish(&sandbox).success();
}

#[test]
fn property_13_a_request_that_is_too_long_is_turned_away() {
    let sandbox = Sandbox::new();
    let mut waiting = PendingLogin::log_in(&sandbox, &[]);
    let host = waiting.address();
    let query = waiting.redirected().query().unwrap().to_owned();
    let (line, headers) = ("x".repeat(9 * 1024), "x".repeat(65 * 1024));
    for (request, status) in [
        (format!("GET /oauth2/callback?{query}&x={line} HTTP/1.1\r\nHost: {host}\r\n\r\n"), 414),
        (format!("GET /oauth2/callback?{query} HTTP/1.1\r\nHost: {host}\r\nCookie: {headers}\r\n\r\n"), 431),
        (format!("GET /oauth2/callback?{query} HTTP/1.1\r\nHost: {host}\r\n{}\r\n", "A: b\r\n".repeat(100)), 431),
    ] {
        assert_eq!(waiting.send(request.as_bytes()).unwrap().status, status);
    }
    // Somebody who never stops is cut off, not kept.
    let mut endless = TcpStream::connect(host).unwrap();
    endless.set_write_timeout(Some(TEST_TIMEOUT)).unwrap();
    let chunk = vec![b'x'; 1 << 20];
    let written = (0..64).take_while(|_| endless.write_all(&chunk).is_ok()).count();
    assert!(written < 64, "64 MiB of a request line were taken");
    let status = std::fs::read_to_string(format!("/proc/{}/status", waiting.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 * 1024, "{peak} KiB of memory");
    waiting.still_waits();
    nothing_came_of_it(&sandbox);
    waiting.succeeds(&sandbox);
}

#[test]
fn property_13_the_cookies_of_other_programs_on_this_address_are_no_obstacle() {
    let sandbox = Sandbox::new();
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    let query = waiting.redirected().query().unwrap().to_owned();
    let cookies = "a=0123456789; ".repeat(4600);
    let head =
        format!("GET /oauth2/callback?{query} HTTP/1.1\r\nHost: {}\r\nCookie: {cookies}\r\n\r\n", waiting.address());
    assert!(cookies.len() > 62 * 1024);
    assert_eq!(waiting.send(head.as_bytes()).unwrap().status, 200);
    waiting.finish(&sandbox).success();
}

#[test]
fn property_80_a_callback_that_is_refused_is_told_once_at_the_terminal() {
    let sandbox = Sandbox::new();
    let mut waiting = PendingLogin::log_in(&sandbox, &[]);
    let (port, state) = (waiting.port(), waiting.state());
    let query = format!("state={state}&code=4/emulator-x");
    for host in ["127.0.0.1:9000".to_owned(), format!("localhost:{port}")] {
        let reply = waiting.send(format!("GET /oauth2/callback?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        let reply = reply.unwrap();
        assert_eq!(reply.status, 404);
        is_a_constant_page(&reply);
        assert!(reply.body.contains("why an answer was rejected"), "{}", reply.body);
    }
    waiting.transcript().wait_for_text(&format!("at another address than 127.0.0.1:{port}"));
    for _ in 0..2 {
        assert_eq!(waiting.call_back("state=other&code=4/emulator-x").status, 404);
    }
    waiting.transcript().wait_for_text("rejected the response to another login");
    waiting.still_waits();
    nothing_came_of_it(&sandbox);
    let told = waiting.succeeds(&sandbox).stderr;
    assert_eq!(told.matches("rejected").count(), 2, "each once: {told}");
    assert!(!told.contains("9000"), "what a stranger sent is not repeated: {told}");
}

#[test]
fn property_15_the_pages_are_the_same_whatever_was_sent() {
    let page = |query: &dyn Fn(&PendingLogin) -> String| {
        let sandbox = Sandbox::new();
        let waiting = PendingLogin::log_in(&sandbox, &[]);
        let reply = waiting.call_back(&query(&waiting));
        waiting.finish(&sandbox);
        is_a_constant_page(&reply);
        reply
    };
    let evil = "%3Cscript%3Ealert(1)%3C/script%3E";
    let consent = page(&|waiting| waiting.redirected().query().unwrap().to_owned());
    let odd = page(&|waiting| format!("state={}&code=%3Cimg%20src=x%3E&scope={evil}&hd={evil}", waiting.state()));
    assert_eq!(consent.whole(), odd.whole());
    let refused = page(&|waiting| format!("state={}&error=access_denied", waiting.state()));
    let odd =
        page(&|waiting| format!("state={}&error={evil}&error_description={evil}&error_uri={evil}", waiting.state()));
    assert_eq!(refused.whole(), odd.whole());
    let failed = page(&|waiting| format!("state={}&code=x&iss=https://accounts.google.com", waiting.state()));
    let odd = page(&|waiting| format!("state={}&code=x&iss={evil}", waiting.state()));
    assert_eq!(failed.whole(), odd.whole());
    let titles: Vec<&str> = [&consent, &refused, &failed]
        .map(|reply| reply.body.split_once("<h1>").unwrap().1.split_once("</h1>").unwrap().0)
        .to_vec();
    assert_eq!(titles, ["Back to your terminal", "Login cancelled", "Login failed"]);
}

#[test]
fn what_a_refusal_says_reaches_the_terminal_without_its_controls() {
    let sandbox = Sandbox::new();
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    waiting
        .call_back(&format!("state={}&error=a%1B%5B2Jb%0Ac&error_description=%C2%9Bd%E2%80%AEe%07", waiting.state()));
    let finished = waiting.finish(&sandbox).exits_with(4);
    let harmful = |character: char| character != '\n' && (character.is_control() || character == '\u{202e}');
    assert!(!finished.stderr.contains(harmful), "{:?}", finished.stderr);
    assert!(!finished.stderr.lines().any(|line| line.starts_with('c')), "a line of its own: {}", finished.stderr);
}

#[test]
fn property_17_a_browser_that_speaks_tls_is_noticed_once_and_waited_for() {
    let sandbox = Sandbox::new();
    let mut waiting = PendingLogin::log_in(&sandbox, &[]);
    for _ in 0..3 {
        assert!(waiting.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").is_none());
    }
    waiting.transcript().wait_for_text("change it to http://");
    waiting.still_waits();
    let finished = waiting.succeeds(&sandbox);
    assert_eq!(finished.stderr.matches("change it to http://").count(), 1, "{}", finished.stderr);
}

#[test]
fn property_19_an_answer_of_another_issuer_is_refused_before_the_exchange() {
    let sandbox = Sandbox::new();
    for issuer in ["https://accounts.google.com", "https://evil.test", "", "http%3A%2F%2F127.0.0.1"] {
        let waiting = PendingLogin::log_in(&sandbox, &["--format", "json"]);
        let redirected = waiting.redirected();
        let code = pending_login::parameter(&redirected, "code");
        let reply = waiting.call_back(&format!("state={}&code={code}&iss={issuer}", waiting.state()));
        assert_eq!(reply.status, 400, "{issuer}");
        let finished = waiting.finish(&sandbox).exits_with(4);
        assert_eq!(finished.error()["code"], "login_refused");
        nothing_came_of_it(&sandbox);
    }
    // Servers that do not know RFC 9207 send none.
    let waiting = PendingLogin::log_in(&sandbox, &[]);
    let code = pending_login::parameter(&waiting.redirected(), "code");
    waiting.call_back(&format!("state={}&code={code}", waiting.state()));
    waiting.finish(&sandbox).success();
}
