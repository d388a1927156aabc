//! `chatauth emulator`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use clap::{Arg, value_parser};
use url::Url;

use crate::commands::{Context, ErrorCode, Failure, runtime};
use crate::emulator::browser::visit;
use crate::emulator::{
    self, Audience, CommandEnvironment, Consent, Emulator as Server, Fault, GrantedScopes, InvalidOption, Names,
    Options, Quota, User,
};
use crate::platform::command_line;
use crate::platform::sanitise::quoted;
use crate::platform::signals::{Interruption, Interruptions};

/// The name under which this program acts as a browser that gives consent.
const BROWSER_NAME: &str = "chatauth-browser";

/// The argument after the URL that makes the browser wait for the page.
const IN_BACKGROUND: &str = "--in-background";

const CONSENTS: [(&str, Consent); 3] = [("ask", Consent::Ask), ("approve", Consent::Approve), ("deny", Consent::Deny)];
const AUDIENCES: [(&str, Audience); 3] =
    [("internal", Audience::Internal), ("testing", Audience::Testing), ("production", Audience::Production)];
const NAMES: [(&str, Names); 2] = [("known", Names::Known), ("none", Names::None)];

const AFTER_HELP: &str = "\
Quotas:
  Limits that are not named are Google's; NAME=off removes one.
  NAME      spaceWrites spaceReads membershipWrites membershipReads newSpaces
            newSpacesHourly readsPerSpace writesPerSpace
  429s      retry-after=none|header|info|both, answer=full|bare

Faults:
  ENDPOINT  authorize token revoke tokeninfo userinfo create setup list get
            update delete search find-dm find-group-chats complete-import
            members add-member update-member remove-member, chat (all of the
            API), or all
  ACTION    status=503 reason=RATE_LIMIT_EXCEEDED retry-after=VALUE delay=2s
            drop-before drop-after garbage empty html truncate huge
            redirect=URL commit body=TEXT (last: TEXT may have commas)

Examples:
  chatauth emulator -- chatauth spaces create --name API-made
  chatauth emulator --fault create:drop-after,times=1 -- ./script.sh
  chatauth emulator --quota=spaceWrites=20/1s,retry-after=header -- ./script.sh
  chatauth emulator --audience testing \\
    --test-user ann@example.com --user ann@example.com
  chatauth emulator --port 8085 --consent ask";

/// Run a local stand-in for Google's OAuth and Chat endpoints
///
/// With a command, the emulator sets the command's environment, gives consent at once, and exits with the command's
/// exit code. Without one, it prints the environment to set and serves until Ctrl-C. The client file's
/// directory also has service_account.json, a service account key that may act as the organization's users. Open the
/// emulator's address in a browser to see spaces and requests.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP, mut_args(only_common_in_short_help))]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Emulator {
    /// Port on 127.0.0.1 [default: any free one]
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true)]
    port: u16,
    /// Consent: ask, approve or deny [default: approve]
    ///
    /// Without a command, the default is ask.
    #[arg(long, value_name = "WHAT", value_parser = choice(&CONSENTS), hide_possible_values = true)]
    consent: Option<Consent>,
    /// Account; the first consents by default (repeatable)
    #[arg(long, value_name = "EMAIL")]
    user: Vec<User>,
    /// Lifetime of access tokens
    #[arg(long, value_name = "SECONDS", default_value = "3599", value_parser = seconds())]
    token_lifetime: u64,
    /// Lifetime of refresh tokens, as for an app in testing (Google's: 604799)
    #[arg(long, value_name = "SECONDS", value_parser = seconds())]
    refresh_token_lifetime: Option<u64>,
    /// Return a new refresh token with every refresh; reusing an old one ends the login
    #[arg(long)]
    rotate_refresh_tokens: bool,
    /// Valid refresh tokens of one account at a time [default: 100]
    #[arg(long, value_name = "N", default_value = "100", hide_default_value = true)]
    refresh_token_limit: usize,
    /// Require a new sign-in after this time (refreshes fail with invalid_rapt)
    #[arg(long, value_name = "SECONDS", value_parser = seconds())]
    session_length: Option<u64>,
    /// Audience: internal, testing, production (default)
    #[arg(
        long,
        value_name = "AUDIENCE",
        value_parser = choice(&AUDIENCES),
        default_value = "production",
        hide_default_value = true,
        hide_possible_values = true
    )]
    audience: Audience,
    /// Account that may log in to an app in testing [default: all] (repeatable)
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    test_user: Vec<String>,
    /// Let the organization's administrator block the app
    #[arg(long)]
    admin_policy_enforced: bool,
    /// Grant this scope only, as if the user cleared the others (repeatable)
    #[arg(long, value_name = "SCOPE")]
    grant: Vec<String>,
    /// Delegate this scope only to the service account (repeatable)
    #[arg(long, value_name = "SCOPE", conflicts_with = "no_delegation")]
    delegate: Vec<String>,
    /// Delegate nothing to the service account
    #[arg(long)]
    no_delegation: bool,
    /// Disable the Chat API in the project
    #[arg(long)]
    api_disabled: bool,
    /// Do not configure a Chat app in the project
    #[arg(long)]
    no_chat_app: bool,
    /// Answer a repeated request id with name, type and display name only
    #[arg(long)]
    echo_on_repeat: bool,
    /// Refuse a display name in use with ALREADY_EXISTS
    #[arg(long)]
    unique_names: bool,
    /// Person who cannot be added: skipped in new spaces, refused later (repeatable)
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    unaddable: Vec<String>,
    /// Person who is invited instead of added (repeatable)
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    auto_accept_off: Vec<String>,
    /// Email address without an account (repeatable)
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    unresolvable: Vec<String>,
    /// Account that may use admin access (repeatable)
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    admin: Vec<String>,
    /// Names and email addresses of members: known or none [default: known]
    #[arg(long, value_name = "WHOSE", value_parser = choice(&NAMES), default_value = "known", hide_default_value = true, hide_possible_values = true)]
    names: Names,
    /// Return the existing membership when a member is added again
    #[arg(long)]
    return_existing_member: bool,
    /// Enforce Google's quotas, or others
    ///
    /// NAME=NUMBER/SECONDSs[,…], see Quotas below.
    #[arg(long, value_name = "LIMITS", num_args = 0..=1, require_equals = true, default_missing_value = "google")]
    quota: Option<Quota>,
    /// Fault, as in create:status=503,times=1 (repeatable)
    ///
    /// ENDPOINT:ACTION[,ACTION…][,times=N][,after=N], see Faults below.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,
    /// Command to run in the emulator, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Parses a duration of up to a century, after which times are still before the year 10000.
fn seconds() -> RangedU64ValueParser {
    value_parser!(u64).range(..=3_155_760_000)
}

fn address(text: &str) -> Result<String, InvalidOption> {
    text.parse().map(|user: User| user.email)
}

/// The options that `-h` lists, and the command.
const COMMON: [&str; 7] = ["port", "user", "consent", "audience", "quota", "fault", "command"];

fn only_common_in_short_help(argument: Arg) -> Arg {
    let rare = !COMMON.contains(&argument.get_id().as_str());
    argument.hide_short_help(rare)
}

impl Emulator {
    /// Runs a command in the emulator, or serves until Ctrl-C.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        let executable = std::env::current_exe()
            .map_err(|error| Failure::new(ErrorCode::Internal, format!("cannot find this program: {error}")))?;
        let inside = !self.command.is_empty();
        if !inside && context.settings.invocation.words.last().is_some_and(|word| word == "--") {
            return Err(Failure::usage("a command is missing after --").into());
        }
        let mut options = Options {
            port: self.port,
            consent: self.consent.unwrap_or(if inside { Consent::Approve } else { Consent::Ask }),
            access_token_lifetime: Duration::from_secs(self.token_lifetime),
            refresh_token_lifetime: self.refresh_token_lifetime.map(Duration::from_secs),
            refresh_token_limit: self.refresh_token_limit,
            rotate_refresh_tokens: self.rotate_refresh_tokens,
            session_length: self.session_length.map(Duration::from_secs),
            audience: self.audience,
            test_users: (!self.test_user.is_empty()).then_some(self.test_user),
            admin_policy_enforced: self.admin_policy_enforced,
            api_enabled: !self.api_disabled,
            chat_app_configured: !self.no_chat_app,
            echo_on_repeat: self.echo_on_repeat,
            unique_names: self.unique_names,
            unaddable: self.unaddable,
            auto_accept_off: self.auto_accept_off,
            unresolvable: self.unresolvable,
            admins: self.admin,
            names: self.names,
            return_existing_member: self.return_existing_member,
            quota: self.quota,
            faults: self.fault,
            ..Options::default()
        };
        if !self.user.is_empty() {
            options.users = self.user;
        }
        if !self.grant.is_empty() {
            options.granted_scopes = GrantedScopes::Only(self.grant);
        }
        if self.no_delegation || !self.delegate.is_empty() {
            options.delegated_scopes = GrantedScopes::Only(self.delegate);
        }
        // Signals do not end this: the command decides when it ends.
        Ok(runtime()?.block_on(serve_or_run(options, self.command, executable, context))?)
    }
}

/// Starts the emulator, then runs the command in it, or serves.
async fn serve_or_run(
    options: Options,
    command: Vec<OsString>,
    executable: PathBuf,
    context: &Context,
) -> Result<(), Failure> {
    let port = options.port;
    let failed = |error| {
        Failure::new(ErrorCode::EnvironmentInvalid, format!("cannot create the emulator's directory: {error}"))
            .hint("set TMPDIR to another directory that you can write to")
    };
    let emulator = Server::start(options, context.clock).await.map_err(|error| {
        Failure::new(ErrorCode::PortUnavailable, format!("cannot listen on port {port}: {error}"))
            .hint("pass another --port, or leave it out for any free one")
    })?;
    let environment = CommandEnvironment::create(&emulator, &executable).map_err(failed)?;
    let mut words = command.into_iter();
    let result = match words.next() {
        None => serve(&emulator, &environment, context).await,
        Some(program) => {
            let path = environment.search_path(context.settings.path.clone()).map_err(failed)?;
            run(&emulator, &environment, emulator::Command { program, args: words.collect(), path }, context).await
        }
    };
    if let Err(error) = environment.remove() {
        context.messages.warning(&format!("cannot remove the emulator's directory: {error}"));
    }
    result
}

/// Runs the command. Its exit code is that of this program.
async fn run(
    emulator: &Server,
    environment: &CommandEnvironment,
    command: emulator::Command,
    context: &Context,
) -> Result<(), Failure> {
    let shown = command.program.to_string_lossy().into_owned();
    let outcome = emulator::run_command(environment, command).await;
    // The last line of stderr is the command's error if errors are JSON.
    if !(context.settings.explicit_format && context.printer.format().is_json()) {
        for login in emulator.refused_logins() {
            context.messages.hint(&login);
        }
    }
    match outcome {
        Ok(0) => Ok(()),
        Ok(code) => Err(Failure::new(ErrorCode::Child(u8::try_from(code).unwrap_or(1)), "")),
        Err(error) => {
            // As in shells: 127 for a command that is not found, 126 for one that cannot be run.
            let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
            Err(Failure::new(ErrorCode::Child(code), format!("cannot run {}: {error}", quoted(&shown))))
        }
    }
}

/// Prints the environment to set, then serves until a signal.
async fn serve(emulator: &Server, environment: &CommandEnvironment, context: &Context) -> Result<(), Failure> {
    // The shell that reads these lines need not have the environment of this process.
    let mut exports = format!("unset {}\n", emulator::REMOVED.join(" "));
    for (name, value) in environment.variables() {
        exports += &format!("export {name}={}\n", command_line([value.to_string_lossy()]));
    }
    // Watched before the output shows that the emulator is ready, so that no signal comes too early.
    let mut signals = Interruptions::watch()
        .map_err(|error| Failure::new(ErrorCode::Internal, format!("cannot watch for signals: {error}")))?;
    context.printer.text(&exports).map_err(|error| context.report(error))?;
    context.messages.note(&format!("Serving at {} (Ctrl-C to stop)", emulator.origin()));
    match signals.next().await {
        Interruption::Interrupt => Ok(()),
        signal => Err(Failure::new(ErrorCode::Interrupted(signal), signal.to_string())),
    }
}

/// Opens the URL on the command line if this program was started as the emulator's browser.
///
/// It returns before the page is read: programs that wait for the browser to end, as Python's webbrowser does, listen for
/// the redirect only afterwards.
pub fn browse(arguments: &[OsString]) -> Option<ExitCode> {
    let program = arguments.first()?;
    if Path::new(program).file_stem()? != BROWSER_NAME {
        return None;
    }
    let url = arguments.get(1).and_then(|url| url.to_str()).unwrap_or_default();
    let done = if arguments.get(2).is_some_and(|argument| argument == IN_BACKGROUND) {
        runtime().is_ok_and(|runtime| runtime.block_on(log_in(url)).is_ok())
    } else {
        open_in_background(program, url).is_ok()
    };
    Some(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Opens a login page. If it fails, the browser goes on with an error: the login waits for a browser that comes back.
async fn log_in(page: &str) -> io::Result<()> {
    let Err(error) = visit(page).await else { return Ok(()) };
    let url = Url::parse(page).map_err(io::Error::other)?;
    let value = |name| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default();
    let answer = [("error", "server_error"), ("error_description", &error.to_string()), ("state", &value("state"))];
    visit(Url::parse_with_params(&value("redirect_uri"), answer).map_err(io::Error::other)?.as_str()).await
}

/// Opens the URL in another process that does not hold the output open.
fn open_in_background(program: &OsStr, url: &str) -> io::Result<()> {
    let mut command = Command::new(program);
    command.args([url, IN_BACKGROUND]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}

/// Parses one of these names, which shells complete.
fn choice<T: Copy + Send + Sync>(choices: &'static [(&'static str, T)]) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(choices.iter().map(|(name, _)| *name)).try_map(move |given| {
        let found = choices.iter().find(|(name, _)| *name == given);
        found.map(|(_, value)| *value).ok_or("not one of the possible values")
    })
}
