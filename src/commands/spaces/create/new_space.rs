//! The options that describe a new space.

use clap::ValueEnum;

use crate::commands::spaces::options::SpaceFields;

/// What to do when you already have a space of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum IfExists {
    Fail,
    Reuse,
}

/// The options that describe a new space, which are also the columns of rows.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "People")]
pub(in crate::commands) struct NewSpace {
    #[command(flatten)]
    pub(super) space: SpaceFields<true>,
    /// Person to add, by email or ID (repeatable)
    #[arg(long, value_name = "USER")]
    pub(super) member: Vec<String>,
    /// Group to add, by Cloud Identity ID (repeatable)
    #[arg(long, value_name = "GROUP")]
    pub(super) group: Vec<String>,
    /// Person to add as a manager (repeatable)
    #[arg(long, value_name = "USER")]
    pub(super) manager: Vec<String>,
    /// Person to add as an owner (repeatable)
    #[arg(long, value_name = "USER")]
    pub(super) owner: Vec<String>,
    /// Fail, or reuse your space with this name
    ///
    /// Without this option, or with --request-id, existing spaces are not looked up.
    #[arg(long, value_name = "fail|reuse", hide_possible_values = true, help_heading = "Retries")]
    pub(super) if_exists: Option<IfExists>,
    /// ID of an earlier attempt, to repeat it safely
    #[arg(long, value_name = "UUID", help_heading = "Retries", conflicts_with = "idempotency_key")]
    pub(super) request_id: Option<String>,
    /// Text of your own: same text, same space
    #[arg(long, value_name = "TEXT", help_heading = "Retries")]
    pub(super) idempotency_key: Option<String>,
}
