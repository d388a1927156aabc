//! Every moment at which the operating system can see the store change: killed there, refused there, interrupted there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use chatauth::emulator::{Endpoint, Options, User};
use serde_json::Value;

use crate::support::bulk::{Bulk, names, statuses};
use crate::support::sandbox::{Finished, Sandbox};
use crate::support::stage::{ACCOUNT, names_in, traced, traced_alone};

/// The system calls that change files.
const CALLS: [&str; 13] = [
    "openat",
    "write",
    "fchmod",
    "chmod",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "close",
    "unlink",
    "unlinkat",
    "ftruncate",
];

const OTHER: &str = "other@example.com";

/// What is left of a record.
const DAMAGED: &str = "{\"version\": 1, \"refresh_token\": \"perhaps-repairable";

/// How many rows the bulk run has.
const ROWS: usize = 4;

/// How often a run is begun anew whose calls came in another number than when they were counted.
const ATTEMPTS: usize = 18;

/// A system call of a run: which one, and the how manieth of its kind.
#[derive(Clone, Debug)]
struct Moment {
    call: &'static str,
    when: usize,
    line: String,
}

impl Moment {
    fn options(&self, what: &str) -> [String; 4] {
        let Self { call, when, .. } = self;
        [String::from("-e"), format!("trace={call}"), String::from("-e"), format!("inject={call}:{what}:when={when}")]
    }
}

/// The moments of a trace whose line is wanted.
fn moments(trace: &str, wanted: impl Fn(&str) -> bool) -> Vec<Moment> {
    let mut counts = BTreeMap::new();
    let mut found = Vec::new();
    for line in trace.lines() {
        let name = line.split('(').next().unwrap_or_default();
        let Some(call) = CALLS.into_iter().find(|call| *call == name) else { continue };
        let when = counts.entry(call).or_insert(0);
        *when += 1;
        // The standard library panics when a directory cannot be closed, which no kernel ever says.
        if wanted(line) && (call != "close" || line.contains(".json") || line.contains("tmp-")) {
            found.push(Moment { call, when: *when, line: line.to_owned() });
        }
    }
    found
}

/// Runs a command once to its end, and gives the moments at which it had to do with the store.
fn moments_of(sandbox: &Sandbox, test: &str, words: &[&str]) -> Option<Vec<Moment>> {
    let all = format!("trace={}", CALLS.join(","));
    let command = traced_alone(sandbox, test, &["-e", &all], words)?;
    sandbox.finish(command).success();
    let store = sandbox.config_directory().display().to_string();
    let trace = fs::read_to_string(sandbox.path("trace")).unwrap();
    let found = moments(&trace, |line| line.contains(&store));
    assert!(found.len() > 3, "{trace}");
    Some(found)
}

/// Runs a command with something happening at a moment of it, after `prepare`, and gives what that gave.
fn run_at<Prepared>(
    sandbox: &Sandbox,
    test: &str,
    moment: &Moment,
    what: &str,
    words: &[&str],
    prepare: impl Fn() -> Prepared,
) -> (Prepared, Finished) {
    for attempt in 0..ATTEMPTS {
        // The run in which they were counted may have been the odd one.
        let shift = [0, 0, 1, -1, 2, -2][attempt % 6];
        let moment = &Moment { when: moment.when.saturating_add_signed(shift).max(1), ..moment.clone() };
        let prepared = prepare();
        let finished = sandbox.finish(traced_alone(sandbox, test, &moment.options(what), words).unwrap());
        if came(sandbox, moment) {
            assert!(!finished.stderr.contains("panicked"), "{moment:?}: {}", finished.stderr);
            return (prepared, finished);
        }
    }
    panic!("{moment:?} was not reached");
}

/// Whether what was to happen at a moment met a call that has to do with the store.
///
/// The runtime wakes itself by writes of its own, more or fewer from run to run, and each of them moves the count.
fn came(sandbox: &Sandbox, moment: &Moment) -> bool {
    let store = sandbox.config_directory().display().to_string();
    let trace = fs::read_to_string(sandbox.path("trace")).unwrap();
    let mut calls = trace.lines().filter(|line| line.split('(').next() == Some(moment.call));
    calls.nth(moment.when - 1).is_some_and(|line| line.contains(&store))
}

/// The record, which is there and whole.
#[track_caller]
fn whole(sandbox: &Sandbox, moment: &Moment) -> Value {
    let record = sandbox.record(ACCOUNT);
    for name in ["version", "client_id", "token_endpoint", "sub", "email", "refresh_token", "access_token", "issued_at"]
    {
        assert!(!record[name].is_null(), "{moment:?}: no {name}: {record}");
    }
    record
}

/// Neither the one nor the other: parts of two records in one.
#[track_caller]
fn is_old_or_new(before: &Value, after: &Value, moment: &Moment) {
    let changed = |name: &str| before[name] != after[name];
    assert_eq!(changed("access_token"), before != after, "{moment:?}: half of each");
}

/// Whether several threads brought something to the disk. Each has a count of its own, so the last may not be reached.
fn counted_apart(sandbox: &Sandbox) -> bool {
    let trace = fs::read_to_string(sandbox.path("trace")).unwrap();
    let syncs = trace.lines().filter(|line| line.contains("fdatasync("));
    syncs.filter_map(|line| line.split_whitespace().next()).collect::<BTreeSet<_>>().len() > 1
}

fn leftovers(sandbox: &Sandbox) -> Vec<String> {
    let directories = [sandbox.config_directory(), sandbox.config_directory().join("accounts")];
    directories.iter().flat_map(|path| names_in(path)).filter(|name| name.contains("tmp")).collect()
}

#[test]
fn property_33_a_login_that_is_killed_leaves_the_old_record_or_the_new_one() {
    let test = "property_33_a_login_that_is_killed_leaves_the_old_record_or_the_new_one";
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let words = ["auth", "login"];
    let Some(moments) = moments_of(&sandbox, test, &words) else { return };
    for call in ["openat", "write", "fsync", "rename"] {
        assert!(moments.iter().any(|moment| moment.call.starts_with(call)), "no {call}: {moments:#?}");
    }
    for moment in &moments {
        let before = || sandbox.record(ACCOUNT);
        let (before, killed) = run_at(&sandbox, test, moment, "signal=KILL", &words, before);
        assert!(!killed.status.success(), "{moment:?}");
        is_old_or_new(&before, &whole(&sandbox, moment), moment);
        sandbox.run(["auth", "token", "--no-input"]).success();
    }
}

#[test]
fn property_37_a_damaged_record_outlives_a_login_that_is_killed() {
    let test = "property_37_a_damaged_record_outlives_a_login_that_is_killed";
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let accounts = sandbox.config_directory().join("accounts");
    let damage = || {
        for name in names_in(&accounts).into_iter().filter(|name| !name.contains(".lock")) {
            fs::remove_file(accounts.join(name)).unwrap();
        }
        fs::write(sandbox.record_path(ACCOUNT), DAMAGED).unwrap();
    };
    damage();
    let words = ["auth", "login"];
    let Some(moments) = moments_of(&sandbox, test, &words) else { return };
    for moment in &moments {
        run_at(&sandbox, test, moment, "signal=KILL", &words, damage);
        let names = names_in(&accounts);
        let kept = names.iter().filter(|name| fs::read_to_string(accounts.join(name)).unwrap() == DAMAGED).count();
        assert_eq!(kept, 1, "{moment:?}: {names:?}");
        sandbox.run(words).success();
    }
}

#[test]
fn property_33_what_else_changes_the_store_can_be_killed_too() {
    let test = "property_33_what_else_changes_the_store_can_be_killed_too";
    let sandbox = Sandbox::with(Options { users: vec![User::new(ACCOUNT), User::new(OTHER)], ..Options::default() });
    let set_up = || {
        for account in [OTHER, ACCOUNT] {
            sandbox.run(["auth", "login", "--account", account]).success();
        }
        let exported = sandbox.run(["auth", "export"]).success().stdout;
        fs::write(sandbox.path("exported.json"), exported).unwrap();
    };
    // The exported file is where the login is found again; nothing of it shows on stderr.
    for words in [&["auth", "switch", OTHER][..], &["auth", "import", "exported.json"], &["auth", "logout"]] {
        set_up();
        let Some(moments) = moments_of(&sandbox, test, words) else { return };
        for moment in moments.iter().filter(|moment| moment.call != "close") {
            let prepare = || {
                set_up();
                fs::read(sandbox.record_path(OTHER)).unwrap()
            };
            let (other, _) = run_at(&sandbox, test, moment, "signal=KILL", words, prepare);
            if words[1] != "logout" || sandbox.record_path(ACCOUNT).exists() {
                whole(&sandbox, moment);
            }
            assert_eq!(fs::read(sandbox.record_path(OTHER)).unwrap(), other, "{words:?} {moment:?}");
            let token = sandbox.run(["auth", "token", "--format", "json", "--no-input"]);
            if words[1] != "logout" {
                let account = token.success().json()["account"].clone();
                assert!(account == ACCOUNT || account == OTHER && words[1] == "switch", "{moment:?}: {account}");
            }
        }
    }
}

#[test]
fn property_34_whatever_call_fails_the_record_is_whole_and_nothing_is_used_too_early() {
    let test = "property_34_whatever_call_fails_the_record_is_whole_and_nothing_is_used_too_early";
    let sandbox = Sandbox::with(Options { rotate_refresh_tokens: true, ..Options::default() });
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    let words = ["spaces", "create", "--name", "x", "--no-input", "--format", "json"];
    let Some(moments) = moments_of(&sandbox, test, &words) else { return };
    let mut refused = 0;
    for moment in &moments {
        for error in ["ENOSPC", "EIO", "EDQUOT"] {
            if matches!((moment.call, error), ("openat" | "close" | "fchmod", "EDQUOT") | ("close", "ENOSPC")) {
                continue;
            }
            let prepare = || {
                // A run that failed has used up the refresh token, and lost the new one.
                sandbox.log_in();
                sandbox.expire_stored_token(ACCOUNT);
                sandbox.control().clear_requests();
                sandbox.record(ACCOUNT)
            };
            let (before, finished) = run_at(&sandbox, test, moment, &format!("error={error}"), &words, prepare);
            let after = whole(&sandbox, moment);
            is_old_or_new(&before, &after, moment);
            let sent = !sandbox.control().requests_to(Endpoint::Create).is_empty();
            assert!(!sent || after != before, "{error} {moment:?}: the API got a token that is not on the disk");
            match finished.code() {
                Some(0) => assert!(sent, "{error} {moment:?}"),
                Some(3) => {
                    refused += 1;
                    let code = finished.error()["code"].clone();
                    assert!(code == "store_not_writable" || code == "store_unreadable", "{error} {moment:?}: {code}");
                }
                other => panic!("{error} {moment:?}: {other:?}: {}", finished.stderr),
            }
            assert!(moment.call.starts_with("unlink") || leftovers(&sandbox).is_empty(), "{error} {moment:?}");
            let saves =
                moment.line.contains(".chatauth-tmp-") && !matches!(moment.call, "close" | "unlink" | "unlinkat");
            assert!(!saves || finished.code() == Some(3), "{error} {moment:?}: {}", finished.stderr);
        }
    }
    assert!(refused > 5, "only {refused} refusals: was anything injected?");
}

#[test]
fn property_34_whatever_call_fails_during_a_login_the_old_record_or_the_new_one_is_there() {
    let test = "property_34_whatever_call_fails_during_a_login_the_old_record_or_the_new_one_is_there";
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let words = ["auth", "login", "--format", "json"];
    let Some(moments) = moments_of(&sandbox, test, &words) else { return };
    for moment in moments.iter().filter(|moment| moment.call != "close") {
        let error = if moment.call == "write" { "ENOSPC" } else { "EIO" };
        let before = || sandbox.record(ACCOUNT);
        let (before, finished) = run_at(&sandbox, test, moment, &format!("error={error}"), &words, before);
        assert!(matches!(finished.code(), Some(0 | 3)), "{moment:?}: {}", finished.stderr);
        let after = whole(&sandbox, moment);
        is_old_or_new(&before, &after, moment);
        assert!(finished.code() == Some(3) || after != before, "{moment:?}: success, and nothing was stored");
        assert!(moment.call.starts_with("unlink") || leftovers(&sandbox).is_empty(), "{error} {moment:?}");
        for name in leftovers(&sandbox) {
            fs::remove_file(sandbox.config_directory().join("accounts").join(name)).unwrap();
        }
    }
}

#[test]
fn a_login_is_saved_where_directories_cannot_be_synced() {
    let test = "a_login_is_saved_where_directories_cannot_be_synced";
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let words = ["auth", "login"];
    let Some(moments) = moments_of(&sandbox, test, &words) else { return };
    let directories = |moment: &&Moment| moment.call == "fsync" && !moment.line.contains(".chatauth-tmp-");
    assert!(moments.iter().any(|moment| directories(&moment)), "{moments:#?}");
    for moment in moments.iter().filter(directories) {
        let before = || sandbox.record(ACCOUNT);
        let (before, finished) = run_at(&sandbox, test, moment, "error=EINVAL", &words, before);
        finished.success();
        assert_ne!(whole(&sandbox, moment), before, "{moment:?}");
    }
}

#[test]
fn property_69_a_signal_while_saving_leaves_the_old_record_or_the_new_one() {
    let test = "property_69_a_signal_while_saving_leaves_the_old_record_or_the_new_one";
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for words in [&["spaces", "create", "--name", "x", "--format", "json"][..], &["auth", "login", "--format", "json"]]
    {
        sandbox.expire_stored_token(ACCOUNT);
        let Some(moments) = moments_of(&sandbox, test, words) else { return };
        let saving = |moment: &&Moment| moment.line.contains(".chatauth-tmp-") || moment.call == "fsync";
        for moment in moments.iter().filter(saving) {
            for (signal, code) in [("INT", 130), ("TERM", 143)] {
                let prepare = || {
                    sandbox.expire_stored_token(ACCOUNT);
                    sandbox.record(ACCOUNT)
                };
                let (before, stopped) = run_at(&sandbox, test, moment, &format!("signal={signal}"), words, prepare);
                // A command that was done before it looked at the signal has done what it was told to.
                assert!(matches!(stopped.code(), Some(done) if done == code || done == 0), "{}", stopped.stderr);
                if stopped.code() == Some(code) {
                    assert_eq!(stopped.error()["code"], "interrupted", "{moment:?}");
                }
                is_old_or_new(&before, &whole(&sandbox, moment), moment);
                assert!(leftovers(&sandbox).is_empty(), "{moment:?}");
            }
        }
    }
}

#[test]
fn property_76_killed_at_any_row_and_any_step_no_space_is_made_twice() {
    let test = "property_76_killed_at_any_row_and_any_step_no_space_is_made_twice";
    let start = || Bulk::logged_in(&names(ROWS)).with("--concurrency 1");
    // Nothing but what has to do with the journal is counted, by the name that it is opened with and by its own.
    let counted = |bulk: &Bulk, options: &[String]| {
        let directory = fs::canonicalize(bulk.sandbox.path("")).unwrap();
        let journal = directory.join("results.jsonl").display().to_string();
        let paths = ["-P", "results.jsonl", "-P", &journal].map(str::to_owned);
        [paths.as_slice(), options].concat()
    };
    let bulk = start();
    let options = counted(&bulk, &[String::from("-e"), format!("trace={}", CALLS.join(","))]);
    let Some(command) = traced_alone(&bulk.sandbox, test, &options, &bulk.words) else { return };
    bulk.sandbox.finish(command).success();
    let trace = fs::read_to_string(bulk.sandbox.path("trace")).unwrap();
    let mut moments = moments(&trace, |line| !line.starts_with("close"));
    assert!(moments.iter().filter(|moment| moment.call == "write").count() > ROWS, "{moments:#?}");
    // Another thread syncs what is about to be sent, and does nothing else that is counted here.
    for when in 1..=ROWS {
        moments.push(Moment { call: "fdatasync", when, line: String::from("before a row leaves") });
    }
    let expected: Vec<String> = names(ROWS).lines().skip(1).map(str::to_owned).collect();
    for moment in &moments {
        let syncs = moment.call == "fdatasync";
        let (bulk, killed) = loop {
            let bulk = start();
            let options = counted(&bulk, &moment.options("signal=KILL"));
            let trace = if syncs { traced } else { traced_alone };
            let killed = bulk.sandbox.finish(trace(&bulk.sandbox, test, &options, &bulk.words).unwrap());
            if !(syncs && killed.status.success() && counted_apart(&bulk.sandbox)) {
                break (bulk, killed);
            }
        };
        assert!(!killed.status.success(), "{moment:?} was not reached");
        assert!(!killed.stderr.contains("panicked"), "{moment:?}: {}", killed.stderr);
        let made = bulk.spaces();
        bulk.sandbox.control().clear_requests();
        let ends = statuses(&bulk.run().success().stdout);
        assert_eq!(bulk.spaces(), expected, "{moment:?}: {made:?} were made before");
        assert!(ends.iter().all(|end| end == "skipped" || end == "created"), "{moment:?}: {ends:?}");
        let finished = ends.iter().filter(|end| *end == "skipped").count();
        assert!(bulk.request_ids().len() <= ROWS - finished, "{moment:?}: a finished row was sent again");
    }
}

#[test]
fn property_76_a_results_file_whose_name_may_be_lost_stops_before_anything_is_sent() {
    let test = "property_76_a_results_file_whose_name_may_be_lost_stops_before_anything_is_sent";
    let run = |error: &str| {
        let bulk = Bulk::logged_in(&names(ROWS));
        let words: Vec<&str> = bulk.words.iter().map(String::as_str).collect();
        let command = traced_alone(&bulk.sandbox, test, &["-e", "trace=fsync", "-e", error], &words)?;
        let finished = bulk.sandbox.finish(command);
        let trace = fs::read_to_string(bulk.sandbox.path("trace")).unwrap();
        let home = format!("<{}>)", fs::canonicalize(bulk.sandbox.path("")).unwrap().display());
        let synced: Vec<bool> =
            trace.lines().filter(|line| line.contains("fsync(")).map(|line| line.contains(&home)).collect();
        Some((bulk, finished, synced))
    };
    let Some((_, finished, synced)) = run("inject=fsync:error=EIO:when=1000") else { return };
    finished.success();
    let when = 1 + synced.iter().position(|directory| *directory).expect("the directory is never synced");
    let (bulk, finished, _) = run(&format!("inject=fsync:error=EIO:when={when}")).unwrap();
    assert_eq!(finished.exits_with(3).error()["code"], "store_not_writable");
    assert!(bulk.sandbox.control().requests().is_empty());
    // A file system that knows no such thing, or a directory that may not be opened, is no reason to stop.
    let (bulk, finished, _) = run(&format!("inject=fsync:error=EINVAL:when={when}")).unwrap();
    finished.success();
    assert_eq!(bulk.spaces().len(), ROWS);
}

#[test]
fn property_76_what_cannot_be_brought_to_the_disk_does_not_leave() {
    let test = "property_76_what_cannot_be_brought_to_the_disk_does_not_leave";
    for when in 1..=2 {
        let inject = format!("inject=fdatasync:error=EIO:when={when}+");
        let options = ["-e", "trace=fdatasync", "-e", &inject];
        let (bulk, failed) = loop {
            let bulk = Bulk::logged_in(&names(ROWS)).with("--concurrency 1");
            let Some(command) = traced(&bulk.sandbox, test, &options, &bulk.words) else { return };
            let failed = bulk.sandbox.finish(command);
            if !counted_apart(&bulk.sandbox) {
                break (bulk, failed.exits_with(3));
            }
        };
        assert_eq!(failed.error()["code"], "store_not_writable");
        assert_eq!(bulk.sandbox.control().requests_to(Endpoint::Create).len(), when - 1, "{}", failed.stderr);
        assert_eq!(statuses(&bulk.run().success().stdout).len(), ROWS);
        assert_eq!(bulk.spaces().len(), ROWS);
    }
}
