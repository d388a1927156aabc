//! `-f` and `-F` of `chatauth api`, with the keys of `gh api`: `a[b]=c` is a member of a member, `a[]=c` an element
//! of a list, `a[][b]=c` a member of an element, `a[]` an empty list.

use serde_json::{Map, Value};

use crate::commands::Failure;
use crate::platform::sanitise::quoted;

/// Reads the file of `-F key=@FILE`; `-` is standard input.
pub(super) type ReadText<'a> = &'a mut dyn FnMut(&str) -> Result<String, Failure>;

/// One part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step<'a> {
    Member(&'a str),
    Element,
}

/// Returns the object that the fields describe: `raw` values are text, the types of `typed` values are guessed.
///
/// # Errors
/// A field without a value, an invalid key, a conflict between fields, or a file that cannot be read.
pub(super) fn object(raw: &[String], typed: &[String], read: ReadText<'_>) -> Result<Map<String, Value>, Failure> {
    let mut root = Value::Object(Map::new());
    for field in raw {
        let (key, value) = split("-f", field)?;
        put(&mut root, "-f", key, value.map(Value::from))?;
    }
    for field in typed {
        let (key, value) = split("-F", field)?;
        let value = value.map(|text| guess(text, read)).transpose()?;
        put(&mut root, "-F", key, value)?;
    }
    match root {
        Value::Object(object) => Ok(object),
        _ => Ok(Map::new()),
    }
}

/// Returns the fields as query parameters in Google's form: members joined by dots, lists as repeated names.
pub(super) fn query(object: &Map<String, Value>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in object {
        flatten(name, value, &mut pairs);
    }
    pairs
}

fn flatten(name: &str, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (member, value) in object {
                flatten(&format!("{name}.{member}"), value, pairs);
            }
        }
        Value::Array(elements) => {
            for value in elements {
                flatten(name, value, pairs);
            }
        }
        Value::Null => pairs.push((name.to_owned(), String::new())),
        Value::String(text) => pairs.push((name.to_owned(), text.clone())),
        other => pairs.push((name.to_owned(), other.to_string())),
    }
}

fn split<'a>(option: &str, field: &'a str) -> Result<(&'a str, Option<&'a str>), Failure> {
    match field.split_once('=') {
        Some((key, value)) => Ok((key, Some(value))),
        None if field.ends_with("[]") => Ok((field, None)),
        None => Err(Failure::usage(format!("{option} {} has no value: expected key=value", quoted(field)))),
    }
}

/// Guesses the type of a value: a number, `true`, `false`, `null`, the contents of a file after `@`, or else text.
fn guess(text: &str, read: ReadText<'_>) -> Result<Value, Failure> {
    if let Some(file) = text.strip_prefix('@') {
        return read(file).map(Value::from);
    }
    // Not every JSON: text that happens to begin with a bracket or a quote is still text.
    Ok(match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null)) if text.trim() == text => value,
        _ => Value::from(text),
    })
}

fn put(root: &mut Value, option: &str, key: &str, value: Option<Value>) -> Result<(), Failure> {
    let steps = steps(key)
        .ok_or_else(|| Failure::usage(format!("{option} {} is not a key such as a, a[b] or a[]", quoted(key))))?;
    insert(root, &steps, value)
        .ok_or_else(|| Failure::usage(format!("{option} {} conflicts with an earlier field of that name", quoted(key))))
}

fn steps(key: &str) -> Option<Vec<Step<'_>>> {
    let (first, mut rest) = key.split_at(key.find('[').unwrap_or(key.len()));
    if first.is_empty() || first.contains(']') {
        return None;
    }
    let mut steps = vec![Step::Member(first)];
    while !rest.is_empty() {
        let (name, behind) = rest.strip_prefix('[')?.split_once(']')?;
        steps.push(match name {
            "" => Step::Element,
            name if name.contains('[') => return None,
            name => Step::Member(name),
        });
        rest = behind;
    }
    Some(steps)
}

/// Inserts a value at a key; `None` if an earlier field conflicts with it.
fn insert(target: &mut Value, steps: &[Step<'_>], value: Option<Value>) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        *target = value.unwrap_or_default();
        return Some(());
    };
    match step {
        Step::Member(name) => {
            if target.is_null() {
                *target = Value::Object(Map::new());
            }
            let object = target.as_object_mut()?;
            if rest.is_empty() && object.contains_key(*name) {
                return None;
            }
            insert(object.entry(*name).or_insert(Value::Null), rest, value)
        }
        Step::Element => {
            if target.is_null() {
                *target = Value::Array(Vec::new());
            }
            let array = target.as_array_mut()?;
            if rest.is_empty() {
                array.extend(value);
                return Some(());
            }
            // A member that the last element already has begins the next element.
            let fits = match (array.last(), rest.first()) {
                (Some(Value::Object(last)), Some(Step::Member(name))) => !last.contains_key(*name) || rest.len() > 1,
                _ => false,
            };
            if !fits {
                array.push(Value::Null);
            }
            insert(array.last_mut()?, rest, value)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(raw: &[&str], typed: &[&str]) -> Result<Value, Failure> {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        object(&own(raw), &own(typed), &mut |file| Ok(format!("<{file}>"))).map(Value::Object)
    }

    #[test]
    fn keys_and_types_are_those_of_gh() {
        for (raw, typed, expected) in [
            (&["a=1", "b=", "c=x=y"][..], &[][..], json!({"a": "1", "b": "", "c": "x=y"})),
            (
                &[],
                &["a=1", "b=true", "c=null", "d=@f", "e=@-", "g=x"],
                json!({"a": 1, "b": true, "c": null, "d": "<f>", "e": "<->", "g": "x"}),
            ),
            (&[], &["a=\"q\"", "b=[1]", "c=01", "d= 1"], json!({"a": "\"q\"", "b": "[1]", "c": "01", "d": " 1"})),
            (&["a[b][c]=1", "a[b][d]=2"], &["a[e]=3"], json!({"a": {"b": {"c": "1", "d": "2"}, "e": 3}})),
            (&["a[]=1", "a[]=2"], &["b[]"], json!({"a": ["1", "2"], "b": []})),
            (&["a[][n]=1", "a[][m]=2", "a[][n]=3"], &[], json!({"a": [{"n": "1", "m": "2"}, {"n": "3"}]})),
            (
                &["m[][member][name]=users/1", "m[][member][type]=HUMAN"],
                &[],
                json!({"m": [{"member": {"name": "users/1", "type": "HUMAN"}}]}),
            ),
        ] {
            assert_eq!(fields(raw, typed).unwrap(), expected);
        }
        assert_eq!(
            fields(&[], &["n=12345678901234567890123"]).unwrap().to_string(),
            r#"{"n":12345678901234567890123}"#
        );
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for raw in [
            &["a"][..],
            &["=x"],
            &["[a]=x"],
            &["a[b=x"],
            &["a]b=x"],
            &["a[b]c=x"],
            &["a=1", "a=2"],
            &["a=1", "a[b]=2"],
            &["a[]=1", "a[b]=2"],
        ] {
            assert!(fields(raw, &[]).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn a_query_is_flat() {
        let Value::Object(object) = json!({"a": "x", "b": {"c": 1}, "d": ["y", true], "e": null}) else { panic!() };
        let expected = [("a", "x"), ("b.c", "1"), ("d", "y"), ("d", "true"), ("e", "")];
        assert_eq!(query(&object), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
