//! The progress of a run, for people.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Messages;

/// The time between two frames of the bar.
const FRAME: Duration = Duration::from_millis(200);

/// A pause is announced again if it ends this much later. Requests in flight, which are refused one after the other, extend
/// it by less.
const EXTENSION: Duration = Duration::from_secs(5);

/// The time after which the speed is meaningful.
const ENOUGH: Duration = Duration::from_secs(3);

/// A progress bar on standard error.
pub(super) struct Progress {
    bar: ProgressBar,
    started: Instant,
    total: Option<u64>,
    pub(super) ended: u64,
    pub(super) failed: u64,
    /// Until when all rows wait for quota.
    paused_until: Option<Instant>,
}

impl Progress {
    pub(super) fn new(total: Option<u64>, visible: bool) -> Self {
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = if total.is_some() { "{bar:12} {wide_msg}" } else { "{wide_msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if visible {
            Messages::share_with(&bar);
        }
        Self { bar, started: Instant::now(), total, ended: 0, failed: 0, paused_until: None }
    }

    /// Returns the time until the bar is drawn again.
    pub(super) fn frame(&self) -> Duration {
        if self.bar.is_hidden() { Duration::MAX } else { FRAME }
    }

    pub(super) fn show(&self) {
        self.bar.set_position(self.ended);
        self.bar.set_message(self.describe(Instant::now()));
        self.bar.tick();
    }

    /// Shows that all rows wait for quota. Returns whether to print it: the bar is hidden, and the pause is new or longer.
    pub(super) fn pause(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let last = self.paused_until.replace(until);
        self.bar.is_hidden() && last.is_none_or(|last| last + EXTENSION < until)
    }

    /// Calls `write` while the bar is removed.
    pub(super) fn without<Output>(&self, write: impl FnOnce() -> Output) -> Output {
        self.bar.suspend(write)
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn describe(&self, now: Instant) -> String {
        let position = self.total.map_or_else(String::new, |total| format!("/{total}"));
        let mut parts = vec![format!("{}{position}", self.ended)];
        let elapsed = now.duration_since(self.started);
        let pause = self.paused_until.and_then(|until| until.checked_duration_since(now));
        if let Some(pause) = pause.filter(|pause| pause.as_secs() > 0) {
            parts.push(format!("waiting for quota ({})", approximate(pause)));
        } else if elapsed >= ENOUGH && self.ended > 0 {
            let each = elapsed.div_f64(f64::from(u32::try_from(self.ended).unwrap_or(u32::MAX)));
            let speed = each.as_secs_f64().recip();
            parts.push(if speed < 0.1 { format!("{:.1}/min", speed * 60.0) } else { format!("{speed:.1}/s") });
            if let Some(rest) = self.total.map(|total| total.saturating_sub(self.ended)).filter(|rest| *rest > 0) {
                let left = each.saturating_mul(u32::try_from(rest).unwrap_or(u32::MAX));
                parts.push(format!("about {} left", approximate(left)));
            }
        }
        if self.failed > 0 {
            parts.push(format!("{} failed", self.failed));
        }
        parts.join("  ")
    }
}

/// Returns a duration rounded for people.
pub fn approximate(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let minutes = seconds.div_ceil(60);
    match seconds {
        0..=90 => format!("{} s", seconds.max(1)),
        91..=5400 => format!("{minutes} min"),
        _ if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// Returns a number with its noun.
pub fn pluralize(number: impl TryInto<u64>, unit: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_for_people() {
        assert_eq!(approximate(Duration::ZERO), "1 s");
        assert_eq!(approximate(Duration::from_mins(10)), "10 min");
        assert_eq!(approximate(Duration::from_mins(95)), "1 h 35 min");
        assert_eq!(approximate(Duration::from_hours(2) - Duration::from_secs(1)), "2 h");
    }

    #[test]
    fn a_bar_says_how_far_how_fast_and_how_long() {
        let mut progress = Progress { ended: 8, ..Progress::new(Some(200), false) };
        let after = |progress: &Progress, seconds| progress.describe(progress.started + Duration::from_secs(seconds));
        assert_eq!(after(&progress, 1), "8/200", "too early to tell");
        assert_eq!(after(&progress, 10), "8/200  0.8/s  about 4 min left");
        assert_eq!(after(&progress, 120), "8/200  4.0/min  about 48 min left");
        progress.total = None;
        assert_eq!(after(&progress, 10), "8  0.8/s");
        progress.paused_until = Some(progress.started + Duration::from_secs(40));
        progress.failed = 2;
        assert_eq!(after(&progress, 10), "8  waiting for quota (30 s)  2 failed");
    }
}
