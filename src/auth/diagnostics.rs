//! Checks for `doctor` and `auth status --check`.

use super::loopback::Loopback;
use super::token_endpoint::{ClientProbe, TokenInfo};
use super::{Error, Session, StoreError};

impl Session {
    /// Checks that a login could be saved.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        self.store.check_writable()
    }

    /// Checks that a redirect could be received, and returns the redirect URI.
    pub async fn check_redirect(&self) -> Result<String, Error> {
        let loopback = Loopback::bind(self.client()?, None).await?;
        Ok(loopback.redirect_uri().to_owned())
    }

    /// Checks the client file that was named by option or variable.
    pub fn check_named_client(&self) -> Result<(), Error> {
        Ok(self.clients.check_named()?)
    }

    /// Checks the key of the service account, where one was named. Nothing is sent.
    pub fn check_delegation(&self) -> Result<(), Error> {
        let delegation = self.delegation()?;
        delegation.map_or(Ok(()), |delegation| self.check_destination(delegation.token_endpoint()))
    }

    /// Asks the token endpoint whether it knows the client.
    pub async fn probe_client(&self) -> Result<ClientProbe, Error> {
        self.token_endpoint(self.client()?).probe().await
    }

    /// Refreshes the login of this command now, and asks the server to describe the new token; `None` when the server does
    /// not accept it.
    pub async fn check(&self) -> Result<Option<TokenInfo>, Error> {
        let name = self.login()?;
        let stored = self.require_record(&name)?;
        let record = self.refresh(&name, Some(&stored.access_token)).await?;
        self.token_endpoint(self.client()?).token_info(&record.access_token).await
    }
}
