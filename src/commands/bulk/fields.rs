//! Values of rows: JSON as it is meant, and the texts that CSV has for everything.

use serde_json::Value;

use super::Wrong;

/// A text; numbers count as one, because spreadsheets make numbers of what looks like one.
pub(in crate::commands) fn text(column: &str, value: &Value) -> Result<String, Wrong> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Wrong::new(column, "is not a text")),
    }
}

/// Yes or no.
pub(in crate::commands) fn switch(column: &str, value: &Value) -> Result<bool, Wrong> {
    let wrong = || Wrong::new(column, format!("{value} is neither true nor false"));
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// Several texts: a list, or one text in which semicolons separate them.
pub(in crate::commands) fn list(column: &str, value: &Value) -> Result<Vec<String>, Wrong> {
    let texts = match value {
        Value::String(text) => text.split(';').map(|part| Value::from(part.trim())).collect(),
        Value::Array(items) => items.clone(),
        _ => return Err(Wrong::new(column, "is not a list of texts")),
    };
    texts
        .iter()
        .map(|item| item.as_str().map(|text| text.trim().to_owned()))
        .filter(|text| text.as_ref().is_none_or(|text| !text.is_empty()))
        .map(|text| text.ok_or_else(|| Wrong::new(column, "is not a list of texts")))
        .collect()
}

/// One of some words.
pub(in crate::commands) fn one_of<Choice: Copy>(
    column: &str,
    value: &Value,
    choices: &[(&str, Choice)],
) -> Result<Choice, Wrong> {
    let text = value.as_str().unwrap_or_default().trim();
    let found = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, choice)| *choice);
    found.ok_or_else(|| {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        Wrong::new(column, format!("{value} is none of {}", words.join(", ")))
    })
}
