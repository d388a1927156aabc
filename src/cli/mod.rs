//! The command line: arguments in, exit code out. The only module that reads the environment and the clock.

mod args;
mod complete;
mod environment;
mod help;
mod logging;
mod principal;
mod report;
mod settings;
mod suggestions;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::ValueEnum;
use clap::error::{ContextKind, ErrorKind};

use crate::commands::{ErrorCode, Failure};
use crate::output::{self, Format, Messages};
use crate::platform;

use args::Cli;
use environment::Environment;
use report::report;

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    platform::forbid_core_dumps();
    let environment = Environment::of_process();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let as_json = wants_json(&arguments, environment);
    let arguments = match settings::expand_paths(arguments, environment) {
        Ok(arguments) => arguments,
        Err(failure) => return report(&failure, Messages::new(false, false), as_json),
    };
    // This process may have been started as the browser of the emulator, the filter of another process, or the completer of
    // a shell.
    #[cfg(feature = "emulator")]
    if let Some(code) = crate::commands::emulator::browse(&arguments) {
        return code;
    }
    #[cfg(feature = "jq")]
    if let Some(code) = output::serve_filter(&arguments) {
        return code;
    }
    if let Some(code) = complete::complete(&arguments, environment) {
        return code;
    }
    let cli = match Cli::parse_arguments(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(error, &arguments, as_json),
    };
    logging::start(cli.global.verbose);
    let context = match settings::context(&cli, environment, &arguments) {
        Ok(context) => context,
        Err(failure) => return report(&failure, Messages::new(cli.global.quiet, false), as_json),
    };
    match cli.command.run(&context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let as_json = context.settings.explicit_format && context.printer.format().is_json();
            report(&context.report(error), context.messages, as_json)
        }
    }
}

/// Prints help and version as results, and every other clap error as a usage error.
fn usage(mut error: clap::Error, arguments: &[OsString], as_json: bool) -> ExitCode {
    if arguments.len() < 2 {
        return printed(help::definition().print_help(), as_json);
    }
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand) {
        error = help::definition().try_get_matches_from(arguments).err().unwrap_or(error);
    }
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return printed(error.print(), as_json);
    }
    if error.kind() == ErrorKind::UnknownArgument {
        // Removes clap's tip to pass the option as a value: no value here begins with a dash.
        error.remove(ContextKind::Suggested);
    }
    let hint = suggestions::suggestion(&error, arguments).map(|line| format!("run {line}"));
    if !as_json && hint.is_none() {
        let _ = error.print();
        return ExitCode::from(ErrorCode::Usage.exit_code());
    }
    let text = error.render().to_string();
    let lines = text.strip_prefix("error: ").unwrap_or(&text).lines().map(str::trim);
    let message = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: ")).map(|tip| format!("{tip}; "));
    let hint = hint.unwrap_or_else(|| format!("{}run {}", tip.unwrap_or_default(), suggestions::help(arguments)));
    report(&Failure::new(ErrorCode::Usage, message).hint(hint), Messages::new(false, false), as_json)
}

/// Returns the exit code of help or a version that is printed as a result, and reports why it was not.
fn printed(result: io::Result<()>, as_json: bool) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&Failure::from(&output::Error::from(error)), Messages::new(false, false), as_json),
    }
}

/// Whether to print errors as JSON when the command line cannot be parsed.
fn wants_json(arguments: &[OsString], environment: Environment) -> bool {
    let json = |value: &str| Format::from_str(value, false).is_ok_and(Format::is_json);
    let words: Vec<&str> =
        arguments.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--").collect();
    let option = words.iter().enumerate().find_map(|(index, word)| match word.strip_prefix("--format") {
        Some("") => Some(words.get(index + 1).is_some_and(|value| json(value))),
        Some(rest) => rest.strip_prefix('=').map(json),
        None => None,
    });
    option.unwrap_or_else(|| {
        environment.os("CHATAUTH_FORMAT").and_then(|value| value.into_string().ok()).is_some_and(|value| json(&value))
    })
}
