//! The wall clock, handed down from the command line so that nothing below reads it by itself.

use std::fmt;

use time::OffsetDateTime;

/// Where the current time comes from. Time-outs use [`std::time::Instant`]
/// instead: the wall clock may jump.
#[derive(Clone, Copy)]
pub struct Clock(fn() -> OffsetDateTime);

impl Clock {
    /// A clock that asks `now` each time.
    pub const fn new(now: fn() -> OffsetDateTime) -> Self {
        Self(now)
    }

    /// The function itself, for rooms that do not know this type.
    pub const fn now_function(self) -> fn() -> OffsetDateTime {
        self.0
    }

    /// The current time, UTC.
    pub fn now(self) -> OffsetDateTime {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}
