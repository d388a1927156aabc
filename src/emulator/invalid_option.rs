//! The error of every option that is read from text.

/// Why a setting given as text was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidOption(String);

impl InvalidOption {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}
