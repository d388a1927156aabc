//! The credential store, through the binary: modes, links, damage, full disks.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use chatauth::emulator::{Endpoint, Options};
use serde_json::{Value, json};

use crate::support::sandbox::{Sandbox, mode};
use crate::support::stage::{
    ACCOUNT, as_user, give_away, give_to_nobody, names_in, not_run, record_bytes, traced, without_rights, wrapped,
};

const CREATE: [&str; 5] = ["spaces", "create", "--name", "x", "--no-input"];

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn property_29_modes_do_not_depend_on_the_umask() {
    for umask in ["000", "022", "777"] {
        let sandbox = Sandbox::new();
        if !give_away(&sandbox, "property_29") {
            return;
        }
        let run = |words: &[&str]| {
            let plain = as_user(&sandbox, words);
            let script = format!("umask {umask}; exec \"$0\" \"$@\"");
            let mut command = wrapped(&plain, &["sh".as_ref(), "-c".as_ref(), script.as_ref(), plain.get_program()]);
            without_rights(&mut command);
            sandbox.finish(command)
        };
        run(&["auth", "login"]).success();
        sandbox.expire_stored_token(ACCOUNT);
        give_away(&sandbox, "property_29");
        run(&CREATE).success();
        let config = sandbox.config_directory();
        for directory in [config.clone(), config.join("accounts")] {
            assert_eq!(mode(&directory), 0o700, "{} under umask {umask}", directory.display());
        }
        let lock = config.join(format!("accounts/{ACCOUNT}.lock"));
        for file in [sandbox.record_path(ACCOUNT), config.join("current_account"), lock] {
            assert_eq!(mode(&file), 0o600, "{} under umask {umask}", file.display());
        }
    }
}

#[test]
fn property_30_modes_that_are_too_wide_are_narrowed_and_said_once() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let (config, record) = (sandbox.config_directory(), sandbox.record_path(ACCOUNT));
    for path in [&config, &config.join("accounts")] {
        set_mode(path, 0o755);
    }
    set_mode(&record, 0o644);
    let first = sandbox.run(CREATE).success();
    assert_eq!(first.stderr.matches("was readable by other users").count(), 3, "{}", first.stderr);
    assert!(first.stderr.contains(&record.display().to_string()), "{}", first.stderr);
    assert_eq!((mode(&config), mode(&config.join("accounts")), mode(&record)), (0o700, 0o700, 0o600));
    let second = sandbox.run(CREATE).success();
    assert!(!second.stderr.contains("was readable"), "{}", second.stderr);
}

#[test]
fn property_31_what_others_can_change_is_refused() {
    let refused = |sandbox: &Sandbox, said: &str| {
        sandbox.control().clear_requests();
        let failed = sandbox.run(CREATE.iter().chain(&["--format", "json"])).exits_with(3);
        assert_eq!(failed.error()["code"], "store_unreadable");
        assert!(failed.stderr.contains(said), "{}", failed.stderr);
        assert!(sandbox.control().requests().is_empty());
    };
    // A link, whose target must stay as it is, also when somebody logs in over it.
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let (record, target) = (sandbox.record_path(ACCOUNT), sandbox.path("elsewhere.json"));
    fs::rename(&record, &target).unwrap();
    symlink(&target, &record).unwrap();
    let before = fs::read(&target).unwrap();
    refused(&sandbox, "symbolic link");
    sandbox.run(["auth", "login"]).success();
    assert_eq!(fs::read(&target).unwrap(), before);
    assert!(fs::symlink_metadata(&record).unwrap().is_file());

    // A FIFO must not be waited for.
    let sandbox = Sandbox::new();
    sandbox.log_in();
    fs::remove_file(sandbox.record_path(ACCOUNT)).unwrap();
    assert!(Command::new("mkfifo").arg(sandbox.record_path(ACCOUNT)).status().unwrap().success());
    refused(&sandbox, "not a regular file");

    // Directories that a group or everybody can write to: not even a login goes there.
    for (name, wide) in [("config", 0o770), ("config/accounts", 0o702)] {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        set_mode(&sandbox.path(name), wide);
        refused(&sandbox, "is writable by other users");
        let login = sandbox.run(["auth", "login", "--format", "json"]).exits_with(3);
        assert_eq!(login.error()["code"], "store_not_writable");
        assert!(sandbox.control().requests().is_empty(), "refused before the browser opens");
        assert_eq!(mode(&sandbox.path(name)), wide);
    }

    for name in ["config/accounts/emulator@example.com.json", "config/accounts"] {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        if give_to_nobody(&sandbox.path(name)) {
            refused(&sandbox, "belongs to user id 65534");
        } else {
            not_run("property_31 (other owners)", "only root can give files away");
        }
    }
}

#[test]
fn property_32_planted_links_are_not_followed() {
    let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
    sandbox.log_in();
    let accounts = sandbox.config_directory().join("accounts");
    let victim = sandbox.path("victim");
    fs::write(&victim, "mine").unwrap();
    let lock = accounts.join(format!("{ACCOUNT}.lock"));
    fs::remove_file(&lock).unwrap();
    symlink(&victim, &lock).unwrap();
    for name in [format!("{ACCOUNT}.json.tmp"), format!("{ACCOUNT}.tmp"), ".chatauth-tmp-".to_owned()] {
        symlink(&victim, accounts.join(name)).unwrap();
    }
    sandbox.expire_stored_token(ACCOUNT);
    let Some(command) = traced(&sandbox, "property_32 (names)", &["-e", "trace=openat"], CREATE) else {
        sandbox.run(CREATE).success();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
        return;
    };
    sandbox.finish(command).success();
    sandbox.run(["auth", "login"]).success();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    assert_eq!(mode(&victim), 0o644);
    let trace = fs::read_to_string(sandbox.path("trace")).unwrap();
    let made: Vec<&str> = trace.lines().filter(|line| line.contains("O_CREAT") && line.contains("accounts/")).collect();
    let temporary = made.iter().find(|line| line.contains("/.chatauth-tmp-")).expect("a temporary file");
    assert!(temporary.contains("O_EXCL"), "{temporary}");
    assert!(made.iter().all(|line| line.contains("O_EXCL") || line.contains("O_NOFOLLOW")), "{made:#?}");
}

/// Runs a create inside a name space of its own whose configuration directory is a file system of 16 KiB that is full
/// but for the logins on it; gives what it left there.
fn on_a_full_disk(sandbox: &Sandbox) -> Option<(crate::support::sandbox::Finished, Vec<u8>, String)> {
    let probe = Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs -o size=16k none /mnt"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        not_run("property_34 (full disk)", "this machine gives no name space to mount a small disk in");
        return None;
    }
    sandbox.expire_stored_token(ACCOUNT);
    let (config, after) = (sandbox.config_directory(), sandbox.path("after"));
    fs::create_dir(&after).unwrap();
    let script = r#"cp -a "$CONFIG" "$AFTER/kept" && mount -t tmpfs -o size=16k,mode=0700 none "$CONFIG" &&
        cp -a "$AFTER/kept/." "$CONFIG" && { cat /dev/zero > "$CONFIG/filler" 2>/dev/null || true; } &&
        : > "$CONFIG/filled" || exit 99
        "$BIN" "$@"; code=$?
        cp "$CONFIG/accounts/emulator@example.com.json" "$AFTER/record" && ls -A "$CONFIG/accounts" > "$AFTER/names"
        exit $code"#;
    let mut command = wrapped(&sandbox.command(CREATE), &["unshare", "-rm", "sh", "-c", script, "sh"].map(OsStr::new));
    command.env("CONFIG", &config).env("AFTER", &after).env("BIN", env!("CARGO_BIN_EXE_chatauth"));
    let finished = sandbox.finish(command);
    Some((finished, fs::read(after.join("record")).unwrap(), fs::read_to_string(after.join("names")).unwrap()))
}

#[test]
fn property_34_a_full_disk_stops_a_refresh_and_never_costs_the_record() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let Some((finished, record, names)) = on_a_full_disk(&sandbox) else { return };
    let finished = finished.exits_with(3);
    assert!(finished.stderr.contains("error: cannot save logins"), "{}", finished.stderr);
    assert!(sandbox.control().requests_to(Endpoint::Token).is_empty(), "stopped before anything was sent");
    assert!(record == record_bytes(&sandbox), "the record changed");
    assert!(!names.contains("tmp"), "{names}");
}

#[test]
fn property_34_a_new_refresh_token_that_cannot_be_kept_stops_the_command() {
    let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
    sandbox.log_in();
    let Some((finished, record, names)) = on_a_full_disk(&sandbox) else { return };
    let finished = finished.exits_with(3);
    assert!(finished.stderr.contains("error: cannot save logins"), "{}", finished.stderr);
    assert!(record == record_bytes(&sandbox), "the record changed");
    assert!(!names.contains("tmp"), "{names}");
    assert!(sandbox.control().requests_to(Endpoint::Create).is_empty(), "stopped before the API");
}

#[test]
fn property_34_failing_system_calls_leave_the_old_record() {
    for (call, when, errno) in
        [("fsync", 1, "EIO"), ("fsync", 2, "EIO"), ("fsync", 2, "EDQUOT"), ("rename,renameat,renameat2", 1, "ENOSPC")]
    {
        let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
        sandbox.log_in();
        sandbox.expire_stored_token(ACCOUNT);
        let before = record_bytes(&sandbox);
        let inject = format!("inject={call}:error={errno}:when={when}");
        let options = ["-e", &format!("trace={call}"), "-e", &inject];
        let Some(command) = traced(&sandbox, "property_34 (system calls)", &options, CREATE) else { return };
        let finished = sandbox.finish(command).exits_with(3);
        assert!(finished.stderr.contains("cannot save logins"), "{}", finished.stderr);
        assert!(record_bytes(&sandbox) == before, "{call} {errno}: the record changed");
        let names = names_in(&sandbox.config_directory().join("accounts"));
        assert!(!names.iter().any(|name| name.contains("tmp")), "{names:?}");
        assert!(sandbox.control().requests_to(Endpoint::Create).is_empty());
    }
}

#[test]
fn property_35_the_record_is_on_the_disk_before_the_old_one_goes() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    let options = ["-e", "trace=write,fsync,fdatasync,rename,renameat,renameat2,sendto,writev"];
    let Some(command) = traced(&sandbox, "property_35", &options, CREATE) else { return };
    sandbox.finish(command).success();
    let trace = fs::read_to_string(sandbox.path("trace")).unwrap();
    let accounts = format!("<{}>", sandbox.config_directory().join("accounts").display());
    let steps: Vec<&str> = trace
        .lines()
        .filter_map(|line| match line {
            line if line.contains("sync(") && line.contains(".chatauth-tmp-") => Some("fsync file"),
            line if line.contains("sync(") && line.contains(&accounts) => Some("fsync directory"),
            line if line.contains("rename") => Some("rename"),
            line if line.contains("write(") && line.contains(".chatauth-tmp-") => Some("write"),
            line if line.contains("POST /v1/spaces") => Some("create"),
            _ => None,
        })
        .collect();
    // The disk space is taken before the refresh leaves.
    assert_eq!(steps, ["write", "fsync file", "write", "fsync file", "rename", "fsync directory", "create"], "{trace}");
}

/// Contents that are no record.
fn damage(record: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let newer: Value = json!({ "version": 2, "whatever": true });
    let mut of_nowhere: Value = serde_json::from_slice(record).unwrap();
    of_nowhere["token_endpoint"] = json!("nowhere");
    vec![
        ("without an address", of_nowhere.to_string().into_bytes()),
        ("empty", Vec::new()),
        ("garbage", b"\x00\xff\x1b[2Jnot json".to_vec()),
        ("truncated", record[..record.len() / 2].to_vec()),
        ("newer", newer.to_string().into_bytes()),
        ("deep", b"[".repeat(200_000)),
    ]
}

#[test]
fn property_36_a_record_that_cannot_be_used_is_named_and_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let path = sandbox.record_path(ACCOUNT);
    let commands: [&[&str]; 7] = [
        &["spaces", "create", "--name", "x"],
        &["spaces", "list"],
        &["auth", "token"],
        &["auth", "status"],
        &["auth", "logout"],
        &["auth", "logout", "--local"],
        &["auth", "switch", ACCOUNT],
    ];
    let whole = record_bytes(&sandbox);
    let huge = ("huge", Vec::new());
    for (what, content) in damage(&whole).into_iter().chain([huge]) {
        fs::write(&path, &content).unwrap();
        if what == "huge" {
            fs::File::options().write(true).open(&path).unwrap().set_len(100 * 1024 * 1024).unwrap();
        }
        let before = fs::metadata(&path).unwrap();
        for words in commands {
            let failed = sandbox.run(words);
            assert_eq!(failed.code(), Some(3), "{what}: {words:?}: {}", failed.stderr);
            assert!(failed.stderr.contains(&path.display().to_string()), "{what}: {words:?}: {}", failed.stderr);
            assert!(!failed.stderr.contains('\u{1b}'));
            let after = fs::metadata(&path).unwrap();
            assert_eq!((after.ino(), after.len()), (before.ino(), before.len()), "{what}: {words:?}");
            if what != "huge" {
                assert_eq!(fs::read(&path).unwrap(), content, "{what}: {words:?}");
            }
        }
    }
    assert!(sandbox.control().requests().is_empty(), "nobody was asked to log in, and nothing was revoked");
}

#[test]
fn property_37_a_login_keeps_the_damaged_record_beside_the_new_one() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let path = sandbox.record_path(ACCOUNT);
    for (what, content) in damage(&record_bytes(&sandbox)) {
        fs::write(&path, &content).unwrap();
        set_mode(&path, 0o644);
        let accounts = sandbox.config_directory().join("accounts");
        let before = names_in(&accounts);
        sandbox.run(["auth", "login"]).success();
        let new: Vec<String> = names_in(&accounts).into_iter().filter(|name| !before.contains(name)).collect();
        let [aside] = &new[..] else { panic!("{what}: {new:?}") };
        assert!(aside.starts_with(&format!("{ACCOUNT}.json.corrupt-")), "{aside}");
        assert_eq!(fs::read(accounts.join(aside)).unwrap(), content, "{what}");
        assert_eq!((mode(&accounts.join(aside)), mode(&path)), (0o600, 0o600), "{what}");
        sandbox.run(CREATE).success();
    }
}

#[test]
fn property_38_a_store_that_cannot_be_written_serves_a_valid_token_and_refuses_a_login() {
    let sandbox = Sandbox::new();
    if !give_away(&sandbox, "property_38") {
        return;
    }
    sandbox.finish(as_user(&sandbox, ["auth", "login"])).success();
    let (config, accounts) = (sandbox.config_directory(), sandbox.config_directory().join("accounts"));
    let close = || [&accounts, &config].map(|path| set_mode(path, 0o500));
    close();
    let valid = sandbox.finish(as_user(&sandbox, CREATE)).success();
    assert!(!valid.stderr.contains("warning"), "{}", valid.stderr);

    sandbox.control().clear_requests();
    let login = sandbox.finish(as_user(&sandbox, ["auth", "login", "--format", "json"])).exits_with(3);
    assert_eq!(login.error()["code"], "store_not_writable");
    assert!(sandbox.control().requests().is_empty(), "refused before the browser opens");

    sandbox.expire_stored_token(ACCOUNT);
    let before = record_bytes(&sandbox);
    let expired = sandbox.finish(as_user(&sandbox, CREATE)).success();
    assert!(expired.stderr.contains("warning: cannot save logins"), "{}", expired.stderr);
    assert!(record_bytes(&sandbox) == before, "the record changed");
}

#[test]
fn property_39_without_a_home_nothing_is_written_to_the_working_directory() {
    let sandbox = Sandbox::new();
    let before = names_in(&sandbox.path(""));
    for home in [None, Some(""), Some("relative"), Some("/proc/nobody/home")] {
        let mut command = sandbox.command(["auth", "login", "--format", "json"]);
        command.env_remove("CHATAUTH_CONFIG_DIR").env_remove("HOME");
        if let Some(home) = home {
            command.env("HOME", home);
        }
        let failed = sandbox.finish(command).exits_with(3);
        assert_eq!(failed.error()["code"], "store_not_writable", "{home:?}");
        assert!(failed.stderr.contains("--config-dir"), "{home:?}: {}", failed.stderr);
        assert_eq!(names_in(&sandbox.path("")), before, "{home:?}");
    }
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn property_40_what_login_calls_done_another_process_can_use_at_once() {
    let sandbox = Sandbox::new();
    let script = "\"$0\" auth login && \"$0\" auth status && \"$0\" spaces create --name x --no-input";
    let plain = sandbox.command::<[&str; 0]>([]);
    let command = wrapped(&plain, &["sh", "-c", script, env!("CARGO_BIN_EXE_chatauth")].map(OsStr::new));
    sandbox.finish(command).success();
    assert_eq!(sandbox.control().spaces().len(), 1);
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1);
}

#[test]
fn property_41_a_life_that_makes_no_sense_is_not_believed() {
    let odd =
        [json!(null), json!(-1), json!(0), json!("soon"), json!(86_401), json!("99999999999999999999"), json!([])];
    for life in odd.into_iter().map(Some).chain([None]) {
        let sandbox = Sandbox::new();
        let patched = life.clone();
        sandbox.control().set_token_response_patch(move |answer| match &patched {
            Some(life) => answer["expires_in"] = life.clone(),
            None => drop(answer.as_object_mut().unwrap().remove("expires_in")),
        });
        sandbox.log_in();
        for round in 1..=2 {
            sandbox.run(CREATE).success();
            let refreshes = sandbox.control().requests_to(Endpoint::Token).len();
            assert_eq!(refreshes, round, "expires_in {life:?}");
        }
    }
    let sandbox = Sandbox::new();
    sandbox.control().set_token_response_patch(|answer| answer["expires_in"] = json!("3599"));
    sandbox.log_in();
    sandbox.run(CREATE).success();
    assert!(sandbox.control().requests_to(Endpoint::Token).is_empty(), "a number in a string is a number");
    sandbox.change_record(ACCOUNT, |record| {
        record["issued_at"] = json!("2199-01-01T00:00:00Z");
        record["expires_at"] = json!("2199-01-01T01:00:00Z");
    });
    sandbox.run(CREATE).success();
    assert_eq!(sandbox.control().requests_to(Endpoint::Token).len(), 1, "a token from the future is refreshed");
}
