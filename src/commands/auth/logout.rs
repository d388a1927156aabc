//! `chatauth auth logout`.

use crate::auth::{Error, LoginNeeded, Revocation};
use crate::commands::{Context, ErrorCode, Failure};

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// Every account.
    pub all: bool,
    /// Without telling the authorization server.
    pub local: bool,
}

/// Revokes logins, then forgets them.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let session = context.session();
    let accounts = if options.all {
        session.accounts()?
    } else {
        match session.account() {
            Ok(account) => vec![account],
            Err(Error::LoginNeeded(LoginNeeded::NoLogin)) => Vec::new(),
            Err(error) => return Err(error.into()),
        }
    };
    if accounts.is_empty() {
        context.messages.note("Nobody is logged in.");
        return Ok(());
    }
    let mut first_failure = None;
    for account in accounts {
        if let Err(error) = one(&account, &options, context).await {
            let failure = context.report(error);
            match &first_failure {
                None => first_failure = Some(failure),
                Some(_) => context.messages.warning(&failure.message),
            }
        }
    }
    first_failure.map_or(Ok(()), |failure| Err(failure.into()))
}

async fn one(account: &str, options: &Options, context: &Context) -> anyhow::Result<()> {
    let session = context.session();
    if options.local {
        session.forget(account).await?;
        context.messages.note(&format!("Forgot the login of {account} on this machine; Google still knows the grant."));
        return Ok(());
    }
    let revocation = session.revoke(account).await.map_err(|error| {
        let kept = format!("the login of {account} was kept");
        let all = options.all.then_some("--all");
        let local = context.command(["auth", "logout", "--local"].into_iter().chain(all));
        match error {
            Error::LoginNeeded(LoginNeeded::NoSuchAccount(_)) | Error::Store(_) => context.report(error),
            Error::Network(_) | Error::Server { .. } => {
                let mut failure = context.report(error);
                failure.message = format!("{}; {kept}", failure.message);
                failure.hint(format!("try again when the server can be reached, or forget it here only: {local}"))
            }
            other => {
                let failure = context.report(other);
                let code =
                    if failure.code == ErrorCode::LoginNeeded { ErrorCode::ClientSecretsInvalid } else { failure.code };
                Failure { code, message: format!("{}; {kept}", failure.message), ..failure }.hint(format!(
                    "name the client file of that login with --client-secrets FILE, or forget it here only: {local}"
                ))
            }
        }
    })?;
    session.forget(account).await?;
    context.messages.note(&match revocation {
        Revocation::Revoked => format!(
            "Logged {account} out. The whole grant to this project is revoked, also where it was used from other machines."
        ),
        Revocation::AlreadyGone => format!("Logged {account} out; the grant had been revoked or had ended already."),
    });
    Ok(())
}
