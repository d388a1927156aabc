//! The deadline of one exchange.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// A deadline noticed this late means that this program was suspended.
const SUSPENDED_AFTER: Duration = Duration::from_secs(1);

/// How long a suspended program then waits for an answer that has arrived meanwhile.
const GRACE: Duration = Duration::from_secs(5);

/// One deadline for all the steps of an exchange.
///
/// A program that was suspended, by Ctrl-Z, a full pager or a busy machine, finds its deadlines passed and the answers
/// waiting. It reads them: without the answer it would not know whether a request was applied.
#[derive(Debug)]
pub(super) struct Deadline {
    at: Instant,
}

impl Deadline {
    /// A deadline this long from now.
    pub(super) fn new(duration: Duration) -> Self {
        Self { at: Instant::now() + duration }
    }

    /// Returns the output of `work`; `None` when it is not ready in time.
    pub(super) async fn within<Output>(&mut self, work: impl Future<Output = Output>) -> Option<Output> {
        let mut work = pin!(work);
        loop {
            if let Ok(output) = timeout_at(self.at, &mut work).await {
                return Some(output);
            }
            let now = Instant::now();
            if now - self.at < SUSPENDED_AFTER {
                return None;
            }
            self.at = now + GRACE;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn block_on<Output>(work: impl Future<Output = Output>) -> Output {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(work)
    }

    #[test]
    fn all_steps_together_share_one_deadline() {
        block_on(async {
            let mut deadline = Deadline::new(Duration::from_secs(30));
            assert_eq!(deadline.within(ready(1)).await, Some(1));
            tokio::time::sleep(Duration::from_secs(29)).await;
            let began = Instant::now();
            assert_eq!(deadline.within(pending::<()>()).await, None);
            assert_eq!(began.elapsed(), Duration::from_secs(1));
        });
    }

    #[test]
    fn an_answer_that_came_while_the_program_was_suspended_is_read() {
        block_on(async {
            let mut deadline = Deadline::new(Duration::from_secs(30));
            // Suspended for a minute. The answer is seen a little later, because another task reads the connection.
            tokio::time::advance(Duration::from_mins(1)).await;
            let answer = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                2
            };
            assert_eq!(deadline.within(answer).await, Some(2));
            let began = Instant::now();
            assert_eq!(deadline.within(pending::<()>()).await, None);
            assert!(began.elapsed() <= GRACE);
        });
    }
}
