//! Several logins on one machine never mix.

use chatauth::emulator::{Consent, Endpoint, Options, Recorded, User};

use crate::support::sandbox::Sandbox;

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@gmail.com";

fn two() -> Sandbox {
    let users = vec![User::new(ANN), User::new(BOB)];
    Sandbox::with(Options { users, ..Options::default() })
}

/// Logs both in; Bob is the last.
fn logged_in() -> Sandbox {
    let sandbox = two();
    for account in [ANN, BOB] {
        sandbox.run(["auth", "login", "--account", account]).success();
    }
    sandbox.control().clear_requests();
    sandbox
}

/// The stored tokens of an account.
fn tokens(sandbox: &Sandbox, account: &str) -> [String; 2] {
    let record = sandbox.record(account);
    ["access_token", "refresh_token"].map(|name| record[name].as_str().unwrap().to_owned())
}

/// Whether anything in the requests is one of these tokens.
fn carries(requests: &[Recorded], tokens: &[String]) -> bool {
    requests.iter().any(|request| {
        let everything = format!("{request:?}");
        tokens.iter().any(|token| everything.contains(token))
    })
}

#[test]
fn property_27_only_the_chosen_accounts_tokens_are_ever_sent() {
    let sandbox = logged_in();
    let create = |words: &[&str]| {
        sandbox.control().clear_requests();
        let create = ["spaces", "create", "--name", "x", "--no-input"];
        sandbox.run(create.iter().chain(words).copied()).success().stderr
    };
    for expire in [false, true] {
        let (ann, bob) = (tokens(&sandbox, ANN), tokens(&sandbox, BOB));
        for (words, own, other) in [(&[][..], &bob, &ann), (&["--account", "ANN@example.com"], &ann, &bob)] {
            if expire {
                sandbox.expire_stored_token(ANN);
                sandbox.expire_stored_token(BOB);
            }
            let said = create(words);
            let requests = sandbox.control().requests();
            assert!(carries(&requests, own), "{words:?}");
            assert!(!carries(&requests, other), "{words:?}");
            let who = if own == &ann { ANN } else { BOB };
            assert!(said.contains(&format!("as {who}")), "{said}");
        }
    }
    sandbox.run(["auth", "switch", ANN]).success();
    let bob = tokens(&sandbox, BOB);
    create(&[]);
    assert!(carries(&sandbox.control().requests(), &tokens(&sandbox, ANN)));
    assert!(!carries(&sandbox.control().requests(), &bob));
    // The variable, and the option over it.
    let mut command = sandbox.command(["auth", "token", "--account", BOB, "--format", "json"]);
    command.env("CHATAUTH_ACCOUNT", ANN);
    assert_eq!(sandbox.finish(command).success().json()["account"], BOB);
}

#[test]
fn property_24_another_accounts_login_is_not_stored() {
    let sandbox = two();
    // A browser in which only Bob is logged in: it drops the hint.
    let browser = sandbox.script(
        "bobs-browser",
        "#!/bin/sh\nexec \"$(dirname \"$0\")/chatauth-browser\" \"$(printf %s \"$1\" | sed 's/login_hint=[^&]*/login_hint=bob%40gmail.com/')\"\n",
    );
    let mut command = sandbox.command(["auth", "login", "--account", ANN, "--format", "json"]);
    command.env("BROWSER", &browser);
    let error = sandbox.finish(command).exits_with(4).error();
    assert_eq!(error["code"], "wrong_account", "{error}");
    assert!(error["message"].as_str().unwrap().contains(ANN) && error["message"].as_str().unwrap().contains(BOB));
    assert!(sandbox.control().requests_to(Endpoint::Revoke).is_empty());
    sandbox.run(["auth", "status"]).exits_with(4);
    for account in [ANN, BOB] {
        assert!(!sandbox.record_path(account).exists(), "{account}");
    }
}

#[test]
fn with_several_logins_and_no_choice_nothing_is_guessed() {
    let sandbox = logged_in();
    std::fs::remove_file(sandbox.config_directory().join("current_account")).unwrap();
    let error = sandbox.run(["spaces", "create", "--name", "x", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "login_needed");
    for account in [ANN, BOB] {
        assert!(error["message"].as_str().unwrap().contains(account), "{error}");
    }
    assert!(error["hint"].as_str().unwrap().contains("--account"), "{error}");
    assert!(sandbox.control().requests().is_empty(), "not even the browser");
    // One login is no question, whatever else was chosen before.
    sandbox.run(["auth", "logout", "--local", "--account", ANN]).success();
    assert_eq!(sandbox.run(["auth", "token", "--format", "json"]).success().json()["account"], BOB);
}

#[test]
fn switching_is_for_accounts_that_are_logged_in() {
    let sandbox = logged_in();
    let error = sandbox.run(["auth", "switch", "eve@example.com", "--format", "json"]).exits_with(4).error();
    assert!(error["hint"].as_str().unwrap().ends_with("chatauth auth login --account eve@example.com"), "{error}");
    assert_eq!(sandbox.run(["auth", "token", "--format", "json"]).success().json()["account"], BOB);
    sandbox.run(["auth", "switch", "Ann@Example.com"]).success();
    assert_eq!(sandbox.run(["auth", "token", "--format", "json"]).success().json()["account"], ANN);
}

#[test]
fn a_dead_login_is_named_in_the_command_that_renews_it() {
    let sandbox = logged_in();
    sandbox.control().revoke_all_refresh_tokens();
    sandbox.expire_stored_token(BOB);
    let error = sandbox.run(["auth", "token", "--no-input", "--format", "json"]).exits_with(4).error();
    assert_eq!(error["code"], "credentials_rejected");
    // A login without the account would ask for less than this one has.
    assert!(error["hint"].as_str().unwrap().ends_with(&format!("--account {BOB}")), "{error}");
}

#[test]
fn a_failed_login_of_one_account_leaves_the_other_alone() {
    let sandbox = logged_in();
    let before = [ANN, BOB].map(|account| sandbox.record(account));
    sandbox.control().change_options(|options| options.consent = Consent::Deny);
    sandbox.run(["auth", "login", "--account", ANN]).exits_with(4);
    assert_eq!([ANN, BOB].map(|account| sandbox.record(account)), before);
    assert_eq!(sandbox.run(["auth", "token", "--format", "json"]).success().json()["account"], BOB);
}
