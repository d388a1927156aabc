//! The journal of a run: an append-only file from which the run can be resumed after anything.
//!
//! A row's request id is on disk before its request leaves, and the outcome after. So there is no moment at which a crash
//! could create a row twice: either the id is not on disk, and nothing has left, or it is, and the next run repeats the
//! request under the same id. The ids follow from the journal's own id and the row, so that even a journal whose end is
//! lost leads to the same ones.

use std::cell::{Cell, RefCell};
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
use uuid::Uuid;

use super::index::{Index, State};
use super::journal_error::{JournalError, JournalError::Damaged};
use super::run_name::RunName;
use crate::platform::files;

/// The version of the format.
const VERSION: u32 = 2;

/// How every journal begins, those of other versions too.
const BEGINNING: &[u8] = br#"{"chatauth":""#;

/// The longest line that is read; longer ones were not written by this program.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

/// One line of the journal: what happened to a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// Its own number in the journal, from 1: no line can be missing, moved or there twice.
    pub(super) line: u64,
    /// The number of the row in the input, from 1; for readers.
    pub(super) row: u64,
    /// What the row is known by.
    pub(super) identity: String,
    /// Which of the equal rows it is, from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) copy: u32,
    pub(super) state: State,
    pub(super) request_id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) at: OffsetDateTime,
    /// What the row says, where its identity does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
    /// Since when an attempt under this request id may have been applied, as far as anybody knows.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub(super) unknown_since: Option<OffsetDateTime>,
    /// The name of the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// The resource as the server sent it, in the first line that says it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Value>,
    /// Whether it was there before the row.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) existed: bool,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Value>,
    /// How many requests it has cost.
    #[serde(default)]
    pub(super) attempts: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Entry {
    /// Since when an attempt of this row may have been applied without anybody knowing; `None` when none may.
    pub(super) fn unknown_since(&self) -> Option<OffsetDateTime> {
        match self.state {
            // It left, and nobody was there to hear the answer.
            State::Started => Some(self.unknown_since.unwrap_or(self.at)),
            State::Failed => self.unknown_since,
            State::Refused | State::Exists | State::Finished => None,
        }
    }
}

/// What is read of every line at the start of a run.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "line")]
    number: u64,
    #[serde(borrow)]
    identity: std::borrow::Cow<'a, str>,
    #[serde(default)]
    copy: u32,
    state: State,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    chatauth: String,
    version: u32,
    id: Uuid,
    #[serde(flatten)]
    run: RunName,
}

/// An open, locked journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// `None` while nothing is in it.
    id: Cell<Option<Uuid>>,
    run: RunName,
    index: RefCell<Index>,
    /// When requests left, as far as they count against the hour: no more of them than may leave within one.
    recent: VecDeque<OffsetDateTime>,
    /// How many lines and bytes of it are whole.
    lines: Cell<u64>,
    length: Cell<u64>,
    /// To the thread that syncs, once there is one.
    syncs: RefCell<Option<mpsc::Sender<oneshot::Sender<io::Result<()>>>>>,
}

impl Journal {
    /// Opens the journal of the run at `path`, or creates one, and locks it until the process ends. The account need not
    /// be known yet. `hourly` is how many requests may leave within an hour: that many of the last hour's are remembered.
    ///
    /// # Errors
    /// Another run's journal, one that cannot be trusted or read, and a file that is used for something else.
    pub fn open(path: &Path, run: &RunName, now: OffsetDateTime, hourly: usize) -> Result<Self, JournalError> {
        let failed = |action| move |source| JournalError::Io { path: path.to_path_buf(), action, source };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        }
        let file = match options.open(path) {
            Err(_) if path.is_symlink() => return Err(JournalError::refused(path, "is a symbolic link")),
            opened => opened.map_err(failed("opened"))?,
        };
        check_kind(path, &file)
            .map_err(failed("opened"))?
            .map_or(Ok(()), |reason| Err(JournalError::refused(path, reason)))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy(path.to_path_buf())),
            Err(TryLockError::Error(source)) => return Err(failed("opened")(source)),
        }
        let mut journal = Self {
            path: path.to_path_buf(),
            file,
            id: Cell::new(None),
            run: run.clone(),
            index: RefCell::new(Index::default()),
            recent: VecDeque::new(),
            lines: Cell::new(0),
            length: Cell::new(0),
            syncs: RefCell::new(None),
        };
        journal.load(now, hourly)?;
        Ok(journal)
    }

    /// The same for a look that changes nothing; `None` where there is none.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn look(path: &Path, run: &RunName, now: OffsetDateTime) -> Result<Option<Self>, JournalError> {
        if path.symlink_metadata().is_err() { Ok(None) } else { Self::open(path, run, now, 0).map(Some) }
    }

    fn load(&mut self, now: OffsetDateTime, hourly: usize) -> Result<(), JournalError> {
        let path = self.path.clone();
        let read = |source| JournalError::Io { path: path.clone(), action: "read", source };
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        let index = self.index.get_mut();
        loop {
            line.clear();
            io::Read::take(&mut reader, LONGEST_LINE).read_until(b'\n', &mut line).map_err(read)?;
            if line.is_empty() {
                break;
            }
            let number = self.lines.get() + 1;
            let damaged = |reason: &str| Damaged { path: path.clone(), line: number, reason: reason.to_owned() };
            let beginning: Vec<u8> =
                if number == 1 { BEGINNING.to_vec() } else { format!(r#"{{"line":{number},"#).into() };
            let common = beginning.len().min(line.len());
            if line[..common] != beginning[..common] {
                return Err(if number == 1 {
                    JournalError::refused(&path, "is not a journal of chatauth")
                } else {
                    damaged("is not what stood there")
                });
            }
            if line.last() != Some(&b'\n') {
                if line.contains(&0) || line.len() as u64 >= LONGEST_LINE {
                    return Err(damaged("was not written by chatauth"));
                }
                // Torn by the end of the run that wrote it: nothing depends on it yet.
                break;
            }
            if number == 1 {
                let id = self.run.check(&path, &line)?;
                self.id.set(Some(id));
            } else {
                let entry: Line<'_> = serde_json::from_slice(&line).map_err(|error| damaged(&error.to_string()))?;
                debug_assert_eq!(entry.number, number, "the line begins with it");
                index.put(&entry.identity, entry.copy, entry.state, self.length.get());
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

    /// The account is known, and the first row is about to leave: a new journal is named for the run, and a torn last line
    /// is cut off.
    ///
    /// # Errors
    /// A journal of another account's, and one that cannot be written.
    pub fn begin(&mut self, account: Value, account_name: Option<String>) -> Result<(), JournalError> {
        self.file.set_len(self.length.get()).map_err(|source| self.failed("written", source))?;
        if self.id.get().is_some() {
            self.run.check_account(&self.path, &account)?;
            return self.file.sync_all().map_err(|source| self.failed("written", source));
        }
        self.run.account = Some(account);
        self.run.account_name = account_name;
        let id = Uuid::new_v4();
        let header = Header { chatauth: String::from("journal"), version: VERSION, id, run: self.run.clone() };
        self.write_line(&serde_json::to_string(&header).map_err(|error| self.failed("written", error.into()))?)?;
        self.id.set(Some(id));
        self.file.sync_all().and_then(|()| self.sync_name()).map_err(|source| self.failed("written", source))
    }

    /// Makes the name of a new journal as durable as what is in it. A directory that may not be read, or whose file
    /// system cannot do this, is left alone: the run is no worse off than with any other program's file.
    fn sync_name(&self) -> io::Result<()> {
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        match files::sync_directory(directory.unwrap_or(Path::new("."))) {
            Err(error) if matches!(error.kind(), PermissionDenied | InvalidInput | Unsupported) => Ok(()),
            result => result,
        }
    }

    /// Makes room in memory for this many rows at once, since a table that grows step by step is there twice meanwhile.
    pub fn expect_rows(&mut self, rows: usize) {
        self.index.get_mut().expect_rows(rows);
    }

    /// Where the journal is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the next of the rows with this identity what the journal has of it, the finished ones first: which of the
    /// equal rows it is, and the last word about it.
    pub(super) fn claim(&self, identity: &str) -> Result<(u32, Option<Entry>), JournalError> {
        let (copy, offset) = self.index.borrow_mut().claim(identity);
        let Some((state, offset)) = offset else { return Ok((copy, None)) };
        // Appending ignores the position, so it may be moved for reading.
        (&self.file).seek(SeekFrom::Start(offset)).map_err(|source| self.failed("read", source))?;
        let mut line = Vec::new();
        io::Read::take(BufReader::with_capacity(4096, &self.file), LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|source| self.failed("read", source))?;
        let entry: Entry = serde_json::from_slice(&line).map_err(|error| self.failed("read", error.into()))?;
        Ok((copy, Some(Entry { state, ..entry })))
    }

    /// The request id of a row that has none from its author.
    pub(super) fn fresh_id(&self, identity: &str, copy: u32) -> String {
        let id = self.id.get().unwrap_or_default();
        Uuid::new_v5(&id, format!("{identity}/{copy}").as_bytes()).to_string()
    }

    /// When requests of the last hour left.
    pub fn recent(&self) -> impl Iterator<Item = OffsetDateTime> {
        self.recent.iter().copied()
    }

    /// Adds an entry, under the next line number. It survives the end of the program, and that of the power once it is
    /// synced.
    pub(super) fn append(&self, mut entry: Entry) -> Result<(), JournalError> {
        entry.line = self.lines.get() + 1;
        let line = serde_json::to_string(&entry).map_err(|error| self.failed("written", error.into()))?;
        self.write_line(&line)
    }

    fn write_line(&self, line: &str) -> Result<(), JournalError> {
        // One write, so that a crash leaves at most one torn line.
        let bytes = format!("{line}\n");
        if let Err(source) = (&self.file).write_all(bytes.as_bytes()) {
            // Half a line in the middle would make the whole journal useless.
            let _ = self.file.set_len(self.length.get());
            return Err(self.failed("written", source));
        }
        self.lines.set(self.lines.get() + 1);
        self.length.set(self.length.get() + bytes.len() as u64);
        Ok(())
    }

    /// Brings what was added so far to the disk. A disk takes milliseconds for that, or, when it is busy, seconds in
    /// which answers must be attended to; and it takes no longer for many rows than for one. So a thread does it, for all
    /// that have asked since it began last.
    pub(super) async fn sync(&self) -> Result<(), JournalError> {
        let (tell, done) = oneshot::channel();
        if self.syncs.borrow().is_none() {
            let file = self.file.try_clone().map_err(|source| self.failed("written", source))?;
            *self.syncs.borrow_mut() = Some(sync_on_a_thread(file));
        }
        if let Some(syncs) = &*self.syncs.borrow() {
            // A thread that is gone is seen below.
            let _ = syncs.send(tell);
        }
        let result = done.await.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
        result.map_err(|source| self.failed("written", source))
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
                let _ =
                    tell.send(result.as_ref().copied().map_err(|error| {
                        error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error)
                    }));
            }
        }
    });
    syncs
}

/// Why a file cannot be a journal; `None` where it can.
#[cfg(unix)]
fn check_kind(_path: &Path, file: &File) -> io::Result<Option<&'static str>> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata()?;
    let same = |stream: io::Result<rustix::fs::Stat>| {
        stream.is_ok_and(|stream| (stream.st_dev, stream.st_ino) == (metadata.dev(), metadata.ino()))
    };
    // A pipe would be read for ever, and remembers nothing.
    Ok(if !metadata.is_file() {
        Some("is not a regular file")
    } else if metadata.uid() != rustix::process::geteuid().as_raw() {
        Some("belongs to another user")
    } else if same(rustix::fs::fstat(io::stdout()).map_err(Into::into))
        || same(rustix::fs::fstat(io::stderr()).map_err(Into::into))
    {
        Some("is where this command's output goes")
    } else if same(rustix::fs::fstat(io::stdin()).map_err(Into::into)) {
        Some("is the input")
    } else {
        None
    })
}

/// Why a file cannot be a journal; `None` where it can.
#[cfg(not(unix))]
fn check_kind(_path: &Path, file: &File) -> io::Result<Option<&'static str>> {
    Ok((!file.metadata()?.is_file()).then_some("is not a regular file"))
}

#[cfg(test)]
mod tests;
