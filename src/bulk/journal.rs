//! The journal of a run: an append-only file from which the run can be resumed.
//!
//! A row's request id is on disk before its request leaves, and the outcome after its response. So no crash can create a
//! row twice: either the id is not on disk and nothing was sent, or the next run repeats the request with the same id. The
//! ids follow from the journal's own id and the row, so a journal that lost its end leads to the same ids.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::io::ErrorKind::PermissionDenied;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::index::{Index, State};
use super::journal_error::JournalError;
use super::run_identity::{Header, RunIdentity};
use crate::platform::files;

/// The maximum length of a line. chatauth writes no longer ones.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// One line of the journal: what is known of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// The number of the line, from 1. It proves that no line is missing, moved or repeated.
    pub(super) line: u64,
    /// The number of the row in the input, from 1. For readers of the file only.
    pub(super) row: u64,
    /// The identity of the row.
    pub(super) identity: String,
    /// The index among equal rows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) copy: u32,
    pub(super) state: State,
    pub(super) request_id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) at: OffsetDateTime,
    /// The hash of the content, if the identity is a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
    /// The time of the first attempt with this request id whose outcome is unknown.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub(super) unknown_since: Option<OffsetDateTime>,
    /// The resource name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// The resource as the server sent it, only in the line that follows its response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Value>,
    /// Whether the resource existed before the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) existed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Value>,
    /// The number of requests so far.
    #[serde(default)]
    pub(super) attempts: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Entry {
    /// Returns the entry of a row that the journal does not have.
    pub(super) const fn new(identity: String, copy: u32, request_id: String) -> Self {
        Self {
            line: 0,
            row: 0,
            identity,
            copy,
            state: State::Started,
            request_id,
            at: OffsetDateTime::UNIX_EPOCH,
            content: None,
            unknown_since: None,
            name: None,
            result: None,
            existed: false,
            error: None,
            attempts: 0,
        }
    }

    /// Returns the time of the first attempt whose outcome is unknown to the next run.
    pub(super) fn unknown_since(&self) -> Option<OffsetDateTime> {
        match self.state {
            // The run ended before the response.
            State::Started => Some(self.unknown_since.unwrap_or(self.at)),
            State::Failed => self.unknown_since,
            State::Refused | State::Exists | State::Finished => None,
        }
    }
}

/// An open, locked journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Arc<File>,
    run: RunIdentity,
    /// The first line; `None` while the file is empty.
    header: Option<Header>,
    index: RefCell<Index>,
    /// The times of the requests that count against the hourly limit, at most as many as that allows.
    recent: VecDeque<OffsetDateTime>,
    /// The number of complete lines, and their length in bytes.
    lines: Cell<u64>,
    length: Cell<u64>,
    /// The number of lines that are synced; `None` after a failure, since the disk may have lost lines before it.
    synced: Mutex<Option<u64>>,
}

impl Journal {
    /// Opens or creates the journal of the run at `path`, and locks it until the process ends. The account may still be
    /// unknown. `hourly` is the hourly limit: at most that many requests of the last hour are remembered.
    ///
    /// # Errors
    /// The file belongs to another run, user or program, is damaged, or cannot be read.
    pub fn open(path: &Path, run: &RunIdentity, now: OffsetDateTime, hourly: usize) -> Result<Self, JournalError> {
        let file = match files::open_private(path) {
            Err(_) if path.is_symlink() => return Err(JournalError::another_file(path, "is a symbolic link")),
            Err(_) if path.is_dir() => return Err(JournalError::another_file(path, "is a directory")),
            opened => opened.map_err(JournalError::io(path, "open"))?,
        };
        if let Some(reason) = check_kind(&file).map_err(JournalError::io(path, "open"))? {
            return Err(JournalError::another_file(path, reason));
        }
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => JournalError::Busy(path.to_path_buf()),
            TryLockError::Error(source) => JournalError::io(path, "open")(source),
        })?;
        let mut journal = Self {
            path: path.to_path_buf(),
            file: Arc::new(file),
            run: run.clone(),
            header: None,
            index: RefCell::new(Index::default()),
            recent: VecDeque::new(),
            lines: Cell::new(0),
            length: Cell::new(0),
            synced: Mutex::new(Some(0)),
        };
        journal.load(now, hourly)?;
        Ok(journal)
    }

    /// Opens the journal for a run that writes nothing; `None` if the file does not exist.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_existing(path: &Path, run: &RunIdentity, now: OffsetDateTime) -> Result<Option<Self>, JournalError> {
        if path.symlink_metadata().is_err() { Ok(None) } else { Self::open(path, run, now, 0).map(Some) }
    }

    fn load(&mut self, now: OffsetDateTime, hourly: usize) -> Result<(), JournalError> {
        let path = self.path.clone();
        let mut reader = BufReader::new(&*self.file);
        let mut line = Vec::new();
        let index = self.index.get_mut();
        loop {
            line.clear();
            let read = io::Read::take(&mut reader, LONGEST_LINE).read_until(b'\n', &mut line);
            read.map_err(JournalError::io(&path, "read"))?;
            if line.is_empty() {
                break;
            }
            let number = self.lines.get() + 1;
            let damaged = |reason: &str| JournalError::damaged(&path, number, reason);
            let beginning = if number == 1 { Header::BEGINNING } else { &format!(r#"{{"line":{number},"#) };
            let common = beginning.len().min(line.len());
            if line[..common] != beginning.as_bytes()[..common] {
                return Err(match number {
                    1 => JournalError::another_file(&path, "is not a journal of chatauth"),
                    _ => damaged("another line was written here"),
                });
            }
            if line.last() != Some(&b'\n') {
                if line.contains(&0) || line.len() as u64 >= LONGEST_LINE {
                    return Err(damaged("it was not written by chatauth"));
                }
                // Torn when an earlier run was killed. Nothing depends on it yet.
                break;
            }
            if number == 1 {
                let header = Header::parse(&line, &path)?;
                self.run.check(&header.run, &path)?;
                self.header = Some(header);
            } else {
                let entry: Entry = serde_json::from_slice(&line).map_err(|error| damaged(&error.to_string()))?;
                let has_resource = entry.result.is_some();
                index.put(&entry.identity, entry.copy, entry.state, has_resource, self.length.get());
                if entry.state == State::Started && now - entry.at < time::Duration::HOUR && hourly > 0 {
                    if self.recent.len() >= hourly {
                        self.recent.pop_front();
                    }
                    self.recent.push_back(entry.at);
                }
            }
            self.lines.set(number);
            self.length.set(self.length.get() + line.len() as u64);
        }
        index.sort();
        Ok(())
    }

    /// Names a new journal for the run of this account, and cuts off a torn last line. Called before the first request.
    ///
    /// # Errors
    /// The journal belongs to another account, or cannot be written.
    pub fn begin(&mut self, account: Value, account_name: Option<String>) -> Result<(), JournalError> {
        (self.run.account, self.run.account_name) = (Some(account), account_name);
        self.header.as_ref().map_or(Ok(()), |header| self.run.check(&header.run, &self.path))?;
        self.file.set_len(self.length.get()).map_err(JournalError::io(&self.path, "write"))?;
        if self.header.is_none() {
            let header = Header::new(self.run.clone());
            self.write_line(&header).map_err(JournalError::io(&self.path, "write"))?;
            self.header = Some(header);
        }
        files::sync(&self.file, File::sync_all)
            .and_then(|()| self.sync_name())
            .map_err(JournalError::io(&self.path, "write"))
    }

    /// Syncs the directory, so that a new journal survives a power failure. A directory that cannot be read is ignored:
    /// other programs' files are no safer there.
    fn sync_name(&self) -> io::Result<()> {
        match files::sync_directory(files::directory_of(&self.path)) {
            Err(error) if error.kind() == PermissionDenied => Ok(()),
            result => result,
        }
    }

    /// Reserves memory for this many rows: a table that grows exists twice for a moment.
    pub fn expect_rows(&mut self, rows: usize) {
        self.index.get_mut().expect_rows(rows);
    }

    /// Claims what the journal has of the next row with this identity, the finished ones first. Returns the row's index
    /// among equal rows, and its last entry.
    pub(super) fn claim(&self, identity: &str) -> Result<(u32, Option<Entry>), JournalError> {
        let (copy, found) = self.index.borrow_mut().claim(identity);
        Ok((copy, found.map(|(state, offset)| self.entry(state, offset)).transpose()?))
    }

    fn entry(&self, state: State, offset: u64) -> Result<Entry, JournalError> {
        let read = || {
            (&*self.file).seek(SeekFrom::Start(offset))?;
            let mut line = Vec::new();
            io::Read::take(BufReader::with_capacity(4096, &*self.file), LONGEST_LINE).read_until(b'\n', &mut line)?;
            Ok(Entry { state, ..serde_json::from_slice(&line)? })
        };
        read().map_err(JournalError::io(&self.path, "read"))
    }

    /// Counts a row of the input, which will claim an entry.
    pub(super) fn count(&self, identity: &str) {
        self.index.borrow_mut().count(identity);
    }

    /// Returns the names, or else the request ids, of unfinished resources of earlier runs that no row has claimed, nor will
    /// of those that were counted.
    pub fn unclaimed(&self) -> Vec<String> {
        let index = self.index.borrow();
        let unfinished = index.unclaimed().filter(|(state, _)| *state != State::Finished);
        // An entry that cannot be read stops the row that claims it.
        let mut entries: Vec<Entry> = unfinished.flat_map(|(state, offset)| self.entry(state, offset)).collect();
        entries.retain(|entry| !entry.existed && (entry.name.is_some() || entry.unknown_since().is_some()));
        entries.sort_unstable_by_key(|entry| entry.row);
        let named = |entry: Entry| entry.name.unwrap_or_else(|| format!("request id {}", entry.request_id));
        entries.into_iter().map(named).collect()
    }

    /// Returns the request id of a row whose author gave none.
    pub(super) fn fresh_id(&self, identity: &str, copy: u32) -> String {
        let id = self.header.as_ref().map(|header| header.id).unwrap_or_default();
        Uuid::new_v5(&id, format!("{identity}/{copy}").as_bytes()).to_string()
    }

    /// Returns the times of the last hour's requests.
    pub fn recent(&self) -> impl Iterator<Item = OffsetDateTime> {
        self.recent.iter().copied()
    }

    /// Adds an entry with the next line number. It survives the end of the process, and a power failure once it is synced.
    pub(super) fn append(&self, entry: &mut Entry) -> Result<(), JournalError> {
        entry.line = self.lines.get() + 1;
        self.write_line(entry).map_err(JournalError::io(&self.path, "write"))
    }

    fn write_line(&self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let mut file = &*self.file;
        // Reading has moved the position. One write, so that a crash leaves at most one torn line.
        let written = file.seek(SeekFrom::Start(self.length.get())).and_then(|_| file.write_all(&bytes));
        // More lines may follow, and a torn one before them would make the journal unreadable.
        written.inspect_err(|_| drop(file.set_len(self.length.get())))?;
        self.lines.set(self.lines.get() + 1);
        self.length.set(self.length.get() + bytes.len() as u64);
        Ok(())
    }

    /// Syncs all lines so far to the disk. A disk may take seconds, in which responses must still be read, so a thread
    /// waits for it. One sync serves all rows that wait meanwhile.
    pub(super) async fn sync(&self) -> Result<(), JournalError> {
        let wanted = self.lines.get();
        let mut synced = self.synced.lock().await;
        if synced.is_some_and(|synced| synced >= wanted) {
            return Ok(());
        }
        if synced.take().is_none() {
            return Err(JournalError::io(&self.path, "write")(io::Error::other("an earlier write failed")));
        }
        let (lines, file) = (self.lines.get(), Arc::clone(&self.file));
        let result = tokio::task::spawn_blocking(move || files::sync(&file, File::sync_data)).await;
        result.unwrap_or_else(|error| Err(error.into())).map_err(JournalError::io(&self.path, "write"))?;
        *synced = Some(lines);
        Ok(())
    }
}

/// Returns why a file cannot be a journal.
#[cfg(unix)]
fn check_kind(file: &File) -> io::Result<Option<&'static str>> {
    use rustix::fs::{FileType, Stat, fstat};
    let stat = fstat(file)?;
    let same = |stream: rustix::io::Result<Stat>| {
        stream.is_ok_and(|stream| (stream.st_dev, stream.st_ino) == (stat.st_dev, stat.st_ino))
    };
    Ok(if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        Some("is not a regular file")
    } else if stat.st_uid != rustix::process::geteuid().as_raw() {
        Some("belongs to another user")
    } else if same(fstat(io::stdout())) || same(fstat(io::stderr())) {
        Some("is the output of this command")
    } else if same(fstat(io::stdin())) {
        Some("is the input")
    } else {
        None
    })
}

/// Returns why a file cannot be a journal.
#[cfg(not(unix))]
fn check_kind(file: &File) -> io::Result<Option<&'static str>> {
    Ok((!file.metadata()?.is_file()).then_some("is not a regular file"))
}

#[cfg(test)]
mod tests;
