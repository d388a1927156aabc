//! The options of commands that read rows. `cli` rejects them without `--from`, whose help heading they share.

use std::path::PathBuf;

use crate::bulk::Rate;

/// The options of every command that reads rows.
#[derive(Debug, Default, Clone, clap::Args)]
pub(crate) struct BulkArgs {
    /// Journal file; run the command again to resume
    #[arg(long, alias = "results", value_name = "FILE", help_heading = "Many at once")]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub(super) journal: Option<PathBuf>,
    /// Requests per minute[,per hour], or unlimited
    ///
    /// The defaults respect Google's quotas: 30,200 to create, 50 to update or delete, 250 for members.
    #[arg(long, value_name = "RATE", help_heading = "Many at once")]
    pub(super) rate: Option<Rate>,
    /// Requests in flight at once [default: 8]
    #[arg(long, value_name = "N", help_heading = "Many at once", hide_short_help = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) concurrency: Option<u16>,
    /// Stop at the first failure
    #[arg(long, help_heading = "Many at once", hide_short_help = true)]
    pub(super) fail_fast: bool,
}

/// `BulkArgs` and `--dry-run`, for commands that support it with `--from` only.
#[derive(Debug, Default, Clone, clap::Args)]
pub(crate) struct RowsArgs {
    /// Show what would happen to each row; send nothing
    #[arg(long, help_heading = "Many at once")]
    pub(crate) dry_run: bool,
    /// The other options.
    #[command(flatten)]
    pub(crate) bulk: BulkArgs,
}
