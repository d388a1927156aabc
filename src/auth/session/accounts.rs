//! Which accounts are logged in, and which one is meant.

use std::path::PathBuf;

use super::{Session, same_client};
use crate::auth::delegation::Delegation;
use crate::auth::{Error, LoginNeeded, Record, Revocation};

impl Session {
    /// The accounts that are logged in.
    pub fn accounts(&self) -> Result<Vec<String>, Error> {
        Ok(self.store.accounts()?)
    }

    /// The stored login of `account`.
    pub fn record(&self, account: &str) -> Result<Option<Record>, Error> {
        Ok(self.store.read(account)?)
    }

    /// The account that a command would use: the one that was asked for, the one last logged in or switched to, the
    /// only one.
    pub fn chosen_account(&self) -> Result<Result<String, LoginNeeded>, Error> {
        if let Some(account) = &self.account {
            return Ok(Ok(account.to_lowercase()));
        }
        let accounts = self.store.accounts()?;
        let current = self.store.current().map(|current| current.to_lowercase());
        if let Some(current) = current.filter(|current| accounts.contains(current)) {
            return Ok(Ok(current));
        }
        let mut accounts = accounts.into_iter();
        Ok(match (accounts.next(), accounts.next()) {
            (None, _) => Err(LoginNeeded::NoLogin),
            (Some(only), None) => Ok(only),
            (Some(first), Some(second)) => {
                Err(LoginNeeded::Ambiguous([first, second].into_iter().chain(accounts).collect()))
            }
        })
    }

    /// Where the login of `account` is kept, for messages.
    pub fn location(&self, account: &str) -> PathBuf {
        self.store.location(account)
    }

    /// Whether the service account's key, where one was named, can be used. Nothing is sent.
    pub fn check_delegation(&self) -> Result<(), Error> {
        self.delegation.as_ref().map_or(Ok(()), |options| Delegation::load(options).map(drop))
    }

    /// Makes `account`, which must be logged in, the one that commands use.
    pub fn switch(&self, account: &str) -> Result<(), Error> {
        let account = account.to_lowercase();
        self.store.read(&account)?.ok_or_else(|| LoginNeeded::NoSuchAccount(account.clone()))?;
        Ok(self.store.set_current(Some(&account))?)
    }

    /// Revokes the grant of `account` at the authorization server.
    ///
    /// # Errors
    /// Whenever it is not known to be gone; the record is untouched either way.
    pub async fn revoke(&self, account: &str) -> Result<Revocation, Error> {
        let record = self.store.read(account)?.ok_or_else(|| LoginNeeded::NoSuchAccount(account.to_owned()))?;
        let (client, _) = self.client()?;
        same_client(&record, &client)?;
        self.token_endpoint(&client).revoke(&record.refresh_token).await
    }

    /// Forgets the login of `account`.
    ///
    /// # Errors
    /// A record that cannot be used is left alone: it may be a newer program's, or be repaired.
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
