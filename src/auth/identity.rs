//! Who logged in, from the ID token of the token response ([OpenID Connect Core
//! 1.0](https://openid.net/specs/openid-connect-core-1_0.html)).
//!
//! Its signature is not checked: it came from the token endpoint over TLS, which section 3.1.3.7 point 6 accepts in
//! place of the signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

/// The account that consented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account's identifier, which never changes.
    pub sub: String,
    /// Its e-mail address, which names the account for people.
    pub email: String,
    /// The Workspace domain; `None` for a consumer account.
    pub hosted_domain: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Value,
    sub: String,
    email: Option<String>,
    hd: Option<String>,
}

/// Reads an ID token that the token endpoint of `issuer` made for `client_id`.
///
/// # Errors
/// A message that quotes nothing of the token.
pub(super) fn identity(id_token: &str, issuer: &str, client_id: &str) -> Result<Identity, String> {
    let payload = id_token.split('.').nth(1).ok_or("the ID token is not a JWT")?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(|_| "the ID token is not base64url")?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| "the ID token lacks claims")?;
    // Google writes its issuer with and without the scheme.
    if claims.iss != issuer && Some(claims.iss.as_str()) != issuer.strip_prefix("https://") {
        return Err(String::from("the ID token comes from another issuer"));
    }
    let meant_for_us = match &claims.aud {
        Value::String(audience) => audience == client_id,
        Value::Array(audiences) => audiences.iter().any(|audience| audience == client_id),
        _ => false,
    };
    if !meant_for_us {
        return Err(String::from("the ID token was made for another client"));
    }
    let email = claims.email.filter(|email| is_address(email)).ok_or("the ID token has no email claim")?;
    if claims.sub.is_empty() {
        return Err(String::from("the ID token has no subject"));
    }
    Ok(Identity { sub: claims.sub, email, hosted_domain: claims.hd.filter(|domain| !domain.is_empty()) })
}

/// Enough of an e-mail address to name a file and to be shown: an `@` inside, no spaces, no control characters.
pub(super) fn is_address(text: &str) -> bool {
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !text.chars().any(|character| character.is_whitespace() || character.is_control())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn claims() -> Value {
        json!({"iss":"https://accounts.google.com","aud":"client","sub":"108","email":"ada@example.com","hd":"example.com"})
    }

    fn read(change: impl FnOnce(&mut Value)) -> Result<Identity, String> {
        let mut claims = claims();
        change(&mut claims);
        identity(&token(&claims), "https://accounts.google.com", "client")
    }

    #[test]
    fn a_token_of_googles_names_the_person() {
        let expected =
            Identity { sub: "108".into(), email: "ada@example.com".into(), hosted_domain: Some("example.com".into()) };
        assert_eq!(read(|_| {}), Ok(expected.clone()));
        assert_eq!(read(|claims| claims["iss"] = json!("accounts.google.com")), Ok(expected.clone()));
        assert_eq!(read(|claims| claims["aud"] = json!(["other", "client"])), Ok(expected));
    }

    #[test]
    fn property_25_anything_less_is_no_identity() {
        type Change = fn(&mut Value);
        let changes: [Change; 9] = [
            |claims| claims["iss"] = json!("https://evil.test"),
            |claims| claims["iss"] = json!(""),
            |claims| claims["aud"] = json!("other"),
            |claims| claims["aud"] = json!(7),
            |claims| claims["sub"] = json!(""),
            |claims| claims["sub"] = json!(null),
            |claims| claims["email"] = json!(null),
            |claims| claims["email"] = json!("(unknown)"),
            |claims| claims["email"] = json!("a@b\n.json"),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            assert!(read(change).is_err(), "{index}");
        }
        for text in ["", "a", "a.b", "a.!!.c", "a.e30.c"] {
            assert!(identity(text, "https://accounts.google.com", "client").is_err(), "{text}");
        }
    }
}
