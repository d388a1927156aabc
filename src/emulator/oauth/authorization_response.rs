//! The authorization response (RFC 6749, 4.1.2): the redirect that ends an authorization request.

use time::{Duration, OffsetDateTime};

use super::authorization_request::AuthorizationRequest;
use super::ledger::Code;
use super::policy;
use super::scopes;
use crate::emulator::options::{Consent, User};
use crate::emulator::state::State;
use crate::emulator::wire::{END_LOGIN, Reply, escape_query};

/// Lifetime of a code and of a consent page: about Google's ten minutes.
pub(super) const LIFETIME: Duration = Duration::minutes(10);

/// Redirects with a code for the ticked scopes. Sign-in scopes are always granted.
pub(super) fn grant(
    state: &mut State,
    request: &AuthorizationRequest,
    user: &User,
    mut ticked: Vec<String>,
    now: OffsetDateTime,
) -> Reply {
    if let Err(page) = policy::check_account(&state.options, user) {
        if state.options.consent != Consent::Approve {
            return page.reply();
        }
        // Nobody reads the page, so the emulator's own browser ends the login.
        let hint = page.hint().unwrap_or_default();
        state.refused_logins.push(format!("to log in as {}, {hint}", user.email));
        return page.reply().with(END_LOGIN, location(request, &denied(state)));
    }
    let sign_in: Vec<_> = request.scopes.iter().filter(|scope| scopes::is_sign_in(scope)).collect();
    let nothing = !ticked.iter().any(|scope| !scopes::is_sign_in(scope));
    let refuses = sign_in.is_empty() || state.options.nothing_ticked_refuses;
    if nothing && refuses && sign_in.len() < request.scopes.len() {
        return deny(state, request);
    }
    for scope in sign_in {
        if !ticked.contains(scope) {
            ticked.push(scope.clone());
        }
    }
    // Desktop apps always get a refresh token, web apps only with the first consent or a renewed one.
    let consented = request.prompts("consent") || !state.ledger.has_grant(&request.client_id, user);
    let code = state.new_secret("4/emulator-");
    state.ledger.add_code(
        code.clone(),
        Code {
            client_id: request.client_id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            offline: request.desktop || (request.offline && consented),
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
    let silent = request.prompts("none");
    query.push_str(if silent { "&prompt=none" } else { "&prompt=consent" });
    redirect(request, &query)
}

/// Redirects with `access_denied`, as if the person had cancelled.
pub(super) fn deny(state: &State, request: &AuthorizationRequest) -> Reply {
    redirect(request, &denied(state))
}

fn denied(state: &State) -> String {
    format!("iss={}&error=access_denied&error_subtype=access_denied_user", escape_query(&state.origin))
}

/// Redirects to the redirect URI with `state` first, as Google does.
pub(super) fn redirect(request: &AuthorizationRequest, query: &str) -> Reply {
    Reply::redirect(location(request, query)).with("cache-control", "no-store").with("referrer-policy", "no-referrer")
}

fn location(request: &AuthorizationRequest, query: &str) -> String {
    let separator = if request.redirect_uri.contains('?') { '&' } else { '?' };
    let echoed = match &request.state {
        Some(value) => format!("state={}&", escape_query(value)),
        None => String::new(),
    };
    format!("{}{separator}{echoed}{query}", request.redirect_uri)
}
