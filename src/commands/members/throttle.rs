//! Keeps writes of memberships under Google's quota.

use std::time::Duration;

use tokio::time::Instant;

use crate::bulk::Rate;

/// Under the 300 writes of memberships a minute that Google allows a project.
pub(super) const BULK_RATE: Rate = Rate::Limited { per_minute: 250, per_hour: None };

/// The time between two writes: Google allows a project 300 membership writes a minute.
const BETWEEN_WRITES: Duration = Duration::from_millis(200);

/// Spaces out writes so that they stay under the quota.
#[derive(Debug, Default)]
pub(in crate::commands) struct WriteThrottle(Option<Instant>);

impl WriteThrottle {
    /// Waits until the next write may begin.
    pub(in crate::commands) async fn wait(&mut self) {
        if let Some(next) = self.0 {
            tokio::time::sleep_until(next).await;
        }
        self.0 = Some(Instant::now() + BETWEEN_WRITES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn writes_stay_under_three_hundred_a_minute() {
        let started = Instant::now();
        let mut throttle = WriteThrottle::default();
        for _ in 0..300 {
            throttle.wait().await;
        }
        assert!(started.elapsed() >= Duration::from_millis(59_800), "{:?}", started.elapsed());
        // Somebody who adds one member does not wait.
        let started = Instant::now();
        WriteThrottle::default().wait().await;
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
}
