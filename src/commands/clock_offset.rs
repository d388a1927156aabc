//! Describes how far this machine's clock is off.

/// Returns a description, as in "this machine's clock is 10 minutes behind the server's".
pub(super) fn describe_offset(offset: time::Duration) -> String {
    let direction = if offset.is_positive() { "behind" } else { "ahead of" };
    let seconds = offset.abs().whole_seconds();
    // Rounded, because servers report whole seconds and a response takes time.
    let amount = if seconds < 120 { format!("{seconds} seconds") } else { format!("{} minutes", (seconds + 30) / 60) };
    format!("this machine's clock is {amount} {direction} the server's")
}
