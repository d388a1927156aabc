//! Homes that are missing, read-only, somebody else's, open to everybody, or full.

use std::fs;
use std::path::Path;
use std::process::Command;

use chatauth::emulator::{Endpoint, Options};
use rustix::fs::{Gid, Uid};

use crate::support::ordinary_user::{OrdinaryUser, inherit, is_root, not_run, set_mode};
use crate::support::sandbox::{Finished, Sandbox};

const ACCOUNT: &str = "emulator@example.com";

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn property_39_without_a_usable_home_the_error_is_clear_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("somewhere");
    fs::create_dir(&directory).unwrap();
    for home in [None, Some("relative/home"), Some("")] {
        for words in
            [&["spaces", "create", "--name", "x"][..], &["auth", "login"], &["auth", "status"], &["auth", "export"]]
        {
            let mut command = sandbox.command(words);
            command.args(["--format", "json"]).env_remove("CHATAUTH_CONFIG_DIR").env_remove("HOME");
            if let Some(home) = home {
                command.env("HOME", home).env("XDG_CONFIG_HOME", home);
            }
            let error = sandbox.finish({
                command.current_dir(&directory);
                command
            });
            let error = error.exits_with(3).error();
            assert_eq!(error["code"], "store_not_writable", "{home:?} {words:?}: {error}");
            assert!(error["hint"].as_str().unwrap().contains("HOME"), "{error}");
        }
    }
    assert!(names(&directory).is_empty());
    assert!(sandbox.control().requests().is_empty());
    // A home that is to be made is made, for its owner alone.
    let mut login = sandbox.command(["auth", "login"]);
    login.env_remove("CHATAUTH_CONFIG_DIR").env("HOME", sandbox.path("new/home"));
    sandbox.finish(login).success();
    assert_eq!(crate::support::sandbox::mode(&sandbox.path("new/home/.config/chatauth")), 0o700);
}

/// A store that cannot be written, with a login in it.
fn read_only<'a>(sandbox: &'a Sandbox, test: &str) -> Option<OrdinaryUser<'a>> {
    sandbox.log_in();
    let user = OrdinaryUser::of(sandbox, test)?;
    let accounts = sandbox.config_directory().join("accounts");
    for entry in names(&accounts) {
        set_mode(&accounts.join(entry), 0o400);
    }
    set_mode(&accounts, 0o500);
    set_mode(&sandbox.config_directory(), 0o500);
    Some(user)
}

fn put_back(sandbox: &Sandbox) {
    set_mode(&sandbox.config_directory(), 0o700);
    set_mode(&sandbox.config_directory().join("accounts"), 0o700);
}

#[test]
fn a_file_in_place_of_the_directory_is_called_that_by_every_command() {
    let sandbox = Sandbox::new();
    let here = sandbox.path("here");
    fs::create_dir_all(here.join("parent")).unwrap();
    set_mode(&here.join("parent"), 0o700);
    fs::write(here.join("file"), "kept").unwrap();
    fs::write(here.join("parent/accounts"), "").unwrap();
    for directory in ["/dev/null", "file", "file/below", "parent"] {
        let named = if directory == "parent" { "parent/accounts" } else { directory };
        for words in [
            &["auth", "status"][..],
            &["spaces", "list"],
            &["auth", "login"],
            &["auth", "token", "--no-input"],
            &["auth", "logout"],
            &["auth", "switch", ACCOUNT],
        ] {
            for has_client in [true, false] {
                let mut command = sandbox.command(words);
                command.args(["--format", "json", "--config-dir", directory]).current_dir(&here);
                if !has_client {
                    command.env_remove("CHATAUTH_CLIENT_SECRETS");
                }
                let error = sandbox.finish(command).exits_with(3).error();
                assert_eq!(error["code"], "store_unreadable", "{directory} {words:?}: {error}");
                assert_eq!(error["message"], format!("cannot use {named} for logins: it is not a directory"));
                assert!(error["hint"].as_str().unwrap().contains("--config-dir"), "{error}");
            }
        }
    }
    assert_eq!(fs::read_to_string(here.join("file")).unwrap(), "kept");
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn property_38_a_read_only_store_with_a_valid_token_is_good_enough() {
    let sandbox = Sandbox::new();
    let test = "property_38_a_read_only_store_with_a_valid_token_is_good_enough";
    let Some(user) = read_only(&sandbox, test) else { return };
    let before = fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    let run = |words: &[&str]| sandbox.finish(user.command(words));
    let created = run(&["spaces", "create", "--name", "x", "--no-input"]).success();
    assert!(!created.stderr.contains("warning"), "{}", created.stderr);
    run(&["auth", "status"]).success();
    run(&["auth", "token", "--no-input"]).success();
    assert_eq!(sandbox.control().requests().len(), 1);
    // A refresh that cannot be stored serves this one command, and says so.
    set_mode(&sandbox.record_path(ACCOUNT), 0o600);
    sandbox.expire_stored_token(ACCOUNT);
    let expired = fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    let refreshed = run(&["spaces", "create", "--name", "x", "--no-input"]).success();
    assert_eq!(refreshed.stderr.matches("warning").count(), 1, "{}", refreshed.stderr);
    assert_eq!(fs::read(sandbox.record_path(ACCOUNT)).unwrap(), expired);
    assert_ne!(before, expired);
    put_back(&sandbox);
}

#[test]
fn property_38_a_login_into_a_read_only_store_fails_before_the_browser() {
    let sandbox = Sandbox::new();
    let test = "property_38_a_login_into_a_read_only_store_fails_before_the_browser";
    let Some(user) = read_only(&sandbox, test) else { return };
    for words in [&["auth", "login"][..], &["spaces", "list"], &["auth", "import", "nowhere.json"]] {
        let mut command = user.command(words);
        command.args(["--format", "json"]);
        let error = sandbox.finish(command).exits_with(3).error();
        if words[1] != "import" {
            assert_eq!(error["code"], "store_not_writable", "{words:?}: {error}");
        }
    }
    assert!(sandbox.control().requests().is_empty());
    put_back(&sandbox);
}

#[test]
fn property_31_a_store_of_somebody_else_is_not_used() {
    if !is_root() {
        return not_run("property_31_a_store_of_somebody_else_is_not_used", "only root can give files away");
    }
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for path in [sandbox.config_directory(), sandbox.config_directory().join("accounts"), sandbox.record_path(ACCOUNT)]
    {
        let give = |user: u32| rustix::fs::chown(&path, Some(Uid::from_raw(user)), Some(Gid::from_raw(user))).unwrap();
        give(65534);
        let error =
            sandbox.run(["spaces", "create", "--name", "x", "--no-input", "--format", "json"]).exits_with(3).error();
        assert_eq!(error["code"], "store_unreadable", "{error}");
        assert!(error["message"].as_str().unwrap().contains("user id 65534"), "{error}");
        if path.is_dir() {
            let error = sandbox.run(["auth", "login", "--format", "json"]).exits_with(3).error();
            assert_eq!(error["code"], "store_not_writable", "{error}");
        }
        give(0);
    }
    assert!(sandbox.control().requests().is_empty(), "not even the browser");
}

#[test]
fn property_31_a_store_that_everybody_can_write_to_is_not_used() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for path in [sandbox.config_directory(), sandbox.config_directory().join("accounts")] {
        for mode in [0o777, 0o770, 0o702] {
            set_mode(&path, mode);
            for (words, code) in
                [(&["auth", "token", "--no-input"][..], "store_unreadable"), (&["auth", "login"], "store_not_writable")]
            {
                let mut command = sandbox.command(words);
                command.args(["--format", "json"]);
                let error = sandbox.finish(command).exits_with(3).error();
                assert_eq!(error["code"], code, "{mode:o}: {error}");
                assert!(error["message"].as_str().unwrap().contains(&format!("mode {mode:03o}")), "{error}");
            }
        }
        set_mode(&path, 0o700);
    }
    assert!(sandbox.control().requests().is_empty());
    sandbox.run(["auth", "token", "--no-input"]).success();
}

/// Runs the binary with the store on a file system that has no byte left, and brings the store back afterwards.
fn on_a_full_disk(sandbox: &Sandbox, test: &str, words: &[&str]) -> Option<Finished> {
    if !is_root() {
        not_run(test, "only root can mount a small file system");
        return None;
    }
    let plain = sandbox.command(words);
    let script = "set -e; cp -a config kept; mount -t tmpfs -o size=64k tmpfs config; cp -a kept/. config; \
                  chmod 700 config; cat /dev/zero > config/fill 2>/dev/null || true; \
                  set +e; \"$@\"; code=$?; rm -r kept; cp -a config after; exit $code";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_chatauth")]).args(plain.get_args());
    inherit(&mut command, &plain);
    let finished = sandbox.finish(command);
    if !sandbox.path("after/fill").exists() {
        not_run(test, "no file system can be mounted here");
        return None;
    }
    fs::remove_file(sandbox.path("after/fill")).unwrap();
    Some(finished)
}

/// What the store held at the end.
fn after(sandbox: &Sandbox, directory: &str) -> Vec<String> {
    names(&sandbox.path(&format!("after/{directory}")))
}

#[test]
fn property_34_a_full_disk_is_noticed_before_a_refresh_leaves() {
    let test = "property_34_a_full_disk_is_noticed_before_a_refresh_leaves";
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    let before = fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    let files = names(&sandbox.config_directory().join("accounts"));
    let words = ["spaces", "create", "--name", "x", "--no-input", "--format", "json"];
    let Some(finished) = on_a_full_disk(&sandbox, test, &words) else { return };
    let error = finished.exits_with(3).error();
    assert_eq!(error["code"], "store_not_writable");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("No space left") && !message.contains("-tmp-"), "{error}");
    assert_eq!(error["hint"], "free some space, then run the command again");
    assert!(sandbox.control().requests_to(Endpoint::Token).is_empty(), "the refresh token may be replaced");
    assert_eq!(fs::read(sandbox.path(&format!("after/accounts/{ACCOUNT}.json"))).unwrap(), before);
    assert_eq!(after(&sandbox, "accounts"), files, "no half-written file is left");
}

#[test]
fn property_34_a_full_disk_stops_before_a_new_refresh_token_is_lost() {
    let test = "property_34_a_full_disk_stops_before_a_new_refresh_token_is_lost";
    let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    let before = fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    let words = ["spaces", "create", "--name", "x", "--no-input", "--format", "json"];
    let Some(finished) = on_a_full_disk(&sandbox, test, &words) else { return };
    assert_eq!(finished.exits_with(3).error()["code"], "store_not_writable");
    assert!(sandbox.control().requests_to(Endpoint::Create).is_empty());
    assert_eq!(fs::read(sandbox.path(&format!("after/accounts/{ACCOUNT}.json"))).unwrap(), before);
}

#[test]
fn property_34_a_full_disk_during_a_login_keeps_the_old_one() {
    let test = "property_34_a_full_disk_during_a_login_keeps_the_old_one";
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let before = fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    let files = names(&sandbox.config_directory().join("accounts"));
    let Some(finished) = on_a_full_disk(&sandbox, test, &["auth", "login", "--format", "json"]) else { return };
    assert_eq!(finished.exits_with(3).error()["code"], "store_not_writable");
    assert_eq!(fs::read(sandbox.path(&format!("after/accounts/{ACCOUNT}.json"))).unwrap(), before);
    assert_eq!(after(&sandbox, "accounts"), files);
    assert!(sandbox.control().requests_to(Endpoint::Authorize).is_empty(), "a person's time was taken for nothing");
}
