//! Runs a command inside the emulator, as `ssh-agent COMMAND` does.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tempfile::TempDir;
use tokio::process::{Child, Command as Process};

use super::instance::Emulator;
use crate::platform::files::private_directory;
use crate::platform::signals::{Interruption, Interruptions};

/// Variables that could direct the command to something else than the emulator, or keep it from logging in.
pub const REMOVED: [&str; 13] = [
    "CHATAUTH_ACCESS_TOKEN",
    "CHATAUTH_ACCOUNT",
    "CHATAUTH_SERVICE_ACCOUNT",
    "CHATAUTH_IMPERSONATE",
    "CHATAUTH_NO_INPUT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// A command to run inside.
#[derive(Clone, Debug)]
pub struct Command {
    /// Name or path of the program.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The search path, from [`CommandEnvironment::search_path`].
    pub path: OsString,
}

/// Runs `command` in the emulator's environment and returns the exit code to pass on: the command's own, or 128 plus
/// the number of the signal that ended it. A program that does not exist is `NotFound`.
pub async fn run_command(environment: &CommandEnvironment, command: Command) -> io::Result<i32> {
    let mut process = Process::new(&command.program);
    process.args(&command.args);
    for name in REMOVED {
        process.env_remove(name);
    }
    process.envs(environment.variables()).env("PATH", command.path);
    // Watched before the command starts, so that no signal ends the emulator before the command.
    let signals = Interruptions::watch()?;
    let child = process.spawn()?;
    Ok(code(wait(child, signals).await?))
}

/// Waits for the command and passes signals on to it.
async fn wait(mut child: Child, mut signals: Interruptions) -> io::Result<ExitStatus> {
    loop {
        let signal = tokio::select! {
            status = child.wait() => return status,
            signal = signals.next() => signal,
        };
        pass_on(signal, &child);
    }
}

#[cfg(unix)]
fn pass_on(signal: Interruption, child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let signal = match signal {
        Interruption::Interrupt if in_foreground() => return,
        Interruption::Interrupt => Signal::INT,
        Interruption::Hangup => Signal::HUP,
        Interruption::Terminate => Signal::TERM,
    };
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // The command may have ended already; then its status comes next.
        let _ = kill_process(pid, signal);
    }
}

/// Whether this process is in the foreground of its terminal, whose Ctrl-C reaches the command without help here.
#[cfg(unix)]
fn in_foreground() -> bool {
    let group = fs::File::open("/dev/tty").and_then(|terminal| Ok(rustix::termios::tcgetpgrp(terminal)?));
    group.is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Does nothing: a terminal's signal reaches the command without help here.
#[cfg(not(unix))]
fn pass_on(_signal: Interruption, _child: &Child) {}

/// A private directory with what a program needs to use the emulator: the client file, the service account's key file
/// (`service_account.json`), an empty configuration directory, and `chatauth` itself.
#[derive(Debug)]
pub struct CommandEnvironment {
    directory: TempDir,
    origin: String,
    browser: bool,
}

impl CommandEnvironment {
    /// Creates the directory. `executable` is this program.
    pub fn create(emulator: &Emulator, executable: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("chatauth-");
        // With the umask's mode, others might be able to put their own `chatauth` into the search path.
        #[cfg(unix)]
        let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let directory = builder.tempdir()?;
        let browser = !emulator.asks_for_consent();
        let environment = Self { directory, origin: emulator.origin(), browser };
        for name in ["config", "bin"] {
            private_directory(&environment.path(name), &|| true).map_err(io::Error::other)?;
        }
        let mut file = OpenOptions::new();
        file.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
        for (name, text) in [
            ("client_secrets.json", emulator.client_secrets()),
            ("service_account.json", emulator.service_account_key()),
        ] {
            file.open(environment.path(name))?.write_all(text.as_bytes())?;
        }
        for name in ["chatauth", "chatauth-browser"] {
            link(executable, &environment.path("bin").join(executable_name(name)))?;
        }
        Ok(environment)
    }

    /// Returns the variables to set.
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = vec![
            ("CHATAUTH_CLIENT_SECRETS", self.path("client_secrets.json").into_os_string()),
            ("CHATAUTH_CONFIG_DIR", self.path("config").into_os_string()),
            ("CHATAUTH_API_ENDPOINT", OsString::from(&self.origin)),
        ];
        if self.browser {
            let browser = self.path("bin").join(executable_name("chatauth-browser"));
            variables.push(("BROWSER", browser.into_os_string()));
        }
        variables
    }

    /// Removes the directory, unless the command did. Not left to `Drop`, which ignores errors.
    pub fn remove(self) -> io::Result<()> {
        match self.directory.close() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the `PATH` of the command, on which `chatauth` is first.
    pub fn search_path(&self, path: Option<OsString>) -> io::Result<OsString> {
        // As shells do without a path.
        let rest = path.unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        let rest = std::env::split_paths(&rest).filter(|entry| !entry.as_os_str().is_empty());
        std::env::join_paths(std::iter::once(self.path("bin")).chain(rest)).map_err(io::Error::other)
    }
}

fn executable_name(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

#[cfg(unix)]
fn link(original: &Path, name: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::canonicalize(original)?, name)
}

#[cfg(not(unix))]
fn link(original: &Path, name: &Path) -> io::Result<()> {
    fs::copy(original, name).map(drop)
}

#[cfg(unix)]
fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

#[cfg(not(unix))]
fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(1)
}
