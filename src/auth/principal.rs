//! Who a command acts as: the account, the OAuth client and the service account key. Each is resolved once, on first
//! use, and stays the same until the command ends, whatever happens to the files meanwhile.

use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};

use super::client_secrets::is_google;
use super::delegation::{Delegation, DelegationOptions};
use super::login_name::LoginName;
use super::store::CredentialStore;
use super::{ClientSecrets, ClientSecretsError, Error, LoginNeeded};

/// What was asked for, and what it was resolved to.
pub(super) struct Principal {
    /// The account of `--account`, as it was written.
    pub(super) requested: Option<String>,
    /// Where the client file is looked for, in this order.
    pub(super) client_paths: Vec<PathBuf>,
    /// Whether the client file was named, and does not merely lie where one is looked for.
    client_named: bool,
    delegation: Option<(DelegationOptions, OnceCell<Delegation>)>,
    login: RefCell<Option<LoginName>>,
    client: OnceCell<Result<ClientSecrets, ClientSecretsError>>,
}

impl Principal {
    pub(super) fn new(
        requested: Option<String>,
        (client_paths, client_named): (Vec<PathBuf>, bool),
        delegation: Option<DelegationOptions>,
    ) -> Self {
        let delegation = delegation.map(|options| (options, OnceCell::new()));
        Self { requested, client_paths, client_named, delegation, login: RefCell::default(), client: OnceCell::new() }
    }

    /// The login: that of the account that was asked for, else of the one last logged in or switched to, else the only one.
    /// It is one of this command's client where there is any.
    pub(super) fn login(&self, store: &CredentialStore) -> Result<LoginName, Error> {
        if let Some(name) = &*self.login.borrow() {
            return Ok(name.clone());
        }
        // A client file that cannot be used is reported where it is needed.
        let client = self.client_if_present().ok().flatten();
        let name = match &self.requested {
            Some(account) => store.find(account, client)?,
            None => stored_login(store, client)?,
        };
        Ok(self.login.borrow_mut().insert(name).clone())
    }

    /// Makes a login, which was just saved, the one of this command.
    pub(super) fn set_login(&self, name: LoginName) {
        self.login.replace(Some(name));
    }

    /// Checks the client file that was named, whether it will be needed or not.
    pub(super) fn check_named_client(&self) -> Result<(), ClientSecretsError> {
        if self.client_named { self.client().map(|_| ()) } else { Ok(()) }
    }

    /// The OAuth client. Its file is read once; only one that is not there is looked for again, because a login that is
    /// imported brings one.
    pub(super) fn client(&self) -> Result<&ClientSecrets, ClientSecretsError> {
        let found = match self.client.get() {
            Some(found) => found,
            None => match self.find_client() {
                Err(missing @ ClientSecretsError::Missing { .. }) => return Err(missing),
                found => self.client.get_or_init(|| found),
            },
        };
        found.as_ref().map_err(Clone::clone)
    }

    /// The OAuth client; `None` when there is no file.
    pub(super) fn client_if_present(&self) -> Result<Option<&ClientSecrets>, ClientSecretsError> {
        match self.client() {
            Ok(client) => Ok(Some(client)),
            Err(ClientSecretsError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn find_client(&self) -> Result<ClientSecrets, ClientSecretsError> {
        for path in &self.client_paths {
            // A pipe is read only when it was named: nobody may be at its other end.
            if !self.client_named && path.exists() && !path.is_file() && !path.is_dir() {
                let cause = String::from("it is not a regular file");
                return Err(ClientSecretsError::Unreadable { path: path.clone(), cause });
            }
            match ClientSecrets::load(path) {
                Err(ClientSecretsError::Missing { .. }) => {}
                Ok(client) => return self.trusted(client),
                Err(error) => return Err(error),
            }
        }
        let looked = self.client_paths.clone();
        let mut searched = looked.iter().filter(|_| !self.client_named).filter_map(|path| path.parent());
        let beside = searched.find_map(ClientSecrets::find_in);
        Err(ClientSecretsError::Missing { looked, beside })
    }

    /// A file in the current directory may be anybody's, as in a checkout: it may lead to Google and to nobody else.
    fn trusted(&self, client: ClientSecrets) -> Result<ClientSecrets, ClientSecretsError> {
        let in_current_directory = client.path.parent().is_some_and(|parent| parent == Path::new("."));
        if !self.client_named && in_current_directory && !is_google(&client.token_endpoint) {
            let origin = client.token_endpoint.origin();
            return Err(ClientSecretsError::NotNamed { path: client.path, origin });
        }
        Ok(client)
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

fn stored_login(store: &CredentialStore, client: Option<&ClientSecrets>) -> Result<LoginName, Error> {
    let names = store.names()?;
    let belongs = |name: &LoginName| client.is_none_or(|client| store.belongs(name, client));
    let current = store.current().map(|current| store.find(&current, client)).transpose()?;
    let current = current.filter(|name| names.contains(name));
    let own = || names.iter().filter(|name| belongs(name)).cloned().collect::<Vec<_>>();
    let own = match &current {
        Some(name) if belongs(name) => return Ok(name.clone()),
        _ => own(),
    };
    let candidates = match current {
        Some(name) if own.is_empty() => return Ok(name),
        _ if own.is_empty() => names,
        _ => own,
    };
    let mut accounts: Vec<String> = candidates.iter().map(|name| name.account.clone()).collect();
    accounts.dedup();
    match &*accounts {
        [] => Err(LoginNeeded::NoLogin.into()),
        [account] => Ok(store.find(account, client)?),
        _ => Err(LoginNeeded::Ambiguous(accounts).into()),
    }
}
