//! Names that Google gives to what belongs together.

/// The prefix of every Google scope but the sign-in ones.
pub(super) const SCOPE_ROOT: &str = "https://www.googleapis.com/auth/";
/// Number of the Cloud project that owns all clients.
pub(super) const PROJECT_NUMBER: &str = "123456789012";
