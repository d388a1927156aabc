//! `chatauth auth logout`.

use crate::auth::{Error, LoginName, LoginNeeded, Revocation};
use crate::commands::write::{InFlight, Write};
use crate::commands::{Context, ErrorCode, Failure};

/// Revoke a login and delete it
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "chatauth auth logout --account ada@example.com",
    "chatauth auth logout --all --local",
))]
pub struct Logout {
    /// Log out every account
    #[arg(long)]
    all: bool,
    /// Delete the login from this machine without revoking it
    #[arg(long)]
    local: bool,
}

impl Logout {
    /// Revokes logins, then forgets them.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let command = if self.all { "auth logout --all" } else { "auth logout" };
        context.settings.invocation.refuse_actor(command, !self.all)?;
        let session = context.session();
        let (accounts, current) = session.selectable_accounts()?;
        let logins = if self.all {
            session.logins()?
        } else if current.or(context.settings.account.value.clone()).is_some() {
            vec![session.login()?]
        } else {
            not_chosen(&accounts, context)?
        };
        if logins.is_empty() {
            context.messages.note("You are not logged in.");
            return Ok(());
        }
        let mut first_failure = None;
        for login in logins {
            let Err(error) = log_out_login(&login, &self, context).await else { continue };
            // Another process has just deleted a login that nobody named.
            if (self.all || context.settings.account.value.is_none()) && error.downcast_ref().is_some_and(is_gone) {
                continue;
            }
            let failure = context.report(error);
            match &first_failure {
                None => first_failure = Some(failure),
                Some(_) => context.messages.warning(&failure.message),
            }
        }
        first_failure.map_or(Ok(()), |failure| Err(failure.into()))
    }
}

/// Handles a logout that names no account when none is current. Returns an empty list if no login is saved.
///
/// # Errors
/// [`ErrorCode::LoginNeeded`] with the list of saved logins: none is logged out unless it is named.
fn not_chosen(accounts: &[String], context: &Context) -> Result<Vec<LoginName>, Failure> {
    let Some(first) = accounts.first() else { return Ok(Vec::new()) };
    let hint = format!("run {}", context.settings.invocation.login_management(["auth", "logout", "--account", first]));
    let message = format!("no account is selected; saved logins: {}", accounts.join(", "));
    Err(Failure::new(ErrorCode::LoginNeeded, message).hint(hint))
}

/// The account of a login, with its OAuth client where the account has several logins.
fn label(login: &LoginName, context: &Context) -> String {
    let session = context.session();
    let logins = session.logins().unwrap_or_default();
    let has_other = logins.iter().any(|other| other.account == login.account && other != login);
    match session.read(login) {
        Ok(Some(record)) if has_other => format!("{login} with the OAuth client {}", record.client_id),
        _ => login.to_string(),
    }
}

/// Whether there is no such login.
fn is_gone(error: &Error) -> bool {
    matches!(error, Error::LoginNeeded(LoginNeeded::NoSuchAccount(_)))
}

async fn log_out_login(login: &LoginName, options: &Logout, context: &Context) -> anyhow::Result<()> {
    let session = context.session();
    let account = &label(login, context);
    if options.local {
        session.forget(login).await?;
        context.messages.note(&format!("Removed the login of {account} from this machine without revoking it"));
        return Ok(());
    }
    let write = Write::repeated_by(context.typed_command(), None);
    context.pending.replace(Some(InFlight { action: format!("revoke the access of {account}"), write }));
    let revocation = session.revoke(login).await;
    context.pending.take();
    let revocation = revocation.map_err(|error| not_revoked(error, login, options, context))?;
    let record = session.read(login).ok().flatten();
    // Another process may have deleted it meanwhile.
    if let Err(error) = session.forget(login).await
        && !is_gone(&error)
    {
        return Err(not_deleted(error, login, context).into());
    }
    context.messages.note(&match revocation {
        Revocation::Revoked => {
            format!("Logged out {account}. Google revoked its access for this project on every machine.")
        }
        Revocation::AlreadyGone => format!("Logged out {account}. Its access had already ended."),
    });
    for other in record.iter().flat_map(|record| session.logins_of_same_grant(record).unwrap_or_default()) {
        context.messages.warning(&format!(
            "the login of {} with the OAuth client {} has ended too: its client is of the same project",
            other.email, other.client_id
        ));
    }
    Ok(())
}

/// Reports that the server did not revoke a login, which is kept.
fn not_revoked(error: Error, login: &LoginName, options: &Logout, context: &Context) -> anyhow::Error {
    if is_gone(&error) || matches!(error, Error::Store(_)) {
        return error.into();
    }
    let may_succeed_later = matches!(error, Error::Network(_) | Error::RateLimited { .. } | Error::Server { .. });
    let mut failure = context.report(error);
    let first = if may_succeed_later {
        "retry when the server is reachable"
    } else {
        if failure.code == ErrorCode::LoginNeeded {
            failure.code = ErrorCode::ClientSecretsInvalid;
        }
        "pass the client file of that login with --client-secrets FILE"
    };
    let local = context.command(["auth", "logout", "--local"].into_iter().chain(options.all.then_some("--all")));
    failure.message = format!("{}; the login of {} was kept", failure.message, label(login, context));
    failure.hint(format!("{first}, or remove the login from this machine only: {local}")).into()
}

/// Reports that a login was revoked and its file could not be deleted.
fn not_deleted(error: Error, login: &LoginName, context: &Context) -> Failure {
    let failure = context.report(error);
    let account = &login.account;
    let file = context.session().location(login).display().to_string();
    let message = format!("revoked the access of {account}, but did not delete {file}: {}", failure.message);
    let local = context.settings.invocation.login_management(["auth", "logout", "--local", "--account", account]);
    Failure { message, ..failure }.hint(format!("when the file can be deleted, run {local}"))
}
