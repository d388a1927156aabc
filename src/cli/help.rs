//! Examples for `--help` and the manual, apart from the definition of the options so that both can be read.

use clap::Command;

use crate::commands::spaces;

/// Examples by command; the emulator and the program itself have their own.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "auth login",
        "chatauth auth login --account ada@example.com\nchatauth auth login --scope chat.spaces --scope chat.memberships\nchatauth auth login --no-browser --port 8085",
    ),
    ("auth status", "chatauth auth status\nchatauth auth status --jq .account"),
    (
        "auth token",
        "curl -H \"Authorization: Bearer $(chatauth auth token --scope chat.spaces.readonly)\" https://chat.googleapis.com/v1/spaces\nchatauth auth token --scope chat.spaces.readonly --format json",
    ),
    ("auth logout", "chatauth auth logout --account ada@example.com\nchatauth auth logout --all --local"),
    ("auth switch", "chatauth auth switch ada@example.com"),
    ("auth import", "chatauth auth import credentials.json"),
    ("auth export", "chatauth auth export --account ada@example.com > credentials.json"),
    (
        "spaces create",
        "chatauth spaces create --name API-made\nchatauth spaces create --name Team --member ada@example.com --member bob@example.com\nchatauth spaces create --name Nightly --idempotency-key nightly --format name\nchatauth spaces create --name Team --history on --dry-run\nchatauth spaces create --from classes.csv --results classes.jsonl",
    ),
    (
        "spaces list",
        "chatauth spaces list --type space --limit 20\nchatauth spaces list --format csv > spaces.csv\nchatauth spaces list --format jsonl --jq 'select(.displayName == \"Team\").name'",
    ),
    ("spaces get", "chatauth spaces get spaces/AAAA\nchatauth spaces get AAAA --jq .spaceUri"),
    ("spaces update", "chatauth spaces update spaces/AAAA --name 'A better name'"),
    (
        "spaces delete",
        "chatauth spaces delete spaces/AAAA --yes\nchatauth spaces delete --from old.csv --yes --results old.jsonl",
    ),
    ("spaces search", "chatauth spaces search team --use-admin-access"),
    ("spaces find-dm", "chatauth spaces find-dm ada@example.com --format name"),
    ("spaces find-group-chats", "chatauth spaces find-group-chats ada@example.com bob@example.com"),
    ("spaces complete-import", "chatauth spaces complete-import spaces/AAAA"),
    (
        "members add",
        "chatauth members add spaces/AAAA ada@example.com bob@example.com\nchatauth members add --from people.csv --results people.jsonl",
    ),
    ("members list", "chatauth members list spaces/AAAA --format csv"),
    ("members get", "chatauth members get spaces/AAAA ada@example.com"),
    ("members update", "chatauth members update spaces/AAAA ada@example.com --role manager"),
    ("members remove", "chatauth members remove spaces/AAAA ada@example.com"),
    (
        "api",
        "chatauth api GET v1/spaces --paginate --jq '.spaces[].name'\nchatauth api POST v1/spaces/AAAA/messages -f text='Hello'\nchatauth api PATCH v1/spaces/AAAA --query updateMask=displayName -f displayName=New\nchatauth api POST v1/spaces:setup --input request.json\nchatauth api GET v1/spaces/AAAA/members -F pageSize=100 -i",
    ),
    (
        "completion",
        "source <(chatauth completion bash)\nchatauth completion zsh > ~/.zfunc/_chatauth\nchatauth completion fish > ~/.config/fish/completions/chatauth.fish\nchatauth completion powershell | Out-String | Invoke-Expression",
    ),
    ("man", "chatauth man | man -l -\nchatauth man spaces create > chatauth-spaces-create.1"),
    ("doctor", "chatauth doctor"),
    ("setup", "chatauth setup"),
];

/// The commands whose results are spaces.
const SHOW_SPACES: &[&str] =
    &["spaces create", "spaces list", "spaces get", "spaces update", "spaces search", "spaces find-dm"];

/// What stands below the examples of every command.
const MORE: &str = "chatauth --help has the exit codes and the variables.";

/// The command line with examples for every command that has none of its own.
pub(super) fn with_examples(mut command: Command) -> Command {
    add(&mut command, "");
    command
}

fn add(command: &mut Command, path: &str) {
    for subcommand in command.get_subcommands_mut() {
        let path = if path.is_empty() {
            subcommand.get_name().to_owned()
        } else {
            format!("{path} {}", subcommand.get_name())
        };
        if let Some((_, examples)) = EXAMPLES.iter().find(|(of, _)| *of == path)
            && subcommand.get_after_help().is_none()
        {
            let mut text = format!("Examples:\n  {}\n\n", examples.replace('\n', "\n  "));
            if SHOW_SPACES.contains(&path.as_str()) {
                text += &format!(
                    "Columns of --format csv, named as in the API:\n  {}\n  Values stay as they are, also those that a spreadsheet would take for a formula (= + - @).\n\n",
                    spaces::COLUMNS.chunks(5).map(|columns| columns.join(", ")).collect::<Vec<_>>().join(",\n  ")
                );
            }
            text += MORE;
            *subcommand = std::mem::take(subcommand).after_help(text);
        }
        add(subcommand, &path);
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::cli::args::Cli;
    use crate::cli::later::all_at_once;

    /// The words of a line as a shell would split it, up to the first `|` or `>`.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote, mut started) = (Vec::new(), String::new(), None, false);
        for character in line.chars() {
            match (quote, character) {
                (Some(open), _) if open == character => quote = None,
                (None, '\'' | '"') => (quote, started) = (Some(character), true),
                (None, ' ') => {
                    if started {
                        words.push(std::mem::take(&mut word));
                    }
                    started = false;
                }
                (None, '|' | '>') => return words,
                _ => {
                    word.push(character);
                    started = true;
                }
            }
        }
        if started {
            words.push(word);
        }
        words
    }

    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, bool)>) {
        for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
            let path = format!("{path} {}", subcommand.get_name()).trim().to_owned();
            if subcommand.has_subcommands() {
                leaves(subcommand, &path, found);
            } else {
                found.push((path, subcommand.get_after_help().is_some()));
            }
        }
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        let mut found = Vec::new();
        leaves(&with_examples(all_at_once()), "", &mut found);
        for (path, has_examples) in &found {
            assert!(has_examples, "{path} has no examples");
        }
        for (path, examples) in EXAMPLES.iter().filter(|(path, _)| found.iter().any(|(known, _)| known == path)) {
            for line in examples.lines().filter(|line| line.starts_with("chatauth")) {
                let result = Cli::try_parse_from(words(line));
                assert!(result.is_ok(), "{path}: {line}: {}", result.unwrap_err());
            }
        }
    }

    #[test]
    fn the_definition_is_sound() {
        all_at_once().debug_assert();
        Cli::command().debug_assert();
    }
}
