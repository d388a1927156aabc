//! Results for programs: CSV, names, JSON Lines, filters, and readers that go away.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use chatauth::emulator::Endpoint;

use crate::support::sandbox::Sandbox;

const NAMES: &[&str] = &[
    "plain",
    "comma, and \"quotes\"",
    "two\nlines",
    "\u{1f469}\u{200d}\u{1f4bb} emoji",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "esc\u{1b}[2J\u{202e}",
    "=1+1",
    "+x",
    "-x",
    "@x",
];

fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces"]).success();
    for name in NAMES {
        sandbox.run(["spaces", "create", &format!("--name={name}")]).success();
    }
    sandbox.control().clear_requests();
    sandbox
}

/// A reader of CSV as RFC 4180 has it.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut cells, mut cell, mut inside) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if inside && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => inside = !inside,
            ',' if !inside => cells.push(std::mem::take(&mut cell)),
            '\n' if !inside => {
                cells.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut cells));
            }
            other => cell.push(other),
        }
    }
    assert!(cell.is_empty() && !inside);
    records
}

#[test]
fn csv_carries_every_name_exactly() {
    let sandbox = filled();
    let csv = sandbox.run(["spaces", "list", "--format", "csv"]).success().stdout;
    assert!(!csv.contains('\r'));
    let records = records(&csv);
    assert_eq!(&records[0][..4], ["name", "displayName", "spaceType", "spaceUri"]);
    assert!(records.iter().all(|record| record.len() == records[0].len()));
    let names: Vec<&str> = records[1..].iter().map(|record| record[1].as_str()).collect();
    assert_eq!(names, NAMES);
    let none = sandbox.run(["spaces", "list", "--format", "csv", "--type", "group-chat"]).success().stdout;
    assert_eq!(none, csv.lines().next().unwrap().to_owned() + "\n", "a list without results has its header");
    let one = sandbox.run(["spaces", "create", "--name", "x", "--format", "csv"]).success().stdout;
    assert_eq!(one.lines().next(), csv.lines().next());
}

#[test]
fn what_has_no_name_prints_none_and_details_have_the_names_of_their_json() {
    let sandbox = Sandbox::new();
    let printed = |words: &[&str]| sandbox.run(words).success().stdout;
    let dry = ["spaces", "create", "--name", "x", "--dry-run", "--format"];
    assert_eq!(printed(&[&dry[..], &["name"]].concat()), "", "an empty line would be read as a name");
    for more in [&[][..], &["--member", "a@example.com"]] {
        let csv = printed(&[&dry[..], &["csv"], more].concat());
        assert_eq!(records(&csv)[0], ["method", "path", "query", "body"]);
    }
    sandbox.log_in();
    for words in [&["version"][..], &["auth", "status"]] {
        let csv = records(&printed(&[words, &["--format", "csv"]].concat()));
        let json = sandbox.run(words).success().json();
        assert!(csv[0].iter().eq(json.as_object().unwrap().keys()), "{csv:?}");
    }
}

#[cfg(feature = "jq")]
#[test]
fn a_filter_works_on_the_array_and_on_each_line() {
    let sandbox = filled();
    let jq = |words: &[&str]| sandbox.run(["spaces", "list"].iter().chain(words)).success().stdout;
    assert_eq!(jq(&["--jq", "length"]), format!("{}\n", NAMES.len()));
    assert_eq!(jq(&["--jq", ".[0].displayName"]), "plain\n");
    assert_eq!(jq(&["--jq", "[.[0].displayName]"]), "[\n  \"plain\"\n]\n");
    assert_eq!(jq(&["--jq", "[.displayName]", "--format", "jsonl", "--limit", "1"]), "[\"plain\"]\n");
    assert_eq!(jq(&["--jq", ".displayName", "--format", "jsonl"]), NAMES.join("\n") + "\n");
    assert_eq!(jq(&["--jq", "length", "--type", "group-chat"]), "0\n");
    let uri = sandbox.run(["spaces", "create", "--name", "x", "--jq", ".spaceUri"]).success().stdout;
    assert!(uri.starts_with("https://") && uri.ends_with('\n'), "{uri}");
    let ready = sandbox.run(["auth", "status", "--jq", ".ready"]).success().stdout;
    assert_eq!(ready, "true\n");
}

#[cfg(feature = "jq")]
#[test]
fn what_is_no_expression_ends_before_anything_is_sent() {
    let sandbox = filled();
    for words in [
        &["--jq", ".["][..],
        &["--jq", "nosuch"],
        &["--jq", "input"],
        &["--jq", ".", "--format", "csv"],
        &["--jq", ".", "--format", "human"],
        &["--jq", ".", "--format", "name"],
    ] {
        let finished = sandbox.run(["spaces", "create", "--name", "never"].iter().chain(words)).exits_with(2);
        assert!(finished.stdout.is_empty() && finished.stderr.contains("--jq"), "{}", finished.stderr);
    }
    assert!(sandbox.control().requests().is_empty());
    let mut command = sandbox.command(["spaces", "list", "--jq", "length"]);
    command.env("CHATAUTH_FORMAT", "csv");
    assert_eq!(sandbox.finish(command).success().stdout, format!("{}\n", NAMES.len()), "a variable gives way");
    let mut command =
        sandbox.command(["spaces", "list", "--jq", "length", "--account", "zed@example.com", "--no-input"]);
    command.env("CHATAUTH_FORMAT", "csv");
    let failed = sandbox.finish(command).exits_with(4);
    assert!(failed.stderr.starts_with("error: "), "nobody asked for JSON: {}", failed.stderr);
    let failed = sandbox.run(["spaces", "list", "--jq", ".[0].displayName.x"]).exits_with(1);
    assert!(failed.stderr.contains("--jq"), "{}", failed.stderr);
}

#[cfg(not(feature = "jq"))]
#[test]
fn a_program_without_the_filter_says_so() {
    let finished = Sandbox::new().run(["spaces", "list", "--jq", "."]).exits_with(2);
    assert!(finished.stderr.contains("without the feature jq"), "{}", finished.stderr);
}

#[test]
fn pages_are_written_as_they_come_and_a_closed_pipe_stops_them() {
    let sandbox = filled();
    let words = ["api", "GET", "v1/spaces", "--paginate", "-F", "pageSize=1"];
    for format in ["jsonl", "name"] {
        sandbox.control().clear_requests();
        let mut command = sandbox.command(words.into_iter().chain(["--format", format]));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(141), "{format}");
        assert_eq!(stderr, "", "{format}");
        assert_eq!(sandbox.control().requests_to(Endpoint::List).len(), 1, "{format}");
    }
}

#[test]
fn head_gets_its_line() {
    let sandbox = filled();
    for format in ["jsonl", "name", "csv", "json", "human"] {
        let mut child = sandbox
            .command(["spaces", "list", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let finished = sandbox.wait(child);
        assert!(line.ends_with('\n'), "{format}");
        assert!(matches!(finished.code(), Some(0 | 141)), "{format}: {}", finished.stderr);
        assert!(!finished.stderr.contains("panicked"), "{format}");
    }
}
