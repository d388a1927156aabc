//! No core file holds what a process knows.
#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::ordinary_user::not_run;
use crate::support::pending_login::PendingLogin;
use crate::support::sandbox::Sandbox;
use crate::support::stage::{send_signal, wrapped};

/// Lets a command leave core files behind.
fn dumping(sandbox: &Sandbox, plain: &Command) -> Command {
    let script = "ulimit -c unlimited; exec \"$0\" \"$@\"";
    let mut command = wrapped(plain, &["sh".as_ref(), "-c".as_ref(), script.as_ref(), plain.get_program()]);
    command.current_dir(sandbox.path(""));
    command
}

#[test]
fn property_82_a_process_that_dies_leaves_no_core_file() {
    let sandbox = Sandbox::new();
    let mut other = Command::new("sleep");
    other.arg("60").current_dir(sandbox.path(""));
    let mut other = dumping(&sandbox, &other).stdin(Stdio::null()).spawn().unwrap();
    // Only what has become the other program can be killed as such.
    std::thread::sleep(std::time::Duration::from_millis(200));
    send_signal(&other, Signal::QUIT);
    if !other.wait().unwrap().core_dumped() {
        return not_run("property_82", "no process leaves core files here");
    }
    let waiting = PendingLogin::start(dumping(&sandbox, &sandbox.command(["auth", "login", "--no-browser"])));
    waiting.signal(Signal::QUIT);
    let finished = waiting.finish(&sandbox);
    assert_eq!(finished.status.signal(), Some(Signal::QUIT.as_raw()));
    assert!(!finished.status.core_dumped());
}
