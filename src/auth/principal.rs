//! Who a command acts as: the account, the OAuth client and the service account key. Each is resolved once, on first
//! use, and stays the same until the command ends, even if the files change.

use std::cell::{OnceCell, RefCell};

use super::client_files::ClientFiles;
use super::delegation::{Delegation, DelegationOptions};
use super::login_name::{LoginName, is_same_account};
use super::store::{CredentialStore, StoreError};
use super::{Error, LoginNeeded};

/// What was asked for, and what it was resolved to.
pub(super) struct Principal {
    /// The account of `--account`, as it was written.
    pub(super) requested: Option<String>,
    /// Where the OAuth client comes from.
    pub(super) clients: ClientFiles,
    delegation: Option<(DelegationOptions, OnceCell<Delegation>)>,
    login: RefCell<Option<LoginName>>,
}

impl Principal {
    pub(super) fn new(requested: Option<String>, clients: ClientFiles, delegation: Option<DelegationOptions>) -> Self {
        let delegation = delegation.map(|options| (options, OnceCell::new()));
        Self { requested, clients, delegation, login: RefCell::default() }
    }

    /// Returns the login: that of the account that was asked for, else of the one last logged in or switched to, else
    /// the only one. It is one of this command's clients where there is any.
    pub(super) fn login(&self, store: &CredentialStore) -> Result<LoginName, Error> {
        if let Some(name) = &*self.login.borrow() {
            return Ok(name.clone());
        }
        let name = match &self.requested {
            Some(account) => self.login_for(account, store)?,
            None => self.current_login(store)?,
        };
        Ok(self.login.borrow_mut().insert(name).clone())
    }

    /// Returns the login of `account` with a client of this command, else one with another client.
    pub(super) fn login_for(&self, account: &str, store: &CredentialStore) -> Result<LoginName, StoreError> {
        let mut names = store.names()?;
        names.retain(|name| is_same_account(&name.account, account));
        store.find(account, self.clients.with_saved_login(&names, store))
    }

    /// Returns the accounts that a command chooses among: those with a login of its client where there is any. Then the
    /// one of them that was last logged in or switched to.
    pub(super) fn accounts(&self, store: &CredentialStore) -> Result<(Vec<String>, Option<String>), StoreError> {
        let mut names = store.names()?;
        let client = self.clients.with_saved_login(&names, store);
        names.retain(|name| client.is_none_or(|client| store.belongs(name, client)));
        let mut accounts: Vec<String> = names.into_iter().map(|name| name.account).collect();
        accounts.dedup();
        let current = store.current();
        let is_current = |account: &&String| current.as_ref().is_some_and(|current| is_same_account(account, current));
        let current = accounts.iter().find(is_current).cloned();
        Ok((accounts, current))
    }

    fn current_login(&self, store: &CredentialStore) -> Result<LoginName, Error> {
        let (accounts, current) = self.accounts(store)?;
        match (current.as_ref(), &*accounts) {
            (Some(account), _) | (None, [account]) => Ok(self.login_for(account, store)?),
            (None, []) => Err(LoginNeeded::NoLogin.into()),
            (None, _) => Err(LoginNeeded::Ambiguous(accounts).into()),
        }
    }

    /// Makes a login, which was just saved, the one of this command.
    pub(super) fn set_login(&self, name: LoginName) {
        self.login.replace(Some(name));
    }

    /// Whether a service account acts.
    pub(super) fn is_delegated(&self) -> bool {
        self.delegation.is_some()
    }

    /// The service account that acts, with its key; `None` where none was named.
    pub(super) fn delegation(&self) -> Result<Option<&Delegation>, Error> {
        let Some((options, loaded)) = &self.delegation else { return Ok(None) };
        if let Some(delegation) = loaded.get() {
            return Ok(Some(delegation));
        }
        let delegation = Delegation::load(options)?;
        Ok(Some(loaded.get_or_init(|| delegation)))
    }
}
