//! What differs between operating systems: the clock, the browser, private files and locks, the terminal, signals.

pub mod browser;
mod clock;
pub mod files;
pub mod input;
mod lock;
#[cfg(feature = "jq")]
mod memory;
pub mod remote;
pub mod signals;
mod standard_stream;
pub mod terminal;

pub use clock::Clock;
pub use lock::{Lock, LockError};
#[cfg(feature = "jq")]
pub use memory::limit_memory;
pub use standard_stream::StandardStream;
