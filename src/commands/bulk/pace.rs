//! How fast a bulk run may go: a pure decision on the times of earlier requests.

use std::collections::VecDeque;
use std::time::Duration;

/// Requests are spread a little wider than the rate says, because the server's clock and the way there add their own
/// unevenness: 2% slower costs nothing, and a refused request costs more than it would have gained.
const SPREAD: f64 = 1.02;

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

/// What a person asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// As fast as the server answers.
    Unlimited,
    /// At most so many.
    Limited {
        /// Within any minute.
        per_minute: u32,
        /// Within any hour; none when `None`.
        per_hour: Option<u32>,
    },
}

impl Rate {
    /// Under what Google allows a project: fewer than 35 new spaces a minute, and 210 an hour as far as is known.
    pub const DEFAULT: Self = Self::Limited { per_minute: 30, per_hour: Some(200) };

    /// How many requests may leave within an hour; zero where nothing says so.
    pub(super) fn hourly(self) -> usize {
        match self {
            Self::Limited { per_hour: Some(per_hour), .. } => per_hour as usize,
            Self::Limited { per_hour: None, .. } | Self::Unlimited => 0,
        }
    }

    /// The shortest time that `count` requests take.
    pub fn duration(self, count: u64) -> Duration {
        let Self::Limited { per_minute, per_hour } = self else { return Duration::ZERO };
        let after_first = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX);
        let smooth = interval(per_minute).saturating_mul(after_first);
        let hours = per_hour.map_or(0, |per_hour| after_first / per_hour);
        let in_last_hour = per_hour.map_or(0, |per_hour| after_first % per_hour);
        let hourly = Duration::from_hours(u64::from(hours)) + interval(per_minute).saturating_mul(in_last_hour);
        smooth.max(if hours > 0 { hourly } else { Duration::ZERO })
    }
}

impl std::str::FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "unlimited" {
            return Ok(Self::Unlimited);
        }
        let number = |text: &str| text.trim().parse::<u32>().ok().filter(|number| (1..=1_000_000).contains(number));
        let (minute, hour) = match text.split_once(',') {
            Some((minute, hour)) => (minute, Some(hour)),
            None => (text, None),
        };
        let wrong = || format!("{text:?} is neither PER_MINUTE[,PER_HOUR] nor unlimited");
        Ok(Self::Limited {
            per_minute: number(minute).ok_or_else(wrong)?,
            per_hour: hour.map(|hour| number(hour).ok_or_else(wrong)).transpose()?,
        })
    }
}

fn interval(per_minute: u32) -> Duration {
    Duration::from_mins(1).div_f64(f64::from(per_minute)).mul_f64(SPREAD)
}

/// Decides when the next request may leave. Times are measured from the beginning of the run.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Rate,
    /// The part of the full rate that is in use, in hundredths.
    share: u32,
    /// When requests of the last hour left, where there is an hourly limit. Before the run: in the past.
    last_hour: VecDeque<i64>,
    next: Duration,
    paused_until: Duration,
    refusals_in_a_row: u32,
}

impl Pace {
    /// A pace of `rate`; `earlier` are the ages of requests of earlier runs that still count against the hour.
    pub(super) fn new(rate: Rate, earlier: impl IntoIterator<Item = Duration>) -> Self {
        let mut last_hour: Vec<i64> = earlier.into_iter().map(|age| -milliseconds(age)).collect();
        last_hour.sort_unstable();
        Self {
            rate,
            share: 100,
            last_hour: last_hour.into(),
            next: Duration::ZERO,
            paused_until: Duration::ZERO,
            refusals_in_a_row: 0,
        }
    }

    /// How long to wait at `now` before the next request may leave; zero when it may leave now.
    pub(super) fn wait(&mut self, now: Duration) -> Duration {
        let mut earliest = self.next.max(self.paused_until);
        if let Rate::Limited { per_hour: Some(per_hour), .. } = self.rate {
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
    pub(super) fn leave(&mut self, now: Duration) {
        if let Rate::Limited { per_minute, per_hour } = self.rate {
            let step = interval(per_minute).saturating_mul(100) / self.share;
            // A little lateness is made up for, so that the rate is held; more is not: a burst is what a quota refuses.
            self.next = self.next.max(now.saturating_sub((step / 3).min(LONGEST_LATENESS))) + step;
            if per_hour.is_some() {
                self.last_hour.push_back(milliseconds(now));
            }
        }
    }

    /// The server refused a request at `now` because there were too many; `retry_after` is what it asked for.
    pub(super) fn refused(&mut self, now: Duration, retry_after: Option<Duration>) {
        let own = FIRST_PAUSE.saturating_mul(1 << self.refusals_in_a_row.min(6)).min(LONGEST_PAUSE);
        // A server may ask for no pause at all, or mean a moment that is past by this machine's clock.
        let until = now + retry_after.map_or(own, |asked| asked.max(own)).min(LONGEST_ASKED);
        // Requests that were on their way together are refused together: that is one refusal.
        if now >= self.paused_until {
            self.refusals_in_a_row = self.refusals_in_a_row.saturating_add(1);
            self.share = (self.share * AFTER_REFUSAL / 100).max(SLOWEST);
        }
        self.paused_until = self.paused_until.max(until);
    }

    /// The server answered a request.
    pub(super) fn answered(&mut self) {
        self.refusals_in_a_row = 0;
        self.share = (self.share + AFTER_SUCCESS).min(100);
    }

    /// How many requests may be on their way at once, of `most`: after refusals fewer, where no rate says how fast.
    pub(super) fn width(&self, most: usize) -> usize {
        match self.rate {
            Rate::Limited { .. } => most,
            Rate::Unlimited => (most * self.share as usize).div_ceil(100).clamp(1, most),
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

    /// Lets `count` requests leave as early as they may; gives when they did.
    fn play(pace: &mut Pace, count: usize) -> Vec<Duration> {
        let mut now = Duration::ZERO;
        let mut left = Vec::new();
        for _ in 0..count {
            loop {
                let wait = pace.wait(now);
                if wait.is_zero() {
                    break;
                }
                now += wait;
            }
            pace.leave(now);
            pace.answered();
            left.push(now);
        }
        left
    }

    fn most_within(times: &[Duration], window: Duration) -> usize {
        (0..times.len())
            .map(|first| times[first..].iter().take_while(|time| **time < times[first] + window).count())
            .max()
            .unwrap()
    }

    #[test]
    fn rates_are_read() {
        assert_eq!("30,200".parse(), Ok(Rate::DEFAULT));
        assert_eq!("60".parse(), Ok(limited(60, None)));
        assert_eq!("unlimited".parse(), Ok(Rate::Unlimited));
        for text in ["", "0", "-1", "x", "30,", "30,0", "1.5"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_is_held_to_97_percent_and_never_passed() {
        for per_minute in [1, 7, 30, 60, 1200] {
            let times = play(&mut Pace::new(limited(per_minute, None), []), per_minute as usize * 3 + 1);
            assert!(most_within(&times, Duration::from_mins(1)) <= per_minute as usize);
            let took = times.last().unwrap().as_secs_f64() / 60.0;
            let left = f64::from(u32::try_from(times.len()).unwrap());
            assert!(f64::from(per_minute) * took * 0.97 <= left, "{per_minute}");
        }
    }

    #[test]
    fn the_hour_counts_what_earlier_runs_sent() {
        let times = play(&mut Pace::new(Rate::DEFAULT, []), 450);
        assert!(most_within(&times, Duration::from_hours(1)) <= 200);
        let earlier = (0..150).map(|minute| Duration::from_secs(20 * minute));
        let times = play(&mut Pace::new(Rate::DEFAULT, earlier), 60);
        assert!(times.iter().take_while(|time| **time < Duration::from_mins(10)).count() <= 50 + 30);
        assert!(times[59] > Duration::from_mins(5));
    }

    #[test]
    fn refusals_pause_everybody_slow_down_and_are_forgotten() {
        let mut pace = Pace::new(limited(60, None), []);
        pace.leave(Duration::ZERO);
        pace.refused(Duration::ZERO, Some(Duration::from_secs(10)));
        pace.refused(Duration::ZERO, None);
        assert_eq!(pace.wait(Duration::ZERO), Duration::from_secs(10));
        assert_eq!(pace.share, AFTER_REFUSAL, "together they are one refusal");
        for _ in 0..20 {
            pace.answered();
        }
        assert_eq!(pace.share, 100);
        let mut hurried = Pace::new(Rate::Unlimited, []);
        hurried.refused(Duration::ZERO, Some(Duration::ZERO));
        assert_eq!(hurried.wait(Duration::ZERO), FIRST_PAUSE);
        let mut unlimited = Pace::new(Rate::Unlimited, []);
        assert_eq!(unlimited.width(64), 64);
        unlimited.refused(Duration::ZERO, None);
        assert_eq!(unlimited.wait(Duration::ZERO), FIRST_PAUSE);
        assert_eq!(unlimited.width(64), 45);
        unlimited.refused(Duration::from_secs(7), Some(Duration::MAX));
        assert_eq!(unlimited.wait(Duration::from_secs(7)), LONGEST_ASKED);
    }

    #[test]
    fn a_run_knows_how_long_it_will_take() {
        assert_eq!(Rate::Unlimited.duration(1000), Duration::ZERO);
        assert_eq!(limited(60, None).duration(1), Duration::ZERO);
        assert_eq!(limited(60, None).duration(61).as_secs(), 61);
        let hourly = Rate::DEFAULT.duration(300).as_secs();
        assert!((3600..3900).contains(&hourly), "{hourly}");
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_whatever_happens(
            per_minute in 1_u32..200,
            events in prop::collection::vec((0_u64..3000, 0_u8..4), 1..200),
        ) {
            let mut pace = Pace::new(limited(per_minute, None), []);
            let mut now = Duration::ZERO;
            let mut times = Vec::new();
            for (later, what) in events {
                now += Duration::from_millis(later);
                match what {
                    0 => pace.refused(now, None),
                    1 => pace.answered(),
                    _ => {
                        now += pace.wait(now);
                        pace.leave(now);
                        times.push(now);
                    }
                }
            }
            if !times.is_empty() {
                prop_assert!(most_within(&times, Duration::from_mins(1)) <= per_minute as usize);
            }
        }
    }
}
