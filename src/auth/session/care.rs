//! Looking after logins: checking them for real, bringing them in from other tools and taking them out.

use std::path::PathBuf;

use super::{Session, same_client};
use crate::auth::import::{self, as_client_file, authorized_user};
use crate::auth::loopback::Loopback;
use crate::auth::token_endpoint::{ClientProbe, TokenEndpoint, TokenInfo};
use crate::auth::{ClientSecrets, Error, Identity, LoginNeeded, Record, ScopeSet, StoreError, identity};
use crate::platform::files;
use crate::secret::Secret;
use serde_json::Value;

/// The name of the client file in the configuration directory.
const CLIENT_FILE: &str = "client_secrets.json";

/// A login that was brought in.
#[derive(Debug)]
pub struct Imported {
    /// Its record.
    pub record: Record,
    /// Where its client was written, when there was no client file yet.
    pub client_file: Option<PathBuf>,
}

impl Session {
    /// Proves that a login could be stored.
    pub fn prove_writable(&self) -> Result<(), StoreError> {
        self.store.prove_writable()
    }

    /// Proves that a redirect could be received; gives the redirect URI.
    pub async fn prove_redirect(&self) -> Result<String, Error> {
        let (client, path) = self.client()?;
        let loopback = Loopback::bind(&client, &path, None).await?;
        Ok(loopback.redirect_uri().to_owned())
    }

    /// Asks the token endpoint about a code that cannot exist: a server that knows the client complains about the
    /// code, one that does not about the client.
    pub async fn probe_client(&self) -> Result<ClientProbe, Error> {
        let (client, _) = self.client()?;
        self.token_endpoint(&client).probe().await
    }

    /// Refreshes the login of `account` now, whatever its token's age, and asks the server what the new token is.
    pub async fn check(&self, account: &str) -> Result<Option<TokenInfo>, Error> {
        let stored = self.store.read(account)?.ok_or_else(|| LoginNeeded::NoSuchAccount(account.to_owned()))?;
        let record = self.refresh(account, Some(&stored.access_token)).await?;
        let (client, _) = self.client()?;
        self.token_endpoint(&client).token_info(&record.access_token).await
    }

    /// Brings in a login from another tool's file: proved by one refresh, named by what the server says.
    pub async fn import(&self, bytes: &[u8]) -> Result<Imported, Error> {
        let credentials = import::parse(bytes)?;
        self.store.prove_writable()?;
        let present = self.present_client()?.map(|(client, _)| client);
        let known = present.as_ref().map(|client| client.client_id.clone());
        let client = credentials.client(present)?;
        if known.as_ref().is_some_and(|known| *known != client.client_id) {
            return Err(Error::ImportInvalid(format!(
                "its login belongs to the OAuth client {}, and the client file in use to another; name that client's \
                 file with --client-secrets FILE",
                client.client_id
            )));
        }
        let endpoint = self.token_endpoint(&client);
        let response = endpoint.refresh(&credentials.refresh_token).await?;
        let (identity, scopes) = match response.id_token() {
            Some(id_token) => {
                let identity = identity::identity(id_token.expose(), &client.issuer(), &client.client_id)
                    .map_err(Error::NoIdentity)?;
                (identity, None)
            }
            None => identity_by_token(&endpoint, response.access_token()).await?,
        };
        if let Some(expected) = self.account.as_ref().filter(|account| !account.eq_ignore_ascii_case(&identity.email)) {
            return Err(Error::WrongAccount { expected: expected.clone(), found: identity.email, revoked: false });
        }
        let granted = response.scope().map(ScopeSet::from_wire).or(scopes).unwrap_or_default();
        let refresh_token = response.refresh_token().cloned().unwrap_or(credentials.refresh_token);
        let record = Record::new(&client, identity, &granted, refresh_token, &response, self.clock.now());
        let client_file = if known.is_none() { self.keep_client(&client)? } else { None };
        self.keep(&record).await?;
        Ok(Imported { record, client_file })
    }

    /// The stored login of the chosen account as `authorized_user` JSON, refresh token and client secret included.
    pub fn export(&self) -> Result<(String, Value), Error> {
        let account = self.chosen_account()??;
        let record = self.store.read(&account)?.ok_or(LoginNeeded::NoSuchAccount(account))?;
        let (client, _) = self.client()?;
        same_client(&record, &client)?;
        Ok((record.email.clone(), authorized_user(&record, &client)))
    }

    /// Puts a client file where it is found from every directory. An existing one is never overwritten.
    pub fn adopt_client(&self, content: &[u8]) -> Result<PathBuf, Error> {
        let directory = self.config_directory.as_deref().ok_or(StoreError::NoDirectory)?;
        let path = directory.join(CLIENT_FILE);
        ClientSecrets::parse(&path, content)?;
        let not_writable = |error: &files::FileError| StoreError::NotWritable(error.to_string());
        files::private_directory(directory).map_err(|error| not_writable(&error))?;
        if path.exists() {
            return Err(StoreError::NotWritable(format!("{} exists already", path.display())).into());
        }
        files::replace_private(&path, content, self.clock.now()).map_err(|error| not_writable(&error))?;
        Ok(path)
    }

    /// Writes the client of an imported login where commands look for one, unless they were told to look elsewhere.
    fn keep_client(&self, client: &ClientSecrets) -> Result<Option<PathBuf>, Error> {
        let adopted = self.config_directory.as_ref().map(|directory| directory.join(CLIENT_FILE));
        if !self.client_secrets.iter().any(|looked| Some(looked) == adopted.as_ref()) {
            return Ok(None);
        }
        let mut content = serde_json::to_vec_pretty(&as_client_file(client)).unwrap_or_default();
        content.push(b'\n');
        Ok(Some(self.adopt_client(&content)?))
    }
}

async fn identity_by_token(
    endpoint: &TokenEndpoint<'_>,
    token: &Secret<String>,
) -> Result<(Identity, Option<ScopeSet>), Error> {
    let nobody = || Error::NoIdentity(String::from("its scopes do not include openid and email"));
    let info = endpoint.token_info(token).await?.ok_or_else(nobody)?;
    if info.audience != endpoint.client.client_id {
        return Err(Error::NoIdentity(String::from("its token was issued to another client")));
    }
    let (Some(sub), Some(email)) = (info.sub, info.email) else { return Err(nobody()) };
    Ok((Identity { sub, email, hosted_domain: None }, Some(info.scopes)))
}
