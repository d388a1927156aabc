//! A space as a person describes it: options over a JSON document, checked by the rules of the API.

use serde_json::{Map, Value};

use super::fields::{self, FIELDS, Kind, Settable};
use super::options::SpaceFields;
use crate::commands::input::{self, merge};
use crate::commands::{ErrorCode, Failure};
use crate::platform::input::Source;

/// A space that is to be sent.
#[derive(Debug)]
pub(super) struct Draft {
    /// What will be sent.
    pub(super) space: Map<String, Value>,
    /// What options or cells gave, by its path.
    options: Map<String, Value>,
    left_out: Vec<&'static str>,
    source: Option<Source>,
}

impl<const NEW: bool> SpaceFields<NEW> {
    /// Reads the document and merges the options into it; `more` holds what other options of the command gave.
    ///
    /// A document may be a space that the server sent, so what only the server sets is left out of it.
    pub(super) fn draft(&self, more: Map<String, Value>) -> Result<Draft, Failure> {
        let space = match &self.json {
            Some(source) => input::object(source)?,
            None => self.document.clone(),
        };
        let mut draft = Draft { space, options: self.nested(), left_out: Vec::new(), source: self.json.clone() };
        draft.leave_out(Settable::Never);
        draft.options.extend(more);
        merge(&mut draft.space, draft.options.clone());
        for field in FIELDS {
            if let Kind::Text(longest) = field.kind
                && let Some(count) = draft.at(field.path).and_then(Value::as_str).map(|text| text.chars().count())
                && count > longest
            {
                return Err(draft.refuse(field.path, &format!("has {count} characters, and {longest} are allowed")));
            }
        }
        Ok(draft)
    }
}

impl Draft {
    /// What stands at a path.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        fields::at(&self.space, path)
    }

    /// Whether something other than nothing stands at a path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.at(path).is_some_and(|value| !value.is_null() && *value != Value::Bool(false))
    }

    /// Whether an option or a cell gave the field.
    pub(super) fn was_given(&self, path: &str) -> bool {
        fields::at(&self.options, path).is_some()
    }

    /// Leaves the fields out that can be set only so.
    pub(super) fn leave_out(&mut self, settable: Settable) {
        for field in FIELDS.iter().filter(|field| field.settable == settable) {
            self.leave_out_field(field.path);
        }
    }

    /// Leaves a field out.
    pub(super) fn leave_out_field(&mut self, path: &'static str) {
        if remove(&mut self.space, path) {
            self.left_out.push(path);
        }
    }

    /// A field that breaks a rule, named by its option and by the API's name for it, or by its place in the document
    /// that it came from.
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

    /// Returns a note on the fields removed from the document; `None` if there are none.
    pub(super) fn note(&self) -> Option<String> {
        (!self.left_out.is_empty())
            .then(|| format!("Ignored fields that cannot be set here: {}", self.left_out.join(", ")))
    }
}

/// Takes a member out of an object, and what is empty then.
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
