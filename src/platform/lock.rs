//! A kernel lock that one process of one user holds, and that dies with its holder.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::files;

/// How often a waiting process asks again.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// A held lock; dropping it, or the end of the process, lets go. The file itself stays: it means nothing.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else held it for the whole time that we were willing to wait.
    #[error("another process{holder} holds {path}", path = .path.display(), holder = .holder.as_ref().map(|pid| format!(" ({pid})")).unwrap_or_default())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// The process id that the holder wrote into it.
        holder: Option<String>,
    },
    /// The lock file cannot be made (a read-only directory), or the file system knows no locks.
    #[error("lock {path}: {source}", path = .path.display())]
    Unavailable {
        /// The lock file.
        path: PathBuf,
        /// What the operating system answered.
        source: std::io::Error,
    },
}

impl Lock {
    /// Takes the exclusive lock on the file at `path`, waiting at most `patience`.
    pub async fn acquire(path: &Path, patience: Duration) -> Result<Self, LockError> {
        let unavailable = |source| LockError::Unavailable { path: path.to_path_buf(), source };
        let mut file = files::open_lock_file(path).map_err(unavailable)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    tokio::time::sleep(POLL_INTERVAL).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Busy { path: path.to_path_buf(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(source)) => return Err(unavailable(source)),
            }
        }
        // The process id is only for the message of those who wait; a full disk must not cost the lock.
        let _ = file.set_len(0);
        let _ = write!(file, "{}", std::process::id());
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(20).read_to_string(&mut text).ok()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| format!("process {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    }

    #[test]
    fn a_second_holder_waits_and_is_told_who_holds_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.lock");
        runtime().block_on(async {
            let held = Lock::acquire(&path, Duration::ZERO).await.unwrap();
            let refused = Lock::acquire(&path, Duration::ZERO).await.unwrap_err().to_string();
            assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
            drop(held);
            Lock::acquire(&path, Duration::ZERO).await.unwrap();
        });
    }

    #[test]
    fn a_file_left_behind_means_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.lock");
        File::create(&path).unwrap().write_all(b"4711").unwrap();
        runtime().block_on(async {
            Lock::acquire(&path, Duration::ZERO).await.unwrap();
        });
        assert!(path.exists());
    }
}
