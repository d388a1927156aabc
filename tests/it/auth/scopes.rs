//! Permissions, step by step.

use chatauth::emulator::{Endpoint, GrantedScopes, Options, User};
use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::service_account::key_file;
use crate::support::stage::{ACCOUNT, ScriptedServer, answer};

const ROOT: &str = "https://www.googleapis.com/auth/";

/// A server that refuses every request for lack of a scope, and names these scopes as Google does.
fn refusing(scopes: &'static str) -> ScriptedServer {
    let reason = "ACCESS_TOKEN_SCOPE_INSUFFICIENT";
    let body = json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "x", "details": [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]}});
    let names: Vec<String> = scopes.split_whitespace().map(|name| format!("{ROOT}{name}")).collect();
    let challenge = format!("WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"{}\"", names.join(" "));
    let headers = if scopes.is_empty() { String::from("X: y") } else { challenge };
    ScriptedServer::answering(move |_, _| answer(403, &[&headers], body.to_string()))
}

/// What a login asked for.
fn asked(sandbox: &Sandbox) -> Vec<String> {
    let requests = sandbox.control().requests_to(Endpoint::Authorize);
    let mut scopes: Vec<String> =
        requests.last().unwrap().query("scope").unwrap().split(' ').map(str::to_owned).collect();
    scopes.sort();
    scopes
}

fn granted(sandbox: &Sandbox) -> String {
    sandbox.record(ACCOUNT)["granted_scopes"].as_array().unwrap().iter().map(Value::to_string).collect()
}

#[test]
fn a_missing_permission_ends_with_the_exact_command_and_no_request() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let words = ["spaces", "list", "--no-input", "--format", "json"];
    let error = sandbox.run(words).exits_with(4).error();
    assert_eq!(error["code"], "scope_missing");
    assert!(error["message"].as_str().unwrap().contains("chat.spaces.readonly"), "{error}");
    let hint = error["hint"].as_str().unwrap();
    let command = &hint[hint.find("chatauth auth login").unwrap()..];
    assert_eq!(
        command,
        format!("chatauth auth login --account {ACCOUNT} --scope chat.spaces.create --scope chat.spaces.readonly")
    );
    assert!(sandbox.control().requests().is_empty(), "it is known without asking anybody");
    // The command does what it promises.
    sandbox.run(command.split(' ').skip(1)).success();
    sandbox.run(words).success();
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
}

#[test]
fn with_a_person_a_missing_permission_is_one_login_for_both() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.run(["spaces", "list"]).success();
    let control = sandbox.control();
    assert_eq!(control.requests_to(Endpoint::Authorize).len(), 1);
    let email = format!("{ROOT}userinfo.email");
    assert_eq!(
        asked(&sandbox),
        [format!("{ROOT}chat.spaces.create"), format!("{ROOT}chat.spaces.readonly"), email, String::from("openid")]
    );
    assert_eq!(control.requests_to(Endpoint::Authorize)[0].query("login_hint"), Some(ACCOUNT));
    control.clear_requests();
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    assert!(control.requests_to(Endpoint::Authorize).is_empty());
}

#[test]
fn a_wider_permission_covers_a_narrower_one() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces"]).success();
    sandbox.run(["spaces", "list", "--no-input"]).success();
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    sandbox.run(["auth", "token", "--scope", "chat.spaces.readonly", "--no-input"]).success();
    sandbox.run(["auth", "token", "--scope", "chat.memberships", "--no-input"]).exits_with(4);
    // It does so in the login that replaces one that has ended.
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.control().add_fault("token:reason=invalid_grant,times=1".parse().unwrap());
    sandbox.run(["spaces", "list"]).success();
    assert_eq!(asked(&sandbox), [format!("{ROOT}chat.spaces"), format!("{ROOT}userinfo.email"), "openid".into()]);
}

#[test]
fn a_box_left_unticked_on_the_way_stores_nothing_over_the_old_login() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let before = sandbox.record(ACCOUNT);
    sandbox.control().change_options(|options| {
        options.granted_scopes = GrantedScopes::Only(vec![String::from("chat.spaces.create")]);
    });
    let error = sandbox.run(["spaces", "list", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "scope_missing");
    assert!(error["hint"].as_str().unwrap().contains("tick chat.spaces.readonly"), "{error}");
    // Another token would not help a login.
    let mut login = sandbox.command(["auth", "login", "--scope", "manage", "--format", "json"]);
    login.env("CHATAUTH_ACCESS_TOKEN", "another-token");
    let error = sandbox.finish(login).exits_with(4).error();
    assert!(error["hint"].as_str().unwrap().contains("auth login --scope manage"), "{error}");
    assert_eq!(sandbox.record(ACCOUNT), before);
}

#[test]
fn scopes_are_taken_short_and_in_full() {
    let sandbox = Sandbox::new();
    let full = format!("{ROOT}drive.file");
    sandbox.run(["auth", "login", "--scope", "chat.delete", "--scope", &full]).success();
    let asked = asked(&sandbox);
    assert!(asked.contains(&format!("{ROOT}chat.delete")) && asked.contains(&full), "{asked:?}");
    assert!(!asked.contains(&format!("{ROOT}chat.spaces.create")), "they replace the default: {asked:?}");
    assert!(granted(&sandbox).contains(&full));
    let token = sandbox.run(["auth", "token", "--scope", &full, "--no-input", "--format", "json"]).success().json();
    assert!(token["scopes"].as_array().unwrap().contains(&Value::from(full)));
}

#[test]
fn a_short_name_that_does_not_exist_is_refused_with_the_nearest() {
    let sandbox = Sandbox::new();
    for command in ["login", "token"] {
        let refused = sandbox.run(["auth", command, "--scope", "chat.space.create", "--format", "json"]);
        let error = refused.exits_with(2).error();
        assert_eq!(error["code"], "usage");
        assert!(error["message"].as_str().unwrap().contains("did you mean chat.spaces.create?"), "{error}");
        let error = sandbox.run(["auth", command, "--scope", "drive", "--format", "json"]).exits_with(2).error();
        assert!(error["message"].as_str().unwrap().contains("in full"), "{error}");
        // As a script with an unset variable has it.
        for blank in ["", " ", ","] {
            let error = sandbox.run(["auth", command, "--scope", blank, "--format", "json"]).exits_with(2).error();
            assert_eq!(error["message"], "--scope is empty");
        }
    }
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn a_login_for_a_scope_that_the_server_wants_keeps_the_others() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    for (scopes, added) in [
        ("chat.users.readstate", "chat.users.readstate"),
        ("chat.messages chat.messages.readonly", "chat.messages"),
        ("", ""),
    ] {
        let server = refusing(scopes);
        for words in [
            &["spaces", "list"][..],
            &["spaces", "create", "--name", "x"],
            &["members", "list", "spaces/A"],
            &["api", "GET", "v1/spaces"],
        ] {
            let place = ["--no-input", "--format", "json", "--api-endpoint", &server.origin()];
            let hint = sandbox.run(words.iter().chain(&place)).exits_with(4).error()["hint"].to_string();
            let mut expected = vec!["chat.delete", "chat.memberships", "chat.spaces"];
            expected.extend(Some(added).filter(|added| !added.is_empty()));
            for scope in expected {
                assert!(hint.contains(&format!("--scope {scope} ")), "{words:?} without {scope}: {hint}");
            }
        }
    }
}

#[test]
fn a_method_whose_scope_only_a_person_knows_is_told_to_pass_it() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let key = key_file(&sandbox, &format!("{}/token", sandbox.origin()));
    let delegated = ["--impersonate", ACCOUNT, "--service-account", key.to_str().unwrap()];
    for (scopes, expected) in [
        ("", "--scope SCOPE"),
        ("chat.messages", "pass --scope chat.messages"),
        ("chat.messages chat.messages.readonly", "pass --scope chat.messages or --scope chat.messages.readonly"),
    ] {
        let server = refusing(scopes);
        for words in [
            &["api", "GET", "v1/spaces/A/messages"][..],
            &["api", "POST", "v1/spaces/A/messages/B/reactions", "-f", "x=y"],
            // Another one than the method needs.
            &["api", "GET", "v1/spaces", "--scope", "chat.delete"],
        ] {
            for who in [&[][..], &delegated] {
                let place = ["--no-input", "--format", "json", "--api-endpoint", &server.origin()];
                let error = sandbox.run(words.iter().chain(who).chain(&place)).exits_with(4).error();
                let hint = error["hint"].as_str().unwrap();
                assert!(hint.ends_with(expected), "{words:?} {who:?}: {error}");
                assert_eq!(error["code"], "scope_missing");
            }
        }
        let place = ["--no-input", "--format", "json", "--api-endpoint", &server.origin()];
        let mut given = sandbox.command(["api", "GET", "v1/spaces/A/messages"].iter().chain(&place));
        given.env("CHATAUTH_ACCESS_TOKEN", "another");
        let error = sandbox.finish(given).exits_with(4).error();
        assert!(error["hint"].as_str().unwrap().contains("CHATAUTH_ACCESS_TOKEN"), "no option changes it: {error}");
    }
    // Where the scopes were asked for, an administrator looks.
    let server = refusing("");
    let words = ["spaces", "list", "--format", "json", "--api-endpoint", &server.origin()];
    let error = sandbox.run(words.iter().chain(&delegated)).exits_with(4).error();
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("admin.google.com") && hint.contains("the scope chat.spaces.readonly"), "{error}");
}

/// A sandbox with these people, and the login of each in this order.
fn logged_in(accounts: &[&str]) -> Sandbox {
    let users = accounts.iter().map(|account| User::new(account)).collect();
    let sandbox = Sandbox::with(Options { users, ..Options::default() });
    for account in accounts {
        sandbox.run(["auth", "login", "--account", account]).success();
    }
    sandbox
}

#[test]
fn logging_in_again_keeps_what_the_only_or_the_named_login_could_do() {
    let sandbox = logged_in(&["a@x.test"]);
    sandbox.run(["auth", "login", "--scope", "chat.spaces,chat.memberships"]).success();
    let kept = [String::from("chat.memberships"), String::from("chat.spaces")].map(|name| format!("{ROOT}{name}"));
    for words in [&["auth", "login"][..], &["auth", "login", "--account", "a@x.test"]] {
        let again = sandbox.run(words).success();
        assert!(
            again.stderr.contains("Requesting the scopes of the previous login of a@x.test again"),
            "{}",
            again.stderr
        );
        assert_eq!(asked(&sandbox)[..2], kept, "{words:?}");
    }
    // A scope that is given replaces what was there, and the default needs no word.
    let narrow = sandbox.run(["auth", "login", "--scope", "chat.spaces.create"]).success();
    let default = sandbox.run(["auth", "login"]).success();
    assert!(
        !format!("{}{}", narrow.stderr, default.stderr).contains("Requesting the scopes of the previous login"),
        "{}",
        default.stderr
    );
    assert_eq!(asked(&sandbox)[0], format!("{ROOT}chat.spaces.create"));
    // Of several logins, none is meant as long as none is named.
    let sandbox = logged_in(&["a@x.test", "b@x.test"]);
    sandbox.run(["auth", "login", "--account", "a@x.test", "--scope", "chat.spaces"]).success();
    let other = sandbox.run(["auth", "login"]).success();
    assert!(!other.stderr.contains("Requesting the scopes of the previous login"), "{}", other.stderr);
    assert_eq!(asked(&sandbox)[0], format!("{ROOT}chat.spaces.create"));
}

#[test]
fn manage_stands_for_all_that_managing_spaces_needs() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let names = ["chat.delete", "chat.memberships", "chat.spaces"].map(|name| format!("{ROOT}{name}"));
    assert_eq!(asked(&sandbox)[..3], names);
    sandbox.control().clear_requests();
    let space = sandbox.name_of(&["spaces", "create", "--name", "x", "--no-input"]);
    sandbox.run(["members", "list", &space, "--no-input"]).success();
    sandbox.run(["spaces", "delete", &space, "--yes", "--no-input"]).success();
    assert!(sandbox.control().requests_to(Endpoint::Authorize).is_empty());
}

#[test]
fn the_first_command_that_needs_more_says_how_to_grant_all_at_once() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let first = sandbox.run(["spaces", "list"]).success();
    let command = format!("chatauth auth login --account {ACCOUNT} --scope manage");
    assert!(first.stderr.contains(&command), "{}", first.stderr);
    let second = sandbox.run(["auth", "token", "--scope", "chat.memberships"]).success();
    assert!(!second.stderr.contains("--scope manage"), "said again: {}", second.stderr);
    // It does not help with what is no part of it.
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let import = sandbox.run(["auth", "token", "--scope", "chat.import"]).success();
    assert!(!import.stderr.contains("--scope manage"), "{}", import.stderr);
}
