//! The token endpoint (RFC 6749, 3.2), with Google's answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::OffsetDateTime;

use super::delegation;
use super::issue::{access_token, add_refresh_token};
use super::ledger::{Code, Grant};
use super::policy;
use super::refusal::{Refusal, token_headers};
use super::scopes;
use crate::emulator::client::Client;
use crate::emulator::state::State;
use crate::emulator::wire::{Call, Parameters, Reply};

/// Parameters that hold secrets.
const SECRETS: [&str; 4] = ["client_secret", "code", "code_verifier", "refresh_token"];

pub(in crate::emulator) fn token(state: &mut State, call: &Call) -> Reply {
    match exchange(state, call) {
        Ok(mut body) => {
            if let Some(patch) = &mut state.token_patch {
                patch(&mut body);
            }
            token_headers(Reply::json(200, &body))
        }
        Err(refusal) => refusal.reply(),
    }
}

fn exchange(state: &mut State, call: &Call) -> Result<Value, Refusal> {
    let form =
        call.form()?.ok_or_else(|| Refusal::invalid_request("The body must be application/x-www-form-urlencoded."))?;
    for name in SECRETS {
        if let Some(secret) = form.get(name) {
            state.record_secret(secret);
            refuse_real(secret)?;
        }
    }
    let grant_type = form.get("grant_type").unwrap_or_default();
    if grant_type == delegation::GRANT_TYPE {
        return delegation::exchange(state, &form, call.now);
    }
    let client = authenticate(state, call, &form)?;
    match grant_type {
        "authorization_code" => redeem(state, &client, &form, call.now),
        "refresh_token" => refresh(state, &client, &form, call.now),
        other => Err(Refusal::new(400, "unsupported_grant_type", format!("Invalid grant_type: {other}"))),
    }
}

/// Refuses a credential of Google's, which was sent to the wrong place.
fn refuse_real(secret: &str) -> Result<(), Refusal> {
    let real = ["ya29.", "1//", "4/0A", "GOCSPX-"].iter().any(|start| secret.starts_with(start));
    if real {
        return Err(Refusal::invalid_grant(
            "This looks like a real Google credential. It must not be sent to the emulator.",
        ));
    }
    Ok(())
}

/// Returns the client, authenticated by form fields or HTTP Basic (RFC 6749, 2.3.1).
fn authenticate(state: &mut State, call: &Call, form: &Parameters) -> Result<Client, Refusal> {
    let basic = basic_credentials(call)?;
    let (basic_id, basic_secret) = basic.unzip();
    if let Some(secret) = &basic_secret {
        state.record_secret(secret);
        refuse_real(secret)?;
    }
    let id = agree(form.get("client_id"), basic_id.as_deref())?
        .ok_or_else(|| Refusal::invalid_request("Could not determine client ID from request."))?;
    let secret = agree(form.get("client_secret"), basic_secret.as_deref())?;
    let client =
        state.client(&id).ok_or_else(|| Refusal::new(401, "invalid_client", "The OAuth client was not found."))?;
    match secret {
        None => Err(Refusal::invalid_request("client_secret is missing.")),
        Some(secret) if secret == client.secret => Ok(client.clone()),
        Some(_) => Err(Refusal::new(401, "invalid_client", "The provided client secret is invalid.")),
    }
}

/// Merges both ways, which Google's Python client uses at the same time.
fn agree(form: Option<&str>, basic: Option<&str>) -> Result<Option<String>, Refusal> {
    match (form, basic.filter(|value| !value.is_empty())) {
        (Some(form), Some(basic)) if form != basic => {
            Err(Refusal::invalid_request("Client credentials were given twice and differ."))
        }
        (form, basic) => Ok(form.or(basic).map(str::to_owned)),
    }
}

fn basic_credentials(call: &Call) -> Result<Option<(String, String)>, Refusal> {
    let Some((scheme, encoded)) = call.header("authorization").and_then(|it| it.split_once(' ')) else {
        return Ok(None);
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let malformed = || Refusal::invalid_request("The Authorization header is malformed.");
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
    let decode = |text: &str| {
        let mut pairs = form_urlencoded::parse(text.as_bytes());
        pairs.next().map(|(value, _)| value.into_owned()).unwrap_or_default()
    };
    Ok(Some((decode(id), decode(secret))))
}

fn redeem(state: &mut State, client: &Client, form: &Parameters, now: OffsetDateTime) -> Result<Value, Refusal> {
    let value = form.get("code").ok_or_else(|| Refusal::invalid_request("Missing required parameter: code"))?;
    if !value.starts_with("4/emulator-") {
        // Still percent-encoded, truncated, or from another server.
        return Err(Refusal::invalid_grant("Malformed auth code."));
    }
    let code = state.ledger.code(value).filter(|code| code.client_id == client.id).cloned();
    let code = code.ok_or_else(|| Refusal::invalid_grant("Bad Request"))?;
    if let Some(grant) = code.grant {
        // The code was stolen or reused: revoke what it was exchanged for (RFC 6749, 4.1.2).
        state.ledger.close(grant);
        return Err(Refusal::invalid_grant("Bad Request"));
    }
    if code.expires_at <= now {
        return Err(Refusal::invalid_grant("Bad Request"));
    }
    check_proofs(&code, form)?;
    let with_refresh_token = code.offline;
    let grant = Grant {
        client_id: client.id.clone(),
        user: code.user,
        scopes: code.scopes.clone(),
        offline: code.offline,
        delegated: false,
        alive: true,
        since: now,
    };
    let grant = state.ledger.open(grant, Some(value));
    let mut body = access_token(state, grant, code.scopes.clone(), code.nonce.as_deref(), now);
    if with_refresh_token {
        let end = policy::refresh_token_end(&state.options, &code.scopes, now);
        add_refresh_token(state, &mut body, grant, end, now);
    }
    Ok(body)
}

fn check_proofs(code: &Code, form: &Parameters) -> Result<(), Refusal> {
    match form.get("redirect_uri") {
        None => return Err(Refusal::invalid_request("Missing parameter: redirect_uri")),
        Some(uri) if uri != code.redirect_uri => {
            return Err(Refusal::new(400, "redirect_uri_mismatch", "Bad Request"));
        }
        Some(_) => {}
    }
    match (&code.challenge, form.get("code_verifier")) {
        (None, None) => Ok(()),
        (None, Some(_)) => {
            // A verifier without a challenge is a sign of a downgrade (RFC 9700, 2.1.1).
            Err(Refusal::invalid_grant("code_verifier or verifier is not needed."))
        }
        (Some(_), None) => Err(Refusal::invalid_grant("Missing code verifier.")),
        (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => Ok(()),
        (Some(_), Some(_)) => Err(Refusal::invalid_grant("Invalid code verifier.")),
    }
}

fn refresh(state: &mut State, client: &Client, form: &Parameters, now: OffsetDateTime) -> Result<Value, Refusal> {
    let value = form
        .get("refresh_token")
        .ok_or_else(|| Refusal::invalid_request("Missing required parameter: refresh_token"))?;
    let id = state.ledger.refresh_token(value, now)?;
    let grant = state.ledger.grant(id).clone();
    if grant.client_id != client.id {
        return Err(Refusal::new(401, "unauthorized_client", "Unauthorized"));
    }
    policy::check_refresh(&state.options, &grant.user, grant.since, now)?;
    let scopes = match form.get("scope") {
        None => grant.scopes,
        Some(text) => subset(text, &grant.scopes)?,
    };
    let mut body = access_token(state, id, scopes, None, now);
    if state.options.rotate_refresh_tokens {
        let end = state.ledger.refresh_token_end(value);
        state.ledger.replace_refresh_token(value);
        add_refresh_token(state, &mut body, id, end, now);
    }
    Ok(body)
}

fn subset(text: &str, granted: &[String]) -> Result<Vec<String>, Refusal> {
    let refuse = |invalid: &[String]| Refusal::new(400, "invalid_scope", scopes::invalid_text(text, invalid));
    let wanted = scopes::parse(text).map_err(|invalid| refuse(&invalid))?;
    let beyond: Vec<String> = wanted.iter().filter(|scope| !granted.contains(scope)).cloned().collect();
    if beyond.is_empty() { Ok(wanted) } else { Err(refuse(&beyond)) }
}
