//! JSON Lines: one object a line, each of whose members is there once.

use std::fmt;
use std::io;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::text::{LONGEST_ROW, Text};

/// The next line that is not blank, with its number; `None` at the end. A longer one than [`LONGEST_ROW`] is cut.
pub(super) fn next_line(text: &mut Text) -> io::Result<Option<(u64, Vec<u8>)>> {
    loop {
        text.end_line()?;
        let number = text.line;
        let mut line = Vec::new();
        let ended = loop {
            match text.next()? {
                None => break true,
                Some(b'\n' | b'\r') => break false,
                Some(byte) if line.len() <= LONGEST_ROW => line.push(byte),
                Some(_) => {}
            }
        };
        if !line.trim_ascii().is_empty() {
            return Ok(Some((number, line)));
        }
        if ended {
            return Ok(None);
        }
    }
}

/// The members of an object.
///
/// # Errors
/// Where the line is no JSON object (the column, from 1), and why.
pub(super) fn object(line: &[u8]) -> Result<Map<String, Value>, (Option<usize>, String)> {
    if line.len() > LONGEST_ROW {
        return Err((None, format!("longer than {LONGEST_ROW} bytes")));
    }
    let value = serde_json::from_slice(line).map_err(|error| {
        let reason =
            if error.is_eof() { "the object does not end on its line (jq -c writes one a line)" } else { "not JSON" };
        (Some(error.column()), String::from(reason))
    })?;
    let Value::Object(members) = value else { return Err((None, String::from("not a JSON object"))) };
    match serde_json::from_slice::<Once>(line) {
        Ok(Once) => Ok(members),
        // The message of serde_json ends in the place.
        Err(error) => {
            Err((Some(error.column()), error.to_string().split(" at line").next().unwrap_or_default().to_owned()))
        }
    }
}

/// Any JSON in which no object has two members of one name.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<Source: Deserializer<'de>>(source: Source) -> Result<Self, Source::Error> {
        source.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<Access: MapAccess<'de>>(self, mut map: Access) -> Result<Self, Access::Error> {
        let mut names = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if names.contains(&name) {
                return Err(Access::Error::custom(format!("the member {name:?} stands twice")));
            }
            names.insert(name);
            map.next_value::<Self>()?;
        }
        Ok(self)
    }

    fn visit_seq<Access: SeqAccess<'de>>(self, mut items: Access) -> Result<Self, Access::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn lines_are_found_whatever_ends_them() {
        let mut text = Text::decode(Box::new(Cursor::new(b" \n{1}\r{2}\r\n\r\n\t\r{3}".to_vec()))).unwrap();
        let mut found = Vec::new();
        while let Some((number, line)) = next_line(&mut text).unwrap() {
            found.push((number, String::from_utf8(line).unwrap()));
        }
        let found: Vec<(u64, &str)> = found.iter().map(|(number, line)| (*number, line.as_str())).collect();
        assert_eq!(found, [(2, "{1}"), (3, "{2}"), (6, "{3}")]);
    }

    #[test]
    fn no_member_is_lost() {
        assert_eq!(object(br#"{"a":1.50,"b":{"a":[true,null,-1e9,"x"]},"c":{"a":{}}}"#).unwrap().len(), 3);
        for (line, expected) in [
            (r#"{"a":1,"a":2}"#, "the member \"a\" stands twice"),
            (r#"{"a":{"b":1,"b":1}}"#, "the member \"b\" stands twice"),
            (r#"{"a":[{"b":1,"b":1}]}"#, "the member \"b\" stands twice"),
            (r#"{"a":}"#, "not JSON"),
            ("{\"a\":\"\u{0}\"}", "not JSON"),
            ("{", "does not end on its line"),
            ("[{}]", "not a JSON object"),
            ("7", "not a JSON object"),
        ] {
            let (_, reason) = object(line.as_bytes()).unwrap_err();
            assert!(reason.contains(expected), "{line}: {reason}");
        }
    }
}
