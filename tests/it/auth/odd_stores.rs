//! Stores in odd places: other people's directories, file systems without modes, directories that are no store.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chatauth::emulator::Endpoint;

use crate::support::ordinary_user::{is_root, not_run};
use crate::support::sandbox::{Sandbox, mode};
use crate::support::stage::{ACCOUNT, traced, wrapped};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Every path below a directory, with its mode.
fn modes(directory: &Path) -> Vec<(String, u32)> {
    let mut all = vec![(directory.display().to_string(), mode(directory))];
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            all.extend(modes(&entry));
        } else {
            all.push((entry.display().to_string(), mode(&entry)));
        }
    }
    all.sort();
    all
}

#[test]
fn property_30_a_directory_that_is_no_store_is_never_narrowed() {
    let sandbox = Sandbox::new();
    let site = sandbox.path("www");
    fs::create_dir_all(site.join("accounts")).unwrap();
    fs::write(site.join("index.html"), "x").unwrap();
    for path in [&site, &site.join("accounts")] {
        set_mode(path, 0o755);
    }
    let before = modes(&site);
    let site_text = site.display().to_string();
    for words in [&["auth", "status"][..], &["spaces", "list", "--no-input"], &["auth", "logout"]] {
        sandbox.run([&["--config-dir", &site_text], words].concat());
        assert_eq!(modes(&site), before, "{words:?}");
    }
    // Not even where somebody logs in: everything that is written there is private by itself.
    sandbox.run(["--config-dir", &site_text, "auth", "login"]).success();
    let used = sandbox.run(["--config-dir", &site_text, "spaces", "create", "--name", "x", "--no-input"]).success();
    assert_eq!((mode(&site), used.stderr.contains("was readable")), (0o755, false), "{}", used.stderr);
    assert_eq!(mode(&site.join(format!("accounts/{ACCOUNT}.json"))), 0o600);
}

#[test]
fn property_30_completion_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for path in [sandbox.config_directory(), sandbox.config_directory().join("accounts")] {
        set_mode(&path, 0o755);
    }
    set_mode(&sandbox.record_path(ACCOUNT), 0o644);
    let before = modes(&sandbox.config_directory());
    let mut command = sandbox.command(["--", "chatauth", "--account", ""]);
    command.env("_CHATAUTH_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "2").env("_CLAP_IFS", "\n");
    let completed = sandbox.finish(command).success();
    assert!(completed.stdout.contains(ACCOUNT), "{}", completed.stdout);
    assert_eq!((modes(&sandbox.config_directory()), completed.stderr.as_str()), (before, ""));
}

#[test]
fn property_29_the_parents_of_a_store_are_private_whatever_the_umask() {
    for umask in ["000", "022"] {
        let sandbox = Sandbox::new();
        let directory = sandbox.path("a/b/config");
        let mut plain = sandbox.command(["auth", "login"]);
        plain.env("CHATAUTH_CONFIG_DIR", &directory);
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        sandbox
            .finish(wrapped(&plain, &["sh".as_ref(), "-c".as_ref(), script.as_ref(), plain.get_program()]))
            .success();
        for directory in directory.ancestors().take(3) {
            assert_eq!(mode(directory), 0o700, "{} under umask {umask}", directory.display());
        }
    }
}

#[test]
fn property_81_a_file_system_without_modes_is_told_before_the_browser_opens() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for path in [sandbox.config_directory(), sandbox.config_directory().join("accounts")] {
        set_mode(&path, 0o755);
    }
    for (words, code) in
        [(&["auth", "login"][..], "store_not_writable"), (&["auth", "token", "--no-input"], "store_unreadable")]
    {
        // There, every change of a mode succeeds and changes nothing.
        let options = ["-e", "trace=?chmod,?fchmod,?fchmodat", "-e", "inject=?chmod,?fchmod,?fchmodat:retval=0"];
        let words = [words, &["--format", "json"]].concat();
        let Some(command) = traced(&sandbox, "property_81", &options, &words) else { return };
        let refused = sandbox.finish(command).exits_with(3);
        let error = refused.error();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().contains("has no permissions"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("--config-dir DIR"), "{error}");
        assert!(!refused.stderr.contains("changed it to 700"), "not true: {}", refused.stderr);
    }
    assert!(sandbox.control().requests_to(Endpoint::Authorize).is_empty());
    let after = sandbox.run(["auth", "token", "--no-input"]).success();
    assert_eq!(after.stderr.matches("changed it to 700").count(), 2, "{}", after.stderr);
}

#[test]
fn property_81_root_in_another_users_home_is_told_how_to_give_the_store_away() {
    if !is_root() {
        return not_run("property_81 (root)", "only root can be in the wrong home");
    }
    let sandbox = Sandbox::new();
    let home = sandbox.path("home");
    fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(4711), Some(4712)).unwrap();
    let run = |words: &[&str]| {
        let mut command = sandbox.command(words);
        command.env_remove("CHATAUTH_CONFIG_DIR").env("HOME", &home);
        sandbox.finish(command)
    };
    let first = run(&["auth", "login"]).success();
    let store = home.join(".config/chatauth");
    for told in [format!("sudo chown -R 4711:4712 {}", store.display()), String::from("--user 4711:4712")] {
        assert!(first.stderr.contains(&told), "{}", first.stderr);
    }
    let second = run(&["auth", "login"]).success();
    assert!(!second.stderr.contains("chown"), "said again: {}", second.stderr);
    // The other way round: root is no owner of what is the user's.
    std::os::unix::fs::chown(&store, Some(4711), Some(4712)).unwrap();
    let error = run(&["auth", "status", "--format", "json"]).exits_with(3).error();
    assert!(error["hint"].as_str().unwrap().contains("run chatauth as user id 4711"), "{error}");
    // At home, root hears nothing.
    let own = sandbox.run(["auth", "login"]).success();
    assert!(!own.stderr.contains("chown"), "{}", own.stderr);
}

#[test]
fn a_tilde_that_no_shell_expanded_is_the_home() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(["--config-dir=~/cfg", "auth", "login"]);
    command.env_remove("CHATAUTH_CONFIG_DIR");
    sandbox.finish(command).success();
    let mut command = sandbox.command(["auth", "token", "--no-input"]);
    command.env("CHATAUTH_CONFIG_DIR", "~/cfg");
    sandbox.finish(command).success();
    assert!(sandbox.path("cfg/accounts").is_dir() && !sandbox.path("~").exists());
}
