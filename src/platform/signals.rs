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

/// Ends when the program is asked to stop. From the first poll on, these signals no longer kill the process.
#[cfg(unix)]
pub async fn interruption() -> std::io::Result<Interruption> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = if hangup_counts() { Some(signal(SignalKind::hangup())?) } else { None };
    let hung_up = async {
        match &mut hangup {
            Some(hangup) => hangup.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt.recv() => Ok(Interruption::Interrupt),
        _ = terminate.recv() => Ok(Interruption::Terminate),
        _ = hung_up => Ok(Interruption::Hangup),
    }
}

/// Whether `SIGHUP` is to end the program. Under `nohup` it comes ignored, and watching it would undo that; where that
/// cannot be seen it is left alone.
#[cfg(unix)]
fn hangup_counts() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 0)
}

/// Ends when the program is asked to stop.
#[cfg(not(unix))]
pub async fn interruption() -> std::io::Result<Interruption> {
    tokio::signal::ctrl_c().await?;
    Ok(Interruption::Interrupt)
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
