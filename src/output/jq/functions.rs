//! The builtins that need Rust: regular expressions, and JSON written and read as jq does.

use jaq_core::data::JustLut;
use jaq_core::native::{Fun, bome, run, unary, v};
use jaq_core::{Cv, Error, ValR};
use jaq_json::write::Pp;
use jaq_json::{Num, Rc, Val, read};
use regex_bites::bytes::{Regex, RegexBuilder};
use serde::de::IgnoredAny;

pub(super) type Data = JustLut<Val>;

/// Returns the functions.
pub(super) fn functions() -> impl Iterator<Item = Fun<Data>> {
    [
        run(("tojson", v(0), |cv| bome(to_json(&cv.1).map(Val::utf8_str)))),
        run(("fromjson", v(0), |cv| bome(from_json(&cv.1)))),
        run(("_matches", v(2), |cv| bome(matches(cv)))),
        run(("_remove", v(1), |cv| unary(cv, |object, key| Ok(remove(object, &key))))),
    ]
    .into_iter()
}

fn text(value: &Val) -> Result<&str, Error<Val>> {
    let Val::TStr(bytes) = value else { return Err(Error::typ(value.clone(), "string")) };
    std::str::from_utf8(bytes).map_err(Error::str)
}

/// Writes a value as JSON on one line.
pub(super) fn to_json(value: &Val) -> Result<Vec<u8>, Error<Val>> {
    let mut json = Vec::new();
    write(value, &mut json)?;
    Ok(json)
}

fn write(value: &Val, json: &mut Vec<u8>) -> Result<(), Error<Val>> {
    match value {
        Val::Num(Num::Float(number)) => json.extend(float(*number).bytes()),
        Val::TStr(bytes) => {
            let text = Val::from(String::from_utf8_lossy(bytes).into_owned());
            jaq_json::write::write(json, &Pp::default(), 0, &text).map_err(Error::str)?;
        }
        Val::Arr(items) => {
            json.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    json.push(b',');
                }
                write(item, json)?;
            }
            json.push(b']');
        }
        Val::Obj(entries) => {
            json.push(b'{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    json.push(b',');
                }
                text(key)?;
                write(key, json)?;
                json.push(b':');
                write(value, json)?;
            }
            json.push(b'}');
        }
        value => jaq_json::write::write(json, &Pp::default(), 0, value).map_err(Error::str)?,
    }
    Ok(())
}

/// Writes a number that was computed: JSON has no NaN and no infinity.
fn float(number: f64) -> String {
    if number.is_nan() {
        return String::from("null");
    }
    let number = number.clamp(f64::MIN, f64::MAX);
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    if number != 0.0 && (exponent < -4 || usize::try_from(exponent).is_ok_and(|exponent| exponent >= count + 15)) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    number.to_string()
}

/// Reads one JSON document.
fn from_json(value: &Val) -> ValR<Val> {
    let json = text(value)?;
    if json.trim() == "nan" {
        return Ok(Val::from(f64::NAN));
    }
    let failed = |error: &dyn std::fmt::Display| Error::str(format_args!("cannot read {value} as JSON: {error}"));
    serde_json::from_str::<IgnoredAny>(json).map_err(|error| failed(&error))?;
    read::parse_single(json.as_bytes()).map_err(|error| failed(&error))
}

/// Removes a key from an object; the others keep their order.
fn remove(mut object: Val, key: &Val) -> Val {
    if let Val::Obj(entries) = &mut object {
        Rc::make_mut(entries).shift_remove(key);
    }
    object
}

/// Returns the matches of a regular expression as an array, each as `match` describes it.
fn matches(mut cv: Cv<'_, Data>) -> ValR<Val> {
    let (flags, expression) = (cv.0.pop_var(), cv.0.pop_var());
    let flags = if matches!(flags, Val::Null) { "" } else { text(&flags)? };
    if let Some(unknown) = flags.chars().find(|flag| !"gnixsp".contains(*flag)) {
        return Err(Error::str(format_args!("{unknown} is no flag of regular expressions here")));
    }
    let expression = RegexBuilder::new(text(&expression)?)
        .case_insensitive(flags.contains('i'))
        .ignore_whitespace(flags.contains('x'))
        .dot_matches_new_line(flags.contains('p'))
        .build()
        .map_err(|error| Error::str(format_args!("cannot use this regular expression: {error}")))?;
    let subject = text(&cv.1)?;
    let all = expression.captures_iter(subject.as_bytes()).filter_map(|captures| {
        let groups: Vec<_> = (0..captures.len()).map(|group| captures.get(group).map(|found| found.range())).collect();
        let whole = groups.first().cloned().flatten()?;
        (!(flags.contains('n') && whole.is_empty())).then_some(groups)
    });
    let count = if flags.contains('g') { usize::MAX } else { 1 };
    Ok(all.take(count).map(|groups| describe(&expression, subject, groups)).collect())
}

fn describe(expression: &Regex, subject: &str, groups: Vec<Option<std::ops::Range<usize>>>) -> Val {
    let described = groups.into_iter().zip(expression.capture_names()).map(|(range, name)| {
        let found = range.and_then(|range| Some((subject.get(..range.start)?, subject.get(range)?)));
        let characters = |text: &str| Val::from(text.chars().count());
        let (offset, length, string) = match found {
            Some((before, found)) => (characters(before), characters(found), Val::from(found.to_owned())),
            None => (Val::from(-1_isize), Val::from(0_usize), Val::Null),
        };
        let name = name.map_or(Val::Null, |name| Val::from(name.to_owned()));
        (offset, length, string, name)
    });
    let key = |name: &str| Val::from(name.to_owned());
    let mut objects = described.map(|(offset, length, string, name)| {
        [(key("offset"), offset), (key("length"), length), (key("string"), string), (key("name"), name)]
    });
    let whole = objects.next().into_iter().flatten().take(3).collect::<Vec<_>>();
    let captures = objects.map(|object| Val::obj(object.into_iter().collect())).collect();
    Val::obj(whole.into_iter().chain([(key("captures"), captures)]).collect())
}
