//! The authorization-code flow of an installed app ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252)), from the bound
//! listener to the stored record.

use std::time::Duration;

use super::authorization::{self, AuthorizationRequest, AuthorizationResponse, Expected};
use super::login_name::is_same_account;
use super::login_prompt::{LoginOptions, LoginPrompt, LoginStarted};
use super::loopback::{Event, Listening, Loopback};
use super::token_response::TokenResponse;
use super::{ClientSecrets, Error, Record, RefusalCause, ScopeSet, Session, StoreError, identity};

/// When a waiting user gets the explanations of errors that only the browser shows.
const STILL_WAITING: Duration = Duration::from_secs(20);

/// How many pieces a pasted URL may come in.
const MOST_PIECES: usize = 100;

impl Session {
    /// Logs in, even over a login that works. Saves nothing unless the whole response is right.
    pub async fn log_in(&self, options: &LoginOptions, prompt: &mut dyn LoginPrompt) -> Result<Record, Error> {
        // Otherwise a missing client file would be reported, which is looked for in the same directory.
        if let Err(error @ StoreError::NotADirectory(_)) = self.store.names() {
            return Err(error.into());
        }
        self.log_in_with(self.clients.for_new_login()?, options, prompt).await
    }

    pub(super) async fn log_in_with(
        &self,
        client: &ClientSecrets,
        options: &LoginOptions,
        prompt: &mut dyn LoginPrompt,
    ) -> Result<Record, Error> {
        let began = self.clock.now();
        // Checked before the browser opens, so that no consent is lost.
        self.store.check_writable()?;
        let loopback = Loopback::bind(client, options.port).await?;
        let hint = options.login_hint.as_deref().or(options.account.as_deref());
        let scopes = options.scopes.with_identity();
        let request = AuthorizationRequest::new(client, loopback.redirect_uri.clone(), &scopes, hint)?;
        let (address, host) = (loopback.address, loopback.host.clone());
        let expected = loopback.expected(request.state.clone(), client.issuer());
        let mut listening = loopback.listen(expected.clone());
        let project = client.project.as_deref();
        let account = options.account.as_deref().or(hint);
        prompt.started(&LoginStarted { url: &request.url, address, host: &host, account, project });
        let answer = wait_for_answer(&mut listening, &expected, options.wait, prompt).await;
        // RFC 8252 section 8.3: the port is open only while the request is pending.
        listening.close().await;
        let code = match answer {
            Some(AuthorizationResponse::Code(code)) => code,
            Some(AuthorizationResponse::Refused { error, description }) => {
                return Err(Error::LoginRefused { error, description });
            }
            Some(AuthorizationResponse::WrongIssuer(found)) => {
                return Err(Error::WrongIssuer { expected: expected.issuer, found });
            }
            None => return Err(Error::LoginTimedOut { wait: options.wait, project: client.project.clone() }),
        };
        let endpoint = self.token_endpoint(client);
        let response =
            endpoint.exchange(&code, &request.verifier, &request.redirect_uri).await.map_err(code_refused)?;
        let record = self.verified_record(client, &response, options)?;
        let (name, before) = self.store.save_verified(&record).await?;
        if let Some(other) = before.filter(|other| other.refresh_token_issued_at >= began) {
            self.warn_of_lost_scopes(&record.granted(), &other);
        }
        self.store.set_current(Some(&name))?;
        self.login.replace(Some(name));
        Ok(record)
    }

    /// Warns of the scopes of another login that this one replaced, though it did not know of them.
    pub(super) fn warn_of_lost_scopes(&self, granted: &ScopeSet, other: &Record) {
        let lost = granted.missing_from(&other.granted());
        if !lost.is_empty() {
            let all = granted.union(&lost).without_identity();
            let command = (self.login_command)(&other.email, &all);
            (self.notify)(&format!("this login replaced one that had {lost}. For all scopes, run {command}"));
        }
    }

    /// Checks everything about the token response that a stored login must have.
    fn verified_record(
        &self,
        client: &ClientSecrets,
        response: &TokenResponse,
        options: &LoginOptions,
    ) -> Result<Record, Error> {
        let id_token =
            response.id_token.as_ref().ok_or_else(|| Error::NoIdentity(String::from("there is no ID token")))?;
        let identity =
            identity::identity(id_token.expose(), &client.issuer(), &client.client_id).map_err(Error::NoIdentity)?;
        if let Some(expected) = options.account.as_ref().filter(|account| !is_same_account(account, &identity.email)) {
            let same_person = |record: Record| record.sub == identity.sub && record.is_of_client(client);
            let stored = self.store.find(expected, Some(client)).and_then(|name| self.store.read(&name));
            if !stored.ok().flatten().is_some_and(same_person) {
                // The token is dropped and not revoked: that would end the whole grant of this person, and with it a
                // login that somebody may have on another machine.
                return Err(Error::WrongAccount { expected: expected.clone(), found: identity.email });
            }
        }
        // RFC 6749 section 5.1: no `scope` means that everything was granted.
        let granted = response.scope.as_deref().map_or_else(|| options.scopes.with_identity(), ScopeSet::from_wire);
        let missing = granted.missing_from(&options.required);
        if !missing.is_empty() {
            return Err(Error::ScopeMissing {
                account: Some(identity.email),
                missing,
                union: options.scopes.without_identity(),
                at_login: true,
            });
        }
        let refresh_token = response.refresh_token.clone().ok_or(Error::NoRefreshToken)?;
        Ok(Record::new(client, identity, &granted, refresh_token, response, self.clock.now()))
    }
}

/// Returns the first valid answer from the listener or the prompt; `None` when none came within `wait`.
async fn wait_for_answer(
    listening: &mut Listening,
    expected: &Expected,
    wait: Duration,
    prompt: &mut dyn LoginPrompt,
) -> Option<AuthorizationResponse> {
    let deadline = tokio::time::sleep(wait);
    let hint = tokio::time::sleep(STILL_WAITING);
    tokio::pin!(deadline, hint);
    let mut hinted = false;
    let mut noticed = Vec::new();
    let mut pieces = Vec::new();
    loop {
        tokio::select! {
            event = listening.event() => match event {
                Event::Response(answer) => return Some(answer),
                Event::Notice(notice) if noticed.contains(&notice) => {}
                Event::Notice(notice) => {
                    noticed.push(notice);
                    prompt.notice(notice);
                }
            },
            text = prompt.paste() => {
                let blank = text.trim().is_empty();
                pieces.push(text);
                // A long URL may arrive in several pieces, and something else may have come before it.
                let answer = (0..pieces.len()).rev().take(MOST_PIECES).find_map(|start| {
                    authorization::parse_pasted(&pieces[start..].concat(), expected)
                });
                match answer {
                    Some(answer) => return Some(answer),
                    None if blank => {}
                    None => prompt.invalid_paste(),
                }
            }
            () = &mut hint, if !hinted => {
                hinted = true;
                prompt.still_waiting();
            }
            () = &mut deadline => return None,
        }
    }
}

/// Reports a rejected code as a refused login: the message for a refresh would be about the saved login.
fn code_refused(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.cause == RefusalCause::InvalidGrant => {
            Error::LoginRefused { error: refusal.error, description: refusal.description }
        }
        other => other,
    }
}
