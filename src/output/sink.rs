//! Where results go: standard output, the screen behind it, and the filter before it.

use std::io::Write;

use serde_json::Value;
use time::OffsetDateTime;

use super::error::Error;
use super::jq::Filter;
use super::json::safe_json;

/// The terminal that shows the results.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Its width.
    pub columns: usize,
    /// Whether it shows UTF-8.
    pub utf8: bool,
    /// The time at which the program started, for relative times.
    pub now: OffsetDateTime,
}

/// Where results go.
pub(super) struct Sink<'a> {
    pub(super) out: &'a mut dyn Write,
    /// Whether headings and labels are bold.
    pub(super) bold: bool,
    /// The terminal at the other end, if there is one.
    pub(super) screen: Option<Screen>,
    /// The expression that every JSON document goes through.
    pub(super) filter: Option<&'a Filter>,
}

impl Sink<'_> {
    /// Writes text as it is.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Error> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes as they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes)?;
        Ok(self.out.flush()?)
    }

    /// Writes a JSON document, through the filter if there is one.
    pub(super) fn json(&mut self, json: &Value, pretty: bool) -> Result<(), Error> {
        let Some(filter) = self.filter else { return self.text(&(safe_json(json, pretty) + "\n")) };
        filter.run(json, pretty, self.screen.is_some(), self.out)?;
        Ok(self.out.flush()?)
    }
}
