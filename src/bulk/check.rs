//! The whole input, checked before anything is sent.

use super::columns::{Column, RowFault, Values};
use super::identity::Identity;
use super::index::Index;
use super::input::{InputError, Row, Rows};
use crate::platform::input::Source;

/// How many wrong rows are listed.
const LISTED: usize = 20;

/// What a check of the whole input has found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// How many rows there are.
    pub rows: u64,
    /// How many of them say the same as another one.
    pub identical: u64,
}

/// Why the input cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It cannot be read, or not to its end.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Some rows are wrong.
    #[error("{wrong} of {rows} rows cannot be used, the first: {}", .listed.first().map_or("", String::as_str))]
    Rows {
        /// How many.
        wrong: u64,
        /// Of how many.
        rows: u64,
        /// What is wrong with the first of them.
        listed: Vec<String>,
    },
}

/// Checks every row; `plan` says what is wrong with what it says.
///
/// # Errors
/// An input that cannot be read, and rows that cannot be used.
pub fn check(
    source: &Source,
    columns: &[Column],
    defaults: &Values,
    mut plan: impl FnMut(&Values, &str) -> Result<(), RowFault>,
) -> Result<Checked, CheckError> {
    let mut seen = Seen::default();
    let (mut checked, mut wrong, mut listed) = (Checked { rows: 0, identical: 0 }, 0, Vec::new());
    for row in Rows::open(source, columns)? {
        checked.rows += 1;
        let result = row.and_then(|row| {
            let Row { line, mut values } = row;
            let at = |fault| InputError::Row { line, fault };
            let identity = Identity::take(&mut values, defaults).map_err(at)?;
            // Nothing is sent yet, so any id will do.
            plan(&values, identity.request_id.as_deref().unwrap_or("00000000-0000-4000-8000-000000000000"))
                .map_err(at)?;
            seen.add(&identity).map_err(at)
        });
        match result {
            Ok(()) => {}
            Err(error) => {
                wrong += 1;
                if listed.len() < LISTED {
                    listed.push(error.to_string());
                }
            }
        }
    }
    checked.identical = seen.identical;
    if wrong > 0 { Err(CheckError::Rows { wrong, rows: checked.rows, listed }) } else { Ok(checked) }
}

/// The keys and the contents of the rows so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    rows: Index,
    pub(super) identical: u64,
}

impl Seen {
    /// A further row.
    ///
    /// # Errors
    /// Another row has its key or request id.
    pub(super) fn add(&mut self, identity: &Identity) -> Result<(), RowFault> {
        let (copy, _) = self.rows.claim(identity.request_id.as_ref().unwrap_or(&identity.text));
        match (copy, identity.keyed()) {
            (0, _) => {}
            (_, true) => {
                let key = identity.text.split_once(':').map_or("", |(_, key)| key);
                return Err(RowFault::row(format!("the key or request id {key:?} appears in two rows")));
            }
            (1, false) => self.identical += 2,
            (_, false) => self.identical += 1,
        }
        Ok(())
    }
}
