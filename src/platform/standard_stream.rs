//! Standard output and standard error, written so that a reader that does not read cannot keep a signal from ending
//! the program.

use std::io::{self, Write};

#[cfg(unix)]
use std::{
    os::fd::AsFd,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Instant,
};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};

#[cfg(unix)]
use super::signals;

/// A write of at most this many bytes does not block once a poll says that the pipe has room: `PIPE_BUF`.
#[cfg(unix)]
const ATOMIC_WRITE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// Whether a write has waited in vain after a signal. No other one waits again.
#[cfg(unix)]
static ABANDONED: AtomicBool = AtomicBool::new(false);

/// Standard output or standard error, unbuffered.
///
/// After a signal a write that would block waits a moment and then fails with the
/// [`Interruption`](super::signals::Interruption); every later one that would block fails at once.
#[derive(Debug)]
pub struct StandardStream<Std>(Std);

impl StandardStream<io::Stdout> {
    /// Standard output.
    pub fn output() -> Self {
        Self(io::stdout())
    }
}

impl StandardStream<io::Stderr> {
    /// Standard error.
    pub fn error() -> Self {
        Self(io::stderr())
    }
}

#[cfg(unix)]
impl<Std: AsFd> StandardStream<Std> {
    fn wait_until_writable(&self) -> io::Result<()> {
        let (mut started, mut timeout) = (None, Timespec { tv_sec: 0, tv_nsec: 0 });
        loop {
            match poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], Some(&timeout)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            signals::watch_in_background()?;
            timeout = Timespec::try_from(signals::POLL_INTERVAL).unwrap_or_default();
            let started = *started.get_or_insert_with(Instant::now);
            if let Some(interruption) = signals::received()
                && (ABANDONED.load(Relaxed) || started.elapsed() > signals::GRACE)
            {
                ABANDONED.store(true, Relaxed);
                return Err(io::Error::other(interruption));
            }
        }
    }
}

#[cfg(unix)]
impl<Std: AsFd> Write for StandardStream<Std> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.wait_until_writable()?;
            match rustix::io::write(&self.0, &bytes[..bytes.len().min(ATOMIC_WRITE)]) {
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                result => return Ok(result?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
impl<Std: Write> Write for StandardStream<Std> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
