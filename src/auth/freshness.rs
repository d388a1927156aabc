//! Whether an access token can still be used: a pure decision.

use time::{Duration, OffsetDateTime};

/// The least time that must be left, so that a token does not expire in flight.
const MARGIN: Duration = Duration::minutes(5);

/// The longest life of an access token; a record with a longer one is wrong.
const LONGEST_LIFE: Duration = Duration::hours(24);

/// How far an `issued_at` may lie ahead: clocks are set back by seconds all the time.
const CLOCK_TOLERANCE: Duration = Duration::minutes(1);

/// The answer, with its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Can be used.
    Fresh,
    /// Ends within the margin, or has ended.
    Expiring,
    /// Its end is not known.
    NoExpiry,
    /// Its times are impossible: issued in the future, expired before that, or valid for more than a day.
    Implausible,
}

/// Decides for a token made at `issued_at` that ends at `expires_at`.
///
/// Fresh means that more than five minutes are left, or more than a tenth of a life shorter than that allows.
pub(super) fn freshness(
    issued_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Freshness {
    let Some(expires_at) = expires_at else { return Freshness::NoExpiry };
    let life = expires_at - issued_at;
    if issued_at - now > CLOCK_TOLERANCE || life <= Duration::ZERO || life > LONGEST_LIFE {
        return Freshness::Implausible;
    }
    if expires_at - now > MARGIN.min(life / 10) { Freshness::Fresh } else { Freshness::Expiring }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn seconds(issued_ago: i64, left: i64) -> Freshness {
        freshness(NOW - Duration::seconds(issued_ago), Some(NOW + Duration::seconds(left)), NOW)
    }

    #[test]
    fn an_ordinary_token_is_fresh_until_five_minutes_are_left() {
        assert_eq!(seconds(0, 3599), Freshness::Fresh);
        assert_eq!(seconds(3298, 301), Freshness::Fresh);
        assert_eq!(seconds(3299, 300), Freshness::Expiring);
        assert_eq!(seconds(3700, -101), Freshness::Expiring);
    }

    #[test]
    fn a_short_lived_token_is_used_for_nine_tenths_of_its_life() {
        assert_eq!(seconds(0, 60), Freshness::Fresh);
        assert_eq!(seconds(53, 7), Freshness::Fresh);
        assert_eq!(seconds(54, 6), Freshness::Expiring);
    }

    #[test]
    fn property_41_times_that_make_no_sense_are_not_believed() {
        assert_eq!(freshness(NOW, None, NOW), Freshness::NoExpiry);
        assert_eq!(seconds(0, 0), Freshness::Implausible);
        assert_eq!(seconds(0, -5), Freshness::Implausible);
        assert_eq!(seconds(0, 24 * 3600), Freshness::Fresh);
        assert_eq!(seconds(0, 24 * 3600 + 1), Freshness::Implausible);
        assert_eq!(seconds(-60, 3600), Freshness::Fresh);
        assert_eq!(seconds(-61, 3600), Freshness::Implausible);
    }
}
