//! Whom TLS trusts, and the way through proxies.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::ordinary_user::not_run;
use crate::support::sandbox::{Finished, Sandbox};
use crate::support::service_account::key_file;
use crate::support::stage::read_request;
use crate::support::tls_front::{Authority, Proxy, RecordingProxy, answer, own_address, trusting};

const ACCOUNT: &str = "emulator@example.com";

/// `proxy-user:hunter2-proxy` as the header has it.
const CREDENTIALS: &str = "cHJveHktdXNlcjpodW50ZXIyLXByb3h5";
const PASSWORD: &str = "hunter2-proxy";

/// The client file's token endpoint is elsewhere from now on.
fn move_token_endpoint(sandbox: &Sandbox, url: &str) {
    let mut client: Value = serde_json::from_slice(&fs::read(sandbox.client_secrets()).unwrap()).unwrap();
    client["installed"]["token_uri"] = Value::from(url);
    fs::write(sandbox.client_secrets(), client.to_string()).unwrap();
}

#[test]
fn property_52_only_a_right_certificate_of_a_trusted_authority_will_do() {
    let sandbox = Sandbox::new();
    let (authority, stranger) = (Authority::new("known"), Authority::new("unknown"));
    sandbox.log_in();
    for (case, server, cause) in [
        (
            "unknown authority",
            stranger.server(&["127.0.0.1"], 60),
            "not issued by an authority that this machine trusts",
        ),
        ("another name", authority.server(&["other.test"], 60), "issued for another name"),
        ("expired", authority.server(&["127.0.0.1"], 0), "expired"),
    ] {
        let front = RecordingProxy::tls(sandbox.origin(), &server);
        let api = format!("https://{}", front.address());
        let words = ["spaces", "create", "--name", "x", "--format", "json", "--api-endpoint", &api];
        let refused = sandbox.finish(trusting(&sandbox, &authority, &words)).exits_with(6);
        let error = refused.error();
        assert_eq!(error["code"], "network", "{case}: {error}");
        assert!(error["message"].as_str().unwrap().contains(cause), "{case}: {error}");
        assert_eq!(error["outcome"], "not_applied", "{case}: {error}");
        assert_eq!(front.connections(), 1, "{case}: a certificate does not get better by asking again");
        assert!(front.received().is_empty(), "{case}: nothing may be sent");
    }
    assert!(sandbox.control().requests().is_empty());

    let front = RecordingProxy::tls(sandbox.origin(), &authority.server(&["127.0.0.1"], 60));
    let api = format!("https://{}", front.address());
    let words = ["spaces", "create", "--name", "x", "--api-endpoint", &api];
    let space = sandbox.finish(trusting(&sandbox, &authority, &words)).success().json();
    assert_eq!(space["displayName"], "x");
    // Without being told, nobody trusts this authority.
    sandbox.run(words).exits_with(6);
    assert_eq!(front.received().len(), 1);
}

#[test]
fn property_52_the_token_endpoint_is_checked_in_the_same_way() {
    let sandbox = Sandbox::new();
    let authority = Authority::new("known");
    for (server, code) in [(authority.server(&["other.test"], 60), 6), (authority.server(&["127.0.0.1"], 60), 0)] {
        let front = RecordingProxy::tls(sandbox.origin(), &server);
        move_token_endpoint(&sandbox, &format!("https://{}/token", front.address()));
        sandbox.finish(trusting(&sandbox, &authority, &["auth", "login"])).exits_with(code);
        assert_eq!(sandbox.record_path(ACCOUNT).exists(), code == 0);
    }
}

#[test]
fn property_52_no_option_switches_the_checks_off() {
    let sandbox = Sandbox::new();
    for words in [&["--help"][..], &["auth", "login", "--help"], &["spaces", "create", "--help"]] {
        let help = sandbox.run(words).success().stdout.to_lowercase();
        for word in ["insecure", "no-verify", "no-check", "skip-ssl", "skip-tls"] {
            assert!(!help.contains(word), "{word} in the help of {words:?}");
        }
    }
    sandbox.run(["--insecure", "auth", "status"]).exits_with(2);
}

/// A proxy in front of a TLS server in front of the emulator, which goes by names that exist nowhere.
struct Company {
    sandbox: Sandbox,
    authority: Authority,
    front: RecordingProxy,
    proxy: Proxy,
}

impl Company {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let authority = Authority::new("known");
        let server = authority.server(&["oauth.test", "chat.test"], 60);
        let front = RecordingProxy::tls_instead(sandbox.origin(), &server, |request| {
            let assertion = String::from_utf8_lossy(&request.body).contains("assertion=");
            let token = json!({"access_token": "from-afar", "expires_in": 3599, "token_type": "Bearer"});
            assertion.then(|| answer(200, &["Content-Type: application/json"], &token.to_string()))
        });
        let proxy = Proxy::leading_to(front.address(), Some(CREDENTIALS));
        move_token_endpoint(&sandbox, "https://oauth.test/token");
        Self { sandbox, authority, front, proxy }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = trusting(&self.sandbox, &self.authority, words);
        command
            .env("HTTPS_PROXY", format!("http://proxy-user:{PASSWORD}@{}", self.proxy.address()))
            .env("CHATAUTH_API_ENDPOINT", "https://chat.test");
        command
    }

    /// Runs to the end; the proxy's password never shows.
    fn run(&self, words: &[&str]) -> Finished {
        self.finish(self.command(words))
    }

    fn finish(&self, command: Command) -> Finished {
        let finished = self.sandbox.finish(command);
        for text in [&finished.stdout, &finished.stderr] {
            assert!(!text.contains(PASSWORD) && !text.contains(CREDENTIALS), "the password shows: {text}");
        }
        finished
    }
}

#[test]
fn property_53_login_refresh_and_create_all_go_through_the_proxy() {
    let company = Company::new();
    company.run(&["-vv", "auth", "login"]).success();
    assert_eq!(company.proxy.requests(), ["CONNECT oauth.test:443 HTTP/1.1"]);
    company.sandbox.expire_stored_token(ACCOUNT);
    company.proxy.forget();
    company.run(&["-vv", "spaces", "create", "--name", "x", "--no-input"]).success();
    assert_eq!(company.proxy.requests(), ["CONNECT oauth.test:443 HTTP/1.1", "CONNECT chat.test:443 HTTP/1.1"]);
    let paths: Vec<String> = company.front.received().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(paths[..2], ["/token", "/token"]);
    assert!(paths[2].starts_with("/v1/spaces?"), "{paths:?}");
    company.proxy.forget();
    company.run(&["auth", "status", "--check"]).success();
    assert!(!company.proxy.requests().is_empty());
    let doctor = company.run(&["doctor"]).success();
    assert!(doctor.stdout.contains("through the proxy of HTTPS_PROXY"), "{}", doctor.stdout);
    company.run(&["auth", "logout"]).success();
}

#[test]
fn property_53_a_service_accounts_token_comes_through_the_same_proxy() {
    let company = Company::new();
    let key = key_file(&company.sandbox, "https://oauth.test/token");
    let words = ["-vv", "auth", "token", "--scope", "chat.spaces", "--impersonate", ACCOUNT, "--service-account"];
    let mut command = company.command(&words);
    command.arg(&key);
    assert_eq!(company.finish(command).success().stdout, "from-afar\n");
    assert_eq!(company.proxy.requests(), ["CONNECT oauth.test:443 HTTP/1.1"]);

    // The same trust roots: without the authority, the same answer as everywhere.
    let mut command =
        company.command(&["auth", "token", "--scope", "chat.delete", "--impersonate", ACCOUNT, "--format", "json"]);
    command.arg("--service-account").arg(&key).env_remove("SSL_CERT_FILE");
    let refused = company.finish(command).exits_with(6);
    assert!(refused.error()["message"].as_str().unwrap().contains("not trusted"), "{}", refused.stderr);
}

#[test]
fn property_53_a_proxy_that_cannot_be_used_is_told_without_its_password() {
    let company = Company::new();
    company.run(&["auth", "login", "--scope", "chat.spaces.readonly"]).success();
    let before = company.front.connections();
    let refusing = Proxy::leading_to(company.front.address(), Some("bm90LXRoaXM="));
    let address = refusing.address();
    for (proxy, code, cause) in [
        (format!("http://proxy-user:{PASSWORD}@{address}"), "environment_invalid", "rejected the user name"),
        (format!("http://{address}"), "environment_invalid", "requires a user name and password"),
        (format!("http://proxy-user:{PASSWORD}@127.0.0.1:1"), "network", "127.0.0.1:1 (HTTPS_PROXY) refused"),
        (
            format!("http://proxy-user:{PASSWORD}@not a host"),
            "environment_invalid",
            "HTTPS_PROXY is not a proxy's address",
        ),
        (format!("ftp://proxy-user:{PASSWORD}@{address}"), "environment_invalid", "HTTPS_PROXY is a \"ftp\" proxy"),
        (String::from("socks5://127.0.0.1:1"), "network", "127.0.0.1:1 (HTTPS_PROXY): the proxy cannot be reached"),
        (format!("{{\"proxy\":\"{PASSWORD}\"}}"), "environment_invalid", "HTTPS_PROXY"),
    ] {
        refusing.forget();
        let list = company.command(&["-vv", "spaces", "list", "--no-input", "--format", "json"]);
        let words = ["-vv", "auth", "token", "--scope", "chat.spaces", "--impersonate", ACCOUNT, "--format", "json"];
        let mut token = company.command(&words);
        token.arg("--service-account").arg(key_file(&company.sandbox, "https://oauth.test/token"));
        for mut command in [list, token] {
            command.env("HTTPS_PROXY", &proxy);
            let finished = company.finish(command).exits_with(if code == "network" { 6 } else { 3 });
            // Three attempts where nobody listens.
            assert!(!finished.stderr.contains("attempt 4"), "{proxy}: {}", finished.stderr);
            assert!(!finished.stderr.contains("of 8"), "{proxy}: {}", finished.stderr);
            let error = finished.error();
            assert_eq!(error["code"], code, "{proxy}: {error}");
            assert!(error["message"].as_str().unwrap().contains(cause), "{proxy}: {error}");
        }
        // Once for the request, and once for what the proxy wants.
        assert!(refusing.requests().len() <= 4, "a proxy's no is final: {:?}", refusing.requests());
    }
    let mut command = company.command(&["spaces", "list", "--no-input", "--format", "json"]);
    command.env("NO_PROXY", "a.test 10.0.0.0/99");
    let error = company.finish(command).exits_with(3).error();
    assert_eq!(error["code"], "environment_invalid");
    assert!(error["message"].as_str().unwrap().contains("NO_PROXY cannot be used: entry 2 "), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("of NO_PROXY"), "{error}");
    assert_eq!(company.front.connections(), before, "nothing goes around the proxy");
}

#[test]
fn property_53_tls_that_fails_before_the_tunnel_is_the_proxys_and_in_the_tunnel_the_hosts() {
    let company = Company::new();
    let stranger = Authority::new("unknown").server(&["127.0.0.1"], 60);
    let tls = RecordingProxy::tls(company.sandbox.origin(), &stranger);
    let plain = company.sandbox.origin().strip_prefix("http://").unwrap();
    let to_tls = Proxy::leading_to(tls.address(), None);
    let to_plain = Proxy::leading_to(plain.parse().unwrap(), None);
    let named = |address: &dyn std::fmt::Display| format!("the proxy {address} (HTTPS_PROXY)");
    for (proxy, message) in [
        (format!("https://{}", tls.address()), format!("certificate of {} is not trusted", named(&tls.address()))),
        (format!("https://{plain}"), format!("cannot connect to {}: it does not speak TLS", named(&plain))),
        (
            format!("http://{}", to_tls.address()),
            format!("certificate of chat.test through {} is not trusted", named(&to_tls.address())),
        ),
        (
            format!("http://{}", to_plain.address()),
            format!("cannot connect to chat.test through {}: it does not speak TLS", named(&to_plain.address())),
        ),
    ] {
        let mut command = company.command(&["spaces", "list", "--no-input"]);
        command.env("HTTPS_PROXY", &proxy).env("CHATAUTH_ACCESS_TOKEN", "ready-made");
        let refused = company.finish(command).exits_with(6);
        assert!(refused.stderr.contains(&message), "{proxy}: {}", refused.stderr);
        assert!(!refused.stderr.contains("attempt 4"), "{proxy}: {}", refused.stderr);
    }
}

#[test]
fn property_53_a_socks_proxy_and_one_behind_tls_ask_for_a_password_once() {
    let company = Company::new();
    let required = |scheme: &str| format!("requires a user name and password: set {scheme}://USER:PASSWORD@HOST:PORT");
    let refuse = |scheme: &str, user: &str, address: &dyn std::fmt::Display, cause: &str| {
        let mut command = company.command(&["spaces", "list", "--no-input"]);
        command.env("HTTPS_PROXY", format!("{scheme}://{user}{address}")).env("CHATAUTH_ACCESS_TOKEN", "ready-made");
        let refused = company.finish(command).exits_with(3);
        assert!(refused.stderr.contains(cause), "{}", refused.stderr);
        assert!(!refused.stderr.contains("Retrying"), "{}", refused.stderr);
    };
    // RFC 1928 and 1929: no method that was offered will do, and a password that is wrong.
    let rejected = String::from("rejected the user name and password in its URL");
    for (user, replies, cause) in [
        (String::new(), [&[5, 0xff][..], &[]], required("socks5h")),
        (format!("proxy-user:{PASSWORD}@"), [&[5, 2], &[1, 1]], rejected),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                for reply in replies {
                    let _ = stream.read(&mut [0; 512]);
                    let _ = stream.write_all(reply);
                }
            }
        });
        refuse("socks5", &user, &address, &cause);
    }
    let server = company.authority.server(&["127.0.0.1"], 60);
    let tls = RecordingProxy::tls_instead(company.sandbox.origin(), &server, |_| Some(answer(407, &[], "")));
    refuse("https", "", &tls.address(), &required("https"));
}

#[test]
fn property_53_a_proxy_at_an_ipv6_address_refuses_once_and_with_its_reason() {
    let company = Company::new();
    for (refusal, code, cause) in [
        (answer(403, &[], ""), 6, "refused to connect to chat.test (403)"),
        (answer(407, &["Proxy-Authenticate: Negotiate"], ""), 3, "requires Negotiate authentication (407)"),
    ] {
        let Ok(listener) = TcpListener::bind("[::1]:0") else {
            return not_run(
                "property_53_a_proxy_at_an_ipv6_address_refuses_once_and_with_its_reason",
                "this machine has no IPv6",
            );
        };
        let proxy = format!("http://proxy-user:{PASSWORD}@{}", listener.local_addr().unwrap());
        // Once for the request, and once for the reason.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().take(2).map_while(Result::ok) {
                read_request(&stream);
                let _ = stream.write_all(&refusal);
            }
        });
        let mut command = company.command(&["spaces", "list", "--no-input"]);
        command.env("HTTPS_PROXY", proxy).env("CHATAUTH_ACCESS_TOKEN", "ready-made");
        let refused = company.finish(command).exits_with(code);
        assert!(refused.stderr.contains(cause), "{}", refused.stderr);
        assert!(!refused.stderr.contains("Retrying"), "{}", refused.stderr);
    }
}

#[test]
fn property_52_a_directory_of_certificates_that_cannot_be_opened_is_refused() {
    let sandbox = Sandbox::new();
    let authority = Authority::new("known");
    let front = RecordingProxy::tls(sandbox.origin(), &authority.server(&["127.0.0.1"], 60));
    let api = format!("https://{}", front.address());
    let words = ["spaces", "list", "--no-input", "--format", "json", "--api-endpoint", &api];
    let (file, missing) = (sandbox.client_secrets(), sandbox.path("missing"));
    let run = |directories: &[&Path], beside_file: bool| {
        let mut command = trusting(&sandbox, &authority, &words);
        command
            .env("SSL_CERT_DIR", std::env::join_paths(directories).unwrap())
            .env("CHATAUTH_ACCESS_TOKEN", "ready-made");
        if !beside_file {
            command.env_remove("SSL_CERT_FILE");
        }
        sandbox.finish(command)
    };
    let empty = sandbox.path("bin");
    for beside_file in [true, false] {
        for (directory, cause) in [(&missing, "No such file"), (&file, "Not a directory")] {
            for directories in [&[directory.as_path()][..], &[&empty, directory]] {
                let error = run(directories, beside_file).exits_with(3).error();
                assert_eq!(error["code"], "environment_invalid", "{error}");
                let message = error["message"].as_str().unwrap();
                assert!(message.contains(&format!("SSL_CERT_DIR {}", directory.display())), "{message}");
                assert!(message.contains(cause), "{message}");
            }
        }
    }
    assert_eq!(front.connections(), 0);
    run(&[&empty], true);
    assert_eq!(front.received().len(), 1, "a directory without certificates adds none");
}

#[test]
fn property_53_loopback_never_goes_through_a_proxy() {
    let company = Company::new();
    company.run(&["auth", "login"]).success();
    company.proxy.forget();
    let server = company.authority.server(&["127.0.0.1", "localhost"], 60);
    let front = RecordingProxy::tls(company.sandbox.origin(), &server);
    let port = front.address().port();
    for api in [
        company.sandbox.origin().to_owned(),
        company.sandbox.origin().replace("127.0.0.1", "localhost"),
        format!("https://127.0.0.1:{port}"),
        format!("https://localhost:{port}"),
    ] {
        let mut command = company.command(&["spaces", "create", "--name", "x", "--no-input"]);
        let proxy = format!("http://{}", company.proxy.address());
        command.env("CHATAUTH_API_ENDPOINT", &api).env("HTTP_PROXY", &proxy).env("ALL_PROXY", &proxy);
        company.finish(command).success();
    }
    assert_eq!(company.proxy.requests(), Vec::<String>::new());
    assert_eq!(company.sandbox.control().spaces().len(), 4);
}

#[test]
fn property_53_no_proxy_names_hosts_that_are_reached_directly() {
    let Some(own) = own_address() else {
        return not_run(
            "property_53_no_proxy_names_hosts_that_are_reached_directly",
            "this machine has loopback addresses only",
        );
    };
    let company = Company::new();
    company.run(&["auth", "login"]).success();
    company.proxy.forget();
    let server = company.authority.server(&[&own.to_string()], 60);
    let front = RecordingProxy::tls_at(own, company.sandbox.origin(), &server);
    let create = |except: &str| {
        let mut command = company.command(&["spaces", "create", "--name", "x", "--no-input"]);
        command.env("CHATAUTH_API_ENDPOINT", format!("https://{}", front.address())).env("NO_PROXY", except);
        company.finish(command)
    };
    create(&format!("x.test,{own}")).success();
    assert_eq!(company.proxy.requests(), Vec::<String>::new());
    // The counterpart: without NO_PROXY the same host is asked for at the proxy (which leads elsewhere).
    create("x.test").exits_with(6);
    assert_eq!(company.proxy.requests(), [format!("CONNECT {} HTTP/1.1", front.address())]);
}
