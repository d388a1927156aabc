//! `chatauth auth switch`.

use crate::commands::{Context, Failure};

/// Makes `account` the one that commands use.
pub fn run(account: &str, context: &Context) -> Result<(), Failure> {
    context.session().switch(account).map_err(|error| context.failure(error))?;
    context.messages.note(&format!("Commands act as {account} now."));
    Ok(())
}
