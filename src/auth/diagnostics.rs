//! Checks for `doctor` and `auth status --check`.

use url::Url;

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
        Ok(Loopback::bind(self.client()?, None).await?.redirect_uri)
    }

    /// Checks the client file that was named by option or variable.
    pub fn check_named_client(&self) -> Result<(), Error> {
        Ok(self.clients.check_named()?)
    }

    /// Checks the key of the service account, where one was named. Nothing is sent.
    pub fn check_delegation(&self) -> Result<(), Error> {
        let delegation = self.delegation()?;
        delegation.map_or(Ok(()), |delegation| self.check_destination(&delegation.token_endpoint))
    }

    /// Returns the token endpoint of this command: that of its service account, else that of its OAuth client.
    pub fn token_url(&self) -> Result<&Url, Error> {
        Ok(match self.delegation()? {
            Some(delegation) => delegation.token_endpoint.url(),
            None => self.client()?.token_endpoint.url(),
        })
    }

    /// Asks the token endpoint whether it knows the client. A service account has none: an empty request shows whether its
    /// token endpoint answers.
    pub async fn probe_client(&self) -> Result<ClientProbe, Error> {
        let Some(delegation) = self.delegation()? else { return self.token_endpoint(self.client()?).probe().await };
        let sender = self.sender();
        sender.request(&delegation.token_endpoint, &[], sender.policy()).await.map(|_| ClientProbe::Accepted)
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
