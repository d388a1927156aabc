//! What people read in the life of a space, of a login and of a machine.

use chatauth::emulator::{Options, User};

use crate::support::sandbox::Sandbox;
use crate::support::screen::show;

const WIDTHS: [u16; 2] = [64, 140];

/// A sandbox with a login that may do everything here.
fn logged_in() -> Sandbox {
    let sandbox = Sandbox::new();
    let scopes = ["chat.spaces", "chat.memberships", "chat.delete"].map(|scope| ["--scope", scope]);
    sandbox.run(["auth", "login"].iter().chain(scopes.as_flattened())).success();
    sandbox
}

fn create(sandbox: &Sandbox, words: &[&str]) -> String {
    let created = sandbox.run(["spaces", "create", "--format", "name"].iter().chain(words)).success();
    created.stdout.trim().to_owned()
}

/// The text with ids of spaces, times, dates and places replaced by something as long.
fn settled(sandbox: &Sandbox, text: &str) -> String {
    let mut settled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("AAQA") {
        let id = rest[at..].find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(rest.len() - at);
        settled += &rest[..at];
        settled += &"A".repeat(id);
        rest = &rest[at + id..];
    }
    settled += rest;
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let words = settled.split_inclusive([' ', '\n', '(', ')', ',']).map(|word| match (digits(word), word.find('T')) {
        // Times have many digits and a T between them; dates have eight and two hyphens.
        (14.., Some(10)) if word.contains(':') => {
            word.chars().map(|character| if character.is_ascii_digit() { '0' } else { character }).collect()
        }
        (8, None) if word.matches('-').count() == 2 => word.replace(|character: char| character.is_ascii_digit(), "0"),
        _ => word.to_owned(),
    });
    let settled: String = words.collect();
    settled
        .replace(sandbox.path("").to_str().unwrap(), "HOME/")
        .replace(sandbox.origin(), "ORIGIN")
        .replace(env!("CARGO_BIN_EXE_chatauth"), "chatauth")
}

/// What the words show on terminals of both widths.
fn shown(sandbox: &Sandbox, words: &[&str], code: i32) -> String {
    let mut all = String::new();
    for columns in WIDTHS {
        let mut command = sandbox.command(words);
        command.args(["--color", "never"]);
        let (text, ended) = show(sandbox, command, columns);
        assert_eq!(ended, Some(code), "{text}");
        all += &format!("$ chatauth {} ({columns} columns)\n{}\n", words.join(" "), settled(sandbox, &text));
    }
    settled(sandbox, &all)
}

/// Text whose line breaks depend on how long paths are here: broken lines are joined.
fn flowing(text: &str) -> String {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn members_are_shown() {
    let sandbox = logged_in();
    let space = create(&sandbox, &["--name", "Team", "--member", "ada@example.com", "--manager", "bob@example.com"]);
    insta::assert_snapshot!("members_list", shown(&sandbox, &["members", "list", &space], 0));
    insta::assert_snapshot!("members_get", shown(&sandbox, &["members", "get", &space, "ada@example.com"], 0));
    let update = ["members", "update", &space, "ada@example.com", "--role", "manager"];
    insta::assert_snapshot!("members_update", shown(&sandbox, &update, 0));
    // Adding and removing do not show the same twice.
    for columns in WIDTHS {
        for verb in ["add", "remove"] {
            let words = ["members", verb, &space, "carol@example.com", "dave@example.com", "--color", "never"];
            let (text, code) = show(&sandbox, sandbox.command(words), columns);
            assert_eq!(code, Some(0), "{text}");
            insta::assert_snapshot!(format!("members_{verb}_{columns}"), settled(&sandbox, &text));
        }
    }
}

#[test]
fn a_space_is_shown_through_its_life() {
    let sandbox = logged_in();
    let space = create(&sandbox, &["--name", "Team", "--description", "The people who build it"]);
    insta::assert_snapshot!("get", shown(&sandbox, &["spaces", "get", &space], 0));
    insta::assert_snapshot!("update", shown(&sandbox, &["spaces", "update", &space, "--name", "Builders"], 0));
    insta::assert_snapshot!("search", shown(&sandbox, &["spaces", "search", "Build"], 0));
    create(&sandbox, &["--type", "direct-message", "--member", "ada@example.com"]);
    insta::assert_snapshot!("find_dm", shown(&sandbox, &["spaces", "find-dm", "ada@example.com"], 0));
    create(&sandbox, &["--type", "group-chat", "--member", "ada@example.com", "--member", "bob@example.com"]);
    let find = ["spaces", "find-group-chats", "ada@example.com", "bob@example.com"];
    insta::assert_snapshot!("find_group_chats", shown(&sandbox, &find, 0));
    // Nothing is a result of a deletion: what is said is said beside it.
    let deleted = sandbox.run(["spaces", "delete", &space, "--yes", "--format", "human"]).success();
    assert_eq!(deleted.stdout, "");
    insta::assert_snapshot!("delete", settled(&sandbox, &deleted.stderr));
}

#[test]
fn several_logins_and_a_damaged_one_are_shown() {
    let users = ["ada@example.com", "bob@example.com", "eve@gmail.com"];
    let sandbox = Sandbox::with(Options { users: users.map(User::new).to_vec(), ..Options::default() });
    for user in users {
        sandbox.run(["auth", "login", "--account", user]).success();
        sandbox.expire_stored_token(user);
    }
    sandbox.run(["auth", "switch", users[0]]).success();
    std::fs::write(sandbox.record_path(users[1]), "{").unwrap();
    insta::assert_snapshot!("status_of_several", flowing(&shown(&sandbox, &["auth", "status"], 0)));
}

#[test]
fn the_doctor_says_everything_at_every_width() {
    let sandbox = logged_in();
    let shown_at = |columns| {
        let (text, code) = show(&sandbox, sandbox.command(["doctor", "--color", "never"]), columns);
        assert_eq!(code, Some(0), "{text}");
        let text = without_the_program(&flowing(&settled(&sandbox, &text))).replace("at\nhttp", "at http");
        let (before, port) = text.split_once("http://127.0.0.1:").unwrap();
        format!(
            "{before}http://127.0.0.1:PORT{}",
            port.trim_start_matches(|character: char| character.is_ascii_digit())
        )
    };
    let wide = shown_at(200);
    insta::assert_snapshot!("doctor", wide);
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(squeezed(&shown_at(60)), squeezed(&wide), "a narrow terminal hides nothing");

    sandbox.control().revoke_all_refresh_tokens();
    sandbox.expire_stored_token("emulator@example.com");
    std::fs::remove_file(sandbox.client_secrets()).unwrap();
    let found = sandbox.run(["doctor", "--no-input", "--format", "human"]).exits_with(3);
    insta::assert_snapshot!(
        "doctor_finds",
        without_the_program(&settled(&sandbox, &format!("{}{}", found.stdout, found.stderr)))
    );
}

#[test]
fn a_coloured_terminal_of_utf_8_shows_marks_as_symbols() {
    let sandbox = logged_in();
    let marks = |variables: &[(&str, &str)], words: &[&str]| {
        let mut command = sandbox.command(words);
        command.env("TERM", "xterm").envs(variables.iter().copied());
        let (text, code) = show(&sandbox, command, 200);
        assert_eq!(code, Some(0), "{text}");
        let mark = |line: &str| {
            line.split('\u{1b}').nth(1).and_then(|mark| mark.split_once('m')).unwrap_or(("", "")).1.to_owned()
        };
        let mut marks: Vec<String> = text.lines().map(mark).filter(|mark| !mark.trim().is_empty()).collect();
        marks.sort();
        marks.dedup();
        marks
    };
    for words in [&["doctor"][..], &["auth", "status"]] {
        let symbols = marks(&[("LANG", "en_US.UTF-8")], words);
        assert!(symbols.contains(&String::from("✓")) && !symbols.contains(&String::from("ok")), "{symbols:?}");
        assert!(!marks(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")], words).contains(&String::from("✓")), "{words:?}");
        assert!(!marks(&[("NO_COLOR", "1"), ("LANG", "C.UTF-8")], words).contains(&String::from("✓")), "{words:?}");
    }
}

/// What the doctor says after its first line, which differs from build to build.
fn without_the_program(text: &str) -> String {
    let (program, rest) = text.split_once("client file").unwrap();
    assert!(program.starts_with("ok ") && program.contains(env!("CARGO_PKG_VERSION")), "{program}");
    format!("client file{rest}")
}

#[test]
fn the_steps_of_the_setup_are_shown_where_nobody_can_be_asked() {
    let sandbox = Sandbox::new();
    let text = sandbox.run(["setup", "--format", "human"]).success().stdout;
    insta::assert_snapshot!("setup", settled(&sandbox, &text));
}

#[test]
fn errors_are_shown_with_what_to_do() {
    let sandbox = logged_in();
    let mut all = String::new();
    for (words, fault) in [
        (&["spaces", "create", "--name", ""][..], ""),
        (&["spaces", "get", "spaces/none"], ""),
        (&["spaces", "find-dm", "ada@example.com"], ""),
        (&["spaces", "delete", "spaces/x"], ""),
        (&["members", "get", "spaces/none", "ada@example.com"], ""),
        (&["api", "GET", "https://evil.test/x"], ""),
        (&["api", "GET", "v1/spaces/none/messages", "--no-input"], ""),
        (&["auth", "token", "--account", "eve@example.com", "--no-input"], ""),
        (&["auth", "switch", "eve@example.com"], ""),
        (&["spaces", "list", "--jq", ".[0"], ""),
        (&["spaces", "list", "--limit", "none"], ""),
        (&["spaces", "list", "--filter", "nonsense"], ""),
        (&["spaces", "list"], "list:status=403,reason=SERVICE_DISABLED"),
        (&["spaces", "list"], "list:status=429,retry-after=3600"),
        (
            &["spaces", "create", "--name", "x", "--request-id", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
            "create:status=503,retry-after=3600",
        ),
    ] {
        if !fault.is_empty() {
            sandbox.control().add_fault(fault.parse().unwrap());
        }
        let failed = sandbox.run(words);
        sandbox.control().clear_faults();
        let code = failed.code().unwrap();
        let program = env!("CARGO_BIN_EXE_chatauth");
        let stderr = settled(&sandbox, &failed.stderr.replace(program, "chatauth"));
        all += &format!("$ chatauth {} {fault}\n{stderr}(exit code {code})\n\n", words.join(" "));
    }
    insta::assert_snapshot!("errors", all);
}
