//! CSV as spreadsheets save it ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)), read strictly.
//!
//! The `csv` crate takes an unclosed quote and text after a closing quote for data. Here both are errors: a quote that
//! somebody forgot would otherwise swallow the rows after it, and each of them is a space.

use std::io::{self, BufRead};

/// The longest record that is read, in bytes: a thousand members with long addresses.
pub(super) const LONGEST_RECORD: usize = 1024 * 1024;

/// One record and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// Its fields.
    pub(super) fields: Vec<String>,
}

/// Why the text is no CSV.
#[derive(Debug, thiserror::Error)]
pub(super) enum CsvError {
    /// A quote that never ends.
    #[error("line {line}, column {column}: the quote is never closed")]
    UnclosedQuote {
        /// Where the quote opens.
        line: u64,
        /// The field, from 1.
        column: usize,
    },
    /// Something between a closing quote and the next comma.
    #[error("line {line}, column {column}: text after a closing quote")]
    TextAfterQuote {
        /// Where it stands.
        line: u64,
        /// The field, from 1.
        column: usize,
    },
    /// A quote in the middle of an unquoted field.
    #[error("line {line}, column {column}: a quote inside an unquoted field; quote the field and double the quote")]
    StrayQuote {
        /// Where it stands.
        line: u64,
        /// The field, from 1.
        column: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("line {line}, column {column}: not UTF-8; save the file as \"CSV UTF-8\"")]
    NotText {
        /// Where they stand.
        line: u64,
        /// The field, from 1.
        column: usize,
    },
    /// A record that does not end.
    #[error("line {line}: the record is longer than {LONGEST_RECORD} bytes")]
    TooLong {
        /// Where it begins.
        line: u64,
    },
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
}

enum State {
    /// At the beginning of a field.
    Start,
    /// In a field without quotes.
    Plain,
    /// Inside quotes that opened on this line.
    Quoted(u64),
    /// After a quote inside quotes: the end, or the first half of a doubled one.
    QuoteInQuoted(u64),
    /// After the quotes and a carriage return: a quote that follows is no second half any more.
    Closed,
}

/// Reads records one by one; memory holds one at a time.
pub(super) struct Reader<Source> {
    source: Source,
    delimiter: u8,
    line: u64,
}

impl<Source: BufRead> Reader<Source> {
    /// A reader of records whose fields are separated by `delimiter`. `line` is the number of the first line.
    pub(super) fn new(source: Source, delimiter: u8, line: u64) -> Self {
        Self { source, delimiter, line }
    }

    /// The next record that is not an empty line; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, CsvError> {
        loop {
            match self.record()? {
                Some(record) if record.fields == [""] => {}
                other => return Ok(other),
            }
        }
    }

    fn record(&mut self) -> Result<Option<Record>, CsvError> {
        let begins = self.line;
        let mut fields = Vec::new();
        let mut field = Vec::new();
        let mut state = State::Start;
        let mut length = 0;
        while let Some(byte) = self.byte()? {
            length += 1;
            if length > LONGEST_RECORD {
                return Err(CsvError::TooLong { line: begins });
            }
            let column = fields.len() + 1;
            let line = self.line;
            if byte == b'\n' {
                self.line += 1;
            }
            state = match (state, byte) {
                (State::Quoted(opened), b'"') => State::QuoteInQuoted(opened),
                (State::Quoted(opened), _) => {
                    field.push(byte);
                    State::Quoted(opened)
                }
                (State::QuoteInQuoted(opened), b'"') => {
                    field.push(b'"');
                    State::Quoted(opened)
                }
                (State::Start, b'"') => State::Quoted(line),
                (State::Plain, b'"') => return Err(CsvError::StrayQuote { line, column }),
                (_, b'\n') => {
                    fields.push(text(field, line, column)?);
                    return Ok(Some(Record { line: begins, fields }));
                }
                (State::QuoteInQuoted(_), b'\r') => State::Closed,
                // A carriage return belongs to the line end, wherever it stands outside quotes.
                (state, b'\r') => state,
                (_, byte) if byte == self.delimiter => {
                    fields.push(text(std::mem::take(&mut field), line, column)?);
                    State::Start
                }
                (State::QuoteInQuoted(_) | State::Closed, _) => return Err(CsvError::TextAfterQuote { line, column }),
                (State::Start | State::Plain, _) => {
                    field.push(byte);
                    State::Plain
                }
            };
        }
        let column = fields.len() + 1;
        match state {
            State::Quoted(opened) => Err(CsvError::UnclosedQuote { line: opened, column }),
            _ if length == 0 => Ok(None),
            _ => {
                fields.push(text(field, self.line, column)?);
                Ok(Some(Record { line: begins, fields }))
            }
        }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.source.fill_buf() {
                Ok(buffer) => {
                    let byte = buffer.first().copied();
                    self.source.consume(usize::from(byte.is_some()));
                    return Ok(byte);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn text(field: Vec<u8>, line: u64, column: usize) -> Result<String, CsvError> {
    String::from_utf8(field).map_err(|_| CsvError::NotText { line, column })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<Record>, CsvError> {
        let mut reader = Reader::new(text.as_bytes(), b',', 1);
        let mut records = Vec::new();
        while let Some(record) = reader.next()? {
            records.push(record);
        }
        Ok(records)
    }

    fn fields(text: &str) -> Vec<Vec<String>> {
        read(text).unwrap().into_iter().map(|record| record.fields).collect()
    }

    #[test]
    fn files_of_spreadsheets_are_read() {
        assert_eq!(fields("name,member\r\nA,\"x;y\"\r\n"), [["name", "member"], ["A", "x;y"]]);
        assert_eq!(fields("a,b"), [["a", "b"]]);
        assert_eq!(fields("\"a \"\"b\"\"\",\"c\nd\"\n"), [["a \"b\"", "c\nd"]]);
        assert_eq!(fields("a,\n,b\n"), [["a", ""], ["", "b"]]);
        assert_eq!(fields("\n\r\na\n\n"), [["a"]]);
        assert_eq!(fields("\"\"\n"), Vec::<Vec<String>>::new());
        assert_eq!(fields(""), Vec::<Vec<String>>::new());
    }

    #[test]
    fn lines_are_counted_through_quoted_breaks() {
        let lines: Vec<u64> = read("a\n\"b\nc\"\n\nd\n").unwrap().iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 2, 5]);
    }

    #[test]
    fn what_is_broken_is_an_error_with_its_place() {
        for (text, expected) in [
            ("a,\"b\nc\n", "line 1, column 2: the quote is never closed"),
            ("x\n\"a\"b,c\n", "line 2, column 1: text after a closing quote"),
            ("x\n\"a\"\r\"b,c\n", "line 2, column 1: text after a closing quote"),
            ("a,b\"c\n", "line 1, column 2: a quote inside"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
        let mut reader = Reader::new(&b"a,\xff\n"[..], b',', 1);
        assert!(matches!(reader.next(), Err(CsvError::NotText { line: 1, column: 2 })));
        let long = "x".repeat(LONGEST_RECORD + 1);
        assert!(matches!(read(&long), Err(CsvError::TooLong { line: 1 })));
    }

    proptest! {
        #[test]
        fn whatever_is_quoted_comes_back(rows in prop::collection::vec(prop::collection::vec("\\PC{0,8}|[\",\r\n;]{0,4}", 2..4), 0..5)) {
            let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let text: String = rows.iter().map(|row| row.iter().map(quote).collect::<Vec<_>>().join(",") + "\r\n").collect();
            prop_assert_eq!(fields(&text), rows);
        }

        #[test]
        fn odd_text_never_panics(text in "[a\",\r\n;]{0,40}") {
            let _ = read(&text);
        }
    }
}
