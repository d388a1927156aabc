//! Relative times, such as "2 hours ago".

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const MONTH: u64 = 30 * DAY;
const YEAR: u64 = 365 * DAY;

/// Returns the time from `now` to `then`, a time in RFC 3339, in its largest unit, such as "2 hours ago" or "in 5 minutes";
/// `None` for any other text.
pub(super) fn relative(then: &str, now: OffsetDateTime) -> Option<String> {
    let then = OffsetDateTime::parse(then, &Rfc3339).ok()?;
    let seconds = (now - then).whole_seconds();
    let distance = seconds.unsigned_abs();
    // Clocks differ by some seconds, so a new resource can seem to be created in the future.
    if distance < MINUTE {
        return Some(String::from("just now"));
    }
    let (count, unit) = match distance {
        ..HOUR => (distance / MINUTE, "minute"),
        HOUR..DAY => (distance / HOUR, "hour"),
        DAY..MONTH => (distance / DAY, "day"),
        MONTH..YEAR => (distance / MONTH, "month"),
        _ => (distance / YEAR, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    Some(if seconds > 0 { format!("{count} {unit}{plural} ago") } else { format!("in {count} {unit}{plural}") })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_largest_unit_is_said() {
        let now = datetime!(2026-06-15 12:00:00 UTC);
        for (then, expected) in [
            ("2026-06-15T11:59:30Z", "just now"),
            ("2026-06-15T12:00:30.5Z", "just now"),
            ("2026-06-15T11:59:00Z", "1 minute ago"),
            ("2026-06-15T13:00:00+02:00", "1 hour ago"),
            ("2026-06-15T09:59:00Z", "2 hours ago"),
            ("2026-06-14T12:00:00Z", "1 day ago"),
            ("2026-05-17T12:00:00Z", "29 days ago"),
            ("2026-05-01T12:00:00.123456Z", "1 month ago"),
            ("2025-06-16T12:00:00Z", "12 months ago"),
            ("1999-01-01T00:00:00Z", "27 years ago"),
            ("2026-06-15T12:05:00Z", "in 5 minutes"),
        ] {
            assert_eq!(relative(then, now).as_deref(), Some(expected), "{then}");
        }
        assert_eq!(relative("yesterday", now), None);
    }
}
