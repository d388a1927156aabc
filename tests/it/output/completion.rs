//! Completion, in the shells themselves.

use std::process::Command;

use crate::support::ordinary_user::not_run;
use crate::support::pty::Terminal;
use crate::support::sandbox::Sandbox;

/// What is typed before the Tab, and the word that it completes.
const TYPED: [(&str, &str); 5] = [
    ("chatauth spa", "spaces"),
    ("chatauth spaces list --format hu", "human"),
    ("chatauth --account em", "emulator@example.com"),
    ("chatauth spaces create --from ro", "rows.csv"),
    ("chatauth --config-dir conf", "config/"),
];

/// A login, files to find, and the program on the path.
fn set_up(shell: &str) -> (Sandbox, Command) {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    std::fs::write(sandbox.path("rows.csv"), "name\nx\n").unwrap();
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

/// Types into an interactive shell, as a person does.
fn complete_by_tab(sandbox: &Sandbox, environment: &Command, start: &str) {
    let terminal = Terminal::new();
    let home = sandbox.path("");
    let shell = terminal.start_shell(&format!("cd '{}' && exec {start}", home.display()), environment);
    terminal.transcript().wait_for_text("ready> ");
    for (typed, word) in TYPED {
        terminal.type_text(&format!("{typed}\t"));
        let line = format!("{}{}", &typed[..=typed.rfind(' ').unwrap()], word.trim_end_matches('/'));
        // A shell may ring the bell before it writes.
        terminal.transcript().wait_for(|text| text.replace('\u{7}', "").contains(&line).then_some(()));
        // Forgets the line.
        terminal.type_text("\u{15}");
    }
    terminal.type_text("exit\n");
    assert!(terminal.wait(shell).success());
    assert!(sandbox.control().requests().is_empty(), "no key press asks a server");
}

#[test]
fn bash_completes_commands_values_accounts_and_files() {
    let (sandbox, environment) = set_up("bash");
    std::fs::write(sandbox.path("rc"), "PS1='ready> '\n. ./script\n").unwrap();
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
            std::fs::write(sandbox.path(".zshrc"), format!("{rc}PS1='ready> '\n")).unwrap();
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
    for (typed, word) in TYPED {
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", &format!("source script; complete -C '{typed}'")])
            .current_dir(sandbox.path(""));
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
fn powershell_gets_its_script() {
    let script = Sandbox::new().run(["completion", "powershell"]).success().stdout;
    insta::assert_snapshot!("powershell", script);
}
