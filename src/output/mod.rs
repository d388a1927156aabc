//! How results and messages look: formats, tables, filters, and making text from elsewhere harmless.

mod csv;
mod details;
mod error;
#[cfg(feature = "jq")]
mod jq;
#[cfg(not(feature = "jq"))]
#[path = "no_jq.rs"]
mod jq;
mod json;
mod messages;
mod moment;
mod printer;
mod sanitise;
mod shell;
mod table;
mod width;

pub use details::Details;
pub use error::Error;
pub use jq::{Filter, FilterError};
pub use json::safe_json;
pub use messages::Messages;
pub use moment::relative;
pub use printer::{Item, List, Printer, Screen};
pub use sanitise::{sanitise, sanitise_lines};
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
    /// A header and one record for each result ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)).
    Csv,
    /// Bare resource names, one a line.
    Name,
}
