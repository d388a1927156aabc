//! What differs between operating systems: the clock, the browser, private files and locks, the terminal, signals.

mod clock;

pub use clock::Clock;
