//! Google's authorization server: consent, codes, tokens and who they belong to.

pub(super) mod authorization_request;
mod authorization_response;
mod authorize;
mod consent;
mod delegation;
mod discovery;
mod error_page;
mod identity;
mod issue;
pub(super) mod key;
pub(super) mod ledger;
mod pkce;
mod policy;
mod refusal;
mod revoke;
mod scopes;
mod token;

pub(super) use authorize::authorize;
pub(super) use consent::{CONSENT_PATH, consent};
pub(super) use discovery::{certificates, device_code, discovery};
pub(super) use identity::{token_info, user_info};
pub(super) use refusal::fault_reply;
pub(super) use revoke::revoke;
pub(super) use token::token;
