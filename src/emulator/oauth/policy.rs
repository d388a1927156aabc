//! Who may use the app, and how long a login lasts.

use time::{Duration, OffsetDateTime};

use super::error_page::ErrorPage;
use super::refusal::{Refusal, for_reason};
use super::scopes;
use crate::emulator::options::{Audience, Options, User};

/// Lifetime of the refresh tokens of an app in testing.
const TESTING: Duration = Duration::days(7);
/// Name of the app on the pages.
const APP: &str = "This app";

/// Checks that the account may use the app.
pub(super) fn check_account(options: &Options, user: &User) -> Result<(), ErrorPage> {
    let tester = options.test_users.as_ref().is_none_or(|testers| options.is_listed(testers, &user.sub));
    match options.audience {
        Audience::Internal
            if user.hosted_domain.is_none() || user.hosted_domain.as_deref() != options.organization() =>
        {
            return Err(ErrorPage::new(
                403,
                "org_internal",
                format!(
                    "{APP} is restricted to users within its organization. If you think you should have \
                     access, you can contact the developer."
                ),
            )
            .titled(format!("Access blocked: {APP} can only be used within its organization"))
            .with_hint(String::from("pass --audience production")));
        }
        Audience::Testing if !tester => {
            return Err(ErrorPage::new(
                403,
                "access_denied",
                "The app is currently being tested, and can only be accessed by developer-approved testers. \
                 If you think you should have access, you can contact the developer.",
            )
            .titled(format!("Access blocked: {APP} has not completed the Google verification process"))
            .with_hint(format!("pass --test-user {} or --audience production", user.email)));
        }
        _ => {}
    }
    if is_blocked_by_admin(options, user) {
        return Err(ErrorPage::new(
            400,
            "admin_policy_enforced",
            "Access to your account data is restricted by policies within your organization. Please contact \
             your organization administrator for more information.",
        )
        .with_hint(String::from("leave out --admin-policy-enforced")));
    }
    Ok(())
}

/// Whether the administrator, who controls Workspace accounts only, blocks the app.
fn is_blocked_by_admin(options: &Options, user: &User) -> bool {
    options.admin_policy_enforced && user.hosted_domain.is_some()
}

/// Returns when a new refresh token expires, if it does. In testing, tokens with sign-in scopes only do not.
pub(super) fn refresh_token_end(options: &Options, granted: &[String], now: OffsetDateTime) -> Option<OffsetDateTime> {
    if let Some(lifetime) = options.refresh_token_lifetime {
        return Some(now + lifetime);
    }
    let sign_in_only = granted.iter().all(|scope| scopes::is_sign_in(scope));
    (options.audience == Audience::Testing && !sign_in_only).then(|| now + TESTING)
}

/// Checks that a login of the time `since` may still be refreshed.
pub(super) fn check_refresh(
    options: &Options,
    user: &User,
    since: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    if is_blocked_by_admin(options, user) {
        return Err(for_reason("admin_policy_enforced"));
    }
    match options.session_length {
        Some(length) if user.hosted_domain.is_some() && since + length <= now => Err(for_reason("invalid_rapt")),
        _ => Ok(()),
    }
}
