//! What `--verbose` shows: this program's own records, never those of the libraries that handle tokens.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

use crate::output::sanitise;
use crate::platform::StandardStream;

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "chatauth" || metadata.target().starts_with("chatauth::")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("chatauth: {}\n", sanitise(&record.args().to_string()));
            let _ = StandardStream::error().write_all(line.as_bytes());
        }
    }

    fn flush(&self) {}
}

/// Enables logging at the level given by the number of `-v` flags.
pub(super) fn start(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::Info,
        _ => LevelFilter::Debug,
    };
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}
