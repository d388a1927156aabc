//! The run that a journal belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::journal_error::JournalError;

const THAT_LOGIN: &str = "use that login again; a new journal would run every row again";
const THAT_VERSION: &str = "finish the run with the version that began it; a new journal would run every row again";
const THESE_OPTIONS: &str = "restore these options; a new journal would run every row again";

/// What a run does, where, as whom, and with which options. The same rows in another run are other rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunIdentity {
    /// The command, such as "spaces create".
    pub command: String,
    /// The root of the API.
    pub endpoint: String,
    /// The permanent id of the account: JSON `null` for an access token of an unknown account, `None` before the login.
    pub account: Option<Value>,
    /// The name of the account, for messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_name: Option<String>,
    /// The id of the OAuth client.
    #[serde(default)]
    pub client: Option<String>,
    /// The options that make a row, by their names.
    #[serde(default)]
    pub options: BTreeMap<String, Value>,
}

/// The first line of a journal.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    chatauth: String,
    version: u32,
    pub(super) id: Uuid,
    #[serde(flatten)]
    pub(super) run: RunIdentity,
}

impl Header {
    const VERSION: u32 = 2;

    /// The beginning of every journal, of all versions.
    pub(super) const BEGINNING: &str = r#"{"chatauth":""#;

    pub(super) fn new(run: RunIdentity) -> Self {
        Self { chatauth: String::from("journal"), version: Self::VERSION, id: Uuid::new_v4(), run }
    }

    /// Parses the first line of the journal at `path`.
    pub(super) fn parse(line: &[u8], path: &Path) -> Result<Self, JournalError> {
        let foreign = || JournalError::another_file(path, "is not a journal of chatauth");
        let other_version = |reason| Err(JournalError::refused(path, reason, THAT_VERSION));
        let any: Value = serde_json::from_slice(line).map_err(|_| foreign())?;
        match (any["chatauth"].as_str(), any["version"].as_u64()) {
            (Some("journal"), Some(version)) if version == u64::from(Self::VERSION) => {
                serde_json::from_value(any).map_err(|_| foreign())
            }
            (Some("journal"), Some(_)) => other_version("was written by a newer version of chatauth"),
            (Some("results"), Some(1)) => other_version("is a journal of chatauth 0.1, which does not name its run"),
            _ => Err(foreign()),
        }
    }
}

impl RunIdentity {
    /// Compares this run with the run of a journal. The account is compared once it is known.
    ///
    /// # Errors
    /// The first difference.
    pub(super) fn check(&self, theirs: &Self, path: &Path) -> Result<(), JournalError> {
        let text = |text: &str| Some(Value::from(text));
        let client = |run: &Self| run.client.as_deref().and_then(text);
        let mut facts = vec![
            ("the command", text(&theirs.command), text(&self.command), JournalError::ANOTHER_FILE),
            ("the API endpoint", text(&theirs.endpoint), text(&self.endpoint), JournalError::ANOTHER_FILE),
        ];
        let names: BTreeSet<&String> = theirs.options.keys().chain(self.options.keys()).collect();
        let value = |run: &Self, name| run.options.get(name).cloned();
        for name in names {
            facts.push((name.as_str(), value(theirs, name), value(self, name), THESE_OPTIONS));
        }
        facts.push(("the OAuth client", client(theirs), client(self), THAT_LOGIN));
        if self.account.is_some() {
            let there = theirs.account.clone().unwrap_or_default();
            facts.push(("the account", Some(there), self.account.clone(), THAT_LOGIN));
        }
        let difference = facts.into_iter().find(|(_, there, here, _)| there != here);
        let Some((what, there, here, hint)) = difference else { return Ok(()) };
        // Two accounts of one name are told apart by their ids.
        let by_name = what == "the account" && theirs.account_name != self.account_name;
        let named = |run: &Self, value| run.account_name.clone().filter(|_| by_name).unwrap_or_else(|| shown(value));
        let (path, theirs, ours) = (path.display(), named(theirs, there), named(self, here));
        let message = format!("the journal {path} belongs to another run: {what} was {theirs} and is {ours} now");
        Err(JournalError::Refused { message, hint })
    }
}

fn shown(value: Option<Value>) -> String {
    match value {
        None => String::from("not given"),
        Some(Value::Null) => String::from("an unknown access token"),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    }
}
