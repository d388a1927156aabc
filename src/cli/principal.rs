//! Who acts: the account, the access token or the service account that options and variables name.

use std::ffi::OsString;
use std::path::Path;

use crate::commands::{DelegationOptions, Failure, Invocation, ProvidedToken, Setting, without_userinfo};

use super::args::Global;
use super::environment::{ACCESS_TOKEN, Environment, choose};

const SERVICE_ACCOUNT: &str = "CHATAUTH_SERVICE_ACCOUNT";
const IMPERSONATE: &str = "CHATAUTH_IMPERSONATE";

/// Returns the access token and the service account that act. Typed options override all variables that say who acts.
pub(super) fn principal(
    global: &Global,
    environment: Environment,
) -> Result<(Option<ProvidedToken>, Setting<Option<DelegationOptions>>), Failure> {
    match (&global.account, typed_delegation(global)) {
        (Some(_), Some(option)) => Err(Failure::usage(format!(
            "--account cannot be used with {option}: one selects a saved login, the other a service account"
        ))
        .hint(format!("leave out --account or {option}"))),
        (Some(_), None) => Ok((None, choose(None, None))),
        (None, Some(_)) => Ok((None, delegation(global, environment)?)),
        (None, None) => {
            let token = environment.text(ACCESS_TOKEN)?.map(|text| ProvidedToken::parse(&text)).transpose()?;
            // A token in a variable acts whatever those of a service account say.
            let delegation = if token.is_some() { choose(None, None) } else { delegation(global, environment)? };
            Ok((token, delegation))
        }
    }
}

/// Returns the typed option that lets a service account act.
fn typed_delegation(global: &Global) -> Option<&'static str> {
    let impersonate = global.impersonate.as_ref().map(|_| "--impersonate");
    global.service_account.as_ref().map(|_| "--service-account").or(impersonate)
}

/// Returns what commands without `--account` use instead of a saved login.
pub(super) fn instead_of_login(global: &Global, environment: Environment) -> Option<&'static str> {
    let delegated = typed_delegation(global).is_some();
    if environment.os(ACCESS_TOKEN).is_some() && !delegated {
        Some("CHATAUTH_ACCESS_TOKEN is set")
    } else if delegated || environment.os(SERVICE_ACCOUNT).is_some() {
        Some("a service account is configured")
    } else {
        None
    }
}

/// Requires a service account and a user to impersonate together: one without the other must not fall back to another
/// identity.
fn delegation(global: &Global, environment: Environment) -> Result<Setting<Option<DelegationOptions>>, Failure> {
    let Setting { value: key, source } = choose(global.service_account.clone(), environment.path(SERVICE_ACCOUNT)?);
    let subject = global.impersonate.clone().or(environment.account(IMPERSONATE)?);
    match (key, subject) {
        (Some(key), Some(subject)) => {
            Ok(Setting { value: Some(DelegationOptions { key, subject: subject.trim().to_owned() }), source })
        }
        (None, None) => Ok(Setting { value: None, source }),
        (Some(_), None) => {
            let given = typed_delegation(global).unwrap_or(SERVICE_ACCOUNT);
            Err(Failure::usage(format!("{given} requires --impersonate: a service account is not a user of Chat"))
                .hint(format!("pass --impersonate USER ({IMPERSONATE})")))
        }
        (None, Some(_)) => {
            let given = typed_delegation(global).unwrap_or(IMPERSONATE);
            Err(Failure::usage(format!(
                "{given} requires --service-account: only a service account can act as another user"
            ))
            .hint(format!("pass --service-account FILE ({SERVICE_ACCOUNT})")))
        }
    }
}

/// Returns how the program was called.
pub(super) fn invocation(global: &Global, words: &[OsString]) -> Invocation {
    let endpoint = global.api_endpoint.as_deref().unwrap_or_default();
    let shown = without_userinfo(endpoint);
    Invocation {
        words: words.iter().map(|word| word.to_string_lossy().replace(endpoint, &shown)).collect(),
        actor: typed([
            ("--account", global.account.clone()),
            ("--service-account", path_text(global.service_account.as_deref())),
            ("--impersonate", global.impersonate.clone()),
        ]),
        place: typed([
            ("--client-secrets", path_text(global.client_secrets.as_deref())),
            ("--config-dir", path_text(global.config_dir.as_deref())),
            ("--api-endpoint", global.api_endpoint.as_ref().map(|_| shown)),
        ]),
    }
}

/// Returns the options that were typed, with their values.
fn typed(options: [(&str, Option<String>); 3]) -> Vec<[String; 2]> {
    options.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?])).collect()
}

fn path_text(path: Option<&Path>) -> Option<String> {
    path.map(|path| path.display().to_string())
}
