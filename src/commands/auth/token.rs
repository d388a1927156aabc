//! `chatauth auth token`.

use serde_json::json;

use crate::auth::Scope;
use crate::commands::{Context, needed_scopes};

/// Print an access token, refreshed if needed
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "chatauth auth token --scope chat.spaces.readonly --format json",
    "curl -H \"Authorization: Bearer $(chatauth auth token --scope chat.spaces)\" \\\n    https://chat.googleapis.com/v1/spaces",
))]
pub struct Token {
    /// Scope that the token must have (repeatable)
    ///
    /// A short name, such as chat.spaces, or a full URL.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
}

impl Token {
    /// Prints a token that is valid for more than five minutes.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let asked = super::scope_option::scopes(&self.scope)?;
        let new = asked.is_empty()
            && context.settings.access_token.is_none()
            && (context.settings.delegation.value.is_some() || context.session().accounts()?.is_empty());
        // Any login will do where no scope was named; a new one, or a service account's token, is asked for what creating
        // a space needs.
        let needed = if new { needed_scopes::default() } else { asked };
        let access = context.access(&needed).await?;
        if context.wants_json() {
            let object = json!({
                "accessToken": access.token.expose(),
                "expiresAt": access.expires_at.map(super::status::time),
                "scopes": access.scopes().iter().map(Scope::as_str).collect::<Vec<_>>(),
                "account": access.account,
            });
            context.printer.document(&object)?;
        } else {
            context.printer.text(&format!("{}\n", access.token.expose()))?;
        }
        Ok(())
    }
}
