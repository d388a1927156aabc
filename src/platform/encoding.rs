//! Text as editors and spreadsheets save it: UTF-8 or UTF-16, with or without a byte order mark.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use icu_normalizer::ComposingNormalizerBorrowed;

/// The bytes of a file or a pipe.
pub type Bytes<'a> = Box<dyn BufRead + Send + 'a>;

/// Returns the text in UTF-8 without its byte order mark; `None` if the bytes are in neither encoding.
pub fn decode(bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    to_utf8(Box::new(bytes)).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Composes the accents of a text (Unicode normalization form C): macOS decomposes them in what looks the same.
pub fn composed(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// Converts a text to UTF-8 while it is read, and removes its byte order mark. Without a mark, a NUL in one of the first two
/// bytes means UTF-16: the first character is ASCII in every format that is read here. An invalid character of UTF-16
/// becomes a byte that is invalid in UTF-8.
///
/// # Errors
/// The first bytes cannot be read.
pub fn to_utf8(mut source: Bytes<'_>) -> io::Result<Bytes<'_>> {
    let mut head = Vec::new();
    source.by_ref().take(3).read_to_end(&mut head)?;
    let (mark, big_endian) = match head[..] {
        [0xff, 0xfe, ..] => (2, Some(false)),
        [0xfe, 0xff, ..] => (2, Some(true)),
        [0xef, 0xbb, 0xbf] => (3, None),
        [first, second, ..] if (first == 0) != (second == 0) => (0, Some(first == 0)),
        _ => (0, None),
    };
    let source = Cursor::new(head.split_off(mark)).chain(source);
    Ok(match big_endian {
        None => Box::new(source),
        Some(big_endian) => Box::new(BufReader::new(Utf16 { source, big_endian, ready: VecDeque::new() })),
    })
}

struct Utf16<'a> {
    source: Chain<Cursor<Vec<u8>>, Bytes<'a>>,
    big_endian: bool,
    ready: VecDeque<u8>,
}

impl Utf16<'_> {
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

impl Read for Utf16<'_> {
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

    #[test]
    fn text_is_decoded_however_an_editor_saved_it() {
        let text = "{\"name\":\"K\u{f6}rper \u{1f389}\"}\r\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [&b"\xff\xfe"[..], &le].concat(),
            [&b"\xfe\xff"[..], &be].concat(),
            le.clone(),
            be.clone(),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Some(text));
        }
        assert_eq!(decode(b"").as_deref(), Some(""));
        assert_eq!(decode(b"\xef\xbb\xbf").as_deref(), Some(""));
    }

    #[test]
    fn half_a_text_is_no_text() {
        for bytes in [
            &b"\xff"[..],
            b"a\xff",
            b"\xef",
            b"\xef\xbb",
            b"\xef\xbbname",
            b"\xef\xbb\xbf\xff",
            b"\xff\xfea",
            b"\xff\xfen\0a",
            b"\xff\xfe\0\xd8",
            b"\xff\xfe\0\xd8x\0",
        ] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
