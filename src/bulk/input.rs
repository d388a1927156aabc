//! The rows of a run: CSV with headings, bare resource names, or JSON Lines, read one by one.

use std::fs::File;
use std::io::{self, BufReader};

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::columns::{Column, Kind, RowFault, Values, resolve, typed};
use super::csv::{self, CsvError};
use super::json_lines;
use super::progress::count;
use super::text::{Bytes, LONGEST_ROW, Text};
use crate::platform::input::Source;

/// How many rows are read ahead.
const READ_AHEAD: usize = 128;

/// The columns of every run.
const KEYS: [Column; 2] = [Column::new("idempotency-key", Kind::Text), Column::new("request-id", Kind::Text)];

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number among the rows, from 1.
    pub number: u64,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What it says.
    pub values: Values,
}

/// What is wrong with the input, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// One row is wrong; the rows after it can still be read.
    #[error("line {line}{}: {}", .fault.column.as_ref().map(|column| format!(", column {column}")).unwrap_or_default(), .fault.reason)]
    Row {
        /// Where the row begins.
        line: u64,
        /// Why.
        fault: RowFault,
    },
    /// Nothing after this can be understood.
    #[error("{0}")]
    Broken(String),
}

impl From<CsvError> for InputError {
    fn from(error: CsvError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<io::Error> for InputError {
    fn from(error: io::Error) -> Self {
        Self::Broken(format!("the input cannot be read: {error}"))
    }
}

enum Format {
    Lines(Text),
    Csv { reader: csv::Reader, headings: Vec<Option<Column>>, first: Option<csv::Record> },
    Ended,
}

/// The rows of an input.
pub struct Rows {
    format: Format,
    columns: Vec<Column>,
    number: u64,
}

impl Rows {
    /// Opens the input. Where the first column is also called `name`, bare resource names are rows too.
    ///
    /// # Errors
    /// An input that cannot be read, or begins with no known headings.
    pub fn open(source: &Source, columns: &[Column]) -> Result<Self, InputError> {
        let bytes: Bytes = match source {
            Source::StandardInput => Box::new(BufReader::new(io::stdin())),
            Source::File(path) => {
                let broken = |error| InputError::Broken(format!("the file cannot be read: {error}"));
                Box::new(BufReader::new(File::open(path).map_err(broken)?))
            }
        };
        Self::read(bytes, columns)
    }

    /// The same for bytes that are at hand.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(bytes: Bytes, columns: &[Column]) -> Result<Self, InputError> {
        let columns: Vec<Column> = columns.iter().chain(&KEYS).copied().collect();
        let mut text = Text::decode(bytes)?;
        let mut blank = 0;
        let format = loop {
            match text.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') if blank < LONGEST_ROW => blank += 1,
                Some(b'{') => break Format::Lines(text),
                Some(b'[') => {
                    let reason = "the input is a JSON array; write one object a line (jq -c '.[]' does that)";
                    return Err(InputError::Broken(String::from(reason)));
                }
                Some(_) => break table(text, &columns)?,
                None => break Format::Ended,
            }
            text.next()?;
        };
        Ok(Self { format, columns, number: 0 })
    }
}

impl Iterator for Rows {
    type Item = Result<Row, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = match &mut self.format {
            Format::Ended => return None,
            Format::Lines(text) => next_object(text, &self.columns),
            Format::Csv { reader, headings, first } => next_record(reader, headings, first),
        };
        if matches!(found, Err(InputError::Broken(_))) {
            self.format = Format::Ended;
        }
        let found = found.transpose()?;
        self.number += 1;
        Some(found.map(|(line, values)| Row { number: self.number, line, values }))
    }
}

type Found = Result<Option<(u64, Values)>, InputError>;

fn next_object(text: &mut Text, columns: &[Column]) -> Found {
    let Some((line, bytes)) = json_lines::next_line(text)? else { return Ok(None) };
    let wrong = |fault| InputError::Row { line, fault };
    let object = json_lines::object(&bytes)
        .map_err(|(place, reason)| wrong(RowFault { column: place.map(|place| place.to_string()), reason }))?;
    let mut members: Vec<(String, Value)> = Vec::new();
    let whole = |name: &str| {
        let column = resolve(&[name.to_owned()], columns);
        column.is_ok_and(|found| matches!(found[..], [Some(Column { kind: Kind::Object | Kind::Array, .. })]))
    };
    // What `list` wrote has more members than any command reads.
    let listed = columns.first().is_some_and(|column| column.aliases.contains(&"name"))
        && object.get("name").and_then(Value::as_str).is_some_and(|name| name.contains('/'));
    for (name, value) in object {
        match value {
            Value::Object(inner) if !whole(&name) => {
                members.extend(inner.into_iter().map(|(inner, value)| (format!("{name}.{inner}"), value)));
            }
            value => members.push((name, value)),
        }
    }
    members.retain(|(name, _)| !listed || resolve(std::slice::from_ref(name), columns).is_ok());
    let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
    let found = resolve(&names, columns).map_err(|(index, reason)| wrong(RowFault::of(&names[index], reason)))?;
    let mut values = Map::new();
    for (column, (name, value)) in found.into_iter().zip(members) {
        let Some(column) = column else { return Err(wrong(RowFault::row("a member has no name"))) };
        if let Some(value) = typed(column.kind, &value).map_err(|reason| wrong(RowFault::of(name, reason)))? {
            values.insert(column.name.to_owned(), value);
        }
    }
    Ok(Some((line, Values(values))))
}

fn table(text: Text, columns: &[Column]) -> Result<Format, InputError> {
    let mut reader = csv::Reader::open(text)?;
    let Some(record) = reader.next()? else { return Ok(Format::Ended) };
    if let [name] = &record.fields[..]
        && let Some(column) = columns.first().filter(|column| column.aliases.contains(&"name") && name.contains('/'))
    {
        return Ok(Format::Csv { reader, headings: vec![Some(*column)], first: Some(record) });
    }
    let headings = resolve(&record.fields, columns).map_err(|(index, reason)| {
        InputError::Broken(format!("line {}, column {}: {reason}", record.line, index + 1))
    })?;
    let headings = headings.into_iter().map(Option::<&Column>::copied).collect();
    Ok(Format::Csv { reader, headings, first: None })
}

fn next_record(reader: &mut csv::Reader, headings: &[Option<Column>], first: &mut Option<csv::Record>) -> Found {
    loop {
        let record = match first.take() {
            Some(record) => Some(record),
            None => reader.next()?,
        };
        let Some(csv::Record { line, mut fields }) = record else { return Ok(None) };
        if fields.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let wrong = |fault| InputError::Row { line, fault };
        while fields.len() > headings.len() && fields.last().is_some_and(|field| field.trim().is_empty()) {
            fields.pop();
        }
        if fields.len() != headings.len() {
            let found = count(u64::try_from(fields.len()).unwrap_or(u64::MAX), "field");
            let reason = format!("{found}, and the header has {}", headings.len());
            return Err(wrong(RowFault::row(reason)));
        }
        let mut values = Map::new();
        for (index, (heading, field)) in headings.iter().zip(fields).enumerate() {
            let Some(column) = heading else {
                if field.trim().is_empty() {
                    continue;
                }
                return Err(wrong(RowFault::of((index + 1).to_string(), "holds something, and has no heading")));
            };
            let value = typed(column.kind, &Value::from(field));
            if let Some(value) = value.map_err(|reason| wrong(RowFault::of(column.name, reason)))? {
                values.insert(column.name.to_owned(), value);
            }
        }
        return Ok(Some((line, Values(values))));
    }
}

/// Reads rows on a thread of its own: a slow pipe must not hold up answers.
pub(super) fn read_ahead(source: Source, columns: Vec<Column>) -> mpsc::Receiver<Result<Row, InputError>> {
    let (sender, rows) = mpsc::channel(READ_AHEAD);
    std::thread::spawn(move || match Rows::open(&source, &columns) {
        Err(error) => drop(sender.blocking_send(Err(error))),
        Ok(rows) => {
            let _ = rows.into_iter().try_for_each(|row| sender.blocking_send(row));
        }
    });
    rows
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("name", Kind::Text).or(&["displayName"]),
        Column::new("member", Kind::List),
        Column::new("import-mode", Kind::Switch),
        Column::new("space", Kind::Object),
    ];

    const LISTED: &[Column] = &[
        Column::new("space", Kind::One).or(&["name"]),
        Column::new("name", Kind::Text).or(&["displayName"]),
        Column::new("description", Kind::Text).or(&["spaceDetails.description"]),
        Column::new("spaceUri", Kind::Ignored),
    ];

    fn read(text: &str, columns: &[Column]) -> Result<Vec<Result<Row, InputError>>, InputError> {
        Ok(Rows::read(Box::new(Cursor::new(text.as_bytes().to_vec())), columns)?.collect())
    }

    fn rows(text: &str, columns: &[Column]) -> Vec<(u64, Value)> {
        let rows = read(text, columns).unwrap().into_iter();
        rows.map(|row| row.unwrap()).map(|row| (row.line, Value::Object(row.values.0))).collect()
    }

    fn error(text: &str) -> String {
        match read(text, COLUMNS) {
            Ok(rows) => rows.into_iter().find_map(Result::err).unwrap().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn both_forms_are_recognised_and_read() {
        assert_eq!(
            rows("name,member\nA,x;y\n,\nB,\n", COLUMNS),
            [(2, json!({"name":"A","member":["x","y"]})), (4, json!({"name":"B"}))]
        );
        assert_eq!(
            rows("\u{feff}name;importMode\r\n\"A;B\";true\r\n", COLUMNS),
            [(2, json!({"name":"A;B","import-mode":true}))]
        );
        assert_eq!(
            rows(" \n\u{20}{\"name\":\"A\",\"space\":{\"a\":1}}\n\n{\"importMode\":true,\"name\":\"B\"}", COLUMNS),
            [(2, json!({"name":"A","space":{"a":1}})), (4, json!({"import-mode":true,"name":"B"}))]
        );
        assert_eq!(rows("\u{feff}{\"name\":\"A\"}\n", COLUMNS), [(1, json!({"name":"A"}))]);
        for text in ["", "name\n", "name,member\n,\n;\n".trim_end_matches(";\n"), "sep=;\r\n"] {
            assert_eq!(rows(text, COLUMNS), [], "{text}");
        }
    }

    #[test]
    fn what_excel_leaves_around_a_table_is_no_row() {
        let expected = [(2, json!({"name":"A","member":["x"]})), (3, json!({"name":"B"}))];
        for text in [
            "name,member\nA,x\nB,\n,\n,\n",
            "name,member,,\nA,x,,\nB,,,\n,,,\n",
            "name,member\nA,x,,\nB,,,,\n",
            "name\tmember\nA\tx\nB\t\n\t\n",
            "Display Name;MEMBER\rA;x\rB;\r;\r",
        ] {
            assert_eq!(rows(text, COLUMNS), expected, "{text:?}");
        }
        assert_eq!(rows("sep=;\r\nname;member\r\nA;x\r\n", COLUMNS), [(3, json!({"name":"A","member":["x"]}))]);
    }

    #[test]
    fn what_list_writes_is_read() {
        let space = json!({"space":"spaces/A","name":"X","description":"D"});
        assert_eq!(
            rows("name,displayName,spaceUri,spaceDetails.description\nspaces/A,X,https://x,D\n", LISTED),
            [(2, space.clone())]
        );
        let line = r#"{"name":"spaces/A","displayName":"X","spaceDetails":{"description":"D","new":1},"spaceUri":"u","other":{}}"#;
        assert_eq!(rows(line, LISTED), [(1, space)]);
        assert_eq!(
            rows("spaces/A\nspaces/B\n", LISTED),
            [(1, json!({"space":"spaces/A"})), (2, json!({"space":"spaces/B"}))]
        );
        assert!(read("{\"space\":\"spaces/A\",\"other\":1}\n", LISTED).unwrap()[0].is_err());
        assert!(read("spaces/A\n", COLUMNS).is_err(), "a command that makes spaces has headings");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            ("[{}]", "JSON array"),
            ("nme\nA\n", "line 1, column 1: there is no column \"nme\" (did you mean \"name\"?)"),
            ("name,Name\nA,B\n", "line 1, column 2: the column \"Name\" stands twice"),
            ("name,,\nA,,x\n", "line 2, column 3: holds something"),
            ("name\nA,B\n", "line 2: 2 fields, and the header has 1"),
            ("name,member\nA,x\nB\n", "line 3: 1 field, and the header has 2"),
            ("name\n\"A\n", "line 2, column 1: the quote is never closed"),
            ("name\nA\0B\n", "line 2, column name: has the character U+0000"),
            ("{\"name\":\"A\"}\n{\"name\":}\n", "line 2, column 9: not JSON"),
            ("{}\n7\n", "line 2: not a JSON object"),
            (
                r#"{"importMode":true,"import-mode":false}"#,
                "column import-mode: the column \"import-mode\" stands twice",
            ),
            (r#"{"name":"A","name":"B"}"#, "the member \"name\" stands twice"),
            (r#"{"name":{"first":"A"}}"#, "line 1, column name.first: there is no column"),
            (r#"{"name":["A"]}"#, "line 1, column name: is a list"),
        ] {
            assert!(error(text).contains(expected), "{text}: {}", error(text));
        }
    }

    proptest! {
        #[test]
        fn odd_input_never_panics(text in "[{}\\[\\]\"a,;:\r\n ]{0,60}") {
            let _ = read(&text, COLUMNS);
        }
    }
}
