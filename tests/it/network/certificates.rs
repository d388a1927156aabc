//! Certificates that are not right, and the way out of TLS that a redirect offers.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use time::{Duration, OffsetDateTime};

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::service_account::key_file;
use crate::support::stage::{ACCOUNT, ScriptedServer, move_token_endpoint, record_bytes};
use crate::support::tls_front::trusting;
use crate::support::tls_front::{Authority, RecordingProxy, answer};

/// A server that vouches for itself, from and until so many days from now.
fn self_signed(from: i64, until: i64) -> (Arc<ServerConfig>, String) {
    let mut params = CertificateParams::new(vec![String::from("127.0.0.1")]).unwrap();
    params.not_before = OffsetDateTime::now_utc() + Duration::days(from);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(until);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()));
    (Arc::new(config.unwrap()), certificate.pem())
}

/// Every kind of request that carries a secret, to servers at this origin; the stored login is as good as new before
/// each.
fn all_requests(sandbox: &Sandbox, authority: &Authority, origin: &str, check: impl Fn(&str, &Finished)) {
    let log_in = || {
        std::fs::write(sandbox.client_secrets(), sandbox.emulator().client_secrets()).unwrap();
        sandbox.log_in();
    };
    let run = |words: &[&str]| {
        let all: Vec<&str> = words.iter().copied().chain(["--format", "json", "--timeout", "5"]).collect();
        let finished = sandbox.finish(trusting(sandbox, authority, &all));
        check(&words.join(" "), &finished);
    };
    log_in();
    run(&["spaces", "create", "--name", "x", "--no-input", "--api-endpoint", origin]);
    run(&["spaces", "create", "--name", "x", "--member", "a@b.example", "--no-input", "--api-endpoint", origin]);
    run(&["api", "GET", "v1/spaces", "--scope", "chat.spaces.create", "--no-input", "--api-endpoint", origin]);
    move_token_endpoint(sandbox, &format!("{origin}/token"));
    let before = record_bytes(sandbox);
    run(&["auth", "login"]);
    run(&["auth", "logout"]);
    run(&["auth", "status", "--check"]);
    assert!(record_bytes(sandbox) == before, "the record changed");
    sandbox.expire_stored_token(ACCOUNT);
    let before = record_bytes(sandbox);
    run(&["auth", "token", "--no-input"]);
    assert!(record_bytes(sandbox) == before, "the record changed");
    let key = key_file(sandbox, &format!("{origin}/token"));
    let key = key.to_str().unwrap();
    run(&["auth", "token", "--scope", "chat.spaces", "--impersonate", ACCOUNT, "--service-account", key]);
}

#[test]
fn property_52_no_secret_goes_to_a_server_whose_certificate_is_wrong() {
    let sandbox = Sandbox::new();
    let authority = Authority::new("known");
    for (what, server) in [
        ("self-signed", self_signed(-1, 30).0),
        ("self-signed and not valid yet", self_signed(10, 30).0),
        ("of a stranger", Authority::new("unknown").server(&["127.0.0.1"], 60)),
        ("expired", authority.server(&["127.0.0.1"], 0)),
        ("for another name", authority.server(&["other.test"], 60)),
    ] {
        let front = RecordingProxy::tls(sandbox.origin(), &server);
        all_requests(&sandbox, &authority, &format!("https://{}", front.address()), |words, failed| {
            assert_eq!(failed.code(), Some(6), "{what}: {words}: {}", failed.stderr);
            assert_eq!(failed.error()["code"], "network", "{what}: {words}");
            assert!(failed.stderr.contains("is not trusted"), "{what}: {words}: {}", failed.stderr);
        });
        assert!(front.connections() >= 8, "{what}");
        assert!(front.received().is_empty(), "{what}: {:?}", front.received());
    }
}

#[test]
fn property_52_a_certificate_that_is_not_valid_yet_is_refused_also_when_it_is_trusted() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for (from, until, cause) in [(10, 30, "not valid yet"), (-30, -1, "expired")] {
        let (server, pem) = self_signed(from, until);
        let front = RecordingProxy::tls(sandbox.origin(), &server);
        let file = sandbox.path("it.pem");
        std::fs::write(&file, pem).unwrap();
        let api = format!("https://{}", front.address());
        let mut command = sandbox.command(["spaces", "create", "--name", "x", "--no-input", "--api-endpoint", &api]);
        command.env("SSL_CERT_FILE", file);
        let failed = sandbox.finish(command).exits_with(6);
        assert!(failed.stderr.contains(cause), "{}", failed.stderr);
        assert!(front.received().is_empty());
    }
}

#[test]
fn property_51_no_redirect_leads_out_of_tls() {
    let sandbox = Sandbox::new();
    let authority = Authority::new("known");
    let trap = ScriptedServer::answering(|_, _| crate::support::stage::answer(200, &[], "{}"));
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {}/trap", trap.origin());
        let front = RecordingProxy::tls_instead(sandbox.origin(), &authority.server(&["127.0.0.1"], 60), move |_| {
            Some(answer(status, &[&location], ""))
        });
        all_requests(&sandbox, &authority, &format!("https://{}", front.address()), |words, failed| {
            assert_eq!(failed.code(), Some(6), "{status}: {words}: {}", failed.stderr);
        });
        // The service account's library does not look at the status, and asks again because it read no token.
        assert!((8..=10).contains(&front.received().len()), "{status}: {} requests", front.received().len());
    }
    assert!(trap.received().is_empty(), "{:?}", trap.received());
}
