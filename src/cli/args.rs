//! The command line as clap sees it.
#![expect(clippy::doc_markdown, reason = "these doc comments are the help texts, in which backticks would show")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
  130  interrupted
  141  the reader of the output is gone
  143  terminated

Variables:
  CHATAUTH_CLIENT_SECRETS, CHATAUTH_CONFIG_DIR, CHATAUTH_ACCOUNT, CHATAUTH_API_ENDPOINT, CHATAUTH_FORMAT,
  CHATAUTH_NO_INPUT, CHATAUTH_TIMEOUT   what the options of these names say
  CHATAUTH_ACCESS_TOKEN                 a ready access token, used as it is and never stored
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
    /// Root of the Chat API [env: CHATAUTH_API_ENDPOINT] [default: https://chat.googleapis.com]
    #[arg(long, global = true, value_name = "URL")]
    pub(super) api_endpoint: Option<String>,
    /// How results are written; default human on a terminal, else json [env: CHATAUTH_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(super) format: Option<FormatName>,
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
pub(super) enum FormatName {
    Human,
    Json,
    Jsonl,
    Csv,
    Name,
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
    /// Create and list spaces
    #[command(subcommand)]
    Spaces(Spaces),
    /// Call any method of the Chat API with the stored login
    Api(Box<super::api_args::ApiArgs>),
    /// Print the script by which a shell completes commands, options, formats and accounts
    Completion(super::shell::Completion),
    /// Print the manual, of the program or of one command
    Man(super::shell::Man),
    /// A local stand-in for Google's OAuth and Chat endpoints, to try chatauth and to test scripts
    #[cfg(feature = "emulator")]
    Emulator(super::emulator_args::EmulatorArgs),
}

#[derive(Debug, Subcommand)]
pub(super) enum Auth {
    /// Log in through the browser, also over a login that works
    Login(Login),
    /// Show the logins and where each setting came from, offline; exit code 0 when ready, else 4
    Status,
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

#[derive(Debug, Subcommand)]
pub(super) enum Spaces {
    /// Create a space, logging in first when that is needed
    Create(Box<Create>),
    /// List the spaces that you are a member of
    List(List),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Name of the space, 1 to 128 characters
    #[arg(long, value_name = "NAME")]
    pub(super) name: String,
    /// What the space is for, at most 4,096 characters
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,
    /// Its rules, at most 5,000 characters
    #[arg(long, value_name = "TEXT")]
    pub(super) guidelines: Option<String>,
    /// People outside the organization may join (cannot be changed later)
    #[arg(long, conflicts_with = "internal")]
    pub(super) external: bool,
    /// Only people of the organization may join
    #[arg(long)]
    pub(super) internal: bool,
    /// Whether messages are kept
    #[arg(long, value_name = "on|off")]
    pub(super) history: Option<OnOff>,
    /// Who may post: everybody, or managers only
    #[arg(long, value_name = "PRESET")]
    pub(super) permissions: Option<Permissions>,
    /// Who may find the space: default, or the id of a target audience
    #[arg(long, value_name = "AUDIENCE")]
    pub(super) audience: Option<String>,
    /// A person to add, by e-mail address or id
    #[arg(long, value_name = "USER")]
    pub(super) member: Vec<String>,
    /// A group to add, by Cloud Identity id
    #[arg(long, value_name = "GROUP")]
    pub(super) group: Vec<String>,
    /// Repeat an earlier attempt: the same id makes the same space
    #[arg(long, value_name = "UUID", conflicts_with = "idempotency_key")]
    pub(super) request_id: Option<String>,
    /// Any text that stands for this operation: the same text makes the same space
    #[arg(long, value_name = "TEXT")]
    pub(super) idempotency_key: Option<String>,
    /// Show the request instead of sending it
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnOff {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Permissions {
    Collaboration,
    Announcement,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only this kind of space
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) types: Vec<SpaceTypeName>,
    /// A filter in the API's own language, as in 'spaceType = "SPACE"'
    #[arg(long, value_name = "FILTER")]
    pub(super) filter: Option<String>,
    /// Stop after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) limit: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SpaceTypeName {
    Space,
    GroupChat,
    DirectMessage,
}

impl SpaceTypeName {
    pub(super) const fn as_wire(self) -> &'static str {
        match self {
            Self::Space => "SPACE",
            Self::GroupChat => "GROUP_CHAT",
            Self::DirectMessage => "DIRECT_MESSAGE",
        }
    }
}
