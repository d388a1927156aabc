//! `chatauth auth login`.

use std::time::Duration;

use crate::auth::{DEFAULT_WAIT, LoginOptions, Record, ScopeSet};
use crate::commands::terminal_prompt::TerminalPrompt;
use crate::commands::{Context, ErrorCode, Failure, account, needed_scopes};

/// Log in through the browser
///
/// Replaces the saved login of the account, and makes it the current one.
#[derive(Debug, Default, clap::Args)]
#[expect(clippy::struct_field_names, reason = "the fields are named as the options")]
#[command(after_help = examples!(
    "chatauth auth login --account ada@example.com",
    "chatauth auth login --scope manage",
    "chatauth auth login --no-browser --port 8085",
))]
pub struct Login {
    /// Scope to request (repeatable)
    ///
    /// A short name, such as chat.spaces, or a full URL; manage stands for chat.spaces, chat.memberships and chat.delete.
    /// The default is what the login had before if the account is named or the only one, else what creating a space
    /// needs.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Print the URL instead of opening a browser
    #[arg(long)]
    no_browser: bool,
    /// Port of the redirect URI [default: any free one]
    ///
    /// A fixed port can be forwarded, as with ssh -L.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Account to suggest in the account chooser
    #[arg(long, value_name = "EMAIL", value_parser = account)]
    login_hint: Option<String>,
    /// Time to wait for the browser [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: Option<u64>,
}

impl Login {
    /// Logs in.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        context.settings.invocation.refuse_actor("auth login", true)?;
        let asked = super::scope_option::scopes(&self.scope)?;
        let account = context.settings.account.value.clone();
        if !context.settings.input {
            let login = context.settings.invocation.login(account.as_deref(), &asked);
            return Err(Failure::new(ErrorCode::LoginNeeded, "cannot log in with --no-input")
                .hint(format!("without --no-input and CHATAUTH_NO_INPUT, run {login}"))
                .into());
        }
        let scopes = if asked.is_empty() { default_scopes(context) } else { asked };
        let login = LoginOptions {
            required: scopes.clone(),
            scopes,
            account,
            login_hint: self.login_hint,
            port: self.port,
            wait: self.wait.map_or(DEFAULT_WAIT, Duration::from_secs),
        };
        let mut prompt = TerminalPrompt::new(context, !self.no_browser).reading_pipes(context);
        let record = context.session().log_in(&login, &mut prompt).await?;
        drop(prompt);
        context.messages.note(&format!("Logged in as {} ({})", record.email, record.granted().without_identity()));
        if context.session().accounts().is_ok_and(|accounts| accounts.len() > 1) {
            context.messages.note(&format!(
                "Commands now act as {}. To use another login, run {}",
                record.email,
                context.settings.invocation.login_management(["auth", "switch", "EMAIL"])
            ));
        }
        if let Some(end) = record.refresh_token_expires_at {
            context.messages.warning(&format!(
                "this login expires on {} because the project's publishing status is Testing; publish the app or make \
                 its audience Internal to avoid that",
                end.date()
            ));
        }
        if let Some(reason) = context.settings.instead_of_login {
            context.messages.warning(&format!("{reason}, so commands use it instead of this login"));
        }
        Ok(())
    }
}

/// What a plain create needs, and what the login that this one replaces could do.
fn default_scopes(context: &Context) -> ScopeSet {
    let create = needed_scopes::default();
    let Some(replaced) = replaced_login(context) else { return create };
    let before = replaced.granted().without_identity();
    let scopes = if before.missing_from(&create).is_empty() { before } else { before.union(&create) };
    if scopes != create {
        let account = &replaced.email;
        context.messages.note(&format!("Requesting the scopes of the previous login of {account} again ({scopes})"));
    }
    scopes
}

/// The login of the account that is named, or the only one of this OAuth client.
fn replaced_login(context: &Context) -> Option<Record> {
    let session = context.session();
    // An unreadable record is what a login repairs, so it is no reason to stop here.
    let record = |account: &str| session.record(account).ok().flatten();
    let client = session.client_for_new_login().ok()?;
    let named = context.settings.account.value.clone();
    let accounts = named.map_or_else(|| session.accounts(), |account| Ok(vec![account])).ok()?;
    let mut records =
        accounts.iter().filter_map(|account| record(account)).filter(|record| record.client_id == client.client_id);
    records.next().filter(|_| records.next().is_none())
}
