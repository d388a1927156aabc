//! Limits the rate of requests, and how many are in flight.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep_until};

use super::rate::{Rate, SPREAD, interval};

/// The maximum delay that later requests make up for. With this much less between the first and the last request of a
/// minute, they are still more than a minute apart, thanks to the spread.
const LONGEST_LATENESS: Duration = Duration::from_millis(300);

/// The part of the current rate that is left after a refusal, and the part of the full rate that each success adds, in
/// percent.
const AFTER_REFUSAL: u32 = 70;
const AFTER_SUCCESS: u32 = 2;

/// The lowest rate after refusals, in percent of the full rate.
const MIN_SHARE: u32 = 5;

/// The first and the longest pause after a refusal without `Retry-After`.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The longest `Retry-After` that is honoured: no quota of the API has a longer window.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// Decides when each request of a run may leave.
#[derive(Debug)]
pub struct RateLimiter {
    rate: Rate,
    concurrency: usize,
    state: RefCell<State>,
    /// Serves waiting callers in order.
    queue: Mutex<()>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// The current part of the full rate, in percent.
    share: u32,
    /// The times of the last hour's requests, if there is an hourly limit.
    last_hour: VecDeque<Instant>,
    next: Instant,
    paused_until: Instant,
    refusals_in_a_row: u32,
    in_flight: usize,
    /// Whether a request has a response. The first request goes alone and opens the connection for all.
    answered: bool,
    closed: bool,
}

/// The permission to send a request, which counts as in flight until this is dropped.
#[derive(Debug)]
pub struct Permit<'a>(&'a RateLimiter);

impl Permit<'_> {
    /// The request has a response, or will have none.
    pub fn done(self) {
        self.0.state.borrow_mut().answered = true;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.state.borrow_mut().in_flight -= 1;
        self.0.changed.notify_one();
    }
}

impl RateLimiter {
    /// Creates a limiter. `earlier` are the ages of requests of earlier runs that count against the hourly limit.
    pub fn new(rate: Rate, concurrency: usize, earlier: impl IntoIterator<Item = Duration>) -> Self {
        let now = Instant::now();
        let mut last_hour: Vec<Instant> = earlier.into_iter().filter_map(|age| now.checked_sub(age)).collect();
        last_hour.sort_unstable();
        let state = RefCell::new(State {
            share: 100,
            last_hour: last_hour.into(),
            next: now,
            paused_until: now,
            refusals_in_a_row: 0,
            in_flight: 0,
            answered: false,
            closed: false,
        });
        Self { rate, concurrency: concurrency.max(1), state, queue: Mutex::new(()), changed: Notify::new() }
    }

    /// Waits until a request may leave, in the order of the calls; `None` once the limiter is closed. `requests` is the
    /// number of requests that the permit is for, which follow one another.
    pub async fn acquire(&self, requests: u32) -> Option<Permit<'_>> {
        let _turn = self.queue.lock().await;
        loop {
            let (has_room, earliest) = {
                let (mut state, now) = (self.state.borrow_mut(), Instant::now());
                if state.closed {
                    return None;
                }
                let has_room = state.in_flight < state.max_in_flight(self.rate, self.concurrency);
                let earliest = state.earliest(self.rate, now);
                if has_room && earliest <= now {
                    state.send(self.rate, now, requests);
                    return Some(Permit(self));
                }
                (has_room, earliest)
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(earliest), if has_room => {}
            }
        }
    }

    /// Slows down after the server refused a request because of a rate limit, with its `Retry-After`.
    pub fn refused(&self, retry_after: Option<Duration>) {
        let (mut state, now) = (self.state.borrow_mut(), Instant::now());
        let own = FIRST_PAUSE.saturating_mul(1 << state.refusals_in_a_row.min(6)).min(LONGEST_PAUSE);
        // By this machine's clock, the server may ask for no pause, or one that is over.
        let until = now + retry_after.map_or(own, |asked| asked.max(own)).min(LONGEST_RETRY_AFTER);
        // Requests that were in flight together are refused together: that is one refusal.
        if now >= state.paused_until {
            state.refusals_in_a_row = state.refusals_in_a_row.saturating_add(1);
            state.share = (state.share * AFTER_REFUSAL / 100).max(MIN_SHARE);
        }
        state.paused_until = state.paused_until.max(until);
        self.changed.notify_one();
    }

    /// Speeds up again after a success.
    pub fn succeeded(&self) {
        let mut state = self.state.borrow_mut();
        state.refusals_in_a_row = 0;
        state.share = (state.share + AFTER_SUCCESS).min(100);
    }

    /// Lets no further request leave.
    pub fn close(&self) {
        self.state.borrow_mut().closed = true;
        self.changed.notify_one();
    }

    /// Whether no further request leaves.
    pub fn is_closed(&self) -> bool {
        self.state.borrow().closed
    }

    /// Returns the rest of the pause after a refusal.
    pub fn pause(&self) -> Duration {
        self.state.borrow().paused_until.saturating_duration_since(Instant::now())
    }
}

impl State {
    /// Returns the time from which the next request may leave.
    fn earliest(&mut self, rate: Rate, now: Instant) -> Instant {
        let mut earliest = self.next.max(self.paused_until);
        if let Rate::Limited { per_hour: Some(per_hour), .. } = rate {
            let hour = Duration::from_hours(1).mul_f64(SPREAD);
            while self.last_hour.front().is_some_and(|sent| *sent + hour <= now) {
                self.last_hour.pop_front();
            }
            let oldest =
                self.last_hour.len().checked_sub(per_hour as usize).and_then(|index| self.last_hour.get(index));
            earliest = oldest.map_or(earliest, |oldest| earliest.max(*oldest + hour));
        }
        earliest
    }

    /// Counts requests of which the first leaves now.
    fn send(&mut self, rate: Rate, now: Instant, requests: u32) {
        self.in_flight += 1;
        if let Rate::Limited { per_minute, per_hour } = rate {
            let step = interval(per_minute).saturating_mul(100) / self.share;
            // Later requests make up for a small delay only: a burst after a longer one would exceed the quota.
            let lateness = now.saturating_duration_since(self.next).min(step / 3).min(LONGEST_LATENESS);
            self.next = now.max(self.next) - lateness + step.saturating_mul(requests);
            if per_hour.is_some() {
                self.last_hour.extend((0..requests).map(|_| now));
            }
        }
    }

    /// Returns how many requests may be in flight: fewer after refusals, if there is no rate.
    fn max_in_flight(&self, rate: Rate, concurrency: usize) -> usize {
        match rate {
            _ if !self.answered => 1,
            Rate::Limited { .. } => concurrency,
            Rate::Unlimited => (concurrency * self.share as usize).div_ceil(100).clamp(1, concurrency),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limited(per_minute: u32, per_hour: Option<u32>) -> Rate {
        Rate::Limited { per_minute, per_hour }
    }

    /// Runs with a clock that jumps to whatever is waited for.
    fn paused<Output>(run: impl Future<Output = Output>) -> Output {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(run)
    }

    /// Lets `count` requests leave as early as they may; gives when they did.
    fn simulate(rate: Rate, earlier: impl IntoIterator<Item = Duration>, count: usize) -> Vec<Duration> {
        paused(async {
            let (limiter, started) = (RateLimiter::new(rate, 4, earlier), Instant::now());
            let mut left = Vec::new();
            for _ in 0..count {
                limiter.acquire(1).await.unwrap().done();
                limiter.succeeded();
                left.push(started.elapsed());
            }
            left
        })
    }

    fn most_within(times: &[Duration], window: Duration) -> usize {
        (0..times.len())
            .map(|first| times[first..].iter().take_while(|time| **time < times[first] + window).count())
            .max()
            .unwrap()
    }

    #[test]
    fn a_rate_is_held_to_97_percent_and_never_passed() {
        for per_minute in [1, 7, 30, 60, 1200] {
            let times = simulate(limited(per_minute, None), [], per_minute as usize * 3 + 1);
            assert!(most_within(&times, Duration::from_mins(1)) <= per_minute as usize);
            let took = times.last().unwrap().as_secs_f64() / 60.0;
            let left = f64::from(u32::try_from(times.len()).unwrap());
            assert!(f64::from(per_minute) * took * 0.97 <= left, "{per_minute}");
        }
    }

    #[test]
    fn the_hour_counts_what_earlier_runs_sent() {
        let times = simulate(Rate::DEFAULT, [], 450);
        assert!(most_within(&times, Duration::from_hours(1)) <= 200);
        let earlier = (0..150).map(|minute| Duration::from_secs(20 * minute));
        let times = simulate(Rate::DEFAULT, earlier, 60);
        assert!(times.iter().take_while(|time| **time < Duration::from_mins(10)).count() <= 50 + 30);
        assert!(times[59] > Duration::from_mins(5));
    }

    #[test]
    fn refusals_pause_everybody_slow_down_and_are_forgotten() {
        paused(async {
            let limiter = RateLimiter::new(limited(60, None), 8, []);
            limiter.acquire(1).await.unwrap().done();
            limiter.refused(Some(Duration::from_secs(10)));
            limiter.refused(None);
            assert_eq!(limiter.pause(), Duration::from_secs(10));
            assert_eq!(limiter.state.borrow().share, AFTER_REFUSAL, "together they are one refusal");
            let before = Instant::now();
            limiter.acquire(1).await.unwrap().done();
            assert_eq!(before.elapsed(), Duration::from_secs(10));
            for _ in 0..20 {
                limiter.succeeded();
            }
            assert_eq!(limiter.state.borrow().share, 100);
            for (asked, expected) in [
                (Some(Duration::ZERO), FIRST_PAUSE),
                (None, FIRST_PAUSE * 2),
                (Some(Duration::MAX), LONGEST_RETRY_AFTER),
            ] {
                tokio::time::advance(limiter.pause()).await;
                limiter.refused(asked);
                assert_eq!(limiter.pause(), expected);
            }
        });
    }

    #[test]
    fn the_first_request_goes_alone_and_refusals_narrow_a_run_without_a_rate() {
        let room = async |limiter: &RateLimiter| {
            let mut permits = Vec::new();
            while let Ok(permit) = tokio::time::timeout(Duration::from_millis(1), limiter.acquire(1)).await {
                permits.push(permit.unwrap());
            }
            permits.len()
        };
        paused(async {
            let limiter = RateLimiter::new(Rate::Unlimited, 64, []);
            assert_eq!(room(&limiter).await, 1);
            drop(limiter.acquire(1).await);
            assert_eq!(room(&limiter).await, 1, "one that never left was no first one");
            limiter.acquire(1).await.unwrap().done();
            assert_eq!(room(&limiter).await, 64);
            limiter.refused(None);
            tokio::time::advance(FIRST_PAUSE).await;
            assert_eq!(room(&limiter).await, 45);
        });
    }

    #[test]
    fn whoever_waits_first_leaves_first_and_a_closed_limiter_lets_nobody_wait() {
        paused(async {
            let (limiter, started) = (RateLimiter::new(limited(60, None), 8, []), Instant::now());
            limiter.acquire(1).await.unwrap().done();
            let order = RefCell::new(Vec::new());
            let wait = async |number: u32| {
                let left = limiter.acquire(1).await.is_some();
                order.borrow_mut().push((number, left, started.elapsed().as_secs()));
            };
            let close = async {
                tokio::time::sleep(Duration::from_millis(2500)).await;
                limiter.close();
            };
            tokio::join!(wait(1), wait(2), wait(3), wait(4), close);
            assert_eq!(order.into_inner(), [(1, true, 1), (2, true, 2), (3, false, 2), (4, false, 2)]);
        });
    }

    #[test]
    fn a_permission_for_several_requests_takes_as_much_of_the_rate() {
        for (rate, later) in [(limited(60, None), 3), (limited(6000, Some(4)), 3600)] {
            let times = paused(async {
                let (limiter, started) = (RateLimiter::new(rate, 4, []), Instant::now());
                for requests in [3, 1, 1] {
                    limiter.acquire(requests).await.unwrap().done();
                }
                started.elapsed()
            });
            assert!((later..later * 2).contains(&times.as_secs()), "{rate:?}: {times:?}");
        }
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_whatever_happens(
            per_minute in 1_u32..200,
            events in prop::collection::vec((0_u64..3000, 0_u8..4), 1..200),
        ) {
            let times = paused(async {
                let (limiter, started) = (RateLimiter::new(limited(per_minute, None), 4, []), Instant::now());
                let mut times = Vec::new();
                for (later, what) in events {
                    tokio::time::advance(Duration::from_millis(later)).await;
                    match what {
                        0 => limiter.refused(None),
                        1 => limiter.succeeded(),
                        _ => {
                            limiter.acquire(1).await.unwrap().done();
                            times.push(started.elapsed());
                        }
                    }
                }
                times
            });
            if !times.is_empty() {
                prop_assert!(most_within(&times, Duration::from_mins(1)) <= per_minute as usize);
            }
        }
    }
}
