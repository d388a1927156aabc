//! The emulator's service account, in key files that tests may change.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::sandbox::Sandbox;

/// The key file of the emulator's service account.
pub(crate) fn key(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.emulator().service_account_key()).unwrap()
}

/// Writes a key file into the home, for another token endpoint.
pub(crate) fn key_file(sandbox: &Sandbox, token_uri: &str) -> PathBuf {
    let mut key = key(sandbox);
    key["token_uri"] = Value::from(token_uri);
    let path = sandbox.path("key.json");
    fs::write(&path, key.to_string()).unwrap();
    path
}
