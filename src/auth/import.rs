//! Imports logins from files of other tools, and exports them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::client_secrets;
use super::login_name::is_same_account;
use super::record::same_endpoint;
use super::refusal::Evidence;
use super::token_endpoint::TokenEndpoint;
use super::{ClientSecrets, Error, Identity, Record, ScopeSet, Session, StoreError, TokenRefusal, identity};
use crate::http::Endpoint;
use crate::platform::files;
use crate::platform::sanitise::quoted;
use crate::secret::Secret;

/// The name of the client file in the configuration directory.
const CLIENT_FILE: &str = "client_secrets.json";

/// The prefixes of gcloud's own client ids.
const GCLOUD_CLIENTS: [&str; 2] = ["764086051850-", "32555940559."];

/// Google's token endpoint, the default of files of the type `authorized_user`.
const GOOGLE_TOKEN_ENDPOINT: &str = "https://oauth2.googleapis.com/token";

/// Google's authorization endpoint, as in client files.
const GOOGLE_AUTHORIZATION_ENDPOINT: &str = "https://accounts.google.com/o/oauth2/auth";

/// What helps where a file does not name its client.
const ITS_CLIENT: &str = "pass the client file of its login with --client-secrets FILE";

/// A login that was imported.
#[derive(Debug)]
pub struct Imported {
    /// Its record.
    pub record: Record,
    /// Where its client was written, when there was no client file yet.
    pub client_file: Option<PathBuf>,
    /// The current account, where that is another one.
    pub current: Option<String>,
}

impl Session {
    /// Imports a login from another tool's file. One refresh proves that it works, and the server names its account. That
    /// becomes the current one where none is.
    pub async fn import(&self, bytes: &[u8]) -> Result<Imported, Error> {
        self.protecting_refresh(self.import_credentials(parse(bytes)?)).await
    }

    async fn import_credentials(&self, credentials: Credentials) -> Result<Imported, Error> {
        self.clients.check_named()?;
        self.store.check_writable()?;
        let id = credentials.client.as_ref().map(|(id, _)| id.as_str());
        let present = self.clients.for_import(id)?;
        let client = credentials.client(present)?;
        if let Some(other) = present.filter(|present| present.client_id != client.client_id) {
            let (client_id, path) = (client.client_id, other.path.clone());
            return Err(Error::ImportOfOtherClient { client_id, path, named: self.clients.named });
        }
        let response = self.send_refresh(&client, &credentials.refresh_token).await.map_err(of_file)?;
        let replacement = response.refresh_token.clone().filter(|token| *token != credentials.refresh_token);
        let is_replaced = replacement.is_some();
        if is_replaced {
            (self.notify)("the server has replaced the refresh token in the file: the file no longer works");
        }
        let (identity, scopes) = match &response.id_token {
            Some(id_token) => {
                let identity = identity::identity(id_token.expose(), &client.issuer(), &client.client_id)
                    .map_err(Error::NoIdentity)?;
                (identity, None)
            }
            None => identity_by_token(&self.token_endpoint(&client), &response.access_token).await?,
        };
        let requested = self.requested.as_ref();
        let wrong_account = requested.filter(|account| !is_same_account(account, &identity.email)).map(|expected| {
            Error::ImportOfOther { expected: expected.clone(), found: identity.email.clone(), saved: is_replaced }
        });
        if !is_replaced && let Some(error) = wrong_account {
            return Err(error);
        }
        let granted = response.scope.as_deref().map(ScopeSet::from_wire).or(scopes).unwrap_or_default();
        let refresh_token = replacement.unwrap_or(credentials.refresh_token);
        let record = Record::new(&client, identity, &granted, refresh_token, &response, self.clock.now());
        let (name, before) = self.store.save_verified(&record).await?;
        if let Some(before) = before {
            self.warn_of_lost_scopes(&granted, &before);
        }
        let client_file = if present.is_none() { Some(self.save_client(&client)?) } else { None };
        if let Some(error) = wrong_account {
            return Err(error);
        }
        let logins = self.accounts()?;
        let is_current = |account: &String| logins.iter().any(|login| is_same_account(login, account));
        let current = self.store.current().map(|current| current.account).filter(is_current);
        if current.is_none() {
            self.store.set_current(Some(&name))?;
        }
        let current = current.filter(|current| !is_same_account(current, &record.email));
        Ok(Imported { record, client_file, current })
    }

    /// Returns the address and the login of this command's account as `authorized_user` JSON, with the refresh token
    /// and the client secret.
    pub fn export(&self) -> Result<(String, Value), Error> {
        let record = self.require_record(&self.login()?)?;
        let client = self.clients.require_for_record(&record)?;
        Ok((record.email.clone(), authorized_user(&record, client)))
    }

    /// Saves a client file where it is found from every directory. An existing one is never overwritten.
    pub fn save_client_file(&self, content: &[u8]) -> Result<PathBuf, Error> {
        let directory = self.config_directory.as_deref().ok_or(StoreError::NoDirectory)?;
        let path = directory.join(CLIENT_FILE);
        ClientSecrets::parse(&path, content)?;
        self.store.create()?;
        if path.exists() {
            return Err(not_saved(&path)("it exists already"));
        }
        files::replace_private(&path, content, self.clock.now()).map_err(not_saved(&path))?;
        Ok(path)
    }

    /// Saves a client file at `path`, whose directory is created if it is missing, and returns where the one that was there
    /// is kept.
    pub fn replace_client(&self, path: &Path, content: &[u8]) -> Result<Option<PathBuf>, Error> {
        ClientSecrets::parse(path, content)?;
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(not_saved(path))?;
        let old = files::unused_name(path, "old");
        // With a second link the file stays at `path` until the new one replaces it. A symbolic link cannot be replaced
        // so, and some file systems have no links.
        let kept = if path.is_symlink() { Err(ErrorKind::Unsupported.into()) } else { fs::hard_link(path, &old) };
        let replaced = match kept.or_else(|_| fs::rename(path, &old)) {
            Ok(()) => Some(old.clone()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(not_saved(path)(error)),
        };
        files::replace_private(path, content, self.clock.now()).map_err(|error| {
            // Renaming one link to another does nothing.
            let _ = fs::rename(&old, path).and_then(|()| fs::remove_file(&old));
            not_saved(path)(error)
        })?;
        Ok(replaced)
    }

    /// Saves the client of an imported login in the configuration directory.
    fn save_client(&self, client: &ClientSecrets) -> Result<PathBuf, Error> {
        let mut content = serde_json::to_vec_pretty(&as_client_file(client)).unwrap_or_default();
        content.push(b'\n');
        self.save_client_file(&content)
    }
}

/// Reports a refusal as one of the login in the file.
fn of_file(error: Error) -> Error {
    match error {
        Error::Refused(refusal) => {
            Error::Refused(Box::new(TokenRefusal { evidence: Some(Evidence::Imported), ..*refusal }))
        }
        other => other,
    }
}

fn not_saved<Cause: std::fmt::Display>(path: &Path) -> impl Fn(Cause) -> Error + '_ {
    |cause| Error::ClientNotSaved { path: path.to_path_buf(), cause: cause.to_string() }
}

/// Asks the server whose token `token` is, and which scopes it has.
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
    Ok((Identity { sub, email, hosted_domain: None }, Some(ScopeSet::from_wire(&info.scope))))
}

/// A refresh token, and its client as far as the file has it.
#[derive(Debug)]
struct Credentials {
    refresh_token: Secret<String>,
    client: Option<(String, Secret<String>)>,
    token_uri: Option<String>,
}

/// Parses an `authorized_user` file (application default credentials), a `token.json` of Google's Python libraries, or
/// one of its Node.js library.
fn parse(bytes: &[u8]) -> Result<Credentials, Error> {
    let refused = |what: &str, remedy| Error::ImportInvalid(what.to_owned(), remedy);
    let other = "import an authorized_user file, or a token.json of Google's Python or Node.js library";
    let invalid = |what: &str| refused(what, other);
    let document = client_secrets::json(bytes).map_err(|wrong| invalid(&format!("it {wrong}")))?;
    let Value::Object(members) = document else { return Err(invalid("it is not a JSON object")) };
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    match text("type") {
        Some("service_account") => {
            return Err(refused(
                "it is a service account key",
                "pass it with --service-account FILE --impersonate USER",
            ));
        }
        Some("authorized_user") | None => {}
        Some(other) => {
            return Err(invalid(&format!("it is a credential of type {}, which contains no login", quoted(other))));
        }
    }
    if members.contains_key("installed") || members.contains_key("web") {
        return Err(refused(
            "it is an OAuth client file, which contains no login",
            "pass it to chatauth auth login with --client-secrets FILE",
        ));
    }
    let refresh_token = text("refresh_token").ok_or_else(|| invalid("it has no refresh token"))?;
    if text("client_id").is_some_and(|id| GCLOUD_CLIENTS.iter().any(|gcloud| id.starts_with(gcloud))) {
        return Err(refused(
            "it holds a login of gcloud's own OAuth client, whose project is not yours and cannot have a Chat app",
            "log in with a client of your own: chatauth auth login",
        ));
    }
    let client = match (text("client_id"), text("client_secret")) {
        (Some(id), Some(secret)) => Some((id.to_owned(), Secret::new(secret.to_owned()))),
        _ => None,
    };
    Ok(Credentials {
        refresh_token: Secret::new(refresh_token.to_owned()),
        client,
        // Files with a type leave out the token endpoint where it is Google's.
        token_uri: text("token_uri").or(text("type").map(|_| GOOGLE_TOKEN_ENDPOINT)).map(str::to_owned),
    })
}

impl Credentials {
    /// Whether the login may be one of this client: the file names no other client and no other token endpoint.
    fn is_of(&self, client: &ClientSecrets) -> bool {
        self.client.as_ref().is_none_or(|(id, _)| *id == client.client_id)
            && self.token_uri.as_ref().is_none_or(|uri| same_endpoint(uri, &client.token_endpoint.to_string()))
    }

    /// The client that the refresh token belongs to: the one of the client file where that is it or the file names
    /// none, else the one that the file describes.
    fn client(&self, present: Option<&ClientSecrets>) -> Result<ClientSecrets, Error> {
        match (&self.client, present) {
            // The refresh token goes where its file says.
            (_, Some(present)) if self.is_of(present) => Ok(present.clone()),
            (client, Some(present)) if client.as_ref().is_none_or(|(id, _)| *id == present.client_id) => {
                let cause = format!("its token endpoint is not that of the client file {}", present.path.display());
                Err(Error::ImportInvalid(cause, ITS_CLIENT))
            }
            (Some((id, secret)), _) => {
                let token_uri = self.token_uri.as_deref().unwrap_or(GOOGLE_TOKEN_ENDPOINT);
                let token_endpoint = Endpoint::parse(token_uri).map_err(|cause| Error::EndpointRefused {
                    setting: String::from("token_uri of the imported file"),
                    cause,
                })?;
                let authorization = if token_endpoint.origin().ends_with(".googleapis.com") {
                    GOOGLE_AUTHORIZATION_ENDPOINT.to_owned()
                } else {
                    format!("{}/o/oauth2/auth", token_endpoint.origin())
                };
                let file = client_file(id, secret, &authorization, token_uri);
                Ok(ClientSecrets::parse(Path::new("the imported file"), file.to_string().as_bytes())?)
            }
            (None, _) => Err(Error::ImportInvalid(
                String::from("it does not name the OAuth client of its refresh token"),
                ITS_CLIENT,
            )),
        }
    }
}

/// The client of an imported login, as a client file.
pub(super) fn as_client_file(client: &ClientSecrets) -> Value {
    let authorization = client.authorization_endpoint.to_string();
    client_file(&client.client_id, &client.client_secret, &authorization, &client.token_endpoint.to_string())
}

fn client_file(id: &str, secret: &Secret<String>, auth_uri: &str, token_uri: &str) -> Value {
    json!({
        "installed": {
            "client_id": id,
            "auth_uri": auth_uri,
            "token_uri": token_uri,
            "client_secret": secret.expose(),
            "redirect_uris": ["http://localhost"],
        },
    })
}

/// A login as `authorized_user` JSON, which Google's libraries and [`parse`] read.
fn authorized_user(record: &Record, client: &ClientSecrets) -> Value {
    let mut document = json!({
        "account": record.email,
        "client_id": client.client_id,
        "client_secret": client.client_secret.expose(),
        "refresh_token": record.refresh_token.expose(),
        "type": "authorized_user",
        "universe_domain": "googleapis.com",
    });
    let token_uri = client.token_endpoint.to_string();
    if token_uri != GOOGLE_TOKEN_ENDPOINT {
        document["token_uri"] = Value::from(token_uri);
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_files_of_other_tools_are_understood() {
        for text in [
            r#"{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"r"}"#,
            r#"{"token":"t","refresh_token":"r","token_uri":"https://oauth2.googleapis.com/token","client_id":"a","client_secret":"b","scopes":[],"expiry":"2026-01-01T00:00:00Z"}"#,
        ] {
            let credentials = parse(text.as_bytes()).unwrap();
            assert_eq!(credentials.refresh_token.expose(), "r");
            assert_eq!(credentials.client(None).unwrap().client_id, "a");
        }
        let node =
            parse(br#"{"access_token":"t","refresh_token":"r","scope":"s","token_type":"Bearer","expiry_date":1}"#);
        assert!(matches!(node.unwrap().client(None), Err(Error::ImportInvalid(_, ITS_CLIENT))));
    }

    #[test]
    fn what_holds_no_login_is_named() {
        for (text, expected) in [
            ("", "empty"),
            ("x", "not JSON"),
            (r#"{"client_id":"764086051850-x","refresh_token":"r"}"#, "gcloud"),
            ("[]", "not a JSON object"),
            (r#"{"type":"service_account"}"#, "service account key"),
            (r#"{"type":"external_account"}"#, "external_account"),
            (r#"{"installed":{}}"#, "client file"),
            (r#"{"access_token":"x"}"#, "no refresh token"),
        ] {
            assert!(refused(text).contains(expected), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn a_token_uri_off_the_machine_must_be_https() {
        let text = r#"{"refresh_token":"r","token_uri":"http://evil.test/","client_id":"a","client_secret":"b"}"#;
        assert!(matches!(parse(text.as_bytes()).unwrap().client(None), Err(Error::EndpointRefused { .. })));
    }
}
