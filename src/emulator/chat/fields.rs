//! Reads the fields of a request's JSON.

use serde_json::{Map, Value};

/// The fields of a message.
pub(super) type Fields = Map<String, Value>;

/// Returns a text field, empty by default.
pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a boolean field, false by default.
pub(super) fn flag(fields: &Fields, name: &str) -> bool {
    fields.get(name) == Some(&Value::Bool(true))
}
