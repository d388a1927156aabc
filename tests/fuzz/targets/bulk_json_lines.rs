//! JSON Lines: every line is a space, so none may be swallowed, changed or made up.
//!
//! The first byte says how large the pieces are in which the text arrives.
#![no_main]

use chatauth::bulk::fuzzing::{Row, Wrong, rows};
use chatauth::commands::fuzzing::{additions, columns, requests};
use chatauth_fuzz::{check_shown, split_number};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// The lines that are not blank, each with its number and whether it is an object.
fn expected(text: &[u8]) -> Vec<(u64, bool)> {
    let mut lines: Vec<(u64, Vec<u8>)> = vec![(1, Vec::new())];
    for (at, byte) in text.iter().enumerate() {
        let number = lines.last().map_or(1, |(number, _)| *number);
        match byte {
            b'\n' if at > 0 && text[at - 1] == b'\r' => {}
            b'\n' | b'\r' => lines.push((number + 1, Vec::new())),
            byte => lines.last_mut().expect("there is one").1.push(*byte),
        }
    }
    lines.retain(|(_, line)| !line.trim_ascii().is_empty());
    let is_object = |line: &[u8]| matches!(serde_json::from_slice(line), Ok(Value::Object(_)));
    lines.into_iter().map(|(number, line)| (number, is_object(&line))).collect()
}

/// The row as a line of its own, its members the other way round.
fn reversed(row: &Row) -> String {
    let members: Map<String, Value> =
        row.members.iter().rev().map(|(name, value)| (name.clone(), value.clone())).collect();
    Value::Object(members).to_string()
}

fn told(wrong: &Wrong) {
    assert!(wrong.message.starts_with("line ") || wrong.ends, "{wrong:?}");
    check_shown(&wrong.message);
}

fuzz_target!(|bytes: &[u8]| {
    let (size, text) = split_number(bytes);
    let [columns, _] = columns();
    let plain = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let utf16 = matches!(text, [first, second, ..] if (*first == 0) != (*second == 0));
    if utf16 || plain.iter().find(|byte| !b" \t\r\n".contains(byte)) != Some(&b'{') {
        return;
    }
    let read = rows(text, usize::from(size) + 1, &columns).expect("it is read line by line");
    assert_eq!(Ok(&read), rows(text, usize::MAX, &columns).as_ref(), "in pieces of {size}");
    let wanted = expected(plain);
    assert_eq!(read.len(), wanted.len(), "{read:?}");
    for (number, (row, (line, object))) in (1_u64..).zip(read.iter().zip(&wanted)) {
        match row {
            Ok(row) => {
                assert!(*object, "{row:?} is no object");
                assert_eq!((row.number, row.line), (number, *line));
                // What a row is recognised by depends on what it says, and not on the order.
                let again = rows(reversed(row).as_bytes(), usize::MAX, &columns).expect("it is an object");
                let again = again[0].as_ref().expect("it is a row");
                assert_eq!((&again.members, &again.identity), (&row.members, &row.identity));
            }
            Err(wrong) => {
                assert!(!wrong.ends && wrong.message.starts_with(&format!("line {line}")), "{wrong:?}");
                told(wrong);
            }
        }
    }
    let previews = requests(text);
    assert_eq!(previews.len(), wanted.len());
    for request in previews {
        match request {
            Ok(request) => assert!(request["body"].is_object() && request["method"] == "POST", "{request}"),
            Err(wrong) => told(&wrong),
        }
    }
    additions(text).iter().filter_map(|row| row.as_ref().err()).for_each(told);
});
