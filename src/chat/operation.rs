//! The deadline and counters shared by all attempts of a request.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::http::{Error, Response, retry};

/// A request with its retries. All attempts share a deadline, even when the token is replaced in between.
pub struct Operation {
    started: Instant,
    policy: retry::Policy,
    attempts: Cell<u32>,
    may_have_been_applied: Cell<bool>,
    before_retry: Box<dyn Fn(&str)>,
}

impl Operation {
    /// Starts now; `timeout` is the limit of one request.
    pub fn start(timeout: Duration) -> Self {
        Self {
            started: Instant::now(),
            policy: retry::Policy::operation(timeout),
            attempts: Cell::new(0),
            may_have_been_applied: Cell::new(false),
            before_retry: Box::new(|_| {}),
        }
    }

    /// Calls `notice` before each wait with a line for people.
    #[must_use]
    pub fn before_retry(mut self, notice: impl Fn(&str) + 'static) -> Self {
        self.before_retry = Box::new(notice);
        self
    }

    /// Reports that another attempt follows after `wait`; `attempts` of at most `most` were made since the last
    /// [`Self::record`].
    pub(super) fn retries(
        &self,
        result: &Result<Response, Error>,
        host: &str,
        wait: Duration,
        attempts: u32,
        most: u32,
    ) {
        let before = self.attempts.get();
        (self.before_retry)(&retry::notice(result, host, wait, before + attempts + 1, before + most));
    }

    /// Returns a rate limit to the caller instead of waiting for it: the rows of a bulk run wait together.
    #[must_use]
    pub fn without_rate_limit_retries(mut self) -> Self {
        self.policy.waits_for_quota = false;
        self
    }

    /// Returns the number of requests sent.
    pub fn attempts(&self) -> u32 {
        self.attempts.get()
    }

    /// Whether an attempt so far may have been applied without a response that confirms it.
    pub fn may_have_been_applied(&self) -> bool {
        self.may_have_been_applied.get()
    }

    /// Returns the remainder of the retry policy.
    pub(super) fn remaining(&self) -> retry::Policy {
        retry::Policy {
            attempts: self.policy.attempts.saturating_sub(self.attempts.get()).max(1),
            total: self.policy.total.saturating_sub(self.started.elapsed()),
            ..self.policy
        }
    }

    /// Adds finished attempts to the counters.
    pub(super) fn record(&self, attempted: &retry::Attempted) {
        self.attempts.set(self.attempts.get() + attempted.attempts);
        // A 401 was not applied, but an earlier attempt may have been.
        self.may_have_been_applied.set(self.may_have_been_applied.get() || attempted.may_have_been_applied);
    }
}
