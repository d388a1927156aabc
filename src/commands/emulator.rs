//! `chatauth emulator`.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::commands::{Context, ErrorCode, Failure};
use crate::emulator::{self, Emulator, Surroundings};

pub use crate::emulator::browser::visit;
pub use crate::emulator::{Audience, ChatApp, Consent, Fault, GrantedScopes, Options as EmulatorOptions, Quota, User};
use crate::output::command_line;
use crate::platform::signals;

/// What to run.
#[derive(Debug)]
pub struct Options {
    /// How the emulator behaves.
    pub emulator: emulator::Options,
    /// The command to run inside, with its arguments; none to serve until Ctrl-C.
    pub command: Vec<OsString>,
    /// The current `PATH`.
    pub path: Option<OsString>,
    /// This program.
    pub executable: PathBuf,
}

/// Runs a command inside the emulator, or serves.
pub async fn run(options: Options, context: &Context) -> Result<(), Failure> {
    let port = options.emulator.port;
    let failed = |what: &str, error: &std::io::Error| Failure::new(ErrorCode::Internal, format!("{what}: {error}"));
    let emulator = Emulator::start(options.emulator, context.clock).await.map_err(|error| {
        Failure::new(ErrorCode::PortUnavailable, format!("port {port} cannot be listened on: {error}"))
            .hint("choose another port with --port N, or leave it out for any free one")
    })?;
    let mut words = options.command.into_iter();
    let Some(program) = words.next() else {
        let surroundings = Surroundings::prepare(&emulator, &options.executable)
            .map_err(|error| failed("the emulator cannot prepare its directory", &error))?;
        let result = serve(&emulator, &surroundings, context).await;
        let removed = surroundings.remove().map_err(|error| failed("the emulator cannot remove its directory", &error));
        return result.and(removed);
    };
    let shown = program.to_string_lossy().into_owned();
    let command =
        emulator::Command { program, args: words.collect(), path: options.path, executable: options.executable };
    match emulator::run_command(&emulator, command).await {
        Ok(0) => Ok(()),
        Ok(code) => Err(Failure::new(ErrorCode::Child(u8::try_from(code).unwrap_or(1)), "")),
        Err(error) => {
            // As shells do: 127 for a command that is not there, 126 for one that cannot be run.
            let code = if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 };
            context.messages.error(&format!("{shown:?} cannot be run: {error}"));
            Err(Failure::new(ErrorCode::Child(code), ""))
        }
    }
}

/// Prints the environment to set, then serves until told to stop.
async fn serve(emulator: &Emulator, surroundings: &Surroundings, context: &Context) -> Result<(), Failure> {
    let mut exports = String::new();
    for (name, value) in surroundings.variables() {
        exports += &format!("export {name}={}\n", command_line([value.to_string_lossy()]));
    }
    // Watched before anybody is told that the emulator is ready, so that no signal can come too early.
    let stop = signals::interruption();
    tokio::pin!(stop);
    let first = std::future::poll_fn(|task| std::task::Poll::Ready(stop.as_mut().poll(task))).await;
    context.printer.text(&exports)?;
    context.messages.note(&format!("The emulator serves at {} until Ctrl-C.", emulator.origin()));
    let stopped = match first {
        std::task::Poll::Ready(stopped) => stopped,
        std::task::Poll::Pending => stop.await,
    };
    stopped
        .map(|_| ())
        .map_err(|error| Failure::new(ErrorCode::Internal, format!("signals cannot be watched: {error}")))
}
