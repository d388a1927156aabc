//! The files of OAuth clients, and which of them a command uses.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};

use super::login_name::LoginName;
use super::store::CredentialStore;
use super::{ClientSecrets, ClientSecretsError, Error, LoginNeeded, Record};

/// The places where a client file is looked for, in this order.
pub(super) struct ClientFiles {
    places: Vec<Place>,
    /// Whether the client file was named by option or variable.
    pub(super) named: bool,
    /// Whether the user was warned of another project's file.
    pub(super) warned: Cell<bool>,
}

/// A path of a client file, with the client once it was read.
struct Place {
    path: PathBuf,
    /// Whether it was named by option or variable.
    named: bool,
    /// Whether the file was only found in the current directory, which may be somebody else's checkout.
    found_here: bool,
    client: OnceCell<Result<ClientSecrets, ClientSecretsError>>,
}

impl ClientFiles {
    pub(super) fn new(paths: Vec<PathBuf>, named: bool) -> Self {
        let place = |path: PathBuf| {
            let found_here = !named && path.parent() == Some(Path::new("."));
            Place { path, named, found_here, client: OnceCell::new() }
        };
        Self { places: paths.into_iter().map(place).collect(), named, warned: Cell::default() }
    }

    /// Returns the first client that one of the logins was made with. A client file that cannot be used is reported where
    /// it is needed.
    pub(super) fn with_saved_login(&self, names: &[LoginName], store: &CredentialStore) -> Option<&ClientSecrets> {
        let mut clients = self.places.iter().filter_map(|place| place.trusted().ok().flatten());
        clients.find(|client| names.iter().any(|name| store.belongs(name, client)))
    }

    /// Checks that the login of `record` is one that a command chooses among.
    ///
    /// # Errors
    /// [`LoginNeeded::OtherClient`] when there are logins of the client in the current directory, and it is none of them.
    pub(super) fn check_selectable(&self, record: &Record, store: &CredentialStore) -> Result<(), Error> {
        match self.with_saved_login(&store.names()?, store) {
            Some(client) if !record.is_of_client(client) => Err(other_client(record, client).into()),
            _ => Ok(()),
        }
    }

    /// Checks the client file that was named, even if it is not needed.
    pub(super) fn check_named(&self) -> Result<(), ClientSecretsError> {
        if self.named { self.for_new_login().map(|_| ()) } else { Ok(()) }
    }

    /// Returns the OAuth client for a new login.
    pub(super) fn for_new_login(&self) -> Result<&ClientSecrets, ClientSecretsError> {
        for place in &self.places {
            if let Some(client) = place.trusted()? {
                return Ok(client);
            }
        }
        Err(self.missing())
    }

    /// Returns the OAuth client for a login that a command starts by itself, in place of that of `stored`; `None` when
    /// there is only a file in the current directory, and the user is logged in with another client.
    pub(super) fn for_implicit_login(
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
            if let Some(client) = client.filter(|client| !place.found_here || is_known(client)) {
                return Ok(Some(client));
            }
        }
        if is_missing { Err(self.missing().into()) } else { Ok(None) }
    }

    /// Returns the OAuth client that the login of `record` was made with; `None` when its file is not found.
    ///
    /// A file in the current directory may name other endpoints than Google's here: its token endpoint is the one that
    /// already knows the tokens. One of another client, or one that cannot be used, is passed over.
    ///
    /// # Errors
    /// [`LoginNeeded::OtherClient`] when the user has chosen another client's file, and when the file that was named is
    /// missing.
    pub(super) fn for_record(&self, record: &Record) -> Result<Option<&ClientSecrets>, Error> {
        for place in &self.places {
            match place.client() {
                Ok(Some(client)) if record.is_of_client(client) => return Ok(Some(client)),
                _ if place.found_here => {}
                Ok(Some(client)) => return Err(other_client(record, client).into()),
                found => found.map(|_| ())?,
            }
        }
        if self.named { Err(self.missing().into()) } else { Ok(None) }
    }

    /// Returns the OAuth client of the login of `record`, as [`Self::for_record`] finds it.
    ///
    /// # Errors
    /// Also when its file is not found.
    pub(super) fn require_for_record(&self, record: &Record) -> Result<&ClientSecrets, Error> {
        self.for_record(record)?.ok_or_else(|| {
            if let Some(error) = self.places.iter().find_map(|place| place.trusted().err()) {
                return error.into();
            }
            match self.ignored_client(record) {
                Some(client) => other_client(record, client).into(),
                None => self.missing().into(),
            }
        })
    }

    /// Returns the client in the current directory that is not the one of `record`.
    pub(super) fn ignored_client(&self, record: &Record) -> Option<&ClientSecrets> {
        let found_here = self.places.iter().filter(|place| place.found_here);
        let mut clients = found_here.filter_map(|place| place.client().ok().flatten());
        clients.find(|client| !record.is_of_client(client))
    }

    /// Returns the client that an import of a login with the client `id` may use; with `None`, of any client.
    ///
    /// A file in the current directory counts only where it is of that client.
    pub(super) fn for_import(&self, id: Option<&str>) -> Result<Option<&ClientSecrets>, ClientSecretsError> {
        for place in &self.places {
            let found = match (place.trusted(), id) {
                (found, Some(id)) if place.found_here => found.ok().flatten().filter(|client| client.client_id == id),
                (found, _) => found?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Returns the paths where a client file is looked for.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.places.iter().map(|place| place.path.clone()).collect()
    }

    /// Returns the error for a client file that is not found.
    fn missing(&self) -> ClientSecretsError {
        let searched = self.paths();
        let mut directories = searched.iter().filter(|_| !self.named).filter_map(|path| path.parent());
        let other_file = directories.find_map(ClientSecrets::find_in);
        ClientSecretsError::Missing { searched, other_file }
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
        // Reading a pipe could block forever, so it must be named.
        if !self.named && self.path.exists() && !self.path.is_file() && !self.path.is_dir() {
            let cause = String::from("it is not a regular file");
            return Err(ClientSecretsError::Unreadable { path: self.path.clone(), cause });
        }
        ClientSecrets::load(&self.path)
    }

    /// Returns the client in this place for any use: one that was only found must name Google's endpoints.
    fn trusted(&self) -> Result<Option<&ClientSecrets>, ClientSecretsError> {
        let client = self.client()?;
        let foreign = client.filter(|_| self.found_here).and_then(ClientSecrets::foreign_endpoint);
        let not_named = |endpoint: String| ClientSecretsError::NotNamed { path: self.path.clone(), endpoint };
        foreign.map_or(Ok(client), |endpoint| Err(not_named(endpoint.to_string())))
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
