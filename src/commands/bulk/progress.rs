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
    match seconds {
        0..=90 => format!("{} seconds", seconds.max(1)),
        91..=5400 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours and {} minutes", seconds / 3600, (seconds % 3600).div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_words() {
        assert_eq!(words(Duration::ZERO), "1 seconds");
        assert_eq!(words(Duration::from_mins(10)), "10 minutes");
        assert_eq!(words(Duration::from_mins(95)), "1 hours and 35 minutes");
    }
}
