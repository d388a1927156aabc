//! The signals that end a command.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

#[cfg(unix)]
use tokio::signal::unix::{Signal as Hangup, Signal as Interrupt, Signal as Terminate};
#[cfg(windows)]
use tokio::signal::windows::{CtrlBreak as Terminate, CtrlC as Interrupt, CtrlClose as Hangup};

/// How often a blocked operation looks for a signal.
pub const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long an operation may go on after a signal.
pub const GRACE: Duration = Duration::from_millis(500);

/// The first signal that arrived. It is set outside of signal handlers.
static RECEIVED: OnceLock<Interruption> = OnceLock::new();

/// What asked the program to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Interruption {
    /// `SIGHUP`: the terminal is gone.
    #[error("hung up")]
    Hangup,
    /// Ctrl-C, `SIGINT`.
    #[error("interrupted")]
    Interrupt,
    /// `SIGTERM`, on Windows Ctrl-Break.
    #[error("terminated")]
    Terminate,
}

/// Returns the first signal that asked the program to stop, if one was watched and arrived.
pub fn received() -> Option<Interruption> {
    RECEIVED.get().copied()
}

/// The signals that ask the program to stop, one after another.
#[derive(Debug)]
pub struct Interruptions {
    interrupt: Interrupt,
    terminate: Terminate,
    hangup: Option<Hangup>,
}

impl Interruptions {
    /// Begins to watch. From now on, these signals no longer kill the process.
    ///
    /// # Errors
    /// When no signal can be watched.
    #[cfg(unix)]
    pub fn watch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = hangup_counts().then(|| signal(SignalKind::hangup())).transpose()?;
        // A file that reaches a limit is then like a full disk. By default this signal kills, and what was done is lost.
        drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hangup })
    }

    /// Begins to watch. From now on, these events no longer kill the process; after a window was closed, it has seconds.
    ///
    /// # Errors
    /// When no event can be watched.
    #[cfg(windows)]
    pub fn watch() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close};
        Ok(Self { interrupt: ctrl_c()?, terminate: ctrl_break()?, hangup: Some(ctrl_close()?) })
    }

    /// Waits for the next one. The first one is remembered for [`received`]: it decides the exit code.
    pub async fn next(&mut self) -> Interruption {
        let hung_up = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        let interruption = tokio::select! {
            _ = self.interrupt.recv() => Interruption::Interrupt,
            _ = self.terminate.recv() => Interruption::Terminate,
            _ = hung_up => Interruption::Hangup,
        };
        let _ = RECEIVED.set(interruption);
        interruption
    }
}

/// Waits until the program is asked to stop. From the first poll on, these signals no longer kill the process.
pub async fn interruption() -> io::Result<Interruption> {
    Ok(Interruptions::watch()?.next().await)
}

/// Whether `SIGHUP` ends the program. Under `nohup` it is ignored, which watching would undo. Without `/proc` it is not
/// watched.
#[cfg(unix)]
fn hangup_counts() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 0)
}

/// Watches the signals from a thread of its own, for [`received`], while the main thread may be blocked.
///
/// # Errors
/// No thread can be started, or no signal can be watched.
pub fn watch_in_background() -> io::Result<()> {
    static WATCHED: Mutex<bool> = Mutex::new(false);
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*watched {
        let runtime = super::runtime::build()?;
        let work = move || drop(runtime.block_on(interruption()));
        std::thread::Builder::new().name(String::from("signals")).spawn(work)?;
        *watched = true;
    }
    Ok(())
}

/// Runs an operation that may block for ever, such as reading from a pipe, until it ends or a signal arrives.
///
/// # Errors
/// Those of the operation, and an [`Interruption`] in an [`io::Error`] after a signal.
pub fn interruptible<Value: Send + 'static>(
    operation: impl FnOnce() -> io::Result<Value> + Send + 'static,
) -> io::Result<Value> {
    watch_in_background()?;
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::Builder::new().name(String::from("blocking")).spawn(move || drop(sender.send(operation())))?;
    loop {
        match receiver.recv_timeout(POLL_INTERVAL) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) => received().map_or(Ok(()), |signal| Err(io::Error::other(signal)))?,
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("the operation was abandoned")),
        }
    }
}
