//! The authorization endpoint (RFC 6749, 3.1).

use time::OffsetDateTime;

use super::authorization_request::{AuthorizationRequest, ConsentPage};
use super::authorization_response::{LIFETIME, deny, grant, redirect};
use super::consent;
use super::error_page::ErrorPage;
use crate::emulator::options::Consent;
use crate::emulator::state::{State, random_token};
use crate::emulator::wire::{Call, Reply, escape_query};

/// Largest number of open consent pages; the oldest is dropped first.
const PAGES: usize = 1000;

pub(in crate::emulator) fn authorize(state: &mut State, call: &Call) -> Reply {
    let request = call
        .query_parameters()
        .map_err(|repeated| ErrorPage::invalid(repeated.text()))
        .and_then(|parameters| AuthorizationRequest::read(&state.clients, &parameters));
    let request = match request {
        Ok(request) => request,
        Err(page) => return page.reply(),
    };
    match state.options.consent {
        Consent::Deny => deny(state, &request),
        Consent::Approve => {
            let hinted = request.login_hint.as_deref().and_then(|hint| state.options.user(hint));
            let Some(user) = hinted.or(state.options.users.first()).cloned() else {
                return deny(state, &request);
            };
            let scopes = &state.options.granted_scopes;
            let ticked = request.scopes.iter().filter(|scope| scopes.allows(scope)).cloned().collect();
            grant(state, &request, &user, ticked, call.now)
        }
        Consent::Ask if request.prompts("none") => {
            let issuer = escape_query(&state.origin);
            redirect(&request, &format!("iss={issuer}&error_subtype=access_denied&error=interaction_required"))
        }
        Consent::Ask => {
            let id = open_page(state, request.clone(), call.now);
            consent::show(state, &id, &request)
        }
    }
}

fn open_page(state: &mut State, request: AuthorizationRequest, now: OffsetDateTime) -> String {
    state.pages.retain(|_, page| page.expires_at > now);
    if state.pages.len() >= PAGES {
        let oldest = state.pages.iter().min_by_key(|(_, page)| page.expires_at);
        if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
            state.pages.remove(&oldest);
        }
    }
    let id = random_token();
    state.pages.insert(id.clone(), ConsentPage { request, expires_at: now + LIFETIME });
    id
}
