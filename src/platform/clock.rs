//! The wall clock, passed down from the command line so that tests can set it.

use std::fmt;

use time::OffsetDateTime;

/// The source of the current time. Timeouts use [`std::time::Instant`] instead, because the wall clock may jump.
#[derive(Clone, Copy)]
pub struct Clock(fn() -> OffsetDateTime);

impl Clock {
    /// Creates a clock that calls `now`.
    pub const fn new(now: fn() -> OffsetDateTime) -> Self {
        Self(now)
    }

    /// Returns the function, for modules that do not depend on this type.
    pub const fn now_function(self) -> fn() -> OffsetDateTime {
        self.0
    }

    /// Returns the current time in UTC.
    pub fn now(self) -> OffsetDateTime {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}
