//! Why a result could not be printed.

use std::io;

use crate::platform::signals::Interruption;

/// Why a result could not be printed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The reader of standard output closed it.
    #[error("the reader of standard output has closed it")]
    ReaderGone,
    /// A signal ended the program before the whole result was printed.
    #[error("{0}")]
    Interrupted(Interruption),
    /// Standard output refused the result, for example because the disk is full.
    #[error("cannot print the result")]
    Write(#[source] io::Error),
    /// The format has no form for a single document.
    #[error("this format is for lists only")]
    ListsOnly,
    /// The expression of `--jq` failed on the result.
    #[error("cannot apply --jq: {0}")]
    Filter(String),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Interruption>()) {
            Some(interruption) => Self::Interrupted(*interruption),
            None if error.kind() == io::ErrorKind::BrokenPipe => Self::ReaderGone,
            None => Self::Write(error),
        }
    }
}
