//! The signals that end a command.

/// What asked the program to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// Ctrl-C, `SIGINT`.
    Interrupt,
    /// `SIGTERM`.
    Terminate,
}

/// Ends when the program is asked to stop. From the first poll on, these signals no longer kill the process.
#[cfg(unix)]
pub async fn interruption() -> std::io::Result<Interruption> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => Ok(Interruption::Interrupt),
        _ = terminate.recv() => Ok(Interruption::Terminate),
    }
}

/// Ends when the program is asked to stop.
#[cfg(not(unix))]
pub async fn interruption() -> std::io::Result<Interruption> {
    tokio::signal::ctrl_c().await?;
    Ok(Interruption::Interrupt)
}
