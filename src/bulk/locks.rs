//! Locks that let rows of the same name run one after the other.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// A lock for each name.
#[derive(Debug, Default)]
pub(super) struct Locks(RefCell<HashMap<String, Arc<Mutex<()>>>>);

impl Locks {
    /// Waits until no other row holds the lock of this name.
    pub(super) async fn lock(&self, name: String) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.borrow_mut();
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(name).or_default())
        };
        lock.lock_owned().await
    }
}
