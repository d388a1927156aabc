//! What can be set before the emulator starts.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::google::SCOPE_ROOT;
use super::invalid_option::InvalidOption;
use super::quota::Quota;

/// How the emulator behaves. The default is strict and benign: one Workspace
/// user, everything granted at once, the API on, nothing going wrong.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent switch")]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// What the person at the browser does.
    pub consent: Consent,
    /// The accounts that exist; the first is the one that consents unless `login_hint` names another.
    pub users: Vec<User>,
    /// Life of an access token.
    pub access_token_lifetime: Duration,
    /// Whether every refresh brings a new refresh token. Using an old one again
    /// then ends the whole login.
    pub rotate_refresh_tokens: bool,
    /// Life of a refresh token, as for an app in testing; adds `refresh_token_expires_in`.
    pub refresh_token_lifetime: Option<Duration>,
    /// How many refresh tokens of one account and client live at the same time;
    /// a newer one pushes the oldest out without a word.
    pub refresh_token_limit: usize,
    /// Who may use the app at all.
    pub audience: Audience,
    /// The addresses that may use an app in testing; every account when there is no list.
    pub test_users: Option<Vec<String>>,
    /// Whether the administrator of the organization keeps its accounts from using the app.
    pub admin_policy_enforced: bool,
    /// After how long the organization wants its people to sign in again: from
    /// then on refreshes are refused with `invalid_rapt`.
    pub session_length: Option<Duration>,
    /// What is ticked when consent is given without a page.
    pub granted_scopes: GrantedScopes,
    /// Whether leaving every scope unticked counts as a refusal. Otherwise the
    /// sign-in scopes alone are granted. Which of the two Google does is not known.
    pub nothing_ticked_refuses: bool,
    /// Scopes that service accounts may ask for on behalf of users.
    pub delegated_scopes: GrantedScopes,
    /// Whether the Chat API is enabled for the project.
    pub api_enabled: bool,
    /// Whether a Chat app is configured for the project. Without one Google refuses to create spaces (404 "Google
    /// Chat app not found") and still reads them.
    pub chat_app_configured: bool,
    /// Whether a repeated `requestId` answers with name, type and display name only.
    pub echo_on_repeat: bool,
    /// Whether a display name that is taken is refused with `ALREADY_EXISTS`.
    pub unique_names: bool,
    /// E-mail addresses of people who cannot be added to a space: `setup` leaves
    /// them out silently, `members.create` answers 403.
    pub unaddable: Vec<String>,
    /// E-mail addresses of people who have to accept an invitation.
    pub auto_accept_off: Vec<String>,
    /// E-mail addresses that belong to nobody: looking for them is refused with 400.
    pub unresolvable: Vec<String>,
    /// E-mail addresses of the people who may use `useAdminAccess`.
    pub admins: Vec<String>,
    /// Whether adding a member again answers with the membership there is.
    /// Otherwise it is refused with `ALREADY_EXISTS`. Which of the two Google does is not known.
    pub return_existing_member: bool,
    /// How often the API may be called; as often as you like when there is none.
    pub quota: Option<Quota>,
    /// What goes wrong, in the order of their precedence.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            consent: Consent::Approve,
            users: vec![User::new("emulator@example.com")],
            // Google says 3599 in practice, not 3600.
            access_token_lifetime: Duration::from_secs(3599),
            rotate_refresh_tokens: false,
            refresh_token_lifetime: None,
            refresh_token_limit: 100,
            audience: Audience::Production,
            test_users: None,
            admin_policy_enforced: false,
            session_length: None,
            granted_scopes: GrantedScopes::All,
            nothing_ticked_refuses: false,
            delegated_scopes: GrantedScopes::All,
            api_enabled: true,
            chat_app_configured: true,
            echo_on_repeat: false,
            unique_names: false,
            unaddable: Vec::new(),
            auto_accept_off: Vec::new(),
            unresolvable: Vec::new(),
            admins: Vec::new(),
            return_existing_member: false,
            quota: None,
            faults: Vec::new(),
        }
    }
}

impl Options {
    /// The account with this address or number.
    pub(super) fn user(&self, hint: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email.eq_ignore_ascii_case(hint) || user.sub == hint)
    }

    /// The number of the person with this address, known here or not; a number stays what it is.
    pub(super) fn person(&self, name: &str) -> String {
        match self.user(name) {
            Some(user) => user.sub.clone(),
            None if name.contains('@') => subject(name),
            None => name.to_owned(),
        }
    }

    /// Whether a list of addresses names the person with this number.
    pub(super) fn is_listed(&self, addresses: &[String], sub: &str) -> bool {
        addresses.iter().any(|address| self.person(address) == sub)
    }

    /// The domain that the project belongs to: the first account's that has one.
    pub(super) fn organization(&self) -> Option<&str> {
        self.users.iter().find_map(|user| user.hosted_domain.as_deref())
    }
}

/// Who may use the app, as the consent screen is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The accounts of the project's organization, which is the first account's that has one.
    Internal,
    /// The test users, and refresh tokens end after seven days.
    Testing,
    /// Everyone.
    Production,
}

impl FromStr for Audience {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        match text {
            "internal" => Ok(Self::Internal),
            "testing" => Ok(Self::Testing),
            "production" => Ok(Self::Production),
            other => Err(InvalidOption::new(format!("`{other}` is none of `internal`, `testing`, `production`"))),
        }
    }
}

/// What the person at the browser does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Sees a page and decides.
    Ask,
    /// Allows at once.
    Approve,
    /// Cancels at once.
    Deny,
}

impl FromStr for Consent {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        match text {
            "ask" => Ok(Self::Ask),
            "approve" => Ok(Self::Approve),
            "deny" => Ok(Self::Deny),
            other => Err(InvalidOption::new(format!("`{other}` is none of `ask`, `approve`, `deny`"))),
        }
    }
}

impl fmt::Display for Consent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ask => "ask",
            Self::Approve => "approve",
            Self::Deny => "deny",
        })
    }
}

/// A set of scopes that are granted when they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantedScopes {
    /// Every one.
    All,
    /// These only, as full URLs or as what follows `…/auth/`. Sign-in scopes are always granted.
    Only(Vec<String>),
}

impl GrantedScopes {
    /// Whether `scope`, a full URL, is in the set.
    pub(super) fn allows(&self, scope: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(scopes) => {
                scopes.iter().any(|granted| granted == scope || scope.strip_prefix(SCOPE_ROOT) == Some(granted))
            }
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// E-mail address.
    pub email: String,
    /// The number that identifies the account, as in `users/{sub}`.
    pub sub: String,
    /// Name shown to people.
    pub name: String,
    /// Workspace domain; none for a consumer account.
    pub hosted_domain: Option<String>,
}

impl User {
    /// An account of the Workspace organization named in the address, or a
    /// consumer account when the address is Gmail's.
    pub fn new(email: &str) -> Self {
        let (local, domain) = email.split_once('@').unwrap_or((email, ""));
        let consumer = matches!(domain, "" | "gmail.com" | "googlemail.com");
        Self {
            email: email.to_owned(),
            sub: subject(email),
            name: local.to_owned(),
            hosted_domain: (!consumer).then(|| domain.to_owned()),
        }
    }
}

impl FromStr for User {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        match text.split_once('@') {
            Some((local, domain))
                if !local.is_empty()
                    && !domain.is_empty()
                    && !text.contains(|c: char| c.is_whitespace() || c.is_control()) =>
            {
                Ok(Self::new(text))
            }
            _ => Err(InvalidOption::new(format!("`{text}` is not an e-mail address"))),
        }
    }
}

/// A stable 21-digit number for an address, of the size of Google's, so that
/// the same account keeps its identity from one start to the next.
pub(super) fn subject(email: &str) -> String {
    let digest = Sha256::digest(email.to_ascii_lowercase());
    let number = digest.iter().take(15).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    format!("1{:020}", number % 100_000_000_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_read_as_it_is_written() {
        for consent in [Consent::Ask, Consent::Approve, Consent::Deny] {
            assert_eq!(consent.to_string().parse(), Ok(consent));
        }
        assert!("yes".parse::<Consent>().is_err());
    }

    #[test]
    fn an_address_tells_workspace_from_consumer() {
        assert_eq!(User::new("ann@example.com").hosted_domain.as_deref(), Some("example.com"));
        assert_eq!(User::new("ann@gmail.com").hosted_domain, None);
        assert!("ann".parse::<User>().is_err());
        assert!("ann@".parse::<User>().is_err());
        assert!("ann @example.com".parse::<User>().is_err());
    }

    #[test]
    fn a_subject_is_stable_and_differs_between_people() {
        let subject = User::new("ann@example.com").sub;
        assert_eq!(subject, User::new("Ann@example.com").sub);
        assert_eq!(subject.len(), 21);
        assert_ne!(subject, User::new("bob@example.com").sub);
    }

    #[test]
    fn scopes_may_be_given_short() {
        let only = GrantedScopes::Only(vec![String::from("chat.spaces")]);
        assert!(only.allows("https://www.googleapis.com/auth/chat.spaces"));
        assert!(!only.allows("https://www.googleapis.com/auth/chat.spaces.create"));
    }
}
