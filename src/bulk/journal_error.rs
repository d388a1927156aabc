//! Why a journal cannot be used, and what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another run has locked it.
    #[error("another run is using the journal {path}", path = .0.display())]
    Busy(PathBuf),
    /// The file is not a journal, or not a trustworthy one, or another version of the program wrote it.
    #[error("{path} {reason}; it was not changed", path = .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// It belongs to another run.
    #[error("the journal {path} belongs to another run: {what} was {theirs} and is {ours} now", path = .path.display())]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// Its value in the journal.
        theirs: String,
        /// Its value in this run.
        ours: String,
        /// What to do.
        hint: &'static str,
    },
    /// A line is not the one that was written.
    #[error("line {line} of the journal {path} is damaged: {reason}", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The reason.
        reason: String,
    },
    /// It cannot be read or written.
    #[error("cannot {action} the journal {path}: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// "open", "read" or "write".
        action: &'static str,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl JournalError {
    /// The hint for a file that has nothing to do with this run.
    pub(super) const ANOTHER_FILE: &str = "pass another file with --journal";

    pub(super) fn refused(path: &Path, reason: &'static str) -> Self {
        Self::Refused { path: path.to_path_buf(), reason, hint: Self::ANOTHER_FILE }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy(_) => "wait for the other run to end; a new journal would run every row again",
            Self::Refused { hint, .. } | Self::OtherRun { hint, .. } => hint,
            Self::Damaged { .. } => "restore the file from a backup; a new journal would run every row again",
            Self::Io { path, action: "open", .. } if !path.exists() => Self::ANOTHER_FILE,
            Self::Io { .. } => {
                "free some space or fix the permissions, then run the same command with the \
                 same journal; a new one would run every row again"
            }
        }
    }
}
