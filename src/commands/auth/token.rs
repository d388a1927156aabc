//! `chatauth auth token`.

use serde_json::json;
use time::format_description::well_known::Rfc3339;

use crate::auth::Scope;
use crate::commands::{Context, scopes};

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// What the token must allow, as the person wrote it.
    pub scopes: Vec<String>,
    /// Whether an object is wanted instead of the bare token.
    pub json: bool,
}

/// Prints an access token that lives for more than five minutes yet.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let asked = super::scopes(&options.scopes)?;
    let new = asked.is_empty()
        && context.settings.access_token.is_none()
        && (context.settings.delegation.value.is_some() || context.session().accounts()?.is_empty());
    // Any login will do where no scope was named; a new one, or a service account's token, is asked for what creating
    // a space needs.
    let needed = if new { scopes::default() } else { asked };
    let access = context.access(&needed).await?;
    let record = access.record.as_ref();
    if options.json {
        let expires_at = record.and_then(|record| record.expires_at).and_then(|end| end.format(&Rfc3339).ok());
        let object = json!({
            "accessToken": access.token.expose(),
            "expiresAt": expires_at,
            "scopes": access.scopes().iter().map(Scope::as_str).collect::<Vec<_>>(),
            "account": access.account(),
        });
        context.printer.document(&object)?;
    } else {
        context.printer.text(&format!("{}\n", access.token.expose()))?;
    }
    Ok(())
}
