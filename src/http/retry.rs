//! Whether and when to retry: a pure decision, and the loop that follows it.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::client::date;
use super::{Error, Response};

/// The longest that a step of the exponential back-off becomes.
const LONGEST_WAIT: Duration = Duration::from_secs(32);

/// The most attempts to reach a host that cannot be reached at all.
const UNREACHABLE_ATTEMPTS: u32 = 3;

/// How often a request is repeated whose success could not be read.
const UNREADABLE_REPEATS: u32 = 2;

/// How often and how long an operation is tried.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The most attempts.
    pub attempts: u32,
    /// The time that all attempts and the waits between them may take.
    pub total: Duration,
    /// Whether a request that may have reached the server is sent again. Only idempotent requests may be.
    pub repeat_after_loss: bool,
    /// Whether to wait for a rate limit (429).
    pub waits_for_quota: bool,
}

impl Policy {
    /// One operation of the Chat API: at most 8 attempts within 45 seconds, or within one `timeout` where that is
    /// longer.
    pub fn operation(timeout: Duration) -> Self {
        Self {
            attempts: 8,
            total: timeout.max(Duration::from_secs(45)),
            repeat_after_loss: true,
            waits_for_quota: true,
        }
    }

    /// Another request of an authorization server: at most three attempts within 15 seconds, or within one `timeout`
    /// where that is longer.
    pub fn authorization(timeout: Duration) -> Self {
        let refresh = Self::refresh();
        Self { total: timeout.max(refresh.total), repeat_after_loss: true, ..refresh }
    }

    /// A token refresh: three attempts within 15 seconds, never again after its answer may have been lost on the
    /// way, because a rotated refresh token in that answer would be lost with it.
    pub const fn refresh() -> Self {
        Self { attempts: 3, total: Duration::from_secs(15), repeat_after_loss: false, waits_for_quota: true }
    }
}

/// How one attempt ended, as far as retrying is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer that a retry would not change.
    Final,
    /// The host has no address or refuses connections, or this machine can open none: retried a few times only.
    Unreachable,
    /// Nothing was sent, for another reason.
    NotSent,
    /// The request may have been sent, and no answer of the server came, with the `Retry-After` of the gateway.
    ResponseLost(Option<Duration>),
    /// A success whose body could not be read.
    Unreadable,
    /// The server failed (500, 503), with its `Retry-After`.
    ServerError(Option<Duration>),
    /// Too many requests, with the server's `Retry-After`.
    RateLimited(Option<Duration>),
    /// Not applied, because another request for the same thing is in flight; with the server's `Retry-After`.
    Conflict(Option<Duration>),
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct History {
    /// How many attempts there were, this one included.
    pub attempts: u32,
    /// How many of them did not reach the host.
    pub unreachable: u32,
    /// How many were successes that could not be read.
    pub unreadable: u32,
    /// The time since the first attempt began.
    pub elapsed: Duration,
}

/// Returns the wait before the next attempt; `None` to return this result. `jitter` is between 0 and 1 and shortens the wait
/// by at most half.
pub fn decide(outcome: Outcome, history: History, policy: Policy, jitter: f64) -> Option<Duration> {
    let enough = match outcome {
        Outcome::Final => true,
        Outcome::Unreachable => history.unreachable >= UNREACHABLE_ATTEMPTS,
        Outcome::Unreadable => history.unreadable > UNREADABLE_REPEATS || !policy.repeat_after_loss,
        Outcome::ResponseLost(_) => !policy.repeat_after_loss,
        Outcome::RateLimited(_) => !policy.waits_for_quota,
        Outcome::NotSent | Outcome::ServerError(_) | Outcome::Conflict(_) => false,
    };
    if enough || history.attempts >= policy.attempts {
        return None;
    }
    let step = Duration::from_secs(1 << (history.attempts.saturating_sub(1)).min(5)).min(LONGEST_WAIT);
    let backoff = step.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0);
    let wait = match outcome {
        Outcome::ResponseLost(Some(asked))
        | Outcome::ServerError(Some(asked))
        | Outcome::RateLimited(Some(asked))
        | Outcome::Conflict(Some(asked)) => asked.max(backoff),
        _ => backoff,
    };
    (history.elapsed.saturating_add(wait) < policy.total).then_some(wait)
}

/// Classifies the result of an attempt.
pub fn classify(result: &Result<Response, Error>, now: OffsetDateTime) -> Outcome {
    match result {
        Ok(response) => match response.status {
            200..=299 if !response.complete => Outcome::Unreadable,
            429 => Outcome::RateLimited(retry_after(response, now)),
            408 | 502 | 504 => Outcome::ResponseLost(retry_after(response, now)),
            500 | 503 => Outcome::ServerError(retry_after(response, now)),
            _ => Outcome::Final,
        },
        Err(Error::NameNotFound { .. } | Error::Refused { .. } | Error::Unreachable { .. }) => Outcome::Unreachable,
        Err(Error::NotConnected { .. } | Error::ConnectTimeout { .. }) => Outcome::NotSent,
        Err(Error::Timeout { .. } | Error::Lost { .. }) => Outcome::ResponseLost(None),
        Err(Error::ProxyRefused { status, .. }) => match status {
            // A proxy that refuses this client keeps refusing it.
            Some(400..=499) => Outcome::Final,
            Some(_) => Outcome::NotSent,
            None => Outcome::Unreachable,
        },
        Err(
            Error::Untrusted { .. }
            | Error::Redirect { .. }
            | Error::ProxyInvalid { .. }
            | Error::ProxyAuthentication { .. }
            | Error::TrustInvalid { .. }
            | Error::Interrupted(_)
            | Error::Setup(_),
        ) => Outcome::Final,
    }
}

/// The wait that an answer asks for: seconds or a date ([RFC 9110 section
/// 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)); a date in the past means no wait. The server's own clock
/// decides, where the answer has its time.
pub fn retry_after(response: &Response, now: OffsetDateTime) -> Option<Duration> {
    let value = response.header(http::header::RETRY_AFTER)?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = date(&response.headers, http::header::RETRY_AFTER)?;
    let now = date(&response.headers, http::header::DATE).unwrap_or(now);
    Some(Duration::try_from(until - now).unwrap_or(Duration::ZERO))
}

/// The result of all attempts.
#[derive(Debug)]
pub struct Attempted {
    /// How the last attempt ended.
    pub result: Result<Response, Error>,
    /// How many attempts there were.
    pub attempts: u32,
    /// Whether an attempt may have been applied without a definite response: a lost connection, a redirect, a 5xx, or
    /// a success that could not be read.
    pub may_have_been_applied: bool,
}

/// Repeats `attempt` as long as `policy` allows. `attempt` gets the time that is left, and returns its result with the
/// outcome, usually from [`classify`]. `before_wait` gets the result of an attempt that will be repeated, the wait, the number
/// of attempts so far, and the largest number if all end like this one.
pub async fn run(
    policy: Policy,
    mut attempt: impl AsyncFnMut(Duration) -> (Result<Response, Error>, Outcome),
    before_wait: impl Fn(&Result<Response, Error>, Duration, u32, u32),
) -> Attempted {
    let started = Instant::now();
    let mut history = History::default();
    let mut may_have_been_applied = false;
    loop {
        let (result, outcome) = attempt(policy.total.saturating_sub(started.elapsed())).await;
        history.attempts += 1;
        history.elapsed = started.elapsed();
        match outcome {
            Outcome::Unreachable => history.unreachable += 1,
            Outcome::Unreadable => history.unreadable += 1,
            _ => {}
        }
        may_have_been_applied |=
            matches!(outcome, Outcome::ResponseLost(_) | Outcome::Unreadable | Outcome::ServerError(_))
                || is_ambiguous(&result);
        let Some(wait) = decide(outcome, history, policy, jitter()) else {
            return Attempted { result, attempts: history.attempts, may_have_been_applied };
        };
        let left = match outcome {
            Outcome::Unreachable => UNREACHABLE_ATTEMPTS - history.unreachable,
            Outcome::Unreadable => UNREADABLE_REPEATS + 1 - history.unreadable,
            _ => policy.attempts,
        };
        let most = policy.attempts.min(history.attempts + left);
        log::debug!("{}", notice(&result, "the server", wait, history.attempts + 1, most));
        before_wait(&result, wait, history.attempts, most);
        tokio::time::sleep(wait).await;
    }
}

/// Whether an answer leaves open what became of the request. Only a success, a refusal of 4xx and a 501 are definite; a
/// proxy may send 408, 499, a redirect or a number of its own for an answer that it lost.
fn is_ambiguous(result: &Result<Response, Error>) -> bool {
    match result {
        Ok(response) => !matches!(response.status, 200..=299 | 400..=407 | 409..=498 | 501),
        Err(error) => matches!(error, Error::Redirect { .. }),
    }
}

/// Describes the wait before attempt `next` of `attempts` at `host`, for people.
pub fn notice(result: &Result<Response, Error>, host: &str, wait: Duration, next: u32, attempts: u32) -> String {
    let cause = match result {
        Ok(response) if (200..300).contains(&response.status) => format!("unreadable answer from {host}"),
        Ok(response) => format!("{} from {host}", response.status),
        Err(error) => error.to_string(),
    };
    format!("Retrying in {} s: {cause}, attempt {next} of {attempts}", wait.as_secs_f64().ceil())
}

/// A random number between 0 and 1; without randomness the full wait is taken.
pub fn jitter() -> f64 {
    getrandom::u32().map_or(0.0, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
