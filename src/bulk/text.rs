//! Text as files hold it: UTF-8 or UTF-16, with or without a byte order mark, and lines that end in any way.

use std::io::{self, BufRead, BufReader, Cursor, Read};

/// The longest row that is read, in bytes: a thousand members with long addresses.
pub(super) const LONGEST_ROW: usize = 1024 * 1024;

/// Bytes that arrive when they arrive.
pub type Bytes = Box<dyn BufRead + Send>;

/// Bytes one by one, as UTF-8, with the number of the line that they stand on.
pub(super) struct Text {
    source: Bytes,
    /// The line of the next byte, from 1.
    pub(super) line: u64,
    after_return: bool,
}

impl Text {
    /// Finds out how the bytes encode text. Without a byte order mark, a NUL in the first two bytes tells UTF-16.
    pub(super) fn decode(mut source: Bytes) -> io::Result<Self> {
        let mut head = Vec::new();
        source.by_ref().take(2).read_to_end(&mut head)?;
        let source: Bytes = match head[..] {
            [0xff, 0xfe] => Box::new(BufReader::new(Utf16 { source, big: false, ready: Vec::new() })),
            [0xfe, 0xff] => Box::new(BufReader::new(Utf16 { source, big: true, ready: Vec::new() })),
            [first, second] if (first == 0) != (second == 0) => {
                let source = Box::new(Cursor::new(head).chain(source));
                Box::new(BufReader::new(Utf16 { source, big: first == 0, ready: Vec::new() }))
            }
            [0xef, 0xbb] => {
                source.by_ref().take(1).read_to_end(&mut head)?;
                let rest = if head[2..] == [0xbf] { Vec::new() } else { head };
                Box::new(Cursor::new(rest).chain(source))
            }
            _ => Box::new(Cursor::new(head).chain(source)),
        };
        Ok(Self { source, line: 1, after_return: false })
    }

    /// The next byte, which stays where it is.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.source.fill_buf() {
                Ok(buffer) => return Ok(buffer.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next byte.
    pub(super) fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.source.consume(1);
            self.line += u64::from(byte == b'\r' || (byte == b'\n' && !self.after_return));
            self.after_return = byte == b'\r';
        }
        Ok(byte)
    }

    /// Reads over the second half of a line end.
    pub(super) fn end_line(&mut self) -> io::Result<()> {
        if self.after_return && self.peek()? == Some(b'\n') {
            self.next()?;
        }
        Ok(())
    }

    /// The next line, which stays where it is; of a long one only the beginning.
    pub(super) fn peek_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        while line.len() < LONGEST_ROW && self.peek()?.is_some() {
            let buffer = self.source.fill_buf()?;
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            line.extend_from_slice(&buffer[..end.unwrap_or(buffer.len())]);
            let length = end.unwrap_or(buffer.len());
            self.source.consume(length);
            if end.is_some() {
                break;
            }
        }
        let rest = std::mem::replace(&mut self.source, Box::new(io::empty()));
        self.source = Box::new(Cursor::new(line.clone()).chain(rest));
        Ok(line)
    }
}

/// Makes UTF-8 of UTF-16. What is no UTF-16 becomes a byte that UTF-8 does not have, which is reported with its place.
struct Utf16 {
    source: Bytes,
    big: bool,
    ready: Vec<u8>,
}

impl Utf16 {
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut pair = Vec::new();
        self.source.by_ref().take(2).read_to_end(&mut pair)?;
        Ok(match pair[..] {
            [] => None,
            [first, second] if self.big => Some(u16::from_be_bytes([first, second])),
            [first, second] => Some(u16::from_le_bytes([first, second])),
            // Half a character: a lone surrogate is refused in its place.
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
                    Err(_) => self.ready.push(0xff),
                }
            }
        }
        let length = self.ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.ready[..length]);
        self.ready.drain(..length);
        Ok(length)
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
}
