//! The authorization endpoint (RFC 6749, 3.1), with Google's checks and errors.

use std::net::{Ipv4Addr, Ipv6Addr};

use time::{Duration, OffsetDateTime};
use url::{Host, Url};

use super::consent;
use super::ledger::Code;
use super::pkce::Challenge;
use super::policy;
use super::scopes;
use crate::emulator::html;
use crate::emulator::options::{Consent, User};
use crate::emulator::state::{ClientKind, State};
use crate::emulator::wire::{Call, Parameters, Reply, escape_query};

/// Google's codes live about ten minutes; a consent page as long.
const LIFETIME: Duration = Duration::minutes(10);
/// Consent pages that are kept; the oldest is forgotten first.
const PAGES: usize = 1000;

/// What a client asks for, checked.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) state: Option<String>,
    pub(super) login_hint: Option<String>,
    challenge: Option<Challenge>,
    nonce: Option<String>,
    prompt: Vec<String>,
    offline: bool,
    desktop: bool,
}

/// A consent page that was shown and not answered.
#[derive(Debug)]
pub(in crate::emulator) struct Page {
    pub(super) ask: Ask,
    pub(super) expires_at: OffsetDateTime,
}

/// What Google shows on a page of its own: the client never hears of it.
#[derive(Debug)]
pub(super) struct Blocked {
    status: u16,
    code: &'static str,
    title: String,
    text: String,
}

impl Blocked {
    pub(super) fn new(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        let title = String::from("Access blocked: Authorization Error");
        Self { status, code, title, text: text.into() }
    }

    /// With another heading than the usual one.
    pub(super) fn titled(self, title: String) -> Self {
        Self { title, ..self }
    }

    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", text)
    }

    pub(super) fn reply(&self) -> Reply {
        let text = html::escape(&self.text);
        let content = format!(
            "<p>{text}</p>\n<p class=\"note\">Error {}: {}</p>\n\
             <p>Your terminal is not told of this. A login that waits there still waits: Ctrl-C ends it, and the \
             command can be started again.</p>",
            self.status, self.code
        );
        html::page(self.status, &self.title, &content, "")
    }
}

pub(in crate::emulator) fn authorize(state: &mut State, call: &Call) -> Reply {
    let ask = call
        .query_parameters()
        .map_err(|repeated| {
            let text = "OAuth 2 parameters can only have a single value: ";
            Blocked::invalid(format!("{text}{}", repeated.0))
        })
        .and_then(|parameters| Ask::read(state, &parameters));
    let ask = match ask {
        Ok(ask) => ask,
        Err(blocked) => return blocked.reply(),
    };
    match state.options.consent {
        Consent::Deny => ask.refused(state),
        Consent::Approve => {
            let hinted = ask.login_hint.as_deref().and_then(|hint| state.user(hint));
            let Some(user) = hinted.or(state.options.users.first()).cloned() else {
                return ask.refused(state);
            };
            let scopes = &state.options.granted_scopes;
            let ticked = ask.scopes.iter().filter(|scope| scopes.allows(scope)).cloned().collect();
            ask.granted(state, &user, ticked, call.now)
        }
        Consent::Ask if ask.prompt.iter().any(|prompt| prompt == "none") => {
            let issuer = escape_query(&state.origin);
            ask.redirect(&format!("iss={issuer}&error_subtype=access_denied&error=interaction_required"))
        }
        Consent::Ask => {
            let id = open_page(state, ask.clone(), call.now);
            consent::show(state, &id, &ask)
        }
    }
}

fn open_page(state: &mut State, ask: Ask, now: OffsetDateTime) -> String {
    state.pages.retain(|_, page| page.expires_at > now);
    if state.pages.len() >= PAGES {
        let oldest = state.pages.iter().min_by_key(|(_, page)| page.expires_at);
        if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
            state.pages.remove(&oldest);
        }
    }
    let id = crate::emulator::state::unguessable();
    state.pages.insert(id.clone(), Page { ask, expires_at: now + LIFETIME });
    id
}

impl Ask {
    fn read(state: &State, parameters: &Parameters) -> Result<Self, Blocked> {
        let required = |name: &str| {
            parameters.get(name).ok_or_else(|| Blocked::invalid(format!("Missing required parameter: {name}")))
        };
        let client_id = required("client_id")?;
        let client = state
            .client(client_id)
            .ok_or_else(|| Blocked::new(401, "invalid_client", "The OAuth client was not found."))?;
        let redirect_uri = required("redirect_uri")?;
        check_redirect_uri(&client.kind, redirect_uri)?;
        match parameters.get("response_type") {
            Some("code") => {}
            Some(other) => {
                return Err(Blocked::invalid(format!("Invalid response_type: {other}")));
            }
            None => {
                return Err(Blocked::invalid("Required parameter is missing: response_type"));
            }
        }
        let text = required("scope")?;
        let scopes = scopes::parse(text)
            .map_err(|invalid| Blocked::new(400, "invalid_scope", scopes::invalid_text(text, &invalid)))?;
        if scopes.is_empty() {
            return Err(Blocked::invalid("Missing required parameter: scope"));
        }
        let challenge = Challenge::read(parameters.get("code_challenge"), parameters.get("code_challenge_method"))
            .map_err(Blocked::invalid)?;
        let offline = match parameters.get("access_type") {
            None | Some("online") => false,
            Some("offline") => true,
            Some(other) => return Err(Blocked::invalid(format!("Invalid access_type: {other}"))),
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

    /// The scopes that a person can leave off.
    pub(super) fn optional_scopes(&self) -> Vec<&String> {
        self.scopes.iter().filter(|scope| !scopes::is_sign_in(scope)).collect()
    }

    /// Sends the browser back with a code for what was ticked. Sign-in scopes
    /// are granted whatever was ticked.
    pub(super) fn granted(
        &self,
        state: &mut State,
        user: &User,
        mut ticked: Vec<String>,
        now: OffsetDateTime,
    ) -> Reply {
        if let Err(blocked) = policy::admit(&state.options, user) {
            return blocked.reply();
        }
        let sign_in: Vec<_> = self.scopes.iter().filter(|scope| scopes::is_sign_in(scope)).collect();
        let nothing = !ticked.iter().any(|scope| !scopes::is_sign_in(scope));
        let refuses = sign_in.is_empty() || state.options.nothing_ticked_refuses;
        if nothing && refuses && sign_in.len() < self.scopes.len() {
            return self.refused(state);
        }
        for scope in sign_in {
            if !ticked.contains(scope) {
                ticked.push(scope.clone());
            }
        }
        // Desktop apps always get one; web apps with the first consent or a renewed one.
        let consented =
            self.prompt.iter().any(|prompt| prompt == "consent") || !state.ledger.knows(&self.client_id, user);
        let code = state.secret("4/emulator-");
        state.ledger.add_code(
            code.clone(),
            Code {
                client_id: self.client_id.clone(),
                redirect_uri: self.redirect_uri.clone(),
                challenge: self.challenge.clone(),
                nonce: self.nonce.clone(),
                offline: self.desktop || (self.offline && consented),
                user: user.clone(),
                scopes: ticked.clone(),
                expires_at: now + LIFETIME,
                grant: None,
            },
        );
        let mut query = format!(
            "iss={}&code={}&scope={}&authuser=0",
            escape_query(&state.origin),
            escape_query(&code),
            escape_query(&scopes::in_redirect(&ticked)),
        );
        if let Some(domain) = &user.hosted_domain {
            query.push_str("&hd=");
            query.push_str(&escape_query(domain));
        }
        let silent = self.prompt.iter().any(|prompt| prompt == "none");
        query.push_str(if silent { "&prompt=none" } else { "&prompt=consent" });
        self.redirect(&query)
    }

    /// Sends the browser back with the news that the person cancelled.
    pub(super) fn refused(&self, state: &State) -> Reply {
        let issuer = escape_query(&state.origin);
        self.redirect(&format!("iss={issuer}&error=access_denied&error_subtype=access_denied_user"))
    }

    /// 302 to the redirect URI with `state` first, as Google does.
    fn redirect(&self, query: &str) -> Reply {
        let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let echoed = match &self.state {
            Some(value) => format!("state={}&", escape_query(value)),
            None => String::new(),
        };
        Reply::redirect(format!("{}{separator}{echoed}{query}", self.redirect_uri))
            .with("cache-control", "no-store")
            .with("referrer-policy", "no-referrer")
    }
}

fn prompt(text: Option<&str>) -> Result<Vec<String>, Blocked> {
    let prompts: Vec<String> = text.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    for prompt in &prompts {
        if !matches!(prompt.as_str(), "none" | "consent" | "select_account") {
            return Err(Blocked::invalid(format!("Invalid prompt: {prompt}")));
        }
    }
    if prompts.len() > 1 && prompts.iter().any(|prompt| prompt == "none") {
        return Err(Blocked::invalid("Invalid prompt: none with others"));
    }
    Ok(prompts)
}

fn check_redirect_uri(kind: &ClientKind, uri: &str) -> Result<(), Blocked> {
    match kind {
        ClientKind::Desktop if is_loopback(uri) => Ok(()),
        ClientKind::Web { redirect_uris } if redirect_uris.iter().any(|known| known == uri) => Ok(()),
        ClientKind::Desktop => Err(Blocked::invalid(
            "You can't sign in to this app because it doesn't comply with Google's OAuth 2.0 \
             policy for keeping apps secure.",
        )),
        ClientKind::Web { .. } => Err(Blocked::new(
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

/// http to this machine, any port and path. The characters are checked too: the
/// text becomes a `Location` header as it stands.
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
