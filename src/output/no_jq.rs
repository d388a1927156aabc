//! `--jq` in a program that was built without it.

use std::convert::Infallible;
use std::io::Write;

use serde_json::Value;

use super::error::Error;

/// An expression; there can be none.
#[derive(Debug)]
pub struct Filter(Infallible);

impl Filter {
    /// Refuses every expression.
    ///
    /// # Errors
    /// Always. The message follows the text of the expression.
    pub fn compile(_expression: &str) -> Result<Self, String> {
        Err(String::from("is not supported: this chatauth was built without the feature jq"))
    }

    pub(super) fn run(&self, _: &Value, _pretty: bool, _terminal: bool, _: &mut dyn Write) -> Result<(), Error> {
        match self.0 {}
    }
}
