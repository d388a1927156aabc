//! Options that are defined only when their command was typed: defining and dropping those of all the others would be
//! most of what a start takes.

use std::cell::Cell;

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, CommandFactory, Error, FromArgMatches, Subcommand};

use super::args::Cli;

thread_local! {
    /// clap's traits define a command without being told what for.
    static AT_ONCE: Cell<bool> = const { Cell::new(false) };
}

/// The whole command line, for those who show it: what is put off comes after the global options.
pub(super) fn all_at_once() -> Command {
    AT_ONCE.set(true);
    let command = Cli::command();
    AT_ONCE.set(false);
    command
}

/// The options of a command, or its subcommands.
#[derive(Debug)]
pub(super) struct Later<Definition>(pub(super) Definition);

impl<Definition: FromArgMatches> FromArgMatches for Later<Definition> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Definition::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        Definition::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<Definition: Args> Args for Later<Definition> {
    fn augment_args(command: Command) -> Command {
        if AT_ONCE.get() {
            return Definition::augment_args(command);
        }
        command.defer(keeping_what_it_is_about::<Definition>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Definition::augment_args_for_update(command)
    }
}

/// A command is described where it is listed. What stands above the definition of its options is for programmers.
fn keeping_what_it_is_about<Definition: Args>(command: Command) -> Command {
    let about = Resettable::from(command.get_about().cloned());
    let long_about = Resettable::from(command.get_long_about().cloned());
    Definition::augment_args(command).about(about).long_about(long_about)
}

impl<Definition: Subcommand> Subcommand for Later<Definition> {
    fn augment_subcommands(command: Command) -> Command {
        if AT_ONCE.get() {
            return Definition::augment_subcommands(command);
        }
        command.defer(Definition::augment_subcommands)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Definition::augment_subcommands_for_update(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Definition::has_subcommand(name)
    }
}
