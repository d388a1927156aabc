//! JSON Lines: every line is a space, so none may be swallowed, changed or made up.
//!
//! The first byte says how large the pieces are in which the text arrives.
#![no_main]

use chatauth::commands::bulk::fuzzing::{Row, Wrong, additions, columns, requests, rows};
use chatauth_fuzz::{check_shown, split_number};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// `importMode`, `import_mode` and `import-mode` are one member.
fn member(name: &str) -> String {
    let mut member = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !member.is_empty() {
            member.push('-');
        }
        member.push(if letter == '_' { '-' } else { letter.to_ascii_lowercase() });
    }
    member
}

/// The lines that are not blank, each with its number and with its object where it is one that can be used.
fn expected(text: &[u8]) -> Vec<(u64, Option<Map<String, Value>>)> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    (1..)
        .zip(text.split(|byte| *byte == b'\n'))
        .filter(|(_, line)| line.iter().any(|byte| !b" \t\r\x0c".contains(byte)))
        .map(|(number, line)| {
            let object = match serde_json::from_slice(line) {
                Ok(Value::Object(object)) => Some(object),
                _ => None,
            };
            // A member that is said in two ways would be lost in one of them.
            let members = object.and_then(|object| {
                let renamed: Map<String, Value> =
                    object.iter().map(|(name, value)| (member(name), value.clone())).collect();
                (renamed.len() == object.len()).then_some(renamed)
            });
            (number, members)
        })
        .collect()
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
    let begins = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).iter().find(|byte| !b" \t\r\n".contains(byte));
    if begins != Some(&b'{') {
        return;
    }
    let read = rows(text, usize::from(size) + 1, &columns).expect("it is read line by line");
    assert_eq!(Ok(&read), rows(text, usize::MAX, &columns).as_ref(), "in pieces of {size}");
    let wanted = expected(text);
    assert_eq!(read.len(), wanted.len(), "{read:?}");
    for (number, (row, (line, wanted))) in (1_u64..).zip(read.iter().zip(&wanted)) {
        match (row, wanted) {
            (Ok(row), Some(members)) => {
                assert_eq!((row.number, row.line, &row.members), (number, *line, members));
                // What a row is recognised by depends on what it says, and not on the order.
                let again = rows(reversed(row).as_bytes(), usize::MAX, &columns).expect("it is an object");
                let again = again[0].as_ref().expect("it is a row");
                assert_eq!((&again.members, &again.content), (&row.members, &row.content));
            }
            (Err(wrong), None) => {
                assert!(!wrong.ends);
                told(wrong);
            }
            (row, wanted) => panic!("{row:?} should be {wanted:?}"),
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
