//! What the shell and the manual reader get: completion scripts, completions and man pages, all of them from the
//! definition of the command line itself.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Command, Parser, ValueEnum};
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};
use clap_mangen::roff::{Roff, bold, roman};

use crate::commands::{Context, Failure, auth};
use crate::output::{self, Messages, Printer, sanitise};

use super::args::Cli;
use super::later::all_at_once;
use super::settings::{self, Environment};

/// The variable by which a completion script calls this program.
const VARIABLE: &str = "_CHATAUTH_COMPLETE";

#[derive(Debug, Args)]
pub(super) struct Completion {
    /// The shell that reads the script
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// The command whose page is wanted; none for the whole program
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    #[value(alias = "pwsh")]
    Powershell,
}

impl Shell {
    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Zsh => &Zsh,
            Self::Fish => &Fish,
            Self::Powershell => &Powershell,
        }
    }
}

/// Prints the script of a shell.
pub(super) fn completion(arguments: &Completion, context: &Context) -> Result<(), Failure> {
    print(context, |script| {
        arguments.shell.completer().write_registration(VARIABLE, "chatauth", "chatauth", "chatauth", script)
    })
}

/// Prints a man page, as roff.
pub(super) fn man(arguments: &Man, context: &Context) -> Result<(), Failure> {
    let mut command = super::help::with_examples(all_at_once());
    // Names of subcommands are only put together when the command is built.
    command.build();
    let mut found = &command;
    for word in &arguments.command {
        found = found.find_subcommand(word).ok_or_else(|| {
            Failure::usage(format!("there is no command {:?}", arguments.command.join(" ")))
                .hint("chatauth --help lists the commands")
        })?;
    }
    let whole = arguments.command.is_empty();
    print(context, |text| {
        let mut page = Vec::new();
        let manual = manual(found);
        manual.render_title(&mut page)?;
        manual.render_name_section(&mut page)?;
        synopsis(found, "SYNOPSIS", &mut page)?;
        manual.render_description_section(&mut page)?;
        manual.render_options_section(&mut page)?;
        if found.has_subcommands() {
            manual.render_subcommands_section(&mut page)?;
        }
        if found.get_after_help().is_some() {
            manual.render_extra_section(&mut page)?;
        }
        if whole {
            for command in command.get_subcommands() {
                chapter(command, &mut page)?;
            }
        }
        // What stands below the options are examples, for which the library has a vaguer word; their lines are lines.
        let page = String::from_utf8_lossy(&page).replace(".SH EXTRA\n", ".SH EXAMPLES\n.nf\n");
        text.write_all(ascii(&page).as_bytes())
    })
}

fn manual(command: &Command) -> clap_mangen::Man {
    clap_mangen::Man::new(command.clone())
        .title(command.get_display_name().unwrap_or("chatauth").to_owned())
        .source(format!("chatauth {}", env!("CARGO_PKG_VERSION")))
        .manual("chatauth")
}

/// How to type a command, as its help says it: the library's own synopsis has every global option in it.
fn synopsis(command: &Command, heading: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let mut section = Roff::default();
    if heading.is_empty() {
        section.control("PP", []);
    } else {
        section.control("SH", [heading]);
    }
    section.text([bold(usage)]);
    section.to_writer(page)
}

/// The page in the characters that every troff reads.
fn ascii(page: &str) -> String {
    page.chars().fold(String::with_capacity(page.len()), |mut text, character| {
        if character.is_ascii() {
            text.push(character);
        } else {
            text.push_str(&format!("\\[u{:04X}]", u32::from(character)));
        }
        text
    })
}

/// A command in the page of the whole program: how to type it, its own options, its examples.
fn chapter(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    if command.get_name() == "help" {
        return Ok(());
    }
    if command.has_subcommands() {
        return command.get_subcommands().try_for_each(|command| chapter(command, page));
    }
    let mut heading = Roff::default();
    heading.control("SH", [command.get_bin_name().unwrap_or_default().to_uppercase().as_str()]);
    heading.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    heading.to_writer(page)?;
    synopsis(command, "", page)?;
    let manual = manual(command);
    let mut sections = Vec::new();
    manual.render_options_section(&mut sections)?;
    let sections = String::from_utf8_lossy(&sections).into_owned();
    // The global options stand once, at the beginning.
    let own = sections.split(".SH \"GLOBAL OPTIONS\"").next().unwrap_or_default();
    page.extend_from_slice(own.replace(".SH OPTIONS", ".SS Options").as_bytes());
    if command.get_after_help().is_some() {
        let mut examples = Vec::new();
        manual.render_extra_section(&mut examples)?;
        page.extend_from_slice(
            String::from_utf8_lossy(&examples).replace(".SH EXTRA\n", ".SS Examples\n.nf\n").as_bytes(),
        );
    }
    Ok(())
}

fn print(context: &Context, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<(), Failure> {
    let mut text = Vec::new();
    write(&mut text).map_err(output::Error::from)?;
    Ok(context.printer.bytes(&text)?)
}

/// Answers a completion script, when one called this program.
pub(super) fn complete(arguments: &[OsString], environment: Environment) -> Option<ExitCode> {
    let shell = environment.os(VARIABLE)?;
    let shell = Shell::from_str(shell.to_str()?, false).ok()?;
    // The script calls `chatauth -- chatauth WORD…`.
    let words = arguments.iter().skip_while(|word| *word != "--").skip(1).cloned().collect();
    let mut command = with_accounts(all_at_once(), environment);
    let mut candidates = Vec::new();
    let done = shell
        .completer()
        .write_complete(&mut command, words, None, &mut candidates)
        .and_then(|()| io::stdout().write_all(&candidates));
    Some(if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The command line with the accounts that there are logins of, where an account is meant.
fn with_accounts(command: Command, environment: Environment) -> Command {
    // What has control characters in it would act on the terminal of whoever presses the key.
    let harmless = |account: &String| sanitise(account) == account.as_str();
    let accounts: Vec<String> = accounts(environment).into_iter().filter(harmless).collect();
    let candidates = ArgValueCandidates::new(move || accounts.iter().map(CompletionCandidate::new).collect::<Vec<_>>());
    let of_switch = candidates.clone();
    command.mut_arg("account", |argument| argument.add(candidates)).mut_subcommand("auth", |auth| {
        auth.mut_subcommand("switch", |switch| switch.mut_arg("account_name", |argument| argument.add(of_switch)))
    })
}

fn accounts(environment: Environment) -> Vec<String> {
    let Ok(cli) = Cli::try_parse_from(["chatauth", "--quiet", "auth", "status"]) else { return Vec::new() };
    let Ok(resolved) = settings::resolve(&cli.global, environment, &[]) else { return Vec::new() };
    let printer = Printer::new(Box::new(io::sink()), resolved.format, false);
    auth::accounts(&Context::new(resolved.settings, settings::clock(), Messages::new(true, false), printer))
}
