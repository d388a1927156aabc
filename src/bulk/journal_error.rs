//! Why a journal cannot be used, and what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another run has locked it.
    #[error("another run is using the journal {path}", path = .0.display())]
    Busy(PathBuf),
    /// It cannot be resumed: another run or another program wrote it, or it is damaged.
    #[error("{message}")]
    Refused {
        /// The path and the reason.
        message: String,
        /// What to do.
        hint: &'static str,
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

    /// Creates the error for a file that has nothing to do with this run.
    pub(super) fn another_file(path: &Path, reason: &str) -> Self {
        Self::refused(path, reason, Self::ANOTHER_FILE)
    }

    /// Creates the error for a file that this run leaves as it is. `reason` is a predicate.
    pub(super) fn refused(path: &Path, reason: &str, hint: &'static str) -> Self {
        Self::Refused { message: format!("{} {reason}; it was not changed", path.display()), hint }
    }

    /// Creates the error for a line, counted from 1, that is not the one that was written.
    pub(super) fn damaged(path: &Path, line: u64, reason: &str) -> Self {
        let message = format!("line {line} of the journal {} is damaged: {reason}", path.display());
        Self::Refused { message, hint: "restore the file from a backup; a new journal would run every row again" }
    }

    /// Converts an error of the operating system.
    pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, action, source }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy(_) => "wait for the other run to end; a new journal would run every row again",
            Self::Refused { hint, .. } => hint,
            Self::Io { path, action: "open", .. } if !path.exists() => Self::ANOTHER_FILE,
            Self::Io { .. } => {
                "free some space or fix the permissions, then run the same command with the \
                 same journal; a new one would run every row again"
            }
        }
    }
}
