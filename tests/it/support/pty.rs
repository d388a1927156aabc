//! A pseudo-terminal, for what the program does only where a person types.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use rustix::termios::{LocalModes, tcgetattr};
use url::Url;

use crate::support::pending_login::Transcript;
use crate::support::sandbox::TEST_TIMEOUT;

/// Both ends of a pseudo-terminal, and everything that was shown on it.
pub(crate) struct Terminal {
    keyboard: File,
    slave: OwnedFd,
    transcript: Transcript,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let (master, slave) = crate::support::pty_pair::open();
        let transcript = Transcript::of(File::from(master.try_clone().unwrap()));
        Self { keyboard: File::from(master), slave, transcript }
    }

    /// Gives a command this terminal as standard input and error, not as its controlling one.
    pub(crate) fn start(&self, mut command: Command) -> Child {
        command.stdin(self.stream()).stderr(self.stream()).stdout(Stdio::null()).spawn().unwrap()
    }

    /// Runs a line of shell with this as the controlling terminal, so that typed characters become signals.
    pub(crate) fn start_shell(&self, line: &str, environment: &Command) -> Child {
        let mut command = Command::new("setsid");
        command.args(["--ctty", "sh", "-c", line]).env_clear();
        for (name, value) in environment.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.stdin(self.stream()).stdout(self.stream()).stderr(self.stream()).spawn().unwrap()
    }

    pub(crate) fn give_stdin(&self, command: &mut Command) {
        command.stdin(self.stream());
    }

    pub(crate) fn give_stderr(&self, command: &mut Command) {
        command.stderr(self.stream()).stdout(Stdio::null());
    }

    fn stream(&self) -> Stdio {
        Stdio::from(self.slave.try_clone().unwrap())
    }

    pub(crate) fn type_text(&self, text: &str) {
        (&self.keyboard).write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    #[track_caller]
    pub(crate) fn wait_for_url(&self) -> Url {
        self.transcript.wait_for_url()
    }

    /// The modes that the terminal is in, as text that can be compared.
    pub(crate) fn modes(&self) -> String {
        format!("{:?}", tcgetattr(self.slave.as_fd()).unwrap())
    }

    /// Whether lines are edited by the terminal, as they are where nobody has changed that.
    pub(crate) fn is_canonical(&self) -> bool {
        tcgetattr(self.slave.as_fd()).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    /// Waits for the child's end.
    #[track_caller]
    pub(crate) fn wait(&self, mut child: Child) -> ExitStatus {
        let deadline = Instant::now() + TEST_TIMEOUT;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the command did not end: {}", self.transcript.text());
            }
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    }

    /// Waits for the child's end with this exit code, and for the terminal to be as it was.
    #[track_caller]
    pub(crate) fn ends(&self, child: Child, code: i32, modes_before: &str) {
        let status = self.wait(child);
        assert_eq!(status.code(), Some(code), "{}", self.transcript.text());
        assert_eq!(self.modes(), modes_before, "the terminal is not as it was");
    }
}
