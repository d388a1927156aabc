//! Comma-separated values ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)) with line feeds.
//!
//! The RFC's CRLF would leave a carriage return on every line for `cut`, `awk` and `read`; every reader of CSV takes
//! line feeds, and gcloud and Python's and Rust's writers on Unix send them. Cells that begin with `=`, `+`, `-` or
//! `@` stay as they are: this is data for programs, and a changed value would be wrong for all of them. Whoever opens
//! such a file in a spreadsheet imports it as text.

use serde_json::Value;

/// One record with its line feed.
pub(super) fn record<Cells>(cells: Cells) -> String
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

/// The value that a column shows: a path of members as in `spaceDetails.description`. What is not there is empty,
/// text is itself, everything else its JSON.
pub(super) fn cell(json: &Value, column: &str) -> String {
    let value = column.split('.').try_fold(json, |value, member| value.get(member));
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A heading for people as a column is called: `LAST ACTIVE` becomes `last_active`.
pub(super) fn column(heading: &str) -> String {
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
