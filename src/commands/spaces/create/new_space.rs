//! The options that make a space.

use clap::ValueEnum;

use crate::commands::spaces::options::SpaceFields;

/// What to do when you already have a space of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum IfExists {
    Fail,
    Reuse,
}

/// The options that make a space; a row of a file has them too.
#[derive(Debug, Default, Clone, clap::Args)]
pub(in crate::commands) struct NewSpace {
    #[command(flatten)]
    pub(super) space: SpaceFields<true>,
    /// A person to add, by email address or ID (repeatable)
    #[arg(long, value_name = "USER")]
    pub(super) member: Vec<String>,
    /// A group to add, by Cloud Identity ID (repeatable)
    #[arg(long, value_name = "GROUP")]
    pub(super) group: Vec<String>,
    /// A person to add and make a manager (repeatable)
    #[arg(long, value_name = "USER")]
    pub(super) manager: Vec<String>,
    /// A person to add and make an owner (repeatable)
    #[arg(long, value_name = "USER")]
    pub(super) owner: Vec<String>,
    /// If you already have a space with this name: fail, or reuse it. Without this option, and beside --request-id,
    /// nothing is looked up, and only what the API refuses is refused
    #[arg(long, value_name = "fail|reuse")]
    pub(super) if_exists: Option<IfExists>,
    /// Repeat an earlier attempt: the same ID creates the same space
    #[arg(long, value_name = "UUID", conflicts_with = "idempotency_key")]
    pub(super) request_id: Option<String>,
    /// Any text that stands for this operation: the same text creates the same space
    #[arg(long, value_name = "TEXT")]
    pub(super) idempotency_key: Option<String>,
}
