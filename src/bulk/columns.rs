//! The names and types of the columns of rows. A command defines the table and receives typed values.

use serde_json::{Map, Value};

use crate::platform::sanitise::quoted;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The name, which is that of the long option.
    pub name: &'static str,
    /// Other names, such as those of the API in the output of `list`. `a.b` is the member `b` of the object `a`.
    pub aliases: &'static [&'static str],
    /// The kind of its values.
    pub kind: Kind,
}

impl Column {
    /// Creates a column without other names.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, aliases: &[], kind }
    }

    /// Sets the other names.
    #[must_use]
    pub const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }
}

/// The kind of the values of a column.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text.
    Text,
    /// One name, without white space around it.
    One,
    /// Several names.
    List,
    /// Yes or no.
    Switch,
    /// One of several words, each with its meaning.
    Choice(&'static [(&'static str, &'static str)]),
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
    /// A value that `list` writes and this command does not read.
    Ignored,
}

/// The values of a row by column: texts, lists of texts, booleans, JSON. Empty values are absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values(pub(super) Map<String, Value>);

impl Values {
    /// Adds the value of a column, if there is one.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Returns the value of a column.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns all values with the names of their columns.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// Returns the text of a column.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Returns the texts of a list.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        let items = self.0.get(name)?.as_array()?;
        Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

/// Why a row cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The column.
    pub column: Option<String>,
    /// The reason.
    pub reason: String,
}

impl RowFault {
    /// Creates the fault of a column.
    pub fn in_column(column: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { column: Some(column.into()), reason: reason.into() }
    }

    /// Creates the fault of a whole row.
    pub fn whole_row(reason: impl Into<String>) -> Self {
        Self { column: None, reason: reason.into() }
    }
}

/// Returns the column of each heading; `None` for an empty heading. A heading that may stand for several columns means the
/// first one that no other heading names: beside `displayName`, `name` is the resource name.
///
/// # Errors
/// The index of the first heading that is unknown or repeated, with the reason.
pub(super) fn resolve(headings: &[String], columns: &[Column]) -> Result<Vec<Option<Column>>, (usize, String)> {
    let meanings = headings.iter().map(|heading| {
        let wanted = normalize(heading);
        let own = columns.iter().filter(|column| normalize(column.name) == wanted);
        let others = columns.iter().filter(|column| column.aliases.iter().any(|alias| normalize(alias) == wanted));
        own.chain(others).collect()
    });
    let meanings: Vec<Vec<&Column>> = meanings.collect();
    let mut order: Vec<usize> = (0..headings.len()).filter(|index| !headings[*index].trim().is_empty()).collect();
    order.sort_by_key(|index| meanings[*index].len() > 1);
    let mut found: Vec<Option<Column>> = vec![None; headings.len()];
    for index in order {
        let heading = &headings[index];
        let Some(first) = meanings[index].first() else { return Err((index, unknown(heading, columns))) };
        let is_free = |column: &&&Column| {
            matches!(column.kind, Kind::Ignored) || !found.iter().flatten().any(|other| other.name == column.name)
        };
        let Some(column) = meanings[index].iter().find(is_free) else {
            return Err((index, format!("the column {} appears twice, as {:?}", quoted(heading), first.name)));
        };
        found[index] = Some(**column);
    }
    Ok(found)
}

fn unknown(heading: &str, columns: &[Column]) -> String {
    let known = || columns.iter().filter(|column| !matches!(column.kind, Kind::Ignored));
    let wanted = normalize(heading);
    let own = known().map(|column| (column, column.name));
    let names = own.chain(known().flat_map(|column| column.aliases.iter().map(move |alias| (column, *alias))));
    let distances = names.map(|(column, name)| (strsim::damerau_levenshtein(&normalize(name), &wanted), column));
    let nearest = distances.min_by_key(|(distance, _)| *distance);
    let near = nearest.filter(|(distance, _)| *distance <= 1 + wanted.len() / 4);
    let near = near.map(|(_, column)| format!(" (did you mean {:?}?)", column.name)).unwrap_or_default();
    let all: Vec<&str> = known().map(|column| column.name).collect();
    format!("unknown column {}{near}; the columns are {}", quoted(heading), all.join(", "))
}

/// Returns the letters and digits in lower case: `Display Name`, `displayName` and `display-name` are one name.
fn normalize(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of a switch.
const SWITCH: &[(&str, &str)] = &[
    ("true", "on"),
    ("yes", "on"),
    ("on", "on"),
    ("1", "on"),
    ("false", "off"),
    ("no", "off"),
    ("off", "off"),
    ("0", "off"),
];

/// Converts a value to the kind of its column; `None` if it is empty.
///
/// # Errors
/// The value is not of this kind. The reason is to be read after the name of the column.
pub(super) fn parse_value(kind: Kind, value: &Value) -> Result<Option<Value>, String> {
    let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
    if value.is_null() || is_blank(value) {
        return Ok(None);
    }
    Ok(Some(match kind {
        Kind::Ignored => return Ok(None),
        Kind::Text => Value::from(text(value)?),
        Kind::One => Value::from(parse_single(value)?),
        Kind::List => {
            let items: Vec<String> = match value {
                Value::Array(items) => {
                    items.iter().filter(|item| !is_blank(item)).map(parse_single).collect::<Result<_, _>>()?
                }
                other => {
                    let text = text(other)?;
                    text.split(is_separator).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
                }
            };
            if items.is_empty() {
                return Ok(None);
            }
            Value::from(items)
        }
        Kind::Switch => Value::from(parse_choice(value, SWITCH)? == "on"),
        Kind::Choice(words) => {
            let switch =
                if words.iter().any(|(word, _)| *word == "on") { parse_choice(value, SWITCH).ok() } else { None };
            Value::from(parse_choice(&switch.map_or_else(|| value.clone(), Value::from), words)?)
        }
        Kind::Object if value.is_object() => value.clone(),
        Kind::Array if value.is_array() => value.clone(),
        Kind::Object => return Err(String::from("is not a JSON object")),
        Kind::Array => return Err(String::from("is not a JSON array")),
    }))
}

fn is_separator(character: char) -> bool {
    matches!(character, ';' | ',' | '\n' | '\r')
}

/// Returns a text. A number is one too: spreadsheets turn digits into numbers.
fn text(value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(_) => return Err(String::from("is a list, but takes one value")),
        _ => return Err(String::from("is not a text")),
    };
    let odd = |character: &char| character.is_control() && !matches!(character, '\t' | '\n' | '\r');
    match text.chars().find(odd) {
        Some(odd) => Err(format!("contains the control character U+{:04X}", u32::from(odd))),
        None => Ok(text),
    }
}

fn parse_single(value: &Value) -> Result<String, String> {
    let text = text(value)?.trim().to_owned();
    if text.contains(is_separator) {
        Err(format!("takes one value, but {} is a list", quoted(&text)))
    } else {
        Ok(text)
    }
}

/// Returns the meaning of a word. The meaning itself is accepted too.
fn parse_choice(value: &Value, words: &[(&str, &'static str)]) -> Result<&'static str, String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => return Err(String::from("is not a text")),
    };
    let found = words.iter().find(|(word, meaning)| word.eq_ignore_ascii_case(&text) || *meaning == text);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("{} is not one of {}", quoted(&text), words.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: &[Column] = &[
        Column::new("space", Kind::One).or(&["name"]),
        Column::new("name", Kind::Text).or(&["displayName", "Space name"]),
        Column::new("description", Kind::Text).or(&["spaceDetails.description"]),
        Column::new("import-mode", Kind::Switch),
        Column::new("createTime", Kind::Ignored).or(&["spaceUri"]),
    ];

    fn names(headings: &[&str]) -> Result<Vec<&'static str>, String> {
        let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
        resolve(&headings, COLUMNS)
            .map(|found| found.into_iter().map(|column| column.map_or("", |column| column.name)).collect())
            .map_err(|(index, reason)| format!("{index}: {reason}"))
    }

    #[test]
    fn headings_are_understood_as_people_and_the_api_write_them() {
        assert_eq!(
            names(&["Display Name", "DESCRIPTION", " import_mode "]).unwrap(),
            ["name", "description", "import-mode"]
        );
        assert_eq!(names(&["space", "name"]).unwrap(), ["space", "name"]);
        assert_eq!(
            names(&["name", "displayName", "spaceDetails.description"]).unwrap(),
            ["space", "name", "description"]
        );
        assert_eq!(names(&["name", "", "createTime", "spaceUri"]).unwrap(), ["name", "", "createTime", "createTime"]);
        for (headings, expected) in [
            (&["nme"][..], "0: unknown column \"nme\" (did you mean \"name\"?); the columns are space, name"),
            (&["name", "Disply Name"], "1: unknown column \"Disply Name\" (did you mean \"name\"?)"),
            (&["Gruppe"], "0: unknown column \"Gruppe\"; the columns are"),
            (&["displayName", "Display Name"], "1: the column \"Display Name\" appears twice, as \"name\""),
        ] {
            let reason = names(headings).unwrap_err();
            assert!(reason.starts_with(expected), "{reason}");
        }
    }

    #[test]
    fn a_cell_and_the_value_that_it_means_are_one() {
        const HISTORY: Kind = Kind::Choice(&[("on", "HISTORY_ON"), ("off", "HISTORY_OFF")]);
        for (kind, cell, value) in [
            (Kind::Text, " A ", json!(" A ")),
            (Kind::Text, "7.5", json!(7.5)),
            (Kind::One, " ada@example.com ", json!("ada@example.com")),
            (Kind::List, "a@x; b@x,c@x\nd@x;;", json!(["a@x", " b@x", "c@x", "", "d@x"])),
            (Kind::Switch, " Yes", json!(true)),
            (Kind::Switch, "0", json!(0)),
            (HISTORY, "ON", json!(true)),
            (HISTORY, "HISTORY_ON", json!("on")),
            (Kind::Text, "  ", Value::Null),
            (Kind::List, " ; ", json!([])),
        ] {
            assert_eq!(parse_value(kind, &Value::from(cell)).unwrap(), parse_value(kind, &value).unwrap(), "{cell}");
        }
        for (kind, value, expected) in [
            (Kind::One, json!("a@x;b@x"), "takes one value"),
            (Kind::One, json!("a@x, b@x"), "takes one value"),
            (Kind::One, json!(["a@x"]), "but takes one value"),
            (Kind::Text, json!(["a"]), "but takes one value"),
            (Kind::List, json!(["a@x,b@x"]), "takes one value"),
            (Kind::List, json!([["a@x"]]), "but takes one value"),
            (Kind::Text, json!("a\u{0}b"), "U+0000"),
            (Kind::Text, json!("a\u{85}b"), "U+0085"),
            (Kind::Text, json!({}), "is not a text"),
            (Kind::Switch, json!("perhaps"), "\"perhaps\" is not one of true, yes"),
            (Kind::Object, json!("{}"), "is not a JSON object"),
            (Kind::Array, json!({}), "is not a JSON array"),
        ] {
            assert!(parse_value(kind, &value).unwrap_err().contains(expected), "{kind:?} {value}");
        }
    }
}
