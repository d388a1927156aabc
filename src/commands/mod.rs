//! One file for each command, named as the user types it: its options with their help, and its `run`.
//!
//! Commands read neither the environment nor the clock. Their errors are printed by `cli`.

/// Defines a group of commands: an enum for clap, and a `run` that dispatches to the command. `=> async` marks commands
/// whose `run` is async; the others call `Context::block_on` themselves when they send requests.
macro_rules! subcommands {
    (@run $context:ident, $command:ident) => { $command.run($context) };
    (@run $context:ident, $command:ident, async) => { $context.block_on($command.run($context)) };
    ($(#[$attribute:meta])* $visibility:vis $name:ident {
        $($(#[$of_variant:meta])* $variant:ident($command:ty) $(=> $kind:ident)? $(if $feature:literal)?),* $(,)?
    }) => {
        $(#[$attribute])*
        #[derive(Debug, clap::Subcommand)]
        $visibility enum $name {
            $(
                $(#[cfg(feature = $feature)])?
                $(#[$of_variant])*
                #[allow(missing_docs, reason = "the command has them")]
                $variant(Box<$command>),
            )*
        }

        impl $name {
            /// Runs the command that was typed.
            ///
            /// # Errors
            /// Those of the command.
            $visibility fn run(self, context: &$crate::commands::Context) -> anyhow::Result<()> {
                match self {
                    $(
                        $(#[cfg(feature = $feature)])?
                        Self::$variant(command) => $crate::commands::subcommands!(@run context, command $(, $kind)?),
                    )*
                }
            }
        }
    };
}

/// The examples of a command, below the options in its help. `-h` shows the first one only.
macro_rules! examples {
    ($first:literal $(, $more:literal)* $(,)?) => {
        concat!("Examples:\n  ", $first, $("\n  ", $more),*)
    };
}

/// Returns the help after the options: examples, and the columns of CSV.
fn with_columns(examples: &str, columns: &[&str]) -> String {
    let columns: Vec<String> = columns.chunks(3).map(|columns| columns.join(", ")).collect();
    format!(
        "{examples}\n\nColumns of --format csv:\n  {}\n  \
         Values are not escaped: a spreadsheet may run one that starts with = + - or @.",
        columns.join(",\n  ")
    )
}

pub(crate) use subcommands;

pub mod api;
mod arguments;
pub mod auth;
pub mod bulk;
mod caller;
mod clock_offset;
pub mod completion;
mod context;
pub mod doctor;
#[cfg(feature = "emulator")]
pub mod emulator;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod invocation;
pub mod man;
pub mod members;
mod needed_scopes;
mod pagination;
mod report;
mod runtime;
pub mod setup;
pub mod spaces;
mod terminal_prompt;
pub mod version;
mod write;

pub use crate::auth::{DelegationOptions, Proxies, ProxySetting, TransportConfig, TrustRoots};
pub use crate::chat::Role;
pub use crate::platform::input::Source;
pub use arguments::account;
pub use context::{Context, Provenance, ProvidedToken, Setting, Settings};
pub use failure::{ErrorCode, Failure, Outcome, without_userinfo};
pub use invocation::Invocation;
pub use runtime::runtime;
