//! Hundreds of rows, each exactly once: rows in, results out. Knows neither Chat nor logins: a command gives it the columns
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
mod run_name;
mod task;
#[cfg(test)]
mod tests;
mod text;

pub use check::{CheckError, Checked, check};
pub use columns::{Column, Kind, RowFault, Values};
pub use identity::request_id_of_key;
pub use input::{InputError, Row, Rows};
pub use journal::Journal;
pub use journal_error::{Advice, JournalError};
pub use progress::{about, count};
pub use rate::Rate;
pub use rate_limiter::{Permit, RateLimiter};
pub use results::{Counts, Output, RowResult};
pub use row::Stop;
pub use run::{Ending, Job, preview, run};
pub use run_name::RunName;
pub use task::{Attempt, Created, Outcome, Report, StepError, Task, Words};
pub use text::Bytes;
