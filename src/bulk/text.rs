//! Text with any line ends.

use std::io::{self, BufRead, Cursor, Read};

use super::columns::RowFault;
use crate::platform::encoding::{Bytes, to_utf8};

/// The maximum length of a row in bytes: a thousand members with long addresses.
pub(super) const LONGEST_ROW: usize = 1024 * 1024;

/// What is wrong with the input, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// One row is wrong; the rows after it can be read.
    #[error("line {line}{}: {}", .fault.column.as_ref().map(|column| format!(", column {column}")).unwrap_or_default(), .fault.reason)]
    Row {
        /// The line on which the row begins.
        line: u64,
        /// The reason.
        fault: RowFault,
    },
    /// The rest of the input cannot be read.
    #[error("{0}")]
    Broken(String),
}

impl From<io::Error> for InputError {
    fn from(error: io::Error) -> Self {
        Self::Broken(format!("cannot read the input: {error}"))
    }
}

/// The bytes of a text in UTF-8, with the number of their line.
pub(super) struct Text {
    source: Bytes<'static>,
    /// The line of the next byte, from 1.
    pub(super) line: u64,
    after_return: bool,
}

impl Text {
    /// Reads a text in any encoding.
    pub(super) fn open(source: Bytes<'static>) -> io::Result<Self> {
        Ok(Self { source: to_utf8(source)?, line: 1, after_return: false })
    }

    /// Returns the next byte without consuming it.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.source.fill_buf() {
                Ok(buffer) => return Ok(buffer.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Consumes the next byte.
    pub(super) fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.source.consume(1);
            self.line += u64::from(byte == b'\r' || (byte == b'\n' && !self.after_return));
            self.after_return = byte == b'\r';
        }
        Ok(byte)
    }

    /// Consumes the second half of a CRLF.
    pub(super) fn end_line(&mut self) -> io::Result<()> {
        if self.after_return && self.peek()? == Some(b'\n') {
            self.next()?;
        }
        Ok(())
    }

    /// Returns the next line without consuming it; the beginning of a line that is too long.
    pub(super) fn peek_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        while line.len() < LONGEST_ROW && self.peek()?.is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
            let buffer = self.source.fill_buf()?;
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(buffer.len());
            line.extend_from_slice(&buffer[..end]);
            self.source.consume(end);
        }
        let rest = std::mem::replace(&mut self.source, Box::new(io::empty()));
        self.source = Box::new(Cursor::new(line.clone()).chain(rest));
        Ok(line)
    }

    /// Consumes the next line that is not blank, and returns it with its number. A line that is too long is cut after
    /// [`LONGEST_ROW`].
    pub(super) fn next_line(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        loop {
            self.end_line()?;
            let (number, mut line) = (self.line, Vec::new());
            let end = loop {
                match self.next()? {
                    Some(byte) if !matches!(byte, b'\n' | b'\r') => {
                        if line.len() <= LONGEST_ROW {
                            line.push(byte);
                        }
                    }
                    end => break end,
                }
            };
            if !line.trim_ascii().is_empty() {
                return Ok(Some((number, line)));
            }
            if end.is_none() {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &'static str) -> Text {
        Text::open(Box::new(Cursor::new(text))).unwrap()
    }

    #[test]
    fn lines_end_in_three_ways() {
        for (text, line) in [("a\nb", 2), ("a\rb", 2), ("a\r\nb", 2), ("a\n\rb", 3), ("a\r\r\nb", 3)] {
            let mut read = open(text);
            while read.next().unwrap().is_some() {}
            assert_eq!(read.line, line, "{text:?}");
        }
    }

    #[test]
    fn lines_are_found_whatever_ends_them() {
        let mut text = open(" \n{1}\r{2}\r\n\r\n\t\r{3}");
        let mut found = Vec::new();
        while let Some((number, line)) = text.next_line().unwrap() {
            found.push((number, String::from_utf8(line).unwrap()));
        }
        let found: Vec<(u64, &str)> = found.iter().map(|(number, line)| (*number, line.as_str())).collect();
        assert_eq!(found, [(2, "{1}"), (3, "{2}"), (6, "{3}")]);
    }
}
