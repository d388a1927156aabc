//! The authorization request, which the person's browser opens, and the authorization response, which it brings back
//! ([RFC 6749 section 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1), with PKCE of RFC 7636). Reading the
//! response is a pure decision, because anyone may have sent it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::Url;

use super::{ClientSecrets, Error, Scope, ScopeSet};
use crate::secret::Secret;

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
    /// Draws state and verifier (256 bits each from the operating system) and builds the URL that carries them. Without the
    /// `login_hint` of an account, the user chooses one.
    pub(super) fn new(
        client: &ClientSecrets,
        redirect_uri: String,
        scopes: &ScopeSet,
        login_hint: Option<&str>,
    ) -> Result<Self, Error> {
        let state = random()?;
        let verifier = random()?;
        let scopes: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
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
            .append_pair("prompt", if login_hint.is_none() { "select_account consent" } else { "consent" });
        if let Some(hint) = login_hint {
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
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(format!("cannot get random numbers: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What an authorization response must match to be accepted.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// The state of this attempt.
    pub(super) state: Secret<String>,
    /// The authorization server (RFC 9207), as an origin.
    pub(super) issuer: String,
    /// The path of the redirect URI.
    pub(super) path: String,
    /// What a browser sends as `Host`.
    pub(super) host: String,
}

/// An answer to our request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AuthorizationResponse {
    /// Consent, with the authorization code.
    Code(Secret<String>),
    /// Refusal: the error code, and Google's subtype.
    Refused { error: String, description: Option<String> },
    /// Our state from a server that is not the one we asked.
    WrongIssuer(String),
}

/// The classification of one HTTP request to the listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CallbackRequest {
    /// Incomplete so far.
    Partial,
    /// An answer to our request.
    Response(AuthorizationResponse),
    /// A request that is no response to this login, answered with this status.
    Unrelated(u16),
    /// A callback that is refused with 404, and that the user should know of.
    Refused(Notice),
    /// A browser that speaks TLS, because it turned http into https.
    Tls,
}

/// Why a response of the browser was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The browser turned http into https.
    HttpsUpgrade,
    /// The state is right, but not the host or port, as through a forwarded port.
    OtherHost,
    /// It belongs to another login.
    OtherLogin,
}

/// The longest request line, in bytes.
const LONGEST_LINE: usize = 8 * 1024;

/// The largest header block, in bytes: browsers send the cookies of every program that ever listened on this address.
const LARGEST_HEADERS: usize = 64 * 1024;

/// The longest request head that is read, in bytes.
pub(super) const LONGEST_HEAD: usize = LONGEST_LINE + LARGEST_HEADERS;

/// Classifies the bytes that have arrived on a connection.
pub(super) fn classify_request(bytes: &[u8], expected: &Expected) -> CallbackRequest {
    const TLS_HANDSHAKE: u8 = 0x16;
    if bytes.first() == Some(&TLS_HANDSHAKE) {
        return CallbackRequest::Tls;
    }
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    if line > LONGEST_LINE {
        return CallbackRequest::Unrelated(414);
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(head)) if head - line <= LARGEST_HEADERS => {}
        Ok(httparse::Status::Partial) if bytes.len() - line <= LARGEST_HEADERS => return CallbackRequest::Partial,
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return CallbackRequest::Unrelated(431),
        Err(_) => return CallbackRequest::Unrelated(400),
    }
    let (path, query) = request.path.unwrap_or_default().split_once('?').unwrap_or_default();
    let is_callback = request.method == Some("GET") && path == expected.path;
    // A request with another host name may be a DNS rebinding attack.
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let ours = |host: &httparse::Header<'_>| expected.host.as_bytes() == host.value;
    if !(hosts.next().is_some_and(ours) && hosts.next().is_none()) {
        let is_answer = is_callback && parse_response(query, expected).is_some();
        return if is_answer { CallbackRequest::Refused(Notice::OtherHost) } else { CallbackRequest::Unrelated(404) };
    }
    if request.method != Some("GET") {
        return CallbackRequest::Unrelated(405);
    }
    if !is_callback {
        return CallbackRequest::Unrelated(404);
    }
    match parse_response(query, expected) {
        Some(answer) => CallbackRequest::Response(answer),
        None if is_of_other_login(query, expected) => CallbackRequest::Refused(Notice::OtherLogin),
        None => CallbackRequest::Unrelated(404),
    }
}

/// Whether the query has a state that is not ours.
fn is_of_other_login(query: &str, expected: &Expected) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| {
        name == "state" && !value.is_empty() && !constant_time_eq(value.as_bytes(), expected.state.expose().as_bytes())
    })
}

/// Looks at the query of a redirect; `None` when it is not an answer to our request.
pub(super) fn parse_response(query: &str, expected: &Expected) -> Option<AuthorizationResponse> {
    let (mut states, mut codes, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut issuers, mut descriptions) = (Vec::new(), Vec::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "state" => states.push(value),
            "code" => codes.push(value),
            "error" => errors.push(value),
            "iss" => issuers.push(value),
            "error_description" | "error_subtype" => descriptions.push(value),
            _ => {}
        }
    }
    // The state comes first, also before a refusal: otherwise any page could end a login.
    let [state] = &states[..] else { return None };
    if !constant_time_eq(state.as_bytes(), expected.state.expose().as_bytes()) {
        return None;
    }
    let answer = match (&codes[..], &errors[..]) {
        ([code], []) if !code.is_empty() => AuthorizationResponse::Code(Secret::new(code.clone().into_owned())),
        ([], [error]) if !error.is_empty() => {
            let description = descriptions.first().map(|text| text.clone().into_owned());
            AuthorizationResponse::Refused { error: error.clone().into_owned(), description }
        }
        _ => return None,
    };
    match &issuers[..] {
        [] => Some(answer),
        [issuer] if **issuer == expected.issuer => Some(answer),
        [issuer, ..] => Some(AuthorizationResponse::WrongIssuer(issuer.clone().into_owned())),
    }
}

/// Parses a redirect URL that the user pasted, even if a terminal wrapped it or a program quoted it for a shell or
/// for HTML.
pub(super) fn parse_pasted(text: &str, expected: &Expected) -> Option<AuthorizationResponse> {
    let is_part = |character: &char| !character.is_whitespace() && !character.is_control() && *character != '\\';
    let unwrapped = text.chars().filter(is_part).collect::<String>().replace("&amp;", "&");
    let (_, query) = unwrapped.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    parse_response(query.trim_end_matches(['\'', '"', '>']), expected)
}

/// Compares in constant time.
fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;
