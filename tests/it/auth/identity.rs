//! Who logged in and what was granted: nothing is stored unless all of it is right.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chatauth::emulator::{Endpoint, GrantedScopes, Options, User};
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;

const ACCOUNT: &str = "emulator@example.com";
const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

/// An emulator with two people.
fn two_people() -> Sandbox {
    Sandbox::with(Options { users: vec![User::new(ADA), User::new(BOB)], ..Options::default() })
}

/// Changes the claims of the ID tokens from now on; the token is left out when `change` gives `null`.
fn change_claims(sandbox: &Sandbox, change: impl Fn(&mut Value) + Send + 'static) {
    sandbox.control().set_token_response_patch(move |body| {
        let token = body["id_token"].as_str().unwrap().to_owned();
        let parts: Vec<&str> = token.split('.').collect();
        let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        change(&mut claims);
        let changed = URL_SAFE_NO_PAD.encode(claims.to_string());
        body["id_token"] = json!(format!("{}.{changed}.{}", parts[0], parts[2]));
    });
}

/// The whole store, as names and contents.
fn store(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(sandbox.config_directory().join("accounts"))
        .map(|entries| {
            entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().unwrap() != "lock").collect()
        })
        .unwrap_or_default();
    let current = sandbox.config_directory().join("current_account");
    files.extend(current.exists().then_some(current));
    files.sort();
    files.into_iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn property_21_a_permission_that_was_left_unticked_is_named_and_the_old_login_stays() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let before = store(&sandbox);
    sandbox.control().change_options(|options| {
        options.granted_scopes = GrantedScopes::Only(vec![String::from("chat.spaces.readonly")]);
    });
    let scopes = ["--scope", "chat.spaces.readonly", "--scope", "chat.memberships"];
    let error = sandbox.run(["auth", "login", "--format", "json"].iter().chain(&scopes)).exits_with(4).error();
    assert_eq!(error["code"], "scope_missing");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("chat.memberships") && !message.contains("readonly"), "{message}");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("--scope chat.memberships") && hint.contains("--scope chat.spaces.readonly"), "{hint}");
    assert_eq!(store(&sandbox), before, "the store has changed");

    // The same on the way of another command, and with nothing stored before.
    let fresh = Sandbox::new();
    fresh.control().change_options(|options| options.granted_scopes = GrantedScopes::Only(Vec::new()));
    let error = fresh.run(["spaces", "create", "--name", "x", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "scope_missing");
    assert!(error["message"].as_str().unwrap().contains("chat.spaces.create"), "{error}");
    assert_eq!(store(&fresh), []);
    assert!(fresh.control().spaces().is_empty());
}

#[test]
fn property_22_more_scopes_and_another_order_are_no_trouble() {
    let sandbox = Sandbox::new();
    sandbox.control().set_token_response_patch(|body| {
        let scope = body["scope"].as_str().unwrap().split(' ').rev().collect::<Vec<_>>().join("  ");
        body["scope"] = json!(format!(" https://www.googleapis.com/auth/chat.messages {scope} email profile "));
    });
    sandbox.log_in();
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    let granted = sandbox.record(ACCOUNT)["granted_scopes"].to_string();
    assert!(granted.contains("chat.messages"), "{granted}");

    // Without `scope` everything was granted that was asked for.
    sandbox.control().set_token_response_patch(|body| drop(body.as_object_mut().unwrap().remove("scope")));
    sandbox.log_in();
    sandbox.run(["spaces", "create", "--name", "y", "--no-input"]).success();
}

#[test]
fn property_23_a_refresh_never_names_scopes() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.run(["auth", "token", "--scope", "chat.spaces.create", "--no-input"]).success();
    // And the other kind of refresh: after the API has said 401.
    sandbox.control().expire_access_tokens();
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    let refreshes = sandbox.control().requests_to(Endpoint::Token);
    assert_eq!(refreshes.len(), 2);
    for refresh in refreshes {
        assert_eq!(refresh.form("grant_type").unwrap(), "refresh_token");
        assert_eq!(refresh.form("scope"), None);
    }
}

#[test]
fn property_24_somebody_else_than_was_named_is_not_stored_and_nothing_is_revoked() {
    let sandbox = two_people();
    let picks_bob = ["auth", "login", "--account", ADA, "--login-hint", BOB, "--format", "json"];
    let error = sandbox.run(picks_bob).exits_with(4).error();
    assert_eq!(error["code"], "wrong_account");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(ADA) && message.contains(BOB), "{message}");
    assert_eq!(store(&sandbox), []);
    assert!(sandbox.control().requests_to(Endpoint::Revoke).is_empty(), "it would end this person's whole grant");
    // The case of an address makes no difference.
    sandbox.run(["auth", "login", "--account", "ADA@Example.COM"]).success();
    sandbox.run(["auth", "token", "--account", "Ada@example.com", "--no-input"]).success();
}

#[test]
fn property_24_a_login_that_somebody_else_has_here_stays() {
    let sandbox = two_people();
    sandbox.run(["auth", "login", "--account", BOB]).success();
    let before = store(&sandbox);
    // The person picked the wrong account in the browser. Revoking one token of Google's ends the whole grant.
    sandbox.run(["auth", "login", "--account", ADA, "--login-hint", BOB]).exits_with(4);
    assert_eq!(store(&sandbox), before);
    sandbox.expire_stored_token(BOB);
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
}

#[test]
fn an_address_that_has_changed_is_taken_over_where_the_person_is_the_same() {
    let sandbox = two_people();
    sandbox.run(["auth", "login", "--account", ADA]).success();
    // What was stored when Ada's address was another one.
    let old = "ada.king@example.com";
    let mut record: Value = serde_json::from_slice(&std::fs::read(sandbox.record_path(ADA)).unwrap()).unwrap();
    record["email"] = json!(old);
    std::fs::rename(sandbox.record_path(ADA), sandbox.record_path(old)).unwrap();
    std::fs::write(sandbox.record_path(old), record.to_string()).unwrap();
    std::fs::write(sandbox.config_directory().join("current_account"), format!("{old}\n")).unwrap();
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    sandbox.run(["auth", "status", "--check"]).success();
    let login = sandbox.run(["auth", "login", "--account", old, "--login-hint", ADA]).success();
    assert!(login.stderr.contains(&format!("the address of {old} is {ADA} now")), "{}", login.stderr);
    assert!(!sandbox.record_path(old).exists() && sandbox.record_path(ADA).exists());
    assert!(sandbox.control().requests_to(Endpoint::Revoke).is_empty());
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    // Another person is no change of address.
    let error = sandbox.run(["auth", "login", "--account", ADA, "--login-hint", BOB, "--format", "json"]);
    assert_eq!(error.exits_with(4).error()["code"], "wrong_account");
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
}

#[test]
fn property_25_without_an_identity_nothing_is_stored() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 9] = [
        ("other issuer", |claims| claims["iss"] = json!("https://evil.test")),
        ("other audience", |claims| claims["aud"] = json!("other")),
        ("no audience", |claims| claims["aud"] = json!([])),
        ("no subject", |claims| drop(claims.as_object_mut().unwrap().remove("sub"))),
        ("no address", |claims| drop(claims.as_object_mut().unwrap().remove("email"))),
        ("empty address", |claims| claims["email"] = json!("")),
        ("not an address", |claims| claims["email"] = json!("(unknown)")),
        ("a control in it", |claims| claims["email"] = json!("a\u{1b}[2J@example.com")),
        ("a space in it", |claims| claims["email"] = json!("a b@example.com")),
    ];
    let sandbox = Sandbox::new();
    let refused = |what: &str| {
        let error = sandbox.run(["auth", "login", "--format", "json"]).exits_with(4).error();
        assert_eq!(error["code"], "login_refused", "{what}");
        assert!(!error.to_string().contains("(unknown)"), "{error}");
        assert_eq!(store(&sandbox), [], "{what}");
    };
    for (what, change) in changes {
        change_claims(&sandbox, change);
        refused(what);
    }
    for token in [Value::Null, json!(""), json!("x"), json!("a.b.c"), json!("e30.e30.")] {
        let patch = token.clone();
        sandbox.control().set_token_response_patch(move |body| body["id_token"] = patch.clone());
        refused(&token.to_string());
    }
    sandbox.control().set_token_response_patch(|body| drop(body.as_object_mut().unwrap().remove("id_token")));
    refused("no ID token");
}

#[test]
fn an_address_cannot_lead_out_of_the_store() {
    let sandbox = Sandbox::new();
    change_claims(&sandbox, |claims| claims["email"] = json!("../../evil@example.com"));
    sandbox.run(["auth", "login"]).success();
    let names: Vec<String> = store(&sandbox).into_iter().map(|(name, _)| name).collect();
    let inside = sandbox.config_directory().display().to_string();
    assert!(names.iter().all(|name| name.starts_with(&inside) && !name.contains("/..")), "{names:?}");
    assert!(!sandbox.path("evil@example.com.json").exists());
    sandbox.run(["auth", "token", "--no-input"]).success();
}

#[test]
fn property_26_a_login_without_a_refresh_token_is_refused_and_a_refresh_keeps_the_old_one() {
    let sandbox = Sandbox::new();
    for value in [None, Some(json!("")), Some(Value::Null)] {
        sandbox.control().set_token_response_patch(move |body| match &value {
            Some(value) => body["refresh_token"] = value.clone(),
            None => drop(body.as_object_mut().unwrap().remove("refresh_token")),
        });
        let error = sandbox.run(["auth", "login", "--format", "json"]).exits_with(4).error();
        assert_eq!(error["code"], "login_refused");
        assert!(error["message"].as_str().unwrap().contains("refresh token"), "{error}");
        assert_eq!(store(&sandbox), []);
    }
    sandbox.control().clear_token_response_patch();
    sandbox.log_in();
    let before = sandbox.record(ACCOUNT);
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.run(["auth", "token", "--no-input"]).success();
    let after = sandbox.record(ACCOUNT);
    assert_ne!(after["access_token"], before["access_token"]);
    for member in ["refresh_token", "refresh_token_issued_at", "granted_scopes", "sub", "email"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    // With a new one, the new one is kept.
    sandbox.control().change_options(|options| options.rotate_refresh_tokens = true);
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.run(["auth", "token", "--no-input"]).success();
    assert_ne!(sandbox.record(ACCOUNT)["refresh_token"], before["refresh_token"]);
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.run(["auth", "token", "--no-input"]).success();
}

#[test]
fn property_27_after_another_login_only_its_token_is_sent() {
    let sandbox = two_people();
    sandbox.run(["auth", "login", "--account", ADA]).success();
    sandbox.run(["auth", "login", "--account", BOB]).success();
    sandbox.control().clear_requests();
    let bearer = |account| format!("Bearer {}", sandbox.record(account)["access_token"].as_str().unwrap());
    let sent =
        || sandbox.control().requests_to(Endpoint::Create).pop().unwrap().header("authorization").unwrap().to_owned();
    let finished = sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    assert!(finished.stderr.contains(&format!("as {BOB}")), "{}", finished.stderr);
    assert_eq!(sent(), bearer(BOB));
    sandbox.run(["spaces", "create", "--name", "y", "--no-input", "--account", ADA]).success();
    assert_eq!(sent(), bearer(ADA));
    // Naming one for a single command chooses none for the next.
    sandbox.run(["spaces", "create", "--name", "z", "--no-input"]).success();
    assert_eq!(sent(), bearer(BOB));
    assert_eq!(sandbox.control().requests().len(), 3, "something else was asked");
}
