//! JSON objects in which no member is given twice.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::columns::RowFault;
use super::text::LONGEST_ROW;
use crate::platform::sanitise::quoted;

/// Parses an object. The column of the error is that of the text.
///
/// # Errors
/// The line is not an object, or has a member twice.
pub(super) fn object(line: &[u8]) -> Result<Map<String, Value>, RowFault> {
    let at = |error: &serde_json::Error, reason: &str| RowFault::in_column(error.column().to_string(), reason);
    if line.len() > LONGEST_ROW {
        return Err(RowFault::whole_row(format!("longer than {LONGEST_ROW} bytes")));
    }
    let value = serde_json::from_slice(line).map_err(|error| {
        let cut = "the object does not end on its line (--format jsonl and jq -c write one per line)";
        at(&error, if error.is_eof() { cut } else { "not JSON" })
    })?;
    let Value::Object(members) = value else { return Err(RowFault::whole_row("not a JSON object")) };
    match serde_json::from_slice::<Once>(line) {
        Ok(Once) => Ok(members),
        // The message ends with the place.
        Err(error) => Err(at(&error, error.to_string().split(" at line").next().unwrap_or_default())),
    }
}

/// JSON in which no object has a member twice.
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
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if let Some(name) = names.replace(name) {
                return Err(Access::Error::custom(format!("the member {} appears twice", quoted(&name))));
            }
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
    use super::*;

    #[test]
    fn no_member_is_lost() {
        assert_eq!(object(br#"{"a":1.50,"b":{"a":[true,null,-1e9,"x"]},"c":{"a":{}}}"#).unwrap().len(), 3);
        for (line, expected) in [
            (r#"{"a":1,"a":2}"#, "the member \"a\" appears twice"),
            (r#"{"a":{"b":1,"b":1}}"#, "the member \"b\" appears twice"),
            (r#"{"a":[{"b":1,"b":1}]}"#, "the member \"b\" appears twice"),
            (r#"{"a":}"#, "not JSON"),
            ("{\"a\":\"\u{0}\"}", "not JSON"),
            ("{", "does not end on its line"),
            ("[{}]", "not a JSON object"),
            ("7", "not a JSON object"),
        ] {
            let reason = object(line.as_bytes()).unwrap_err().reason;
            assert!(reason.contains(expected), "{line}: {reason}");
        }
    }
}
