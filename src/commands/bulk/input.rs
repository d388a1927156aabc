//! The rows of a bulk run: CSV with a header, or JSON Lines, read one by one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::platform::input::Source;

use super::csv::{self, CsvError, LONGEST_RECORD};

/// A row whose meaning is not looked at yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Its number among the rows, from 1.
    pub(super) number: u64,
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// Its members, by the long names of the options (`import-mode`, whether it said `importMode` or `import-mode`).
    pub(super) members: Map<String, Value>,
}

impl Row {
    /// A hash of what the row says, whatever the order of its members and columns.
    pub(super) fn content(&self) -> String {
        let mut members: Vec<(&String, &Value)> = self.members.iter().collect();
        members.sort_by_key(|(name, _)| name.as_str());
        let mut hash = Sha256::new();
        for (name, value) in members {
            for part in [name.as_str(), &value.to_string()] {
                hash.update(part.len().to_le_bytes());
                hash.update(part);
            }
        }
        let mut first = [0; 16];
        first.copy_from_slice(&hash.finalize()[..16]);
        format!("{:032x}", u128::from_be_bytes(first))
    }
}

/// What is wrong with the input, and where.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    /// One row is wrong; the rows after it can still be read.
    #[error("line {line}{}: {reason}", .column.as_ref().map(|column| format!(", column {column}")).unwrap_or_default())]
    Row {
        /// Where the row begins.
        line: u64,
        /// The column, by name or number, where it is known.
        column: Option<String>,
        /// Why.
        reason: String,
    },
    /// Nothing after this can be made sense of.
    #[error("{0}")]
    Broken(String),
}

impl From<CsvError> for InputError {
    fn from(error: CsvError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The byte order mark that spreadsheets put before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) type Bytes = Box<dyn BufRead + Send>;

enum Format {
    Lines { source: Bytes, line: u64 },
    Csv { reader: csv::Reader<Bytes>, header: Vec<String> },
    Empty,
}

/// The rows of an input.
pub(super) struct Rows {
    format: Format,
    number: u64,
}

impl Rows {
    /// Opens the input. `columns` are the names that a CSV header may have.
    pub(super) fn open(source: &Source, columns: &[&str]) -> Result<Self, InputError> {
        let bytes: Bytes = match source {
            Source::StandardInput => Box::new(BufReader::new(io::stdin())),
            Source::File(path) => {
                let broken =
                    |error: io::Error| InputError::Broken(format!("{} cannot be read: {error}", path.display()));
                Box::new(BufReader::new(File::open(path).map_err(broken)?))
            }
        };
        Self::read(bytes, columns)
    }

    pub(super) fn read(mut source: Bytes, columns: &[&str]) -> Result<Self, InputError> {
        let broken = |error: io::Error| InputError::Broken(format!("the input cannot be read: {error}"));
        let mut line = 1;
        let mut blank = 0;
        // A pipe delivers in pieces of any size, so a byte order mark may come in three of them.
        let mut mark = Vec::new();
        let first = loop {
            let buffer = source.fill_buf().map_err(broken)?;
            let Some(&byte) = buffer.first() else { break None };
            if blank > LONGEST_RECORD {
                return Err(InputError::Broken(String::from("the input begins with nothing but white space")));
            }
            match byte {
                byte if blank == mark.len() && MARK.get(mark.len()) == Some(&byte) => {
                    mark.push(byte);
                    source.consume(1);
                }
                _ if !mark.is_empty() && mark.len() < MARK.len() => {
                    return Err(InputError::Broken(String::from("line 1: not UTF-8")));
                }
                b'\n' => {
                    line += 1;
                    source.consume(1);
                }
                b' ' | b'\t' | b'\r' => source.consume(1),
                other => break Some(other),
            }
            blank += 1;
        };
        let format = match first {
            None if !mark.is_empty() && mark != MARK => {
                return Err(InputError::Broken(String::from("line 1: not UTF-8")));
            }
            None => Format::Empty,
            Some(b'{') => Format::Lines { source, line },
            Some(b'[') => {
                return Err(InputError::Broken(String::from(
                    "the input is a JSON array; write one object a line (jq -c '.[]' does that)",
                )));
            }
            Some(_) => csv(source, line, columns)?,
        };
        Ok(Self { format, number: 0 })
    }

    /// The next row; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Result<Row, InputError>> {
        let row = match &mut self.format {
            Format::Empty => return None,
            Format::Lines { source, line } => next_line(source, line),
            Format::Csv { reader, header } => next_record(reader, header),
        };
        match row {
            Ok(None) => None,
            Ok(Some((line, members))) => {
                self.number += 1;
                Some(Ok(Row { number: self.number, line, members }))
            }
            Err(error) => {
                self.number += 1;
                if matches!(error, InputError::Broken(_)) {
                    self.format = Format::Empty;
                }
                Some(Err(error))
            }
        }
    }
}

type Next = Result<Option<(u64, Map<String, Value>)>, InputError>;

fn next_line(source: &mut Bytes, line: &mut u64) -> Next {
    loop {
        let mut text = Vec::new();
        let length = source
            .take(LONGEST_RECORD as u64 + 1)
            .read_until(b'\n', &mut text)
            .map_err(|error| InputError::Broken(format!("the input cannot be read: {error}")))?;
        if length == 0 {
            return Ok(None);
        }
        let here = *line;
        *line += 1;
        if length > LONGEST_RECORD {
            return Err(InputError::Broken(format!("line {here}: longer than {LONGEST_RECORD} bytes")));
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let wrong = |column: Option<String>, reason: String| InputError::Row { line: here, column, reason };
        let value: Value = serde_json::from_slice(&text)
            .map_err(|error| wrong(Some(error.column().to_string()), String::from("not JSON")))?;
        let Value::Object(members) = value else { return Err(wrong(None, String::from("not a JSON object"))) };
        let mut named = Map::new();
        for (name, value) in members {
            let name = option_name(&name);
            if named.contains_key(&name) {
                return Err(wrong(None, format!("the member {name:?} stands twice")));
            }
            named.insert(name, value);
        }
        return Ok(Some((here, named)));
    }
}

fn next_record(reader: &mut csv::Reader<Bytes>, header: &[String]) -> Next {
    let Some(record) = reader.next()? else { return Ok(None) };
    if record.fields.len() != header.len() {
        return Err(InputError::Row {
            line: record.line,
            column: None,
            reason: format!("{} fields, and the header has {}", record.fields.len(), header.len()),
        });
    }
    let filled = header.iter().zip(record.fields).filter(|(_, field)| !field.trim().is_empty());
    let members = filled.map(|(name, field)| (name.clone(), Value::from(field))).collect();
    Ok(Some((record.line, members)))
}

fn csv(mut source: Bytes, line: u64, columns: &[&str]) -> Result<Format, InputError> {
    // Spreadsheets of half the world separate by semicolons. The header tells: names of columns have neither.
    let mut first = Vec::new();
    Read::take(&mut source, LONGEST_RECORD as u64)
        .read_until(b'\n', &mut first)
        .map_err(|error| InputError::Broken(format!("the input cannot be read: {error}")))?;
    let delimiter = if first.contains(&b';') && !first.contains(&b',') { b';' } else { b',' };
    let mut reader = csv::Reader::new(Box::new(io::Cursor::new(first).chain(source)) as Bytes, delimiter, line);
    let Some(record) = reader.next()? else { return Ok(Format::Empty) };
    let mut header: Vec<String> = Vec::new();
    for (index, name) in record.fields.iter().enumerate() {
        let name = option_name(name.trim());
        let wrong =
            |reason: String| InputError::Broken(format!("line {}, column {}: {reason}", record.line, index + 1));
        if !columns.contains(&name.as_str()) {
            return Err(wrong(format!("there is no column {name:?}; there are {}", columns.join(", "))));
        }
        if header.contains(&name) {
            return Err(wrong(format!("the column {name:?} stands twice")));
        }
        header.push(name);
    }
    Ok(Format::Csv { reader, header })
}

/// `importMode` and `import_mode` become `import-mode`.
fn option_name(name: &str) -> String {
    let mut option = String::new();
    for character in name.chars() {
        match character {
            '_' => option.push('-'),
            upper if upper.is_ascii_uppercase() && !option.is_empty() => {
                option.push('-');
                option.push(upper.to_ascii_lowercase());
            }
            other => option.push(other.to_ascii_lowercase()),
        }
    }
    option
}

/// Reads text as an input, for tests and for what is known already.
#[cfg(test)]
fn from_text(text: &str, columns: &[&str]) -> Result<Rows, InputError> {
    Rows::read(Box::new(io::Cursor::new(text.as_bytes().to_vec())), columns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const COLUMNS: &[&str] = &["name", "member", "import-mode"];

    fn rows(text: &str) -> Vec<(u64, Value)> {
        let mut rows = from_text(text, COLUMNS).unwrap();
        std::iter::from_fn(|| rows.next())
            .map(|row| row.unwrap())
            .map(|row| (row.line, Value::Object(row.members)))
            .collect()
    }

    fn error(text: &str) -> String {
        let mut rows = match from_text(text, COLUMNS) {
            Ok(rows) => rows,
            Err(error) => return error.to_string(),
        };
        std::iter::from_fn(|| rows.next()).find_map(Result::err).unwrap().to_string()
    }

    #[test]
    fn both_forms_are_recognised_and_read() {
        assert_eq!(
            rows("name,member\nA,x;y\n,\nB,\n"),
            [(2, json!({"name":"A","member":"x;y"})), (3, json!({})), (4, json!({"name":"B"}))]
        );
        assert_eq!(
            rows("\u{feff}name;importMode\r\n\"A;B\";true\r\n"),
            [(2, json!({"name":"A;B","import-mode":"true"}))]
        );
        assert_eq!(
            rows(" \n\u{20}{\"name\":\"A\"}\n\n{\"importMode\":true,\"name\":\"B\"}"),
            [(2, json!({"name":"A"})), (4, json!({"import-mode":true,"name":"B"}))]
        );
        assert_eq!(rows("\u{feff}{\"name\":\"A\"}\n"), [(1, json!({"name":"A"}))]);
        assert_eq!(rows(""), []);
        assert_eq!(rows("name\n"), []);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            ("[{}]", "JSON array"),
            ("nme\nA\n", "line 1, column 1: there is no column \"nme\""),
            ("name,Name\nA,B\n", "line 1, column 2: the column \"name\" stands twice"),
            ("name\nA,B\n", "line 2: 2 fields, and the header has 1"),
            ("name\n\"A\n", "line 2, column 1: the quote is never closed"),
            ("{\"name\":\"A\"}\n{\"name\":}\n", "line 2, column 9: not JSON"),
            ("{}\n7\n", "line 2: not a JSON object"),
            (r#"{"importMode":true,"import-mode":false}"#, "line 1: the member \"import-mode\" stands twice"),
        ] {
            assert!(error(text).contains(expected), "{text}: {}", error(text));
        }
    }

    #[test]
    fn half_a_byte_order_mark_is_no_text() {
        for text in [&MARK[..1], &MARK[..2], b"\xef\xbbname\n"] {
            let read = Rows::read(Box::new(io::Cursor::new(text.to_vec())), COLUMNS);
            assert!(read.is_err_and(|error| error.to_string() == "line 1: not UTF-8"), "{text:?}");
        }
        assert!(Rows::read(Box::new(io::Cursor::new(MARK.to_vec())), COLUMNS).unwrap().next().is_none());
    }

    #[test]
    fn the_content_is_the_same_whatever_the_order() {
        let content = |text: &str| from_text(text, COLUMNS).unwrap().next().unwrap().unwrap().content();
        assert_eq!(content(r#"{"name":"A","member":["x"]}"#), content(r#"{"member":["x"],"name":"A"}"#));
        assert_ne!(content(r#"{"name":"A"}"#), content(r#"{"name":"B"}"#));
        assert_ne!(content(r#"{"name":"A"}"#), content(r#"{"member":"A"}"#));
    }

    proptest! {
        #[test]
        fn odd_input_never_panics(text in "[{}\\[\\]\"a,;:\r\n ]{0,60}") {
            if let Ok(mut rows) = from_text(&text, COLUMNS) {
                for _ in 0..100 {
                    if rows.next().is_none() {
                        break;
                    }
                }
            }
        }
    }
}
