//! Checks which module imports which, by reading the sources.

use crate::support::sources::{Imports, Source, example, import_cycles, sources};

/// The modules that each module may import.
const MAY_USE: &[(&str, &[&str])] = &[
    ("cli", &["commands", "output", "platform"]),
    ("commands", &["auth", "bulk", "chat", "emulator", "output", "platform", "secret"]),
    ("auth", &["http", "platform", "secret"]),
    ("chat", &["http", "secret"]),
    ("bulk", &["output", "platform", "secret"]),
    ("http", &["platform", "secret"]),
    ("output", &["platform", "secret"]),
    ("platform", &[]),
    ("emulator", &["platform", "secret"]),
    ("secret", &[]),
    ("lib", &[]),
];

/// The longest that a source file may be, without its tests.
const LONGEST_FILE: usize = 450;

#[test]
fn modules_import_only_what_they_may() {
    let sources = sources();
    let unknown = |source: &&Source| {
        source.name != "main.rs" && !MAY_USE.iter().any(|(module, _)| *module == source.top_module())
    };
    let mut faults: Vec<String> =
        sources.iter().filter(unknown).map(|source| format!("{} is in no known module", source.name)).collect();
    for (file, other) in Imports::of(&sources).top_modules() {
        let module = file.split('/').next().unwrap().trim_end_matches(".rs");
        if MAY_USE.iter().any(|(known, allowed)| *known == module && !allowed.contains(&other.as_str())) {
            faults.push(format!("{file} imports {other}"));
        }
    }
    let main = sources.iter().find(|source| source.name == "main.rs").unwrap();
    let elsewhere = |path: &&str| !path.starts_with("cli::");
    faults.extend(main.product().split("chatauth::").skip(1).filter(elsewhere).map(|path| format!("main.rs: {path}")));
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn imports_are_found_however_they_are_written() {
    let imported = |text: &str| -> Vec<String> {
        let sources = example(&[("cli/mod.rs", ""), ("cli/shell.rs", text), ("cli/child.rs", "")]);
        Imports::of(&sources).top_modules().into_iter().map(|(_, module)| module).collect()
    };
    assert_eq!(imported("use crate::auth::Session;\nlet x = crate::chat::y();"), ["auth", "chat"]);
    assert_eq!(imported("use crate::{http::{retry::Retry, trust}, platform::Clock as Now};"), ["http", "platform"]);
    assert_eq!(imported("pub(super) use super::super::output::*;"), ["output"]);
    assert_eq!(
        imported("/* crate::auth */ let x = \"crate::chat\"; // crate::http\nlet y = '\"'; crate::bulk::z"),
        ["bulk"]
    );
    assert!(imported("use std::io; use self::a; use super::child::B; use clap::http;").is_empty());
}

/// Files that use each other in a cycle have to be read all at once.
#[test]
fn no_files_use_each_other_in_a_cycle() {
    let uses = Imports::of(&sources()).uses();
    assert!(uses.len() > 100, "the imports were not found");
    let line = |(user, other, name): &(String, String, String)| format!("{user} uses {name} of {other}");
    let cycles = import_cycles(&uses);
    let faults: Vec<String> =
        cycles.iter().map(|cycle| cycle.iter().map(line).collect::<Vec<_>>().join("; ")).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn cycles_are_found_however_they_are_written() {
    let found = |files: &[(&str, &str)]| import_cycles(&Imports::of(&example(files)).uses());
    // A parent that declares a child and hands its names on needs nothing of it.
    let parent = ("a/mod.rs", "mod b; pub(crate) use b::B; pub struct P;");
    assert!(found(&[parent, ("a/b.rs", "use super::P; pub struct B;")]).is_empty());
    assert_eq!(
        found(&[("a/mod.rs", "mod b; use b::B; pub struct P;"), ("a/b.rs", "use super::P; pub struct B;")]).len(),
        1
    );
    assert_eq!(
        found(&[("a.rs", "mod b; pub struct P; fn f() { b::g() }"), ("a/b.rs", "fn g(p: super::P) {}")]).len(),
        1
    );
    // What the parent only hands on is used where it is defined.
    let siblings =
        [("a/mod.rs", "mod b; mod c; pub use b::B;"), ("a/b.rs", "pub struct B;"), ("a/c.rs", "use super::B;")];
    assert!(found(&siblings).is_empty());
    let through = [
        ("a/mod.rs", "mod b; mod c; pub use b::B;"),
        ("a/b.rs", "use super::c; pub struct B; fn f() { c::C }"),
        ("a/c.rs", "use crate::a::{B}; pub struct C;"),
    ];
    let files: Vec<Vec<String>> =
        found(&through).into_iter().map(|cycle| cycle.into_iter().map(|(user, ..)| user).collect()).collect();
    assert_eq!(files, [["a/b.rs", "a/c.rs"]]);
}

#[test]
fn only_their_modules_do_what_is_reserved_for_them() {
    let reserved: &[(&str, &[&str])] = &[
        ("std::env::var", &["cli/environment.rs"]),
        ("now_utc", &["cli/settings.rs"]),
        ("SystemTime::now", &[]),
        ("reqwest::Client::builder", &["http/client.rs"]),
        ("process::exit", &[]),
        ("println!", &[]),
        ("eprintln!", &[]),
        // The journal asks which files they are.
        (
            "io::stdout()",
            &["bulk/journal.rs", "cli/complete.rs", "platform/standard_stream.rs", "platform/terminal.rs"],
        ),
        ("io::stderr()", &["bulk/journal.rs", "platform/standard_stream.rs", "platform/terminal.rs"]),
        ("clap::", &["cli/", "commands/", "output/formats/mod.rs"]),
    ];
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        let text = source.product();
        for (what, allowed) in reserved {
            let may = allowed.iter().any(|place| source.name.starts_with(place));
            if text.contains(what) && !may {
                faults.push(format!("{} has {what}", source.name));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The fuzz targets in `tests/fuzz` come in by one file of each module, `fuzzing.rs`, which sees what is private to
/// the module. It obeys the rules of its module, and is in no other build.
#[test]
fn the_entry_points_of_fuzz_targets_are_in_no_other_build() {
    let sources = sources();
    let files = sources.iter().filter(|source| source.name.ends_with("/fuzzing.rs")).count();
    let (mut opened, mut faults) = (0, Vec::new());
    for Source { name, text } in &sources {
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
    assert!(files > 0 && files == opened, "{files} files, {opened} of them declared");
}

#[test]
fn every_file_holds_one_thing() {
    let long: Vec<String> = sources()
        .iter()
        .map(|source| (source, source.text.lines().count()))
        .filter(|(source, lines)| *lines > LONGEST_FILE && !source.is_test())
        .map(|(source, lines)| format!("{}: {lines} lines", source.name))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
