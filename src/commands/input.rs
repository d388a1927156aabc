//! JSON objects that a person hands over.

use serde_json::{Map, Value};

use crate::platform::input::Source;

use super::{ErrorCode, Failure};

/// Larger than any request that the API takes.
const LARGEST: u64 = 1024 * 1024;

/// Reads one JSON object.
pub(super) fn object(source: &Source) -> Result<Map<String, Value>, Failure> {
    let invalid = |cause: String| Failure::new(ErrorCode::InputInvalid, format!("{source} {cause}"));
    match serde_json::from_str(&source.read_text(LARGEST)?) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(invalid(String::from("is not a JSON object"))),
        // The position, and nothing of the contents.
        Err(error) => Err(invalid(format!("holds no JSON: line {}, column {}", error.line(), error.column()))),
    }
    .map_err(|failure| failure.hint("expected a Space of the API's reference, such as {\"displayName\": \"Team\"}"))
}

/// Puts `upper` over `lower`: objects member by member, everything else as a whole.
pub(super) fn merge(lower: &mut Map<String, Value>, upper: Map<String, Value>) {
    for (key, value) in upper {
        match (lower.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            (_, value) => {
                lower.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_top_wins_and_what_is_below_stays() {
        let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let mut lower = object(r#"{"displayName":"a","spaceDetails":{"guidelines":"g"},"new":[1.50]}"#);
        let upper = object(r#"{"displayName":"b","spaceDetails":{"description":"d"}}"#);
        merge(&mut lower, upper);
        assert_eq!(
            Value::Object(lower).to_string(),
            r#"{"displayName":"b","spaceDetails":{"guidelines":"g","description":"d"},"new":[1.50]}"#
        );
    }
}
