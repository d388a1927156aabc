//! Interfaces to the operating system: the clock, the browser, private files and locks, the terminal, escaping and quoting,
//! signals.

pub mod browser;
mod clock;
mod core_dumps;
pub mod encoding;
pub mod files;
pub mod input;
mod lock;
#[cfg(feature = "jq")]
mod memory;
pub mod remote;
pub mod runtime;
pub mod sanitise;
mod shell;
pub mod signals;
mod standard_stream;
pub mod terminal;

pub use clock::Clock;
pub use core_dumps::forbid_core_dumps;
pub use lock::{Lock, LockBusy};
#[cfg(feature = "jq")]
pub use memory::limit_memory;
pub use shell::command_line;
pub use standard_stream::StandardStream;
