//! The definition of the command line as help and man pages show it. Built only for them: it costs more than parsing.

use clap::{Arg, Command, CommandFactory};

use super::args::Cli;

const GLOBAL_OPTIONS: &str = "Global options: chatauth --help";

/// Returns the definition, built. Global options are in the program's own `--help` only, and `-h` shows one example.
pub(super) fn definition() -> Command {
    let mut command = Cli::command();
    command.build();
    let command = command.mut_args(|argument| {
        let hide = argument.is_global_set() || argument.get_id() == "help";
        argument.hide_short_help(hide)
    });
    let short = format!("{}Global options, variables, exit codes: chatauth --help", first_example(&command));
    let long = sections(&command);
    command.after_help(short).after_long_help(long).mut_subcommands(subcommand)
}

/// Presents a command and those below it.
fn subcommand(command: Command) -> Command {
    if command.get_name() == "help" {
        return command.hide(true);
    }
    let command = command.mut_args(|argument| {
        let shared = argument.is_global_set() || ["help", "version"].contains(&argument.get_id().as_str());
        let hide = shared || argument.is_hide_set();
        argument.hide(hide)
    });
    let mut short = first_example(&command);
    if command.get_arguments().any(|argument| argument.is_hide_short_help_set() && !argument.is_hide_set()) {
        short += &format!("More options: {} --help\n", command.get_bin_name().unwrap_or_default());
    }
    short += GLOBAL_OPTIONS;
    let long = format!("{}\n\n{GLOBAL_OPTIONS}", sections(&command)).trim_start().to_owned();
    // The usual template has a gap where nothing is listed.
    let lists_something = command.has_subcommands() || !command.get_arguments().all(Arg::is_hide_set);
    let list = if lists_something { "\n\n{all-args}" } else { "" };
    let template = format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}{list}{{after-help}}");
    command.help_template(template).after_help(short).after_long_help(long).mut_subcommands(subcommand)
}

/// Returns the sections below the options: examples and others.
fn sections(command: &Command) -> String {
    command.get_after_help().map(ToString::to_string).unwrap_or_default()
}

/// Returns the first of a command's examples as a section of its own.
fn first_example(command: &Command) -> String {
    let sections = sections(command);
    let example = sections.split_once("Examples:\n").and_then(|(_, examples)| examples.lines().next());
    let more = if sections.lines().count() > 2 { " (more with --help)" } else { "" };
    example.map(|example| format!("Example{more}:\n{example}\n\n")).unwrap_or_default()
}
