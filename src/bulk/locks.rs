//! Locks that let rows of the same name run one after the other, up to one that fails for a time: the next run tries that
//! again, and would undo what the rows after it did, or do it twice.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// A lock for each name.
#[derive(Debug, Default)]
pub(super) struct Locks {
    locks: RefCell<HashMap<String, Arc<Mutex<()>>>>,
    /// The rows that are to be tried again, by name.
    failed: RefCell<HashMap<String, u64>>,
}

impl Locks {
    /// Waits until no other row holds the lock of this name.
    ///
    /// # Errors
    /// The number of the row of this name that is to be tried again.
    pub(super) async fn lock(&self, name: &str) -> Result<OwnedMutexGuard<()>, u64> {
        let lock = {
            let mut locks = self.locks.borrow_mut();
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(name.to_owned()).or_default())
        };
        let guard = lock.lock_owned().await;
        self.failed.borrow().get(name).map_or(Ok(guard), |row| Err(*row))
    }

    /// Lets no further row of this name run, because this one is to be tried again.
    pub(super) fn fail(&self, name: String, row: u64) {
        self.failed.borrow_mut().insert(name, row);
    }
}
