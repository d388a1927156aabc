//! How results and messages look: formats, tables, and making text from elsewhere harmless.

mod human;
mod json;
mod messages;
mod printer;
mod sanitise;
mod shell;

pub use human::Details;
pub use json::safe_json;
pub use messages::Messages;
pub use printer::{Item, List, Printer};
pub use sanitise::sanitise;
pub use shell::command_line;

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Human,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Bare resource names, one a line.
    Name,
}
