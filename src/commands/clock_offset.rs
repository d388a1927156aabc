//! How far this machine's clock is off, for people.

/// As in "this machine's clock is 10 minutes behind the server's".
pub(super) fn describe_offset(offset: time::Duration) -> String {
    let direction = if offset.is_positive() { "behind" } else { "ahead of" };
    let seconds = offset.abs().whole_seconds();
    // Rounded: servers tell whole seconds, and an answer takes its time.
    let amount = if seconds < 120 { format!("{seconds} seconds") } else { format!("{} minutes", (seconds + 30) / 60) };
    format!("this machine's clock is {amount} {direction} the server's")
}
