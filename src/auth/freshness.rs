//! Whether an access token can still be used: a pure decision.

use time::{Duration, OffsetDateTime};

/// The least time that must be left, so that a token does not expire in flight.
const MARGIN: Duration = Duration::minutes(5);

/// The longest life of an access token; a record with a longer one is wrong.
const LONGEST_LIFE: Duration = Duration::hours(24);

/// How far an `issued_at` may lie ahead: clocks are set back by seconds all the time.
const CLOCK_TOLERANCE: Duration = Duration::minutes(1);

/// Whether a token issued at `issued_at` that ends at `expires_at` can be used: more than five minutes are left, or more
/// than a tenth of a life shorter than that allows.
///
/// A token whose end is unknown cannot, nor one with impossible times: issued in the future, expired before that, or
/// valid for more than a day.
pub(super) fn is_fresh(issued_at: OffsetDateTime, expires_at: Option<OffsetDateTime>, now: OffsetDateTime) -> bool {
    expires_at.is_some_and(|expires_at| {
        let life = expires_at - issued_at;
        let is_plausible = issued_at - now <= CLOCK_TOLERANCE && life > Duration::ZERO && life <= LONGEST_LIFE;
        is_plausible && expires_at - now > MARGIN.min(life / 10)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn seconds(issued_ago: i64, left: i64) -> bool {
        is_fresh(NOW - Duration::seconds(issued_ago), Some(NOW + Duration::seconds(left)), NOW)
    }

    #[test]
    fn an_ordinary_token_is_fresh_until_five_minutes_are_left() {
        assert!(seconds(0, 3599));
        assert!(seconds(3298, 301));
        assert!(!seconds(3299, 300));
        assert!(!seconds(3700, -101));
    }

    #[test]
    fn a_short_lived_token_is_used_for_nine_tenths_of_its_life() {
        assert!(seconds(0, 60));
        assert!(seconds(53, 7));
        assert!(!seconds(54, 6));
    }

    #[test]
    fn property_41_times_that_make_no_sense_are_not_believed() {
        assert!(!is_fresh(NOW, None, NOW));
        assert!(!seconds(0, 0));
        assert!(!seconds(0, -5));
        assert!(seconds(0, 24 * 3600));
        assert!(!seconds(0, 24 * 3600 + 1));
        assert!(seconds(-60, 3600));
        assert!(!seconds(-61, 3600));
    }
}
