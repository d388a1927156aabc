//! The results file of a bulk run: killed, torn, held, foreign, full, read-only.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use chatauth::emulator::{Endpoint, Options};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::bulk::{Bulk, names, statuses};
use crate::support::sandbox::{Sandbox, mode};
use crate::support::stage::{
    as_user, give_away, give_to_nobody, interrupt_twice, not_run, send_signal, traced, wait_until, wrapped,
};

#[test]
fn property_76_killed_around_each_request_no_space_is_made_twice() {
    // The request never leaves the server's door, is applied without an answer, or is answered at once.
    for fault in ["create:delay=60s,after=3", "create:status=503,commit,retry-after=40,after=3", "create:delay=1ms"] {
        let bulk = Bulk::logged_in(&names(8)).with("--concurrency 1");
        bulk.fault(fault);
        let mut child = bulk.start();
        wait_until("the fourth request came", || bulk.request_ids().len() >= 4);
        if fault.contains("commit") {
            wait_until("it was applied", || bulk.spaces().len() == 4);
        }
        child.kill().unwrap();
        bulk.sandbox.wait(child);
        let before = bulk.request_ids();
        let begun: Vec<String> =
            bulk.journal().iter().map(|entry| entry["requestId"].as_str().unwrap().to_owned()).collect();
        assert!(before.iter().all(|id| begun.contains(id)), "{fault}: a request left before its id was written");
        let finished = bulk.journal().iter().filter(|entry| entry["state"] == "finished").count();
        let made = bulk.spaces().len();

        bulk.sandbox.control().clear_faults();
        bulk.sandbox.control().clear_requests();
        let run = bulk.run().success();
        let ends = statuses(&run.stdout);
        assert_eq!(ends.iter().filter(|end| *end == "skipped").count(), finished, "{fault}");
        assert_eq!(bulk.spaces(), names(8).lines().skip(1).collect::<Vec<_>>(), "{fault}: {made} were made before");
        assert!(before[..finished].iter().all(|id| !bulk.request_ids().contains(id)), "{fault}: a finished row left");
        if finished == 3 && fault.contains("60s") {
            assert_eq!(before[3], bulk.request_ids()[0], "{fault}: under the same id");
        }
    }
}

#[test]
fn property_76_killed_after_the_journal_and_before_the_request() {
    // The server is not there: ids are written, and nothing arrives.
    let bulk = Bulk::logged_in(&names(2));
    let mut command = bulk.command();
    command.env("CHATAUTH_API_ENDPOINT", "http://127.0.0.1:1");
    let mut child = crate::support::stage::start(command);
    wait_until("an id is written", || !bulk.journal().is_empty());
    child.kill().unwrap();
    bulk.sandbox.wait(child);
    let id = bulk.journal()[0]["requestId"].as_str().unwrap().to_owned();
    // It comes back at its own place.
    let endpoint =
        bulk.command().get_envs().find(|(name, _)| *name == "CHATAUTH_API_ENDPOINT").unwrap().1.unwrap().to_owned();
    let journal = fs::read_to_string(bulk.journal_path()).unwrap();
    fs::write(
        bulk.journal_path(),
        journal.replace("http://127.0.0.1:1\"", &format!("{}\"", endpoint.to_str().unwrap().trim_end_matches('/'))),
    )
    .unwrap();
    bulk.run().success();
    assert_eq!(bulk.request_ids()[0], id);
    assert_eq!(bulk.spaces().len(), 2);
}

#[test]
fn property_76_the_request_id_is_on_the_disk_before_the_request_leaves() {
    let bulk = Bulk::logged_in(&names(3)).with("--concurrency 1");
    let options = ["-e", "trace=write,writev,sendto,sendmsg,fsync,fdatasync"];
    let Some(command) = traced(&bulk.sandbox, "property_76 (order of system calls)", &options, &bulk.words) else {
        return;
    };
    bulk.sandbox.finish(command).success();
    let trace = fs::read_to_string(bulk.sandbox.path("trace")).unwrap();
    for id in bulk.request_ids() {
        let lines: Vec<&str> = trace.lines().collect();
        let written = lines.iter().position(|line| line.contains("results.jsonl") && line.contains(&id)).unwrap();
        let sent = lines.iter().position(|line| line.contains("POST ") && line.contains(&id)).unwrap();
        let synced = lines[written..sent].iter().any(|line| line.contains("sync(") && line.contains("results.jsonl"));
        assert!(synced, "{:#?}", &lines[written..=sent]);
        // A journal whose name is not on the disk is gone with the power, however well its lines were synced.
        let directory = fs::canonicalize(bulk.journal_path().parent().unwrap()).unwrap();
        let named = format!("<{}>)", directory.display());
        assert!(lines[..sent].iter().any(|line| line.contains("sync(") && line.contains(&named)), "{lines:#?}");
    }
}

#[test]
fn a_torn_last_line_is_understood() {
    let bulk = Bulk::logged_in(&names(5)).with("--concurrency 1");
    bulk.run().success();
    let whole = fs::read(bulk.journal_path()).unwrap();
    assert_eq!(mode(&bulk.journal_path()), 0o600);
    for length in [7, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        fs::write(bulk.journal_path(), &whole[..length]).unwrap();
        if length > 100 {
            bulk.run().success();
            let mut spaces = bulk.spaces();
            spaces.dedup();
            assert_eq!(spaces.len(), 5);
        } else {
            // Not even the first line is whole: nothing was sent under it.
            fs::write(bulk.sandbox.path("rows.csv"), "name\n").unwrap();
            assert_eq!(bulk.run().success().stdout, "");
            bulk.rows(&names(5));
        }
    }
}

#[test]
fn a_journal_has_the_same_mode_whatever_the_umask() {
    for umask in ["000", "277", "777"] {
        let bulk = Bulk::logged_in("name\na\n");
        let run = || {
            let plain = bulk.command();
            let mut command = Command::new("sh");
            let script = format!("umask {umask}; exec \"$0\" \"$@\"");
            command.args(["-c", &script]).arg(plain.get_program()).args(plain.get_args());
            command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
            command.current_dir(bulk.sandbox.path(""));
            bulk.sandbox.finish(command).success();
        };
        run();
        assert_eq!(mode(&bulk.journal_path()), 0o600, "under umask {umask}");
        // That of a file which was there is its owner's choice.
        fs::set_permissions(bulk.journal_path(), std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        run();
        assert_eq!(mode(&bulk.journal_path()), 0o640, "under umask {umask}");
    }
}

#[test]
fn what_a_torn_journal_has_lost_is_repeated_under_the_same_id() {
    let bulk = Bulk::logged_in(&names(3)).with("--concurrency 1");
    bulk.run().success();
    let text = fs::read_to_string(bulk.journal_path()).unwrap();
    // The last row was begun; that it exists is torn off.
    let begun = text.rfind("\"state\":\"exists\"").unwrap();
    fs::write(bulk.journal_path(), &text[..begun]).unwrap();
    assert_eq!(statuses(&bulk.run().success().stdout), ["skipped", "skipped", "created"]);
    assert_eq!(bulk.spaces().len(), 3);
    assert_eq!(bulk.request_ids()[2], bulk.request_ids()[3]);
}

#[test]
fn a_second_run_is_refused_while_one_is_on_its_way() {
    let bulk = Bulk::logged_in(&names(3));
    bulk.fault("create:delay=60s");
    let mut child = bulk.start();
    wait_until("the first is on its way", || !bulk.request_ids().is_empty());
    let before = fs::read(bulk.journal_path()).unwrap();
    let second = bulk.run().exits_with(3);
    assert_eq!(second.error()["code"], "busy");
    assert_eq!(bulk.request_ids().len(), 1);
    assert!(fs::read(bulk.journal_path()).unwrap() == before);
    child.kill().unwrap();
    bulk.sandbox.wait(child);
    bulk.sandbox.control().clear_faults();
    bulk.run().success();
    assert_eq!(bulk.spaces().len(), 3);
}

#[test]
fn another_file_is_no_journal_and_stays_as_it_is() {
    let bulk = Bulk::of(Sandbox::new(), &names(3));
    for text in
        ["precious\n", "{\"name\":\"x\"}\n", "name\nA\n", "\n\nprecious", "{\"chatauth\":\"results\",\"version\":2}\n"]
    {
        fs::write(bulk.journal_path(), text).unwrap();
        let failed = bulk.run().exits_with(3);
        assert_eq!(failed.error()["code"], "input_invalid", "{text}");
        assert_eq!(fs::read_to_string(bulk.journal_path()).unwrap(), text);
    }
    // As version 0.1 wrote it: it does not name its run.
    let old = concat!(
        "{\"chatauth\":\"results\",\"version\":1}\n",
        "{\"identity\":\"1\",\"content\":\"9f86d081884c7d65\",\"row\":1,",
        "\"requestId\":\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\",\"state\":\"finished\",",
        "\"at\":\"2026-03-01T12:00:00Z\",\"result\":{\"name\":\"spaces/A\"},\"attempts\":1}\n",
    );
    fs::write(bulk.journal_path(), old).unwrap();
    let refused = bulk.run().exits_with(3);
    assert!(refused.stderr.contains("0.1") && refused.stderr.contains("was not changed"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(bulk.journal_path()).unwrap(), old);
    fs::remove_file(bulk.journal_path()).unwrap();
    fs::create_dir(bulk.journal_path()).unwrap();
    bulk.run().exits_with(3);
    assert!(bulk.sandbox.control().requests().is_empty(), "not even a login");
}

#[test]
fn a_read_only_journal_stops_before_anything_is_sent() {
    let bulk = Bulk::of(Sandbox::new(), &names(3));
    bulk.sandbox.log_in();
    fs::write(bulk.journal_path(), "").unwrap();
    fs::set_permissions(bulk.journal_path(), std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();
    if !give_away(&bulk.sandbox, "a read-only journal") {
        return;
    }
    let failed = bulk.sandbox.finish(as_user(&bulk.sandbox, &bulk.words)).exits_with(3);
    assert_eq!(failed.error()["code"], "store_not_writable");
    assert!(failed.stderr.contains("results.jsonl"), "{}", failed.stderr);
    assert!(bulk.sandbox.control().requests().is_empty());
}

/// Runs with the journal on a file system of 16 KiB of which `free` bytes are free.
fn on_a_small_disk(bulk: &Bulk, free: u32) -> Option<crate::support::sandbox::Finished> {
    let probe = Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs -o size=16k none /mnt"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        not_run("a full disk", "this machine gives no name space to mount a small disk in");
        return None;
    }
    let script = r#"mount -t tmpfs -o size=16k,mode=0700 none small && : > small/results.jsonl || exit 99
        head -c $((16384 - FREE)) /dev/zero > small/filler
        "$BIN" "$@"; code=$?
        cp small/results.jsonl after.jsonl; exit $code"#;
    let _ = fs::create_dir(bulk.sandbox.path("small"));
    let words: Vec<String> =
        bulk.words.iter().map(|word| word.replace("results.jsonl", "small/results.jsonl")).collect();
    let mut command =
        wrapped(&bulk.sandbox.command(&words), &["unshare", "-rm", "sh", "-c", script, "sh"].map(OsStr::new));
    command.env("FREE", free.to_string()).env("BIN", env!("CARGO_BIN_EXE_chatauth"));
    Some(bulk.sandbox.finish(command))
}

#[test]
fn a_full_disk_stops_before_sending_and_what_was_sent_is_on_it() {
    let bulk = Bulk::logged_in(&names(50)).with("--concurrency 1");
    let Some(failed) = on_a_small_disk(&bulk, 0) else { return };
    assert_eq!(failed.exits_with(3).error()["code"], "store_not_writable");
    assert!(bulk.sandbox.control().requests().is_empty());

    let failed = on_a_small_disk(&bulk, 8192).unwrap().exits_with(3);
    assert_eq!(failed.error()["code"], "store_not_writable");
    assert!(failed.error()["message"].as_str().unwrap().contains("small/results.jsonl"), "{}", failed.stderr);
    let sent = bulk.request_ids();
    assert!(!sent.is_empty() && sent.len() < 50);
    assert!(failed.error()["hint"].as_str().unwrap().contains("the same journal"), "{}", failed.stderr);
    // Elsewhere, with room, it goes on.
    fs::copy(bulk.sandbox.path("after.jsonl"), bulk.journal_path()).unwrap();
    bulk.run().success();
    assert_eq!(bulk.spaces(), names(50).lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn a_pipe_is_no_journal() {
    let bulk = Bulk::logged_in(&names(1));
    assert!(Command::new("mkfifo").arg(bulk.journal_path()).status().unwrap().success());
    assert_eq!(bulk.run().exits_with(3).error()["code"], "input_invalid");
    assert!(bulk.request_ids().is_empty());
}

#[test]
fn property_76_an_answer_that_a_proxy_lost_costs_no_row_its_id() {
    let bulk = Bulk::logged_in(&names(1));
    // A proxy's own number for it; then a refusal, which alone would have cost the id.
    bulk.fault("create:status=520,commit,times=1");
    bulk.fault("create:status=403,times=1");
    for attempt in ["of unknown outcome", "refused after it"] {
        let run = bulk.run().exits_with(7);
        let line: Value = serde_json::from_str(run.stdout.trim()).unwrap();
        assert_eq!(line["error"]["outcome"], "unknown", "{attempt}: {line}");
    }
    assert_eq!(statuses(&bulk.run().success().stdout), ["created"]);
    let ids = bulk.request_ids();
    assert_eq!((ids.len(), bulk.spaces().len()), (3, 1));
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn a_row_that_waits_for_quota_was_answered() {
    let bulk = Bulk::logged_in(&names(1));
    bulk.fault("create:status=429,retry-after=3600,times=1");
    let child = bulk.start();
    wait_until("it was refused", || bulk.journal().iter().any(|entry| entry["state"] == "failed"));
    send_signal(&child, Signal::INT);
    bulk.sandbox.wait(child).exits_with(130);
    bulk.change_journal(|entry| entry["at"] = Value::from("2020-01-01T00:00:00Z"));
    let run = bulk.run().success();
    assert!(!run.stderr.contains("no answer is known"), "{}", run.stderr);
    assert_eq!(bulk.spaces().len(), 1);
}

#[test]
#[ignore = "waits until a login is renewed, which is looked at every half minute"]
fn a_row_that_renews_the_login_and_the_run_that_does_so_wait_for_nobody() {
    let sandbox = Sandbox::with(Options { access_token_lifetime: Duration::from_secs(28), ..Options::default() });
    sandbox.log_in();
    let mut bulk = Bulk::of(sandbox, &names(34)).with("--concurrency 8");
    let position = bulk.words.iter().position(|word| word == "unlimited").unwrap();
    bulk.words[position] = String::from("60");
    // The row that finds the token ended still waits for the next one when the run looks after the login.
    bulk.fault("token:delay=6s");
    bulk.run().success();
    assert_eq!(bulk.spaces().len(), 34);
}

#[test]
fn a_reader_that_goes_away_leaves_a_journal_to_go_on_from() {
    let bulk = Bulk::logged_in(&names(30)).with("--concurrency 2");
    let mut command = bulk.command();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"row\":1"), "{line}");
    let ended = bulk.sandbox.wait(child).exits_with(141);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    assert_eq!(statuses(&bulk.run().success().stdout).len(), 30);
    assert_eq!(bulk.spaces().len(), 30);
}

#[test]
fn signals_say_which_command_goes_on() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let bulk = Bulk::logged_in(&names(6)).with("--concurrency 2");
        bulk.fault("create:delay=60s,after=2");
        let child = bulk.start();
        wait_until("some are on their way", || bulk.request_ids().len() >= 3);
        interrupt_twice(&child, signal);
        let stopped = bulk.sandbox.wait(child).exits_with(code);
        let hint = stopped.error()["hint"].as_str().unwrap().to_owned();
        let line = &hint[hint.find(env!("CARGO_BIN_EXE_chatauth")).unwrap_or_else(|| panic!("{hint}"))..];
        bulk.sandbox.control().clear_faults();
        let plain = bulk.sandbox.command::<[&str; 0]>([]);
        let mut command = Command::new("sh");
        command.args(["-c", line]).envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(bulk.sandbox.path(""));
        assert_eq!(statuses(&bulk.sandbox.finish(command).success().stdout).len(), 6);
        assert_eq!(bulk.spaces().len(), 6);
    }
}

#[test]
fn an_unfinished_row_older_than_an_hour_is_named() {
    let bulk = Bulk::logged_in(&names(3)).with("--concurrency 1");
    bulk.fault("create:status=503,retry-after=60,times=1,after=1");
    bulk.run().exits_with(7);
    let id = bulk.request_ids()[1].clone();
    let age = |entry: &mut Value, hours: i64| {
        let then = time::OffsetDateTime::now_utc() - time::Duration::hours(hours);
        let then = then.format(&time::format_description::well_known::Rfc3339).unwrap();
        for member in ["at", "unknownSince"] {
            if entry.get(member).is_some() {
                entry[member] = Value::from(then.clone());
            }
        }
    };
    let journal = fs::read(bulk.journal_path()).unwrap();
    bulk.change_journal(|entry| age(entry, 2));
    let run = bulk.run().success();
    let warnings: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    let [warning] = warnings[..] else { panic!("{}", run.stderr) };
    assert!(warning.contains("row 2") && warning.contains(&id), "{warning}");
    // The attempt counts, and not the last time that it was repeated.
    fs::write(bulk.journal_path(), journal).unwrap();
    bulk.change_journal(|entry| {
        age(entry, 2);
        entry["at"] = Value::from("2026-01-01T00:00:00Z");
    });
    let lines = fs::read_to_string(bulk.journal_path()).unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(bulk.journal_path()).unwrap();
    let last = lines.lines().find(|line| line.contains(&id) && line.contains("failed")).unwrap();
    let mut entry: Value = serde_json::from_str(last).unwrap();
    entry["state"] = Value::from("started");
    entry["line"] = Value::from(lines.lines().count() + 1);
    entry["at"] =
        Value::from(time::OffsetDateTime::now_utc().format(&time::format_description::well_known::Rfc3339).unwrap());
    writeln!(file, "{entry}").unwrap();
    assert!(bulk.run().success().stderr.contains("warning: row 2"));
    assert_eq!(bulk.sandbox.control().requests_to(Endpoint::Create).last().unwrap().query("requestId"), Some(&*id));
}

#[test]
fn a_journal_is_no_stream_and_no_file_that_something_else_uses() {
    let bulk = Bulk::logged_in(&names(2));
    let with = |journal: &str| {
        let words = bulk.words.iter().map(|word| if word == "results.jsonl" { journal } else { word.as_str() });
        bulk.sandbox.command(words)
    };
    let refused = |command: Command, expected: &str| {
        let run = bulk.sandbox.finish(command).exits_with(3);
        assert!(run.error()["message"].as_str().unwrap().contains(expected), "{expected}: {}", run.stderr);
        assert_eq!(run.error()["code"], "input_invalid");
    };
    refused(with("-"), "--journal requires a file");
    assert!(!bulk.sandbox.path("-").exists());
    refused(with("rows.csv"), "is not a journal of chatauth");
    assert_eq!(fs::read_to_string(bulk.sandbox.path("rows.csv")).unwrap(), names(2));
    // The shell opened it for the results.
    for stream in ["stdout", "stderr"] {
        let (mut command, path) = (with("results.jsonl"), bulk.journal_path());
        let file = || fs::File::options().create(true).append(true).open(&path).unwrap();
        if stream == "stdout" {
            command.stdout(file()).stderr(Stdio::piped());
        } else {
            command.stderr(file()).stdout(Stdio::piped());
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{stream}");
        let told = [output.stderr, fs::read(&path).unwrap()].concat();
        assert!(String::from_utf8_lossy(&told).contains("is the output of this command"), "{stream}");
        fs::remove_file(&path).unwrap();
    }
    // And for the rows.
    fs::write(bulk.journal_path(), "").unwrap();
    let words = bulk.words.iter().map(|word| if word == "rows.csv" { "-" } else { word.as_str() });
    let mut command = bulk.sandbox.command(words);
    command.stdin(fs::File::open(bulk.journal_path()).unwrap());
    refused(command, "is the input");
    assert!(bulk.request_ids().is_empty());
}

#[test]
fn another_users_journal_is_not_believed() {
    let bulk = Bulk::logged_in("name,manager\nBoard,ada@example.com\n");
    let scopes = ["chat.spaces.create", "chat.memberships"].map(|scope| ["--scope", scope]);
    bulk.sandbox.run(["auth", "login"].iter().chain(scopes.iter().flatten())).success();
    bulk.run().success();
    // It says that the row exists, in a space of the other user's.
    bulk.change_journal(|entry| {
        entry["name"] = Value::from("spaces/PLANTED");
        entry["state"] = Value::from("exists");
    });
    if !give_to_nobody(&bulk.journal_path()) {
        not_run("another user's journal", "only root can give a file away");
        return;
    }
    fs::set_permissions(bulk.journal_path(), std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    let before = fs::read(bulk.journal_path()).unwrap();
    bulk.sandbox.control().clear_requests();
    let refused = bulk.run().exits_with(3);
    assert!(refused.error()["message"].as_str().unwrap().contains("belongs to another user"), "{}", refused.stderr);
    assert!(bulk.sandbox.control().requests().is_empty());
    assert_eq!(fs::read(bulk.journal_path()).unwrap(), before);
}
