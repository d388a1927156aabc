//! Who acts where options and variables name several.

use std::path::PathBuf;

use chatauth::emulator::{Options, User};
use serde_json::{Value, json};

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::service_account::key_file;
use crate::support::stage::names_in;

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
const EVE: &str = "eve@example.com";

/// Ann and Bob are logged in, Bob last, and a service account may act for anyone.
struct Stage {
    sandbox: Sandbox,
    key: PathBuf,
    token: String,
}

impl Stage {
    fn new() -> Self {
        let users = vec![User::new(ANN), User::new(BOB), User::new(EVE)];
        let sandbox = Sandbox::with(Options { users, ..Options::default() });
        for account in [ANN, BOB] {
            sandbox.run(["auth", "login", "--account", account]).success();
        }
        let key = key_file(&sandbox, &format!("{}/token", sandbox.origin()));
        let token = sandbox.run(["auth", "token", "--account", ANN]).success().stdout.trim().to_owned();
        Self { sandbox, key, token }
    }

    /// Runs a command with these variables; `KEY` and `TOKEN` stand for the key file and Ann's token.
    fn run(&self, words: &[&str], variables: &[(&str, &str)]) -> Finished {
        let key = self.key.to_str().unwrap();
        let meant = |word: &str| {
            String::from(match word {
                "KEY" => key,
                "TOKEN" => &self.token,
                other => other,
            })
        };
        let mut command = self.sandbox.command(words.iter().map(|word| meant(word)));
        command.envs(variables.iter().map(|(name, value)| (*name, meant(value))));
        self.sandbox.finish(command)
    }
}

const TOKEN: (&str, &str) = ("CHATAUTH_ACCESS_TOKEN", "TOKEN");
const KEY: (&str, &str) = ("CHATAUTH_SERVICE_ACCOUNT", "KEY");
const AS_EVE: (&str, &str) = ("CHATAUTH_IMPERSONATE", EVE);
const FOR_ANN: (&str, &str) = ("CHATAUTH_ACCOUNT", ANN);

#[test]
fn an_option_that_says_who_acts_overrides_every_variable_that_does() {
    let stage = Stage::new();
    let (account, service, both) =
        (&["--account", ANN][..], &["--impersonate", BOB][..], &["--service-account", "KEY", "--impersonate", BOB][..]);
    for (options, variables, expected) in [
        (account, &[TOKEN][..], json!(ANN)),
        (account, &[KEY, AS_EVE], json!(ANN)),
        (account, &[TOKEN, KEY, AS_EVE], json!(ANN)),
        // Half of a delegation that would not act is no error.
        (account, &[KEY], json!(ANN)),
        (both, &[TOKEN], json!(BOB)),
        (both, &[FOR_ANN, TOKEN], json!(BOB)),
        (both, &[KEY, AS_EVE], json!(BOB)),
        (service, &[KEY, TOKEN], json!(BOB)),
        (service, &[KEY, AS_EVE, FOR_ANN, TOKEN], json!(BOB)),
        (&["--service-account", "KEY"], &[AS_EVE, TOKEN], json!(EVE)),
        // Variables among themselves.
        (&[], &[TOKEN, KEY, AS_EVE, FOR_ANN], Value::Null),
        (&[], &[KEY, AS_EVE, FOR_ANN], json!(EVE)),
        (&[], &[FOR_ANN], json!(ANN)),
    ] {
        let words = [&["auth", "token", "--no-input", "--format", "json"], options].concat();
        let token = stage.run(&words, variables).success().json();
        assert_eq!(token["account"], expected, "{options:?} {variables:?}");
        let words = [&["auth", "status", "--format", "json"], options].concat();
        let status = stage.run(&words, variables).success().json();
        assert_eq!(status["account"], expected, "{options:?} {variables:?}");
        let settings = &status["settings"];
        let token = match (&expected, &settings["serviceAccount"]["impersonate"]) {
            (Value::Null, _) => "given",
            (_, Value::Null) => "of the login",
            _ => "of the service account",
        };
        assert_eq!(settings["accessToken"]["value"], token, "{options:?} {variables:?}");
    }
    // The API sees the same.
    let words = ["--account", BOB, "spaces", "create", "--name", "x", "--format", "name"];
    let space = stage.run(&words, &[TOKEN]).success().stdout;
    let members = stage.sandbox.control().members(space.trim());
    assert_eq!(members[0]["member"]["name"], format!("users/{}", User::new(BOB).sub));
}

#[test]
fn a_token_acts_whatever_is_wrong_with_the_variables_of_a_service_account() {
    let stage = Stage::new();
    let missing = ("CHATAUTH_SERVICE_ACCOUNT", "/nosuch/key.json");
    let contents = ("CHATAUTH_SERVICE_ACCOUNT", "{\"type\": \"service_account\", \"private_key\": \"x\"}");
    for variables in [&[AS_EVE][..], &[KEY], &[missing], &[missing, AS_EVE], &[contents, AS_EVE]] {
        let variables = [&[TOKEN], variables].concat();
        for words in [&["spaces", "create", "--name", "x"][..], &["auth", "token"], &["auth", "status"], &["doctor"]] {
            stage.run(words, &variables).success();
        }
    }
    // Without it they are refused by the name of the variable that is set.
    for variable in [AS_EVE, KEY] {
        let refused = stage.run(&["spaces", "list", "--format", "json"], &[variable]).exits_with(2).error();
        let message = refused["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{} requires ", variable.0)), "{message}");
    }
}

#[test]
fn options_that_say_two_who_act_are_a_usage_error() {
    let stage = Stage::new();
    for (options, variables, named) in [
        (&["--service-account", "KEY", "--impersonate", BOB][..], &[][..], "--service-account"),
        (&["--service-account", "KEY"], &[AS_EVE], "--service-account"),
        (&["--impersonate", BOB], &[KEY], "--impersonate"),
        (&["--impersonate", ANN], &[], "--impersonate"),
    ] {
        for place in [&["--account", ANN, "spaces", "list"], &["spaces", "list", "--account", ANN]] {
            let words = [&place[..], options, &["--format", "json"]].concat();
            let error = stage.run(&words, variables).exits_with(2).error();
            assert_eq!(error["code"], "usage");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("--account") && message.contains(named), "{message}");
        }
    }
}

#[test]
fn a_login_warns_of_what_later_commands_use_instead() {
    let stage = Stage::new();
    for (variables, expected) in
        [(&[TOKEN][..], Some("CHATAUTH_ACCESS_TOKEN is set")), (&[KEY, AS_EVE], Some("service account")), (&[], None)]
    {
        for words in [&["auth", "login"][..], &["auth", "login", "--account", ANN]] {
            let said = stage.run(words, variables).success().stderr;
            assert_eq!(said.contains("instead of this login"), expected.is_some(), "{said}");
            assert!(said.contains(expected.unwrap_or_default()), "{said}");
        }
    }
}

#[test]
fn a_switch_warns_of_what_commands_use_instead() {
    let stage = Stage::new();
    let for_bob = ("CHATAUTH_ACCOUNT", BOB);
    for (variables, expected) in [
        (&[TOKEN][..], Some("CHATAUTH_ACCESS_TOKEN is set")),
        (&[KEY, AS_EVE], Some("service account")),
        (&[TOKEN, for_bob], Some("CHATAUTH_ACCESS_TOKEN is set")),
        (&[for_bob], Some("CHATAUTH_ACCOUNT is bob@example.com")),
        (&[FOR_ANN], None),
        (&[], None),
    ] {
        stage.run(&["auth", "switch", BOB], &[]).success();
        let said = stage.run(&["auth", "switch", ANN], variables).success().stderr;
        assert_eq!(said.contains("Commands now act as ann@example.com"), expected.is_none(), "{said}");
        assert_eq!(said.contains("warning: "), expected.is_some(), "{said}");
        assert!(said.contains(expected.unwrap_or_default()), "{said}");
        let token = stage.run(&["auth", "token", "--format", "json"], &[]).success().json();
        assert_eq!(token["account"], ANN, "the switch itself succeeds: {variables:?}");
    }
}

#[test]
fn a_login_or_a_switch_with_an_option_that_says_who_acts_is_a_usage_error() {
    let stage = Stage::new();
    let actor = ["--service-account", "KEY", "--impersonate", EVE];
    for (command, options) in [
        (&["auth", "switch", ANN][..], &["--account", BOB][..]),
        (&["auth", "switch", ANN], &actor),
        (&["auth", "login", "--account", ANN], &actor),
    ] {
        let words = [command, &["--format", "json"], options].concat();
        let error = stage.run(&words, &[]).exits_with(2).error();
        assert!(error["message"].as_str().unwrap().contains(options[0]), "{error}");
        assert_eq!(stage.run(&["auth", "token", "--format", "json"], &[]).success().json()["account"], BOB);
    }
}

#[test]
fn what_acts_as_nobody_does_not_ask_who_acts() {
    let sandbox = Sandbox::new();
    for words in [&["completion", "bash"][..], &["man"], &["version"]] {
        let mut command = sandbox.command(words);
        command.env("CHATAUTH_IMPERSONATE", BOB).env("CHATAUTH_ACCESS_TOKEN", "Bearer x y");
        sandbox.finish(command).success();
    }
}

#[test]
fn where_no_account_is_chosen_status_says_how_to_choose_as_every_command_does() {
    let stage = Stage::new();
    std::fs::remove_file(stage.sandbox.config_directory().join("current_account")).unwrap();
    let hint = |words: &[&str]| stage.run(words, &[]).exits_with(4).error()["hint"].clone();
    let expected = hint(&["spaces", "list", "--format", "json"]);
    assert!(expected.as_str().unwrap().contains("auth switch"), "{expected}");
    for words in [&["auth", "status", "--format", "json"][..], &["auth", "status", "--check", "--format", "json"]] {
        assert_eq!(hint(words), expected);
    }
    stage.run(&["auth", "switch", " ann@example.com "], &[]).success();
}

#[test]
fn a_command_that_manages_saved_logins_refuses_a_service_account_that_is_named() {
    let stage = Stage::new();
    let accounts = stage.sandbox.config_directory().join("accounts");
    let before = names_in(&accounts);
    stage.sandbox.control().clear_requests();
    for words in [
        &["auth", "switch", ANN][..],
        &["auth", "logout"],
        &["auth", "logout", "--local"],
        &["auth", "logout", "--all"],
        &["auth", "export"],
        &["auth", "import", "KEY"],
    ] {
        for (options, variables) in [
            (&["--service-account", "KEY", "--impersonate", EVE][..], &[][..]),
            (&["--service-account", "KEY"], &[AS_EVE]),
            (&["--impersonate", EVE], &[KEY]),
        ] {
            let refused = stage.run(&[words, options, &["--format", "json"]].concat(), variables).exits_with(2);
            let error = refused.error();
            assert!(error["message"].as_str().unwrap().contains(options[0]), "{words:?}: {error}");
            assert_eq!(refused.stdout, "");
        }
    }
    assert_eq!(names_in(&accounts), before);
    assert!(stage.sandbox.control().requests().is_empty());
    // A variable says who acts, and nothing of the saved logins.
    let export = stage.sandbox.path("export.json");
    let exported = stage.run(&["auth", "export", "--jq", ".account"], &[KEY, AS_EVE]).success();
    assert_eq!(exported.stdout, format!("{BOB}\n"));
    std::fs::write(&export, stage.run(&["auth", "export"], &[KEY, AS_EVE]).success().stdout).unwrap();
    stage.run(&["auth", "import", export.to_str().unwrap()], &[KEY, AS_EVE]).success();
    stage.run(&["auth", "logout", "--local"], &[KEY, AS_EVE]).success();
    assert!(!stage.sandbox.record_path(BOB).exists() && stage.sandbox.record_path(ANN).exists());
}

#[test]
fn a_blank_account_is_none_in_a_variable_and_refused_as_an_option() {
    let stage = Stage::new();
    for blank in ["", " ", "\t"] {
        let token = stage.run(&["auth", "token", "--format", "json"], &[("CHATAUTH_ACCOUNT", blank)]).success().json();
        assert_eq!(token["account"], BOB, "{blank:?}");
        let error = stage
            .run(&["auth", "token", "--format", "json"], &[KEY, ("CHATAUTH_IMPERSONATE", blank)])
            .exits_with(2)
            .error();
        assert!(error["message"].as_str().unwrap().contains("requires --impersonate"), "{error}");
        stage.sandbox.control().clear_requests();
        for words in [
            &["auth", "login", "--account", blank][..],
            &["auth", "login", "--login-hint", blank],
            &["auth", "switch", blank],
            &["auth", "token", "--account", blank],
            &["auth", "token", "--service-account", "KEY", "--impersonate", blank],
        ] {
            let error = stage.run(&[words, &["--format", "json"]].concat(), &[]).exits_with(2).error();
            assert!(error["message"].as_str().unwrap().contains("blank"), "{words:?}: {error}");
        }
        assert!(stage.sandbox.control().requests().is_empty());
    }
}
