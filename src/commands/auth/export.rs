//! `chatauth auth export`.

use crate::commands::{Context, Failure};
use crate::output::safe_json;

/// Prints the login as `authorized_user` JSON, for a CI system's secret store.
pub fn run(context: &Context) -> Result<(), Failure> {
    let (account, document) = context.session().export().map_err(|error| context.failure(error))?;
    context.messages.warning(&format!(
        "what follows lets whoever has it act as {account}: keep it in a secret store and nowhere else"
    ));
    Ok(context.printer.text(&format!("{}\n", safe_json(&document, true)))?)
}
