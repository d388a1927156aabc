//! CSV that spreadsheets, scripts and people wrote: every row is a space, so none may be swallowed or made up.
//!
//! The first byte says how large the pieces are in which the text arrives, and what separates the fields.
#![no_main]

use std::ops::ControlFlow;

use chatauth::commands::bulk::fuzzing::{Wrong, additions, columns, records, requests, rows};
use chatauth_fuzz::{check_shown, split_number};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

type Records = Vec<(u64, Vec<String>)>;

/// The line and the members of a row; `None` where it has too few fields or too many.
type Row = Option<(u64, Map<String, Value>)>;

/// RFC 4180 without mercy, and where it ends before the text does. Carriage returns outside quotes count for nothing.
fn plainly(text: &[u8], delimiter: u8) -> (Records, ControlFlow<()>) {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let line = text[..at].split(|byte| *byte == b'\n').count();
        let Some((fields, next)) = one_record(text, at, delimiter) else { return (found, ControlFlow::Break(())) };
        if fields != [""] {
            found.push((u64::try_from(line).expect("it is small"), fields));
        }
        at = next;
    }
    (found, ControlFlow::Continue(()))
}

fn one_record(text: &[u8], mut at: usize, delimiter: u8) -> Option<(Vec<String>, usize)> {
    let mut fields = Vec::new();
    loop {
        while text.get(at) == Some(&b'\r') {
            at += 1;
        }
        let mut field = Vec::new();
        if text.get(at) == Some(&b'"') {
            loop {
                let length = text[at + 1..].iter().position(|byte| *byte == b'"')?;
                field.extend_from_slice(&text[at + 1..at + 1 + length]);
                at += length + 2;
                if text.get(at) != Some(&b'"') {
                    break;
                }
                field.push(b'"');
            }
            while text.get(at) == Some(&b'\r') {
                at += 1;
            }
        } else {
            let ends = |byte: &u8| *byte == delimiter || *byte == b'\n';
            let length = text[at..].iter().position(ends).unwrap_or(text.len() - at);
            field.extend(text[at..at + length].iter().filter(|byte| **byte != b'\r'));
            at += length;
            if field.contains(&b'"') {
                return None;
            }
        }
        fields.push(String::from_utf8(field).ok()?);
        match text.get(at) {
            None => return Some((fields, at)),
            Some(b'\n') => return Some((fields, at + 1)),
            Some(byte) if *byte == delimiter => at += 1,
            Some(_) => return None,
        }
    }
}

fn quoted(records: &[Vec<String>], delimiter: char) -> String {
    let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
    let line = |record: &Vec<String>| record.iter().map(quote).collect::<Vec<_>>().join(&delimiter.to_string());
    records.iter().map(|record| line(record) + "\r\n").collect()
}

/// `importMode`, `import_mode` and `import-mode` are one column.
fn column(name: &str) -> String {
    let mut column = String::new();
    for letter in name.trim().chars() {
        if letter.is_ascii_uppercase() && !column.is_empty() {
            column.push('-');
        }
        column.push(if letter == '_' { '-' } else { letter.to_ascii_lowercase() });
    }
    column
}

/// What the rows are, and whether all of the text was read; `None` when the first line is no header.
fn expected(text: &[u8], columns: &[&str]) -> Option<(Vec<Row>, ControlFlow<()>)> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let blank = text.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
    let above = text[..blank].split(|byte| *byte == b'\n').count() - 1;
    let text = &text[blank..];
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if first.contains(&b';') && !first.contains(&b',') { b';' } else { b',' };
    let (records, end) = plainly(text, delimiter);
    let mut records = records.into_iter();
    let Some((_, header)) = records.next() else { return end.is_continue().then(|| (Vec::new(), end)) };
    let header: Vec<String> = header.iter().map(|name| column(name)).collect();
    let distinct = header.iter().enumerate().all(|(index, name)| !header[..index].contains(name));
    if !distinct || !header.iter().all(|name| columns.contains(&name.as_str())) {
        return None;
    }
    let row = |(line, fields): (u64, Vec<String>)| {
        let line = line + u64::try_from(above).expect("it is small");
        (fields.len() == header.len()).then(|| {
            let filled = header.iter().cloned().zip(fields).filter(|(_, field)| !field.trim().is_empty());
            (line, filled.map(|(name, field)| (name, Value::from(field))).collect())
        })
    };
    Some((records.map(row).collect(), end))
}

fn check_rows(text: &[u8], size: usize) {
    let [columns, _] = columns();
    let read = rows(text, size, &columns);
    assert_eq!(read, rows(text, usize::MAX, &columns), "in pieces of {size}");
    let Some((wanted, end)) = expected(text, &columns) else {
        check_shown(&read.expect_err("there is no header").message);
        return;
    };
    // What is broken before the first record is an error of the whole.
    let read = match read {
        Ok(read) => read,
        Err(wrong) => {
            assert!(end.is_break() && wanted.is_empty(), "{wrong:?}");
            return;
        }
    };
    let broken = read.last().is_some_and(|row| row.as_ref().is_err_and(|wrong| wrong.ends));
    assert_eq!(broken, end.is_break(), "{read:?}");
    let read = &read[..read.len() - usize::from(broken)];
    assert_eq!(read.len(), wanted.len());
    for (number, (row, wanted)) in (1_u64..).zip(read.iter().zip(wanted)) {
        match (row, wanted) {
            (Ok(row), Some((line, members))) => {
                assert_eq!((row.number, row.line, &row.members), (number, line, &members));
            }
            (Err(wrong), None) => assert!(!wrong.ends),
            (row, wanted) => panic!("{row:?} should be {wanted:?}"),
        }
    }
}

fn told(wrong: &Wrong) {
    assert!(wrong.message.starts_with("line ") || wrong.ends, "{wrong:?}");
    check_shown(&wrong.message);
}

fuzz_target!(|bytes: &[u8]| {
    let (choice, text) = split_number(bytes);
    let size = 1 + usize::from(choice >> 1);
    let delimiter = if choice & 1 == 0 { b',' } else { b';' };

    let (found, end) = plainly(text, delimiter);
    match records(text, size, delimiter) {
        Ok(read) => assert_eq!((read, ControlFlow::Continue(())), (found, end)),
        Err(message) => {
            assert!(end.is_break(), "{message}, and it is {found:?}");
            check_shown(&message);
        }
    }

    // Whatever the fields are, quoted they come back.
    let lines = String::from_utf8_lossy(text);
    let fields: Vec<Vec<String>> = lines
        .split('\n')
        .map(|line| line.split(char::from(delimiter)).map(|field| field.replace('\u{1}', "\n")).collect())
        .filter(|fields: &Vec<String>| *fields != [""])
        .collect();
    let written = quoted(&fields, char::from(delimiter));
    let read = records(written.as_bytes(), size, delimiter).expect("it is well-formed");
    assert_eq!(read.into_iter().map(|(_, fields)| fields).collect::<Vec<_>>(), fields);
    // With one quote more it is not, wherever that stands.
    assert!(records(format!("{written}\"").as_bytes(), size, delimiter).is_err());

    if !matches!(
        lines.trim_start_matches('\u{feff}').trim_start_matches([' ', '\t', '\r', '\n']).bytes().next(),
        Some(b'{' | b'[')
    ) {
        check_rows(text, size);
    }
    for request in requests(text) {
        match request {
            Ok(request) => assert!(request["body"].is_object() && request["method"] == "POST", "{request}"),
            Err(wrong) => told(&wrong),
        }
    }
    additions(text).iter().filter_map(|row| row.as_ref().err()).for_each(told);
});
