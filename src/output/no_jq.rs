//! `--jq` in a program that was built without it.

use std::convert::Infallible;
use std::io::Write;

use serde_json::Value;

use super::error::Error;

/// An expression; there can be none.
#[derive(Debug)]
pub struct Filter(Infallible);

/// Why there is no filter. The message follows the text of the expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not supported: this chatauth was built without the feature jq")]
pub struct FilterError;

impl Filter {
    /// Refuses every expression.
    ///
    /// # Errors
    /// Always.
    pub const fn compile(_expression: &str) -> Result<Self, FilterError> {
        Err(FilterError)
    }

    pub(super) fn run(&self, _: &Value, _pretty: bool, _terminal: bool, _: &mut dyn Write) -> Result<(), Error> {
        match self.0 {}
    }
}
