//! The service account and its key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::json;

use super::refusal::Refusal;

/// A public test key that only this emulator accepts. Generating one would take seconds.
const KEY_FILE: &str = include_str!("test_key.pem");
const EMAIL: &str = "emulator@chatauth-emulator.iam.gserviceaccount.com";
const KEY_ID: &str = "e0000000000000000000000000000000emulator";
/// The id that an administrator enters to delegate to the account.
const CLIENT_ID: &str = "100000000000000000001";

/// A service account that may act for the accounts of the organization.
#[derive(Debug, Default)]
pub(in crate::emulator) struct ServiceAccount {
    pub(in crate::emulator) key_deleted: bool,
    pub(in crate::emulator) deleted: bool,
}

impl ServiceAccount {
    /// Returns the key file.
    pub(in crate::emulator) fn key_file(origin: &str) -> String {
        let file = json!({
            "type": "service_account",
            "project_id": "chatauth-emulator",
            "private_key_id": KEY_ID,
            "private_key": private_key(),
            "client_email": EMAIL,
            "client_id": CLIENT_ID,
            "auth_uri": format!("{origin}/o/oauth2/auth"),
            "token_uri": format!("{origin}/token"),
            "auth_provider_x509_cert_url": format!("{origin}/oauth2/v1/certs"),
            "client_x509_cert_url": format!("{origin}/robot/v1/metadata/x509/{}", EMAIL.replace('@', "%40")),
            "universe_domain": "googleapis.com",
        });
        serde_json::to_string_pretty(&file).unwrap_or_default()
    }

    /// Checks that `issuer` signed `message`. Without a key id, the only key is tried.
    pub(super) fn verify(
        &self,
        issuer: &str,
        key_id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Refusal> {
        if self.deleted || issuer != EMAIL {
            return Err(Refusal::invalid_grant("Invalid grant: account not found"));
        }
        let key = public_key().filter(|_| !self.key_deleted && key_id.is_none_or(|id| id == KEY_ID));
        let key = key.map(|key| UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key));
        let good = key.is_some_and(|key| key.verify(message, signature).is_ok());
        if good { Ok(()) } else { Err(Refusal::invalid_grant("Invalid JWT Signature.")) }
    }
}

/// The key without the note before it.
fn private_key() -> &'static str {
    KEY_FILE.find("-----BEGIN").map_or(KEY_FILE, |start| &KEY_FILE[start..])
}

/// The public half, in DER.
fn public_key() -> Option<Vec<u8>> {
    let body: String = private_key().lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).ok()?).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}
