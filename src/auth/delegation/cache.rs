//! Saved access tokens of service accounts.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::auth::freshness::is_fresh;
use crate::platform::files;
use crate::platform::{Clock, Lock};
use crate::secret::Secret;

/// Larger than any cached token.
const LARGEST_FILE: u64 = 64 * 1024;

/// A cached access token.
#[derive(Serialize, Deserialize)]
pub(super) struct Cached {
    version: u64,
    pub(super) access_token: Secret<String>,
    #[serde(with = "time::serde::rfc3339")]
    issued_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) expires_at: OffsetDateTime,
}

/// The cached token of one key, subject and scope set.
pub(super) struct Cache {
    path: Option<PathBuf>,
    clock: Clock,
}

impl Cache {
    pub(super) fn prepare(config_directory: Option<&Path>, name: &str, clock: Clock) -> Self {
        let directory = config_directory.map(|directory| directory.join("delegated"));
        let prepared = directory.filter(|directory| {
            let made = directory
                .parent()
                .map_or(Ok(None), |parent| files::private_directory(parent, &|| false))
                .and_then(|_| files::private_directory(directory, &|| false));
            // A read-only store may still hold a token that can be used.
            made.is_ok() || (directory.is_dir() && files::check_directory(directory, &|| false).is_ok())
        });
        Self { path: prepared.map(|directory| directory.join(format!("{name}.json"))), clock }
    }

    /// The cached token while it lives.
    pub(super) fn fresh(&self) -> Option<Cached> {
        let read = files::read_private(self.path.as_ref()?, LARGEST_FILE);
        // A token that cannot be read, or is damaged, is fetched again, which needs no user.
        let file = read.inspect_err(|problem| log::info!("cannot read the cached access token: {problem}")).ok()??;
        let cached: Cached = serde_json::from_slice(&file.content).ok()?;
        is_fresh(cached.issued_at, Some(cached.expires_at), self.clock.now()).then_some(cached)
    }

    /// Waits for another process that fetches this token. One that hangs stops nobody: the lock only saves requests.
    pub(super) async fn lock(&self) -> Option<Lock> {
        Lock::acquire(&self.path.as_ref()?.with_extension("lock")).await.ok()?
    }

    /// Keeps a token whose end is known.
    pub(super) fn save(&self, token: &Secret<String>, expires_at: Option<OffsetDateTime>) -> Result<(), String> {
        let now = self.clock.now();
        let (Some(path), Some(expires_at)) = (&self.path, expires_at) else { return Ok(()) };
        let cached = Cached { version: 1, access_token: token.clone(), issued_at: now, expires_at };
        let content = serde_json::to_vec_pretty(&cached).map_err(|error| error.to_string())?;
        files::replace_private(path, &content, now).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_without_an_end_is_not_kept() {
        let home = tempfile::tempdir().unwrap();
        let clock = Clock::new(|| OffsetDateTime::UNIX_EPOCH);
        let cache = Cache::prepare(Some(&home.path().join("config")), "n", clock);
        let token = Secret::new(String::from("canary"));
        let save = |hours: Option<i64>| {
            let end = hours.map(|hours| OffsetDateTime::UNIX_EPOCH + time::Duration::hours(hours));
            cache.save(&token, end).unwrap();
        };
        save(None);
        assert!(cache.fresh().is_none());
        save(Some(1));
        assert_eq!(cache.fresh().unwrap().access_token.expose(), "canary");
        save(Some(48));
        assert!(cache.fresh().is_none(), "no token lives for two days");
    }
}
