//! Messages on standard error.

use std::io::Write;
use std::sync::OnceLock;

use indicatif::ProgressBar;

use crate::platform::StandardStream;
use crate::platform::sanitise::sanitise;

/// The progress bar on standard error, if there is one. It is removed while a message is written.
static BAR: OnceLock<ProgressBar> = OnceLock::new();

/// Prints messages on standard error and ignores write errors: a closed standard error does not fail a command.
#[derive(Debug, Clone, Copy)]
pub struct Messages {
    quiet: bool,
    colour: bool,
}

impl Messages {
    /// Creates the messages. `quiet` suppresses notes; `colour` is whether labels are coloured.
    pub const fn new(quiet: bool, colour: bool) -> Self {
        Self { quiet, colour }
    }

    /// Lets every message remove this bar while it is written. Only the first bar of the process counts.
    pub fn share_with(bar: &ProgressBar) {
        let _ = BAR.set(bar.clone());
    }

    /// Whether notes are suppressed.
    pub const fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Prints a note, which `--quiet` suppresses.
    pub fn note(self, text: &str) {
        if !self.quiet {
            write(&sanitise(text));
        }
    }

    /// Shows progress on a terminal until the next message replaces it. An empty text removes it.
    pub fn status(self, text: &str) {
        if !self.quiet {
            // Blanks remove a longer text before it also where escape sequences mean nothing.
            let _ = StandardStream::error().write_all(format!("{text:20}\r").as_bytes());
        }
    }

    /// Prints a message that `--quiet` does not suppress.
    pub fn print(self, text: &str) {
        write(&sanitise(text));
    }

    /// Prints a warning.
    pub fn warning(self, text: &str) {
        self.labelled("warning", "33", text);
    }

    /// Prints an error.
    pub fn error(self, text: &str) {
        self.labelled("error", "31", text);
    }

    /// Prints what to do about an error.
    pub fn hint(self, text: &str) {
        self.labelled("hint", "36", text);
    }

    fn labelled(self, label: &str, colour: &str, text: &str) {
        let (on, off) = if self.colour { (format!("\x1b[1;{colour}m"), "\x1b[0m") } else { (String::new(), "") };
        write(&format!("{on}{label}:{off} {}", sanitise(text)));
    }
}

fn write(line: &str) {
    // One write, so that lines of several processes do not mix.
    let write = || drop(StandardStream::error().write_all(format!("{line}\n").as_bytes()));
    match BAR.get() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
