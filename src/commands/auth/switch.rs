//! `chatauth auth switch`.

use crate::auth::{Error, LoginNeeded};
use crate::commands::{Context, Failure, Provenance, account};

/// Switch to another saved login
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth auth switch ada@example.com"))]
pub struct Switch {
    /// Account to use from now on
    #[arg(id = "account_name", value_name = "EMAIL", value_parser = account)]
    account: String,
}

impl Switch {
    /// Makes the account the current one.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        let settings = &context.settings;
        settings.invocation.refuse_actor("auth switch", false)?;
        let account = context.session().switch(&self.account).map_err(|error| self.not_switched(error, context))?;
        let variable = settings.account.value.as_ref().filter(|_| settings.account.source == Provenance::Variable);
        let other = variable.filter(|named| named.to_lowercase() != account);
        match (settings.instead_of_login, other) {
            (Some(reason), _) => {
                context.messages.warning(&format!("{reason}, so commands use it instead of the login of {account}"));
            }
            (None, Some(other)) => {
                context.messages.warning(&format!("CHATAUTH_ACCOUNT is {other}, so commands act as that account"));
            }
            (None, None) => context.messages.note(&format!("Commands now act as {account}")),
        }
        Ok(())
    }

    /// Adds the saved logins to the error for an account that has none.
    fn not_switched(&self, error: Error, context: &Context) -> Failure {
        let is_unknown = matches!(error, Error::LoginNeeded(LoginNeeded::NoSuchAccount(_)));
        let mut failure = context.report(error);
        let (accounts, _) = context.session().selectable_accounts().unwrap_or_default();
        if !is_unknown || accounts.is_empty() {
            return failure;
        }
        failure.message = format!("{}; saved logins: {}", failure.message, accounts.join(", "));
        // Only with an address can somebody log in.
        if self.account.contains('@') {
            return failure;
        }
        let typed = self.account.to_lowercase();
        let meant = accounts.iter().find(|account| account.starts_with(&typed));
        let switch = |account: &String| context.settings.invocation.login_management(["auth", "switch", account]);
        failure.hint(meant.map_or_else(
            || String::from("pass the address of a saved login"),
            |account| format!("run {}", switch(account)),
        ))
    }
}
