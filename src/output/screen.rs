//! The terminal that shows the results.

use time::OffsetDateTime;

/// The terminal that shows the results.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Its width.
    pub columns: usize,
    /// Whether it shows UTF-8.
    pub utf8: bool,
    /// The time at which the program started, for relative times.
    pub now: OffsetDateTime,
}
