//! Why a token endpoint refused, and what that means for the user.

use std::fmt;

use time::Date;

/// Why the token endpoint refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRefusal {
    /// What it means.
    pub cause: RefusalCause,
    /// The error code as it came.
    pub error: String,
    /// The description as it came.
    pub description: Option<String>,
    /// Whose login was refused; `None` during a new login.
    pub account: Option<String>,
    /// What is known locally about the login that was refused.
    pub evidence: Option<Evidence>,
    /// The client's project, for links.
    pub project: Option<String>,
}

/// A delegation that was refused, with what an administrator needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationRefusal {
    /// The error code as it came.
    pub error: String,
    /// The description as it came.
    pub description: Option<String>,
    /// The number by which the Admin console knows the service account.
    pub client_id: Option<String>,
    /// The service account.
    pub client_email: String,
    /// The user in whose name it was to act.
    pub subject: String,
    /// What was asked for, in full.
    pub scopes: Vec<String>,
}

/// What the record of a login shows about its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// It had a known end, as those of projects in testing have, and that has come.
    TestingEnded(Date),
    /// It is the login of an imported file, not a saved one.
    Imported,
    /// Only its age is known.
    Age {
        /// The day of the login.
        logged_in_on: Date,
        /// How long ago that was.
        days: i64,
        /// Whether that is the age at which logins of projects in testing end.
        matches_testing_lifetime: bool,
    },
}

/// What a token error response means for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCause {
    /// The refresh token or code is not valid, or no longer.
    InvalidGrant,
    /// The organization's session length has passed; only a login helps.
    SessionPolicy,
    /// The client itself is refused.
    Client,
    /// The organization's administrator does not allow it.
    AdminPolicy,
    /// A code that is not known here.
    Other,
}

impl std::error::Error for TokenRefusal {}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A certain reason comes before the server's.
        if let Some(Evidence::TestingEnded(end)) = self.evidence {
            write!(
                formatter,
                "the login ended on {end} because the project's publishing status is Testing, where logins last seven \
                 days; "
            )?;
        }
        let what = match self.cause {
            RefusalCause::InvalidGrant if self.evidence == Some(Evidence::Imported) => {
                "the login in the file is no longer valid"
            }
            RefusalCause::InvalidGrant => "the saved login is no longer valid",
            RefusalCause::SessionPolicy => "the organization's session length has passed",
            RefusalCause::Client => "the server rejected the OAuth client",
            RefusalCause::AdminPolicy => "the organization's administrator does not allow this",
            RefusalCause::Other => "the authorization server refused",
        };
        write!(formatter, "{what} ({}", self.error)?;
        if let Some(description) = &self.description {
            write!(formatter, ": {description}")?;
        }
        formatter.write_str(")")?;
        if let Some(Evidence::Age { logged_in_on, days, matches_testing_lifetime }) = self.evidence {
            let plural = if days == 1 { "" } else { "s" };
            let ago =
                if days < 1 { String::from("today") } else { format!("{days} day{plural} ago, on {logged_in_on}") };
            write!(formatter, "; you logged in {ago}")?;
            if matches_testing_lifetime {
                formatter.write_str(", and while a project's publishing status is Testing logins last seven days")?;
            }
        }
        Ok(())
    }
}

/// Classifies a token error response: on its codes, never on its prose. `None` for what may pass by itself.
pub(super) fn refusal_cause(error: &str, subtype: Option<&str>) -> Option<RefusalCause> {
    Some(match (error, subtype) {
        ("internal_failure" | "server_error" | "temporarily_unavailable", _) => return None,
        ("invalid_grant", Some("invalid_rapt" | "rapt_required")) | ("rapt_required" | "invalid_rapt", _) => {
            RefusalCause::SessionPolicy
        }
        ("admin_policy_enforced" | "access_denied" | "access_not_configured" | "org_internal", _) => {
            RefusalCause::AdminPolicy
        }
        (
            "invalid_client"
            | "deleted_client"
            | "disabled_client"
            | "unauthorized_client"
            | "redirect_uri_mismatch"
            | "invalid_request"
            | "unsupported_grant_type"
            | "invalid_scope",
            _,
        ) => RefusalCause::Client,
        ("invalid_grant" | "invalid_account" | "account_deleted" | "account_disabled", _) => RefusalCause::InvalidGrant,
        _ => RefusalCause::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_their_codes() {
        for (error, subtype, expected) in [
            ("invalid_grant", None, Some(RefusalCause::InvalidGrant)),
            ("invalid_grant", Some("invalid_rapt"), Some(RefusalCause::SessionPolicy)),
            ("invalid_grant", Some("rapt_required"), Some(RefusalCause::SessionPolicy)),
            ("invalid_client", None, Some(RefusalCause::Client)),
            ("deleted_client", None, Some(RefusalCause::Client)),
            ("unauthorized_client", None, Some(RefusalCause::Client)),
            ("admin_policy_enforced", None, Some(RefusalCause::AdminPolicy)),
            ("access_denied", None, Some(RefusalCause::AdminPolicy)),
            ("invalid_account", None, Some(RefusalCause::InvalidGrant)),
            ("disabled_client", None, Some(RefusalCause::Client)),
            ("something_new", None, Some(RefusalCause::Other)),
            ("internal_failure", None, None),
            ("temporarily_unavailable", None, None),
        ] {
            assert_eq!(refusal_cause(error, subtype), expected, "{error} {subtype:?}");
        }
    }

    #[test]
    fn a_refusal_tells_what_is_certain_first_and_what_is_guessed_last() {
        let shown = |cause, description: Option<&str>, evidence| {
            let (error, description) = (String::from("invalid_grant"), description.map(str::to_owned));
            TokenRefusal { cause, error, description, account: None, evidence, project: None }.to_string()
        };
        assert_eq!(
            shown(RefusalCause::SessionPolicy, Some("said"), None),
            "the organization's session length has passed (invalid_grant: said)"
        );
        let logged_in_on = Date::from_ordinal_date(2026, 1).unwrap();
        let ended = shown(RefusalCause::InvalidGrant, None, Some(Evidence::TestingEnded(logged_in_on)));
        assert!(ended.starts_with("the login ended on 2026-01-01 because "), "{ended}");
        assert!(ended.ends_with("; the saved login is no longer valid (invalid_grant)"), "{ended}");
        let aged = |matches_testing_lifetime| {
            shown(
                RefusalCause::InvalidGrant,
                None,
                Some(Evidence::Age { logged_in_on, days: 7, matches_testing_lifetime }),
            )
        };
        assert!(aged(false).ends_with("(invalid_grant); you logged in 7 days ago, on 2026-01-01"), "{}", aged(false));
        assert!(aged(true).ends_with("while a project's publishing status is Testing logins last seven days"));
    }
}
