//! The command line as clap sees it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, ColorChoice, CommandFactory, FromArgMatches, Parser, ValueHint};

use crate::commands::account;
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
    2  usage error, or a value that breaks a documented rule
    3  configuration: client file, saved login, endpoint, contents of a file
    4  authentication: log in, or log in with another scope or account
    5  the API refused the request
    6  temporary: network, rate limit, server error, or an unknown outcome
    7  some rows of a bulk run failed
  129  hung up
  130  interrupted
  141  the output pipe was closed
  143  terminated

Variables:
  CHATAUTH_CLIENT_SECRETS, CHATAUTH_CONFIG_DIR, CHATAUTH_ACCOUNT,
  CHATAUTH_SERVICE_ACCOUNT, CHATAUTH_IMPERSONATE, CHATAUTH_API_ENDPOINT,
  CHATAUTH_FORMAT, CHATAUTH_NO_INPUT, CHATAUTH_TIMEOUT
      set the options of the same names
  CHATAUTH_ACCESS_TOKEN
      access token to use instead of a saved login; never stored
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR,
  BROWSER, NO_COLOR
      work as in other programs";

/// Options that are accepted before and after the subcommand.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// OAuth client file [env: CHATAUTH_CLIENT_SECRETS] [default: ./client_secrets.json, then the one in --config-dir]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) client_secrets: Option<PathBuf>,
    /// Directory of your logins [env: CHATAUTH_CONFIG_DIR] [default: chatauth in the user's configuration directory]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) config_dir: Option<PathBuf>,
    /// Saved login to use; a new login must be of this account [env: CHATAUTH_ACCOUNT] [default: the current one]
    #[arg(long, global = true, value_name = "EMAIL", value_parser = account)]
    pub(super) account: Option<String>,
    /// Key file for domain-wide delegation, instead of a saved login [env: CHATAUTH_SERVICE_ACCOUNT]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) service_account: Option<PathBuf>,
    /// User that the service account acts as [env: CHATAUTH_IMPERSONATE]
    #[arg(long, global = true, value_name = "USER", value_parser = account)]
    pub(super) impersonate: Option<String>,
    /// Root of the Chat API [env: CHATAUTH_API_ENDPOINT] [default: https://chat.googleapis.com]
    #[arg(long, global = true, value_name = "URL")]
    pub(super) api_endpoint: Option<String>,
    /// Output format [env: CHATAUTH_FORMAT] [default: human in a terminal, else json]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(super) format: Option<Format>,
    /// Filter the JSON output with a jq expression, as in .name; strings are printed raw
    #[arg(long, global = true, value_name = "EXPR")]
    pub(super) jq: Option<String>,
    /// Never prompt or open a browser; exit with 4 if a login is needed [env: CHATAUTH_NO_INPUT]
    #[arg(long, global = true)]
    pub(super) no_input: bool,
    /// Time limit of one HTTP request [env: CHATAUTH_TIMEOUT] [default: 30]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) timeout: Option<u64>,
    /// Print only results, warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Show every request and its outcome (-vv for more detail)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Use color: auto, always or never (auto respects NO_COLOR) [default: auto]
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    pub(super) color: ColorChoice,
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
        Api(crate::commands::api::Api) => async,
        Doctor(crate::commands::doctor::Doctor) => async,
        Setup(crate::commands::setup::Setup) => async,
        Completion(crate::commands::completion::Completion),
        Man(crate::commands::man::Man),
        Version(crate::commands::version::Version),
        Emulator(crate::commands::emulator::Emulator) if "emulator",
    }
}

impl Command {
    /// Whether the command acts as somebody. The others work whatever the variables for that say.
    pub(super) const fn acts(&self) -> bool {
        #[cfg(feature = "emulator")]
        if let Self::Emulator(_) = self {
            return false;
        }
        !matches!(self, Self::Completion(_) | Self::Man(_) | Self::Version(_))
    }
}

impl Cli {
    /// Parses the arguments of the process.
    ///
    /// # Errors
    /// Arguments that make no command, and requests for help or the version.
    pub(super) fn parse_arguments(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(arguments)?;
        reject_conflicts(&mut command, &matches)?;
        Self::from_arg_matches(&matches)
    }
}

/// Rejects a second `-`, for which standard input has nothing left, and an option for many rows, which is one under the
/// heading of `--from`, without `--from`. The `requires` of clap does not: it is skipped if `--from` conflicts with another
/// argument that is given.
fn reject_conflicts(command: &mut clap::Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    if let Some((name, below)) = matches.subcommand()
        && let Some(subcommand) = command.find_subcommand_mut(name)
    {
        return reject_conflicts(subcommand, below);
    }
    let paths = matches.ids().filter_map(|id| matches.try_get_many::<PathBuf>(id.as_str()).ok()?);
    let fields = matches.try_get_many::<String>("field").ok().flatten().into_iter().flatten();
    let contents = fields.filter(|field| field.split_once('=').is_some_and(|(_, value)| value == "@-"));
    if paths.flatten().filter(|path| *path == "-").count() + contents.count() > 1 {
        return Err(command.error(ErrorKind::ArgumentConflict, "standard input can be read only once"));
    }
    let is_given =
        |argument: &&clap::Arg| matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine);
    let Some(from) = command.get_arguments().find(|argument| argument.get_id() == "from") else { return Ok(()) };
    let heading = from.get_help_heading();
    let option = command
        .get_arguments()
        .filter(|argument| argument.get_help_heading() == heading && !is_given(&from))
        .find(is_given)
        .and_then(clap::Arg::get_long);
    match option.map(|option| format!("--{option} requires --from FILE")) {
        Some(message) => Err(command.error(ErrorKind::MissingRequiredArgument, message)),
        None => Ok(()),
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
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{path}: too long for a terminal of 80 columns: {line}");
            }
            // A line that ends with a backslash goes on in the next one.
            let joined = help.replace("\\\n", "");
            for line in joined.lines().map(str::trim).filter(|line| line.starts_with("chatauth ")) {
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
