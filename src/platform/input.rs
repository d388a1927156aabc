//! Contents that a user supplies: a file, or standard input.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use super::encoding::decode;
use super::signals::{self, Interruption};

/// Where the contents are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `-`.
    StandardInput,
    /// A file.
    File(PathBuf),
}

/// Why contents could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The operating system refused.
    #[error("cannot read {from}: {cause}")]
    Unreadable {
        /// What was read.
        from: Source,
        /// The operating system's error.
        #[source]
        cause: io::Error,
    },
    /// A signal arrived first.
    #[error("{0}")]
    Interrupted(Interruption),
    /// The contents are larger than any that can be meant.
    #[error("cannot read {from}: it is larger than {limit} bytes")]
    TooLarge {
        /// What was read.
        from: Source,
        /// The limit in bytes.
        limit: u64,
    },
    /// The contents themselves were given instead of their path.
    #[error("expected the path of a file, not {0}")]
    NoPath(&'static str),
    /// The contents are neither UTF-8 nor UTF-16.
    #[error("cannot read {from}: it is neither UTF-8 nor UTF-16")]
    NotText {
        /// What was read.
        from: Source,
    },
}

impl Source {
    /// Returns standard input for `-`, else the file.
    pub fn new(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::StandardInput } else { Self::File(path) }
    }

    /// Reads all bytes. A signal interrupts waiting for a pipe.
    ///
    /// # Errors
    /// The contents cannot be read, have more than `limit` bytes, or a signal arrived first.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, InputError> {
        if let Self::File(path) = self
            && let Some(contents) = describe_contents(path.as_os_str())
        {
            return Err(InputError::NoPath(contents));
        }
        let bytes = match self {
            Self::StandardInput => signals::interruptible(move || read_all(io::stdin().lock(), 0, limit)),
            // Opening and reading a regular file never blocks for long.
            Self::File(path) if path.is_file() => File::open(path).and_then(|file| {
                let size = file.metadata()?.len();
                read_all(file, size, limit)
            }),
            Self::File(path) => {
                let path = path.clone();
                signals::interruptible(move || read_all(File::open(path)?, 0, limit))
            }
        }
        .map_err(|cause| match cause.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(interruption) => InputError::Interrupted(*interruption),
            None => InputError::Unreadable { from: self.clone(), cause },
        })?;
        if bytes.len() as u64 > limit {
            return Err(InputError::TooLarge { from: self.clone(), limit });
        }
        Ok(bytes)
    }

    /// Reads all of a text, as [`decode`] understands it.
    ///
    /// # Errors
    /// As of [`Source::read`], and for contents that are no text.
    pub fn read_text(&self, limit: u64) -> Result<String, InputError> {
        decode(&self.read(limit)?).ok_or_else(|| InputError::NotText { from: self.clone() })
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

/// Describes a value that is the contents of a file instead of its path, a common mistake with CI secrets; `None` for a
/// path. Such a value may be a secret and is never shown.
pub fn describe_contents(value: &OsStr) -> Option<&'static str> {
    let text = value.to_string_lossy();
    // An env file keeps quotes, an editor's byte order mark may come first, and a list of objects is no path either.
    let text = text.trim_matches(|letter: char| letter.is_whitespace() || "\u{feff}'\"[]\\".contains(letter));
    let is_base64 = || text.len() > 60 && text.chars().all(|c| c.is_ascii_alphanumeric() || "+/=-_\r\n".contains(c));
    let begins = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    // A shell may have taken the quotes away.
    if text.strip_prefix('{').is_some_and(|rest| rest == "}" || rest.contains(':') || rest.contains("%3A")) {
        Some("JSON")
    } else if text.contains("-----BEGIN ") {
        Some("a key or certificate")
    } else if begins(&["eyJ", "eyA", "ewo", "ew0K", "ICB7", "LS0tLS1CRUdJTi"]) && is_base64() {
        Some("base64")
    } else if text.contains("GOCSPX-") || begins(&["ya29.", "1//0"]) {
        Some("a secret")
    } else {
        None
    }
}

/// Reads at most one byte more than `limit`, which shows that there is more. `size` is how much is expected.
fn read_all(source: impl Read, size: u64, limit: u64) -> io::Result<Vec<u8>> {
    // One byte more, so that the end is found without growing.
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(limit) + 1).unwrap_or_default());
    source.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_told_from_paths() {
        let base64 = "eyJ0eXBlIjoi".repeat(6);
        for (value, expected) in [
            (r#"{"type":"service_account"}"#, Some("JSON")),
            (" {\n  \"installed\": {}}", Some("JSON")),
            (r#"[{"name":"a"}]"#, Some("JSON")),
            (r#"'{"type":"service_account"}'"#, Some("JSON")),
            ("\u{feff}{\"installed\":{}}", Some("JSON")),
            ("{installed:{client_id:7}}", Some("JSON")),
            (r#""{\"installed\":{}}""#, Some("JSON")),
            (r#"{\"installed\":{}}"#, Some("JSON")),
            ("\t[\t{'installed':{}}]", Some("JSON")),
            ("{%22installed%22%3A7}", Some("JSON")),
            (&format!("'{base64}'"), Some("base64")),
            ("client_secret=GOCSPX-abc", Some("a secret")),
            ("client_secret_1-x.apps.googleusercontent.com.json", None),
            ("-----BEGIN PRIVATE KEY-----", Some("a key or certificate")),
            (&base64, Some("base64")),
            ("GOCSPX-abc", Some("a secret")),
            ("key.json", None),
            ("/dev/fd/63", None),
            ("{a}.csv", None),
            ("eyJ.json", None),
            ("", None),
        ] {
            assert_eq!(describe_contents(value.as_ref()), expected, "{value}");
        }
        assert!(matches!(Source::File("{}".into()).read(9), Err(InputError::NoPath("JSON"))));
    }

    #[test]
    fn contents_have_a_limit_and_errors_name_the_source() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.json");
        File::create(&path).unwrap();
        assert_eq!(Source::new(path.clone()).read(0).unwrap(), b"");
        std::fs::copy(file!(), &path).unwrap();
        let error = Source::new(path.clone()).read(10).unwrap_err().to_string();
        assert_eq!(error, format!("cannot read {}: it is larger than 10 bytes", path.display()));
        let error = Source::new(home.path().join("none")).read_text(10).unwrap_err();
        assert!(matches!(&error, InputError::Unreadable { .. }) && error.to_string().contains("none"), "{error}");
    }
}
