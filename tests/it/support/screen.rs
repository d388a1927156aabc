//! A terminal of a chosen width for the binary's standard output.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::termios::{Winsize, tcsetwinsize};

use crate::support::sandbox::{Sandbox, TEST_TIMEOUT};

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
    assert!(started.elapsed() < TEST_TIMEOUT);
    (reader.join().unwrap(), status.code())
}

/// What a command writes to a terminal of `columns` on standard output and standard error, byte for byte.
pub(crate) fn written(mut command: Command, columns: u16) -> String {
    let (master, slave) = crate::support::pty_pair::open();
    tcsetwinsize(&master, Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut child = command.stdout(slave.try_clone().unwrap()).stderr(slave).env("TERM", "xterm").spawn().unwrap();
    drop(command);
    let mut bytes = Vec::new();
    let _ = File::from(master).read_to_end(&mut bytes);
    child.wait().unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A terminal, with all that has scrolled off its top.
pub(crate) struct Terminal {
    columns: usize,
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Terminal {
    pub(crate) fn new(columns: u16) -> Self {
        Self { columns: columns.into(), lines: vec![Vec::new()], row: 0, column: 0 }
    }

    /// The lines, without blanks at their ends.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned()).collect()
    }

    /// Shows text. A control sequence that it does not know fails the test.
    pub(crate) fn show(&mut self, text: &str) {
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            match character {
                '\r' => self.column = 0,
                '\n' => self.move_to(self.row + 1),
                '\x1b' => {
                    assert_eq!(rest.next(), Some('['), "{text:?}");
                    let mut parameter = String::new();
                    let last = rest.by_ref().find(|next| {
                        parameter.extend((!next.is_ascii_alphabetic()).then_some(*next));
                        next.is_ascii_alphabetic()
                    });
                    self.control(&parameter, last.unwrap());
                }
                character => self.put(character),
            }
        }
    }

    fn put(&mut self, character: char) {
        if self.column == self.columns {
            self.move_to(self.row + 1);
            self.column = 0;
        }
        let line = &mut self.lines[self.row];
        line.resize(line.len().max(self.column + 1), ' ');
        line[self.column] = character;
        self.column += 1;
    }

    fn control(&mut self, parameter: &str, last: char) {
        let count = parameter.parse().unwrap_or(1);
        match (last, parameter) {
            ('A', _) => self.row = self.row.saturating_sub(count),
            ('B', _) => self.move_to(self.row + count),
            ('K', "2") => self.lines[self.row].clear(),
            ('K', "" | "0") => self.lines[self.row].truncate(self.column),
            ('J', "" | "0") => {
                self.lines[self.row].truncate(self.column);
                self.lines.truncate(self.row + 1);
            }
            ('m', _) | ('h' | 'l', "?25") => {}
            _ => panic!("unknown control sequence {parameter}{last}"),
        }
    }

    fn move_to(&mut self, row: usize) {
        self.row = row;
        self.lines.resize(self.lines.len().max(row + 1), Vec::new());
    }
}
