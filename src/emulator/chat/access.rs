//! The checks before a method reads its request: credentials, project, scopes, query parameters, quotas.

use super::space::Space;
use super::status::{Status, permit};
use crate::emulator::google::SCOPE_ROOT;
use crate::emulator::oauth::ledger::Live;
use crate::emulator::options::User;
use crate::emulator::quota::Metric;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

/// Query parameters of every method.
const COMMON: [&str; 17] = [
    "$.xgafv",
    "$alt",
    "$callback",
    "$fields",
    "$prettyPrint",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_protocol",
    "$outputDefaults",
    "$unique",
];

/// A method of the API.
pub(super) struct Method {
    /// Name in the service definition, used in errors.
    pub(super) rpc: &'static str,
    /// Scopes without their prefix; one is enough.
    pub(super) scopes: &'static [&'static str],
    /// Scopes for `useAdminAccess`; empty if the method does not have that parameter.
    admin_scopes: &'static [&'static str],
    /// Its own query parameters besides `useAdminAccess`, in camel case.
    query: &'static [&'static str],
    /// The quotas that a call counts towards.
    metrics: &'static [Metric],
}

impl Method {
    pub(super) const fn new(rpc: &'static str, scopes: &'static [&'static str]) -> Self {
        Self { rpc, scopes, admin_scopes: &[], query: &[], metrics: &[] }
    }

    pub(super) const fn admin(self, admin_scopes: &'static [&'static str]) -> Self {
        Self { admin_scopes, ..self }
    }

    pub(super) const fn query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    pub(super) const fn counted(self, metrics: &'static [Metric]) -> Self {
        Self { metrics, ..self }
    }
}

/// Query parameters that may come more than once.
const REPEATED: [&str; 1] = ["users"];

/// The user who calls, and their rights.
pub(super) struct Caller {
    pub(super) user: User,
    pub(super) delegated: bool,
    /// Whether the call uses an administrator's rights.
    pub(super) admin: bool,
    scopes: Vec<String>,
}

impl Caller {
    /// Whether the token has the scope, given without its prefix.
    pub(super) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted.strip_prefix(SCOPE_ROOT) == Some(scope))
    }

    /// Checks that a caller with `chat.import` only uses a space in import mode.
    pub(super) fn check_import(&self, method: &Method, space: &Space) -> Result<(), Status> {
        if self.admin || space.importing() {
            return Ok(());
        }
        let others: Vec<&str> = method.scopes.iter().copied().filter(|scope| *scope != "chat.import").collect();
        if others.iter().any(|scope| self.has(scope)) { Ok(()) } else { Err(insufficient(method.rpc, &others)) }
    }
}

/// Checks that the request may call `method`, and counts it towards the quotas.
pub(super) fn authorize(state: &mut State, call: &Call, method: &Method) -> Result<Caller, Status> {
    let Live { user, scopes, delegated, .. } = authenticate(state, call, method.rpc)?;
    if !state.options.api_enabled {
        return Err(Status::service_disabled());
    }
    check_query(call, method)?;
    let admin = !method.admin_scopes.is_empty() && boolean(call, "useAdminAccess")?;
    let caller = Caller { user, delegated, admin, scopes };
    let accepted = if admin { method.admin_scopes } else { method.scopes };
    if !accepted.iter().any(|scope| caller.has(scope)) {
        return Err(insufficient(method.rpc, accepted));
    }
    if let Some(quota) = state.options.quota.clone() {
        let space = call.segment(2);
        state
            .usage
            .count(&quota, method.metrics, &space, call.now)
            .map_err(|exceeded| Status::over_quota(&quota, &exceeded))?;
    }
    permit(!admin || state.options.is_listed(&state.options.admins, &caller.user.sub))?;
    Ok(caller)
}

/// Returns a boolean query parameter, false by default.
pub(super) fn boolean(call: &Call, name: &str) -> Result<bool, Status> {
    match parameter(call, name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            let field = snake(name);
            Err(Status::invalid(&field, format!("Invalid value at '{field}' (TYPE_BOOL), \"{other}\"")))
        }
    }
}

pub(super) fn insufficient(rpc: &str, accepted: &[&str]) -> Status {
    let scopes: Vec<String> = accepted.iter().map(|scope| format!("{SCOPE_ROOT}{scope}")).collect();
    Status::insufficient_scope(rpc, &scopes)
}

/// Returns the access token of the request.
fn authenticate(state: &mut State, call: &Call, rpc: &str) -> Result<Live, Status> {
    if parameter(call, "key").is_some() || call.header("x-goog-api-key").is_some() {
        return Err(Status::api_key_invalid());
    }
    let token = call.bearer().or_else(|| parameter(call, "access_token")).or_else(|| parameter(call, "oauth_token"));
    let Some(token) = token else {
        return Err(match call.header("authorization") {
            Some(_) => Status::unauthenticated(),
            None => Status::credentials_missing(rpc),
        });
    };
    state.record_secret(token);
    if token.starts_with("ya29.") {
        return Err(Status::real_token());
    }
    if !token.starts_with("emulator-access-") {
        return Err(Status::token_type_unsupported(rpc));
    }
    state.ledger.access_token(token, call.now).ok_or_else(Status::unauthenticated)
}

fn check_query(call: &Call, method: &Method) -> Result<(), Status> {
    let admin: &[&str] = if method.admin_scopes.is_empty() { &[] } else { &["useAdminAccess"] };
    for (index, (name, _)) in call.query.iter().enumerate() {
        let mut own = method.query.iter().chain(admin);
        if !COMMON.contains(&name.as_str()) && !own.any(|own| own == name || snake(own) == *name) {
            return Err(Status::unknown_parameter(name));
        }
        if !REPEATED.contains(&name.as_str()) && call.query[..index].iter().any(|(earlier, _)| earlier == name) {
            let text = "Proto field is not repeating, cannot start list.";
            return Err(Status::invalid("", format!("Invalid JSON payload received. Unknown name \"{name}\": {text}")));
        }
    }
    Ok(())
}

/// Returns a query parameter by its name in camel case; snake case is accepted too.
pub(super) fn parameter<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let (_, value) = call.query.iter().find(|(key, _)| key == name || *key == snake(name))?;
    (!value.is_empty()).then_some(value)
}

/// Converts `spaceType` to `space_type`.
pub(super) fn snake(camel: &str) -> String {
    let mut name = String::with_capacity(camel.len() + 4);
    for c in camel.chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}
