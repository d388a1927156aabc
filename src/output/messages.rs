//! What is said on standard error.

use std::io::Write;

use super::sanitise::sanitise;
use crate::platform::StandardStream;

/// Says things on standard error. That it may be closed is no reason to fail.
#[derive(Debug, Clone, Copy)]
pub struct Messages {
    quiet: bool,
    colour: bool,
}

impl Messages {
    /// `quiet` keeps notes back; `colour` is for terminals that show it.
    pub const fn new(quiet: bool, colour: bool) -> Self {
        Self { quiet, colour }
    }

    /// Whether notes are kept back.
    pub const fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Something good to know; kept back by `--quiet`.
    pub fn note(self, text: &str) {
        if !self.quiet {
            write(&sanitise(text));
        }
    }

    /// Something that the person has to know, whatever they said about quiet.
    pub fn always(self, text: &str) {
        write(&sanitise(text));
    }

    /// Something that is not as it should be.
    pub fn warning(self, text: &str) {
        self.labelled("warning", "33", text);
    }

    /// Why the command failed.
    pub fn error(self, text: &str) {
        self.labelled("error", "31", text);
    }

    /// What to do about it.
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
    let _ = StandardStream::error().write_all(format!("{line}\n").as_bytes());
}
