//! The saved logins: one private file for each account.
//!
//! Plain files, as gcloud, the AWS CLI, cargo and kubelogin have them. Nothing outside this file knows about paths.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::macros::format_description;

use super::record::{Record, VERSION};
use crate::platform::files::{self, FileError, Reservation};
use crate::platform::{Clock, Lock, LockError};

/// Larger than any record; what is larger is not one.
const LARGEST_RECORD: u64 = 256 * 1024;

/// How much longer a refreshed record may be.
const ROOM_TO_GROW: usize = 4 * 1024;

/// How long a process waits for another one that is refreshing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why the store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A record is there and cannot be used: unreadable, damaged, newer than this program, or unsafe.
    #[error("cannot use the saved login {path}: {cause}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Cause,
    },
    /// Nothing can be written.
    #[error("cannot save logins: {0}")]
    NotWritable(#[source] Cause),
    /// There is no place for a store: no home directory and no `--config-dir`.
    #[error("there is no directory to save logins in: the home directory is unknown")]
    NoDirectory,
    /// Another process holds the lock for too long.
    #[error("{0}")]
    Busy(#[source] LockError),
}

/// What stands behind an error of the store: an error of the file system, or a sentence.
type Cause = Box<dyn std::error::Error + Send + Sync>;

impl StoreError {
    pub(super) fn not_writable(cause: impl Into<Cause>) -> Self {
        Self::NotWritable(cause.into())
    }

    /// Whether the directory cannot be written by anybody, or not by this user.
    pub(super) fn is_read_only(&self) -> bool {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        let Self::NotWritable(cause) = self else { return false };
        let kind = cause.downcast_ref::<FileError>().and_then(FileError::kind);
        matches!(kind, Some(PermissionDenied | ReadOnlyFilesystem))
    }

    pub(super) fn unreadable(path: &Path, cause: impl Into<Cause>) -> Self {
        Self::Unreadable { path: path.to_path_buf(), cause: cause.into() }
    }
}

/// Called with what the store has to tell: a mode that was too wide.
pub(super) type Notify = std::rc::Rc<dyn Fn(&str)>;

/// The logins in files below a configuration directory.
pub(super) struct CredentialStore {
    directory: Option<PathBuf>,
    clock: Clock,
    notify: Notify,
}

impl fmt::Debug for CredentialStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CredentialStore").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl CredentialStore {
    /// A store below `directory`, which is created when something is saved.
    pub(super) fn new(directory: Option<PathBuf>, clock: Clock, notify: Notify) -> Self {
        Self { directory, clock, notify }
    }

    fn directory(&self) -> Result<&Path, StoreError> {
        self.directory.as_deref().ok_or(StoreError::NoDirectory)
    }

    fn accounts_directory(&self) -> Result<PathBuf, StoreError> {
        Ok(self.directory()?.join("accounts"))
    }

    fn record_path(&self, account: &str) -> Result<PathBuf, StoreError> {
        Ok(self.accounts_directory()?.join(format!("{}.json", file_name(account))))
    }

    /// Checks the directories that exist; `false` when there is no store yet.
    fn open(&self) -> Result<bool, StoreError> {
        for path in [self.directory()?.to_path_buf(), self.accounts_directory()?] {
            match files::check_directory(&path) {
                Ok(narrowed) => self.say_narrowed(&path, narrowed, 0o700),
                Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => return Ok(false),
                Err(error) => return Err(StoreError::unreadable(&path, error)),
            }
        }
        Ok(true)
    }

    fn create(&self) -> Result<(), StoreError> {
        for path in [self.directory()?.to_path_buf(), self.accounts_directory()?] {
            let narrowed = files::private_directory(&path).map_err(StoreError::not_writable)?;
            self.say_narrowed(&path, narrowed, 0o700);
        }
        Ok(())
    }

    fn say_narrowed(&self, path: &Path, narrowed_from: Option<u32>, to: u32) {
        if let Some(mode) = narrowed_from {
            (self.notify)(&format!(
                "{} was readable by other users (mode {mode:03o}); changed it to {to:03o}",
                path.display()
            ));
        }
    }

    /// Returns the accounts with a record, sorted.
    pub(super) fn accounts(&self) -> Result<Vec<String>, StoreError> {
        if !self.open()? {
            return Ok(Vec::new());
        }
        let directory = self.accounts_directory()?;
        let entries = std::fs::read_dir(&directory).map_err(|error| StoreError::unreadable(&directory, error))?;
        let mut accounts: Vec<String> = entries
            .flatten()
            .filter_map(|entry| account_of(entry.file_name().to_str()?.strip_suffix(".json")?))
            .collect();
        accounts.sort();
        Ok(accounts)
    }

    /// Returns the record of `account`; `None` when there is none.
    ///
    /// # Errors
    /// A record that is there and cannot be used.
    pub(super) fn read(&self, account: &str) -> Result<Option<Record>, StoreError> {
        if !self.open()? {
            return Ok(None);
        }
        let path = self.record_path(account)?;
        let Some(file) =
            files::read_private(&path, LARGEST_RECORD).map_err(|error| StoreError::unreadable(&path, error))?
        else {
            return Ok(None);
        };
        self.say_narrowed(&path, file.narrowed_from, 0o600);
        let record = parse(&file.content).map_err(|cause| StoreError::unreadable(&path, cause))?;
        if record.email.eq_ignore_ascii_case(account) {
            Ok(Some(record))
        } else {
            Err(StoreError::unreadable(&path, "it is the record of another account"))
        }
    }

    /// Replaces the record of its account, durably.
    pub(super) fn save(&self, record: &Record) -> Result<(), StoreError> {
        self.create()?;
        let path = self.record_path(&record.email)?;
        let content = render(record).map_err(StoreError::not_writable)?;
        files::replace_private(&path, &content, self.clock.now()).map_err(StoreError::not_writable)
    }

    /// Takes the disk space that a refreshed `record` needs.
    pub(super) fn reserve(&self, record: &Record) -> Result<Reservation, StoreError> {
        self.create()?;
        let size = render(record).map_err(StoreError::not_writable)?.len() + ROOM_TO_GROW;
        Reservation::new(&self.record_path(&record.email)?, size, self.clock.now()).map_err(StoreError::not_writable)
    }

    /// Replaces the record of its account in the space that was reserved for it, durably.
    pub(super) fn save_prepared(&self, record: &Record, room: Option<Reservation>) -> Result<(), StoreError> {
        let Some(room) = room else { return self.save(record) };
        let content = render(record).map_err(StoreError::not_writable)?;
        room.replace(&content).map_err(StoreError::not_writable)
    }

    /// Renames a record that cannot be used; it is never deleted.
    pub(super) fn quarantine(&self, account: &str) -> Result<Option<PathBuf>, StoreError> {
        let path = self.record_path(account)?;
        if std::fs::symlink_metadata(&path).is_err() {
            return Ok(None);
        }
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let time = self.clock.now().format(&format).unwrap_or_default();
        let mut aside = path.with_extension(format!("json.corrupt-{time}"));
        let mut count = 1;
        while std::fs::symlink_metadata(&aside).is_ok() {
            count += 1;
            aside = path.with_extension(format!("json.corrupt-{time}-{count}"));
        }
        std::fs::rename(&path, &aside).map_err(StoreError::not_writable)?;
        Ok(Some(aside))
    }

    /// Deletes the record of `account`.
    pub(super) fn remove(&self, account: &str) -> Result<(), StoreError> {
        match std::fs::remove_file(self.record_path(account)?) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::not_writable(error)),
            _ => Ok(()),
        }
    }

    /// The account last logged in or switched to.
    pub(super) fn current(&self) -> Option<String> {
        let path = self.directory().ok()?.join("current_account");
        let content = files::read_private(&path, 1024).ok()??.content;
        let account = String::from_utf8(content).ok()?.trim().to_owned();
        (!account.is_empty()).then_some(account)
    }

    /// Makes an account the current one, or none.
    pub(super) fn set_current(&self, account: Option<&str>) -> Result<(), StoreError> {
        self.create()?;
        let path = self.directory()?.join("current_account");
        let content = account.map(|account| format!("{account}\n")).unwrap_or_default();
        files::replace_private(&path, content.as_bytes(), self.clock.now()).map_err(StoreError::not_writable)
    }

    /// Checks that a record could be saved.
    pub(super) fn check_writable(&self) -> Result<(), StoreError> {
        self.create()?;
        files::check_writable(&self.accounts_directory()?).map_err(StoreError::not_writable)
    }

    /// Lets one process at a time change the record of `account`; `None` where the store cannot be locked.
    pub(super) async fn lock(&self, account: &str) -> Result<Option<Lock>, StoreError> {
        let path = self.accounts_directory()?.join(format!("{}.lock", file_name(account)));
        match Lock::acquire(&path, PATIENCE).await {
            Ok(lock) => Ok(Some(lock)),
            Err(busy @ LockError::Busy { .. }) => Err(StoreError::Busy(busy)),
            // A read-only store, or a file system without locks: files are still replaced as a whole.
            Err(unavailable @ LockError::Unavailable { .. }) => {
                log::info!("{unavailable}; going on without");
                Ok(None)
            }
        }
    }

    /// Saves the record of a new login, makes its account the current one, and checks that another process would find
    /// it. A record that cannot be read is moved aside first.
    pub(super) async fn save_verified(&self, record: &Record) -> Result<(), StoreError> {
        let _lock = self.lock(&record.email).await?;
        if let Err(StoreError::Unreadable { .. }) = self.read(&record.email) {
            self.quarantine(&record.email)?;
        }
        self.save(record)?;
        if self.read(&record.email)?.as_ref() != Some(record) {
            return Err(StoreError::not_writable("what was stored reads back differently"));
        }
        self.set_current(Some(&record.email))
    }

    /// The file of the record of `account`, for messages.
    pub(super) fn location(&self, account: &str) -> PathBuf {
        self.record_path(account).unwrap_or_default()
    }
}

/// A record as it is written.
pub(super) fn render(record: &Record) -> serde_json::Result<Vec<u8>> {
    let mut content = serde_json::to_vec_pretty(record)?;
    content.push(b'\n');
    Ok(content)
}

/// Reads a record. Damaged is not absent, and a record of a newer version is left to the newer program.
pub(super) fn parse(content: &[u8]) -> Result<Record, String> {
    #[derive(serde::Deserialize)]
    struct Version {
        version: u64,
    }
    let what = || String::from(if content.is_empty() { "it is empty" } else { "it is damaged" });
    let Version { version } = serde_json::from_slice(content).map_err(|_| what())?;
    if version > VERSION {
        return Err(format!("it was written by a newer chatauth (version {version} of the format)"));
    }
    // serde's message could quote what stands there, so only the place is told.
    let record: Record = serde_json::from_slice(content)
        .map_err(|error| format!("it is damaged (line {}, column {})", error.line(), error.column()))?;
    if super::identity::is_address(&record.email) { Ok(record) } else { Err(what()) }
}

/// An account as the name of a file: lower case, and everything that could mean something to a file system escaped.
pub(super) fn file_name(account: &str) -> String {
    let mut name = String::new();
    for byte in account.to_lowercase().bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'@' | b'_' | b'-' | b'+' => name.push(char::from(byte)),
            b'.' if !name.is_empty() => name.push('.'),
            other => {
                // Writing into a string cannot fail.
                let _ = write!(name, "%{other:02x}");
            }
        }
    }
    name
}

/// The reverse of [`file_name`].
pub(super) fn account_of(name: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(after.get(..2)?, 16).ok()?);
        rest = after.get(2..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok().filter(|account| file_name(account) == name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accounts_become_harmless_file_names_and_back() {
        assert_eq!(file_name("Ada.L+x@Example.com"), "ada.l+x@example.com");
        assert_eq!(file_name("../../etc@x"), "%2e.%2f..%2fetc@x");
        assert_eq!(account_of("%2e.%2f..%2fetc@x").as_deref(), Some("../../etc@x"));
        for odd in ["%", "%zz", "a%2", "A@b", "%41@b"] {
            assert_eq!(account_of(odd), None, "{odd}");
        }
    }

    #[test]
    fn property_36_damaged_empty_and_newer_records_are_errors_not_absent() {
        assert!(parse(b"").unwrap_err().contains("empty"));
        assert!(parse(b"{\"version\":").unwrap_err().contains("damaged"));
        assert!(parse(b"{\"version\":1}").unwrap_err().contains("damaged"));
        assert!(parse(b"{\"version\":2,\"whatever\":0}").unwrap_err().contains("newer"));
        assert!(parse(b"[]").unwrap_err().contains("damaged"));
    }

    proptest! {
        #[test]
        fn odd_store_files_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse(&bytes).is_err());
        }

        #[test]
        fn every_account_has_a_name_of_its_own(account in "\\PC{1,40}@\\PC{1,20}") {
            let name = file_name(&account);
            prop_assert!(!name.contains('/') && !name.starts_with('.'));
            prop_assert_eq!(account_of(&name), Some(account.to_lowercase()));
        }
    }
}
