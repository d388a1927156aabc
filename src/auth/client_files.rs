//! The files of OAuth clients, and which of them a command uses.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};

use super::client_secrets::{is_google, project_number};
use super::login_name::LoginName;
use super::store::CredentialStore;
use super::{ClientSecrets, ClientSecretsError, Error, LoginNeeded, Record, Session};

/// The places where a client file is looked for, in this order.
pub(super) struct ClientFiles {
    places: Vec<Place>,
    /// Whether the client file was named by option or variable.
    named: bool,
    /// Whether [`Session::name_project`] has warned.
    told: Cell<bool>,
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

impl ClientFiles {
    pub(super) fn new(paths: Vec<PathBuf>, named: bool) -> Self {
        let place = |path: PathBuf| {
            let unchosen = !named && path.parent() == Some(Path::new("."));
            Place { path, named, unchosen, client: OnceCell::new() }
        };
        Self { places: paths.into_iter().map(place).collect(), named, told: Cell::default() }
    }

    /// Returns the first client that one of the logins was made with. A client file that cannot be used is reported where
    /// it is needed.
    pub(super) fn with_login(&self, names: &[LoginName], store: &CredentialStore) -> Option<&ClientSecrets> {
        let mut clients = self.places.iter().filter_map(|place| place.trusted().ok().flatten());
        clients.find(|client| names.iter().any(|name| store.belongs(name, client)))
    }

    /// Checks the client file that was named, whether it will be needed or not.
    pub(super) fn check_named(&self) -> Result<(), ClientSecretsError> {
        if self.named { self.for_login().map(|_| ()) } else { Ok(()) }
    }

    /// Returns the OAuth client for a new login.
    pub(super) fn for_login(&self) -> Result<&ClientSecrets, ClientSecretsError> {
        for place in &self.places {
            if let Some(client) = place.trusted()? {
                return Ok(client);
            }
        }
        Err(self.missing())
    }

    /// Returns the OAuth client for a login that a command starts by itself, in place of that of `stored`; `None` when
    /// there is only a file in the current directory, and the user is logged in with another client.
    pub(super) fn to_log_in(
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
    pub(super) fn of(&self, record: &Record) -> Result<Option<&ClientSecrets>, Error> {
        for place in &self.places {
            match place.client()? {
                Some(client) if record.is_of_client(client) => return Ok(Some(client)),
                Some(client) if !place.unchosen => return Err(other_client(record, client).into()),
                _ => place.trusted().map(|_| ())?,
            }
        }
        Ok(None)
    }

    /// Returns the OAuth client of the login of `record`, as [`Self::of`] finds it.
    ///
    /// # Errors
    /// Also when its file is in no place.
    pub(super) fn existing_of(&self, record: &Record) -> Result<&ClientSecrets, Error> {
        self.of(record)?.ok_or_else(|| match self.passed_over(record) {
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
    pub(super) fn to_import(&self, id: Option<&str>) -> Result<Option<&ClientSecrets>, ClientSecretsError> {
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
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.places.iter().map(|place| place.path.clone()).collect()
    }

    /// Returns the error for a client file that is in no place.
    fn missing(&self) -> ClientSecretsError {
        let looked = self.paths();
        let mut searched = looked.iter().filter(|_| !self.named).filter_map(|path| path.parent());
        let beside = searched.find_map(ClientSecrets::find_in);
        ClientSecretsError::Missing { looked, beside }
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

impl Session {
    /// Returns the OAuth client of this command: that of its login, else the one for a new login.
    pub fn client(&self) -> Result<&ClientSecrets, Error> {
        match self.login().and_then(|name| self.existing_record(&name)) {
            Ok(record) if self.given.is_none() && !self.principal.is_delegated() => {
                self.principal.clients.existing_of(&record)
            }
            _ => self.client_for_login(),
        }
    }

    /// Returns the OAuth client for a new login.
    pub fn client_for_login(&self) -> Result<&ClientSecrets, Error> {
        Ok(self.principal.clients.for_login()?)
    }

    /// Returns the OAuth client that refreshes the login of `record`.
    pub fn client_to_refresh(&self, record: &Record) -> Result<&ClientSecrets, Error> {
        self.principal.clients.existing_of(record).map_err(|error| match error {
            Error::ClientSecrets(ClientSecretsError::Missing { looked, .. }) => {
                LoginNeeded::NoClient { account: record.email.clone(), looked }.into()
            }
            other => other,
        })
    }

    /// Checks that the user has not chosen another client than the one that the login of `record` belongs to.
    pub fn check_client(&self, record: &Record) -> Result<(), Error> {
        self.principal.clients.of(record).map(|_| ())
    }

    /// Tells once that the client file in the current directory is not the one of the login.
    pub(super) fn name_project(&self, record: &Record) {
        if let Some(client) =
            self.principal.clients.passed_over(record).filter(|_| !self.principal.clients.told.replace(true))
        {
            let project = |id: &str, project: Option<&str>| {
                project.map_or_else(|| format!("the OAuth client {id}"), |project| format!("project {project}"))
            };
            (self.notify)(&format!(
                "{} belongs to {}; using the login of {}, which belongs to {}",
                client.path.display(),
                project(&client.client_id, client.project.as_deref()),
                record.email,
                project(&record.client_id, project_number(&record.client_id)),
            ));
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
