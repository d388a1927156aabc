//! Contents that a person hands over: a file, or standard input.

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;

/// Where the contents are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `-`.
    StandardInput,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// `-` is standard input, everything else a file.
    pub fn new(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::StandardInput } else { Self::File(path) }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// More than `limit` bytes, and whatever the operating system says.
    pub fn read(&self, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self {
            Self::StandardInput => io::stdin().lock().take(limit + 1).read_to_end(&mut bytes)?,
            Self::File(path) => std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?,
        };
        if bytes.len() as u64 > limit {
            return Err(io::Error::other(format!("it is larger than {limit} bytes")));
        }
        Ok(bytes)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandardInput => formatter.write_str("standard input"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}
