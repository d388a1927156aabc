//! Lets requests leave no faster than the rate, and no more of them at once than the width.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

use super::rate::{Rate, SPREAD, interval};

/// How much lateness is made up for at most: with this much less between the first and the last request of a minute
/// they are still more than a minute apart, thanks to the spread.
const LONGEST_LATENESS: Duration = Duration::from_millis(300);

/// To how much of the present rate a refusal lowers it, and how much of the full rate each success gives back, in
/// hundredths.
const AFTER_REFUSAL: u32 = 70;
const AFTER_SUCCESS: u32 = 2;

/// The slowest that refusals make a run, in hundredths of the full rate.
const SLOWEST: u32 = 5;

/// How long a pause after a refusal without `Retry-After` is at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The longest pause that a server may ask for: no quota of the API's has a longer window.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// Decides when each request of a run may leave.
#[derive(Debug)]
pub struct RateLimiter {
    rate: Rate,
    concurrency: usize,
    started: Instant,
    state: RefCell<State>,
    /// Those who wait, in the order in which they came.
    turnstile: Mutex<()>,
    changed: Notify,
}

/// Times are measured from the start of the run.
#[derive(Debug)]
struct State {
    /// The part of the full rate that is in use, in hundredths.
    share: u32,
    /// When requests of the last hour left, where there is an hourly limit. Before the run: in the past.
    last_hour: VecDeque<i64>,
    next: Duration,
    paused_until: Duration,
    refusals_in_a_row: u32,
    in_flight: usize,
    /// Whether a request has been answered: until then the first one goes alone, and makes the connection of all.
    answered: bool,
    closed: bool,
}

/// A request that may leave now. Until it is dropped it counts as in flight.
#[derive(Debug)]
pub struct Permit<'a>(&'a RateLimiter);

impl Permit<'_> {
    /// The request has an answer, or never will.
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
    /// A limiter of `rate`; `earlier` are the ages of requests of earlier runs that still count against the hour.
    pub fn new(rate: Rate, concurrency: usize, earlier: impl IntoIterator<Item = Duration>) -> Self {
        let mut last_hour: Vec<i64> = earlier.into_iter().map(|age| -milliseconds(age)).collect();
        last_hour.sort_unstable();
        let state = State {
            share: 100,
            last_hour: last_hour.into(),
            next: Duration::ZERO,
            paused_until: Duration::ZERO,
            refusals_in_a_row: 0,
            in_flight: 0,
            answered: false,
            closed: false,
        };
        let (turnstile, changed) = (Mutex::new(()), Notify::new());
        Self {
            rate,
            concurrency: concurrency.max(1),
            started: Instant::now(),
            state: RefCell::new(state),
            turnstile,
            changed,
        }
    }

    /// Waits until a request may leave; `None` once the limiter is closed. Whoever came first leaves first.
    pub async fn acquire(&self) -> Option<Permit<'_>> {
        let _turn = self.turnstile.lock().await;
        loop {
            let wait = {
                let now = self.started.elapsed();
                let mut state = self.state.borrow_mut();
                if state.closed {
                    return None;
                }
                let wait = state.wait(self.rate, now);
                let room = state.in_flight < state.width(self.rate, self.concurrency);
                if room && wait.is_zero() {
                    state.leave(self.rate, now);
                    state.in_flight += 1;
                    return Some(Permit(self));
                }
                room.then_some(wait)
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            }
        }
    }

    /// The server refused a request because there were too many; `retry_after` is what it asked for.
    pub fn refused(&self, retry_after: Option<Duration>) {
        self.state.borrow_mut().refused(self.started.elapsed(), retry_after);
        self.changed.notify_one();
    }

    /// The server did what a request asked for.
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

    /// How long the pause after a refusal still lasts.
    pub fn pause(&self) -> Duration {
        self.state.borrow().paused_until.saturating_sub(self.started.elapsed())
    }
}

impl State {
    /// How long to wait at `now` before the next request may leave; zero when it may leave now.
    fn wait(&mut self, rate: Rate, now: Duration) -> Duration {
        let mut earliest = self.next.max(self.paused_until);
        if let Rate::Limited { per_hour: Some(per_hour), .. } = rate {
            let hour = milliseconds(Duration::from_hours(1).mul_f64(SPREAD));
            while self.last_hour.front().is_some_and(|left| *left <= milliseconds(now) - hour) {
                self.last_hour.pop_front();
            }
            let limit = per_hour as usize;
            if self.last_hour.len() >= limit
                && let Some(oldest) = self.last_hour.get(self.last_hour.len() - limit)
            {
                let free = u64::try_from((oldest + hour).max(0)).unwrap_or(0);
                earliest = earliest.max(Duration::from_millis(free));
            }
        }
        earliest.saturating_sub(now)
    }

    /// A request leaves at `now`.
    fn leave(&mut self, rate: Rate, now: Duration) {
        if let Rate::Limited { per_minute, per_hour } = rate {
            let step = interval(per_minute).saturating_mul(100) / self.share;
            // A little lateness is made up for, so that the rate is held; more is not: a burst is what a quota refuses.
            self.next = self.next.max(now.saturating_sub((step / 3).min(LONGEST_LATENESS))) + step;
            if per_hour.is_some() {
                self.last_hour.push_back(milliseconds(now));
            }
        }
    }

    fn refused(&mut self, now: Duration, retry_after: Option<Duration>) {
        let own = FIRST_PAUSE.saturating_mul(1 << self.refusals_in_a_row.min(6)).min(LONGEST_PAUSE);
        // A server may ask for no pause at all, or mean a moment that is past by this machine's clock.
        let until = now + retry_after.map_or(own, |asked| asked.max(own)).min(LONGEST_ASKED);
        // Requests that were in flight together are refused together: that is one refusal.
        if now >= self.paused_until {
            self.refusals_in_a_row = self.refusals_in_a_row.saturating_add(1);
            self.share = (self.share * AFTER_REFUSAL / 100).max(SLOWEST);
        }
        self.paused_until = self.paused_until.max(until);
    }

    /// How many requests may be in flight at once: after refusals fewer, where no rate says how fast.
    fn width(&self, rate: Rate, concurrency: usize) -> usize {
        match rate {
            _ if !self.answered => 1,
            Rate::Limited { .. } => concurrency,
            Rate::Unlimited => (concurrency * self.share as usize).div_ceil(100).clamp(1, concurrency),
        }
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
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
    fn play(rate: Rate, earlier: impl IntoIterator<Item = Duration>, count: usize) -> Vec<Duration> {
        paused(async {
            let limiter = RateLimiter::new(rate, 4, earlier);
            let mut left = Vec::new();
            for _ in 0..count {
                limiter.acquire().await.unwrap().done();
                limiter.succeeded();
                left.push(limiter.started.elapsed());
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
            let times = play(limited(per_minute, None), [], per_minute as usize * 3 + 1);
            assert!(most_within(&times, Duration::from_mins(1)) <= per_minute as usize);
            let took = times.last().unwrap().as_secs_f64() / 60.0;
            let left = f64::from(u32::try_from(times.len()).unwrap());
            assert!(f64::from(per_minute) * took * 0.97 <= left, "{per_minute}");
        }
    }

    #[test]
    fn the_hour_counts_what_earlier_runs_sent() {
        let times = play(Rate::DEFAULT, [], 450);
        assert!(most_within(&times, Duration::from_hours(1)) <= 200);
        let earlier = (0..150).map(|minute| Duration::from_secs(20 * minute));
        let times = play(Rate::DEFAULT, earlier, 60);
        assert!(times.iter().take_while(|time| **time < Duration::from_mins(10)).count() <= 50 + 30);
        assert!(times[59] > Duration::from_mins(5));
    }

    #[test]
    fn refusals_pause_everybody_slow_down_and_are_forgotten() {
        paused(async {
            let limiter = RateLimiter::new(limited(60, None), 8, []);
            limiter.acquire().await.unwrap().done();
            limiter.refused(Some(Duration::from_secs(10)));
            limiter.refused(None);
            assert_eq!(limiter.pause(), Duration::from_secs(10));
            assert_eq!(limiter.state.borrow().share, AFTER_REFUSAL, "together they are one refusal");
            let before = Instant::now();
            limiter.acquire().await.unwrap().done();
            assert_eq!(before.elapsed(), Duration::from_secs(10));
            for _ in 0..20 {
                limiter.succeeded();
            }
            assert_eq!(limiter.state.borrow().share, 100);
            for (asked, expected) in
                [(Some(Duration::ZERO), FIRST_PAUSE), (None, FIRST_PAUSE * 2), (Some(Duration::MAX), LONGEST_ASKED)]
            {
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
            while let Ok(permit) = tokio::time::timeout(Duration::from_millis(1), limiter.acquire()).await {
                permits.push(permit.unwrap());
            }
            permits.len()
        };
        paused(async {
            let limiter = RateLimiter::new(Rate::Unlimited, 64, []);
            assert_eq!(room(&limiter).await, 1);
            drop(limiter.acquire().await);
            assert_eq!(room(&limiter).await, 1, "one that never left was no first one");
            limiter.acquire().await.unwrap().done();
            assert_eq!(room(&limiter).await, 64);
            limiter.refused(None);
            tokio::time::advance(FIRST_PAUSE).await;
            assert_eq!(room(&limiter).await, 45);
        });
    }

    #[test]
    fn whoever_waits_first_leaves_first_and_a_closed_limiter_lets_nobody_wait() {
        paused(async {
            let limiter = RateLimiter::new(limited(60, None), 8, []);
            limiter.acquire().await.unwrap().done();
            let order = RefCell::new(Vec::new());
            let wait = async |number: u32| {
                let left = limiter.acquire().await.is_some();
                order.borrow_mut().push((number, left, limiter.started.elapsed().as_secs()));
            };
            let close = async {
                tokio::time::sleep(Duration::from_millis(2500)).await;
                limiter.close();
            };
            tokio::join!(wait(1), wait(2), wait(3), wait(4), close);
            assert_eq!(order.into_inner(), [(1, true, 1), (2, true, 2), (3, false, 2), (4, false, 2)]);
        });
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_whatever_happens(
            per_minute in 1_u32..200,
            events in prop::collection::vec((0_u64..3000, 0_u8..4), 1..200),
        ) {
            let times = paused(async {
                let limiter = RateLimiter::new(limited(per_minute, None), 4, []);
                let mut times = Vec::new();
                for (later, what) in events {
                    tokio::time::advance(Duration::from_millis(later)).await;
                    match what {
                        0 => limiter.refused(None),
                        1 => limiter.succeeded(),
                        _ => {
                            limiter.acquire().await.unwrap().done();
                            times.push(limiter.started.elapsed());
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
