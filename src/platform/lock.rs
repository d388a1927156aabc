//! An exclusive kernel lock on a file, which is released when its process ends.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::files;

/// How often a waiting process retries.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// How long a process waits: longer than a refresh with its retries takes.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A held lock. Dropping it releases it; the file stays and has no meaning by itself.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Another process held the lock until the timeout.
#[derive(Debug, thiserror::Error)]
#[error("another process{holder} has locked {path}", path = .path.display(), holder = .holder.as_ref().map(|pid| format!(" ({pid})")).unwrap_or_default())]
pub struct LockBusy {
    /// The lock file.
    path: PathBuf,
    /// The holder, as "process ID".
    holder: Option<String>,
}

impl Lock {
    /// Acquires the exclusive lock on the file at `path`, waiting at most half a minute; `None` if the file cannot be created
    /// or the file system does not support locks.
    pub async fn acquire(path: &Path) -> Result<Option<Self>, LockBusy> {
        Self::acquire_within(path, TIMEOUT).await
    }

    async fn acquire_within(path: &Path, timeout: Duration) -> Result<Option<Self>, LockBusy> {
        let unavailable = |error| {
            log::info!("cannot lock {}: {error}; continuing without a lock", path.display());
            Ok(None)
        };
        let mut file = match files::open_private(path) {
            Ok(file) => file,
            Err(error) => return unavailable(error),
        };
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if started.elapsed() < timeout => {
                    tokio::time::sleep(POLL_INTERVAL).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(LockBusy { path: path.to_path_buf(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(error)) => return unavailable(error),
            }
        }
        // The process id only serves the message of waiting processes, so a full disk does not matter.
        let _ = file.set_len(0);
        let _ = write!(file, "{}", std::process::id());
        Ok(Some(Self { _file: file }))
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
    fn a_busy_lock_names_its_holder() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.lock");
        runtime().block_on(async {
            let held = Lock::acquire_within(&path, Duration::ZERO).await.unwrap().unwrap();
            let refused = Lock::acquire_within(&path, Duration::ZERO).await.err().unwrap().to_string();
            assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
            drop(held);
            assert!(Lock::acquire_within(&path, Duration::ZERO).await.unwrap().is_some());
        });
    }

    #[test]
    fn a_leftover_file_is_not_a_lock() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.lock");
        File::create(&path).unwrap().write_all(b"4711").unwrap();
        runtime().block_on(async {
            assert!(Lock::acquire_within(&path, Duration::ZERO).await.unwrap().is_some());
        });
        assert!(path.exists());
    }
}
