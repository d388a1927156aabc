//! Completion scripts, completions, the manual and help: what they print is what the tools that read it take.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::commands::every_command;
use crate::support::sandbox::Sandbox;

/// Feeds text to a program; `None` where there is no such program.
fn feed(program: &str, arguments: &[&str], text: &str) -> Option<(bool, String, String)> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    let own = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some((output.status.success(), own(output.stdout), own(output.stderr)))
}

#[test]
fn shells_read_their_scripts() {
    let sandbox = Sandbox::new();
    for (shell, check) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"]), ("powershell", &[])] {
        let script = sandbox.run(["completion", shell, "--format", "json"]).success().stdout;
        assert!(script.contains("chatauth"), "{shell}");
        if let (false, Some((read, _, errors))) = (check.is_empty(), feed(shell, check, &script)) {
            assert!(read, "{shell}: {errors}");
        }
    }
    sandbox.run(["completion", "tcsh"]).exits_with(2);
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn bash_completes_commands_formats_and_accounts() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_chatauth")).parent().unwrap();
    let script = sandbox.run(["completion", "bash"]).success().stdout;
    let complete = |words: &str, count: usize, current: &str| {
        let typed = format!(
            "PATH={}:$PATH\n{script}\nCOMP_WORDS=({words})\nCOMP_CWORD={count}\nCOMP_TYPE=9\n\
             _clap_complete_chatauth chatauth '{current}' ''\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
            bin.display()
        );
        let mut command = sandbox.command([""; 0]);
        let environment: Vec<_> =
            command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        command = Command::new("bash");
        for (name, value) in environment {
            command.env(name, value.unwrap_or_default());
        }
        let output = command.args(["--norc", "-c", &typed]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).replace('\u{b}', "\n")
    };
    assert!(complete("chatauth spa", 1, "spa").contains("spaces"));
    let formats = complete("chatauth spaces list --format ''", 4, "");
    for format in ["human", "json", "jsonl", "csv", "name"] {
        assert!(formats.lines().any(|line| line.trim() == format), "{formats}");
    }
    assert!(complete("chatauth --account ''", 2, "").contains("emulator@example.com"));
    assert!(complete("chatauth auth switch em", 3, "em").contains("emulator@example.com"));
    assert!(sandbox.control().requests().is_empty(), "no key press asks a server");
}

#[test]
fn property_66_an_address_that_means_something_to_a_shell_is_quoted_or_left_out() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let odd = "a$(touch pwned)b@example.com".replace(' ', "${IFS}");
    let end = "2100-01-01T00:00:00Z";
    sandbox.change_record("emulator@example.com", |record| {
        record["email"] = odd.as_str().into();
        record["refresh_token_expires_at"] = end.into();
    });
    let name: String = odd.to_lowercase().bytes().fold(String::new(), |name, byte| match byte {
        b'a'..=b'z' | b'@' | b'.' => name + &char::from(byte).to_string(),
        other => format!("{name}%{other:02x}"),
    });
    fs::rename(sandbox.record_path("emulator@example.com"), sandbox.record_path(&name)).unwrap();
    let soon = time::OffsetDateTime::now_utc() + time::Duration::hours(5);
    let soon = soon.format(&time::format_description::well_known::Rfc3339).unwrap();
    sandbox.change_record(&name, |record| record["refresh_token_expires_at"] = soon.as_str().into());
    let said = sandbox.run(["auth", "token", "--no-input"]).success().stderr;
    let command = said.trim().rsplit_once("run ").unwrap().1;
    let words = command.strip_prefix(env!("CARGO_BIN_EXE_chatauth")).unwrap();
    assert_eq!(words, format!(" auth login --account '{odd}'"));
    let script = format!("printf '%s\\n' {words}");
    let read = Command::new("sh").args(["-c", &script]).current_dir(sandbox.path("")).output().unwrap();
    assert_eq!(String::from_utf8(read.stdout).unwrap().lines().last(), Some(odd.as_str()));
    let mut command = sandbox.command(["--", "chatauth", "auth", "switch", ""]);
    command.env("_CHATAUTH_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "3").env("_CLAP_IFS", "\n");
    let completed = sandbox.finish(command).success().stdout;
    assert!(!completed.contains('$'), "{completed}");
    assert!(!sandbox.path("pwned").exists());
}

#[test]
fn the_manual_renders_without_a_warning() {
    let sandbox = Sandbox::new();
    for words in [&["man"][..], &["man", "api"], &["man", "spaces", "create"], &["man", "auth"]] {
        let page = sandbox.run(words).success().stdout;
        assert!(page.is_ascii() && page.contains(".TH chatauth"), "{words:?}");
        if let Some((read, text, errors)) = feed("groff", &["-man", "-Tutf8", "-ww"], &page) {
            assert!(read && errors.is_empty(), "{words:?}: {errors}");
            // A printed page says bold by printing a letter over itself.
            let letters: Vec<char> = text.chars().collect();
            let plain: String = letters
                .iter()
                .zip(letters.iter().skip(1))
                .filter(|(_, next)| **next != '\u{8}')
                .map(|(letter, _)| *letter)
                .collect();
            assert!(plain.replace('\u{8}', "").contains("OPTIONS"), "{words:?}");
        }
    }
    let whole = sandbox.run(["man"]).success().stdout;
    for part in ["CHATAUTH SPACES CREATE", "CHATAUTH API", "EXIT STATUS", "CHATAUTH_ACCESS_TOKEN"] {
        assert!(whole.contains(part), "{part}");
    }
    sandbox.run(["man", "nosuch"]).exits_with(2);
}

#[test]
fn man_pages_are_written_together_and_refer_to_each_other_only() {
    let sandbox = Sandbox::new();
    let directory = sandbox.path("share/man1");
    let written = sandbox.run(["man".as_ref(), "--dir".as_ref(), directory.as_os_str()]).success();
    assert_eq!(written.stdout, "");
    let commands = every_command(&sandbox);
    assert!(written.stderr.starts_with(&format!("Wrote {} man pages to ", commands.len())), "{}", written.stderr);
    let name = |words: &[String]| [&[String::from("chatauth")], words].concat().join("-");
    let names: BTreeSet<String> = commands.iter().map(|words| name(words)).collect();
    for words in &commands {
        let page = fs::read_to_string(directory.join(format!("{}.1", name(words)))).unwrap();
        let text = page.replace("\\-", "-");
        for reference in text.split("(1)").filter_map(|before| before.split([' ', '\n']).next_back()) {
            assert!(!reference.starts_with("chatauth") || names.contains(reference), "{words:?} refers to {reference}");
        }
        for option in text.split(".TP\n").skip(1) {
            let described = option.lines().nth(1).is_some_and(|line| line.contains(char::is_alphanumeric));
            assert!(described, "{words:?}: {option}");
        }
        let parts: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        let is_group = parts.contains(&"SUBCOMMANDS");
        assert!(parts.contains(&"EXAMPLES") || is_group, "{words:?}: {parts:?}");
        assert!(parts.contains(&"\"EXIT STATUS\"") && text.contains("rate limit"), "{words:?}: {parts:?}");
        let above = format!("{}(1)", name(&words[..words.len().saturating_sub(1)]));
        let see_also = text.split_once(".SH \"SEE ALSO\"").map(|(_, pages)| pages);
        assert_eq!(see_also.is_some_and(|pages| pages.contains(&above)), !words.is_empty(), "{words:?}");
        if let Some((read, _, errors)) = feed("groff", &["-man", "-Tutf8", "-ww"], &page) {
            assert!(read && errors.is_empty(), "{words:?}: {errors}");
        }
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), commands.len());
    // A directory that cannot be made is named.
    let refused = sandbox.run(["man", "--dir", "/dev/null/man1"]).exits_with(1);
    assert!(refused.stderr.contains("/dev/null/man1"), "{}", refused.stderr);
    sandbox.run(["man", "spaces", "--dir", "x"]).exits_with(2);
}

#[test]
fn help_has_examples_exit_codes_and_variables() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(["--help"]).success().stdout;
    for part in ["Examples:", "Exit codes:", "130", "Variables:", "CHATAUTH_FORMAT", "NO_COLOR"] {
        assert!(help.contains(part), "{part}");
    }
    for words in [&["spaces", "create", "--help"][..], &["help", "spaces", "list"], &["emulator", "--help"]] {
        assert!(sandbox.run(words).success().stdout.contains("Examples:"), "{words:?}");
    }
    assert!(sandbox.run(["api", "-h"]).success().stdout.contains("Example (more with --help):"));
}
