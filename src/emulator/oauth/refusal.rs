//! The errors of the OAuth endpoints, in Google's words.

use serde_json::json;

use crate::emulator::endpoint::Endpoint;
use crate::emulator::wire::{Repeated, Reply, without_nulls};

/// An OAuth error (RFC 6749, 5.2) and its status.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    error: String,
    description: Option<String>,
    subtype: Option<&'static str>,
    uri: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: u16, error: &str, description: impl Into<String>) -> Self {
        Self { status, error: error.to_owned(), description: Some(description.into()), subtype: None, uri: None }
    }

    pub(super) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", description)
    }

    pub(super) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new(400, "invalid_grant", description)
    }

    pub(super) fn reply(&self) -> Reply {
        let body = without_nulls(json!({
            "error": self.error,
            "error_description": self.description,
            "error_uri": self.uri,
            "error_subtype": self.subtype,
        }));
        token_headers(Reply::json(self.status, &body))
    }
}

impl From<Repeated> for Refusal {
    fn from(repeated: Repeated) -> Self {
        Self::invalid_request(repeated.text())
    }
}

/// Adds the headers that Google sends with every answer of the token endpoint.
pub(super) fn token_headers(reply: Reply) -> Reply {
    reply
        .with("content-type", "application/json; charset=utf-8")
        .with("cache-control", "no-cache, no-store, max-age=0, must-revalidate")
        .with("pragma", "no-cache")
        .with("expires", "Mon, 01 Jan 1990 00:00:00 GMT")
        .with("vary", "Origin, X-Origin, Referer")
        .with("server", "scaffolding on HTTPServer2")
        .with("x-xss-protection", "0")
        .with("x-frame-options", "SAMEORIGIN")
        .with("x-content-type-options", "nosniff")
}

/// Returns the answer of a fault that has no body of its own.
pub(in crate::emulator) fn fault_reply(endpoint: Endpoint, status: Option<u16>, reason: Option<&str>) -> Reply {
    let mut refusal = match reason {
        Some(reason) => for_reason(reason),
        None => for_status(endpoint, status.unwrap_or(500)),
    };
    if let Some(status) = status {
        refusal.status = status;
    }
    refusal.reply()
}

/// Returns Google's error for a code or subtype.
pub(super) fn for_reason(reason: &str) -> Refusal {
    let long = "Client is unauthorized to retrieve access tokens using this method, or client not \
                authorized for any of the scopes requested.";
    match reason {
        "invalid_rapt" => Refusal {
            subtype: Some("invalid_rapt"),
            uri: Some("https://support.google.com/a/answer/9368756"),
            ..Refusal::invalid_grant("reauth related error (invalid_rapt)")
        },
        "rapt_required" => {
            Refusal { subtype: Some("rapt_required"), ..Refusal::invalid_grant("reauth related error (rapt_required)") }
        }
        "invalid_grant" => Refusal::invalid_grant("Token has been expired or revoked."),
        "invalid_client" => Refusal::new(401, reason, "The provided client secret is invalid."),
        "deleted_client" => Refusal::new(401, reason, "The OAuth client was deleted."),
        "unauthorized_client" => Refusal::new(401, reason, long),
        "redirect_uri_mismatch" => Refusal::new(400, reason, "Bad Request"),
        "access_denied" => Refusal::new(400, reason, "Requested client not authorized"),
        "internal_failure" => Refusal::new(500, reason, "Backend Error"),
        other => Refusal { description: None, ..Refusal::new(400, other, "") },
    }
}

fn for_status(endpoint: Endpoint, status: u16) -> Refusal {
    match (endpoint, status) {
        (Endpoint::Token, 400) => for_reason("invalid_grant"),
        (Endpoint::Token, 401) => for_reason("invalid_client"),
        (Endpoint::Token, 403) => for_reason("access_denied"),
        (Endpoint::UserInfo, 401) => Refusal::new(401, "invalid_request", "Invalid Credentials"),
        (Endpoint::Revoke, 400..=499) => Refusal::new(400, "invalid_token", "Token expired or revoked"),
        (Endpoint::TokenInfo, 400..=499) => Refusal::new(400, "invalid_token", "Invalid Value"),
        _ => for_reason("internal_failure"),
    }
}
