//! The saved logins: listing, switching and logging out.

use std::path::PathBuf;

use super::client_secrets::project_number;
use super::login_name::{LoginName, is_same_account};
use super::{Error, LoginNeeded, Record, Revocation, Session};

impl Session {
    /// Returns the accounts that are logged in, with any client.
    pub fn accounts(&self) -> Result<Vec<String>, Error> {
        let mut accounts: Vec<String> = self.logins()?.into_iter().map(|name| name.account).collect();
        accounts.dedup();
        Ok(accounts)
    }

    /// Returns all logins. An account has one for each client that it logged in with.
    pub fn logins(&self) -> Result<Vec<LoginName>, Error> {
        Ok(self.store.names()?)
    }

    /// Returns the login of this command: that of the account that was asked for, else of the one last logged in or
    /// switched to, else the only one. It is one of this command's clients where there is any.
    ///
    /// # Errors
    /// [`Error::LoginNeeded`] when there is no login, or no way to choose among several.
    pub fn login(&self) -> Result<LoginName, Error> {
        if let Some(name) = &*self.login.borrow() {
            return Ok(name.clone());
        }
        let name = match &self.requested {
            Some(account) => self.login_for(account)?,
            None => self.current_login()?,
        };
        Ok(self.login.borrow_mut().insert(name).clone())
    }

    fn current_login(&self) -> Result<LoginName, Error> {
        let (accounts, current) = self.selectable_accounts()?;
        match (current.as_ref(), &*accounts) {
            (Some(account), _) | (None, [account]) => self.login_for(account),
            (None, []) => Err(LoginNeeded::NoLogin.into()),
            (None, _) => Err(LoginNeeded::Ambiguous(accounts).into()),
        }
    }

    /// Returns the login of `account` with a client of this command, else one with another client, the current one first.
    pub fn login_for(&self, account: &str) -> Result<LoginName, Error> {
        let mut names = self.store.names()?;
        names.retain(|name| is_same_account(&name.account, account));
        Ok(self.store.find(account, self.clients.with_saved_login(&names, &self.store))?)
    }

    /// Returns the record of a login.
    pub fn read(&self, name: &LoginName) -> Result<Option<Record>, Error> {
        Ok(self.store.read(name)?)
    }

    /// Returns the record of the login of `account`, chosen as by [`Session::login_for`].
    pub fn record(&self, account: &str) -> Result<Option<Record>, Error> {
        self.read(&self.login_for(account)?)
    }

    /// The record of a login, which must be there.
    pub(super) fn require_record(&self, name: &LoginName) -> Result<Record, Error> {
        Ok(self.read(name)?.ok_or_else(|| LoginNeeded::NoSuchAccount(name.to_string()))?)
    }

    /// Returns the accounts that a command without `--account` chooses among: those with a login of its client where there
    /// is any. Then the one of them that was last logged in or switched to.
    pub fn selectable_accounts(&self) -> Result<(Vec<String>, Option<String>), Error> {
        let mut names = self.store.names()?;
        let client = self.clients.with_saved_login(&names, &self.store);
        names.retain(|name| client.is_none_or(|client| self.store.belongs(name, client)));
        let mut accounts: Vec<String> = names.into_iter().map(|name| name.account).collect();
        accounts.dedup();
        let current = self.store.current().map(|current| current.account);
        let is_current = |account: &&String| current.as_ref().is_some_and(|current| is_same_account(account, current));
        let current = accounts.iter().find(is_current).cloned();
        Ok((accounts, current))
    }

    /// The file of a login, for messages.
    pub fn location(&self, name: &LoginName) -> PathBuf {
        self.store.location(name)
    }

    /// Makes `account`, which must be logged in, the current one. Returns its name as it was saved.
    pub fn switch(&self, account: &str) -> Result<String, Error> {
        let name = self.login_for(account)?;
        let record = self.require_record(&name)?;
        self.check_client(&record)?;
        self.clients.check_selectable(&record, &self.store)?;
        self.store.set_current(Some(&name))?;
        Ok(name.account)
    }

    /// Returns the other logins that end when the grant of `record` is revoked: Google revokes that of a whole project.
    pub fn logins_of_same_grant(&self, record: &Record) -> Result<Vec<Record>, Error> {
        let project = project_number(&record.client_id);
        let is_other = |other: &Record| {
            other.sub == record.sub
                && other.client_id != record.client_id
                && project.is_some()
                && project_number(&other.client_id) == project
        };
        Ok(self.logins()?.iter().filter_map(|name| self.read(name).ok().flatten()).filter(is_other).collect())
    }

    /// Revokes the grant of a login at the authorization server, with the refresh token that a refresh in flight brings.
    ///
    /// # Errors
    /// Whenever the grant may still exist. The record is untouched either way.
    pub async fn revoke(&self, name: &LoginName) -> Result<Revocation, Error> {
        self.require_record(name)?;
        let _lock = self.store.lock(name).await?;
        let record = self.require_record(name)?;
        let client = self.clients.require_for_record(&record)?;
        self.token_endpoint(client).revoke(&record.refresh_token).await
    }

    /// Deletes a login from this machine.
    ///
    /// # Errors
    /// There is none, or its record cannot be used: that is kept, because a newer chatauth may have written it, or the user
    /// may repair it.
    pub async fn forget(&self, name: &LoginName) -> Result<(), Error> {
        self.require_record(name)?;
        let _lock = self.store.lock(name).await?;
        let is_last = self.logins()?.iter().filter(|login| login.account == name.account).count() == 1;
        let is_current =
            |current: LoginName| current == *name || is_last && is_same_account(&current.account, &name.account);
        if self.store.current().is_some_and(is_current) {
            self.store.set_current(None)?;
        }
        Ok(self.store.remove(name)?)
    }
}
