//! From parsed arguments to commands, and the runtime for those that need one.

use std::time::Duration;

use crate::commands::{Context, Source, api, auth, doctor, setup};

use super::args::{Auth, Command, Login};
use super::later::Later;
use super::settings::Environment;

/// Runs a command. `as_json` says whether an object is wanted where plain text is the default.
pub(super) fn run(command: Command, context: &Context, as_json: bool, environment: Environment) -> anyhow::Result<()> {
    #[cfg(not(feature = "emulator"))]
    let _ = environment;
    match command {
        Command::Auth(Auth::Status { check: false }) => auth::status::run(context),
        Command::Auth(Auth::Status { check: true }) => context.block_on(auth::status::check(context)),
        Command::Auth(Auth::Import { file }) => context.block_on(auth::import::run(Source::new(file), context)),
        Command::Auth(Auth::Export) => auth::export::run(context),
        Command::Doctor => context.block_on(doctor::run(context)),
        Command::Setup => context.block_on(setup::run(context)),
        Command::Auth(Auth::Switch { account }) => auth::switch::run(&account, context),
        Command::Auth(Auth::Login(login)) => context.block_on(auth::login::run(login_options(login), context)),
        Command::Auth(Auth::Token { scope }) => {
            context.block_on(auth::token::run(auth::token::Options { scopes: scope, json: as_json }, context))
        }
        Command::Auth(Auth::Logout { all, local }) => {
            context.block_on(auth::logout::run(auth::logout::Options { all, local }, context))
        }
        Command::Spaces(Later(spaces)) => super::spaces_args::run(spaces, context),
        Command::Members(Later(members)) => super::members_args::run(members, context),
        Command::Api(arguments) => context.block_on(api::run(arguments.0.into(), context)),
        Command::Completion(arguments) => Ok(super::shell::completion(&arguments, context)?),
        Command::Man(arguments) => Ok(super::shell::man(&arguments, context)?),
        #[cfg(feature = "emulator")]
        Command::Emulator(Later(arguments)) => Ok(super::emulator_args::run(arguments, context, environment)?),
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
