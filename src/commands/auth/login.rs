//! `chatauth auth login`.

use std::time::Duration;

use crate::auth::{LoginOptions, ScopeSet};
use crate::commands::person::Person;
use crate::commands::{Context, ErrorCode, Failure, scopes};

/// How long a login waits for the browser.
pub const DEFAULT_WAIT: Duration = Duration::from_mins(5);

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// The scopes to ask for instead of the default ones, as the person wrote them.
    pub scopes: Vec<String>,
    /// Whether the browser is left alone.
    pub no_browser: bool,
    /// The port of the redirect URI.
    pub port: Option<u16>,
    /// Whom the account chooser suggests.
    pub login_hint: Option<String>,
    /// How long to wait.
    pub wait: Duration,
}

/// Logs in, also over a login that works.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    if !context.settings.input {
        return Err(Failure::new(
            ErrorCode::LoginNeeded,
            "a login needs a person, and --no-input says that there is none",
        )
        .hint("run chatauth auth login without --no-input")
        .into());
    }
    let asked = super::scopes(&options.scopes)?;
    let account = context.settings.account.value.clone();
    let scopes = if asked.is_empty() { default_scopes(context, account.as_deref()) } else { asked };
    let login = LoginOptions {
        required: scopes.clone(),
        scopes,
        account,
        login_hint: options.login_hint,
        port: options.port,
        wait: options.wait,
    };
    let mut person = Person::new(context, !options.no_browser);
    let record = context.session().log_in(&login, &mut person).await?;
    drop(person);
    context.messages.note(&format!("Logged in as {} ({}).", record.email, record.granted().without_identity()));
    if let Some(end) = record.refresh_token_expires_at {
        context.messages.warning(&format!(
            "this login ends on {} because the project's publishing status is Testing; an Internal audience, or \
             publishing the app, makes logins last",
            end.date()
        ));
    }
    if context.settings.access_token.is_some() {
        context.messages.warning("CHATAUTH_ACCESS_TOKEN is set, so commands use that token and not this login");
    } else if !context.settings.uses_login() {
        context.messages.warning("a service account is named, so commands use that and not this login");
    }
    Ok(())
}

/// What a plain create needs; for an account that is named, also what its login has already, so that logging in again
/// takes nothing away.
fn default_scopes(context: &Context, account: Option<&str>) -> ScopeSet {
    let create = scopes::default();
    let Some(account) = account else { return create };
    // An unreadable record is what a login repairs, so it is no reason to stop here.
    let stored = context.session().record(account).ok().flatten();
    match stored {
        Some(record) if !record.granted().missing_from(&create).is_empty() => {
            record.granted().union(&create).without_identity()
        }
        Some(record) => record.granted().without_identity(),
        None => create,
    }
}
