//! `chatauth spaces find-dm`.

use crate::chat::{FindDirectMessage, Method, id_of, user_name};
use crate::commands::caller::Caller;
use crate::commands::{Context, Failure};
use crate::platform::sanitise::quoted;

/// Find the direct message with a person
#[derive(Debug, clap::Args)]
#[command(after_help = super::show::with_columns(examples!("chatauth spaces find-dm ada@example.com --format name")))]
pub struct FindDm {
    /// Person, by email or ID
    #[arg(value_name = "USER")]
    user: String,
}

impl FindDm {
    /// Shows the direct message with the person.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let user = self.user.as_str();
        let name =
            user_name(user).map_err(|cause| Failure::usage(format!("the user {} (name) {cause}", quoted(user))))?;
        let mut caller = Caller::new(context, &[FindDirectMessage::SCOPES], false).await?;
        let space = match caller.send(&FindDirectMessage { user: name.clone() }).await {
            Err(error) if error.is_not_found() && !caller.is_self(id_of(&name)) => {
                let command = context.command(["spaces", "create", "--type", "direct-message", "--member", user]);
                return Err(context.report(error).hint(format!("to start one, run {command}")).into());
            }
            result => result?,
        };
        super::show::print(&space, context)
    }
}
