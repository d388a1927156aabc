//! Private files: readable by their owner alone, replaced as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};

/// How the name of a file that is still being written begins. A process that is
/// killed before the rename leaves one behind; [`replace_private`] sweeps them.
const TEMPORARY_PREFIX: &str = ".chatauth-tmp-";

/// An orphaned temporary file older than this belongs to no running process.
const ORPHAN_AGE: Duration = Duration::from_hours(24);

/// Why a private file or directory was not used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The path is a symbolic link: whoever can change it decides what is read or overwritten.
    #[error("{path} is a symbolic link", path = .0.display())]
    Symlink(PathBuf),
    /// The owner is somebody else, by user id.
    #[error("{path} belongs to user id {owner}, not to you (user id {me})", path = .path.display())]
    ForeignOwner {
        /// What was looked at.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// The effective user id of this process.
        me: u32,
    },
    /// Other users can put files into the directory.
    #[error("{path} can be written by other users (mode {mode:03o})", path = .path.display())]
    WritableByOthers {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Something other than a regular file (or a directory) stands there.
    #[error("{path} is not a {expected}", path = .path.display())]
    WrongKind {
        /// What was looked at.
        path: PathBuf,
        /// "regular file" or "directory".
        expected: &'static str,
    },
    /// The file is larger than any that chatauth writes.
    #[error("{path} is larger than {limit} bytes", path = .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The operating system said no.
    #[error("{action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system answered.
        source: io::Error,
    },
}

impl FileError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// The operating system's error kind, where it was the one that refused.
    pub fn kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

/// What [`read_private`] found.
#[derive(Debug)]
pub struct PrivateFile {
    /// The bytes.
    pub content: Vec<u8>,
    /// The mode the file had when others could read it, narrowed to 0600 since.
    pub narrowed_from: Option<u32>,
}

/// Creates the directory (mode 0700, its parents with the usual mode) where it is missing, and checks it.
///
/// Gives the mode that the directory had when others could read it; it is 0700 afterwards.
///
/// # Errors
/// A directory of somebody else, or one that others can write to, is refused: they could replace what is in it.
pub fn private_directory(path: &Path) -> Result<Option<u32>, FileError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(FileError::io("create the directory", parent))?;
    }
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes to set"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    builder.mode(0o700);
    match builder.create(path) {
        Ok(()) => {
            // The umask may have taken away more than asked for.
            set_mode(path, 0o700).map_err(FileError::io("set the mode of", path))?;
            Ok(None)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_directory(path),
        Err(error) => Err(FileError::io("create the directory", path)(error)),
    }
}

/// Checks an existing private directory as [`private_directory`] does, without creating it.
pub fn check_directory(path: &Path) -> Result<Option<u32>, FileError> {
    let metadata = fs::metadata(path).map_err(FileError::io("look at", path))?;
    if !metadata.is_dir() {
        return Err(FileError::WrongKind { path: path.to_path_buf(), expected: "directory" });
    }
    #[cfg(unix)]
    {
        check_owner(path, &metadata)?;
        let mode = metadata.mode() & 0o777;
        if mode & 0o022 != 0 {
            return Err(FileError::WritableByOthers { path: path.to_path_buf(), mode });
        }
        if mode & 0o077 != 0 {
            // Best effort: on a read-only file system nobody can add files anyway.
            return Ok(set_mode(path, 0o700).is_ok().then_some(mode));
        }
    }
    Ok(None)
}

/// Reads a private file of at most `limit` bytes; `None` when there is none.
///
/// A file that others could read is narrowed to 0600 (where the file system lets us).
///
/// # Errors
/// Symbolic links, other owners, anything but a regular file and larger files are refused unread.
pub fn read_private(path: &Path, limit: u64) -> Result<Option<PrivateFile>, FileError> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        // O_NONBLOCK: opening a FIFO that somebody planted must not hang.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if is_symlink(path) => {
            log::debug!("open {}: {error}", path.display());
            return Err(FileError::Symlink(path.to_path_buf()));
        }
        Err(error) => return Err(FileError::io("open", path)(error)),
    };
    let metadata = file.metadata().map_err(FileError::io("look at", path))?;
    if !metadata.is_file() {
        return Err(FileError::WrongKind { path: path.to_path_buf(), expected: "regular file" });
    }
    #[cfg(unix)]
    check_owner(path, &metadata)?;
    if metadata.len() > limit {
        return Err(FileError::TooLarge { path: path.to_path_buf(), limit });
    }
    let narrowed_from = narrow(&file, &metadata);
    let mut content = Vec::new();
    // One byte more than allowed shows that the file grew meanwhile.
    (&mut file).take(limit + 1).read_to_end(&mut content).map_err(FileError::io("read", path))?;
    if content.len() as u64 > limit {
        return Err(FileError::TooLarge { path: path.to_path_buf(), limit });
    }
    Ok(Some(PrivateFile { content, narrowed_from }))
}

/// Replaces `path` by `content`, durably: a reader, or a machine that loses power, sees the old file or the new one.
///
/// The order is the one that makes it so: exclusive temporary file (0600 whatever the umask), write, fsync, rename,
/// fsync of the directory. `now` decides which orphaned temporary files are old enough to be swept.
pub fn replace_private(path: &Path, content: &[u8], now: OffsetDateTime) -> Result<(), FileError> {
    Reservation::new(path, 0, now)?.replace(content)
}

/// A private file beside another, which takes its place once there is something to write.
#[derive(Debug)]
pub struct Reservation {
    temporary: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Reservation {
    /// Takes `size` bytes of the disk beside `path`. Without [`Reservation::replace`] they are given back.
    pub fn new(path: &Path, size: usize, now: OffsetDateTime) -> Result<Self, FileError> {
        if is_symlink(path) {
            return Err(FileError::Symlink(path.to_path_buf()));
        }
        let directory = path.parent().unwrap_or_else(|| Path::new("."));
        sweep_orphans(directory, now);
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX);
        let mut temporary = builder.tempfile_in(directory).map_err(FileError::io("create a file in", directory))?;
        #[cfg(unix)]
        temporary
            .as_file()
            .set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(FileError::io("set the mode of", temporary.path()))?;
        if size > 0 {
            temporary.write_all(&vec![0; size]).map_err(FileError::io("write", path))?;
            temporary.as_file().sync_all().map_err(FileError::io("write", path))?;
            temporary.rewind().map_err(FileError::io("write", path))?;
        }
        Ok(Self { temporary, path: path.to_path_buf() })
    }

    /// Puts the file in the place of the other, durably, with `content` in it.
    pub fn replace(mut self, content: &[u8]) -> Result<(), FileError> {
        let path = &self.path;
        self.temporary.write_all(content).map_err(FileError::io("write", path))?;
        let file = self.temporary.as_file();
        file.set_len(content.len() as u64).map_err(FileError::io("write", path))?;
        file.sync_all().map_err(FileError::io("write", path))?;
        self.temporary.persist(path).map_err(|error| FileError::io("replace", path)(error.error))?;
        let directory = path.parent().unwrap_or_else(|| Path::new("."));
        sync_directory(directory).map_err(FileError::io("write", directory))
    }
}

/// A file without a name in the system's directory for temporary files, which is gone with the process.
pub fn scratch() -> io::Result<File> {
    tempfile::tempfile()
}

/// Proves that a file with something in it can be made in `directory`, and leaves none.
pub fn probe_writable(directory: &Path) -> Result<(), FileError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    let mut probe = builder.tempfile_in(directory).map_err(FileError::io("create a file in", directory))?;
    // A full disk still takes empty files. No record is larger than this.
    probe.write_all(&[0; 8 * 1024]).map_err(FileError::io("write into", directory))?;
    probe.close().map_err(FileError::io("remove a file from", directory))
}

/// Opens (or makes) a private file for writing, as a lock needs it; never through a symbolic link.
pub(super) fn open_lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    if file.metadata()?.mode() & 0o777 != 0o600 {
        // The umask may have taken our own bits away; another owner's file is not ours to change.
        let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
    }
    Ok(file)
}

fn is_symlink(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_symlink())
}

#[cfg(unix)]
fn check_owner(path: &Path, metadata: &fs::Metadata) -> Result<(), FileError> {
    let me = rustix::process::geteuid().as_raw();
    if metadata.uid() == me {
        Ok(())
    } else {
        Err(FileError::ForeignOwner { path: path.to_path_buf(), owner: metadata.uid(), me })
    }
}

#[cfg(unix)]
fn narrow(file: &File, metadata: &fs::Metadata) -> Option<u32> {
    let mode = metadata.mode() & 0o777;
    let too_wide = mode & 0o077 != 0;
    (too_wide && file.set_permissions(fs::Permissions::from_mode(0o600)).is_ok()).then_some(mode)
}

#[cfg(not(unix))]
fn narrow(_file: &File, _metadata: &fs::Metadata) -> Option<u32> {
    None
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Writes the entries of a directory to the disk: a new or renamed file is durable only once they are.
///
/// # Errors
///
/// As of opening and syncing, also where the directory may be entered but not read. Does nothing where there is no such
/// thing, as on Windows.
#[cfg(unix)]
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Does nothing here, where directories cannot be synced.
#[cfg(not(unix))]
pub fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

fn sweep_orphans(directory: &Path, now: OffsetDateTime) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
            continue;
        }
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let old = modified.is_ok_and(|modified| {
            now - OffsetDateTime::from(modified) > time::Duration::try_from(ORPHAN_AGE).unwrap_or(time::Duration::DAY)
        });
        if old {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests;
