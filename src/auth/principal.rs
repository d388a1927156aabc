//! Who a command acts as: the account, the OAuth client and the service account key. Each is resolved once, on first
//! use, and stays the same until the command ends, whatever happens to the files meanwhile.

use std::cell::{OnceCell, RefCell};
use std::path::{Path, PathBuf};

use super::client_secrets::is_google;
use super::delegation::{Delegation, DelegationOptions};
use super::login_name::{LoginName, is_same_account};
use super::store::{CredentialStore, StoreError};
use super::{ClientSecrets, ClientSecretsError, Error, LoginNeeded, Record};

/// What was asked for, and what it was resolved to.
pub(super) struct Principal {
    /// The account of `--account`, as it was written.
    pub(super) requested: Option<String>,
    /// Where a client file is looked for, in this order.
    places: Vec<Place>,
    /// Whether the client file was named by option or variable.
    client_named: bool,
    delegation: Option<(DelegationOptions, OnceCell<Delegation>)>,
    login: RefCell<Option<LoginName>>,
}

/// A path of a client file, with the client once it was read.
struct Place {
    path: PathBuf,
    /// Whether it was named by option or variable.
    named: bool,
    /// Whether the user did not choose the file: it lies in the current directory, as in somebody's checkout.
    unchosen: bool,
    client: OnceCell<Result<ClientSecrets, ClientSecretsError>>,
}

impl Principal {
    pub(super) fn new(
        requested: Option<String>,
        (client_paths, client_named): (Vec<PathBuf>, bool),
        delegation: Option<DelegationOptions>,
    ) -> Self {
        let place = |path: PathBuf| {
            let unchosen = !client_named && path.parent() == Some(Path::new("."));
            Place { path, named: client_named, unchosen, client: OnceCell::new() }
        };
        let places = client_paths.into_iter().map(place).collect();
        let delegation = delegation.map(|options| (options, OnceCell::new()));
        Self { requested, places, client_named, delegation, login: RefCell::default() }
    }

    /// Returns the login: that of the account that was asked for, else of the one last logged in or switched to, else
    /// the only one. It is one of this command's clients where there is any.
    pub(super) fn login(&self, store: &CredentialStore) -> Result<LoginName, Error> {
        if let Some(name) = &*self.login.borrow() {
            return Ok(name.clone());
        }
        let name = match &self.requested {
            Some(account) => self.login_of(account, store)?,
            None => self.current_login(store)?,
        };
        Ok(self.login.borrow_mut().insert(name).clone())
    }

    /// Returns the login of `account` with a client of this command, else one with another client.
    pub(super) fn login_of(&self, account: &str, store: &CredentialStore) -> Result<LoginName, StoreError> {
        let mut names = store.names()?;
        names.retain(|name| is_same_account(&name.account, account));
        store.find(account, self.client_with_login(&names, store))
    }

    fn current_login(&self, store: &CredentialStore) -> Result<LoginName, Error> {
        let mut names = store.names()?;
        let client = self.client_with_login(&names, store);
        names.retain(|name| client.is_none_or(|client| store.belongs(name, client)));
        let mut accounts: Vec<String> = names.into_iter().map(|name| name.account).collect();
        accounts.dedup();
        let current = store.current();
        let current =
            accounts.iter().find(|account| current.as_ref().is_some_and(|current| is_same_account(account, current)));
        match (current, &*accounts) {
            (Some(account), _) | (None, [account]) => Ok(store.find(account, client)?),
            (None, []) => Err(LoginNeeded::NoLogin.into()),
            (None, _) => Err(LoginNeeded::Ambiguous(accounts).into()),
        }
    }

    /// Returns the first client that one of the logins was made with. A client file that cannot be used is reported where
    /// it is needed.
    fn client_with_login(&self, names: &[LoginName], store: &CredentialStore) -> Option<&ClientSecrets> {
        let mut clients = self.places.iter().filter_map(|place| place.trusted().ok().flatten());
        clients.find(|client| names.iter().any(|name| store.belongs(name, client)))
    }

    /// Makes a login, which was just saved, the one of this command.
    pub(super) fn set_login(&self, name: LoginName) {
        self.login.replace(Some(name));
    }

    /// Checks the client file that was named, whether it will be needed or not.
    pub(super) fn check_named_client(&self) -> Result<(), ClientSecretsError> {
        if self.client_named { self.client().map(|_| ()) } else { Ok(()) }
    }

    /// Returns the OAuth client for a new login.
    pub(super) fn client(&self) -> Result<&ClientSecrets, ClientSecretsError> {
        for place in &self.places {
            if let Some(client) = place.trusted()? {
                return Ok(client);
            }
        }
        Err(self.missing())
    }

    /// Returns the OAuth client for a login that a command starts by itself, in place of that of `stored`; `None` when
    /// there is only a file in the current directory, and the user is logged in with another client.
    pub(super) fn client_to_log_in(
        &self,
        stored: Option<&Record>,
        store: &CredentialStore,
    ) -> Result<Option<&ClientSecrets>, Error> {
        let names = store.names()?;
        let is_known = |client: &ClientSecrets| match stored {
            Some(record) => record.is_of_client(client),
            None => names.is_empty() || names.iter().any(|name| store.belongs(name, client)),
        };
        let mut is_missing = true;
        for place in &self.places {
            let client = match place.trusted() {
                Err(ClientSecretsError::NotNamed { .. }) if stored.is_some() => {
                    is_missing = false;
                    continue;
                }
                found => found?,
            };
            is_missing &= client.is_none();
            if let Some(client) = client.filter(|client| !place.unchosen || is_known(client)) {
                return Ok(Some(client));
            }
        }
        if is_missing { Err(self.missing().into()) } else { Ok(None) }
    }

    /// Returns the OAuth client that the login of `record` was made with; `None` when its file is in no place.
    ///
    /// A file in the current directory may name other endpoints than Google's here: its token endpoint is the one that
    /// already knows the tokens. Where it is of another client, it is passed over.
    ///
    /// # Errors
    /// [`LoginNeeded::OtherClient`] when the user has chosen another client's file.
    pub(super) fn client_of(&self, record: &Record) -> Result<Option<&ClientSecrets>, Error> {
        for place in &self.places {
            match place.client()? {
                Some(client) if record.is_of_client(client) => return Ok(Some(client)),
                Some(client) if !place.unchosen => return Err(other_client(record, client).into()),
                _ => place.trusted().map(|_| ())?,
            }
        }
        Ok(None)
    }

    /// Returns the OAuth client of the login of `record`, as [`Self::client_of`] finds it.
    ///
    /// # Errors
    /// Also when its file is in no place.
    pub(super) fn existing_client_of(&self, record: &Record) -> Result<&ClientSecrets, Error> {
        self.client_of(record)?.ok_or_else(|| match self.passed_over(record) {
            Some(client) => other_client(record, client).into(),
            None => self.missing().into(),
        })
    }

    /// Returns the client in the current directory that is not the one of `record`.
    pub(super) fn passed_over(&self, record: &Record) -> Option<&ClientSecrets> {
        let unchosen = self.places.iter().filter(|place| place.unchosen);
        let mut clients = unchosen.filter_map(|place| place.client().ok().flatten());
        clients.find(|client| !record.is_of_client(client))
    }

    /// Returns the client that an import of a login with the client `id` may use; with `None`, of any client.
    ///
    /// A file in the current directory counts only where it is of that client.
    pub(super) fn client_to_import(&self, id: Option<&str>) -> Result<Option<&ClientSecrets>, ClientSecretsError> {
        for place in &self.places {
            let found = match (place.trusted(), id) {
                (found, Some(id)) if place.unchosen => found.ok().flatten().filter(|client| client.client_id == id),
                (found, _) => found?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Returns the paths where a client file is looked for.
    pub(super) fn client_paths(&self) -> Vec<PathBuf> {
        self.places.iter().map(|place| place.path.clone()).collect()
    }

    /// Returns the error for a client file that is in no place.
    fn missing(&self) -> ClientSecretsError {
        let looked = self.client_paths();
        let mut searched = looked.iter().filter(|_| !self.client_named).filter_map(|path| path.parent());
        let beside = searched.find_map(ClientSecrets::find_in);
        ClientSecretsError::Missing { looked, beside }
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

impl Place {
    /// Returns the client in this place; `None` when there is no file. A file is read once, but one that is not there is
    /// looked for again, because a login that is imported brings one.
    fn client(&self) -> Result<Option<&ClientSecrets>, ClientSecretsError> {
        let found = match self.client.get() {
            Some(found) => found,
            None => match self.load() {
                Err(ClientSecretsError::Missing { .. }) => return Ok(None),
                found => self.client.get_or_init(|| found),
            },
        };
        found.as_ref().map(Some).map_err(Clone::clone)
    }

    fn load(&self) -> Result<ClientSecrets, ClientSecretsError> {
        // A pipe is read only when it was named: nobody may be at its other end.
        if !self.named && self.path.exists() && !self.path.is_file() && !self.path.is_dir() {
            let cause = String::from("it is not a regular file");
            return Err(ClientSecretsError::Unreadable { path: self.path.clone(), cause });
        }
        ClientSecrets::load(&self.path)
    }

    /// Returns the client in this place for any use: a file that the user has not chosen must name Google's endpoints.
    fn trusted(&self) -> Result<Option<&ClientSecrets>, ClientSecretsError> {
        match self.client()? {
            Some(client) if self.unchosen && !is_google(&client.token_endpoint) => {
                let origin = client.token_endpoint.origin();
                Err(ClientSecretsError::NotNamed { path: self.path.clone(), origin })
            }
            client => Ok(client),
        }
    }
}

/// The error for a login whose client is not `client`.
fn other_client(record: &Record, client: &ClientSecrets) -> LoginNeeded {
    let given = client.token_endpoint.to_string();
    let (stored, given) = if record.client_id == client.client_id {
        (&record.token_endpoint, &given)
    } else {
        (&record.client_id, &client.client_id)
    };
    LoginNeeded::OtherClient { account: record.email.clone(), stored: stored.clone(), given: given.clone() }
}
