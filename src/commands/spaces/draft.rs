//! A space to send: options merged into a JSON document, checked by the rules of the API.

use serde_json::{Map, Value};

use super::fields::{self, FIELDS, Kind, Settable};
use super::options::SpaceFields;
use crate::commands::{ErrorCode, Failure};
use crate::platform::input::Source;

/// The size limit of the document, in bytes: more than any request of the API.
const LARGEST: u64 = 1024 * 1024;

/// A space that is to be sent.
#[derive(Debug)]
pub(super) struct Draft {
    /// What will be sent.
    pub(super) space: Map<String, Value>,
    /// The fields that options or cells gave.
    options: Map<String, Value>,
    dropped: Vec<&'static str>,
    /// The resource name in the document, which tells that it is a space that the server sent.
    pub(super) copy_of: Option<String>,
    source: Option<Source>,
}

impl<const NEW: bool> SpaceFields<NEW> {
    /// Reads the document and merges the options into it; `more` holds what other options of the command gave.
    ///
    /// A document may be a space that the server sent, so what only the server sets is left out of it.
    pub(super) fn draft(&self, more: Map<String, Value>) -> Result<Draft, Failure> {
        let space = match &self.json {
            Some(source) => read(source)?,
            None => self.document.clone(),
        };
        let name = space.get("name").and_then(Value::as_str);
        let copy_of = name.filter(|name| name.starts_with("spaces/")).map(str::to_owned);
        let (options, source) = (self.given.clone(), self.json.clone());
        let mut draft = Draft { space, options, dropped: Vec::new(), copy_of, source };
        draft.drop_all(Settable::Never);
        draft.options.extend(more);
        merge(&mut draft.space, draft.options.clone());
        for field in FIELDS {
            if let Kind::Text(longest) = field.kind
                && let Some(count) = draft.at(field.path).and_then(Value::as_str).map(|text| text.chars().count())
                && count > longest
            {
                return Err(draft.refuse(field.path, &format!("has {count} characters; at most {longest} are allowed")));
            }
        }
        Ok(draft)
    }
}

impl Draft {
    /// Returns the value at a path.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        fields::at(&self.space, path)
    }

    /// Whether there is a value at a path, other than null and false.
    pub(super) fn has(&self, path: &str) -> bool {
        self.at(path).is_some_and(|value| !value.is_null() && *value != Value::Bool(false))
    }

    /// Whether an option or a cell gave the field.
    pub(super) fn was_given(&self, path: &str) -> bool {
        fields::at(&self.options, path).is_some()
    }

    /// Drops the fields that can only be set at this time.
    pub(super) fn drop_all(&mut self, settable: Settable) {
        for field in FIELDS.iter().filter(|field| field.settable == settable) {
            self.drop_field(field.path);
        }
    }

    /// Drops a field.
    pub(super) fn drop_field(&mut self, path: &'static str) {
        if remove(&mut self.space, path) {
            self.dropped.push(path);
        }
    }

    /// Returns the error for a field that breaks a rule. It names the option and the API's field, or the document that
    /// the field came from.
    pub(super) fn refuse(&self, path: &str, rule: &str) -> Failure {
        match &self.source {
            Some(source) if !self.was_given(path) && self.at(path).is_some() => {
                Failure::new(ErrorCode::InputInvalid, format!("{path} in {source} {rule}"))
            }
            _ => {
                let option = fields::field(path).map(fields::Field::option).unwrap_or_default();
                Failure::usage(format!("{option} ({path}) {rule}"))
            }
        }
    }

    /// Returns the fields removed from the document, for a message; `None` if there are none.
    pub(super) fn ignored(&self) -> Option<String> {
        (!self.dropped.is_empty()).then(|| format!("fields that cannot be set here: {}", self.dropped.join(", ")))
    }
}

/// Removes a member from an object, and the objects that become empty.
fn remove(object: &mut Map<String, Value>, path: &str) -> bool {
    match path.split_once('.') {
        None => object.shift_remove(path).is_some(),
        Some((outer, inner)) => {
            let Some(Value::Object(child)) = object.get_mut(outer) else { return false };
            let removed = remove(child, inner);
            if removed && child.is_empty() {
                object.shift_remove(outer);
            }
            removed
        }
    }
}

/// Reads a space from a file.
fn read(source: &Source) -> Result<Map<String, Value>, Failure> {
    let invalid = |cause: String| Failure::new(ErrorCode::InputInvalid, format!("{source} {cause}"));
    let text = source.read_text(LARGEST).map_err(|error| Failure::from(&error))?;
    match serde_json::from_str(&text).map(camel_case) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(invalid(String::from("is not a JSON object"))),
        // The position only, never the contents.
        Err(error) => Err(invalid(format!("is not JSON: line {}, column {}", error.line(), error.column()))),
    }
    .map_err(|failure| failure.hint("expected a Space of the API's reference, such as {\"displayName\": \"Team\"}"))
}

/// Converts the names in a document to `camelCase`: Google reads fields in `snake_case` too, and its clients write them.
pub(super) fn camel_case(value: Value) -> Value {
    let camel = |name: &str| {
        let mut letters = name.chars();
        let next = || match letters.next()? {
            '_' => letters.next().map(|letter| letter.to_ascii_uppercase()),
            letter => Some(letter),
        };
        std::iter::from_fn(next).collect::<String>()
    };
    match value {
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (camel(&name), camel_case(value))).collect(),
        Value::Array(items) => items.into_iter().map(camel_case).collect(),
        other => other,
    }
}

/// Merges `upper` into `lower`: objects member by member; other values replace those below.
fn merge(lower: &mut Map<String, Value>, upper: Map<String, Value>) {
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
