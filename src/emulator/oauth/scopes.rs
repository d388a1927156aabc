//! Scopes: which exist, how Google returns them, and how the consent page describes them.

use crate::emulator::google::SCOPE_ROOT;

const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
const PROFILE: &str = "https://www.googleapis.com/auth/userinfo.profile";

/// Parses scopes into the names that Google returns. The error is the list of unknown ones.
pub(super) fn parse(text: &str) -> Result<Vec<String>, Vec<String>> {
    let mut scopes: Vec<String> = Vec::new();
    let mut invalid = Vec::new();
    let mut add = |scope: &str| {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    };
    for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
        match scope {
            "openid" => add(scope),
            "email" => {
                add(EMAIL);
                add("openid");
            }
            "profile" => {
                add(PROFILE);
                add("openid");
            }
            _ if scope.strip_prefix(SCOPE_ROOT).is_some_and(is_name) => add(scope),
            _ => invalid.push(scope.to_owned()),
        }
    }
    if invalid.is_empty() { Ok(scopes) } else { Err(invalid) }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
}

/// Whether it is a sign-in scope, which is always granted.
pub(super) fn is_sign_in(scope: &str) -> bool {
    scope == "openid" || scope == EMAIL || scope == PROFILE
}

/// Whether these scopes include the email address.
pub(super) fn shows_email(scopes: &[String]) -> bool {
    scopes.iter().any(|scope| scope == EMAIL)
}

/// Whether these scopes include the profile.
pub(super) fn shows_profile(scopes: &[String]) -> bool {
    scopes.iter().any(|scope| scope == PROFILE)
}

/// Returns the scopes for the redirect, in which Google repeats sign-in scopes by their short names.
pub(super) fn in_redirect(scopes: &[String]) -> String {
    let short = [(EMAIL, "email"), (PROFILE, "profile")]
        .into_iter()
        .filter(|(long, _)| scopes.iter().any(|scope| scope == long))
        .map(|(_, short)| short);
    short.chain(scopes.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

/// Google's text about unknown scopes.
pub(super) fn invalid_text(text: &str, invalid: &[String]) -> String {
    let valid: Vec<&str> =
        text.split(' ').filter(|scope| !scope.is_empty() && !invalid.iter().any(|bad| bad == scope)).collect();
    if valid.is_empty() {
        return format!("Some requested scopes were invalid. {{invalid=[{}]}}", invalid.join(", "));
    }
    format!("Some requested scopes were invalid. {{valid=[{}], invalid=[{}]}}", valid.join(", "), invalid.join(", "))
}

/// Returns the consent page's description of a scope.
pub(super) fn description(scope: &str) -> &str {
    match scope.strip_prefix(SCOPE_ROOT).unwrap_or(scope) {
        "chat.spaces.create" => "Create new conversations and spaces in Google Chat",
        "chat.spaces" => {
            "Create conversations and spaces and see or update metadata (including history settings and access settings) in Google Chat"
        }
        "chat.spaces.readonly" => "View chat and spaces in Google Chat",
        "chat.memberships" => "See, add, update, and remove members from conversations and spaces in Google Chat",
        "chat.memberships.readonly" => "View members in Google Chat conversations.",
        "chat.delete" => "Delete conversations and spaces and remove access to associated files in Google Chat",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_sign_in_names_are_written_out() {
        let scopes = parse("email  https://www.googleapis.com/auth/chat.spaces openid").unwrap();
        assert_eq!(scopes, [EMAIL, "openid", "https://www.googleapis.com/auth/chat.spaces"]);
        assert!(in_redirect(&scopes).starts_with("email https://"));
    }

    #[test]
    fn unknown_names_are_listed() {
        let text = "openid chat.spaces https://www.googleapis.com/auth/ https://evil/auth/x";
        let invalid = parse(text).unwrap_err();
        assert_eq!(invalid.len(), 3);
        assert!(invalid_text(text, &invalid).contains("{valid=[openid], invalid=[chat.spaces, "));
    }
}
