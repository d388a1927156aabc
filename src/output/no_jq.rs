//! `--jq` in a program that was built without it.

use std::convert::Infallible;
use std::io::Write;

use serde_json::Value;

use super::error::Error;

/// An expression; there can be none.
#[derive(Debug)]
pub struct Filter(Infallible);

/// Why there is none; to be read after its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not supported: this chatauth was built without the feature jq")]
pub struct FilterError;

/// How what comes out would be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Objects and arrays over several lines.
    pub(super) pretty: bool,
    /// Text is shown on a terminal.
    pub(super) terminal: bool,
}

impl Filter {
    /// Refuses every expression.
    ///
    /// # Errors
    /// Always.
    pub const fn compile(_expression: &str) -> Result<Self, FilterError> {
        Err(FilterError)
    }

    pub(super) fn run(&self, _input: &Value, layout: Layout, _out: &mut dyn Write) -> Result<(), Error> {
        let _ = (layout.pretty, layout.terminal);
        match self.0 {}
    }
}
