//! Hundreds of rows, each exactly once.

mod check;
mod csv;
mod engine;
pub(super) mod fields;
#[cfg(fuzzing)]
pub mod fuzzing;
mod input;
mod journal;
mod pace;
mod progress;
mod results;
mod row;
mod table;
mod turn;

use std::path::PathBuf;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::chat::Scopes;
use crate::platform::input::Source;

use super::caller::Caller;
use super::{Context, Failure};

pub(super) use engine::run;
pub use pace::Rate;

/// How many requests are on their way at once where nobody says otherwise.
pub const DEFAULT_CONCURRENCY: usize = 8;

/// The options of a bulk run.
#[derive(Debug)]
pub struct Options {
    /// The rows.
    pub source: Source,
    /// The journal.
    pub results: Option<PathBuf>,
    /// How fast.
    pub rate: Rate,
    /// How many requests may be on their way at once.
    pub concurrency: usize,
    /// Whether the first failure ends the run.
    pub fail_fast: bool,
    /// Whether the rows are only checked.
    pub dry_run: bool,
}

/// The options of every command that reads rows.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct BulkArgs {
    /// Journal: the same command again resumes the run
    #[arg(long, value_name = "FILE", requires = "from", help_heading = "Many at once", value_hint = clap::ValueHint::FilePath)]
    results: Option<PathBuf>,
    /// Requests per minute[,per hour], or unlimited
    ///
    /// The defaults respect Google's quotas: 30,200 to create, 50 to delete, 250 to add members.
    #[arg(long, value_name = "RATE", requires = "from", help_heading = "Many at once")]
    rate: Option<Rate>,
    /// Requests in flight at once [default: 8]
    #[arg(long, value_name = "N", requires = "from", help_heading = "Many at once", value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: Option<u16>,
    /// Stop at the first failure
    #[arg(long, requires = "from", help_heading = "Many at once")]
    fail_fast: bool,
}

impl BulkArgs {
    /// The options of a run over the rows of `from`; `rate` is the default.
    pub fn options(self, from: PathBuf, rate: Rate, dry_run: bool) -> Options {
        Options {
            source: Source::new(from),
            results: self.results,
            rate: self.rate.unwrap_or(rate),
            concurrency: self.concurrency.map_or(DEFAULT_CONCURRENCY, usize::from),
            fail_fast: self.fail_fast,
            dry_run,
        }
    }
}

/// Why a row cannot be used.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The column that is to blame.
    pub(super) column: Option<String>,
    /// Why.
    pub(super) reason: String,
}

impl Wrong {
    pub(super) fn new(column: &str, reason: impl Into<String>) -> Self {
        Self { column: Some(column.to_owned()), reason: reason.into() }
    }
}

/// What a row has led to.
#[derive(Debug)]
pub(super) struct Made {
    /// What was made, as the server sent it.
    pub(super) json: Value,
    /// Its resource name.
    pub(super) name: String,
    /// Whether it was there before.
    pub(super) existed: bool,
}

/// One kind of bulk run.
pub(super) trait Task {
    /// What is to be done for one row, checked and complete.
    type Work;

    /// The columns, besides `idempotency-key` and `request-id`.
    fn columns(&self) -> &'static [&'static str];

    /// What it does and has done, as in "create" and "created".
    fn verb(&self) -> (&'static str, &'static str);

    /// What the results call what was made, as in "space".
    fn member(&self) -> &'static str;

    /// Whether an attempt that got lost needs the same request id to be repeated safely.
    fn needs_request_id(&self) -> bool;

    /// What all rows are about that say nothing else themselves. The same row about something else is another row.
    fn about(&self) -> Option<&str> {
        None
    }

    /// Checks a row.
    fn plan(&self, members: &Map<String, Value>, request_id: &str) -> Result<Self::Work, Wrong>;

    /// The methods that a row needs.
    fn methods(&self, work: &Self::Work) -> Vec<Scopes>;

    /// The methods that every row needs.
    fn least(&self) -> Vec<Scopes>;

    /// Whether it acts as an administrator.
    fn admin(&self) -> bool {
        false
    }

    /// Does it. Since `unknown_since`, where that is said, an attempt under the same request id may have done it
    /// without anybody having seen the answer.
    async fn make(
        &self,
        work: &Self::Work,
        unknown_since: Option<OffsetDateTime>,
        caller: &mut Caller<'_>,
        context: &Context,
    ) -> Result<Made, Failure>;

    /// Does what is to be done afterwards; may be repeated.
    async fn finish(
        &self,
        work: &Self::Work,
        name: &str,
        caller: &mut Caller<'_>,
        context: &Context,
    ) -> Result<(), Failure>;
}
