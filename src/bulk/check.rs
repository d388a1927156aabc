//! The check of the whole input, before anything is sent.

use super::columns::{Column, RowFault, Values};
use super::identity::Identity;
use super::index::Index;
use super::input::{InputError, Row, Rows};
use super::journal::Journal;
use crate::platform::input::Source;
use crate::platform::sanitise::quoted;

/// The maximum number of wrong rows that are listed.
const LISTED: usize = 20;

/// The result of a check.
#[derive(Debug, Default)]
pub struct Checked {
    /// The number of rows.
    pub rows: u64,
    /// The number of rows that are identical to another one.
    pub identical: u64,
    /// The number of rows that cannot be used.
    pub wrong: u64,
    /// The reasons of the first of them.
    pub listed: Vec<String>,
}

/// Checks every row. `plan` checks its values.
///
/// # Errors
/// The input cannot be read to its end.
pub fn check(
    source: &Source,
    columns: &[Column],
    defaults: &Values,
    mut plan: impl FnMut(&Values, &str) -> Result<(), RowFault>,
) -> Result<Checked, InputError> {
    let (mut seen, mut checked) = (Seen::default(), Checked::default());
    for row in Rows::open(source, columns)? {
        checked.rows += 1;
        let result = row.and_then(|Row { line, mut values }| {
            let mut check = || {
                let identity = Identity::extract(&mut values, defaults)?;
                // Nothing is sent yet, so any id will do.
                plan(&values, identity.request_id.as_deref().unwrap_or("00000000-0000-4000-8000-000000000000"))?;
                seen.add(&identity)
            };
            check().map_err(|fault| InputError::Row { line, fault })
        });
        if let Err(error) = result {
            checked.wrong += 1;
            if checked.listed.len() < LISTED {
                checked.listed.push(error.to_string());
            }
        }
    }
    Ok(Checked { identical: seen.identical, ..checked })
}

/// Counts the rows in the journal, which then knows what it has besides. The identities of the check are not kept for it:
/// in a large run there is memory for one table.
///
/// # Errors
/// The input cannot be read.
pub fn count(source: &Source, columns: &[Column], defaults: &Values, journal: &Journal) -> Result<(), InputError> {
    for Row { mut values, .. } in Rows::open(source, columns)?.flatten() {
        if let Ok(identity) = Identity::extract(&mut values, defaults) {
            journal.count(&identity.text);
        }
    }
    Ok(())
}

/// The identities of the rows so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    rows: Index,
    pub(super) identical: u64,
}

impl Seen {
    /// Adds a row.
    ///
    /// # Errors
    /// Another row has its key or request id.
    pub(super) fn add(&mut self, identity: &Identity) -> Result<(), RowFault> {
        let (copy, _) = self.rows.claim(identity.request_id.as_ref().unwrap_or(&identity.text));
        match copy {
            0 => {}
            _ if identity.keyed() => {
                let key = identity.text.split_once(':').map_or("", |(_, key)| key);
                return Err(RowFault::whole_row(format!("the key or request id {} appears in two rows", quoted(key))));
            }
            // The first copy counts now, too.
            1 => self.identical += 2,
            _ => self.identical += 1,
        }
        Ok(())
    }
}
