//! The authorization request (RFC 6749, 4.1.1), with Google's checks and errors.

use std::net::{Ipv4Addr, Ipv6Addr};

use time::OffsetDateTime;
use url::{Host, Url};

use super::error_page::ErrorPage;
use super::pkce::Challenge;
use super::scopes;
use crate::emulator::client::{Client, ClientKind};
use crate::emulator::wire::Parameters;

/// A checked authorization request.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) state: Option<String>,
    pub(super) login_hint: Option<String>,
    pub(super) challenge: Option<Challenge>,
    pub(super) nonce: Option<String>,
    pub(super) offline: bool,
    /// Whether the client is a desktop app.
    pub(super) desktop: bool,
    prompt: Vec<String>,
}

/// A consent page that waits for an answer.
#[derive(Debug)]
pub(in crate::emulator) struct ConsentPage {
    pub(super) request: AuthorizationRequest,
    pub(super) expires_at: OffsetDateTime,
}

impl AuthorizationRequest {
    /// Reads and checks the parameters of a request.
    pub(super) fn read(clients: &[Client], parameters: &Parameters) -> Result<Self, ErrorPage> {
        let required = |name: &str| {
            parameters.get(name).ok_or_else(|| ErrorPage::invalid(format!("Missing required parameter: {name}")))
        };
        let client_id = required("client_id")?;
        let client = clients
            .iter()
            .find(|client| client.id == client_id)
            .ok_or_else(|| ErrorPage::new(401, "invalid_client", "The OAuth client was not found."))?;
        let redirect_uri = required("redirect_uri")?;
        check_redirect_uri(&client.kind, redirect_uri)?;
        match parameters.get("response_type") {
            Some("code") => {}
            Some(other) => return Err(ErrorPage::invalid(format!("Invalid response_type: {other}"))),
            None => return Err(ErrorPage::invalid("Required parameter is missing: response_type")),
        }
        let text = required("scope")?;
        let scopes = scopes::parse(text)
            .map_err(|invalid| ErrorPage::new(400, "invalid_scope", scopes::invalid_text(text, &invalid)))?;
        if scopes.is_empty() {
            return Err(ErrorPage::invalid("Missing required parameter: scope"));
        }
        let challenge = Challenge::read(parameters.get("code_challenge"), parameters.get("code_challenge_method"))
            .map_err(ErrorPage::invalid)?;
        let offline = match parameters.get("access_type") {
            None | Some("online") => false,
            Some("offline") => true,
            Some(other) => return Err(ErrorPage::invalid(format!("Invalid access_type: {other}"))),
        };
        let owned = |name: &str| parameters.get(name).map(str::to_owned);
        Ok(Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            scopes,
            state: owned("state"),
            login_hint: owned("login_hint"),
            challenge,
            nonce: owned("nonce"),
            prompt: prompt(parameters.get("prompt"))?,
            offline,
            desktop: matches!(client.kind, ClientKind::Desktop),
        })
    }

    /// The scopes that a person can leave unticked.
    pub(super) fn optional_scopes(&self) -> Vec<&String> {
        self.scopes.iter().filter(|scope| !scopes::is_sign_in(scope)).collect()
    }

    /// Whether `prompt` has this value.
    pub(super) fn prompts(&self, value: &str) -> bool {
        self.prompt.iter().any(|prompt| prompt == value)
    }
}

fn prompt(text: Option<&str>) -> Result<Vec<String>, ErrorPage> {
    let prompts: Vec<String> = text.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    for prompt in &prompts {
        if !matches!(prompt.as_str(), "none" | "consent" | "select_account") {
            return Err(ErrorPage::invalid(format!("Invalid prompt: {prompt}")));
        }
    }
    if prompts.len() > 1 && prompts.iter().any(|prompt| prompt == "none") {
        return Err(ErrorPage::invalid("Invalid prompt: none with others"));
    }
    Ok(prompts)
}

fn check_redirect_uri(kind: &ClientKind, uri: &str) -> Result<(), ErrorPage> {
    match kind {
        ClientKind::Desktop if is_loopback(uri) => Ok(()),
        ClientKind::Web { redirect_uris } if redirect_uris.iter().any(|known| known == uri) => Ok(()),
        ClientKind::Desktop => Err(ErrorPage::invalid(
            "You can't sign in to this app because it doesn't comply with Google's OAuth 2.0 \
             policy for keeping apps secure.",
        )),
        ClientKind::Web { .. } => Err(ErrorPage::new(
            400,
            "redirect_uri_mismatch",
            format!(
                "You can't sign in to this app because it doesn't comply with Google's OAuth 2.0 \
                 policy. If you're the app developer, register the redirect URI in the Google \
                 Cloud Console. Request Details: redirect_uri={uri} flowName=GeneralOAuthFlow"
            ),
        )),
    }
}

/// Whether it is an http URI of this machine with any port and path. Its characters are checked because it becomes part
/// of a `Location` header unchanged.
fn is_loopback(uri: &str) -> bool {
    if uri.contains(|c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(c)) {
        return false;
    }
    let Ok(url) = Url::parse(uri) else { return false };
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        None => false,
    };
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    local && bare && url.scheme() == "http"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn desktop_clients_may_use_any_loopback_address() {
        for uri in [
            "http://127.0.0.1:45017/oauth2/callback",
            "http://127.0.0.1:1",
            "http://[::1]:8080/",
            "http://localhost",
            "http://localhost:8085/?a=b",
        ] {
            assert!(is_loopback(uri), "{uri}");
        }
        for uri in [
            "https://127.0.0.1/",
            "http://example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "http://user@127.0.0.1/",
            "http://127.0.0.1/#fragment",
            "http://127.0.0.1/\r\nSet-Cookie: a",
            "http://10.0.0.1/",
            "urn:ietf:wg:oauth:2.0:oob",
            "custom:/callback",
        ] {
            assert!(!is_loopback(uri), "{uri}");
        }
    }
}
