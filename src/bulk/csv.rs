//! CSV as spreadsheets save it ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)), read strictly.
//!
//! The `csv` crate accepts an unclosed quote, and text after a closing quote. Here both are errors: a forgotten quote would
//! swallow the rows after it.

use std::io;

use super::text::{InputError, LONGEST_ROW, Text};

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    pub(super) fields: Vec<String>,
}

/// Reads records one by one, and holds one at a time in memory.
pub(super) struct Reader {
    pub(super) text: Text,
    pub(super) delimiter: u8,
}

impl Reader {
    /// Creates a reader with the delimiter that a line `sep=` names, or else the most frequent one in the header. Names of
    /// columns contain none of them.
    pub(super) fn open(mut text: Text) -> io::Result<Self> {
        let line = text.peek_line()?;
        let word = line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(&line);
        let named = word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"sep="));
        if named && word.len() <= 5 {
            // A tab at the end of the line may have been lost on the way.
            let delimiter = word.get(4).copied().unwrap_or(b'\t');
            text.next_line()?;
            text.end_line()?;
            return Ok(Self { text, delimiter });
        }
        let unquoted: Vec<u8> = line.split(|byte| *byte == b'"').step_by(2).flatten().copied().collect();
        let count = |delimiter: &u8| unquoted.split(|byte| byte == delimiter).count();
        let delimiter = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
        Ok(Self { text, delimiter })
    }

    /// Returns the next record that has a field that is not blank.
    pub(super) fn next(&mut self) -> Result<Option<Record>, InputError> {
        loop {
            self.text.end_line()?;
            if self.text.peek()?.is_none() {
                return Ok(None);
            }
            let (mut record, mut length) = (Record { line: self.text.line, fields: Vec::new() }, 0);
            while self.field(&mut record, &mut length)? {}
            if record.fields.iter().any(|field| !field.trim().is_empty()) {
                return Ok(Some(record));
            }
        }
    }

    /// Reads one field. Returns whether another one follows.
    fn field(&mut self, record: &mut Record, length: &mut usize) -> Result<bool, InputError> {
        let column = record.fields.len() + 1;
        let at = |line, reason| InputError::Broken(format!("line {line}, column {column}: {reason}"));
        let mut next = |text: &mut Text| {
            *length += 1;
            match text.next()? {
                Some(_) if *length > LONGEST_ROW => {
                    let reason = format!("line {}: the record is longer than {LONGEST_ROW} bytes", record.line);
                    Err(InputError::Broken(reason))
                }
                byte => Ok(byte),
            }
        };
        let mut field = Vec::new();
        let (opened, quoted) = (self.text.line, self.text.peek()? == Some(b'"'));
        if quoted {
            next(&mut self.text)?;
            loop {
                match next(&mut self.text)? {
                    None => return Err(at(opened, "the quote is never closed")),
                    Some(b'"') if self.text.peek()? != Some(b'"') => break,
                    // The first one of a doubled quote.
                    Some(b'"') => field.extend(next(&mut self.text)?),
                    Some(byte) => field.push(byte),
                }
            }
        }
        let line = self.text.line;
        let more = loop {
            match next(&mut self.text)? {
                None | Some(b'\n' | b'\r') => break false,
                Some(byte) if byte == self.delimiter => break true,
                Some(_) if quoted => return Err(at(line, "text after a closing quote")),
                Some(b'"') => {
                    return Err(at(line, "a quote inside an unquoted field; quote the field and double the quote"));
                }
                Some(byte) => field.push(byte),
            }
        };
        let field = String::from_utf8(field).map_err(|_| at(line, "not UTF-8; save the file as \"CSV UTF-8\""))?;
        record.fields.push(field);
        Ok(more)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn text_of(bytes: &[u8]) -> Text {
        Text::open(Box::new(Cursor::new(bytes.to_vec()))).unwrap()
    }

    fn all(mut reader: Reader) -> Result<Vec<Record>, InputError> {
        let mut records = Vec::new();
        while let Some(record) = reader.next()? {
            records.push(record);
        }
        Ok(records)
    }

    fn read(text: &str) -> Result<Vec<Record>, InputError> {
        all(Reader { text: text_of(text.as_bytes()), delimiter: b',' })
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
    fn every_line_end_ends_a_row_and_none_in_a_cell_is_dropped() {
        for end in ["\n", "\r\n", "\r"] {
            assert_eq!(fields(&format!("a,b{end}c,d{end}")), [["a", "b"], ["c", "d"]], "{end:?}");
            assert_eq!(fields(&format!("a,\"b{end}c\"{end}")), [["a", &format!("b{end}c")]], "{end:?}");
        }
        assert_eq!(fields("a\rb\nc\r\nd"), [["a"], ["b"], ["c"], ["d"]]);
        assert_eq!(fields("\"a\"\rb"), [["a"], ["b"]]);
    }

    #[test]
    fn the_header_tells_what_separates_the_fields() {
        for (text, delimiter) in [
            ("name,member\nA,\"x;y\"", b','),
            ("name;member\nA;\"x,y\"", b';'),
            ("name\tmember\nA\tx", b'\t'),
            ("\"name;1\",member\nA,x", b','),
            ("sep=;\r\nname;member\r\n", b';'),
            ("\"sep=|\"\rname|member\r", b'|'),
            ("SEP=\t\nname\tmember\n", b'\t'),
            ("sep=\nname\tmember\n", b'\t'),
            ("name\nA", b','),
        ] {
            let reader = Reader::open(text_of(text.as_bytes())).unwrap();
            assert_eq!(reader.delimiter, delimiter, "{text}");
            let begins = text.to_ascii_lowercase().contains("sep=");
            let header = all(reader).unwrap().remove(0);
            assert!(header.fields[0].starts_with("name") && header.line == 1 + u64::from(begins), "{text}: {header:?}");
        }
    }

    #[test]
    fn lines_are_counted_through_quoted_breaks() {
        let lines: Vec<u64> =
            read("a\n\"b\nc\"\n\nd\r\r\n\"e\r\rf\"\rg").unwrap().iter().map(|record| record.line).collect();
        assert_eq!(lines, [1, 2, 5, 7, 10]);
    }

    #[test]
    fn what_is_broken_is_an_error_with_its_place() {
        for (text, expected) in [
            ("a,\"b\nc\n", "line 1, column 2: the quote is never closed"),
            ("x\n\"a\"b,c\n", "line 2, column 1: text after a closing quote"),
            ("a,b\"c\n", "line 1, column 2: a quote inside"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
        let broken = Reader { text: text_of(b"a,\xff\n"), delimiter: b',' }.next().unwrap_err();
        assert!(broken.to_string().starts_with("line 1, column 2: not UTF-8"), "{broken}");
        let long = "x".repeat(LONGEST_ROW + 1);
        assert!(read(&long).unwrap_err().to_string().starts_with("line 1: the record is longer than"));
    }

    proptest! {
        #[test]
        fn whatever_is_quoted_comes_back(rows in prop::collection::vec(prop::collection::vec("\\PC{0,8}|[\",\r\n;]{0,4}", 2..4), 0..5)) {
            let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let is_row = |row: &&Vec<String>| row.iter().any(|field| !field.trim().is_empty());
            let expected: Vec<Vec<String>> = rows.iter().filter(is_row).cloned().collect();
            for end in ["\n", "\r", "\r\n"] {
                let text: String = rows.iter().map(|row| row.iter().map(quote).collect::<Vec<_>>().join(",") + end).collect();
                prop_assert_eq!(fields(&text), expected.clone());
            }
        }

        #[test]
        fn odd_text_never_panics(text in "[a\",\r\n;]{0,40}") {
            let _ = read(&text);
        }
    }
}
