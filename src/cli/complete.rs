//! Answers completion scripts: candidates for the word at the cursor, from the definition of the command line.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Command, CommandFactory, Parser};
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCandidates;

use crate::commands::completion::{SHELLS, VARIABLE};
use crate::output::sanitise;
use crate::platform::command_line;

use super::args::Cli;
use super::environment::Environment;
use super::settings;

/// Answers a completion script if one called this program.
pub(super) fn complete(arguments: &[OsString], environment: Environment) -> Option<ExitCode> {
    let shell = environment.os(VARIABLE)?;
    let shell = SHELLS.completer(shell.to_str()?)?;
    // The script calls `chatauth -- chatauth WORD…`.
    let words = arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
    let mut command = with_accounts(Cli::command(), environment);
    let mut candidates = Vec::new();
    let done = shell
        .write_complete(&mut command, words, std::env::current_dir().ok().as_deref(), &mut candidates)
        .and_then(|()| {
            if shell.name() == "powershell" {
                candidates = quoted_for_powershell(&String::from_utf8_lossy(&candidates)).into_bytes();
            }
            io::stdout().write_all(&candidates)
        });
    Some(if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Quotes the first field of each line where PowerShell, which puts it into the command line as it is, needs that.
fn quoted_for_powershell(candidates: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || r"-_=+:./\@%".contains(character);
    let quoted = |line: &str| {
        let (word, help) = line.split_at(line.find('\t').unwrap_or(line.len()));
        if word.chars().all(plain) {
            return format!("{line}\n");
        }
        // PowerShell ends a text at each of these quotes, unless there are two.
        let quotes = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
        let word: String =
            word.chars().flat_map(|each| [each].repeat(1 + usize::from(quotes.contains(&each)))).collect();
        format!("'{word}'{help}\n")
    };
    candidates.lines().map(quoted).collect()
}

/// Adds the logged-in accounts as candidates for account options.
fn with_accounts(command: Command, environment: Environment) -> Command {
    // Some shells put candidates into the command line as they are, and all show them on the terminal.
    let harmless = |account: &String| sanitise(account) == account.as_str() && command_line([account]) == *account;
    let accounts: Vec<String> = accounts(environment).into_iter().filter(harmless).collect();
    let candidates = ArgValueCandidates::new(move || accounts.iter().map(CompletionCandidate::new).collect::<Vec<_>>());
    let of_switch = candidates.clone();
    command.mut_arg("account", |argument| argument.add(candidates)).mut_subcommand("auth", |auth| {
        auth.mut_subcommand("switch", |switch| switch.mut_arg("account_name", |argument| argument.add(of_switch)))
    })
}

fn accounts(environment: Environment) -> Vec<String> {
    let Ok(cli) = Cli::try_parse_from(["chatauth", "--quiet", "auth", "status"]) else { return Vec::new() };
    let Ok(context) = settings::context(&cli, environment, &[]) else { return Vec::new() };
    context.session().accounts().unwrap_or_default()
}
