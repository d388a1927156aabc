//! Completion, in the shells themselves.

use std::process::Command;

use crate::support::ordinary_user::not_run;
use crate::support::pty::Terminal;
use crate::support::sandbox::Sandbox;

/// What is typed before the Tab, and the word that it completes.
const TYPED: [(&str, &str); 12] = [
    ("chatauth spa", "spaces"),
    // A directory of this name changes nothing.
    ("chatauth memb", "members"),
    ("chatauth spaces list --format hu", "human"),
    ("chatauth --account em", "emulator@example.com"),
    ("chatauth spaces create --from ro", "rows.csv"),
    ("chatauth --config-dir conf", "config/"),
    ("chatauth auth import x", "x$(touch pwned).json"),
    ("chatauth auth import w", "w w.json"),
    ("chatauth auth import y", "y;z&|.json"),
    ("chatauth auth import k", "k*?[a].json"),
    ("chatauth auth import q", "q\"`id`.json"),
    ("chatauth auth import it", "it's/"),
];

/// The same with words that are quoted already.
const QUOTED: [(&str, &str); 7] = [
    ("chatauth --client-secrets=w\\ ", "--client-secrets=w w.json"),
    ("chatauth auth import w\\ ", "w w.json"),
    ("chatauth auth import 'w w", "w w.json"),
    ("chatauth auth import \"w w", "w w.json"),
    ("chatauth auth import d\\ d/", "d d/in.json"),
    ("chatauth auth import 'x", TYPED[6].1),
    ("chatauth --client-secrets w\\  spaces create --from ro", "rows.csv"),
];

/// A login, files to find, and the program on the path.
fn set_up(shell: &str) -> (Sandbox, Command) {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for (_, word) in TYPED.iter().filter(|(_, word)| word.contains('.') && !word.contains('@')) {
        std::fs::write(sandbox.path(word), "").unwrap();
    }
    for directory in ["members", "it's", "d d"] {
        std::fs::create_dir(sandbox.path(directory)).unwrap();
    }
    std::fs::write(sandbox.path("d d/in.json"), "").unwrap();
    std::fs::write(sandbox.path("script"), sandbox.run(["completion", shell]).success().stdout).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_chatauth"), sandbox.path("bin/chatauth")).unwrap();
    let mut command = sandbox.command([""; 0]);
    let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap());
    command.env("PATH", path).env("TERM", "xterm").env("ZDOTDIR", sandbox.path(""));
    (sandbox, command)
}

fn is_there(shell: &str) -> bool {
    let there = Command::new(shell).arg("--version").output().is_ok();
    if !there {
        not_run(&format!("completion in {shell}"), &format!("there is no {shell}"));
    }
    there
}

/// A function that shows its number and its last argument, as the shell understands the completed line.
const LAST: &str = "last() { for word; do :; done; n=$((n+1)); printf '<%s:%s>' $n \"$word\"; }\n";

/// Types into an interactive shell, as a person does, and runs the completed lines.
fn complete_by_tab(sandbox: &Sandbox, environment: &Command, start: &str) {
    let terminal = Terminal::new();
    let home = sandbox.path("");
    let shell = terminal.start_shell(&format!("cd '{}' && exec {start}", home.display()), environment);
    terminal.transcript().wait_for_text("ready> ");
    for (number, (typed, word)) in (1..).zip(TYPED.iter().chain(&QUOTED)) {
        terminal.type_text(&format!("{typed}\t\u{1}last \n"));
        // zsh leaves out the slash of a directory that ends a line.
        let words = [word, word.trim_end_matches('/')].map(|word| format!("<{number}:{word}>"));
        terminal.transcript().wait_for(|text| words.iter().any(|word| text.contains(word)).then_some(()));
    }
    terminal.type_text("exit\n");
    assert!(terminal.wait(shell).success());
    assert!(sandbox.control().requests().is_empty(), "no key press asks a server");
    assert!(!sandbox.path("pwned").exists());
}

#[test]
fn bash_completes_commands_values_accounts_and_files() {
    let (sandbox, environment) = set_up("bash");
    std::fs::write(sandbox.path("rc"), format!("PS1='ready> '\n. ./script\n{LAST}")).unwrap();
    complete_by_tab(&sandbox, &environment, "bash --noprofile --rcfile ./rc -i");
}

#[test]
fn zsh_completes_commands_values_accounts_and_files() {
    if is_there("zsh") {
        let start = "autoload -Uz compinit && compinit -u -D";
        for rc in [format!("{start}\n. ./script || exit\n"), format!("fpath=($PWD/functions $fpath)\n{start}\n")] {
            let (sandbox, environment) = set_up("zsh");
            std::fs::create_dir(sandbox.path("functions")).unwrap();
            std::fs::copy(sandbox.path("script"), sandbox.path("functions/_chatauth")).unwrap();
            std::fs::write(sandbox.path(".zshrc"), format!("{rc}{LAST}PS1='ready> '\n")).unwrap();
            complete_by_tab(&sandbox, &environment, "zsh -d -i");
        }
    }
}

#[test]
fn fish_completes_commands_values_accounts_and_files() {
    if !is_there("fish") {
        return;
    }
    let (sandbox, environment) = set_up("fish");
    for (typed, word) in TYPED.into_iter().chain(QUOTED) {
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", "source script; complete -C $argv[1]", typed]).current_dir(sandbox.path(""));
        for (name, value) in environment.get_envs() {
            fish.env(name, value.unwrap_or_default());
        }
        let finished = sandbox.finish(fish).success();
        let candidates: Vec<&str> = finished.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
        assert!(candidates.contains(&word), "{typed}: {candidates:?}");
    }
    assert!(sandbox.control().requests().is_empty(), "no key press asks a server");
}

/// No PowerShell runs here: this is what it would read.
#[test]
fn powershell_gets_its_script_and_quoted_file_names() {
    let script = Sandbox::new().run(["completion", "powershell"]).success().stdout;
    insta::assert_snapshot!("powershell", script);
    let (sandbox, _) = set_up("powershell");
    for (word, completed) in [
        ("ro", "rows.csv"),
        ("conf", "config/"),
        ("x", "'x$(touch pwned).json'"),
        ("w", "'w w.json'"),
        ("y", "'y;z&|.json'"),
        ("it", "'it''s/'"),
    ] {
        let mut command = sandbox.command(["--", "chatauth", "auth", "import", word]);
        command.env("_CHATAUTH_COMPLETE", "powershell");
        assert_eq!(sandbox.finish(command).success().stdout.trim_end(), completed);
    }
}
