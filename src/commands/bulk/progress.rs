//! How far a run is, on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::results::Counts;
use crate::commands::Context;

/// A progress bar on a terminal, nothing elsewhere.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn new(context: &Context, total: Option<u64>) -> Self {
        if context.messages.is_quiet() || !context.settings.terminals.stderr || !context.settings.animations {
            return Self(None);
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = match total {
            Some(_) => "{bar:30} {pos}/{len}  {per_sec}  {eta} left  {msg}",
            None => "{spinner} {pos}  {per_sec}  {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(Some(bar))
    }

    pub(super) fn show(&self, counts: Counts) {
        if let Some(bar) = &self.0 {
            bar.set_position(counts.done + counts.existing + counts.skipped + counts.failed);
            if counts.failed > 0 {
                bar.set_message(format!("{} failed", counts.failed));
            }
        }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// A duration as people say it.
pub(super) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let minutes = seconds.div_ceil(60);
    match seconds {
        0..=90 => count(seconds.max(1), "second"),
        91..=5400 => count(minutes, "minute"),
        _ if minutes.is_multiple_of(60) => count(minutes / 60, "hour"),
        _ => format!("{} and {}", count(minutes / 60, "hour"), count(minutes % 60, "minute")),
    }
}

/// So many of something.
pub(super) fn count(number: u64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_words() {
        assert_eq!(words(Duration::ZERO), "1 second");
        assert_eq!(words(Duration::from_mins(10)), "10 minutes");
        assert_eq!(words(Duration::from_mins(95)), "1 hour and 35 minutes");
        assert_eq!(words(Duration::from_hours(2) - Duration::from_secs(1)), "2 hours");
    }
}
