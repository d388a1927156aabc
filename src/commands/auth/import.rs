//! `chatauth auth import`.

use std::io::Read;
use std::path::PathBuf;

use crate::commands::{Context, ErrorCode, Failure};

/// The largest file that is read, in bytes.
const LARGEST_FILE: u64 = 256 * 1024;

/// Where the credentials are.
#[derive(Debug)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// Brings in a login from a file of another tool.
pub async fn run(source: Source, context: &Context) -> Result<(), Failure> {
    let content = read(&source)?;
    let imported = context.session().import(&content).await.map_err(|error| context.failure(error))?;
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

fn read(source: &Source) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let (name, result) = match source {
        Source::Stdin => {
            (String::from("standard input"), std::io::stdin().take(LARGEST_FILE + 1).read_to_end(&mut content))
        }
        Source::File(path) => {
            let read = std::fs::File::open(path).and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut content));
            (path.display().to_string(), read)
        }
    };
    result.map_err(|error| Failure::new(ErrorCode::InputInvalid, format!("{name} cannot be read: {error}")))?;
    if content.len() as u64 > LARGEST_FILE {
        return Err(Failure::new(ErrorCode::InputInvalid, format!("{name} is too large to be a credentials file")));
    }
    Ok(content)
}
