//! `chatauth auth export`.

use crate::commands::Context;
use crate::output::safe_json;

/// Print the login as authorized_user JSON, for CI
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth auth export --account ada@example.com > credentials.json"))]
pub struct Export {}

impl Export {
    /// Prints the login.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.settings.invocation.refuse_actor("auth export", true)?;
        let (account, document) = context.session().export()?;
        context.messages.warning(&format!("anyone with this output can act as {account}: store it as a secret"));
        if context.printer.has_filter() {
            return Ok(context.printer.document(&document)?);
        }
        Ok(context.printer.text(&format!("{}\n", safe_json(&document, true)))?)
    }
}
