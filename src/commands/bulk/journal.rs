//! The results file of a bulk run: an append-only journal from which a run can be taken up again after anything.
//!
//! A row's request id is on disk before its request leaves, and its outcome after. So there is no moment at which a
//! crash could make a row twice: either the id is not yet on disk, and nothing has left, or it is, and the next run
//! repeats the request under the same id.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::oneshot;

use super::table::Table;
use crate::platform::files;

/// The first line of every journal.
const HEADER: &str = r#"{"chatauth":"results","version":1}"#;

/// The longest line that is read; longer ones were not written by this program.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// What is known about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// Its request is about to leave.
    LoginStarted,
    /// What it is about exists; what follows (roles, more members) may not be done yet.
    Exists,
    /// Everything about it is done.
    Finished,
    /// It failed, and the next run tries again under the same request id.
    Failed,
    /// The API refused the request itself, and the next run tries again under a new id.
    Refused,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// What the row is recognised by.
    pub(super) identity: String,
    /// What it says, as a hash: a keyed row must not change.
    pub(super) content: String,
    /// Its number in the input, from 1.
    pub(super) row: u64,
    pub(super) request_id: String,
    pub(super) state: State,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) at: OffsetDateTime,
    /// Since when there is an attempt under this request id that may have been applied, as far as anybody knows.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub(super) unknown_since: Option<OffsetDateTime>,
    /// What was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Value>,
    /// Whether it was there before the row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) existed: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Value>,
    /// How many requests it has cost.
    #[serde(default)]
    pub(super) attempts: u32,
}

impl Entry {
    /// Since when an attempt of this row may have been applied without anybody knowing; `None` when none may.
    pub(super) fn unknown_since(&self) -> Option<OffsetDateTime> {
        match self.state {
            // It left, and nobody was there to hear the answer.
            State::LoginStarted => Some(self.unknown_since.unwrap_or(self.at)),
            State::Failed => self.unknown_since,
            State::Refused | State::Exists | State::Finished => None,
        }
    }
}

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
pub(super) enum JournalError {
    /// Another run holds it.
    #[error("another run is using the results file {path}", path = .0.display())]
    Busy(PathBuf),
    /// It is some other file.
    #[error("{path} is not a results file of chatauth; it is left as it is", path = .0.display())]
    NotAJournal(PathBuf),
    /// It cannot be read or written.
    #[error("the results file {path} cannot be {action}: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// "opened", "read" or "written".
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// What is remembered of it outside memory cannot be read or written.
    #[error("the directory for temporary files cannot be used: {0}")]
    Scratch(io::Error),
}

/// An open, locked journal.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// Where the last entry of each row begins, by the row's identity.
    index: Table,
    /// When requests left, as far as they count against the hour: no more of them than may leave within one.
    recent: VecDeque<OffsetDateTime>,
    /// To the thread that syncs, once there is one.
    syncs: Option<mpsc::Sender<oneshot::Sender<io::Result<()>>>>,
}

/// What is written in a journal, on its way to the disk.
#[derive(Debug)]
pub(super) struct Syncing {
    path: PathBuf,
    done: oneshot::Receiver<io::Result<()>>,
}

impl Syncing {
    /// Waits until it is there.
    pub(super) async fn done(self) -> Result<(), JournalError> {
        let result = self.done.await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
        result.map_err(|source| JournalError::Io { path: self.path, action: "written", source })
    }
}

impl Journal {
    /// Opens the journal at `path`, or begins one, and locks it until the process ends. `hourly` is how many requests may
    /// leave within an hour: that many of the last hour's are remembered.
    pub(super) fn open(path: &Path, now: OffsetDateTime, hourly: usize) -> Result<Self, JournalError> {
        let failed = |action| move |source| JournalError::Io { path: path.to_path_buf(), action, source };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(failed("opened"))?;
        // A pipe would be read for ever, and remembers nothing.
        if !file.metadata().map_err(failed("opened"))?.is_file() {
            return Err(JournalError::NotAJournal(path.to_path_buf()));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy(path.to_path_buf())),
            Err(TryLockError::Error(source)) => return Err(failed("opened")(source)),
        }
        let mut journal =
            Self { path: path.to_path_buf(), file, index: Table::new(), recent: VecDeque::new(), syncs: None };
        journal.load(now, hourly)?;
        Ok(journal)
    }

    /// Makes the name of a new journal as durable as what is in it. A directory that may not be read, or whose file
    /// system knows no such thing, is left alone: the run is no worse off than with any other program's file.
    fn sync_name(&self) -> io::Result<()> {
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        match files::sync_directory(directory.unwrap_or(Path::new("."))) {
            Err(error) if matches!(error.kind(), PermissionDenied | InvalidInput | Unsupported) => Ok(()),
            result => result,
        }
    }

    fn load(&mut self, now: OffsetDateTime, hourly: usize) -> Result<(), JournalError> {
        let path = self.path.clone();
        let failed = |action| {
            let path = path.clone();
            move |source| JournalError::Io { path, action, source }
        };
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        let mut offset = 0_u64;
        let mut begun = false;
        let mut torn = false;
        loop {
            line.clear();
            let length =
                io::Read::take(&mut reader, LONGEST_LINE).read_until(b'\n', &mut line).map_err(failed("read"))?;
            if length == 0 {
                break;
            }
            torn = line.last() != Some(&b'\n');
            if !begun {
                begun = line.trim_ascii_end() == HEADER.as_bytes();
                // A header that was being written when the power went is the beginning of one.
                if !begun && !HEADER.as_bytes().starts_with(line.trim_ascii_end()) {
                    return Err(JournalError::NotAJournal(self.path.clone()));
                }
            }
            // A torn line says nothing: its row counts as not begun or not finished, and both are safe to repeat.
            if let Ok(entry) = serde_json::from_slice::<Entry>(&line) {
                self.index.put(&entry.identity, offset).map_err(JournalError::Scratch)?;
                if entry.state == State::LoginStarted && now - entry.at < time::Duration::HOUR && hourly > 0 {
                    if self.recent.len() >= hourly {
                        self.recent.pop_front();
                    }
                    self.recent.push_back(entry.at);
                }
            }
            offset += length as u64;
        }
        if torn {
            self.write_line("")?;
        }
        if !begun {
            self.write_line(HEADER)?;
        }
        self.file.sync_all().map_err(failed("written"))?;
        if begun { Ok(()) } else { self.sync_name().map_err(failed("written")) }
    }

    /// The last entry of the row with this identity.
    pub(super) fn last(&mut self, identity: &str) -> Result<Option<Entry>, JournalError> {
        match self.index.get(identity).map_err(JournalError::Scratch)? {
            Some(offset) => self.read_at(offset),
            None => Ok(None),
        }
    }

    /// When requests of the last hour left.
    pub(super) fn recent(&self) -> impl Iterator<Item = OffsetDateTime> {
        self.recent.iter().copied()
    }

    /// Adds an entry. It survives the end of the program, and that of the power once it is synced.
    pub(super) fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let line = serde_json::to_string(entry).map_err(|error| self.failed("written", error.into()))?;
        self.write_line(&line)
    }

    /// Begins to bring what was added so far to the disk. A disk takes milliseconds for that, or, when it is busy,
    /// seconds in which requests on their way must be attended to; and it takes no longer for many rows than for one. So
    /// a thread does it, for all that have asked since it began last.
    pub(super) fn sync(&mut self) -> Result<Syncing, JournalError> {
        let (tell, done) = oneshot::channel();
        let syncs = match self.syncs.take() {
            Some(syncs) => syncs,
            None => sync_on_a_thread(self.file.try_clone().map_err(|source| self.failed("written", source))?),
        };
        // A thread that is gone is seen by who waits.
        let _ = syncs.send(tell);
        self.syncs = Some(syncs);
        Ok(Syncing { path: self.path.clone(), done })
    }

    fn write_line(&mut self, line: &str) -> Result<(), JournalError> {
        // One write, so that a crash leaves at most one torn line.
        let bytes = format!("{line}\n");
        (&self.file).write_all(bytes.as_bytes()).map_err(|source| self.failed("written", source))
    }

    fn read_at(&mut self, offset: u64) -> Result<Option<Entry>, JournalError> {
        // Appending ignores the position, so it may be moved for reading.
        (&self.file).seek(SeekFrom::Start(offset)).map_err(|source| self.failed("read", source))?;
        let mut line = Vec::new();
        io::Read::take(BufReader::with_capacity(4096, &self.file), LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|source| self.failed("read", source))?;
        Ok(serde_json::from_slice(&line).ok())
    }

    fn failed(&self, action: &'static str, source: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), action, source }
    }
}

fn sync_on_a_thread(file: File) -> mpsc::Sender<oneshot::Sender<io::Result<()>>> {
    let (syncs, asked) = mpsc::channel::<oneshot::Sender<io::Result<()>>>();
    std::thread::spawn(move || {
        while let Ok(first) = asked.recv() {
            let all: Vec<_> = std::iter::once(first).chain(asked.try_iter()).collect();
            let result = file.sync_data();
            for tell in all {
                // Whoever does not wait any more does not need to know.
                let _ = tell.send(match &result {
                    Ok(()) => Ok(()),
                    Err(error) => Err(error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error)),
                });
            }
        }
    });
    syncs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(identity: &str, state: State) -> Entry {
        Entry {
            identity: identity.to_owned(),
            content: String::from("c"),
            row: 1,
            request_id: format!("id-{identity}"),
            state,
            at: OffsetDateTime::UNIX_EPOCH,
            unknown_since: None,
            result: None,
            existed: false,
            error: None,
            attempts: 1,
        }
    }

    fn now() -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + time::Duration::MINUTE
    }

    /// Opens a journal. A test beside this one that starts a process shares the lock with it for a moment.
    fn open(path: &Path) -> Journal {
        open_for(path, 2)
    }

    fn open_for(path: &Path, hourly: usize) -> Journal {
        let started = std::time::Instant::now();
        loop {
            match Journal::open(path, now(), hourly) {
                Err(JournalError::Busy(_)) if started.elapsed().as_secs() < 30 => std::thread::yield_now(),
                opened => return opened.unwrap(),
            }
        }
    }

    #[test]
    fn the_last_word_about_a_row_counts() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("r.jsonl");
        let mut journal = open(&path);
        for (identity, state) in [("a", State::LoginStarted), ("b", State::LoginStarted), ("a", State::Finished)] {
            journal.append(&entry(identity, state)).unwrap();
        }
        drop(journal);
        let mut journal = open(&path);
        assert_eq!(journal.last("a").unwrap().unwrap().state, State::Finished);
        assert_eq!(journal.last("b").unwrap().unwrap().state, State::LoginStarted);
        assert_eq!(journal.last("c").unwrap(), None);
        assert_eq!(journal.recent().count(), 2);
        journal.append(&entry("c", State::LoginStarted)).unwrap();
        assert_eq!(journal.last("a").unwrap().unwrap().request_id, "id-a", "reading does not disturb appending");
    }

    #[test]
    fn a_torn_last_line_says_nothing_and_costs_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("r.jsonl");
        let mut journal = open(&path);
        journal.append(&entry("a", State::LoginStarted)).unwrap();
        journal.append(&entry("a", State::Finished)).unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            File::create(&path).unwrap().write_all(&whole[..length]).unwrap();
            let mut journal = open(&path);
            let state = journal.last("a").unwrap().map(|entry| entry.state);
            assert!(
                matches!(state, None | Some(State::LoginStarted)) || length >= whole.len() - 1,
                "{length}: {state:?}"
            );
            journal.append(&entry("a", State::Finished)).unwrap();
            drop(journal);
            let state = open(&path).last("a").unwrap().map(|entry| entry.state);
            assert_eq!(state, Some(State::Finished), "{length}");
        }
    }

    #[test]
    fn a_second_run_and_another_file_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("r.jsonl");
        let _first = open(&path);
        assert!(matches!(Journal::open(&path, now(), 2), Err(JournalError::Busy(_))));
        let other = home.path().join("precious.txt");
        File::create(&other).unwrap().write_all(b"precious\n").unwrap();
        assert!(matches!(Journal::open(&other, now(), 2), Err(JournalError::NotAJournal(_))));
        assert_eq!(std::fs::read(&other).unwrap(), b"precious\n");
    }

    #[test]
    fn only_what_nobody_heard_of_may_have_been_applied() {
        let early = OffsetDateTime::UNIX_EPOCH - time::Duration::HOUR;
        for (state, since, expected) in [
            (State::LoginStarted, None, Some(OffsetDateTime::UNIX_EPOCH)),
            (State::LoginStarted, Some(early), Some(early)),
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
        let mut journal = open(&path);
        let ago = |minutes| now() - time::Duration::minutes(minutes);
        for (state, minutes) in [
            (State::LoginStarted, 61),
            (State::LoginStarted, 60),
            (State::LoginStarted, 59),
            (State::Finished, 58),
            (State::LoginStarted, 30),
            (State::Exists, 29),
            (State::LoginStarted, 10),
            (State::Failed, 9),
        ] {
            journal.append(&Entry { at: ago(minutes), ..entry("a", state) }).unwrap();
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
        let mut journal = open(&path);
        let long = Entry { result: Some(Value::from("x".repeat(2 << 20))), ..entry("a", State::Exists) };
        journal.append(&long).unwrap();
        journal.append(&entry("b", State::LoginStarted)).unwrap();
        drop(journal);
        let mut journal = open(&path);
        assert_eq!(journal.last("a").unwrap(), Some(long));
        assert_eq!(journal.last("b").unwrap(), Some(entry("b", State::LoginStarted)));
    }
}
