//! `chatauth auth import`.

use std::path::PathBuf;

use crate::commands::{Context, Source};

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 256 * 1024;

/// Import a login from another tool's file
///
/// An authorized_user file, or a token.json of Python or Node.js, whose scopes include openid and email.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth auth import credentials.json"))]
pub struct Import {
    /// File to import; - is stdin
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

impl Import {
    /// Imports the login.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        context.settings.invocation.refuse_actor("auth import", true)?;
        let source = Source::new(self.file);
        let content = source.read(LARGEST_FILE)?;
        let imported = context.session().import(&content).await?;
        if let Some(path) = &imported.client_file {
            context.messages.note(&format!("Saved its OAuth client as {}", path.display()));
        }
        let record = &imported.record;
        context.messages.note(&format!(
            "Imported the login of {} ({})",
            record.email,
            record.granted().without_identity()
        ));
        if let Some(current) = &imported.current {
            context.messages.note(&format!(
                "The current account is still {current}. To use this login, run {}",
                context.settings.invocation.login_management(["auth", "switch", &record.email])
            ));
        }
        if matches!(source, Source::File(_)) {
            context.messages.warning("the imported file contains a refresh token; delete it if nothing else needs it");
        }
        Ok(())
    }
}
