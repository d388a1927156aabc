//! Comma-separated values ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)) with line feeds.
//!
//! The RFC's CRLF would leave a carriage return on every line for `cut`, `awk` and `read`; every reader of CSV takes
//! line feeds, and gcloud and Python's and Rust's writers on Unix send them. Cells that begin with `=`, `+`, `-` or
//! `@` stay as they are: this is data for programs, and a changed value would be wrong for all of them. Whoever opens
//! such a file in a spreadsheet imports it as text.

use serde_json::Value;

use crate::output::details::Details;
use crate::output::error::Error;
use crate::output::renderer::{Columns, Item, Kind, ListRenderer, Renderer, Row, RowResult, Traits};
use crate::output::sink::Sink;
use crate::platform::sanitise::sanitise_lines;

/// The format `csv`.
pub(super) struct Csv;

impl Renderer for Csv {
    fn traits(&self) -> Traits {
        Traits { kind: Kind::Text, is_streamed: false, is_for_lists_only: true }
    }

    fn item(&self, item: &Item<'_>, details: &Details, sink: &mut Sink<'_>) -> Result<(), Error> {
        let paths = details.csv_columns();
        let (header, values) = if paths.is_empty() {
            let (labels, cells): (Vec<_>, Vec<_>) = details.cells().unzip();
            (record(labels.into_iter().map(column)), record(cells))
        } else {
            (record(paths), record(paths.iter().map(|path| cell(item.json, path))))
        };
        print(&(header + &values), sink)
    }

    fn document(&self, _json: &Value, _sink: &mut Sink<'_>) -> Result<(), Error> {
        Err(Error::ListsOnly)
    }

    fn row(&self, _row: &RowResult<'_>, _sink: &mut Sink<'_>) -> Result<(), Error> {
        Err(Error::ListsOnly)
    }

    fn list(&self) -> Box<dyn ListRenderer> {
        Box::new(Records::default())
    }
}

/// A list, whose header comes with its first record or its end.
#[derive(Default)]
struct Records {
    has_header: bool,
}

impl Records {
    fn header(&mut self, columns: &Columns) -> String {
        if std::mem::replace(&mut self.has_header, true) {
            String::new()
        } else if columns.paths.is_empty() {
            record(columns.headings.iter().map(|heading| column(heading)))
        } else {
            record(columns.paths)
        }
    }
}

impl ListRenderer for Records {
    fn push(&mut self, item: &Item<'_>, row: Row, columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error> {
        let values = if columns.paths.is_empty() {
            record(row)
        } else {
            record(columns.paths.iter().map(|path| cell(item.json, path)))
        };
        print(&(self.header(columns) + &values), sink)
    }

    fn finish(&mut self, columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error> {
        print(&self.header(columns), sink)
    }
}

/// Prints records: exactly into a file or pipe, without control characters on a terminal.
fn print(records: &str, sink: &mut Sink<'_>) -> Result<(), Error> {
    if sink.screen.is_some() { sink.text(&sanitise_lines(records)) } else { sink.text(records) }
}

/// Formats one record with its line feed.
fn record<Cells>(cells: Cells) -> String
where
    Cells: IntoIterator,
    Cells::Item: AsRef<str>,
{
    let cells: Vec<String> = cells.into_iter().map(|cell| quoted(cell.as_ref())).collect();
    // A record of one empty cell would be an empty line, which readers skip.
    if cells.len() == 1 && cells[0].is_empty() { String::from("\"\"\n") } else { cells.join(",") + "\n" }
}

fn quoted(cell: &str) -> String {
    let needs = |character: char| matches!(character, ',' | '"' | '\n' | '\r');
    let blank_ends = cell.starts_with([' ', '\t']) || cell.ends_with([' ', '\t']);
    if cell.chars().any(needs) || blank_ends { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// Returns the cell at a path such as `spaceDetails.description`: text as it is, other values as JSON, a missing value
/// as nothing.
fn cell(json: &Value, path: &str) -> String {
    let value = path.split('.').try_fold(json, |value, member| value.get(member));
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Turns a heading for people into the name of a column: `LAST ACTIVE` into `last_active`.
fn column(heading: &str) -> String {
    heading.trim().to_lowercase().replace(' ', "_")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A reader as the RFC describes it.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut records, mut cells, mut cell, mut inside) = (Vec::new(), Vec::new(), String::new(), false);
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' if inside && characters.peek() == Some(&'"') => cell.extend(characters.next()),
                '"' => inside = !inside,
                ',' if !inside => cells.push(std::mem::take(&mut cell)),
                '\n' if !inside => {
                    cells.push(std::mem::take(&mut cell));
                    records.push(std::mem::take(&mut cells));
                }
                other => cell.push(other),
            }
        }
        records
    }

    #[test]
    fn what_needs_quotes_gets_them() {
        assert_eq!(
            record(["a", "b,c", "say \"x\"", "1\n2", "=1+1", "", " x"]),
            "a,\"b,c\",\"say \"\"x\"\"\",\"1\n2\",=1+1,,\" x\"\n"
        );
        assert_eq!(record([""]), "\"\"\n");
    }

    #[test]
    fn columns_are_paths() {
        let space = json!({"name": "spaces/A", "spaceDetails": {"description": "d"}, "n": 1.50, "list": ["x"]});
        for (column, expected) in [
            ("name", "spaces/A"),
            ("spaceDetails.description", "d"),
            ("n", "1.5"),
            ("list", "[\"x\"]"),
            ("no.such", ""),
        ] {
            assert_eq!(cell(&space, column), expected);
        }
        assert_eq!(column("LAST ACTIVE"), "last_active");
    }

    proptest! {
        #[test]
        fn every_cell_comes_back(cells in prop::collection::vec(any::<String>(), 1..5)) {
            prop_assert_eq!(read(&record(&cells)), vec![cells]);
        }
    }
}
