//! `chatauth auth switch`.

use crate::commands::{Context, Provenance, account};

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
        let account = context.session().switch(&self.account)?;
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
}
