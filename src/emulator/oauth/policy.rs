//! Who may use the app at all, and for how long a login lasts.

use time::{Duration, OffsetDateTime};

use super::error_page::ErrorPage;
use super::refusal::{Refusal, for_reason};
use super::scopes;
use crate::emulator::options::{Audience, Options, User};

/// How long the refresh tokens of an app in testing live.
const TESTING: Duration = Duration::days(7);
/// What the pages call the app.
const APP: &str = "This app";

/// Whether the account may use the app. Google tells it on a page of its own,
/// and the app never hears of it.
pub(super) fn admit(options: &Options, user: &User) -> Result<(), ErrorPage> {
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
            .titled(format!("Access blocked: {APP} can only be used within its organization")));
        }
        Audience::Testing if !tester => {
            return Err(ErrorPage::new(
                403,
                "access_denied",
                "The app is currently being tested, and can only be accessed by developer-approved testers. \
                 If you think you should have access, you can contact the developer.",
            )
            .titled(format!("Access blocked: {APP} has not completed the Google verification process")));
        }
        _ => {}
    }
    if kept_out(options, user) {
        return Err(ErrorPage::new(
            400,
            "admin_policy_enforced",
            "Access to your account data is restricted by policies within your organization. Please contact \
             your organization administrator for more information.",
        ));
    }
    Ok(())
}

/// The administrator's word reaches the accounts of the organization only.
fn kept_out(options: &Options, user: &User) -> bool {
    options.admin_policy_enforced && user.hosted_domain.is_some()
}

/// When a new refresh token ends, if it does. Testing spares logins that only identify.
pub(super) fn refresh_token_end(options: &Options, granted: &[String], now: OffsetDateTime) -> Option<OffsetDateTime> {
    if let Some(lifetime) = options.refresh_token_lifetime {
        return Some(now + lifetime);
    }
    let identifies = granted.iter().all(|scope| scopes::is_sign_in(scope));
    (options.audience == Audience::Testing && !identifies).then(|| now + TESTING)
}

/// Whether a login that began at `since` may still be refreshed.
pub(super) fn check_refresh(
    options: &Options,
    user: &User,
    since: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    if kept_out(options, user) {
        return Err(for_reason("admin_policy_enforced"));
    }
    match options.session_length {
        Some(length) if user.hosted_domain.is_some() && since + length <= now => Err(for_reason("invalid_rapt")),
        _ => Ok(()),
    }
}
