//! How long an answer is waited for.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// From when on a deadline that is noticed late was missed by the program rather than by the server.
const LATE: Duration = Duration::from_secs(1);

/// How long a program that was held up then looks for an answer that has come meanwhile.
const GRACE: Duration = Duration::from_secs(5);

/// A limit on all the steps of one exchange together.
///
/// A program that was held up, by Ctrl-Z, a pager that nobody scrolls or a machine that is busy, finds its deadlines
/// passed and the answers waiting. They are not thrown away: whether a request was applied would not be known.
#[derive(Debug)]
pub(super) struct Limit {
    deadline: Instant,
}

impl Limit {
    /// A limit that ends so long from now.
    pub(super) fn new(limit: Duration) -> Self {
        Self { deadline: Instant::now() + limit }
    }

    /// What `work` comes to; `None` when that takes too long.
    pub(super) async fn within<Output>(&mut self, work: impl Future<Output = Output>) -> Option<Output> {
        let mut work = pin!(work);
        loop {
            if let Ok(output) = timeout_at(self.deadline, &mut work).await {
                return Some(output);
            }
            let now = Instant::now();
            if now - self.deadline < LATE {
                return None;
            }
            self.deadline = now + GRACE;
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
    fn all_steps_together_have_one_limit() {
        block_on(async {
            let mut limit = Limit::new(Duration::from_secs(30));
            assert_eq!(limit.within(ready(1)).await, Some(1));
            tokio::time::sleep(Duration::from_secs(29)).await;
            let began = Instant::now();
            assert_eq!(limit.within(pending::<()>()).await, None);
            assert_eq!(began.elapsed(), Duration::from_secs(1));
        });
    }

    #[test]
    fn an_answer_that_came_while_the_program_was_held_up_is_taken() {
        block_on(async {
            let mut limit = Limit::new(Duration::from_secs(30));
            // Held up for a minute; what has come is seen a little later, as a connection is read by another task.
            tokio::time::advance(Duration::from_mins(1)).await;
            let answer = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                2
            };
            assert_eq!(limit.within(answer).await, Some(2));
            let began = Instant::now();
            assert_eq!(limit.within(pending::<()>()).await, None);
            assert!(began.elapsed() <= GRACE);
        });
    }
}
