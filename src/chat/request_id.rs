//! Request IDs ([AIP-155](https://google.aip.dev/155)): the same ID of the same user creates the same space.

use uuid::Uuid;

/// The UUID namespace of IDs derived from a key, so that they never equal those of another program.
const KEY_NAMESPACE: Uuid = Uuid::from_u128(0x7e4e_2e0a_94a5_4c0e_9f64_53f3_5c1b_8a2d);

/// The error for text that is not a request ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a UUID")]
pub struct InvalidRequestId;

/// Returns a new random ID.
pub fn random_request_id() -> String {
    Uuid::new_v4().to_string()
}

/// Returns the ID of an idempotency key: the same key always has the same ID.
pub fn request_id_of_key(key: &str) -> String {
    Uuid::new_v5(&KEY_NAMESPACE, key.as_bytes()).to_string()
}

/// Parses an ID and returns its canonical form.
///
/// # Errors
/// Fails when the text is not a UUID.
pub fn parse_request_id(text: &str) -> Result<String, InvalidRequestId> {
    Uuid::parse_str(text.trim()).map(|id| id.to_string()).map_err(|_| InvalidRequestId)
}
