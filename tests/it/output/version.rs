//! `chatauth version` and `--version`: what build this is, as people and scripts see it.

use std::process::Command;

use crate::support::sandbox::Sandbox;

#[test]
fn the_build_is_described() {
    let sandbox = Sandbox::new();
    let version = sandbox.run(["version"]).success().json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    let target = version["target"].as_str().unwrap();
    assert!(target.starts_with(std::env::consts::ARCH) && target.contains(std::env::consts::OS), "{target}");
    let features: Vec<_> = version["features"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(features.contains(&"emulator"), "these tests need it");
    assert_eq!(features.contains(&"jq"), cfg!(feature = "jq"));
    assert!(version["tls"].as_str().unwrap().contains("ring"));
    // A build of the edit loop names no commit; one that does has its day, too.
    assert_eq!(version["commit"].is_null(), version["commitDate"].is_null());

    let human = sandbox.run(["version", "--format", "human"]).success().stdout;
    assert!(human.contains(target) && !human.contains("null"), "{human}");
    assert_eq!(sandbox.run(["--version"]).success().stdout, format!("chatauth {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_source_of_trust_is_named() {
    let sandbox = Sandbox::new();
    let roots = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let version: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        version["trustRoots"].as_str().unwrap().to_owned()
    };
    let mut command = sandbox.command(["version"]);
    command.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    assert!(!roots(&mut command).contains("SSL_CERT"));
    // It is named and not read: nothing has to be there.
    command.env("SSL_CERT_FILE", "/nowhere/roots.pem");
    assert_eq!(roots(&mut command), "/nowhere/roots.pem (SSL_CERT_FILE)");
    command.env("SSL_CERT_DIR", "/nowhere/certs");
    assert_eq!(roots(&mut command), "/nowhere/roots.pem (SSL_CERT_FILE) and /nowhere/certs (SSL_CERT_DIR)");
}

#[test]
fn the_doctor_begins_with_the_build() {
    let sandbox = Sandbox::new();
    let version = sandbox.run(["version"]).success().json();
    let findings = sandbox.run(["doctor", "--no-input", "--format", "json"]).json();
    assert_eq!(findings[0]["check"], "program");
    let detail = findings[0]["detail"].as_str().unwrap();
    for part in ["version", "target", "tls", "trustRoots"] {
        assert!(detail.contains(version[part].as_str().unwrap()), "{part}: {detail}");
    }
}
