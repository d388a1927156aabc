//! Which run a journal belongs to.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::journal_error::{Advice, JournalError};

/// What a run does, where and as whom, and the options that make a row: the same rows under another name are other rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunName {
    /// As in "spaces create".
    pub command: String,
    /// The root of the API.
    pub endpoint: String,
    /// Who acts: what stays the same however they are called. JSON `null` where nobody knows; `None` until it is known.
    pub account: Option<Value>,
    /// How the account is called, for messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_name: Option<String>,
    /// The id of the OAuth client.
    #[serde(default)]
    pub client: Option<String>,
    /// The options that make a row, by their names.
    #[serde(default)]
    pub options: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct AnyHeader {
    chatauth: String,
    version: u32,
}

#[derive(Deserialize)]
struct Header {
    id: Uuid,
    #[serde(flatten)]
    run: RunName,
}

impl RunName {
    /// Compares with the first line of a journal, as far as this run is known yet, and takes over what that says of the
    /// account. Gives the id of the journal.
    pub(super) fn check(&mut self, path: &Path, line: &[u8]) -> Result<Uuid, JournalError> {
        let foreign = || JournalError::refused(path, "is not a journal of chatauth");
        let any: AnyHeader = serde_json::from_slice(line).map_err(|_| foreign())?;
        match (any.chatauth.as_str(), any.version) {
            ("results", 1) => {
                return Err(JournalError::refused(path, "is a journal of chatauth 0.1, which does not name its run"));
            }
            ("journal", 2) => {}
            ("journal", _) => return Err(JournalError::refused(path, "was written by a newer version of chatauth")),
            _ => return Err(foreign()),
        }
        let Header { id, run: theirs } = serde_json::from_slice(line).map_err(|_| foreign())?;
        let differs = |what: &str, advice: Advice, theirs: String, ours: String| {
            Err(JournalError::OtherRun { path: path.to_path_buf(), what: what.to_owned(), theirs, ours, advice })
        };
        if theirs.command != self.command {
            return differs("the command", Advice::AnotherFile, theirs.command, self.command.clone());
        }
        if theirs.endpoint != self.endpoint {
            return differs("the API endpoint", Advice::AnotherFile, theirs.endpoint, self.endpoint.clone());
        }
        let options = theirs.options.keys().chain(self.options.keys());
        if let Some(name) = options.into_iter().find(|name| theirs.options.get(*name) != self.options.get(*name)) {
            let shown =
                |options: &BTreeMap<String, Value>| options.get(name).map_or_else(|| String::from("not given"), shown);
            return differs(name, Advice::TheseOptions, shown(&theirs.options), shown(&self.options));
        }
        if theirs.client != self.client {
            let shown = |client: &Option<String>| client.clone().unwrap_or_else(|| String::from("none"));
            return differs("the OAuth client", Advice::ThatLogin, shown(&theirs.client), shown(&self.client));
        }
        let ours = self.account.clone();
        self.account = theirs.account;
        self.account_name = theirs.account_name;
        ours.map_or(Ok(()), |ours| self.check_account(path, &ours))?;
        Ok(id)
    }

    /// Compares the account.
    pub(super) fn check_account(&self, path: &Path, ours: &Value) -> Result<(), JournalError> {
        let theirs = self.account.clone().unwrap_or_default();
        if theirs == *ours {
            return Ok(());
        }
        let path = path.to_path_buf();
        let name =
            |account: &Value| if account.is_null() { String::from("a token from outside") } else { shown(account) };
        let theirs = self.account_name.clone().unwrap_or_else(|| name(&theirs));
        Err(JournalError::OtherRun {
            path,
            what: String::from("the account"),
            theirs,
            ours: name(ours),
            advice: Advice::ThatLogin,
        })
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
