//! `--jq` through the binary: what is refused before anything is sent, and expressions that end their own process.

use std::process::Command;

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::stage::{start, wait_until};

/// Runs a command that may take at most so many KiB of memory.
fn within(kibibytes: u32, sandbox: &Sandbox, words: &[&str]) -> Finished {
    let plain = sandbox.command(words);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -v {kibibytes}; exec \"$0\" \"$@\"")]).arg(plain.get_program());
    command.args(plain.get_args()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    sandbox.finish(command)
}

/// What `/proc` says of a process after its name: its state, its parent, ….
fn stat(process: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn child_of(program: u32) -> Option<u32> {
    let processes =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    processes.into_iter().find(|process| stat(*process).is_some_and(|stat| stat[1] == program.to_string()))
}

#[test]
fn what_reaches_outside_of_an_expression_is_refused_before_anything_is_sent() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.control().clear_requests();
    for name in ["env", "$ENV", "halt", "input", "debug", "stderr", "@base32", "$__loc__", ". as [$a] ?// $a | $a"] {
        let words = ["spaces", "create", "--name", "never", "--jq", name];
        let refused = sandbox.run(words).exits_with(2);
        assert!(refused.stdout.is_empty() && refused.stderr.contains("is not available here"), "{}", refused.stderr);
    }
    // One that cannot even be compiled.
    let deep = "(".repeat(100_000);
    let refused = sandbox.run(["spaces", "create", "--name", "never", "--jq", &deep]).exits_with(2);
    assert!(refused.stderr.contains("--jq"), "{}", refused.stderr);
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn an_expression_that_crashes_does_not_hide_what_was_created() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for expression in ["def f: [f]; f", "def f: 1 + f; f", "\"[\" * 100000 | fromjson", "[range(1e9)]"] {
        let words = ["-q", "spaces", "create", "--name", "x", "--jq", expression];
        let failed = within(400_000, &sandbox, &words).exits_with(1);
        let made = sandbox.control().spaces().last().unwrap()["name"].as_str().unwrap().to_owned();
        assert!(failed.stdout.is_empty() && failed.stderr.contains(&made), "{expression}: {}", failed.stderr);
        assert!(failed.stderr.contains("cannot apply --jq: "), "{expression}: {}", failed.stderr);
    }
}

#[test]
fn the_process_of_an_expression_ends_with_the_program() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let mut child = start(sandbox.command(["spaces", "create", "--name", "x", "--jq", "def f: f; f"]));
    let program = child.id();
    wait_until("the expression runs", || child_of(program).is_some() && !sandbox.control().spaces().is_empty());
    let process = child_of(program).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("its process has ended", || stat(process).is_none_or(|stat| stat[0] == "Z"));
}
