//! The command line as clap sees it.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use crate::output::Format;

/// Create Google Chat spaces as yourself, from a terminal, a script or CI.
#[derive(Debug, Parser)]
#[command(name = "chatauth", version, propagate_version = true, arg_required_else_help = true, after_help = AFTER_HELP)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  chatauth spaces create --name API-made
  name=$(chatauth spaces create --name API-made --format name)
  chatauth emulator -- chatauth spaces create --name API-made

Exit codes:
    0  done
    1  unexpected failure
    2  usage, also an option whose value breaks a documented rule
    3  configuration: client file, store, endpoint, contents of a file
    4  authentication: log in, or log in with another scope or account
    5  the API refused
    6  temporary: network, rate limit, server error, or an outcome that is not known
    7  some rows of a bulk run failed
  129  hung up
  130  interrupted
  141  the reader of the output is gone
  143  terminated

Variables:
  CHATAUTH_CLIENT_SECRETS, CHATAUTH_CONFIG_DIR, CHATAUTH_ACCOUNT, CHATAUTH_SERVICE_ACCOUNT,
  CHATAUTH_IMPERSONATE, CHATAUTH_API_ENDPOINT, CHATAUTH_FORMAT, CHATAUTH_NO_INPUT, CHATAUTH_TIMEOUT
                          what the options of these names say
  CHATAUTH_ACCESS_TOKEN   a ready access token, used as it is and never stored
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR, BROWSER, NO_COLOR   as elsewhere";

/// Options that stand before or after the subcommand.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// OAuth client file; default ./client_secrets.json, then client_secrets.json in the configuration directory
    /// [env: CHATAUTH_CLIENT_SECRETS]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) client_secrets: Option<PathBuf>,
    /// Where logins are kept [env: CHATAUTH_CONFIG_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) config_dir: Option<PathBuf>,
    /// Which stored login to use; after a login, who must have logged in [env: CHATAUTH_ACCOUNT]
    #[arg(long, global = true, value_name = "EMAIL")]
    pub(super) account: Option<String>,
    /// Key file of a service account with domain-wide delegation, instead of a stored login
    /// [env: CHATAUTH_SERVICE_ACCOUNT]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) service_account: Option<PathBuf>,
    /// The user in whose name the service account acts [env: CHATAUTH_IMPERSONATE]
    #[arg(long, global = true, value_name = "USER")]
    pub(super) impersonate: Option<String>,
    /// Root of the Chat API [env: CHATAUTH_API_ENDPOINT] [default: https://chat.googleapis.com]
    #[arg(long, global = true, value_name = "URL")]
    pub(super) api_endpoint: Option<String>,
    /// How results are written; default human on a terminal, else json [env: CHATAUTH_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Filter the JSON with an expression of jq, as in .name; text is printed raw
    #[arg(long, global = true, value_name = "EXPR")]
    pub(super) jq: Option<String>,
    /// Never prompt, open a browser or listen: a command that would need a login ends with exit code 4
    /// [env: CHATAUTH_NO_INPUT]
    #[arg(long, global = true)]
    pub(super) no_input: bool,
    /// Limit of one HTTP request [env: CHATAUTH_TIMEOUT] [default: 30]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) timeout: Option<u64>,
    /// Say nothing that is not asked for, needed or wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more; twice for every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Colours: auto, always or never (NO_COLOR counts for auto)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorWhen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWhen {
    Auto,
    Always,
    Never,
}

crate::commands::subcommands! {
    /// Every command
    pub(super) Command {
        #[command(subcommand)]
        Auth(crate::commands::auth::Auth),
        #[command(subcommand)]
        Spaces(crate::commands::spaces::Spaces),
        #[command(subcommand)]
        Members(crate::commands::members::Members),
        Api(crate::commands::api::Api),
        Doctor(crate::commands::doctor::Doctor),
        Setup(crate::commands::setup::Setup),
        Completion(crate::commands::completion::Completion),
        Man(crate::commands::man::Man),
        Version(crate::commands::version::Version),
        Emulator(crate::commands::emulator::Emulator) if "emulator",
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory, Parser};

    use super::*;

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

    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
            let path = format!("{path} {}", subcommand.get_name()).trim().to_owned();
            if subcommand.has_subcommands() {
                leaves(subcommand, &path, found);
            } else {
                found.push((path, subcommand.get_after_help().map(ToString::to_string).unwrap_or_default()));
            }
        }
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed() {
        let mut found = Vec::new();
        leaves(&Cli::command(), "", &mut found);
        for (path, help) in &found {
            assert!(help.contains("Examples:\n  "), "{path} has no examples");
            for line in help.lines().map(str::trim).filter(|line| line.starts_with("chatauth ")) {
                if line.starts_with("chatauth --help has") {
                    continue;
                }
                let result = Cli::try_parse_from(words(line));
                assert!(result.is_ok(), "{path}: {line}: {}", result.unwrap_err());
            }
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
