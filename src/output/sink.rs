//! Where results go: standard output, the screen behind it, and the filter before it.

use std::cell::RefCell;
use std::io::Write;

use serde_json::Value;

use super::error::Error;
use super::jq::{Filter, Layout};
use super::json::safe_json;
use super::screen::Screen;

/// Where results go.
#[derive(Clone, Copy)]
pub(super) struct Sink<'a> {
    pub(super) out: &'a RefCell<Box<dyn Write>>,
    /// Whether headings and labels are bold.
    pub(super) bold: bool,
    /// The terminal at the other end, if there is one.
    pub(super) screen: Option<Screen>,
    /// The expression that every JSON document goes through.
    pub(super) filter: Option<&'a Filter>,
}

impl Sink<'_> {
    /// Writes text as it is.
    pub(super) fn text(self, text: &str) -> Result<(), Error> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes as they are.
    pub(super) fn bytes(self, bytes: &[u8]) -> Result<(), Error> {
        let mut out = self.out.borrow_mut();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Writes a JSON document, through the filter if there is one.
    pub(super) fn json(self, json: &Value, pretty: bool) -> Result<(), Error> {
        let Some(filter) = self.filter else { return self.text(&(safe_json(json, pretty) + "\n")) };
        let mut out = self.out.borrow_mut();
        filter.run(json, Layout { pretty, terminal: self.screen.is_some() }, &mut *out)?;
        Ok(out.flush()?)
    }
}
