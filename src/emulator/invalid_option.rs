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

/// Returns the choice of this name.
pub(super) fn one_of<T: Clone>(text: &str, choices: &[(&str, T)]) -> Result<T, InvalidOption> {
    let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| choice.clone());
    found.ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        InvalidOption::new(format!("`{text}` is none of `{}`", names.join("`, `")))
    })
}
