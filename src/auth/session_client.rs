//! The OAuth client of a session.

use super::client_secrets::project_number;
use super::{ClientSecrets, ClientSecretsError, Error, LoginNeeded, Record, Session};

impl Session {
    /// Returns the OAuth client of this command: that of its login, else the one for a new login.
    pub fn client(&self) -> Result<&ClientSecrets, Error> {
        let acts_with_login = self.provided_token.is_none() && self.delegation.is_none();
        let login = acts_with_login.then(|| self.login().and_then(|name| self.require_record(&name)));
        match login {
            Some(Ok(record)) => self.clients.require_for_record(&record),
            _ => self.client_for_new_login(),
        }
    }

    /// Returns the OAuth client for a new login.
    pub fn client_for_new_login(&self) -> Result<&ClientSecrets, Error> {
        Ok(self.clients.for_new_login()?)
    }

    /// Returns the OAuth client that refreshes the login of `record`.
    pub fn client_to_refresh(&self, record: &Record) -> Result<&ClientSecrets, Error> {
        self.clients.require_for_record(record).map_err(|error| match error {
            Error::ClientSecrets(ClientSecretsError::Missing { searched, .. }) => {
                LoginNeeded::NoClient { account: record.email.clone(), searched }.into()
            }
            other => other,
        })
    }

    /// Checks that the user has not chosen another client than the one that the login of `record` belongs to.
    pub fn check_client(&self, record: &Record) -> Result<(), Error> {
        self.clients.for_record(record).map(|_| ())
    }

    /// Warns once of a client file in the current directory that is not the one of the login.
    pub(super) fn warn_of_ignored_client(&self, record: &Record) {
        let clients = &self.clients;
        if let Some(client) = clients.ignored_client(record).filter(|_| !clients.warned.replace(true)) {
            let same_project = client.project.as_deref() == project_number(&record.client_id);
            let project = |id: &str, project: Option<&str>| {
                let project = project.filter(|_| !same_project);
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
