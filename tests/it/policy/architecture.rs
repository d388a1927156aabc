//! The rooms of the house, and which may use which: read from the sources themselves.

use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may import.
const MAY_USE: &[(&str, &[&str])] = &[
    ("cli", &["commands", "output", "platform"]),
    ("commands", &["auth", "chat", "emulator", "output", "platform", "secret"]),
    ("auth", &["http", "platform", "secret"]),
    ("chat", &["http", "secret"]),
    ("http", &["platform", "secret"]),
    ("output", &["platform"]),
    ("platform", &[]),
    ("emulator", &["platform", "secret"]),
    ("secret", &[]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// The longest that a source file may be, without its tests.
const LONGEST_FILE: usize = 450;

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file, as its path below `src`, with its text.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    assert!(found.len() > 30, "the sources were not found");
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn room(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The text without its test module and its comments.
fn product(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/")
}

/// The rooms that a file names after `crate::` (or `chatauth::` in the thin binary).
fn used(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for start in ["crate::", "chatauth::"] {
        for rest in text.split(start).skip(1) {
            let names = rest
                .strip_prefix('{')
                .and_then(|list| list.split('}').next())
                .map_or_else(|| vec![rest], |list| list.split(',').map(str::trim).collect());
            for name in names {
                let end = name.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
                let name = &name[..end.unwrap_or(name.len())];
                if !name.is_empty() {
                    rooms.push(name.to_owned());
                }
            }
        }
    }
    rooms
}

#[test]
fn rooms_import_only_what_they_may() {
    let mut faults = Vec::new();
    for (name, text) in files() {
        let room = room(&name);
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == room) else {
            faults.push(format!("{name} is in no known room"));
            continue;
        };
        for other in used(&product(&text)) {
            if other != room && !allowed.contains(&other.as_str()) {
                faults.push(format!("{name} imports {other}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn imports_are_found_however_they_are_written() {
    assert_eq!(used("use crate::auth::Session;\nlet x = crate::chat::y();"), ["auth", "chat"]);
    assert_eq!(used("use crate::{http, platform::Clock};"), ["http", "platform"]);
}

#[test]
fn only_their_rooms_do_what_is_reserved_for_them() {
    let reserved: &[(&str, &[&str])] = &[
        ("std::env::var", &["cli/settings.rs"]),
        ("now_utc", &["cli/settings.rs"]),
        ("SystemTime::now", &[]),
        ("reqwest::Client::builder", &["http/client.rs"]),
        ("process::exit", &[]),
        ("println!", &[]),
        ("eprintln!", &[]),
        ("io::stdout()", &["cli/mod.rs", "cli/complete.rs", "platform/terminal.rs"]),
        ("io::stderr()", &["cli/report.rs", "cli/logging.rs", "output/messages.rs", "platform/terminal.rs"]),
        ("clap::", &["cli/", "commands/", "output/format.rs"]),
    ];
    let mut faults = Vec::new();
    for (name, text) in files().into_iter().filter(|(name, _)| !is_test(name)) {
        let text = product(&text);
        for (what, allowed) in reserved {
            if text.contains(what) && !allowed.iter().any(|place| name.starts_with(place)) {
                faults.push(format!("{name} has {what}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The fuzz targets in `tests/fuzz` come in by a door of each room, `fuzzing.rs`, which sees what the room keeps to
/// itself. It is held to the rules of its room, and stands in no other build.
#[test]
fn the_doors_of_the_fuzz_targets_are_shut_in_every_other_build() {
    let files = files();
    let doors = files.iter().filter(|(name, _)| name.ends_with("/fuzzing.rs")).count();
    let (mut opened, mut faults) = (0, Vec::new());
    for (name, text) in &files {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (index, line) in lines.iter().enumerate() {
            if *line == "pub mod fuzzing;" && index > 0 && lines[index - 1] == "#[cfg(fuzzing)]" {
                opened += 1;
            } else if line.contains("fuzzing") && !name.ends_with("/fuzzing.rs") && *line != "#[cfg(fuzzing)]" {
                faults.push(format!("{name}: {line}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(doors > 0 && doors == opened, "{doors} doors, {opened} of them declared");
}

#[test]
fn every_file_holds_one_thing() {
    let long: Vec<String> = files()
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(name, lines)| *lines > LONGEST_FILE && !is_test(name))
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
