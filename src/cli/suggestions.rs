//! Suggests the right command for commands and options of other tools.

use std::ffi::OsString;
use std::ops::Range;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};

use super::args::Cli;
use crate::commands::without_userinfo;
use crate::platform::command_line;

/// Commands of other tools, and ours.
const COMMANDS: &[(&[&str], [&str; 2])] = &[
    (&["whoami"], ["auth", "status"]),
    (&["auth", "whoami"], ["auth", "status"]),
    (&["auth", "print-access-token"], ["auth", "token"]),
    (&["new"], ["spaces", "create"]),
    (&["spaces", "new"], ["spaces", "create"]),
];

/// Options of other tools, and ours.
const OPTIONS: &[(&str, &str)] = &[("--title", "name"), ("-n", "name")];

/// Returns the command line that was probably meant by one that cannot be parsed.
pub(super) fn suggestion(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let typed: Vec<&str> = arguments.iter().skip(1).map(|word| word.to_str()).collect::<Option<_>>()?;
    // An endpoint may have a password, which no hint shows.
    let is_endpoint =
        |at: usize| typed[at].starts_with("--api-endpoint=") || at > 0 && typed[at - 1] == "--api-endpoint";
    let shown = |at| if is_endpoint(at) { without_userinfo(typed[at]) } else { typed[at].to_owned() };
    let shown: Vec<String> = (0..typed.len()).map(shown).collect();
    let words: Vec<&str> = shown.iter().map(String::as_str).collect();
    let program = Cli::command();
    if resolve_command(&program, &words).1 == ["api"]
        && let Some(words) = with_method(error.kind(), words.clone())
    {
        return Some(command_line(["chatauth"].into_iter().chain(words)));
    }
    let wrong = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg].into_iter().find_map(|kind| {
        if let Some(ContextValue::String(word)) = error.get(kind) { Some(word.as_str()) } else { None }
    })?;
    let is_wrong = |word: &&str| word.split('=').next() == Some(wrong) || *word == wrong;
    let at = words.iter().position(is_wrong)?;
    let (command, path) = resolve_command(&program, &words[..at]);
    let (before, ours, after) = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let ours = find_command(&program, &path, wrong)?.map(str::to_owned).to_vec();
            (words[..at].iter().filter(|word| !path.contains(word)).copied().collect(), ours, &words[at + 1..])
        }
        ErrorKind::UnknownArgument => {
            let (ours, replaced) = argument(command, &words, at)?;
            (words[..replaced.start].to_vec(), ours, &words[replaced.end..])
        }
        _ => return None,
    };
    let ours = ours.iter().map(String::as_str);
    Some(command_line(["chatauth"].into_iter().chain(before).chain(ours).chain(after.iter().copied())))
}

/// Returns a command line of `api` with the method before the path, which other tools take in an option or guess.
fn with_method<'a>(kind: ErrorKind, mut words: Vec<&'a str>) -> Option<Vec<&'a str>> {
    let contains = |words: &[&str], known: &[&str]| words.iter().position(|word| known.contains(word));
    let behind = |word: &&'a str| ["-X", "--method", "--request"].iter().find_map(|option| word.strip_prefix(option));
    let method = match words.iter().position(|word| behind(word).is_some()) {
        Some(option) => match behind(&words.remove(option))?.trim_start_matches('=') {
            "" => (option < words.len()).then(|| words.remove(option))?,
            method => method,
        },
        None if kind != ErrorKind::MissingRequiredArgument => return None,
        None if contains(&words, &["-f", "-F", "--raw-field", "--field", "--input"]).is_some() => "POST",
        None => "GET",
    };
    let at = contains(&words, &["api"])? + 1;
    words.get(at).filter(|path| path.contains('/'))?;
    words.insert(at, method);
    Some(words)
}

/// Returns the command line that shows the help of the command that was typed.
pub(super) fn help(arguments: &[OsString]) -> String {
    let words = arguments.iter().skip(1).take_while(|word| *word != "--");
    let words: Vec<&str> = words.filter_map(|word| word.to_str()).collect();
    let program = Cli::command();
    let (_, path) = resolve_command(&program, &words);
    command_line(["chatauth"].into_iter().chain(path).chain(["--help"]))
}

/// Returns the command that words name so far, and those of the words that name it.
fn resolve_command<'a>(program: &'a Command, words: &[&'a str]) -> (&'a Command, Vec<&'a str>) {
    words.iter().fold((program, Vec::new()), |(command, mut path), word| match command.find_subcommand(word) {
        Some(below) => {
            path.push(*word);
            (below, path)
        }
        None => (command, path),
    })
}

/// Returns the command that an unknown word below `path` stands for: one of another tool, or one that is in a group.
fn find_command<'a>(program: &'a Command, path: &[&str], wrong: &str) -> Option<[&'a str; 2]> {
    let known = COMMANDS.iter().find(|(theirs, _)| theirs.split_last() == Some((&wrong, path)));
    let groups = || program.get_subcommands().filter(|_| path.is_empty());
    let named = |group: &'a Command| group.get_subcommands().find(|command| command.get_name() == wrong);
    let in_a_group = |find: &dyn Fn(&'a Command) -> Option<&'a Command>| {
        groups().find_map(|group| Some([group.get_name(), find(group)?.get_name()]))
    };
    // `list` is a name in one group and an alias in another.
    let command = || in_a_group(&named).or_else(|| in_a_group(&|group| group.find_subcommand(wrong)));
    known.map(|(_, ours)| *ours).or_else(command)
}

/// Returns what to write for an unknown argument, and which words that replaces.
fn argument(command: &Command, words: &[&str], at: usize) -> Option<(Vec<String>, Range<usize>)> {
    let (wrong, value) = words[at].split_once('=').map_or((words[at], None), |(wrong, value)| (wrong, Some(value)));
    let takes = |option: &str| command.get_arguments().any(|argument| argument.get_long() == Some(option));
    if let Some((_, ours)) = OPTIONS.iter().find(|(theirs, ours)| *theirs == wrong && takes(ours)) {
        let value = value.map(str::to_owned);
        return Some((std::iter::once(format!("--{ours}")).chain(value).collect(), at..at + 1));
    }
    if wrong.starts_with('-') {
        return None;
    }
    let before = at.checked_sub(1).and_then(|before| words[before].strip_prefix("--"));
    let apart = |option: &clap::Arg| option.is_require_equals_set() && option.get_long() == before;
    match command.get_name() {
        // What has an = is a value, and no command is named as the value of --quota.
        _ if (value.is_some() || wrong == "google") && command.get_arguments().any(apart) => {
            Some((vec![format!("{}={}", words[at - 1], words[at])], at - 1..at + 1))
        }
        _ if wrong.starts_with('.') && at > 0 && words[at - 1] == "-q" => {
            Some((vec![String::from("--jq"), words[at].to_owned()], at - 1..at + 1))
        }
        "emulator" => Some((vec![String::from("--")], at..at)),
        "create" if !words.contains(&"--name") => {
            let bare = words[at..].iter().take_while(|word| !word.starts_with('-'));
            let name: Vec<&str> = bare.copied().collect();
            Some((vec![String::from("--name"), name.join(" ")], at..at + name.len()))
        }
        _ => None,
    }
}
