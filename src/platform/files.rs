//! Private files: readable by their owner only, and replaced atomically.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};

/// The prefix of temporary files. A process that is killed before the rename leaves one behind; [`replace_private`]
/// removes it later.
const TEMPORARY_PREFIX: &str = ".chatauth-tmp-";

/// The age after which a temporary file cannot belong to a running process.
const ORPHAN_AGE: Duration = Duration::from_hours(24);

/// The error of operations on private files and directories.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The path is a symbolic link, whose owner could redirect reads and writes.
    #[error("{path} is a symbolic link", path = .0.display())]
    Symlink(PathBuf),
    /// Another user is the owner.
    #[error("{path} belongs to user id {owner}, not to you (user id {me})", path = .path.display())]
    ForeignOwner {
        /// The path.
        path: PathBuf,
        /// The user id of the owner.
        owner: u32,
        /// The effective user id of this process.
        me: u32,
    },
    /// Other users can put files into the directory.
    #[error("{path} is writable by other users (mode {mode:03o})", path = .path.display())]
    WritableByOthers {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file system gives every file the same mode, as Windows drives in WSL and CIFS do.
    #[error("the file system of {path} has no permissions: other users could read saved logins (mode {mode:03o})", path = .path.display())]
    Modeless {
        /// The directory.
        path: PathBuf,
        /// The mode that it has and keeps.
        mode: u32,
    },
    /// The path is not a regular file or directory, as expected.
    #[error("{path} is not a {expected}", path = .path.display())]
    WrongKind {
        /// The path.
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
    /// The operating system returned an error.
    #[error("{action} {path}: {source}", path = .path.display())]
    Io {
        /// The action, as a verb.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl FileError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// Returns the kind of the operating system's error, if it is one.
    pub fn kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

/// The result of [`read_private`].
#[derive(Debug)]
pub struct PrivateFile {
    /// The bytes.
    pub content: Vec<u8>,
    /// The previous mode of a file that others could read, which is 0600 now.
    pub narrowed_from: Option<u32>,
}

/// Creates the directory and the parents that it lacks, with mode 0700 whatever the umask, and checks it as
/// [`check_directory`] does.
pub fn private_directory(path: &Path, narrow: &dyn Fn() -> bool) -> Result<Option<u32>, FileError> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && fs::metadata(path).is_err();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    for path in missing.into_iter().rev() {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes to set"))]
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        builder.mode(0o700);
        match builder.create(path) {
            // The umask may have taken away more than asked for.
            Ok(()) => set_mode(path, 0o700).map_err(FileError::io("set the mode of", path))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(FileError::io("create the directory", path)(error)),
        }
        #[cfg(unix)]
        if let Err(error) = check_modes(path) {
            // It was empty.
            let _ = fs::remove_dir(path);
            return Err(error);
        }
    }
    check_directory(path, narrow)
}

/// Checks an existing private directory. One that others can read is narrowed to 0700 if `narrow` allows it, and its mode
/// before is returned.
///
/// # Errors
/// Refuses a directory of another user, or one that others can write to: they could replace its files. Also refuses
/// one that cannot be narrowed, unless it is on a read-only file system.
pub fn check_directory(path: &Path, narrow: &dyn Fn() -> bool) -> Result<Option<u32>, FileError> {
    let metadata = fs::metadata(path).map_err(FileError::io("read the metadata of", path))?;
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
        if mode & 0o077 != 0 && narrow() && set_mode(path, 0o700).is_ok() {
            return check_modes(path).map(|()| Some(mode));
        }
    }
    #[cfg(not(unix))]
    let _ = narrow;
    Ok(None)
}

/// Checks that a directory has the mode 0700 that was just set.
#[cfg(unix)]
fn check_modes(path: &Path) -> Result<(), FileError> {
    let mode = fs::metadata(path).map_err(FileError::io("read the metadata of", path))?.mode() & 0o777;
    if mode & 0o077 != 0 { Err(FileError::Modeless { path: path.to_path_buf(), mode }) } else { Ok(()) }
}

/// Returns the user and group that own the directory around `path`, if this process is root's and they are not.
#[cfg(unix)]
pub fn other_home(path: &Path) -> Option<(u32, u32)> {
    // The owner that a user namespace shows for users outside it.
    const UNKNOWN: u32 = 65534;
    let above = path.ancestors().skip(1).find_map(|path| fs::metadata(path).ok())?;
    let is_other = rustix::process::geteuid().is_root() && ![0, UNKNOWN].contains(&above.uid());
    is_other.then(|| (above.uid(), above.gid()))
}

/// Returns `None`: this platform has no such owners.
#[cfg(not(unix))]
pub fn other_home(_path: &Path) -> Option<(u32, u32)> {
    None
}

/// Reads a private file of at most `limit` bytes; `None` if there is none.
///
/// A file that others could read is changed to mode 0600 if the file system allows it.
///
/// # Errors
/// Symbolic links, files of other users, anything but regular files, and larger files.
pub fn read_private(path: &Path, limit: u64) -> Result<Option<PrivateFile>, FileError> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        // With O_NONBLOCK, opening a FIFO does not hang.
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
    let metadata = file.metadata().map_err(FileError::io("read the metadata of", path))?;
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
    // Reading one byte more detects a file that has grown.
    (&mut file).take(limit + 1).read_to_end(&mut content).map_err(FileError::io("read", path))?;
    if content.len() as u64 > limit {
        return Err(FileError::TooLarge { path: path.to_path_buf(), limit });
    }
    Ok(Some(PrivateFile { content, narrowed_from }))
}

/// Replaces `path` by `content` atomically and durably: after a crash, the file is the old or the new one.
///
/// Writes a temporary file with mode 0600, syncs it, renames it, and syncs the directory. `now` decides which orphaned
/// temporary files are removed.
pub fn replace_private(path: &Path, content: &[u8], now: OffsetDateTime) -> Result<(), FileError> {
    Reservation::new(path, 0, now)?.replace(content)
}

/// Returns `path` with this extension added, and with a number where that exists.
pub fn unused_name(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.with_added_extension(extension);
    let mut count = 1;
    while fs::symlink_metadata(&name).is_ok() {
        count += 1;
        name = path.with_added_extension(format!("{extension}-{count}"));
    }
    name
}

/// Returns the directory of a file.
pub fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// A temporary file that reserves disk space for a later [`replace`](Reservation::replace).
#[derive(Debug)]
pub struct Reservation {
    temporary: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Reservation {
    /// Reserves `size` bytes beside `path`. Dropping the reservation frees them.
    pub fn new(path: &Path, size: usize, now: OffsetDateTime) -> Result<Self, FileError> {
        if is_symlink(path) {
            return Err(FileError::Symlink(path.to_path_buf()));
        }
        let directory = directory_of(path);
        remove_orphans(directory, now);
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX);
        let mut temporary = builder.tempfile_in(directory).map_err(FileError::io("create a file in", directory))?;
        #[cfg(unix)]
        temporary
            .as_file()
            .set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(FileError::io("set the mode of", temporary.path()))?;
        if size > 0 {
            temporary.as_file_mut().write_all(&vec![0; size]).map_err(FileError::io("write", path))?;
            sync(temporary.as_file(), File::sync_all).map_err(FileError::io("write", path))?;
            temporary.rewind().map_err(FileError::io("write", path))?;
        }
        Ok(Self { temporary, path: path.to_path_buf() })
    }

    /// Replaces the file by `content` atomically and durably.
    pub fn replace(mut self, content: &[u8]) -> Result<(), FileError> {
        let path = &self.path;
        self.temporary.as_file_mut().write_all(content).map_err(FileError::io("write", path))?;
        let file = self.temporary.as_file();
        file.set_len(content.len() as u64).map_err(FileError::io("write", path))?;
        sync(file, File::sync_all).map_err(FileError::io("write", path))?;
        persist(self.temporary, path).map_err(FileError::io("replace", path))?;
        let directory = directory_of(path);
        sync_directory(directory).map_err(FileError::io("write", directory))
    }
}

/// Renames a temporary file, over `path` if that exists. On Windows that fails for as long as another process, such as a
/// virus scanner, has either file open, so it is repeated there for a second.
fn persist(mut temporary: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    let mut repeats = if cfg!(windows) { 20 } else { 0 };
    loop {
        match temporary.persist(path) {
            Ok(_) => return Ok(()),
            Err(refused) if repeats == 0 => return Err(refused.error),
            Err(refused) => temporary = refused.file,
        }
        repeats -= 1;
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Checks that a file can be written in `directory`, and removes it.
pub fn check_writable(directory: &Path) -> Result<(), FileError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    let mut file = builder.tempfile_in(directory).map_err(FileError::io("create a file in", directory))?;
    // A full disk still accepts empty files. No record is larger than this.
    file.as_file_mut().write_all(&[0; 8 * 1024]).map_err(FileError::io("write into", directory))?;
    file.close().map_err(FileError::io("remove a file from", directory))
}

/// Opens a private file to read and write it, or creates it. Neither follows symbolic links nor waits for a FIFO.
pub fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let created = options.create_new(true).open(path);
    #[cfg(unix)]
    if let Ok(file) = &created {
        // The umask may have removed bits, without which the file cannot be opened again.
        let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
    }
    created.or_else(|_| options.create_new(false).open(path))
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
    let is_wide = |mode: u32| mode & 0o077 != 0;
    let narrowed = is_wide(mode)
        && file.set_permissions(fs::Permissions::from_mode(0o600)).is_ok()
        // A file system without modes accepts the call and changes nothing.
        && file.metadata().is_ok_and(|metadata| !is_wide(metadata.mode()));
    narrowed.then_some(mode)
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

/// Syncs a file by [`File::sync_all`] or [`File::sync_data`]. On macOS both are `F_FULLFSYNC`, which network volumes
/// refuse although they know `fsync`.
pub fn sync(file: &File, how: fn(&File) -> io::Result<()>) -> io::Result<()> {
    let result = how(file);
    #[cfg(target_vendor = "apple")]
    if result.as_ref().is_err_and(is_unsupported) {
        return Ok(rustix::fs::fsync(file)?);
    }
    result
}

/// Whether a file system does not know what it was asked for. The kind of an error does not tell: macOS's `ENOTSUP` has none.
#[cfg(unix)]
fn is_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::NOTTY))
}

/// Syncs the entries of a directory, without which a new or renamed file is not durable. A file system that cannot do it
/// is no error: other programs' files are no safer there.
///
/// # Errors
///
/// Those of opening and syncing, also for a directory that is searchable but not readable.
#[cfg(unix)]
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    match sync(&File::open(directory)?, File::sync_all) {
        Err(error) if is_unsupported(&error) => Ok(()),
        result => result,
    }
}

/// Does nothing: directories cannot be synced on this platform.
#[cfg(not(unix))]
pub fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}

fn remove_orphans(directory: &Path, now: OffsetDateTime) {
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
