//! The saved logins: one private file for each person and OAuth client.
//!
//! Plain files, as with gcloud, the AWS CLI, cargo and kubelogin.

use std::path::{Path, PathBuf};

use time::macros::format_description;

use super::client_secrets::ClientSecrets;
use super::login_name::{LoginName, is_same_account};
use super::record::{Record, VERSION};
use crate::http::Endpoint;
use crate::platform::files::{self, FileError, Reservation};
use crate::platform::{Clock, Lock, LockBusy, command_line};

/// Larger than any record.
const LARGEST_RECORD: u64 = 256 * 1024;

/// How much longer a refreshed record may be.
const ROOM_TO_GROW: usize = 4 * 1024;

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
    #[error("cannot save logins: the home directory is unknown")]
    NoDirectory,
    /// The place of the store is a file.
    #[error("cannot use {path} for logins: it is not a directory", path = .0.display())]
    NotADirectory(PathBuf),
    /// Another process holds the lock for too long.
    #[error("{0}")]
    Busy(#[source] LockBusy),
}

/// The cause of a store error: an error of the file system, or a sentence.
type Cause = Box<dyn std::error::Error + Send + Sync>;

impl StoreError {
    /// Returns what to do about a full disk, or a directory with the wrong owner or modes.
    pub fn hint(&self) -> Option<String> {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        let (Self::Unreadable { cause, .. } | Self::NotWritable(cause)) = self else { return None };
        match cause.downcast_ref()? {
            FileError::ForeignOwner { owner, me: 0, .. } => Some(format!(
                "run chatauth as user id {owner} (in a container, with --user {owner}), or pass another directory with \
                 --config-dir DIR"
            )),
            FileError::ForeignOwner { path, me, .. } => {
                Some(format!("if it is meant to be yours, take it over: {}", chown_command(*me, None, path)))
            }
            FileError::Modeless { .. } | FileError::WritableByOthers { .. } => Some(String::from(
                "pass a directory that only you can use, on a file system with permissions, with --config-dir DIR",
            )),
            error if matches!(error.kind(), Some(StorageFull | QuotaExceeded)) => {
                Some(String::from("free some space, then run the command again"))
            }
            _ => None,
        }
    }

    pub(super) fn not_writable(cause: impl Into<Cause>) -> Self {
        Self::NotWritable(cause.into())
    }

    /// Whether this user cannot write to the directory.
    pub(super) fn is_read_only(&self) -> bool {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        let Self::NotWritable(cause) = self else { return false };
        let kind = cause.downcast_ref::<FileError>().and_then(FileError::kind);
        matches!(kind, Some(PermissionDenied | ReadOnlyFilesystem))
    }

    /// Returns the error of a directory that cannot be used: that it is none, else what `other` makes of it.
    fn of_directory(path: &Path, error: FileError, other: impl FnOnce(FileError) -> Self) -> Self {
        let is_file = error.kind() == Some(std::io::ErrorKind::NotADirectory);
        if is_file || matches!(error, FileError::WrongKind { .. }) {
            Self::NotADirectory(path.to_path_buf())
        } else {
            other(error)
        }
    }

    pub(super) fn unreadable(path: &Path, cause: impl Into<Cause>) -> Self {
        Self::Unreadable { path: path.to_path_buf(), cause: cause.into() }
    }
}

/// Called with warnings.
pub(super) type Notify = std::rc::Rc<dyn Fn(&str)>;

/// The logins in files below a configuration directory.
pub(super) struct CredentialStore {
    directory: Option<PathBuf>,
    clock: Clock,
    notify: Notify,
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

    fn record_path(&self, name: &LoginName) -> Result<PathBuf, StoreError> {
        Ok(self.accounts_directory()?.join(format!("{}.json", name.file_stem())))
    }

    /// Checks the directories that exist; `false` when there is no store yet. With `narrow`, those of a store that others
    /// can read are narrowed.
    fn open(&self, narrow: bool) -> Result<bool, StoreError> {
        let directory = self.directory()?;
        let narrow = || narrow && directory.join("accounts").is_dir() && is_store(directory);
        for path in [directory.to_path_buf(), self.accounts_directory()?] {
            match files::check_directory(&path, &narrow) {
                Ok(narrowed) => self.warn_narrowed(&path, narrowed, 0o700),
                Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => return Ok(false),
                Err(error) => {
                    return Err(StoreError::of_directory(&path, error, |error| StoreError::unreadable(&path, error)));
                }
            }
        }
        Ok(true)
    }

    /// Creates the directories that are missing, and checks them.
    pub(super) fn create(&self) -> Result<(), StoreError> {
        let directory = self.directory()?;
        let (is_new, other) = (!directory.exists(), files::other_home(directory));
        for path in [directory.to_path_buf(), self.accounts_directory()?] {
            let narrowed = files::private_directory(&path, &|| is_store(directory))
                .map_err(|error| StoreError::of_directory(&path, error, StoreError::not_writable))?;
            self.warn_narrowed(&path, narrowed, 0o700);
        }
        if let Some((user, group)) = other.filter(|_| is_new) {
            (self.notify)(&format!(
                "{} belongs to root, inside a directory of user id {user}, who cannot use it. To give it to them: {} (in a \
                 container, run it with --user {user}:{group})",
                directory.display(),
                chown_command(user, Some(group), directory)
            ));
        }
        Ok(())
    }

    fn warn_narrowed(&self, path: &Path, narrowed_from: Option<u32>, to: u32) {
        if let Some(mode) = narrowed_from {
            (self.notify)(&format!(
                "{} was readable by other users (mode {mode:03o}); changed it to {to:03o}",
                path.display()
            ));
        }
    }

    /// Returns the names of the records, sorted.
    pub(super) fn names(&self) -> Result<Vec<LoginName>, StoreError> {
        if !self.open(false)? {
            return Ok(Vec::new());
        }
        let directory = self.accounts_directory()?;
        let entries = std::fs::read_dir(&directory).map_err(|error| StoreError::unreadable(&directory, error))?;
        let mut names: Vec<LoginName> = entries
            .flatten()
            .filter_map(|entry| LoginName::from_file_stem(entry.file_name().to_str()?.strip_suffix(".json")?))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Returns the name of the login of `account` with `client`. Where there is none, that of a login of the account with
    /// another client, the current one first, or the name that its first login would get.
    pub(super) fn find(&self, account: &str, client: Option<&ClientSecrets>) -> Result<LoginName, StoreError> {
        let mut names = self.names()?;
        names.retain(|name| is_same_account(&name.account, account));
        // Those that name their client first: a damaged record without one may be another client's.
        let own = client.and_then(|client| names.iter().rev().find(|name| self.belongs(name, client)));
        let current = self.current().filter(|current| names.contains(current));
        Ok(own.cloned().or(current).or(names.into_iter().next()).unwrap_or_else(|| LoginName::first(account)))
    }

    /// Whether a record is a login with `client`, or may be one.
    pub(super) fn belongs(&self, name: &LoginName, client: &ClientSecrets) -> bool {
        match self.read(name) {
            Ok(record) => record.is_some_and(|record| record.is_of_client(client)),
            Err(_) => name.client_id.as_ref().is_none_or(|id| *id == client.client_id),
        }
    }

    /// Returns the record with this name; `None` when there is none.
    ///
    /// # Errors
    /// A record that is there and cannot be used.
    pub(super) fn read(&self, name: &LoginName) -> Result<Option<Record>, StoreError> {
        if !self.open(true)? {
            return Ok(None);
        }
        let path = self.record_path(name)?;
        let Some(file) =
            files::read_private(&path, LARGEST_RECORD).map_err(|error| StoreError::unreadable(&path, error))?
        else {
            return Ok(None);
        };
        self.warn_narrowed(&path, file.narrowed_from, 0o600);
        let record = parse(&file.content).map_err(|cause| StoreError::unreadable(&path, cause))?;
        let client_fits = name.client_id.as_ref().is_none_or(|id| *id == record.client_id);
        if client_fits && is_same_account(&record.email, &name.account) {
            Ok(Some(record))
        } else {
            Err(StoreError::unreadable(&path, "it is the record of another account"))
        }
    }

    /// Replaces a record, durably.
    fn save(&self, name: &LoginName, record: &Record) -> Result<(), StoreError> {
        self.create()?;
        let path = self.record_path(name)?;
        let content = render(record).map_err(StoreError::not_writable)?;
        files::replace_private(&path, &content, self.clock.now()).map_err(StoreError::not_writable)
    }

    /// Takes the disk space that a refreshed `record` needs.
    pub(super) fn reserve(&self, name: &LoginName, record: &Record) -> Result<Reservation, StoreError> {
        self.create()?;
        let size = render(record).map_err(StoreError::not_writable)?.len() + ROOM_TO_GROW;
        Reservation::new(&self.record_path(name)?, size, self.clock.now()).map_err(StoreError::not_writable)
    }

    /// Replaces a record in the space that was reserved for it, durably.
    pub(super) fn save_prepared(
        &self,
        name: &LoginName,
        record: &Record,
        reservation: Option<Reservation>,
    ) -> Result<(), StoreError> {
        let Some(reservation) = reservation else { return self.save(name, record) };
        let content = render(record).map_err(StoreError::not_writable)?;
        reservation.replace(&content).map_err(StoreError::not_writable)
    }

    /// Renames a record that cannot be used; it is never deleted.
    fn quarantine(&self, name: &LoginName) -> Result<Option<PathBuf>, StoreError> {
        let path = self.record_path(name)?;
        if std::fs::symlink_metadata(&path).is_err() {
            return Ok(None);
        }
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let time = self.clock.now().format(&format).unwrap_or_default();
        let aside = files::unused_name(&path, &format!("corrupt-{time}"));
        std::fs::rename(&path, &aside).map_err(StoreError::not_writable)?;
        Ok(Some(aside))
    }

    /// Deletes a record.
    pub(super) fn remove(&self, name: &LoginName) -> Result<(), StoreError> {
        match std::fs::remove_file(self.record_path(name)?) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::not_writable(error)),
            _ => Ok(()),
        }
    }

    /// The login last made or switched to: a line with its account, and one with its client where its name has one.
    pub(super) fn current(&self) -> Option<LoginName> {
        let path =
            self.directory().ok().filter(|directory| directory.join("accounts").is_dir())?.join("current_account");
        let content = files::read_private(&path, 1024).ok()??.content;
        let content = String::from_utf8(content).ok()?;
        let mut lines = content.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = LoginName::first(lines.next()?);
        Some(LoginName { client_id: lines.next().map(str::to_owned), ..first })
    }

    /// Makes a login the current one, or none.
    pub(super) fn set_current(&self, name: Option<&LoginName>) -> Result<(), StoreError> {
        self.create()?;
        let path = self.directory()?.join("current_account");
        let lines = |name: &LoginName| format!("{}\n{}\n", name.account, name.client_id.as_deref().unwrap_or_default());
        let content = name.map(lines).unwrap_or_default();
        files::replace_private(&path, content.as_bytes(), self.clock.now()).map_err(StoreError::not_writable)
    }

    /// Checks that a record could be saved.
    pub(super) fn check_writable(&self) -> Result<(), StoreError> {
        self.create()?;
        files::check_writable(&self.accounts_directory()?).map_err(StoreError::not_writable)
    }

    /// Lets one process at a time change a record; `None` where the store cannot be locked.
    pub(super) async fn lock(&self, name: &LoginName) -> Result<Option<Lock>, StoreError> {
        let path = self.accounts_directory()?.join(format!("{}.lock", name.file_stem()));
        Lock::acquire(&path).await.map_err(StoreError::Busy)
    }

    /// Saves the record of a new login, and checks that another process would find it. Renames a record that cannot be
    /// read first, and deletes one of the same person under a former address. Returns the record that was there, too.
    pub(super) async fn save_verified(&self, record: &Record) -> Result<(LoginName, Option<Record>), StoreError> {
        let first = LoginName::first(&record.email);
        let _first_lock = self.lock(&first).await?;
        let name = self.name_for(record)?;
        let _lock = if name == first { None } else { self.lock(&name).await? };
        let before = self.read(&name);
        if let Err(StoreError::Unreadable { .. }) = before {
            self.quarantine(&name)?;
        }
        self.save(&name, record)?;
        if self.read(&name)?.as_ref() != Some(record) {
            return Err(StoreError::not_writable("the saved login reads back differently"));
        }
        for former in self.names()?.into_iter().filter(|other| *other != name) {
            if let Ok(Some(other)) = self.read(&former)
                && other.sub == record.sub
                && other.has_same_client(record)
            {
                (self.notify)(&format!("the address of {} is {} now", other.email, record.email));
                self.remove(&former)?;
            }
        }
        Ok((name, before.ok().flatten()))
    }

    /// Returns the name for the record of a new login: that of the one it replaces, else the first free one.
    fn name_for(&self, record: &Record) -> Result<LoginName, StoreError> {
        let mut names = self.names()?;
        names.retain(|name| is_same_account(&name.account, &record.email));
        let of_client = LoginName { client_id: Some(record.client_id.clone()), ..LoginName::first(&record.email) };
        if names.contains(&of_client) {
            return Ok(of_client);
        }
        let first = names.into_iter().find(|name| name.client_id.is_none());
        let first = first.unwrap_or_else(|| LoginName::first(&record.email));
        match self.read(&first) {
            Ok(Some(other)) if !other.has_same_client(record) => Ok(of_client),
            _ => Ok(first),
        }
    }

    /// The file of a record, for messages.
    pub(super) fn location(&self, name: &LoginName) -> PathBuf {
        self.record_path(name).unwrap_or_default()
    }
}

/// Whether `directory` holds nothing but a store, or is named chatauth. Any other directory may be shared on purpose.
fn is_store(directory: &Path) -> bool {
    let holds_only = |path: &Path, is_ours: fn(&str) -> bool| {
        std::fs::read_dir(path)
            .is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name().to_str().is_some_and(is_ours)))
    };
    let accounts = directory.join("accounts");
    let is_ours = |name: &str| {
        ["accounts", "current_account", "delegated"].contains(&name) || name.starts_with("client_secrets.json")
    };
    let is_record = |name: &str| name.starts_with('.') || [".json", ".lock"].iter().any(|part| name.contains(part));
    (holds_only(directory, is_ours) || directory.ends_with("chatauth") && accounts.is_dir())
        && (holds_only(&accounts, is_record) || !accounts.exists())
}

/// Returns the command that gives `path` to another user.
pub(super) fn chown_command(user: u32, group: Option<u32>, path: &Path) -> String {
    let owner = group.map_or_else(|| user.to_string(), |group| format!("{user}:{group}"));
    command_line(["sudo", "chown", "-R", &owner, &path.display().to_string()])
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
    // serde's message could quote the content, so only the position is reported.
    let record: Record = serde_json::from_slice(content)
        .map_err(|error| format!("it is damaged (line {}, column {})", error.line(), error.column()))?;
    let is_usable = super::identity::is_address(&record.email) && Endpoint::parse(&record.token_endpoint).is_ok();
    if is_usable { Ok(record) } else { Err(what()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
    }
}
