//! Text as files hold it: UTF-8 or UTF-16, with or without a byte order mark, with any line ends.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::columns::RowFault;

/// The maximum length of a row in bytes: a thousand members with long addresses.
pub(super) const LONGEST_ROW: usize = 1024 * 1024;

/// The bytes of a file or a pipe.
pub type Bytes = Box<dyn BufRead + Send>;

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
    source: Bytes,
    /// The line of the next byte, from 1.
    pub(super) line: u64,
    after_return: bool,
}

impl Text {
    /// Detects the encoding. Without a byte order mark, a NUL in the first two bytes means UTF-16.
    pub(super) fn decode(mut source: Bytes) -> io::Result<Self> {
        let mut head = Vec::new();
        source.by_ref().take(3).read_to_end(&mut head)?;
        let (mark, big_endian) = match head[..] {
            [0xff, 0xfe, ..] => (2, Some(false)),
            [0xfe, 0xff, ..] => (2, Some(true)),
            [0xef, 0xbb, 0xbf] => (3, None),
            [first, second, ..] if (first == 0) != (second == 0) => (0, Some(first == 0)),
            _ => (0, None),
        };
        let source: Bytes = Box::new(Cursor::new(head.split_off(mark)).chain(source));
        let source = match big_endian {
            None => source,
            Some(big_endian) => Box::new(BufReader::new(Utf16 { source, big_endian, ready: VecDeque::new() })),
        };
        Ok(Self { source, line: 1, after_return: false })
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

/// Converts UTF-16 to UTF-8. An invalid character becomes a byte that is invalid in UTF-8 and reported with its place.
struct Utf16 {
    source: Bytes,
    big_endian: bool,
    ready: VecDeque<u8>,
}

impl Utf16 {
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut pair = Vec::new();
        self.source.by_ref().take(2).read_to_end(&mut pair)?;
        Ok(match pair[..] {
            [] => None,
            [first, second] if self.big_endian => Some(u16::from_be_bytes([first, second])),
            [first, second] => Some(u16::from_le_bytes([first, second])),
            // Half a character: a lone surrogate is invalid too.
            _ => Some(0xd800),
        })
    }
}

impl Read for Utf16 {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() {
            let Some(first) = self.unit()? else { return Ok(0) };
            let mut units = vec![first];
            if (0xd800..0xdc00).contains(&first) {
                units.extend(self.unit()?);
            }
            for character in char::decode_utf16(units) {
                match character {
                    Ok(character) => self.ready.extend(character.to_string().bytes()),
                    Err(_) => self.ready.push_back(0xff),
                }
            }
        }
        self.ready.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> (Vec<u8>, u64) {
        let mut text = Text::decode(Box::new(Cursor::new(bytes.to_vec()))).unwrap();
        let mut read = Vec::new();
        while let Some(byte) = text.next().unwrap() {
            read.push(byte);
        }
        (read, text.line)
    }

    #[test]
    fn every_encoding_of_a_text_is_the_same_text() {
        let text = "name\r\nÄ 💡\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mark = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            mark(b"\xef\xbb\xbf", text.as_bytes()),
            mark(b"\xff\xfe", &le),
            mark(b"\xfe\xff", &be),
            le.clone(),
            be.clone(),
        ] {
            assert_eq!(decode(&bytes), (text.as_bytes().to_vec(), 3));
        }
    }

    #[test]
    fn half_a_text_is_no_text() {
        for bytes in [&b"\xef"[..], b"\xef\xbb", b"\xef\xbbname", b"\xff\xfen\0a", b"\xff\xfe\0\xd8x\0"] {
            assert!(String::from_utf8(decode(bytes).0).is_err(), "{bytes:?}");
        }
        assert_eq!(decode(b"").0, b"");
    }

    #[test]
    fn lines_end_in_three_ways() {
        for (text, line) in [("a\nb", 2), ("a\rb", 2), ("a\r\nb", 2), ("a\n\rb", 3), ("a\r\r\nb", 3)] {
            assert_eq!(decode(text.as_bytes()).1, line, "{text:?}");
        }
    }

    #[test]
    fn lines_are_found_whatever_ends_them() {
        let mut text = Text::decode(Box::new(Cursor::new(b" \n{1}\r{2}\r\n\r\n\t\r{3}".to_vec()))).unwrap();
        let mut found = Vec::new();
        while let Some((number, line)) = text.next_line().unwrap() {
            found.push((number, String::from_utf8(line).unwrap()));
        }
        let found: Vec<(u64, &str)> = found.iter().map(|(number, line)| (*number, line.as_str())).collect();
        assert_eq!(found, [(2, "{1}"), (3, "{2}"), (6, "{3}")]);
    }
}
