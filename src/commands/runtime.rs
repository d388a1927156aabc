//! The runtime, built only for commands that need one, and how a signal ends a command.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use super::write::InFlight;
use super::{Context, ErrorCode, Failure};
use crate::platform::{
    self,
    signals::{self, Interruption, Interruptions},
};

/// How much longer a token refresh in flight may take after a signal.
const LONGEST_REFRESH: Duration = Duration::from_secs(5);

impl Context {
    /// Builds the runtime and runs a command until it ends or a signal ends it.
    ///
    /// # Errors
    /// Those of the command; an interruption names the write that is in flight, what was done before it, and the command
    /// for what remains.
    pub fn block_on(&self, command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
        run(pin!(self.until_signal(pin!(command))))
    }

    /// Runs a command, or a part of one, until it ends or a signal ends it.
    pub(super) async fn until_signal(
        &self,
        mut command: Pin<&mut dyn Future<Output = anyhow::Result<()>>>,
    ) -> anyhow::Result<()> {
        tokio::select! {
            // Signals are watched before the command does anything: one that arrives between the URL of a login and
            // its first wait would otherwise kill the process, and leave the terminal in the mode for pasting.
            biased;
            signal = signals::interruption() => match signal {
                Ok(interruption) => {
                    self.finish_refresh(command.as_mut()).await;
                    Err(self.interrupted(interruption).into())
                }
                Err(error) => Err(Failure::new(ErrorCode::Internal, format!("cannot watch signals: {error}")).into()),
            },
            result = command.as_mut() => result,
        }
    }

    /// Waits until a token refresh in flight is saved: otherwise a new refresh token in its response would be lost, and
    /// the old one may no longer be valid.
    async fn finish_refresh(&self, command: Pin<&mut dyn Future<Output = anyhow::Result<()>>>) {
        let session = self.session();
        if !session.is_refreshing() {
            return;
        }
        self.messages.print("Finishing the token refresh; Ctrl-C again to stop");
        tokio::select! {
            biased;
            _ = signals::interruption() => {}
            () = session.finish_refresh() => {}
            _ = command => {}
            () = tokio::time::sleep(LONGEST_REFRESH) => {}
        }
    }

    fn interrupted(&self, interruption: Interruption) -> Failure {
        let code = ErrorCode::Interrupted(interruption);
        let mut failure = match &*self.pending.borrow() {
            None => Failure::new(code, interruption.to_string()),
            Some(InFlight { action, write }) => {
                Failure::new(code, format!("{interruption} while trying to {action}")).with_write(write, true)
            }
        };
        if let Some(progress) = &*self.progress.borrow() {
            if !progress.done.is_empty() {
                failure.message = format!("{}; {}", failure.message, progress.done);
            }
            if !progress.remaining.is_empty() {
                failure.hint = Some(format!("to finish, run {}", progress.remaining));
            }
        }
        failure
    }
}

/// Runs a command that handles signals itself: it ends once the requests in flight have their responses.
///
/// # Errors
/// Those of the command.
pub(super) fn block_on_rows(command: impl AsyncFnOnce(&mut Interruptions) -> anyhow::Result<()>) -> anyhow::Result<()> {
    run(pin!(async {
        let mut signals = Interruptions::watch()
            .map_err(|error| Failure::new(ErrorCode::Internal, format!("cannot watch signals: {error}")))?;
        command(&mut signals).await
    }))
}

/// Runs a future on a runtime of its own. Not generic: code for each command's type would be a twentieth of the program.
fn run(command: Pin<&mut dyn Future<Output = anyhow::Result<()>>>) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let result = runtime.block_on(command);
    // A DNS lookup cannot be cancelled, so do not wait for it.
    runtime.shutdown_background();
    result
}

/// Builds a runtime on this thread.
///
/// # Errors
/// [`ErrorCode::Internal`] if it cannot be started.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    platform::runtime::build()
        .map_err(|error| Failure::new(ErrorCode::Internal, format!("cannot start the runtime: {error}")))
}
