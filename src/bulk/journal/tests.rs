use std::collections::BTreeMap;

use serde_json::json;

use super::*;

fn entry(identity: &str, state: State) -> Entry {
    let new = Entry::new(identity.to_owned(), 0, format!("id-{identity}"));
    Entry { row: 1, state, attempts: 1, ..new }
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    File::create(path).unwrap().write_all(text.as_ref()).unwrap();
}

fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::MINUTE
}

fn name() -> RunIdentity {
    RunIdentity {
        command: String::from("spaces create"),
        endpoint: String::from("https://x"),
        ..RunIdentity::default()
    }
}

/// Opens a journal. A test beside this one that starts a process shares the lock with it for a moment.
fn try_open(path: &Path, run: &RunIdentity, hourly: usize) -> Result<Journal, JournalError> {
    let started = std::time::Instant::now();
    loop {
        match Journal::open(path, run, now(), hourly) {
            Err(JournalError::Busy(_)) if started.elapsed().as_secs() < 30 => std::thread::yield_now(),
            opened => return opened,
        }
    }
}

fn open_for(path: &Path, hourly: usize) -> Journal {
    let mut journal = try_open(path, &name(), hourly).unwrap();
    journal.begin(json!("sub"), Some(String::from("ada@example.com"))).unwrap();
    journal
}

fn open(path: &Path) -> Journal {
    open_for(path, 2)
}

fn state(journal: &Journal, identity: &str) -> Option<State> {
    journal.claim(identity).unwrap().1.map(|entry| entry.state)
}

#[test]
fn the_last_word_about_a_row_counts() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    let journal = open(&path);
    let made = Entry {
        name: Some(String::from("spaces/A")),
        result: Some(json!({"name":"spaces/A","x":1})),
        ..entry("a", State::Exists)
    };
    for entry in [entry("a", State::Started), entry("b", State::Started), made, entry("a", State::Finished)] {
        journal.append(&mut entry.clone()).unwrap();
    }
    drop(journal);
    let journal = open(&path);
    let (copy, last) = journal.claim("a").unwrap();
    let last = last.unwrap();
    assert_eq!((copy, last.state, last.result), (0, State::Finished, Some(json!({"name":"spaces/A","x":1}))));
    assert_eq!(state(&journal, "b"), Some(State::Started));
    assert_eq!(journal.claim("c").unwrap(), (0, None));
    assert_eq!(journal.recent().count(), 2);
    journal.append(&mut entry("c", State::Started)).unwrap();
    assert_eq!(journal.claim("a").unwrap(), (1, None), "the one there was is claimed");
}

#[test]
fn a_torn_last_line_is_cut_off() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    let journal = open(&path);
    journal.append(&mut entry("a", State::Started)).unwrap();
    journal.append(&mut entry("a", State::Finished)).unwrap();
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for length in 0..whole.len() {
        write(&path, &whole[..length]);
        let journal = open(&path);
        let last = state(&journal, "a");
        assert!(matches!(last, None | Some(State::Started)), "{length}: {last:?}");
        assert_eq!(
            last.is_some(),
            length > header + whole[header + 1..].iter().position(|byte| *byte == b'\n').unwrap() + 1
        );
        journal.append(&mut entry("b", State::Finished)).unwrap();
        drop(journal);
        assert_eq!(state(&open(&path), "b"), Some(State::Finished), "{length}");
    }
}

#[test]
fn every_other_damage_is_refused_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    let journal = open(&path);
    for identity in ["a", "b", "c"] {
        journal.append(&mut entry(identity, State::Started)).unwrap();
    }
    drop(journal);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let join = |order: &[usize]| order.iter().map(|index| [lines[*index], "\n"].concat()).collect::<String>();
    let zeroed = |from: usize, to: usize| {
        let mut bytes = text.clone().into_bytes();
        bytes[from..to].fill(0);
        bytes
    };
    let third = text.len() - lines[3].len() - 1;
    for (bytes, line) in [
        (join(&[0, 1, 3, 2]).into_bytes(), 3),
        (join(&[0, 1, 1, 2, 3]).into_bytes(), 3),
        (join(&[0, 2, 3]).into_bytes(), 2),
        (join(&[0, 1, 0]).into_bytes(), 3),
        (zeroed(lines[0].len() + 5, lines[0].len() + 20), 2),
        (zeroed(third - 9, third + 9), 3),
        (zeroed(third, text.len()), 4),
        (text.replace("id-b", "id-\u{0}").into_bytes(), 3),
        (text.replace("\"started\"", "\"new\"").into_bytes(), 2),
        (text.replace("\"identity\":\"b\",", "").into_bytes(), 3),
        (text.replacen('\n', "\n\n", 2).into_bytes(), 2),
        ([text.as_bytes(), b"something else"].concat(), 5),
    ] {
        write(&path, &bytes);
        match try_open(&path, &name(), 2) {
            Err(error @ JournalError::Refused { .. }) => {
                let message = error.to_string();
                assert!(message.starts_with(&format!("line {line} of the journal")), "{message}");
            }
            other => panic!("{other:?}: {}", String::from_utf8_lossy(&bytes)),
        }
        assert!(std::fs::read(&path).unwrap() == bytes, "it is left as it is");
    }
}

#[test]
fn another_runs_journal_is_refused_with_what_differs() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    drop(open(&path));
    let before = std::fs::read(&path).unwrap();
    let options = |value: Value| BTreeMap::from([(String::from("--external"), value)]);
    for (other, what, advice) in [
        (RunIdentity { command: String::from("spaces delete"), ..name() }, "the command", "pass another file"),
        (
            RunIdentity { endpoint: String::from("http://127.0.0.1:1"), ..name() },
            "the API endpoint",
            "pass another file",
        ),
        (RunIdentity { options: options(json!(true)), ..name() }, "--external", "restore these options"),
        (RunIdentity { client: Some(String::from("c")), ..name() }, "the OAuth client", "use that login"),
        (RunIdentity { account: Some(json!("other")), ..name() }, "the account", "use that login"),
        (RunIdentity { account: Some(Value::Null), ..name() }, "the account", "use that login"),
    ] {
        match try_open(&path, &other, 2) {
            Err(error @ JournalError::Refused { .. }) => {
                let message = error.to_string();
                assert!(message.contains(&format!("another run: {what} was ")), "{message}");
                assert!(error.hint().starts_with(advice), "{message}: {}", error.hint());
            }
            opened => panic!("{opened:?}"),
        }
    }
    let mut journal = try_open(&path, &name(), 2).unwrap();
    let refused = journal.begin(json!("other"), None).unwrap_err();
    assert!(refused.to_string().contains("the account was ada@example.com and is other now"), "{refused}");
    drop(journal);
    assert!(std::fs::read(&path).unwrap() == before);
    try_open(&path, &name(), 2).unwrap().begin(json!("sub"), None).unwrap();
}

#[test]
fn a_token_of_which_nothing_is_known_matches_only_another_one() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    try_open(&path, &name(), 0).unwrap().begin(Value::Null, None).unwrap();
    try_open(&path, &name(), 0).unwrap().begin(Value::Null, None).unwrap();
    assert!(try_open(&path, &name(), 0).unwrap().begin(json!("sub"), None).is_err());
}

#[test]
fn other_files_and_other_versions_are_left_as_they_are() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    for (text, expected) in [
        ("precious\n", "is not a journal"),
        ("{\"name\":\"x\"}\n", "is not a journal"),
        ("\n\nprecious", "is not a journal"),
        ("{\"chatauth\":\"results\",\"version\":1}\n", "0.1, which does not name its run"),
        ("{\"chatauth\":\"journal\",\"version\":3}\n", "newer version"),
        ("{\"chatauth\":\"journal\",\"version\":2}\n", "is not a journal"),
    ] {
        write(&path, text);
        let refused = try_open(&path, &name(), 2).unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
        // What another version wrote has rows that a new journal would run again.
        let is_foreign = expected == "is not a journal";
        assert_eq!(refused.hint().contains("pass another file"), is_foreign, "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Journal::open_existing(&path, &name(), now()), Ok(None)));
    assert!(!path.exists(), "this creates nothing");
    let refused = try_open(home.path(), &name(), 2).unwrap_err();
    assert!(refused.to_string().contains("is a directory") && refused.hint().contains("another file"), "{refused}");
}

#[test]
fn a_second_run_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    let _first = open(&path);
    assert!(matches!(Journal::open(&path, &name(), now(), 2), Err(JournalError::Busy(_))));
}

#[test]
#[cfg(unix)]
fn links_and_pipes_are_no_journals() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    let target = home.path().join("target");
    std::os::unix::fs::symlink(&target, &path).unwrap();
    assert!(matches!(try_open(&path, &name(), 2), Err(JournalError::Refused { .. })));
    assert!(!target.exists());
    write(&target, "");
    assert!(matches!(try_open(&path, &name(), 2), Err(JournalError::Refused { .. })));
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(matches!(try_open(&path, &name(), 2), Err(JournalError::Refused { .. })));
}

#[test]
fn only_what_nobody_heard_of_may_have_been_applied() {
    let early = OffsetDateTime::UNIX_EPOCH - time::Duration::HOUR;
    for (state, since, expected) in [
        (State::Started, None, Some(OffsetDateTime::UNIX_EPOCH)),
        (State::Started, Some(early), Some(early)),
        (State::Failed, None, None),
        (State::Failed, Some(early), Some(early)),
        (State::Refused, Some(early), None),
        (State::Exists, Some(early), None),
        (State::Finished, Some(early), None),
    ] {
        let entry = Entry { unknown_since: since, ..entry("a", state) };
        assert_eq!(entry.unknown_since(), expected, "{state:?} {since:?}");
    }
}

#[test]
fn requests_count_for_less_than_an_hour_and_no_more_of_them_than_may_leave() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    let journal = open(&path);
    let ago = |minutes| now() - time::Duration::minutes(minutes);
    for (state, minutes) in [
        (State::Started, 61),
        (State::Started, 60),
        (State::Started, 59),
        (State::Finished, 58),
        (State::Started, 30),
        (State::Exists, 29),
        (State::Started, 10),
        (State::Failed, 9),
    ] {
        journal.append(&mut Entry { at: ago(minutes), ..entry("a", state) }).unwrap();
    }
    drop(journal);
    for (hourly, expected) in [(0, &[][..]), (1, &[10]), (2, &[30, 10]), (3, &[59, 30, 10]), (9, &[59, 30, 10])] {
        let journal = open_for(&path, hourly);
        let expected: Vec<OffsetDateTime> = expected.iter().map(|minutes| ago(*minutes)).collect();
        assert_eq!(journal.recent().collect::<Vec<_>>(), expected, "{hourly}");
    }
}

#[test]
fn a_long_answer_is_read_again_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("r.jsonl");
    let journal = open(&path);
    let long = Entry { line: 2, result: Some(Value::from("x".repeat(2 << 20))), ..entry("a", State::Exists) };
    journal.append(&mut long.clone()).unwrap();
    journal.append(&mut entry("b", State::Started)).unwrap();
    drop(journal);
    let journal = open(&path);
    assert_eq!(journal.claim("a").unwrap().1, Some(long));
    assert_eq!(journal.claim("b").unwrap().1, Some(Entry { line: 3, ..entry("b", State::Started) }));
}
