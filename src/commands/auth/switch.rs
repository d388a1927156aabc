//! `chatauth auth switch`.

use crate::commands::Context;

/// Switch to another saved login
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth auth switch ada@example.com"))]
pub struct Switch {
    /// Account to use from now on
    #[arg(id = "account_name", value_name = "EMAIL")]
    account: String,
}

impl Switch {
    /// Makes the account the current one.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        let account = context.session().switch(&self.account)?;
        context.messages.note(&format!("Commands now act as {account}"));
        Ok(())
    }
}
