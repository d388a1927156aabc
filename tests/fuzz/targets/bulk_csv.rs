//! CSV that spreadsheets, scripts and people wrote: every row is a space, so none may be swallowed or made up.
//!
//! The first byte says how large the pieces are in which the text arrives, and what separates the fields.
#![no_main]

use std::ops::ControlFlow;

use chatauth::bulk::Column;
use chatauth::bulk::fuzzing::{Wrong, records, rows};
use chatauth::commands::fuzzing::{additions, columns, requests};
use chatauth_fuzz::{check_shown, split_number};
use libfuzzer_sys::fuzz_target;

type Records = Vec<(u64, Vec<String>)>;

/// The line of a row and its name; `None` where it has too few fields or too many.
type Row = Option<(u64, Option<String>)>;

/// The text without its byte order mark; `None` where it is UTF-16.
fn utf8(text: &[u8]) -> Option<&[u8]> {
    match text {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => None,
        [first, second, ..] if (*first == 0) != (*second == 0) => None,
        _ => Some(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)),
    }
}

/// How many lines end in a text: with CR, LF, or both.
fn line_ends(text: &[u8]) -> u64 {
    let ends =
        (0..text.len()).filter(|at| text[*at] == b'\r' || text[*at] == b'\n' && (*at == 0 || text[at - 1] != b'\r'));
    u64::try_from(ends.count()).expect("it is small")
}

/// Whether there is something in a record: spreadsheets save empty rows as separators.
fn is_row(fields: &[String]) -> bool {
    fields.iter().any(|field| !field.trim().is_empty())
}

/// RFC 4180 without mercy, and where it ends before the text does.
fn plainly(text: &[u8], delimiter: u8) -> (Records, ControlFlow<()>) {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let line = 1 + line_ends(&text[..at]);
        let Some((fields, next)) = one_record(text, at, delimiter) else { return (found, ControlFlow::Break(())) };
        if is_row(&fields) {
            found.push((line, fields));
        }
        at = next;
    }
    (found, ControlFlow::Continue(()))
}

fn one_record(text: &[u8], mut at: usize, delimiter: u8) -> Option<(Vec<String>, usize)> {
    let mut fields = Vec::new();
    loop {
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
        } else {
            let ends = |byte: &u8| *byte == delimiter || *byte == b'\n' || *byte == b'\r';
            let length = text[at..].iter().position(ends).unwrap_or(text.len() - at);
            field.extend_from_slice(&text[at..at + length]);
            at += length;
            if field.contains(&b'"') {
                return None;
            }
        }
        fields.push(String::from_utf8(field).ok()?);
        match text.get(at) {
            None => return Some((fields, at)),
            Some(b'\n') => return Some((fields, at + 1)),
            Some(b'\r') => return Some((fields, at + if text.get(at + 1) == Some(&b'\n') { 2 } else { 1 })),
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

/// What separates the fields: what stands most often outside quotes.
fn delimiter_of(header: &[u8]) -> u8 {
    let outside: Vec<u8> = header.split(|byte| *byte == b'"').step_by(2).flatten().copied().collect();
    let count = |wanted: u8| outside.iter().filter(|byte| **byte == wanted).count();
    *[b',', b';', b'\t'].iter().min_by_key(|byte| std::cmp::Reverse(count(**byte))).expect("there are three")
}

/// What the rows are, and whether all of the text was read; `None` when the header is not made of exact names.
fn expected(text: &[u8], columns: &[Column]) -> Option<(Vec<Row>, ControlFlow<()>)> {
    let blank = text.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
    let above = line_ends(&text[..blank]);
    let text = &text[blank..];
    let first = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    if first.to_ascii_lowercase().windows(4).any(|word| word == b"sep=") {
        return None;
    }
    let (records, end) = plainly(text, delimiter_of(first));
    let mut records = records.into_iter();
    let Some((_, header)) = records.next() else { return end.is_continue().then(|| (Vec::new(), end)) };
    let distinct = header.iter().enumerate().all(|(index, name)| !header[..index].contains(name));
    if !distinct || !header.iter().all(|name| columns.iter().any(|column| column.name == name)) {
        return None;
    }
    let blank = |field: &String| field.trim().is_empty();
    let row = |(line, mut fields): (u64, Vec<String>)| {
        while fields.len() > header.len() && fields.last().is_some_and(blank) {
            fields.pop();
        }
        let mut named = header.iter().zip(&fields).filter(|(name, field)| *name == "name" && !blank(field));
        let name = named.next().map(|(_, field)| field.clone());
        (fields.len() == header.len()).then_some((line + above, name))
    };
    Some((records.map(row).collect(), end))
}

fn check_rows(text: &[u8], size: usize) {
    let mut columns = columns()[0].clone();
    let read = rows(text, size, &columns);
    assert_eq!(read, rows(text, usize::MAX, &columns), "in pieces of {size}");
    if let Ok(rows) = &read {
        let placed: Vec<(u64, u64)> = rows.iter().flatten().map(|row| (row.number, row.line)).collect();
        assert!(placed.is_sorted_by(|one, next| one.0 < next.0 && one.1 < next.1), "{placed:?}");
    }
    columns.extend(["idempotency-key", "request-id"].map(|name| Column::new(name, chatauth::bulk::Kind::Text)));
    let Some((wanted, end)) = utf8(text).and_then(|text| expected(text, &columns)) else { return };
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
            (Ok(row), Some((line, name))) => {
                let read = row.members.get("name").and_then(|name| name.as_str());
                assert_eq!((row.number, row.line, read), (number, line, name.as_deref()));
            }
            (Err(wrong), _) => assert!(!wrong.ends),
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

    if let Some(plain) = utf8(text) {
        let (found, end) = plainly(plain, delimiter);
        match records(text, size, delimiter) {
            Ok(read) => assert_eq!((read, ControlFlow::Continue(())), (found, end)),
            Err(message) => {
                assert!(end.is_break(), "{message}, and it is {found:?}");
                check_shown(&message);
            }
        }
    }

    // Whatever the fields are, quoted they come back.
    let lines = String::from_utf8_lossy(text);
    let fields: Vec<Vec<String>> = lines
        .split('\n')
        .map(|line| line.split(char::from(delimiter)).map(|field| field.replace('\u{1}', "\n")).collect())
        .filter(|fields: &Vec<String>| is_row(fields))
        .collect();
    let written = quoted(&fields, char::from(delimiter));
    if utf8(written.as_bytes()).is_some() {
        let read = records(written.as_bytes(), size, delimiter).expect("it is well-formed");
        assert_eq!(read.into_iter().map(|(_, fields)| fields).collect::<Vec<_>>(), fields);
        // With one quote more it is not, wherever that stands.
        assert!(records(format!("{written}\"").as_bytes(), size, delimiter).is_err());
    }

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
