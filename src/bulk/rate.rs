//! The rate of a run.

use std::time::Duration;

use crate::platform::sanitise::quoted;

/// Requests are 2% further apart than the rate says, since the network and the server's clock add jitter, and a refused
/// request costs more than that.
pub(super) const SPREAD: f64 = 1.02;

/// The maximum rate of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// As fast as the server answers.
    Unlimited,
    /// A limited number of requests.
    Limited {
        /// Within any minute.
        per_minute: u32,
        /// Within any hour, if that is limited.
        per_hour: Option<u32>,
    },
}

impl Rate {
    /// Less than Google allows a project: fewer than 35 new spaces a minute and, as far as is known, 210 an hour.
    pub const DEFAULT: Self = Self::Limited { per_minute: 30, per_hour: Some(200) };

    /// Returns the hourly limit; 0 if there is none.
    pub fn hourly(self) -> usize {
        if let Self::Limited { per_hour: Some(per_hour), .. } = self { per_hour as usize } else { 0 }
    }

    /// Returns the shortest time that `count` requests take.
    pub fn duration(self, count: u64) -> Duration {
        let Self::Limited { per_minute, per_hour } = self else { return Duration::ZERO };
        let after_first = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX);
        let smooth = interval(per_minute).saturating_mul(after_first);
        let Some(per_hour) = per_hour else { return smooth };
        let in_last_hour = interval(per_minute).saturating_mul(after_first % per_hour);
        smooth.max(Duration::from_hours(u64::from(after_first / per_hour)) + in_last_hour)
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
        let wrong = || format!("{} is neither PER_MINUTE[,PER_HOUR] nor unlimited", quoted(text));
        Ok(Self::Limited {
            per_minute: number(minute).ok_or_else(wrong)?,
            per_hour: hour.map(|hour| number(hour).ok_or_else(wrong)).transpose()?,
        })
    }
}

/// Returns the time between two requests.
pub(super) fn interval(per_minute: u32) -> Duration {
    Duration::from_mins(1).div_f64(f64::from(per_minute)).mul_f64(SPREAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        assert_eq!("30,200".parse(), Ok(Rate::DEFAULT));
        assert_eq!("60".parse(), Ok(Rate::Limited { per_minute: 60, per_hour: None }));
        assert_eq!("unlimited".parse(), Ok(Rate::Unlimited));
        for text in ["", "0", "-1", "x", "30,", "30,0", "1.5"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_run_knows_how_long_it_will_take() {
        assert_eq!(Rate::Unlimited.duration(1000), Duration::ZERO);
        let sixty = Rate::Limited { per_minute: 60, per_hour: None };
        assert_eq!(sixty.duration(1), Duration::ZERO);
        assert_eq!(sixty.duration(61).as_secs(), 61);
        let hourly = Rate::DEFAULT.duration(300).as_secs();
        assert!((3600..3900).contains(&hourly), "{hourly}");
    }
}
