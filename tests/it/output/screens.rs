//! Everything that people read, at two widths. The pictures are in `snapshots`.

use std::ffi::OsStr;

use serde_json::Value;

use crate::support::sandbox::Sandbox;
use crate::support::screen::show;

mod life;

const ACCOUNT: &str = "emulator@example.com";

/// Names as people write them, and as they should not be able to.
const NAMES: &[&str] = &[
    "API-made",
    "Quarterly planning of the whole department, with guests, and \"minutes\"",
    "空間 🎉 and the rest of a wide name that goes on",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}txt.exe",
    "bell\u{7} \u{1b}]8;;https://evil.test\u{7}link\u{1b}[2J\u{9b}31m",
    "two\nlines\tand a tab",
];

fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces"]).success();
    for name in NAMES {
        sandbox
            .run([
                "spaces",
                "create",
                "--name",
                name,
                "--description",
                "What it is for, in a sentence that is long enough to need more than one line on most terminals.",
            ])
            .success();
    }
    sandbox
}

/// The text with everything that differs from run to run replaced by something as long.
fn settled(sandbox: &Sandbox, text: &str) -> String {
    let mut settled = text.to_owned();
    let spaces = sandbox.run(["spaces", "list"]).json();
    for (index, space) in spaces.as_array().unwrap().iter().enumerate() {
        let id = space["name"].as_str().unwrap().trim_start_matches("spaces/");
        settled = settled.replace(id, &format!("{:A<width$}", index + 1, width = id.len()));
        for time in [&space["createTime"], &space["lastActiveTime"]].into_iter().filter_map(Value::as_str) {
            settled = settled.replace(time, "2026-01-01T00:00:00.000000Z");
        }
    }
    settled
}

fn shown<Words>(sandbox: &Sandbox, words: Words, columns: u16) -> String
where
    Words: IntoIterator,
    Words::Item: AsRef<OsStr>,
{
    let (text, code) = show(sandbox, sandbox.command(words), columns);
    assert_eq!(code, Some(0), "{text}");
    settled(sandbox, &text)
}

#[test]
fn a_list_fits_its_terminal_and_is_whole_in_a_pipe() {
    let sandbox = filled();
    for columns in [72, 132] {
        let text = shown(&sandbox, ["spaces", "list"], columns);
        insta::assert_snapshot!(format!("list_{columns}"), text);
    }
    let piped = sandbox.run(["spaces", "list", "--format", "human"]).success().stdout;
    insta::assert_snapshot!("list_piped", settled(&sandbox, &piped));
}

#[test]
fn a_space_fits_its_terminal_and_is_whole_in_a_pipe() {
    let sandbox = filled();
    let words = [
        "spaces",
        "create",
        "--name",
        NAMES[4],
        "--description",
        "What it is for, in a sentence that is long enough to need more than one line on most terminals.",
        "--guidelines",
        "Be kind.",
        "--history",
        "on",
        "--external",
    ];
    for columns in [60, 100] {
        insta::assert_snapshot!(format!("space_{columns}"), shown(&sandbox, words, columns));
    }
    let piped = sandbox.run(words.into_iter().chain(["--format", "human"])).success().stdout;
    insta::assert_snapshot!("space_piped", settled(&sandbox, &piped));
}

#[test]
fn a_dry_run_and_an_answer_of_the_api_are_shown() {
    let sandbox = filled();
    let id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let dry = ["spaces", "create", "--name", "x", "--member", "ada@example.com", "--request-id", id, "--dry-run"];
    let page = ["api", "GET", "v1/spaces", "-F", "pageSize=1", "--jq", ".spaces[0] | {name, spaceType}"];
    for columns in [50, 100] {
        insta::assert_snapshot!(format!("dry_run_{columns}"), shown(&sandbox, dry, columns));
        insta::assert_snapshot!(format!("api_{columns}"), shown(&sandbox, page, columns));
    }
}

#[test]
fn the_status_is_shown() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.change_record(ACCOUNT, |record| {
        record["issued_at"] = Value::from("2026-01-01T00:00:00Z");
        record["expires_at"] = Value::from("2026-01-01T01:00:00Z");
        record["refresh_token_issued_at"] = Value::from("2026-01-01T00:00:00Z");
    });
    for columns in [60, 120] {
        let (text, code) = show(&sandbox, sandbox.command(["auth", "status"]), columns);
        assert_eq!(code, Some(0));
        // Paths and ports are as long as they are: broken lines are joined before they are compared.
        let words: Vec<&str> = text.split_whitespace().collect();
        let text =
            words.join(" ").replace(sandbox.path("").to_str().unwrap(), "HOME/").replace(sandbox.origin(), "ORIGIN");
        insta::assert_snapshot!("status", text);
    }
}

#[test]
fn colours_show_on_terminals_that_have_them_only() {
    let sandbox = filled();
    let bold = |variables: &[(&str, &str)], options: &[&str]| {
        let mut command = sandbox.command(["spaces", "list", "--limit", "1"].iter().chain(options));
        command.env("TERM", "xterm").envs(variables.iter().copied());
        show(&sandbox, command, 80).0.contains('\u{1b}')
    };
    assert!(bold(&[], &[]));
    assert!(!bold(&[("NO_COLOR", "1")], &[]));
    assert!(!bold(&[("TERM", "dumb")], &[]));
    assert!(!bold(&[], &["--color", "never"]));
    assert!(bold(&[("NO_COLOR", "1")], &["--color", "always"]));
    for format in ["human", "json", "csv"] {
        let piped = sandbox.run(["spaces", "list", "--limit", "1", "--format", format]).success();
        assert!(!piped.stdout.contains('\u{1b}'), "{format}");
    }
    let forced = sandbox.run(["spaces", "list", "--limit", "1", "--format", "human", "--color", "always"]).success();
    assert!(forced.stdout.starts_with("\u{1b}[1m"));
}

#[test]
fn property_66_no_format_lets_a_name_act_on_a_terminal() {
    let sandbox = filled();
    let acts = |character: char| {
        (character.is_control() && character != '\n' && character != '\t')
            || ('\u{202a}'..='\u{202e}').contains(&character)
    };
    for words in [
        &["--format", "human"][..],
        &["--format", "json"],
        &["--format", "jsonl"],
        &["--format", "csv"],
        &["--format", "name"],
        &["--jq", ".[].displayName"],
        &["--jq", ".[] | [.displayName] | @csv"],
        &["--jq", "."],
    ] {
        let mut command = sandbox.command(["spaces", "list", "--color", "never"]);
        command.args(words);
        let (text, code) = show(&sandbox, command, 100);
        assert_eq!(code, Some(0), "{words:?}");
        assert!(!text.contains(acts), "{words:?}: {text:?}");
    }
}
