//! `chatauth spaces open`.

use crate::chat::{GetSpace, Method};
use crate::commands::arguments::{AdminAccess, space_name};
use crate::commands::caller::Caller;
use crate::commands::{Context, ErrorCode, Failure};
use crate::platform::browser;

/// Open a space in the browser, or print its URL
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth spaces open spaces/AAAA"))]
pub struct Open {
    /// Space: spaces/AAAA, its ID or its URL
    #[arg(value_name = "SPACE")]
    space: String,
    #[command(flatten)]
    admin: AdminAccess,
}

impl Open {
    /// Opens the space.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let admin = self.admin.use_admin_access;
        let request = GetSpace { name: space_name(&self.space)?, admin };
        let mut caller = Caller::new(context, &[GetSpace::SCOPES], admin).await?;
        let space = caller.send(&request).await?;
        let Some(url) = &space.fields.space_uri else {
            let message = format!("cannot open {}: the API gave no URL for it", space.fields.name);
            return Err(Failure::new(ErrorCode::ServerError, message).into());
        };
        let opened = context.settings.input && browser::open(url, &context.settings.browser);
        if opened {
            context.messages.note(&format!("Opening {url} in your browser"));
        }
        if context.settings.explicit_format || context.printer.has_filter() {
            return super::show::print(&space, context);
        }
        if opened {
            return Ok(());
        }
        Ok(context.printer.text(&format!("{url}\n"))?)
    }
}
