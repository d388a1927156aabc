//! A terminal of a chosen width for the binary's standard output.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::sandbox::{PATIENCE, Sandbox};

/// What a command shows on a terminal of `columns`, and its exit code. Standard error goes to the terminal of the test.
pub(crate) fn show(sandbox: &Sandbox, mut command: Command, columns: u16) -> (String, Option<i32>) {
    let (master, slave) = crate::support::pty_pair::open();
    tcsetwinsize(&master, Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut child = command.stdout(slave).stderr(Stdio::piped()).spawn().unwrap();
    // The command's copy of the terminal has to be the last one, or the reader below never sees the end.
    drop(command);
    let mut errors = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut shown = Vec::new();
        // Linux ends a terminal whose last writer is gone with an error.
        let _ = File::from(master).read_to_end(&mut shown);
        String::from_utf8(shown).unwrap().replace("\r\n", "\n")
    });
    let mut stderr = String::new();
    errors.read_to_string(&mut stderr).unwrap();
    sandbox.check_secrets(&stderr);
    let started = std::time::Instant::now();
    let status = child.wait().unwrap();
    assert!(started.elapsed() < PATIENCE);
    (reader.join().unwrap(), status.code())
}
