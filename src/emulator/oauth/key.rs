//! The service account and its key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::json;

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

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VerifyError {
    /// The service account does not exist.
    NoAccount,
    /// The signature is not from a key of the account.
    Signature,
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
    ) -> Result<(), VerifyError> {
        if self.deleted || issuer != EMAIL {
            return Err(VerifyError::NoAccount);
        }
        if self.key_deleted || key_id.is_some_and(|id| id != KEY_ID) {
            return Err(VerifyError::Signature);
        }
        let public = public_key().ok_or(VerifyError::Signature)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(message, signature)
            .map_err(|_| VerifyError::Signature)
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
