//! The rows of a run: CSV with a header, bare resource names, or JSON Lines, read one by one.

use std::fs::File;
use std::io::{self, BufReader};

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::columns::{Column, Kind, RowFault, Values, parse_value, resolve};
use super::csv::Reader;
use super::json_lines;
use super::progress::pluralize;
pub use super::text::InputError;
use super::text::{LONGEST_ROW, Text};
use crate::platform::encoding::Bytes;
use crate::platform::input::Source;

/// The number of rows that are read ahead.
const READ_AHEAD: usize = 128;

/// The columns of every run.
const KEYS: [Column; 2] = [Column::new("idempotency-key", Kind::Text), Column::new("request-id", Kind::Text)];

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// The values of its columns.
    pub values: Values,
}

enum Format {
    Lines(Text),
    Csv(Reader, Vec<Option<Column>>),
    Ended,
}

impl Format {
    /// Reads the next row.
    fn read(&mut self, columns: &[Column]) -> Result<Option<Row>, InputError> {
        let found = match self {
            Self::Lines(text) => text.next_line()?.map(|(line, bytes)| (line, members(&bytes, columns))),
            Self::Csv(reader, headings) => reader.next()?.map(|record| (record.line, cells(record.fields, headings))),
            Self::Ended => None,
        };
        let Some((line, values)) = found else { return Ok(None) };
        let values = values.map_err(|fault| InputError::Row { line, fault })?;
        Ok(Some(Row { line, values }))
    }
}

/// The rows of an input.
pub struct Rows {
    format: Format,
    columns: Vec<Column>,
}

impl Rows {
    /// Opens the input. If the first column is also called `name`, bare resource names are rows too.
    ///
    /// # Errors
    /// The input cannot be read, or has a column that is unknown.
    pub fn open(source: &Source, columns: &[Column]) -> Result<Self, InputError> {
        let bytes: Bytes<'static> = match source {
            Source::StandardInput => Box::new(BufReader::new(io::stdin())),
            Source::File(path) => {
                let broken = |error| InputError::Broken(format!("cannot read the file: {error}"));
                Box::new(BufReader::new(File::open(path).map_err(broken)?))
            }
        };
        Self::read(bytes, columns)
    }

    /// Reads the rows of bytes.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(bytes: Bytes<'static>, columns: &[Column]) -> Result<Self, InputError> {
        let columns: Vec<Column> = columns.iter().chain(&KEYS).copied().collect();
        let mut text = Text::open(bytes)?;
        let mut blank = 0;
        let format = loop {
            match text.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') if blank < LONGEST_ROW => blank += 1,
                Some(b'{') => break Format::Lines(text),
                Some(b'[') => {
                    let reason = "the input is a JSON array; write one object per line, as --format jsonl does";
                    return Err(InputError::Broken(String::from(reason)));
                }
                Some(_) => break table(text, &columns)?,
                None => break Format::Ended,
            }
            text.next()?;
        };
        Ok(Self { format, columns })
    }
}

/// Reads the header of a table. Bare resource names have none.
fn table(text: Text, columns: &[Column]) -> Result<Format, InputError> {
    let mut reader = Reader::open(text)?;
    let first = reader.text.peek_line()?;
    if reads_lists(columns) && first.contains(&b'/') && !first.contains(&reader.delimiter) {
        return Ok(Format::Csv(reader, columns.first().copied().into_iter().map(Some).collect()));
    }
    let Some(header) = reader.next()? else { return Ok(Format::Ended) };
    let headings = resolve(&header.fields, columns).map_err(|(index, reason)| {
        InputError::Broken(format!("line {}, column {}: {reason}", header.line, index + 1))
    })?;
    Ok(Format::Csv(reader, headings))
}

impl Iterator for Rows {
    type Item = Result<Row, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.format.read(&self.columns);
        if matches!(row, Err(InputError::Broken(_))) {
            self.format = Format::Ended;
        }
        row.transpose()
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Whether the first column is also called `name`, so that the resources that `list` prints are rows.
fn reads_lists(columns: &[Column]) -> bool {
    columns.first().is_some_and(|column| column.aliases.contains(&"name"))
}

/// Returns the values of a JSON object.
fn members(line: &[u8], columns: &[Column]) -> Result<Values, RowFault> {
    let object = json_lines::object(line)?;
    let whole = |name: &str| {
        let column = resolve(&[name.to_owned()], columns);
        column.is_ok_and(|found| matches!(found[..], [Some(Column { kind: Kind::Object | Kind::Array, .. })]))
    };
    // A resource has members that no command reads.
    let listed =
        reads_lists(columns) && object.get("name").and_then(Value::as_str).is_some_and(|name| name.contains('/'));
    let flat = object.into_iter().flat_map(|(name, value)| match value {
        Value::Object(inner) if !whole(&name) => {
            inner.into_iter().map(|(inner, value)| (format!("{name}.{inner}"), value)).collect()
        }
        value => vec![(name, value)],
    });
    let is_read = |(name, _): &(String, Value)| !listed || resolve(std::slice::from_ref(name), columns).is_ok();
    let (names, values): (Vec<String>, Vec<Value>) = flat.filter(is_read).unzip();
    let found = resolve(&names, columns).map_err(|(index, reason)| RowFault::in_column(&names[index], reason))?;
    convert(found.into_iter().zip(names).zip(values).map(|((column, name), value)| (column, name, value)))
}

/// Returns the values of the fields of a CSV record.
fn cells(mut fields: Vec<String>, headings: &[Option<Column>]) -> Result<Values, RowFault> {
    while fields.len() > headings.len() && fields.last().is_some_and(|field| is_blank(field)) {
        fields.pop();
    }
    if fields.len() != headings.len() {
        let found = pluralize(fields.len(), "field");
        return Err(RowFault::whole_row(format!("{found}, but the header has {}", headings.len())));
    }
    convert(headings.iter().zip(fields).enumerate().map(|(index, (column, field))| {
        let name = column.map_or_else(|| (index + 1).to_string(), |column| column.name.to_owned());
        (*column, name, Value::from(field))
    }))
}

/// Converts the values of a row; each comes with its column and the name of that in errors.
fn convert(cells: impl Iterator<Item = (Option<Column>, String, Value)>) -> Result<Values, RowFault> {
    let mut values = Map::new();
    for (column, name, value) in cells {
        let Some(column) = column else {
            if value.as_str().is_some_and(is_blank) {
                continue;
            }
            return Err(RowFault::in_column(name, "has a value but no heading"));
        };
        let value = parse_value(column.kind, &value).map_err(|reason| RowFault::in_column(name, reason))?;
        values.extend(value.map(|value| (column.name.to_owned(), value)));
    }
    Ok(Values(values))
}

/// Reads rows on a thread, since a slow pipe must not delay responses.
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
        for text in [",,\nname,member,\nA,x,\n", ";;\r\nname;member;\r\nA;x;\r\n", "\"\",\"\"\nname,member\nA,x\n"] {
            assert_eq!(rows(text, COLUMNS), [(3, json!({"name":"A","member":["x"]}))], "{text:?}");
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
            ("nme\nA\n", "line 1, column 1: unknown column \"nme\" (did you mean \"name\"?)"),
            ("name,Name\nA,B\n", "line 1, column 2: the column \"Name\" appears twice"),
            ("name,,\nA,,x\n", "line 2, column 3: has a value but no heading"),
            ("name\nA,B\n", "line 2: 2 fields, but the header has 1"),
            ("name,member\nA,x\nB\n", "line 3: 1 field, but the header has 2"),
            ("name\n\"A\n", "line 2, column 1: the quote is never closed"),
            ("name\nA\0B\n", "line 2, column name: contains the control character U+0000"),
            ("{\"name\":\"A\"}\n{\"name\":}\n", "line 2, column 9: not JSON"),
            ("{}\n7\n", "line 2: not a JSON object"),
            (
                r#"{"importMode":true,"import-mode":false}"#,
                "column import-mode: the column \"import-mode\" appears twice",
            ),
            (r#"{"name":"A","name":"B"}"#, "the member \"name\" appears twice"),
            (r#"{"name":{"first":"A"}}"#, "line 1, column name.first: unknown column"),
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
