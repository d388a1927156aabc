//! Codes, grants and tokens, and their states.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::pkce::Challenge;
use super::refusal::Refusal;
use crate::emulator::options::User;

/// An authorization code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<Challenge>,
    pub(super) nonce: Option<String>,
    pub(super) offline: bool,
    pub(super) user: User,
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: OffsetDateTime,
    /// The grant that it was exchanged for.
    pub(super) grant: Option<usize>,
}

/// What a user allowed a client to do; every token belongs to one.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) client_id: String,
    pub(super) user: User,
    pub(super) scopes: Vec<String>,
    pub(super) offline: bool,
    /// Whether an administrator granted it to a service account.
    pub(super) delegated: bool,
    pub(super) alive: bool,
    /// When the user signed in.
    pub(super) since: OffsetDateTime,
}

#[derive(Clone, Debug)]
struct AccessToken {
    grant: usize,
    scopes: Vec<String>,
    expires_at: OffsetDateTime,
}

#[derive(Clone, Debug)]
struct RefreshToken {
    grant: usize,
    serial: usize,
    expires_at: Option<OffsetDateTime>,
    state: RefreshState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefreshState {
    Live,
    Replaced,
    Revoked,
}

/// A valid access token.
#[derive(Clone, Debug)]
pub(in crate::emulator) struct Live {
    pub(in crate::emulator) user: User,
    pub(in crate::emulator) scopes: Vec<String>,
    pub(in crate::emulator) delegated: bool,
    pub(super) client_id: String,
    pub(super) offline: bool,
    pub(super) expires_at: OffsetDateTime,
}

/// Everything that was issued.
#[derive(Debug, Default)]
pub(in crate::emulator) struct Ledger {
    codes: HashMap<String, Code>,
    grants: Vec<Grant>,
    access: HashMap<String, AccessToken>,
    refresh: HashMap<String, RefreshToken>,
}

impl Ledger {
    pub(super) fn add_code(&mut self, value: String, code: Code) {
        self.codes.insert(value, code);
    }

    pub(super) fn code(&self, value: &str) -> Option<&Code> {
        self.codes.get(value)
    }

    /// Adds a grant and marks the code that was exchanged for it as used.
    pub(super) fn open(&mut self, grant: Grant, code: Option<&str>) -> usize {
        let id = self.grants.len();
        self.grants.push(grant);
        if let Some(code) = code.and_then(|code| self.codes.get_mut(code)) {
            code.grant = Some(id);
        }
        id
    }

    pub(super) fn grant(&self, id: usize) -> &Grant {
        &self.grants[id]
    }

    /// Ends a grant and all its tokens.
    pub(super) fn close(&mut self, id: usize) {
        self.grants[id].alive = false;
    }

    /// Whether the user has a grant for the client.
    pub(super) fn has_grant(&self, client_id: &str, user: &User) -> bool {
        self.grants.iter().any(|grant| grant.alive && grant.client_id == client_id && grant.user.sub == user.sub)
    }

    pub(super) fn add_access_token(
        &mut self,
        value: String,
        grant: usize,
        scopes: Vec<String>,
        expires_at: OffsetDateTime,
    ) {
        self.access.insert(value, AccessToken { grant, scopes, expires_at });
    }

    /// Adds a refresh token. If one account and client have more than `limit`, the oldest are revoked.
    pub(super) fn add_refresh_token(
        &mut self,
        value: String,
        grant: usize,
        expires_at: Option<OffsetDateTime>,
        limit: usize,
    ) {
        let serial = self.refresh.len();
        let token = RefreshToken { grant, serial, expires_at, state: RefreshState::Live };
        self.refresh.insert(value, token);
        self.revoke_surplus(grant, limit);
    }

    fn revoke_surplus(&mut self, grant: usize, limit: usize) {
        let Grant { client_id, user, .. } = self.grants[grant].clone();
        let grants = &self.grants;
        let mut live: Vec<&mut RefreshToken> = self
            .refresh
            .values_mut()
            .filter(|token| {
                let grant = &grants[token.grant];
                token.state == RefreshState::Live
                    && grant.alive
                    && grant.client_id == client_id
                    && grant.user.sub == user.sub
            })
            .collect();
        live.sort_by_key(|token| token.serial);
        let surplus = live.len().saturating_sub(limit);
        for token in live.into_iter().take(surplus) {
            token.state = RefreshState::Revoked;
        }
    }

    /// Returns the access token if it is valid.
    pub(in crate::emulator) fn access_token(&self, value: &str, now: OffsetDateTime) -> Option<Live> {
        let token = self.access.get(value)?;
        let grant = self.grants.get(token.grant)?;
        (grant.alive && token.expires_at > now).then(|| Live {
            user: grant.user.clone(),
            scopes: token.scopes.clone(),
            delegated: grant.delegated,
            client_id: grant.client_id.clone(),
            offline: grant.offline,
            expires_at: token.expires_at,
        })
    }

    /// Returns the grant of a refresh token.
    ///
    /// A token that is used after it was replaced may have been stolen, so the whole grant ends (RFC 9700, 4.14.2).
    pub(super) fn refresh_token(&mut self, value: &str, now: OffsetDateTime) -> Result<usize, Refusal> {
        let token = self.refresh.get(value).ok_or_else(|| Refusal::invalid_grant("Bad Request"))?;
        let id = token.grant;
        let valid = token.state == RefreshState::Live && token.expires_at.is_none_or(|end| end > now);
        if token.state == RefreshState::Replaced {
            self.close(id);
        }
        if valid && self.grants[id].alive {
            Ok(id)
        } else {
            Err(Refusal::invalid_grant("Token has been expired or revoked."))
        }
    }

    pub(super) fn refresh_token_end(&self, value: &str) -> Option<OffsetDateTime> {
        self.refresh.get(value)?.expires_at
    }

    pub(super) fn replace_refresh_token(&mut self, value: &str) {
        if let Some(token) = self.refresh.get_mut(value) {
            token.state = RefreshState::Replaced;
        }
    }

    /// Revokes a token. As at Google, this ends all of the user's grants, whichever token or client was used.
    pub(super) fn revoke(&mut self, value: &str, now: OffsetDateTime) -> bool {
        let id = match self.refresh.get(value) {
            Some(token) if token.state == RefreshState::Live => token.grant,
            Some(_) => return false,
            None => match self.access.get(value) {
                Some(token) if token.expires_at > now => token.grant,
                _ => return false,
            },
        };
        let Grant { user, delegated, alive, .. } = self.grants[id].clone();
        if !alive || delegated {
            return false;
        }
        for grant in &mut self.grants {
            if grant.user.sub == user.sub && !grant.delegated {
                grant.alive = false;
            }
        }
        true
    }

    pub(in crate::emulator) fn expire_access_tokens(&mut self) {
        for token in self.access.values_mut() {
            token.expires_at = OffsetDateTime::UNIX_EPOCH;
        }
    }

    pub(in crate::emulator) fn expire_codes(&mut self) {
        for code in self.codes.values_mut() {
            code.expires_at = OffsetDateTime::UNIX_EPOCH;
        }
    }

    pub(in crate::emulator) fn revoke_refresh_tokens(&mut self) {
        for token in self.refresh.values_mut() {
            token.state = RefreshState::Revoked;
        }
    }
}
