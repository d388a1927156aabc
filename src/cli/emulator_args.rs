//! `chatauth emulator` as clap sees it.
#![expect(clippy::doc_markdown, reason = "these doc comments are the help texts, in which backticks would show")]

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::Args;

use crate::commands::emulator::{Audience, ChatApp, Consent, Fault, GrantedScopes, Quota, User, visit};
use crate::commands::{Context, ErrorCode, Failure, emulator};

use super::settings::Environment;

/// The name under which this program is the browser of a person who consents.
const BROWSER_NAME: &str = "chatauth-browser";

/// What follows the address when the browser may take its time.
const IN_BACKGROUND: &str = "--in-background";

/// Boxed: they are many more than any other command's.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct EmulatorArgs {
    #[command(flatten)]
    given: Box<Given>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
struct Given {
    /// Port on 127.0.0.1; any free one when left out
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true)]
    port: u16,
    /// What the person in the browser does: ask, approve or deny [default: approve with a command, else ask]
    #[arg(long, value_name = "WHAT")]
    consent: Option<Consent>,
    /// An account; the first one consents unless another is named
    #[arg(long, value_name = "EMAIL")]
    user: Vec<User>,
    /// Life of an access token
    #[arg(long, value_name = "SECONDS", default_value = "3599")]
    token_lifetime: u64,
    /// Life of a refresh token, as for an app in testing (604799 is Google's)
    #[arg(long, value_name = "SECONDS")]
    refresh_token_lifetime: Option<u64>,
    /// Every refresh brings a new refresh token, and using an old one again ends the login
    #[arg(long)]
    rotate_refresh_tokens: bool,
    /// How many refresh tokens of one account live at the same time
    #[arg(long, value_name = "N", default_value = "100", hide_default_value = true)]
    refresh_token_limit: usize,
    /// People have to sign in again after so long: refreshes are then refused with invalid_rapt
    #[arg(long, value_name = "SECONDS")]
    session_length: Option<u64>,
    /// Who may use the app: internal, testing (logins end after seven days) or production
    #[arg(long, value_name = "AUDIENCE", default_value = "production", hide_default_value = true)]
    audience: Audience,
    /// Somebody who may use an app in testing; every account when none is named
    #[arg(long, value_name = "EMAIL")]
    test_user: Vec<String>,
    /// The organization's administrator keeps its accounts from using the app
    #[arg(long)]
    admin_policy_enforced: bool,
    /// Grant only this scope, as if the other boxes were left unticked
    #[arg(long, value_name = "SCOPE")]
    grant: Vec<String>,
    /// Delegate only this scope to the service account
    #[arg(long, value_name = "SCOPE", conflicts_with = "no_delegation")]
    delegate: Vec<String>,
    /// Delegate nothing to the service account
    #[arg(long)]
    no_delegation: bool,
    /// The Chat API is not enabled in the project
    #[arg(long)]
    api_disabled: bool,
    /// No Chat app is configured in the project
    #[arg(long)]
    no_chat_app: bool,
    /// A repeated request id is answered with name, type and display name only
    #[arg(long)]
    echo_on_repeat: bool,
    /// A display name that is taken is refused with ALREADY_EXISTS
    #[arg(long)]
    unique_names: bool,
    /// Somebody who cannot be added: silently left out of new spaces, refused later
    #[arg(long, value_name = "EMAIL")]
    unaddable: Vec<String>,
    /// Somebody who has to accept invitations
    #[arg(long, value_name = "EMAIL")]
    auto_accept_off: Vec<String>,
    /// An address that belongs to nobody
    #[arg(long, value_name = "EMAIL")]
    unresolvable: Vec<String>,
    /// Somebody who may use admin access
    #[arg(long, value_name = "EMAIL")]
    admin: Vec<String>,
    /// Adding a member again answers with the membership there is, not with ALREADY_EXISTS
    #[arg(long)]
    return_existing_member: bool,
    /// Google's quotas, or others: NAME=NUMBER/SECONDSs[,…]
    #[arg(long, value_name = "LIMITS", num_args = 0..=1, require_equals = true, default_missing_value = "google")]
    quota: Option<Quota>,
    /// Something that goes wrong: ENDPOINT:ACTION[,ACTION…][,times=N][,after=N]
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,
    /// The command to run inside, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
With a command, the command finds the emulator through its environment, consent is given at once,
and the exit code is the command's. Without one, the emulator prints the environment to set and
serves until Ctrl-C. Beside the client file stands service_account.json, the key file of a service
account that may act for the accounts of the organization.

Quotas (what is not named is Google's; NAME=off is no limit):
  NAME      spaceWrites spaceReads membershipWrites membershipReads newSpaces newSpacesHourly
            readsPerSpace writesPerSpace
  besides   retry-after=none|header|info|both, answer=full|bare: what is told with a 429

Faults:
  ENDPOINT  authorize token revoke tokeninfo userinfo create setup list get update delete search
            find-dm find-group-chats complete-import members add-member update-member
            remove-member, chat (all of the API), or all
  ACTION    status=503 reason=RATE_LIMIT_EXCEEDED retry-after=VALUE delay=2s drop-before
            drop-after garbage empty html truncate huge redirect=URL commit body=TEXT

Examples:
  chatauth emulator -- chatauth spaces create --name API-made
  chatauth emulator --fault create:drop-after,times=1 -- ./my-script.sh
  chatauth emulator --quota=spaceWrites=20/1s,retry-after=header -- ./my-script.sh
  chatauth emulator --audience testing --test-user ann@example.com --user ann@example.com
  chatauth emulator --port 8085 --consent ask";

/// Runs `chatauth emulator`.
pub(super) fn run(
    EmulatorArgs { given }: EmulatorArgs,
    context: &Context,
    environment: Environment,
) -> Result<(), Failure> {
    let arguments = *given;
    let executable = std::env::current_exe()
        .map_err(|error| Failure::new(ErrorCode::Internal, format!("this program cannot find itself: {error}")))?;
    let inside = !arguments.command.is_empty();
    let mut options = emulator::EmulatorOptions {
        port: arguments.port,
        consent: arguments.consent.unwrap_or(if inside { Consent::Approve } else { Consent::Ask }),
        access_token_lifetime: Duration::from_secs(arguments.token_lifetime),
        refresh_token_lifetime: arguments.refresh_token_lifetime.map(Duration::from_secs),
        refresh_token_limit: arguments.refresh_token_limit,
        rotate_refresh_tokens: arguments.rotate_refresh_tokens,
        session_length: arguments.session_length.map(Duration::from_secs),
        audience: arguments.audience,
        test_users: (!arguments.test_user.is_empty()).then_some(arguments.test_user),
        admin_policy_enforced: arguments.admin_policy_enforced,
        api_enabled: !arguments.api_disabled,
        chat_app: if arguments.no_chat_app { ChatApp::NotConfigured } else { ChatApp::Configured },
        echo_on_repeat: arguments.echo_on_repeat,
        unique_names: arguments.unique_names,
        unaddable: arguments.unaddable,
        auto_accept_off: arguments.auto_accept_off,
        unresolvable: arguments.unresolvable,
        admins: arguments.admin,
        return_existing_member: arguments.return_existing_member,
        quota: arguments.quota,
        faults: arguments.fault,
        ..emulator::EmulatorOptions::default()
    };
    if !arguments.user.is_empty() {
        options.users = arguments.user;
    }
    if !arguments.grant.is_empty() {
        options.granted_scopes = GrantedScopes::Only(arguments.grant);
    }
    if arguments.no_delegation || !arguments.delegate.is_empty() {
        options.delegated_scopes = GrantedScopes::Only(arguments.delegate);
    }
    let options =
        emulator::Options { emulator: options, command: arguments.command, path: environment.os("PATH"), executable };
    // No select with a signal here: the command inside decides when it is over.
    crate::commands::runtime()?.block_on(emulator::run(options, context))
}

/// Opens the page that is named on the command line, when this program was started as the emulator's browser.
///
/// It returns before the page is read, as what opens a browser does: programs that wait for it to end, as Python's
/// webbrowser does, listen for the redirect only afterwards.
pub(super) fn browse(arguments: &[OsString]) -> Option<ExitCode> {
    let program = arguments.first()?;
    if std::path::Path::new(program).file_stem()? != BROWSER_NAME {
        return None;
    }
    let url = arguments.get(1).and_then(|url| url.to_str()).unwrap_or_default();
    let done = if arguments.get(2).is_some_and(|argument| argument == IN_BACKGROUND) {
        crate::commands::runtime().is_ok_and(|runtime| runtime.block_on(visit(url)).is_ok())
    } else {
        open_in_background(program, url).is_ok()
    };
    Some(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whoever reads this program's output to its end must not have to wait for the page.
fn open_in_background(program: &OsStr, url: &str) -> std::io::Result<()> {
    let mut command = Command::new(program);
    command.args([url, IN_BACKGROUND]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}
