//! The command line as clap sees it.
#![expect(clippy::doc_markdown, reason = "these doc comments are the help texts, in which backticks would show")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::later::Later;
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

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Log in and out, and see who is logged in
    #[command(subcommand)]
    Auth(Auth),
    /// Create spaces, find them, change them and delete them
    #[command(subcommand)]
    Spaces(Later<super::spaces_args::Spaces>),
    /// Add people to spaces, look who is there, change roles and remove people
    #[command(subcommand)]
    Members(Later<super::members_args::Members>),
    /// Check everything that can be checked without creating a space
    Doctor,
    /// Walk from nothing to the first space
    Setup,
    /// Call any method of the Chat API with the stored login
    Api(Box<Later<super::api_args::ApiArgs>>),
    /// Print the script by which a shell completes commands, options, formats and accounts
    Completion(super::shell::Completion),
    /// Print the manual, of the program or of one command
    Man(super::shell::Man),
    /// A local stand-in for Google's OAuth and Chat endpoints, to try chatauth and to test scripts
    #[cfg(feature = "emulator")]
    Emulator(Later<super::emulator_args::EmulatorArgs>),
}

#[derive(Debug, Subcommand)]
pub(super) enum Auth {
    /// Log in through the browser, also over a login that works
    Login(Login),
    /// Show the logins and where each setting came from, offline; exit code 0 when ready, else 4 (3 for a
    /// damaged login)
    Status {
        /// Also refresh the login once and ask the server about it
        #[arg(long)]
        check: bool,
    },
    /// Print an access token, refreshed when needed
    Token {
        /// A scope that the token must have: a short name (chat.spaces) or a full URL
        #[arg(long, value_name = "SCOPE")]
        scope: Vec<String>,
    },
    /// Revoke a login and forget it
    Logout {
        /// Every account
        #[arg(long)]
        all: bool,
        /// Only forget it on this machine
        #[arg(long)]
        local: bool,
    },
    /// Bring in the login of another tool: an authorized_user file, or a token.json of Python or Node.js
    Import {
        /// The file, or - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the login as authorized_user JSON, for a CI system's secret store
    Export,
    /// Choose the account that commands use
    Switch {
        /// The account
        #[arg(id = "account_name", value_name = "EMAIL")]
        account: String,
    },
}

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "the fields are named as the options")]
pub(super) struct Login {
    /// A scope to ask for instead of the default ones: a short name (chat.spaces) or a full URL
    #[arg(long, value_name = "SCOPE")]
    pub(super) scope: Vec<String>,
    /// Only print the URL
    #[arg(long)]
    pub(super) no_browser: bool,
    /// Port of the redirect URI, as for ssh -L
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: Option<u16>,
    /// Whom the account chooser suggests
    #[arg(long, value_name = "EMAIL")]
    pub(super) login_hint: Option<String>,
    /// How long to wait for the browser
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) wait: u64,
}
