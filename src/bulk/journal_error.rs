//! Why there is no journal, and what to do.

use std::io;
use std::path::{Path, PathBuf};

/// What to do about a journal of another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// The rows have nothing to do with it.
    AnotherFile,
    /// With another file everything would be done again.
    ThatLogin,
    /// With another file everything would be done again.
    TheseOptions,
}

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another run holds it.
    #[error("another run is using the journal {path}", path = .0.display())]
    Busy(PathBuf),
    /// The file cannot be trusted, or is none of this program's.
    #[error("{path} {reason}; it is left as it is", path = .path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It belongs to another run.
    #[error("the journal {path} belongs to another run: {what} was {theirs}, and is {ours} now", path = .path.display())]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// What the journal says.
        theirs: String,
        /// What this run says.
        ours: String,
        /// What to do.
        advice: Advice,
    },
    /// A line of it is not what was written there.
    #[error("line {line} of the journal {path} is damaged: {reason}", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
    /// It cannot be read or written.
    #[error("the journal {path} cannot be {action}: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// "opened", "read" or "written".
        action: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
}

impl JournalError {
    pub(super) fn refused(path: &Path, reason: &str) -> Self {
        Self::Refused { path: path.to_path_buf(), reason: reason.to_owned() }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy(_) => "wait until the other run has ended, or name another file with --journal",
            Self::Refused { .. } | Self::OtherRun { advice: Advice::AnotherFile, .. } => {
                "name another file with --journal"
            }
            Self::OtherRun { advice: Advice::ThatLogin, .. } => {
                "use that login again; with another journal every row would be done again"
            }
            Self::OtherRun { advice: Advice::TheseOptions, .. } => {
                "restore these options; with another journal every row would be done again"
            }
            Self::Damaged { .. } => "restore the file from a copy; with another journal every row would be done again",
            Self::Io { path, action: "opened", .. } if !path.exists() => "name another file with --journal",
            Self::Io { .. } => {
                "no further request was sent; make room, or let the file be read and written, and run the same command \
                 with the same journal: it knows what is done, and with another one that would be done again"
            }
        }
    }
}
