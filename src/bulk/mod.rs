//! Runs a command once per row of a file, each row exactly once. Knows neither Chat nor logins: a command defines the columns
//! and the two steps of a row.

mod check;
mod columns;
mod csv;
#[cfg(fuzzing)]
pub mod fuzzing;
mod identity;
mod index;
mod input;
mod journal;
mod journal_error;
mod json_lines;
mod locks;
mod progress;
mod rate;
mod rate_limiter;
mod results;
mod row;
mod run;
mod run_identity;
mod task;
#[cfg(test)]
mod tests;
mod text;

pub use check::{Checked, check, count};
pub use columns::{Column, Kind, RowFault, Values};
pub use identity::request_id_of_key;
pub use input::{InputError, Row, Rows};
pub use journal::Journal;
pub use journal_error::JournalError;
pub use progress::{approximate, pluralize};
pub use rate::Rate;
pub use rate_limiter::RateLimiter;
pub use results::{Counts, Ending, Output, RowResult, Stop};
pub use row::Job;
pub use run::run;
pub use run_identity::RunIdentity;
pub use task::{Applied, Attempt, Planned, StepError, Task, Words};
