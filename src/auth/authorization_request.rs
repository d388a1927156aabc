//! The authorization request: the URL that the person opens
//! ([RFC 6749 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1), with PKCE of RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::Url;

use super::{ClientSecrets, Error, Scope, ScopeSet};
use crate::secret::Secret;

/// What a login asks for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) scopes: &'a ScopeSet,
    pub(super) login_hint: Option<&'a str>,
    /// Whether the person should choose among their accounts.
    pub(super) choose_account: bool,
}

/// One attempt to log in, with secrets that are never used again.
#[derive(Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) url: Url,
    pub(super) redirect_uri: String,
    pub(super) state: Secret<String>,
    /// The PKCE code verifier.
    pub(super) verifier: Secret<String>,
}

impl AuthorizationRequest {
    /// Draws state and verifier (256 bits each from the operating system) and builds the URL that carries them.
    pub(super) fn new(client: &ClientSecrets, redirect_uri: String, wanted: &Wanted<'_>) -> Result<Self, Error> {
        let state = random()?;
        let verifier = random()?;
        let scopes: Vec<&str> = wanted.scopes.iter().map(Scope::as_str).collect();
        let mut url = client.authorization_endpoint.url().clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.client_id)
            .append_pair("redirect_uri", &redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &state)
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256")
            // Google gives web clients a refresh token only with `access_type` and `prompt`; desktop clients may have both.
            .append_pair("access_type", "offline")
            .append_pair("prompt", if wanted.choose_account { "select_account consent" } else { "consent" });
        if let Some(hint) = wanted.login_hint {
            url.query_pairs_mut().append_pair("login_hint", hint);
        }
        Ok(Self { url, redirect_uri, state: Secret::new(state), verifier: Secret::new(verifier) })
    }
}

/// The S256 code challenge ([RFC 7636 section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// 32 random bytes as 43 characters of `A-Z a-z 0-9 - _`.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Internal(format!("the operating system gives no random numbers: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::path::Path;

    use super::super::Scope;
    use super::*;

    fn client() -> ClientSecrets {
        let text = include_str!("../../client_secrets.example.json").replace("example", "sample");
        ClientSecrets::parse(Path::new("c.json"), text.as_bytes()).unwrap()
    }

    fn request(login_hint: Option<&str>) -> (AuthorizationRequest, HashMap<String, String>) {
        let scopes = [Scope::google("chat.spaces.create")].into_iter().collect::<ScopeSet>().with_identity();
        let wanted = Wanted { scopes: &scopes, login_hint, choose_account: login_hint.is_none() };
        let request =
            AuthorizationRequest::new(&client(), String::from("http://127.0.0.1:1/oauth2/callback"), &wanted).unwrap();
        let query = request.url.query_pairs().into_owned().collect();
        (request, query)
    }

    #[test]
    fn property_1_the_url_has_everything_that_google_needs_and_nothing_else() {
        let (request, query) = request(None);
        let challenge = challenge(request.verifier.expose());
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "123456789012-sample0not0a0real0client.apps.googleusercontent.com"),
            ("redirect_uri", "http://127.0.0.1:1/oauth2/callback"),
            (
                "scope",
                "https://www.googleapis.com/auth/chat.spaces.create https://www.googleapis.com/auth/userinfo.email openid",
            ),
            ("state", request.state.expose()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("access_type", "offline"),
            ("prompt", "select_account consent"),
        ] {
            assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(query.len(), 9, "{query:?}");
        assert_eq!(request.url.host_str(), Some("accounts.google.com"));
    }

    #[test]
    fn a_named_account_is_hinted_at_and_not_chosen_again() {
        let (_, query) = request(Some("ada+x@example.com"));
        assert_eq!(query["login_hint"], "ada+x@example.com");
        assert_eq!(query["prompt"], "consent");
    }

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn property_2_state_and_verifier_are_never_repeated() {
        let mut seen = HashSet::new();
        for _ in 0..1000 {
            let (request, _) = request(None);
            for text in [request.state.expose(), request.verifier.expose()] {
                assert_eq!(text.len(), 43);
                assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
                assert!(seen.insert(text.clone()));
            }
        }
    }
}
