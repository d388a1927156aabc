//! Entry points for the fuzz targets in `tests/fuzz`, compiled for fuzzing only.

use std::io::{BufReader, Cursor};

use serde_json::{Map, Value};

use super::columns::{Column, RowFault, Values};
use super::csv::Reader;
use super::identity::Identity;
use super::input::{self, InputError, Rows};
use super::text::Text;
use crate::platform::encoding::Bytes;

/// A row, as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, from 1.
    pub number: u64,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its typed values.
    pub members: Map<String, Value>,
    /// The identity of the row.
    pub identity: Option<String>,
}

/// Why a row, or the whole input, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The error message.
    pub message: String,
    /// Whether nothing after it can be read.
    pub ends: bool,
}

/// Returns a text that arrives in pieces of so many bytes.
fn pieces(text: &[u8], size: usize) -> Bytes<'static> {
    Box::new(BufReader::with_capacity(size.clamp(1, text.len().max(1)), Cursor::new(text.to_vec())))
}

fn wrong(error: &InputError) -> Wrong {
    Wrong { message: error.to_string(), ends: matches!(error, InputError::Broken(_)) }
}

/// Returns all rows of an input that arrives in pieces of `size` bytes.
///
/// # Errors
/// The input cannot be read at all.
pub fn rows(text: &[u8], size: usize, columns: &[Column]) -> Result<Vec<Result<Row, Wrong>>, Wrong> {
    let rows = Rows::read(pieces(text, size), columns).map_err(|error| wrong(&error))?;
    Ok((1..)
        .zip(rows)
        .map(|(number, row)| {
            let input::Row { line, values } = row.map_err(|error| wrong(&error))?;
            let identity = Identity::extract(&mut values.clone(), &Values::default()).ok();
            Ok(Row { number, line, members: values.0, identity: identity.map(|identity| identity.text) })
        })
        .collect())
}

/// Returns all records of a CSV text, with the lines that they begin on.
///
/// # Errors
/// The text is not CSV.
pub fn records(text: &[u8], size: usize, delimiter: u8) -> Result<Vec<(u64, Vec<String>)>, String> {
    let text = Text::open(pieces(text, size)).map_err(|error| error.to_string())?;
    let mut reader = Reader { text, delimiter };
    let mut records = Vec::new();
    while let Some(record) = reader.next().map_err(|error| error.to_string())? {
        records.push((record.line, record.fields));
    }
    Ok(records)
}

/// Returns what `plan` makes of the rows of an input.
pub fn planned<Work>(
    text: &[u8],
    columns: &[Column],
    mut plan: impl FnMut(&Values, &str) -> Result<Work, RowFault>,
) -> Vec<Result<Work, Wrong>> {
    let planned = |row: Result<input::Row, InputError>| {
        let input::Row { line, mut values } = row?;
        let at = |fault| InputError::Row { line, fault };
        let identity = Identity::extract(&mut values, &Values::default()).map_err(at)?;
        plan(&values, identity.request_id.as_deref().unwrap_or("00000000-0000-4000-8000-000000000000")).map_err(at)
    };
    match Rows::read(pieces(text, usize::MAX), columns) {
        Err(error) => vec![Err(wrong(&error))],
        Ok(rows) => rows.map(planned).map(|row| row.map_err(|error| wrong(&error))).collect(),
    }
}
