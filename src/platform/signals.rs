//! The signals that end a command.

/// What asked the program to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Interruption {
    /// `SIGHUP`: the terminal is gone.
    #[error("hung up")]
    Hangup,
    /// Ctrl-C, `SIGINT`.
    #[error("interrupted")]
    Interrupt,
    /// `SIGTERM`.
    #[error("terminated")]
    Terminate,
}

/// The requests to stop that reach the program, one after another.
#[cfg(unix)]
#[derive(Debug)]
pub struct Interruptions {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Interruptions {
    /// Begins to watch. From now on, these signals no longer kill the process.
    ///
    /// # Errors
    /// When no signal can be watched.
    pub fn watch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = hangup_counts().then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hangup })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Interruption {
        let hung_up = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Interruption::Interrupt,
            _ = self.terminate.recv() => Interruption::Terminate,
            _ = hung_up => Interruption::Hangup,
        }
    }
}

/// Ends when the program is asked to stop. From the first poll on, these signals no longer kill the process.
pub async fn interruption() -> std::io::Result<Interruption> {
    Ok(Interruptions::watch()?.next().await)
}

/// Whether `SIGHUP` is to end the program. Under `nohup` it comes ignored, and watching it would undo that; where that
/// cannot be seen it is left alone.
#[cfg(unix)]
fn hangup_counts() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 0)
}

/// The requests to stop that reach the program, one after another.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Interruptions;

#[cfg(not(unix))]
impl Interruptions {
    /// Begins to watch.
    pub fn watch() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Interruption {
        // Without a way to watch, nothing ever stops the program from inside.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Interruption::Interrupt
    }
}

/// Tells of the first such signal from a thread of its own, for work that never lets go of the thread it is on.
///
/// # Errors
/// When there can be no thread, or no signal can be watched.
pub fn on_interruption(tell: impl FnOnce(Interruption) + Send + 'static) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    std::thread::Builder::new().name(String::from("signals")).spawn(move || {
        if let Ok(interruption) = runtime.block_on(interruption()) {
            tell(interruption);
        }
    })?;
    Ok(())
}
