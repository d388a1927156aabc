//! Help: what fits a screen, what stands where, and what completes it.

use crate::support::commands::every_command;
use crate::support::sandbox::Sandbox;

/// What `-h` or `--help` prints at a width.
fn help(sandbox: &Sandbox, words: &[String], option: &str, columns: u16) -> String {
    let mut command = sandbox.command(words.iter().map(String::as_str).chain([option]));
    command.env("COLUMNS", columns.to_string());
    sandbox.finish(command).success().stdout
}

#[test]
fn the_short_help_of_every_command_fits_a_screen() {
    let sandbox = Sandbox::new();
    let commands = every_command(&sandbox);
    assert!(commands.len() > 30, "{commands:?}");
    for words in &commands {
        let name = words.join(" ");
        let most = if name == "spaces create" { 48 } else { 24 };
        let short = help(&sandbox, words, "-h", 100);
        let lines = short.lines().count();
        assert!(lines <= most, "-h of {name:?} has {lines} lines of {most}: hide rare options from it:\n{short}");
        // An option whose text is folded takes more lines on a narrower terminal.
        assert_eq!(short, help(&sandbox, words, "-h", 80), "-h of {name:?} does not fit 80 columns");
        let last = short.lines().last().unwrap();
        assert!(last.starts_with("Global options") && last.ends_with(": chatauth --help"), "{name}: {last}");
        assert!(!short.contains("\n\n\n"), "{name}: {short}");
        assert!(!short.contains("--client-secrets"), "{name}: {short}");
    }
}

#[test]
fn the_long_help_has_what_the_short_one_leaves_out() {
    let sandbox = Sandbox::new();
    for words in every_command(&sandbox) {
        let name = words.join(" ");
        let (short, long) = (help(&sandbox, &words, "-h", 100), help(&sandbox, &words, "--help", 100));
        let listed = |text: &str| -> Vec<String> {
            let first = |line: &str| line.trim_start().split([' ', '=', '[']).next().unwrap_or_default().to_owned();
            text.lines().map(first).filter(|word| word.starts_with("--")).collect()
        };
        let longer = listed(&long);
        assert!(listed(&short).iter().all(|option| longer.contains(option)), "{name}");
        assert_eq!(long.contains("--client-secrets"), words.is_empty(), "{name}: {long}");
        if short.contains("More options: ") {
            assert!(short.contains(&format!("More options: chatauth {name} --help")), "{name}: {short}");
            assert!(longer.len() > listed(&short).len(), "{name}");
        }
        if let Some((_, example)) = short.split_once("Example (more with --help):\n") {
            let example = example.lines().next().unwrap();
            assert!(long.contains(&format!("Examples:\n{example}\n")), "{name}: {long}");
        }
    }
    let long = help(&sandbox, &["spaces".into(), "create".into()], "--help", 100);
    for part in ["\nSpace:\n", "\nPeople:\n", "\nMany at once:\n", "\nOutput:\n", "\nColumns of --format csv:\n"] {
        assert!(long.contains(part), "{part}: {long}");
    }
}

#[test]
fn every_command_that_prints_spaces_or_members_lists_the_columns_of_csv() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"]);
    let header = |words: &[&str]| {
        let csv = sandbox.run(words.iter().chain(&["--format", "csv"])).success().stdout;
        csv.lines().next().unwrap().to_owned()
    };
    for (group, columns, others) in [
        ("spaces", header(&["spaces", "list"]), &["delete", "open"][..]),
        ("members", header(&["members", "list", &space]), &[]),
    ] {
        for words in every_command(&sandbox).iter().filter(|words| words.len() == 2 && words[0] == group) {
            let long = help(&sandbox, words, "--help", 80);
            let listed = long.split_once("Columns of --format csv:\n").map(|(_, list)| list);
            let listed = listed.and_then(|list| list.split_once("\n  Values are")).map(|(list, _)| list);
            let listed = listed.map(|list| list.split(',').map(str::trim).collect::<Vec<_>>().join(","));
            let expected = (!others.contains(&words[1].as_str())).then_some(&columns);
            assert_eq!(listed.as_ref(), expected, "{words:?}");
        }
    }
}

#[test]
fn the_help_of_allow_has_every_setting_that_the_error_has() {
    let sandbox = Sandbox::new();
    let refused = sandbox.run(["spaces", "update", "A", "--allow", "x=owners", "--format", "json"]).exits_with(2);
    let error = refused.error();
    let (_, settings) = error["message"].as_str().unwrap().split_once("the settings are ").unwrap();
    assert!(settings.split(", ").count() > 5, "{settings}");
    let long = help(&sandbox, &["spaces".into(), "update".into()], "--help", 80);
    let joined = long.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(joined.contains(&format!("SETTING is {settings}.")), "{long}");
}

#[test]
fn the_program_alone_prints_its_short_help_as_a_result() {
    let sandbox = Sandbox::new();
    let alone = sandbox.run([""; 0]).success();
    assert_eq!(alone.stdout, sandbox.run(["-h"]).success().stdout);
    assert_eq!(alone.stderr, "");
    // A group without a command is a mistake.
    let group = sandbox.run(["spaces"]).exits_with(2);
    assert_eq!(group.stdout, "");
    assert!(group.stderr.contains("\nCommands:\n"), "{}", group.stderr);
}
