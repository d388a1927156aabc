//! `chatauth auth import`.

use crate::commands::{Context, ErrorCode, Failure, Source};

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 256 * 1024;

/// Brings in a login from a file of another tool.
pub async fn run(source: Source, context: &Context) -> anyhow::Result<()> {
    let content = source
        .read(LARGEST_FILE)
        .map_err(|error| Failure::new(ErrorCode::InputInvalid, format!("{source} cannot be read: {error}")))?;
    let imported = context.session().import(&content).await?;
    if let Some(path) = &imported.client_file {
        context.messages.note(&format!("Wrote its OAuth client to {}.", path.display()));
    }
    let record = &imported.record;
    context.messages.note(&format!(
        "Imported the login of {} ({}).",
        record.email,
        record.granted().without_identity()
    ));
    if matches!(source, Source::File(_)) {
        context.messages.warning("the imported file still holds the same login; remove it if nothing else needs it");
    }
    Ok(())
}
