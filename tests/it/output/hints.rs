//! The commands in hints and notes: they act as the command that shows them, and at the same place.

use std::process::Command;

use chatauth::emulator::{Options, User};
use serde_json::json;

use crate::support::recorder::{Recorder, refusal};
use crate::support::sandbox::{Finished, Sandbox};
use crate::support::service_account::key_file;

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
const NOBODY: &str = "nobody@example.com";

/// Ann and Bob are logged in with a client file and a directory that only options name. Ann is the current account.
struct Stage {
    sandbox: Sandbox,
    place: [String; 6],
}

impl Stage {
    fn new() -> Self {
        let users = vec![User::new(ANN), User::new(BOB)];
        let admins = vec![String::from(BOB)];
        let sandbox = Sandbox::with(Options { users, admins, ..Options::default() });
        std::fs::rename(sandbox.client_secrets(), sandbox.path("own client.json")).unwrap();
        let origin = sandbox.origin().to_owned();
        let place = ["--client-secrets", "own client.json", "--config-dir", "its logins", "--api-endpoint", &origin];
        let stage = Self { place: place.map(str::to_owned), sandbox };
        for account in [BOB, ANN] {
            stage.run(&["auth", "login", "--scope", "manage", "--account", account]).success();
        }
        stage
    }

    /// Removes the variables whose options are typed.
    fn without_variables(&self, mut command: Command) -> Finished {
        for variable in ["CHATAUTH_CLIENT_SECRETS", "CHATAUTH_CONFIG_DIR", "CHATAUTH_API_ENDPOINT"] {
            command.env_remove(variable);
        }
        self.sandbox.finish(command)
    }

    fn run(&self, words: &[&str]) -> Finished {
        self.without_variables(self.sandbox.command(words.iter().copied().chain(self.place.iter().map(String::as_str))))
    }

    /// Pastes a command into a shell.
    fn paste(&self, line: &str) -> Finished {
        let mut shell = Command::new("sh");
        let of_sandbox = self.sandbox.command(["version"]);
        shell.env_clear().envs(of_sandbox.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(self.sandbox.path("")).stdin(std::process::Stdio::null()).args(["-c", line]);
        self.without_variables(shell)
    }
}

/// The command in a hint or note.
#[track_caller]
fn command_in(stderr: &str) -> &str {
    let program = env!("CARGO_BIN_EXE_chatauth");
    let line = stderr.lines().find(|line| line.contains(program)).unwrap_or_else(|| panic!("no command: {stderr}"));
    &line[line.find(program).unwrap()..]
}

#[test]
fn a_command_in_a_hint_has_every_typed_option_about_who_where_and_with_which_rights() {
    let stage = Stage::new();
    let key = key_file(&stage.sandbox, &format!("{}/token", stage.sandbox.origin()));
    let as_bob = ["--account", BOB];
    let delegated = ["--service-account", key.to_str().unwrap(), "--impersonate", BOB];
    let created = stage.run(&["spaces", "create", "--name", "x", "--format", "name", "--account", BOB]).success();
    let space = created.stdout.trim();
    let as_administrator = ["--account", BOB, "--use-admin-access"];
    let admin = ["auth", "login", "--scope", "chat.admin.spaces", "--scope", "chat.admin.memberships.readonly"];
    stage.run(&[&admin[..], &["--scope", "manage"], &as_bob].concat()).success();
    stage.run(&["auth", "switch", ANN]).success();
    for (words, options, shown) in [
        (&["spaces", "get", "spaces/none"][..], &as_bob[..], "spaces list"),
        (&["spaces", "get", "spaces/none"], &delegated, "spaces list"),
        (&["spaces", "get", "spaces/none"], &as_administrator, "spaces search"),
        (&["members", "get", space, NOBODY], &as_bob, "members list"),
        (&["members", "get", space, NOBODY], &delegated, "members list"),
        (&["members", "get", space, NOBODY], &as_administrator, "members list"),
        (&["members", "remove", space, NOBODY], &as_bob, "members list"),
        (&["members", "update", space, NOBODY, "--role", "manager"], &delegated, "members list"),
        (&["spaces", "find-dm", ANN], &as_bob, "spaces create"),
        (&["api", "GET", "v1/spaces/none"], &as_bob, "spaces list"),
        (&["auth", "token", "--scope", "chat.import", "--no-input"], &as_bob, "auth login"),
    ] {
        let failed = stage.run(&[words, options].concat());
        assert!(!failed.status.success(), "{words:?}");
        let command = command_in(&failed.stderr);
        assert!(command.contains(shown), "{words:?}: {command}");
        for part in options.iter().copied().chain(["'own client.json'", "'its logins'", stage.sandbox.origin()]) {
            assert!(command.contains(part), "{words:?} {options:?}: {command}");
        }
        stage.sandbox.control().clear_requests();
        stage.paste(command).success();
        assert!(!stage.sandbox.control().requests().is_empty(), "it went elsewhere: {command}");
    }
}

#[test]
fn a_command_in_a_hint_to_manage_logins_has_the_options_that_say_where() {
    let stage = Stage::new();
    let switch = |stderr: &str| command_in(stderr).replace("EMAIL", BOB);
    let login = stage.run(&["auth", "login", "--account", ANN]).success();
    stage.paste(&switch(&login.stderr)).success();
    let whose = || stage.run(&["auth", "token", "--format", "json"]).success().json()["account"].clone();
    assert_eq!(whose(), BOB);
    std::fs::remove_file(stage.sandbox.path("its logins/current_account")).unwrap();
    stage.paste(&switch(&stage.run(&["spaces", "list"]).exits_with(4).stderr)).success();
    assert_eq!(whose(), BOB);
    // Revoked, then damaged.
    stage.sandbox.control().revoke_all_refresh_tokens();
    stage.sandbox.control().expire_access_tokens();
    let refused = stage.run(&["spaces", "list", "--no-input", "--account", BOB]).exits_with(4);
    stage.paste(command_in(&refused.stderr)).success();
    stage.run(&["auth", "token", "--account", BOB]).success();
    std::fs::write(stage.sandbox.path(&format!("its logins/accounts/{BOB}.json")), "{").unwrap();
    let damaged = stage.run(&["spaces", "list", "--no-input", "--account", BOB]).exits_with(3);
    let line = command_in(&damaged.stderr);
    stage.paste(line.split_once(", which").unwrap().0).success();
    stage.run(&["auth", "token", "--account", BOB]).success();
    // None is selected.
    std::fs::remove_file(stage.sandbox.path("its logins/current_account")).unwrap();
    stage.paste(command_in(&stage.run(&["auth", "logout"]).exits_with(4).stderr)).success();
    assert_eq!(whose(), BOB);
}

#[test]
fn a_command_in_a_hint_names_input_that_is_gone() {
    let stage = Stage::new();
    let fifo = stage.sandbox.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    std::fs::write(stage.sandbox.path("file"), r#"{"displayName":"J"}"#).unwrap();
    let (program, origin) = (env!("CARGO_BIN_EXE_chatauth"), stage.sandbox.origin());
    let place = format!("--client-secrets 'own client.json' --config-dir 'its logins' --api-endpoint {origin}");
    for (before, options, is_gone) in [
        ("", "--json - < file", true),
        ("cat file > fifo &", "--json fifo", true),
        ("cat file > fifo &", "--json=fifo", true),
        ("", "--json file", false),
        ("", "--name - --description /dev/null", false),
    ] {
        stage.sandbox.control().add_fault("create:status=302".parse().unwrap());
        let unknown =
            stage.paste(&format!("{before} {program} spaces create --no-input {place} {options}")).exits_with(6);
        stage.sandbox.control().clear_faults();
        let repeat = unknown.stderr.split_once("to repeat it safely, run ").unwrap().1.trim_end();
        let line = repeat.strip_prefix("with the same input: ");
        assert_eq!(line.is_some(), is_gone, "{options}: {repeat}");
        let line = line.unwrap_or(repeat);
        let space = stage.paste(&format!("{before} {line} < file")).success().json();
        assert!(["J", "-"].contains(&space["displayName"].as_str().unwrap()), "{space}");
    }
}

#[test]
fn a_command_in_a_hint_repeats_text_that_is_shown_escaped() {
    let stage = Stage::new();
    for text in ["line 1\nline 2", "ends\n", "می\u{200c}خواهم", "50 % \\n\tit's \u{202e}so!"] {
        stage.sandbox.control().add_fault("create:status=302".parse().unwrap());
        let words = ["spaces", "create", "--name", "T", "--description", text, "--no-input"];
        let unknown = stage.run(&words).exits_with(6);
        stage.sandbox.control().clear_faults();
        let command = unknown.stderr.split_once("to repeat it safely, run ").unwrap().1;
        let space = stage.paste(command.trim_end()).success().json();
        assert_eq!(space["spaceDetails"]["description"], text, "{}", unknown.stderr);
    }
}

#[test]
fn the_hints_of_spaces_are_for_methods_of_spaces() {
    for (status, code, of_spaces) in [
        (400, "INVALID_ARGUMENT", "/rest/v1/spaces"),
        (404, "NOT_FOUND", "check the name, and that this account is a member"),
        (409, "ALREADY_EXISTS", "choose another name"),
    ] {
        let recorder = Recorder::with(move |_, _| refusal(status, code));
        for (path, is_of_spaces) in [
            ("v1/spaces/A", true),
            ("v1/spaces/A/members", false),
            ("v1/spaces/A/messages/B", false),
            ("v1/users/me", false),
        ] {
            for method in ["GET", "POST", "PATCH"] {
                let refused = recorder.run(&["api", method, path]).exits_with(5);
                let hint = refused.stderr.lines().find(|line| line.starts_with("hint: ")).unwrap();
                assert_eq!(hint.contains(of_spaces), is_of_spaces, "{status} {method} {path}: {hint}");
                let reference = hint.ends_with("https://developers.google.com/workspace/chat/api/reference/rest");
                assert_eq!(reference, !is_of_spaces, "{status} {method} {path}: {hint}");
            }
        }
    }
    // A page that is not the API's says nothing of a name.
    let gateway = Recorder::with(|_, _| (404, json!("<html>")));
    let known = [&["spaces", "get", "AAA"][..], &["api", "GET", "v1/spaces/A"], &["api", "GET", "v1/spaces/A/members"]];
    for words in known {
        let refused = gateway.run(words).exits_with(5);
        assert!(refused.stderr.contains("hint: check that --api-endpoint is the root"), "{}", refused.stderr);
    }
    let unknown = gateway.run(&["api", "GET", "v1/spaces/A/nothing"]).exits_with(5);
    assert!(unknown.stderr.contains("hint: see https://"), "Google answers with a page, too: {}", unknown.stderr);
}
