//! The doors of this room for the fuzz targets in `tests/fuzz`, in no other build.

use std::io::{self, BufRead, Read};

use serde_json::{Map, Value};

use super::check::{once, understand};
use super::csv::Reader;
use super::input::{InputError, Rows};
use super::table::Table;
use super::{Task as _, input};
use crate::commands::members::from::Task as AddMembers;
use crate::commands::spaces::create::from::Task as CreateSpaces;
use crate::commands::spaces::create::new_space::NewSpace;

/// A row, as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number, from 1.
    pub number: u64,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Its members.
    pub members: Map<String, Value>,
    /// What it is recognised by.
    pub content: String,
}

/// Why a row, or the whole input, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What the person is told.
    pub message: String,
    /// Whether nothing after it can be read.
    pub ends: bool,
}

/// Text that arrives in pieces of so many bytes.
struct Pieces {
    text: Vec<u8>,
    at: usize,
    size: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill_buf()?;
        let length = piece.len().min(buffer.len());
        buffer[..length].copy_from_slice(&piece[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let end = self.text.len().min((self.at / self.size + 1).saturating_mul(self.size));
        Ok(&self.text[self.at..end])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

fn pieces(text: &[u8], size: usize) -> input::Bytes {
    Box::new(Pieces { text: text.to_vec(), at: 0, size: size.max(1) })
}

fn wrong(error: &InputError) -> Wrong {
    Wrong { message: error.to_string(), ends: matches!(error, InputError::Broken(_)) }
}

/// All rows of an input that arrives in pieces of `size` bytes.
///
/// # Errors
/// Why it cannot be read at all.
pub fn rows(text: &[u8], size: usize, columns: &[&str]) -> Result<Vec<Result<Row, Wrong>>, Wrong> {
    let mut rows = Rows::read(pieces(text, size), columns).map_err(|error| wrong(&error))?;
    let next = || rows.next();
    let read = std::iter::from_fn(next).map(|row| match row {
        Ok(row) => {
            let content = row.content();
            Ok(Row { number: row.number, line: row.line, members: row.members, content })
        }
        Err(error) => Err(wrong(&error)),
    });
    Ok(read.collect())
}

/// All records of a CSV text, with the lines that they begin on.
///
/// # Errors
/// What the person is told.
pub fn records(text: &[u8], size: usize, delimiter: u8) -> Result<Vec<(u64, Vec<String>)>, String> {
    let mut reader = Reader::new(pieces(text, size), delimiter, 1);
    let mut records = Vec::new();
    while let Some(record) = reader.next().map_err(|error| error.to_string())? {
        records.push((record.line, record.fields));
    }
    Ok(records)
}

/// The columns of `spaces create --from`, and of `members add --from`.
pub fn columns() -> [Vec<&'static str>; 2] {
    let keys = ["idempotency-key", "request-id"];
    let create = CreateSpaces::new(NewSpace::default());
    let add = AddMembers::new(None, false);
    [create.columns(), add.columns()].map(|columns| columns.iter().copied().chain(keys).collect())
}

/// What the rows of an input would do: the requests that create spaces, as `--dry-run` shows them.
pub fn requests(text: &[u8]) -> Vec<Result<Value, Wrong>> {
    let [columns, _] = columns();
    let task = CreateSpaces::new(NewSpace::default());
    let mut seen = Table::new();
    each(text, &columns, |mut row| {
        let (identity, plan) = understand(&task, &mut row, None)?;
        once(&identity, &mut seen).map_err(|reason| super::check::error_at(&row, None, reason))?;
        Ok(plan.request.preview())
    })
}

/// How many rows of an input would add members, and why the others would not.
pub fn additions(text: &[u8]) -> Vec<Result<(), Wrong>> {
    let [_, columns] = columns();
    let task = AddMembers::new(None, false);
    each(text, &columns, |mut row| understand(&task, &mut row, None).map(|_| ()))
}

fn each<Done>(
    text: &[u8],
    columns: &[&str],
    mut understood: impl FnMut(input::Row) -> Result<Done, InputError>,
) -> Vec<Result<Done, Wrong>> {
    match Rows::read(pieces(text, usize::MAX), columns) {
        Err(error) => vec![Err(wrong(&error))],
        Ok(mut rows) => std::iter::from_fn(|| rows.next())
            .map(|row| row.and_then(&mut understood).map_err(|error| wrong(&error)))
            .collect(),
    }
}
