//! Prints results and messages: formats, tables, filters, and the escaping of text from servers and files.

mod details;
mod error;
mod formats;
#[cfg(feature = "jq")]
mod jq;
#[cfg(not(feature = "jq"))]
#[path = "no_jq.rs"]
mod jq;
mod json;
mod messages;
mod printer;
mod relative_time;
mod renderer;
mod sink;
mod width;

pub use crate::platform::sanitise::{sanitise, sanitise_lines};
pub use details::{Details, Mark};
pub use error::Error;
pub use formats::Format;
pub use jq::Filter;
#[cfg(feature = "jq")]
pub use jq::serve_filter;
pub use json::safe_json;
pub use messages::Messages;
pub use printer::{List, Printer};
pub use renderer::{Item, RowResult};
pub use sink::Screen;
