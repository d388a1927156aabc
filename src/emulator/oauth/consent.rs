//! The consent page and its answer.

use std::fmt::Write as _;

use url::{Host, Url};

use super::authorization_request::AuthorizationRequest;
use super::authorization_response::{deny, grant};
use super::error_page::ErrorPage;
use super::scopes;
use crate::emulator::html::{escape, page};
use crate::emulator::options::User;
use crate::emulator::state::State;
use crate::emulator::wire::{Call, Reply};

pub(in crate::emulator) const CONSENT_PATH: &str = "/signin/oauth/consent";

/// Returns the consent page. `id` appears nowhere else, so that no other page can answer for the person.
pub(super) fn show(state: &State, id: &str, request: &AuthorizationRequest) -> Reply {
    let content = format!(
        "<p>The app <code>{}</code> wants access to your account.</p>\n\
         <form method=\"post\" action=\"{CONSENT_PATH}\">\n\
         <input type=\"hidden\" name=\"page\" value=\"{}\">\n{}{}\
         <div class=\"choice\"><button name=\"decision\" value=\"allow\">Allow</button>\
         <button name=\"decision\" value=\"cancel\">Cancel</button></div>\n</form>",
        escape(&request.client_id),
        escape(id),
        accounts(state, request.login_hint.as_deref()),
        permissions(request),
    );
    page(200, "Choose an account and what to allow", &content, &form_target(&request.redirect_uri))
}

fn accounts(state: &State, hint: Option<&str>) -> String {
    let hinted = hint.and_then(|hint| state.options.user(hint)).map(|user| &user.sub);
    let chosen = hinted.or_else(|| state.options.users.first().map(|user| &user.sub));
    let mut choices = String::from("<fieldset><legend>Account</legend>\n");
    for User { email, sub, name, .. } in &state.options.users {
        let checked = if chosen == Some(sub) { " checked" } else { "" };
        let _ = writeln!(
            choices,
            "<label><input type=\"radio\" name=\"account\" value=\"{}\"{checked}><span>{} <small>{}</small></span></label>",
            escape(sub),
            escape(name),
            escape(email),
        );
    }
    choices.push_str("</fieldset>\n");
    if let (Some(hint), None) = (hint, hinted) {
        let _ = writeln!(
            choices,
            "<p class=\"note\">The app asks for {}, which is not one of these accounts.</p>",
            escape(hint)
        );
    }
    choices
}

/// Lists the optional scopes with checkboxes, or without when there is only one scope, as on Google's page.
fn permissions(request: &AuthorizationRequest) -> String {
    let optional = request.optional_scopes();
    if optional.is_empty() {
        return String::from("<p>It will see who you are, and nothing else.</p>\n");
    }
    let choice = request.scopes.len() > 1;
    let mut list = String::from("<fieldset><legend>It may</legend>\n");
    for (index, scope) in optional.into_iter().enumerate() {
        let words = escape(scopes::description(scope));
        let scope = escape(scope);
        let input = if choice {
            format!("<input type=\"checkbox\" name=\"scope{index}\" value=\"{scope}\" checked>")
        } else {
            format!("<input type=\"hidden\" name=\"scope{index}\" value=\"{scope}\">")
        };
        // A narrow screen may break the line here.
        let scope = scope.replace("/auth/", "/auth/<wbr>");
        let _ = writeln!(list, "<label>{input}<span>{words} <small>{scope}</small></span></label>");
    }
    list.push_str("</fieldset>\n");
    list
}

/// Returns the `form-action` source for the redirect URI, which browsers apply to redirects too. The policy cannot
/// express an IPv6 address, so that the scheme stands for it.
fn form_target(redirect_uri: &str) -> String {
    match Url::parse(redirect_uri) {
        Ok(url) if matches!(url.host(), Some(Host::Ipv6(_))) => format!("{}:", url.scheme()),
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => String::new(),
    }
}

pub(in crate::emulator) fn consent(state: &mut State, call: &Call) -> Reply {
    let Ok(Some(form)) = call.form() else {
        return ErrorPage::invalid("The form is malformed.").reply();
    };
    let page = form.get("page").and_then(|id| state.pages.remove(id));
    let Some(page) = page.filter(|page| page.expires_at > call.now) else {
        return ErrorPage::invalid("This page has been answered or is too old.").reply();
    };
    let request = page.request;
    if form.get("decision") != Some("allow") {
        return deny(state, &request);
    }
    let user = form.get("account").and_then(|sub| state.options.user(sub)).cloned();
    let Some(user) = user else {
        return ErrorPage::invalid("Choose an account.").reply();
    };
    let mut ticked = Vec::new();
    for (index, scope) in request.optional_scopes().into_iter().enumerate() {
        if form.get(&format!("scope{index}")) == Some(scope) {
            ticked.push(scope.clone());
        }
    }
    grant(state, &request, &user, ticked, call.now)
}
