//! Quotas of the API, counted in sliding windows on the emulator's clock.

use std::collections::{HashMap, VecDeque};
use std::str::FromStr;

use time::{Duration, OffsetDateTime};

use super::invalid_option::{InvalidOption, one_of};

/// Number of counters above which expired ones are dropped for the first time.
const COUNTERS: usize = 1000;

/// Google's limits for the Chat API, or smaller ones: `NAME=NUMBER/SECONDSs[,…]`.
///
/// | NAME | what it counts | Google's |
/// |---|---|---|
/// | `spaceWrites` | setup, create, patch, delete | `60/60s` |
/// | `spaceReads` | get, list, findDirectMessage | `3000/60s` |
/// | `membershipWrites` | members.create, members.delete | `300/60s` |
/// | `membershipReads` | members.get, members.list | `3000/60s` |
/// | `newSpaces` | named spaces and group chats created | `34/60s` |
/// | `newSpacesHourly` | the same | `210/3600s` |
/// | `readsPerSpace` | get, members.get, members.list of one space | `15/1s` |
/// | `writesPerSpace` | patch and delete of one space | `1/1s` |
///
/// Limits that are not named keep Google's values; `NAME=NUMBER` keeps Google's window, `NAME=off` removes the limit,
/// and `google` changes nothing. Google's answer is not fully known, so two more settings choose it:
/// `retry-after=none` (the default), `header`, `info` (`RetryInfo` in the body) or `both`, and `answer=full` (the
/// default: `ErrorInfo` for project limits) or `bare`.
///
/// ```
/// use chatauth::emulator::Quota;
/// assert!("spaceWrites=20/1s,newSpaces=off,retry-after=header".parse::<Quota>().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The limits; a metric without one is not limited.
    limits: HashMap<Metric, Limit>,
    pub(super) header: bool,
    pub(super) info: bool,
    pub(super) bare: bool,
}

/// A quota metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Metric {
    SpaceWrites,
    SpaceReads,
    MembershipWrites,
    MembershipReads,
    NewSpaces,
    NewSpacesHourly,
    ReadsPerSpace,
    WritesPerSpace,
}

/// A number of calls in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) number: usize,
    window: Duration,
}

/// The limit that was reached, and how long until it admits a call again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exceeded {
    pub(super) metric: Metric,
    pub(super) limit: Limit,
    pub(super) wait: Duration,
}

const NAMES: [(&str, Metric, usize, i64); 8] = [
    ("spaceWrites", Metric::SpaceWrites, 60, 60),
    ("spaceReads", Metric::SpaceReads, 3000, 60),
    ("membershipWrites", Metric::MembershipWrites, 300, 60),
    ("membershipReads", Metric::MembershipReads, 3000, 60),
    // "Fewer than 35".
    ("newSpaces", Metric::NewSpaces, 34, 60),
    ("newSpacesHourly", Metric::NewSpacesHourly, 210, 3600),
    ("readsPerSpace", Metric::ReadsPerSpace, 15, 1),
    ("writesPerSpace", Metric::WritesPerSpace, 1, 1),
];

impl Limit {
    fn new(number: usize, seconds: i64) -> Self {
        Self { number, window: Duration::seconds(seconds) }
    }
}

impl Metric {
    fn per_space(self) -> bool {
        matches!(self, Self::ReadsPerSpace | Self::WritesPerSpace)
    }
}

impl Default for Quota {
    /// Google's limits.
    fn default() -> Self {
        let limits = NAMES.map(|(_, metric, number, seconds)| (metric, Limit::new(number, seconds))).into();
        Self { limits, header: false, info: false, bare: false }
    }
}

impl FromStr for Quota {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        let mut quota = Self::default();
        for item in text.split(',').filter(|item| *item != "google") {
            let (name, value) = item
                .split_once('=')
                .ok_or_else(|| InvalidOption::new(format!("`{item}` is not NAME=NUMBER/SECONDSs")))?;
            match name {
                "retry-after" => {
                    let choice: u8 = one_of(value, &[("none", 0), ("header", 1), ("info", 2), ("both", 3)])?;
                    (quota.header, quota.info) = (choice & 1 != 0, choice & 2 != 0);
                }
                "answer" => quota.bare = one_of(value, &[("full", false), ("bare", true)])?,
                _ => quota.set(name, value)?,
            }
        }
        Ok(quota)
    }
}

impl Quota {
    fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidOption> {
        let (metric, usual) = one_of(name, &NAMES.map(|(name, metric, _, seconds)| (name, (metric, seconds))))?;
        if value == "off" {
            self.limits.remove(&metric);
            return Ok(());
        }
        let (number, window) = match value.split_once('/') {
            None => (value, Some(usual)),
            Some((number, window)) => (number, window.strip_suffix('s').and_then(|window| window.parse().ok())),
        };
        let window = window.filter(|window| (1..=86_400).contains(window));
        let (Ok(number), Some(window)) = (number.parse(), window) else {
            return Err(InvalidOption::new(format!("`{value}` is not a limit such as 20/1s, 20 or off")));
        };
        self.limits.insert(metric, Limit::new(number, window));
        Ok(())
    }

    fn limit(&self, metric: Metric) -> Option<Limit> {
        self.limits.get(&metric).copied()
    }
}

/// The times of the calls that were admitted.
#[derive(Debug, Default)]
pub(super) struct Usage {
    counters: HashMap<(Metric, String), VecDeque<OffsetDateTime>>,
    /// How many counters were left when expired ones were dropped last.
    left: usize,
}

impl Usage {
    /// Counts a call towards all `metrics`, or towards none if one of them is used up.
    pub(super) fn count(
        &mut self,
        quota: &Quota,
        metrics: &[Metric],
        space: &str,
        now: OffsetDateTime,
    ) -> Result<(), Exceeded> {
        let key = |metric: Metric| (metric, if metric.per_space() { space.to_owned() } else { String::new() });
        let limited: Vec<(Metric, Limit)> =
            metrics.iter().filter_map(|metric| Some((*metric, quota.limit(*metric)?))).collect();
        for (metric, limit) in &limited {
            let counter = self.counters.entry(key(*metric)).or_default();
            while counter.front().is_some_and(|first| *first + limit.window <= now) {
                counter.pop_front();
            }
            if counter.len() >= limit.number {
                let first = counter.get(counter.len() - limit.number.max(1).min(counter.len()));
                let wait = first.map_or(limit.window, |first| *first + limit.window - now);
                return Err(Exceeded { metric: *metric, limit: *limit, wait });
            }
        }
        for (metric, _) in limited {
            self.counters.entry(key(metric)).or_default().push_back(now);
        }
        // Only when their number has doubled, so that a call does not look at all of them.
        if self.counters.len() > COUNTERS.max(2 * self.left) {
            self.counters.retain(|_, times| times.back().is_some_and(|last| *last + Duration::HOUR > now));
            self.left = self.counters.len();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap() + Duration::seconds(seconds)
    }

    #[test]
    fn the_window_slides() {
        let quota: Quota = "spaceWrites=2/10s".parse().unwrap();
        let mut usage = Usage::default();
        let mut take = |seconds| usage.count(&quota, &[Metric::SpaceWrites], "", at(seconds));
        assert_eq!(take(0), Ok(()));
        assert_eq!(take(4), Ok(()));
        assert_eq!(take(7).unwrap_err().wait, Duration::seconds(3));
        // The one that was refused does not count.
        assert_eq!(take(10), Ok(()));
        assert_eq!(take(13).unwrap_err().wait, Duration::seconds(1));
        assert_eq!(take(14), Ok(()));
    }

    #[test]
    fn a_call_counts_everywhere_or_nowhere() {
        let quota: Quota = "newSpaces=1/10s,newSpacesHourly=2".parse().unwrap();
        let both = [Metric::NewSpacesHourly, Metric::NewSpaces];
        let mut usage = Usage::default();
        assert!(usage.count(&quota, &both, "", at(0)).is_ok());
        assert_eq!(usage.count(&quota, &both, "", at(1)).unwrap_err().metric, Metric::NewSpaces);
        assert!(usage.count(&quota, &both, "", at(10)).is_ok());
        let exceeded = usage.count(&quota, &both, "", at(20)).unwrap_err();
        assert_eq!((exceeded.metric, exceeded.wait), (Metric::NewSpacesHourly, Duration::seconds(3580)));
    }

    #[test]
    fn spaces_are_counted_apart() {
        let mut usage = Usage::default();
        let mut take = |space| usage.count(&Quota::default(), &[Metric::WritesPerSpace], space, at(0));
        assert!(take("A").is_ok());
        assert!(take("B").is_ok());
        assert!(take("A").is_err());
    }

    #[test]
    fn limits_are_read_strictly() {
        let quota: Quota = "google,spaceReads=off,newSpaces=0,retry-after=both,answer=bare".parse().unwrap();
        assert_eq!(quota.limit(Metric::SpaceReads), None);
        assert_eq!(quota.limit(Metric::NewSpaces), Some(Limit { number: 0, window: Duration::seconds(60) }));
        assert_eq!(quota.limit(Metric::SpaceWrites).unwrap().number, 60);
        assert!(quota.header && quota.info && quota.bare);
        let header: Quota = "retry-after=header".parse().unwrap();
        assert!(header.header && !header.info);
        assert!(Usage::default().count(&quota, &[Metric::NewSpaces], "", at(0)).is_err());
        for text in ["", "spaceWrites", "writes=1", "spaceWrites=x", "spaceWrites=1/1", "spaceWrites=1/0s", "answer=no"]
        {
            assert!(text.parse::<Quota>().is_err(), "{text}");
        }
    }
}
