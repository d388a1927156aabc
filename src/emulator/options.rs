//! The options of the emulator.

use std::str::FromStr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::google::SCOPE_ROOT;
use super::invalid_option::InvalidOption;
use super::quota::Quota;

/// How the emulator behaves. The default: one Workspace user, consent given at once, the API enabled, no faults.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent switch")]
pub struct Options {
    /// Port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// What the person at the browser does.
    pub consent: Consent,
    /// The accounts; the first one consents unless `login_hint` names another.
    pub users: Vec<User>,
    /// Lifetime of an access token.
    pub access_token_lifetime: Duration,
    /// Whether every refresh returns a new refresh token. Reusing an old one then ends the whole login.
    pub rotate_refresh_tokens: bool,
    /// Lifetime of a refresh token, as for an app in testing; adds `refresh_token_expires_in`.
    pub refresh_token_lifetime: Option<Duration>,
    /// Number of refresh tokens of one account and client that are valid at the same time; a new one silently revokes
    /// the oldest.
    pub refresh_token_limit: usize,
    /// Who may use the app.
    pub audience: Audience,
    /// Email addresses that may use an app in testing; without a list, every account.
    pub test_users: Option<Vec<String>>,
    /// Whether the organization's administrator blocks the app.
    pub admin_policy_enforced: bool,
    /// Time after which the organization requires a new sign-in: refreshes are then refused with `invalid_rapt`.
    pub session_length: Option<Duration>,
    /// The scopes that are ticked when consent is given without a page.
    pub granted_scopes: GrantedScopes,
    /// Whether leaving every scope unticked is a refusal. Otherwise only the sign-in scopes are granted. It is not
    /// known which of the two Google does.
    pub nothing_ticked_refuses: bool,
    /// Scopes that service accounts may request on behalf of users.
    pub delegated_scopes: GrantedScopes,
    /// Whether the Chat API is enabled for the project.
    pub api_enabled: bool,
    /// Whether a Chat app is configured for the project. Without one Google refuses to create spaces (404 "Google
    /// Chat app not found") and still reads them.
    pub chat_app_configured: bool,
    /// Whether a repeated `requestId` returns name, type and display name only.
    pub echo_on_repeat: bool,
    /// Whether a display name in use is refused with `ALREADY_EXISTS`.
    pub unique_names: bool,
    /// Email addresses of people who cannot be added to a space: `setup` skips them silently, `members.create` answers
    /// 403.
    pub unaddable: Vec<String>,
    /// Email addresses of people who are invited instead of added.
    pub auto_accept_off: Vec<String>,
    /// Email addresses without an account: requests that name them are refused with 400.
    pub unresolvable: Vec<String>,
    /// Whose names and email addresses memberships have.
    pub names: Names,
    /// Email addresses of people who may use `useAdminAccess`.
    pub admins: Vec<String>,
    /// Whether adding a member again returns the existing membership. Otherwise it is refused with `ALREADY_EXISTS`. It
    /// is not known which of the two Google does.
    pub return_existing_member: bool,
    /// Quotas of the API; none by default.
    pub quota: Option<Quota>,
    /// Faults, the first one that is due wins.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            consent: Consent::Approve,
            users: vec![User::new("emulator@example.com")],
            // What Google returns in practice; the documented hour is 3600.
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
            names: Names::Known,
            admins: Vec::new(),
            return_existing_member: false,
            quota: None,
            faults: Vec::new(),
        }
    }
}

impl Options {
    /// Returns the account with this email address or id.
    pub(super) fn user(&self, hint: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email.eq_ignore_ascii_case(hint) || user.sub == hint)
    }

    /// Returns the id of the person with this email address or id, with or without an account here.
    pub(super) fn person_id(&self, name: &str) -> String {
        match self.user(name) {
            Some(user) => user.sub.clone(),
            None if name.contains('@') => account_id(name),
            None => name.to_owned(),
        }
    }

    /// Whether a list of addresses names the person with this id.
    pub(super) fn is_listed(&self, addresses: &[String], sub: &str) -> bool {
        addresses.iter().any(|address| self.person_id(address) == sub)
    }

    /// Returns the domain that owns the project: that of the first Workspace account.
    pub(super) fn organization(&self) -> Option<&str> {
        self.users.iter().find_map(|user| user.hosted_domain.as_deref())
    }
}

/// Who may use the app, as the consent screen is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The accounts of the project's organization.
    Internal,
    /// Test users; refresh tokens expire after seven days.
    Testing,
    /// Everyone.
    Production,
}

/// Whose names, email addresses and avatars memberships have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Those of people who have joined the space or work with the caller.
    Known,
    /// Nobody's.
    None,
}

/// What the person at the browser does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Shows a page.
    Ask,
    /// Grants at once.
    Approve,
    /// Refuses at once.
    Deny,
}

/// The scopes that are granted when a client requests them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantedScopes {
    /// All of them.
    All,
    /// These only, as full URLs or without `https://www.googleapis.com/auth/`. Sign-in scopes are always granted.
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
    /// Email address.
    pub email: String,
    /// Id of the account, as in `users/{sub}`.
    pub sub: String,
    /// Display name.
    pub name: String,
    /// Workspace domain; none for a consumer account.
    pub hosted_domain: Option<String>,
}

impl User {
    /// Creates an account in the Workspace organization of the address's domain, or a consumer account for a Gmail
    /// address.
    pub fn new(email: &str) -> Self {
        let (local, domain) = email.split_once('@').unwrap_or((email, ""));
        let domain = domain.to_ascii_lowercase();
        let consumer = matches!(domain.as_str(), "" | "gmail.com" | "googlemail.com");
        Self {
            email: email.to_owned(),
            sub: account_id(email),
            name: local.to_owned(),
            hosted_domain: (!consumer).then_some(domain),
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
            _ => Err(InvalidOption::new(format!("`{text}` is not an email address"))),
        }
    }
}

/// Derives a stable 21-digit id from an address, so that an account keeps its id across restarts.
pub(super) fn account_id(email: &str) -> String {
    let digest = Sha256::digest(email.to_ascii_lowercase());
    let number = digest.iter().take(15).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    format!("1{:020}", number % 100_000_000_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_workspace_from_consumer() {
        assert_eq!(User::new("ann@example.com").hosted_domain.as_deref(), Some("example.com"));
        assert_eq!(User::new("ann@Example.COM").hosted_domain.as_deref(), Some("example.com"));
        for consumer in ["ann@gmail.com", "ann@GMail.com", "ann@GOOGLEMAIL.COM"] {
            assert_eq!(User::new(consumer).hosted_domain, None, "{consumer}");
        }
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
