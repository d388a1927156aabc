//! `chatauth auth switch`.

use crate::commands::Context;

/// Makes `account` the one that commands use.
pub fn run(account: &str, context: &Context) -> anyhow::Result<()> {
    context.session().switch(account)?;
    context.messages.note(&format!("Commands act as {account} now."));
    Ok(())
}
