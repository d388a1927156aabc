//! What holds for every command there is: no secret shows, no option takes one, and a dead network costs nothing.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::support::commands::leaves;
use crate::support::sandbox::Sandbox;
use crate::support::service_account::key_file;
use crate::support::stage::{ACCOUNT, not_run, record_bytes, start, wrapped};

/// The command that refuses the login of a person before it reads anything.
const IMPORT: &str = "spaces complete-import SPACE";

/// Every command, as somebody would use it; `SPACE` is a space that is there.
const COMMANDS: &[&str] = &[
    "auth status",
    "auth status --check",
    "auth switch emulator@example.com",
    "auth import authorized_user.json",
    "spaces create --name x",
    "spaces create --name x --member ada@example.com --manager bob@example.com",
    "spaces create --name x --dry-run",
    "spaces create --from rows.csv --journal results.jsonl --rate unlimited",
    "spaces list",
    "spaces get SPACE",
    "spaces open SPACE",
    "spaces update SPACE --description d",
    "spaces search x",
    "spaces find-dm ada@example.com",
    "spaces find-group-chats ada@example.com",
    IMPORT,
    "members add SPACE carol@example.com",
    "members list SPACE",
    "members get SPACE ada@example.com",
    "members update SPACE ada@example.com --role manager",
    "members remove SPACE ada@example.com",
    "api GET v1/spaces -i",
    "doctor",
    "spaces delete SPACE --yes",
    "auth logout",
    "auth login",
];

/// Those that print a secret because that is what they are for, talk to nobody, or need a person.
const OTHERS: &[&str] = &["auth token", "auth export", "setup", "completion", "man", "version", "emulator"];

/// A login that may do everything, a space with Ada in it, and the files that the commands read.
fn set_up(sandbox: &Sandbox) -> String {
    let scopes = ["chat.spaces", "chat.memberships", "chat.delete", "chat.import"].map(|scope| ["--scope", scope]);
    sandbox.run(["auth", "login"].iter().chain(scopes.iter().flatten())).success();
    let create = ["spaces", "create", "--name", "x", "--member", "ada@example.com", "--format", "name"];
    let space = sandbox.run(create).success().stdout.trim().to_owned();
    let exported = sandbox.run(["auth", "export"]).success().stdout;
    fs::write(sandbox.path("authorized_user.json"), exported).unwrap();
    fs::write(sandbox.path("rows.csv"), "name,member\nA,ada@example.com\nB,\n").unwrap();
    space
}

fn words<'a>(line: &'a str, space: &'a str) -> Vec<&'a str> {
    line.split(' ').map(|word| if word == "SPACE" { space } else { word }).collect()
}

/// Fails when a secret stands in a file that is not there to hold one.
fn check_files(sandbox: &Sandbox, directory: &Path) {
    let holds_secrets = ["accounts", "delegated", "client_secrets.json", "authorized_user.json", "key.json"];
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if holds_secrets.iter().any(|name| path.ends_with(name)) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            check_files(sandbox, &path);
        } else {
            sandbox.check_secrets(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn property_63_no_command_shows_a_secret_or_writes_one_down() {
    let sandbox = Sandbox::new();
    let space = set_up(&sandbox);
    for fault in [None, Some("all:status=401"), Some("all:status=503,retry-after=3600"), Some("all:garbage,status=400")]
    {
        sandbox.control().clear_faults();
        if let Some(fault) = fault {
            sandbox.control().add_fault(fault.parse().unwrap());
        }
        let mut succeeded = 0;
        for line in COMMANDS.iter().filter(|line| fault.is_none() || !line.starts_with("auth log")) {
            let finished = sandbox.run(words(line, &space).iter().chain(&["-vv", "--no-input", "--timeout", "5"]));
            assert!(finished.code().is_some_and(|code| code < 8), "{line}: {}", finished.stderr);
            sandbox.check_secrets(&finished.stdout);
            succeeded += usize::from(finished.code() == Some(0));
        }
        assert!(fault.is_some() || succeeded > 15, "only {succeeded} commands did what they were told");
        // The login of the table is refused by --no-input; and the next round needs a new one.
        sandbox.control().clear_faults();
        set_up(&sandbox);
    }
    let key = key_file(&sandbox, &format!("{}/token", sandbox.origin()));
    let mut command = sandbox.command(["spaces", "create", "--name", "x", "-vv", "--impersonate", ACCOUNT]);
    command.arg("--service-account").arg(&key);
    let finished = sandbox.finish(command).success();
    sandbox.check_secrets(&finished.stdout);
    let private = fs::read_to_string(&key).unwrap();
    let private = serde_json::from_str::<serde_json::Value>(&private).unwrap()["private_key"].clone();
    let line = private.as_str().unwrap().lines().nth(3).unwrap().to_owned();
    assert!(line.len() > 40 && !finished.stderr.contains(&line) && !finished.stdout.contains(&line));
    assert!(sandbox.path("results.jsonl").exists());
    check_files(&sandbox, &sandbox.path(""));
}

#[test]
fn the_table_of_commands_is_whole() {
    let sandbox = Sandbox::new();
    let all = leaves(&sandbox);
    assert!(all.len() > 20, "{all:?}");
    let known = |command: &[String]| {
        let line = command.join(" ");
        OTHERS.contains(&line.as_str())
            || COMMANDS.iter().any(|known| format!("{known} ").starts_with(&format!("{line} ")))
    };
    let unknown: Vec<_> = all.iter().filter(|command| !known(command)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn property_65_no_command_has_an_option_that_takes_a_secret() {
    let sandbox = Sandbox::new();
    let all = leaves(&sandbox);
    let mut options = BTreeSet::new();
    // Global options are in the help of the program itself.
    for command in all.iter().chain(&[Vec::new()]) {
        let help = sandbox.run(command.iter().map(String::as_str).chain(["--help"])).success().stdout;
        for line in help.lines().map(str::trim_start).filter(|line| line.starts_with('-')) {
            let names = line.split_whitespace().take_while(|word| word.starts_with('-'));
            options.extend(names.map(|name| name.trim_end_matches([',', '.']).to_owned()));
        }
    }
    assert!(options.contains("--client-secrets") && options.len() > 40, "{options:?}");
    // A file, a text that is no secret, and the emulator's ways with its own tokens.
    let lives = ["--rotate-refresh-tokens", "--token-lifetime", "--refresh-token-lifetime", "--refresh-token-limit"];
    let harmless = [&["--client-secrets", "--idempotency-key"][..], &lives].concat();
    let secret = ["token", "secret", "passw", "code", "credential", "key", "bearer"];
    let suspicious: Vec<_> = options
        .iter()
        .filter(|name| !harmless.contains(&name.as_str()) && secret.iter().any(|word| name.contains(word)))
        .collect();
    assert!(suspicious.is_empty(), "{suspicious:?}");
}

#[test]
fn property_36_no_command_but_a_login_touches_a_record_that_it_cannot_read() {
    let sandbox = Sandbox::new();
    let space = set_up(&sandbox);
    sandbox.control().clear_requests();
    let path = sandbox.record_path(ACCOUNT);
    fs::write(&path, "{\"version\": 7}").unwrap();
    let before = fs::metadata(&path).unwrap();
    let reads_none = ["auth login", "auth import authorized_user.json", IMPORT];
    for line in COMMANDS.iter().chain(&["auth token", "auth export"]).filter(|line| !reads_none.contains(line)) {
        let finished = sandbox.run(words(line, &space));
        let expected = if line.contains("--dry-run") { 0 } else { 3 };
        assert_eq!(finished.code(), Some(expected), "{line}: {}", finished.stderr);
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(expected == 0 || said.contains(&path.display().to_string()), "{line}: {said}");
        let after = fs::metadata(&path).unwrap();
        assert_eq!((after.ino(), after.modified().unwrap()), (before.ino(), before.modified().unwrap()), "{line}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"version\": 7}", "{line}");
    }
    let talked: Vec<String> = sandbox.control().requests().into_iter().map(|request| request.path).collect();
    // The doctor asks whether anybody is there and whether the client is known; nobody else asks anything.
    assert!(talked.iter().all(|path| path == "/" || path == "/token"), "{talked:?}");
}

#[test]
fn options_for_many_rows_are_rejected_without_a_file_of_rows_and_nothing_is_sent() {
    let sandbox = Sandbox::new();
    let space = set_up(&sandbox);
    sandbox.control().clear_requests();
    let mut rejected = Vec::new();
    for command in leaves(&sandbox) {
        let help = sandbox.run(command.iter().map(String::as_str).chain(["--help"])).success().stdout;
        let many = help.split_once("\nMany at once:\n").map_or("", |(_, section)| section);
        let many = many.lines().take_while(|line| line.is_empty() || line.starts_with(' '));
        let options: Vec<&str> = many.map(str::trim).filter(|line| line.starts_with("--")).collect();
        assert_eq!(
            help.contains("--from <FILE>"),
            options.iter().any(|option| option.starts_with("--from ")),
            "{help}"
        );
        let prefix = format!("{} ", command.join(" "));
        let lines = COMMANDS.iter().filter(|line| line.starts_with(&prefix) && !line.contains("--from"));
        for line in lines.filter(|_| !options.is_empty()) {
            for option in options.iter().chain(&["--results <FILE>"]).filter(|option| !option.starts_with("--from ")) {
                let (name, value) = option.split_once(" <").map_or((*option, None), |(name, _)| (name, Some("1")));
                let finished = sandbox.run(words(line, &space).into_iter().chain([name]).chain(value)).exits_with(2);
                let name = name.replace("--results", "--journal");
                let expected = format!("error: {name} requires --from FILE\n");
                assert!(finished.stderr.starts_with(&expected), "{line} {option}: {}", finished.stderr);
                assert_eq!(finished.stdout, "", "{line} {option}");
                rejected.push(format!("{prefix}{name}"));
            }
        }
    }
    for expected in ["spaces delete --dry-run", "members add --fail-fast", "spaces create --journal"] {
        assert!(rejected.iter().any(|one| one == expected), "{expected}: {rejected:?}");
    }
    assert!(sandbox.control().requests().is_empty());
}

/// The command in a name space in which there is no network at all, not even loopback.
fn cut_off(plain: &Command) -> Command {
    wrapped(plain, &[OsStr::new("unshare"), OsStr::new("-rn"), plain.get_program()])
}

#[test]
fn property_56_without_any_network_every_command_says_so_and_no_login_is_lost() {
    let probe = Command::new("unshare").args(["-rn", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return not_run("property_56 (no network at all)", "this machine gives no name space without a network");
    }
    let sandbox = Sandbox::new();
    let space = set_up(&sandbox);
    sandbox.control().clear_requests();
    let before = record_bytes(&sandbox);
    // These need no network, and do not miss it.
    for line in [
        "auth status",
        "auth token",
        "auth export",
        "auth switch emulator@example.com",
        "spaces create --name x --dry-run",
    ] {
        let finished = sandbox.finish(cut_off(&sandbox.command(words(line, &space)))).success();
        assert!(!finished.stderr.contains("network"), "{line}: {}", finished.stderr);
    }
    let needs_it = |line: &&&str| {
        !line.contains("dry-run")
            && !["auth status", "auth switch emulator@example.com", "auth login", IMPORT].contains(line)
    };
    // All at once: each of them waits a little before it tries again.
    let running: Vec<_> = COMMANDS
        .iter()
        .filter(needs_it)
        .map(|line| {
            let options = ["--format", "json", "--no-input", "--api-endpoint", "https://chat.invalid"];
            let plain = sandbox.command(words(line, &space).iter().chain(&options));
            (line, start(cut_off(&plain)))
        })
        .collect();
    assert!(running.len() > 18);
    for (line, child) in running {
        let failed = sandbox.wait(child);
        let expected = if line.contains("--from") { [6, 7] } else { [6, 6] };
        assert!(failed.code().is_some_and(|code| expected.contains(&code)), "{line}: {}", failed.stderr);
        if !line.contains("--from") {
            assert_eq!(failed.error()["code"], "network", "{line}");
        }
        assert!(!failed.stderr.contains("auth login"), "{line}: {}", failed.stderr);
    }
    assert!(record_bytes(&sandbox) == before, "the record changed");
    assert!(sandbox.control().requests().is_empty());
    // With the network back, everything is as before.
    sandbox.run(["spaces", "get", &space, "--no-input"]).success();
}
