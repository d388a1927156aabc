//! Running the binary as an ordinary user, for whom modes mean something.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::sandbox::Sandbox;

/// The user that owns nothing.
const NOBODY: &str = "65534";

/// Says that a test proves nothing here. Written past the harness, which keeps the output of passing tests to itself.
pub(crate) fn not_run(test: &str, why: &str) {
    let line = format!("\nNOT RUN: {test}: {why}\n");
    let tty = fs::OpenOptions::new().append(true).open("/dev/stderr");
    let _ =
        tty.map_or_else(|_| std::io::stderr().write_all(line.as_bytes()), |mut file| file.write_all(line.as_bytes()));
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether this user sees the open files of the program. As it leaves no core files, its own user does not; root does.
pub(crate) fn sees_descriptors(test: &str) -> bool {
    if !is_root() {
        not_run(test, "only root sees which files the program has open");
    }
    is_root()
}

/// Whoever runs the commands of a test: this user, or nobody when that is root.
pub(crate) struct OrdinaryUser<'a> {
    sandbox: &'a Sandbox,
}

impl<'a> OrdinaryUser<'a> {
    /// `None`, said loudly, where no ordinary user can be had.
    pub(crate) fn of(sandbox: &'a Sandbox, test: &str) -> Option<Self> {
        let user = Self { sandbox };
        if is_root() {
            let program = sandbox.path("bin/chatauth");
            // The build may lie where only root can go.
            fs::hard_link(env!("CARGO_BIN_EXE_chatauth"), &program)
                .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_chatauth"), &program).map(drop))
                .unwrap();
            fs::remove_file(sandbox.path("bin/chatauth-browser")).unwrap();
            symlink(&program, sandbox.path("bin/chatauth-browser")).unwrap();
            user.takes(&sandbox.path(""));
            let works = user.command(["--version"]).output().is_ok_and(|output| output.status.success());
            if !works {
                not_run(test, "needs an ordinary user, and setpriv cannot make one");
                return None;
            }
        }
        Some(user)
    }

    /// The files below `path` belong to the user from now on.
    pub(crate) fn takes(&self, path: &Path) {
        if is_root() && path != self.sandbox.path("bin/chatauth") {
            std::os::unix::fs::lchown(path, Some(65534), Some(65534)).unwrap();
            if path.is_dir() && !path.is_symlink() {
                for entry in fs::read_dir(path).unwrap() {
                    self.takes(&entry.unwrap().path());
                }
            }
        }
    }

    /// The sandbox's command, run by that user.
    pub(crate) fn command<Words>(&self, words: Words) -> Command
    where
        Words: IntoIterator,
        Words::Item: AsRef<OsStr>,
    {
        let plain = self.sandbox.command(words);
        if !is_root() {
            return plain;
        }
        let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), String::from("--clear-groups")];
        let mut command = Command::new("setpriv");
        command.args(user).arg(self.sandbox.path("bin/chatauth")).args(plain.get_args());
        inherit(&mut command, &plain);
        command
    }
}

/// Gives `command` the surroundings of `plain`.
pub(crate) fn inherit(command: &mut Command, plain: &Command) {
    command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(plain.get_current_dir().unwrap()).stdin(Stdio::null());
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
