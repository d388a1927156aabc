//! Google's authorization server: consent, codes, tokens and who they belong to.

mod authorize;
mod consent;
mod delegation;
mod discovery;
mod identity;
mod key;
mod ledger;
mod pkce;
mod policy;
mod refusal;
mod revoke;
mod scopes;
mod token;

pub(super) use authorize::{Page, authorize};
pub(super) use consent::{CONSENT_PATH, consent};
pub(super) use discovery::{certificates, device_code, discovery};
pub(super) use identity::{token_info, user_info};
pub(super) use key::ServiceAccount;
pub(super) use ledger::{Ledger, Live};
pub(super) use refusal::fault_reply;
pub(super) use revoke::revoke;
pub(super) use token::token;
