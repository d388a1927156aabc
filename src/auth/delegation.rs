//! Domain-wide delegation: a service account acts as a user of its organization
//! ([guide](https://developers.google.com/identity/protocols/oauth2/service-account)).

use std::path::{Path, PathBuf};

use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use yup_oauth2::ServiceAccountKey;

use super::client_secrets;
use super::token_endpoint::Sender;
use super::token_response::TokenResponse;
use super::{DelegationRefusal, Error, Scope, ScopeSet, TokenRefusal};
use crate::http::Endpoint;
use crate::platform::input::{InputError, Source};
use crate::platform::sanitise::quoted;
use crate::secret::Secret;

mod assertion;
mod cache;

use cache::{Cache, Cached};

/// What is wrong with a private key that cannot sign.
const UNUSABLE_PRIVATE_KEY: &str = "has an invalid private key";

/// The grant type of an assertion (RFC 7523 section 2.1).
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Larger than any key file.
const LARGEST_FILE: u64 = 256 * 1024;

/// A service account key and the user in whose name it acts.
#[derive(Debug, Clone)]
pub struct DelegationOptions {
    /// The key file from the Cloud console.
    pub key: PathBuf,
    /// The user's e-mail address.
    pub subject: String,
}

/// A checked key.
pub(super) struct Delegation {
    path: PathBuf,
    key: ServiceAccountKey,
    /// Where the assertion is sent.
    pub(super) token_endpoint: Endpoint,
    /// The user on whose behalf the service account acts.
    pub(super) subject: String,
}

impl Delegation {
    /// The service account's address, which names it.
    pub(super) fn client_email(&self) -> &str {
        &self.key.client_email
    }

    /// Reads a key file. The error names what the file is instead.
    pub(super) fn load(options: &DelegationOptions) -> Result<Self, Error> {
        let wrong = |cause: String| Error::ServiceAccountKey { path: options.key.clone(), cause };
        let source = Source::new(options.key.clone());
        let bytes = match source.read(LARGEST_FILE) {
            Ok(bytes) => bytes,
            Err(InputError::Interrupted(interruption)) => return Err(Error::Interrupted(interruption)),
            Err(InputError::Unreadable { cause, .. }) => return Err(wrong(format!("cannot be read: {cause}"))),
            Err(_) => return Err(wrong(format!("is larger than {LARGEST_FILE} bytes"))),
        };
        let key = parse_key(&bytes).map_err(wrong)?;
        check_private_key(&key.private_key).map_err(|cause| wrong(cause.to_owned()))?;
        let token_endpoint = Endpoint::parse(&key.token_uri).map_err(|cause| Error::EndpointRefused {
            setting: format!("{}: token_uri", options.key.display()),
            cause,
        })?;
        Ok(Self { path: options.key.clone(), key, token_endpoint, subject: options.subject.clone() })
    }

    /// Returns an access token for `scopes`, with its end if that is known: the cached one, or a new one if that is
    /// `rejected`.
    pub(super) async fn access_token(
        &self,
        sender: Sender<'_>,
        config_directory: Option<&Path>,
        scopes: &ScopeSet,
        rejected: Option<&Secret<String>>,
    ) -> Result<(Secret<String>, Option<OffsetDateTime>), Error> {
        let cache = Cache::prepare(config_directory, &self.file_name(scopes), sender.clock);
        let usable = |cached: Option<Cached>| {
            let cached = cached.filter(|cached| Some(&cached.access_token) != rejected)?;
            Some((cached.access_token, Some(cached.expires_at)))
        };
        if let Some(token) = usable(cache.fresh()) {
            return Ok(token);
        }
        let _lock = cache.lock().await;
        if let Some(token) = usable(cache.fresh()) {
            return Ok(token);
        }
        let response = self.request(sender, scopes).await?;
        let expires_at = response.expires_in.and_then(|life| sender.clock.now().checked_add(Duration::seconds(life)));
        if let Err(problem) = cache.save(&response.access_token, expires_at) {
            log::info!("cannot cache the access token: {problem}");
        }
        Ok((response.access_token, expires_at))
    }

    async fn request(&self, sender: Sender<'_>, scopes: &ScopeSet) -> Result<TokenResponse, Error> {
        let names: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
        let assertion = assertion::sign(self.key.clone(), &self.subject, &names)
            .await
            .map_err(|error| Error::ServiceAccountKey { path: self.path.clone(), cause: error.to_string() })?;
        let fields = [("grant_type", JWT_BEARER), ("assertion", assertion.as_str())];
        let result = sender.request(&self.token_endpoint, &fields, sender.policy()).await;
        result.map_err(|error| match error {
            Error::Refused(refusal) => self.refused(*refusal, scopes),
            other => other,
        })
    }

    fn refused(&self, refusal: TokenRefusal, scopes: &ScopeSet) -> Error {
        Error::DelegationRefused(Box::new(DelegationRefusal {
            error: refusal.error,
            description: refusal.description,
            client_id: self.key.client_id.clone(),
            client_email: self.key.client_email.clone(),
            subject: self.subject.clone(),
            scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        }))
    }

    /// A name for the cached token: one for each key, subject and set of scopes.
    fn file_name(&self, scopes: &ScopeSet) -> String {
        let mut hash = Sha256::new();
        let key_id = self.key.private_key_id.as_deref().unwrap_or_default();
        let scopes: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
        for part in
            [&self.key.client_email, key_id, self.token_endpoint.url().as_str(), &self.subject, &scopes.join(" ")]
        {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    }
}

/// Parses a key file. The error names what the file is instead.
fn parse_key(bytes: &[u8]) -> Result<ServiceAccountKey, String> {
    let document = client_secrets::json(bytes).map_err(|wrong| wrong.to_string())?;
    match document.get("type").and_then(serde_json::Value::as_str) {
        Some("service_account") => {}
        Some(other @ ("external_account" | "impersonated_service_account")) => {
            return Err(format!(
                "is a credential of type {}, which cannot act for a user; expected a service account key",
                quoted(other)
            ));
        }
        Some("authorized_user") => {
            return Err(String::from(
                "is a credential of type \"authorized_user\", not a service account key: chatauth auth import imports its login",
            ));
        }
        Some(other) => return Err(format!("is a credential of type {}, not a service account key", quoted(other))),
        None if document.get("installed").is_some() || document.get("web").is_some() => {
            return Err(String::from("is an OAuth client file for --client-secrets, not a service account key"));
        }
        None => return Err(String::from("is not a service account key")),
    }
    for member in ["private_key", "client_email", "token_uri"] {
        if document.get(member).and_then(serde_json::Value::as_str).is_none_or(str::is_empty) {
            return Err(format!("lacks {member:?}"));
        }
    }
    // serde's message could quote the key.
    serde_json::from_value(document).map_err(|_| String::from("has members of the wrong type"))
}

/// Checks that the key can sign, so that `auth status` reports what a command would.
fn check_private_key(pem: &str) -> Result<(), &'static str> {
    if pem.contains("\\n") {
        return Err("has a private key with escaped line breaks: \\n is spelled out where a line should end");
    }
    if pem.contains("-----BEGIN") && !pem.trim().contains('\n') {
        return Err("has a private key without its line breaks");
    }
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| UNUSABLE_PRIVATE_KEY)?;
    ring::sign::RsaSigningKey::new(&key).map(|_| ()).map_err(|_| UNUSABLE_PRIVATE_KEY)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key() -> serde_json::Value {
        json!({"type":"service_account","private_key":"x","client_email":"robot@p.iam.gserviceaccount.com",
            "client_id":"1","token_uri":"https://oauth2.googleapis.com/token"})
    }

    #[test]
    fn other_files_are_named_for_what_they_are() {
        assert!(parse_key(key().to_string().as_bytes()).is_ok());
        for (text, expected) in [
            ("", "is empty"),
            ("x", "not JSON"),
            (r#"{"type":"impersonated_service_account"}"#, "expected a service account key"),
            ("{}", "not a service account key"),
            (r#"{"type":"authorized_user"}"#, "authorized_user"),
            (r#"{"installed":{}}"#, "--client-secrets"),
            (r#"{"type":"service_account"}"#, "private_key"),
        ] {
            let cause = parse_key(text.as_bytes()).map(|_| ()).unwrap_err();
            assert!(cause.contains(expected), "{text}: {cause}");
        }
    }

    #[test]
    fn every_key_subject_and_scope_set_has_a_cache_of_its_own() {
        let delegation = |subject: &str| Delegation {
            path: PathBuf::from("key.json"),
            key: serde_json::from_value(key()).unwrap(),
            token_endpoint: Endpoint::parse("https://oauth2.googleapis.com/token").unwrap(),
            subject: subject.to_owned(),
        };
        let scopes = |name: &str| [Scope::google(name)].into_iter().collect::<ScopeSet>();
        let name = delegation("a@x").file_name(&scopes("chat.spaces"));
        assert_eq!(name, delegation("a@x").file_name(&scopes("chat.spaces")));
        assert_ne!(name, delegation("b@x").file_name(&scopes("chat.spaces")));
        assert_ne!(name, delegation("a@x").file_name(&scopes("chat.delete")));
    }
}
