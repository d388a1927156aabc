//! What a login may do.

use std::collections::BTreeSet;
use std::fmt;

use crate::platform::sanitise::quoted;

/// The prefix that short names of scopes omit.
const PREFIX: &str = "https://www.googleapis.com/auth/";

/// The scopes of the Chat API, by short name.
pub const CHAT_SCOPES: &[&str] = &[
    "chat.admin.delete",
    "chat.admin.memberships",
    "chat.admin.memberships.readonly",
    "chat.admin.spaces",
    "chat.admin.spaces.readonly",
    "chat.customemojis",
    "chat.customemojis.readonly",
    "chat.delete",
    "chat.import",
    "chat.memberships",
    "chat.memberships.app",
    "chat.memberships.readonly",
    "chat.messages",
    "chat.messages.create",
    "chat.messages.reactions",
    "chat.messages.reactions.create",
    "chat.messages.reactions.readonly",
    "chat.messages.readonly",
    "chat.spaces",
    "chat.spaces.create",
    "chat.spaces.pins",
    "chat.spaces.pins.readonly",
    "chat.spaces.readonly",
    "chat.users.availability",
    "chat.users.availability.readonly",
    "chat.users.readstate",
    "chat.users.readstate.readonly",
    "chat.users.sections",
    "chat.users.sections.readonly",
    "chat.users.spacesettings",
];

/// Wider scopes and what they cover, for user authentication: derived from the scopes that the Chat API lists for
/// each method.
const COVERS: &[(&str, &[&str])] = &[
    ("chat.spaces", &["chat.spaces.create", "chat.spaces.readonly"]),
    ("chat.memberships", &["chat.memberships.readonly", "chat.memberships.app"]),
    ("chat.admin.spaces", &["chat.admin.spaces.readonly"]),
    ("chat.admin.memberships", &["chat.admin.memberships.readonly"]),
];

/// One scope, always in its full form.
///
/// `email` and `profile` become the URLs by which Google's answers call them, so that sets can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(String);

impl Scope {
    /// The OpenID Connect scope that makes the server send an ID token.
    pub fn openid() -> Self {
        Self(String::from("openid"))
    }

    /// The scope that puts the e-mail address into the ID token.
    pub fn email() -> Self {
        Self(format!("{PREFIX}userinfo.email"))
    }

    /// A scope of Google's by its short name, as in `chat.spaces.create`.
    pub fn google(name: &str) -> Self {
        Self(format!("{PREFIX}{name}"))
    }

    /// A scope as a server writes it.
    pub fn from_wire(text: &str) -> Self {
        match text {
            "email" => Self::email(),
            "profile" => Self(format!("{PREFIX}userinfo.profile")),
            other => Self(other.to_owned()),
        }
    }

    /// Parses a scope as users type it: a full URL, or a short name.
    ///
    /// # Errors
    /// A short name that does not exist; with the nearest one that does, where one is near. Short names of other
    /// Google APIs are not known here and have to be written in full.
    pub fn from_user(text: &str) -> Result<Self, UnknownScope> {
        let text = text.trim();
        if text.starts_with("https://") && text.len() > "https://".len() && !text.contains(char::is_whitespace) {
            return Ok(Self(text.to_owned()));
        }
        if matches!(text, "openid" | "email" | "profile") {
            return Ok(Self::from_wire(text));
        }
        if CHAT_SCOPES.contains(&text) {
            return Ok(Self::google(text));
        }
        let distance = |known: &&str| strsim::levenshtein(text, known);
        let nearest = CHAT_SCOPES.iter().copied().min_by_key(distance);
        let nearest = nearest.filter(|known| distance(known) <= known.len() / 3);
        Err(UnknownScope { text: text.to_owned(), nearest })
    }

    /// The scope as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the short name, or the whole scope if it has none.
    pub fn short(&self) -> &str {
        self.0.strip_prefix(PREFIX).unwrap_or(&self.0)
    }

    fn covers(&self, needed: &Self) -> bool {
        self == needed || COVERS.iter().any(|(wide, narrow)| self.short() == *wide && narrow.contains(&needed.short()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.short())
    }
}

/// What to write instead of a short name that does not exist.
fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || String::from("; scopes of other APIs are written in full, as https://www.googleapis.com/auth/…"),
        |nearest| format!("; did you mean {nearest}?"),
    )
}

/// A short name that is none of Google's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope {}{}", quoted(text), suggestion(*.nearest))]
pub struct UnknownScope {
    text: String,
    nearest: Option<&'static str>,
}

/// A set of scopes, requested or granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// Reads the space-separated list of a token response ([RFC 6749 section
    /// 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
    pub fn from_wire(text: &str) -> Self {
        text.split_ascii_whitespace().map(Scope::from_wire).collect()
    }

    /// Returns the scopes of `needed` that this set neither has nor covers with a wider one.
    #[must_use]
    pub fn missing_from(&self, needed: &Self) -> Self {
        needed.0.iter().filter(|scope| !self.0.iter().any(|granted| granted.covers(scope))).cloned().collect()
    }

    /// Returns this set without the scopes that wider ones in it cover.
    #[must_use]
    pub fn minimal(&self) -> Self {
        let covered = |scope: &Scope| self.0.iter().any(|other| other != scope && other.covers(scope));
        self.0.iter().filter(|scope| !covered(scope)).cloned().collect()
    }

    /// This set, and what it does not cover of the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.union(&self.missing_from(other).0).cloned().collect()
    }

    /// This set with the scopes that tell who logged in.
    #[must_use]
    pub fn with_identity(&self) -> Self {
        self.0.iter().cloned().chain([Scope::openid(), Scope::email()]).collect()
    }

    /// Returns this set without the sign-in scopes.
    #[must_use]
    pub fn without_identity(&self) -> Self {
        self.0.iter().filter(|scope| **scope != Scope::openid() && **scope != Scope::email()).cloned().collect()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<Scopes: IntoIterator<Item = Scope>>(scopes: Scopes) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for ScopeSet {
    /// The short names, separated by spaces.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(Scope::short).collect();
        formatter.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> ScopeSet {
        names.iter().map(|name| Scope::from_user(name).unwrap()).collect()
    }

    #[test]
    fn wider_scopes_cover_narrower_ones_and_not_the_other_way_round() {
        let wide = set(&["chat.spaces", "chat.memberships"]);
        let narrow = set(&["chat.spaces.create", "chat.spaces.readonly", "chat.memberships.readonly"]);
        assert!(wide.missing_from(&narrow).is_empty());
        assert_eq!(narrow.missing_from(&wide), wide);
        assert_eq!(wide.union(&narrow), wide);
        assert_eq!(narrow.union(&wide).minimal(), wide);
        assert_eq!(narrow.minimal(), narrow);
        let reading = set(&["chat.spaces.readonly"]);
        assert_eq!(reading.missing_from(&set(&["chat.spaces.create"])), set(&["chat.spaces.create"]));
        assert!(!reading.is_empty());
    }

    #[test]
    fn people_read_short_names() {
        assert_eq!(Scope::google("chat.spaces").to_string(), "chat.spaces");
        assert_eq!(Scope::openid().to_string(), "openid");
        assert_eq!(set(&["chat.spaces", "chat.delete"]).to_string(), "chat.delete chat.spaces");
    }

    #[test]
    fn property_22_order_and_googles_names_for_email_and_profile_make_no_difference() {
        let granted = ScopeSet::from_wire(
            "openid  https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/chat.spaces.create",
        );
        assert!(granted.missing_from(&set(&["chat.spaces.create"]).with_identity()).is_empty());
        assert_eq!(granted, set(&["email", "chat.spaces.create", "openid"]));
        assert_eq!(granted.without_identity(), set(&["chat.spaces.create"]));
    }

    #[test]
    fn people_may_write_short_names_and_full_urls_and_learn_the_nearest_name() {
        assert_eq!(
            Scope::from_user("chat.spaces").unwrap(),
            Scope::from_user(" https://www.googleapis.com/auth/chat.spaces ").unwrap()
        );
        assert!(Scope::from_user("https://www.googleapis.com/auth/drive.file").is_ok());
        let message = |text| Scope::from_user(text).unwrap_err().to_string();
        assert!(message("chat.space.create").contains("did you mean chat.spaces.create?"));
        assert!(message("drive").contains("in full"));
        for text in ["", "https://", "https://a b", "http://x"] {
            assert!(Scope::from_user(text).is_err(), "{text}");
        }
    }
}
