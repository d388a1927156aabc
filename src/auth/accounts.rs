//! The logins on this machine: which there are, and how one becomes current or goes.

use std::path::PathBuf;

use super::session::same_client;
use super::{Error, LoginNeeded, Record, Revocation, Session};

impl Session {
    /// The accounts that are logged in.
    pub fn accounts(&self) -> Result<Vec<String>, Error> {
        Ok(self.store.accounts()?)
    }

    /// The stored login of `account`.
    pub fn record(&self, account: &str) -> Result<Option<Record>, Error> {
        Ok(self.store.read(account)?)
    }

    /// The stored login of `account`, which must be there.
    pub(super) fn existing_record(&self, account: &str) -> Result<Record, Error> {
        Ok(self.store.read(account)?.ok_or_else(|| LoginNeeded::NoSuchAccount(account.to_owned()))?)
    }

    /// The account of this command: the one that was asked for, else the one last logged in or switched to, else the
    /// only one.
    ///
    /// # Errors
    /// [`Error::LoginNeeded`] when there is no login, or no way to choose among several.
    pub fn account(&self) -> Result<String, Error> {
        self.principal.account(&self.store)
    }

    /// The account that was asked for, else the one last logged in or switched to, never a guess.
    pub fn chosen_account(&self) -> Result<Option<String>, Error> {
        if let Some(account) = &self.principal.requested {
            return Ok(Some(account.to_lowercase()));
        }
        let accounts = self.store.accounts()?;
        Ok(self.store.current().map(|account| account.to_lowercase()).filter(|account| accounts.contains(account)))
    }

    /// The file of the login of `account`, for messages.
    pub fn location(&self, account: &str) -> PathBuf {
        self.store.location(account)
    }

    /// Makes `account`, which must be logged in, the current one.
    pub fn switch(&self, account: &str) -> Result<(), Error> {
        let account = account.to_lowercase();
        self.existing_record(&account)?;
        Ok(self.store.set_current(Some(&account))?)
    }

    /// Revokes the grant of `account` at the authorization server.
    ///
    /// # Errors
    /// Whenever the grant may still exist. The record is untouched either way.
    pub async fn revoke(&self, account: &str) -> Result<Revocation, Error> {
        let record = self.existing_record(account)?;
        let client = self.client()?;
        same_client(&record, client)?;
        self.token_endpoint(client).revoke(&record.refresh_token).await
    }

    /// Deletes the login of `account` from this machine.
    ///
    /// # Errors
    /// A record that cannot be used is left alone: a newer program may have written it, or a person may repair it.
    pub async fn forget(&self, account: &str) -> Result<(), Error> {
        let _lock = self.store.lock(account).await?;
        self.store.read(account)?;
        self.store.remove(account)?;
        if self.store.current().is_some_and(|current| current.eq_ignore_ascii_case(account)) {
            self.store.set_current(None)?;
        }
        Ok(())
    }
}
