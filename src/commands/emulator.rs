//! `chatauth emulator`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

        let environment = CommandEnvironment::create(&emulator, &executable)
            .map_err(|error| failed("the emulator cannot prepare its directory", &error))?;
        let result = serve(&emulator, &environment, context).await;
        let removed = environment.remove().map_err(|error| failed("the emulator cannot remove its directory", &error));
        return result.and(removed);
    };
    let shown = program.to_string_lossy().into_owned();
    let command = emulator::Command { program, args: words.collect(), path: context.settings.path.clone(), executable };
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
async fn serve(emulator: &Server, environment: &CommandEnvironment, context: &Context) -> Result<(), Failure> {
    let mut exports = String::new();
    for (name, value) in environment.variables() {
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

/// Opens the page that is named on the command line, when this program was started as the emulator's browser.
///
/// It returns before the page is read, as what opens a browser does: programs that wait for it to end, as Python's
/// webbrowser does, listen for the redirect only afterwards.
pub fn browse(arguments: &[OsString]) -> Option<ExitCode> {
    let program = arguments.first()?;
    if Path::new(program).file_stem()? != BROWSER_NAME {
        return None;
    }
    let url = arguments.get(1).and_then(|url| url.to_str()).unwrap_or_default();
    let done = if arguments.get(2).is_some_and(|argument| argument == IN_BACKGROUND) {
        runtime().is_ok_and(|runtime| runtime.block_on(visit(url)).is_ok())
    } else {
        open_in_background(program, url).is_ok()
    };
    Some(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whoever reads this program's output to its end must not have to wait for the page.
fn open_in_background(program: &OsStr, url: &str) -> std::io::Result<()> {
    let mut command = Command::new(program);
    command.args([url, IN_BACKGROUND]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}
