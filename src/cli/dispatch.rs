//! From parsed arguments to commands, and the runtime for those that need one.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use crate::commands::{Context, ErrorCode, Failure, Outcome, Source, api, auth, doctor, setup};
use crate::platform::signals::{self, Interruption};

use super::args::{Auth, Command, Login};
use super::later::Later;
use super::settings::Environment;

/// Runs a command. `as_json` says whether an object is wanted where plain text is the default.
pub(super) fn run(command: Command, context: &Context, as_json: bool, environment: Environment) -> Result<(), Failure> {
    #[cfg(not(feature = "emulator"))]
    let _ = environment;
    match command {
        Command::Auth(Auth::Status { check: false }) => auth::status::run(context),
        Command::Auth(Auth::Status { check: true }) => block_on(context, auth::status::check(context)),
        Command::Auth(Auth::Import { file }) => block_on(context, auth::import::run(Source::new(file), context)),
        Command::Auth(Auth::Export) => auth::export::run(context),
        Command::Doctor => block_on(context, doctor::run(context)),
        Command::Setup => block_on(context, setup::run(context)),
        Command::Auth(Auth::Switch { account }) => auth::switch::run(&account, context),
        Command::Auth(Auth::Login(login)) => block_on(context, auth::login::run(login_options(login), context)),
        Command::Auth(Auth::Token { scope }) => {
            block_on(context, auth::token::run(auth::token::Options { scopes: scope, json: as_json }, context))
        }
        Command::Auth(Auth::Logout { all, local }) => {
            block_on(context, auth::logout::run(auth::logout::Options { all, local }, context))
        }
        Command::Spaces(Later(spaces)) => super::spaces_args::run(spaces, context),
        Command::Members(Later(members)) => super::members_args::run(members, context),
        Command::Api(arguments) => block_on(context, api::run(arguments.0.into(), context)),
        Command::Completion(arguments) => super::shell::completion(&arguments, context),
        Command::Man(arguments) => super::shell::man(&arguments, context),
        #[cfg(feature = "emulator")]
        Command::Emulator(Later(arguments)) => super::emulator_args::run(arguments, context, environment),
    }
}

/// Builds the runtime, only now, and runs a command until it ends or a signal ends it.
pub(super) fn block_on(context: &Context, command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    run_to_its_end(context, pin!(command))
}

/// The same for all commands: a runtime made for each type of them would be a twentieth of the program.
fn run_to_its_end(
    context: &Context,
    command: Pin<&mut dyn Future<Output = Result<(), Failure>>>,
) -> Result<(), Failure> {
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        tokio::select! {
            // Signals are watched before the command does anything: one that came between the URL of a login and its
            // first wait would otherwise kill the process, and leave the terminal as it was changed for pasting.
            biased;
            signal = signals::interruption() => match signal {
                Ok(interruption) => Err(interrupted(context, interruption)),
                Err(error) => Err(Failure::new(ErrorCode::Internal, format!("signals cannot be watched: {error}"))),
            },
            result = command => result,
        }
    });
    // A look-up of a name cannot be cancelled; nobody waits for it.
    runtime.shutdown_background();
    result
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ErrorCode::Internal, format!("the runtime cannot be started: {error}")))
}

/// The program was told to stop: what was on its way is named, with the command that repeats it.
fn interrupted(context: &Context, interruption: Interruption) -> Failure {
    let code = ErrorCode::Interrupted(interruption);
    match &*context.pending.borrow() {
        None => Failure::new(code, interruption.to_string()),
        Some(pending) => {
            let id = pending.request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default();
            let message =
                format!("{interruption} while trying to {}; whether it was applied is not known{id}", pending.what());
            let hint = pending
                .hint
                .clone()
                .unwrap_or_else(|| format!("this repeats the request without doing it twice: {}", pending.repeat));
            let mut failure = Failure::new(code, message).hint(hint);
            failure.request_id.clone_from(&pending.request_id);
            failure.outcome = Some(Outcome::Unknown);
            failure
        }
    }
}

fn login_options(login: Login) -> auth::login::Options {
    auth::login::Options {
        scopes: login.scope,
        no_browser: login.no_browser,
        port: login.port,
        login_hint: login.login_hint,
        wait: Duration::from_secs(login.wait),
    }
}
