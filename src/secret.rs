//! A value that must never be printed by accident.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A token, an authorization code, a verifier or a client secret.
///
/// `Debug` shows that there is a value and nothing of it; there is no `Display`.
/// [`Secret::expose`] returns the value, so a search for `expose` finds every
/// use of a secret.
///
/// ```
/// let secret = chatauth::secret::Secret::new(String::from("1//refresh"));
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that has to send or store it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_of_a_structure_around_it_shows_nothing() {
        #[derive(Debug)]
        struct Holder {
            #[expect(dead_code, reason = "only its Debug output is looked at")]
            token: Option<Secret<String>>,
        }
        let holder = Holder { token: Some(Secret::new(String::from("ya29.canary"))) };
        assert_eq!(format!("{holder:?}"), "Holder { token: Some(Secret(…)) }");
    }

    #[test]
    fn serialises_as_the_bare_value() {
        let secret = Secret::new(String::from("canary"));
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""canary""#);
    }
}
