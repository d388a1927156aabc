//! The error of options that are parsed from text.

/// The reason why the text of an option is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidOption(String);

impl InvalidOption {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
