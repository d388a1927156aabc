//! One row on its way: what the journal knows of it, and how it ends.

use serde_json::Value;
use uuid::Uuid;

use super::Made;
use super::input::Row;
use super::journal::{Entry, State};
use crate::commands::{ErrorCode, Failure};

/// What a row is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// The key of its author's, or its position and content.
    pub(super) text: String,
    /// What it says.
    pub(super) content: String,
    /// Whether its author gave it a key, under which it must not change.
    pub(super) keyed: bool,
    /// The request id that its author gave it, or that follows from the key.
    pub(super) request_id: Option<String>,
}

impl Identity {
    /// Takes `idempotency-key` and `request-id` out of a row.
    pub(super) fn take(row: &mut Row) -> Result<Self, String> {
        let mut text = |name: &str| match row.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
            Some(_) => Err(format!("{name} is not a text")),
        };
        let key = text("idempotency-key")?;
        let given = text("request-id")?;
        if key.is_some() && given.is_some() {
            return Err(String::from("a row has an idempotency-key or a request-id, not both"));
        }
        let given = given
            .map(|text| {
                Uuid::parse_str(&text).map(|id| id.to_string()).map_err(|_| format!("request-id {text:?} is no UUID"))
            })
            .transpose()?;
        let content = row.content();
        let text = match &key {
            Some(key) => format!("key:{key}"),
            None => format!("row:{}:{content}", row.number),
        };
        let derived = key.as_ref().map(|key| crate::chat::request_id_of_key(key));
        Ok(Self { text, content, keyed: key.is_some(), request_id: given.or(derived) })
    }

    /// The same row about something in particular.
    pub(super) fn about(mut self, about: Option<&str>) -> Self {
        if let Some(about) = about {
            self.text = format!("{} about {about}", self.text);
        }
        self
    }
}

/// What is to be done with a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Todo {
    /// Nothing: it is finished, and this is what was made.
    Skip(Entry),
    /// Everything, under this request id. `again` holds the last entry of an earlier run.
    Make {
        /// The request id.
        request_id: String,
        /// What an earlier run wrote about it.
        again: Option<Entry>,
    },
    /// What comes after the making.
    Finish(Entry),
}

/// Decides from the last word about a row.
///
/// # Errors
/// A row that changed under its key.
pub(super) fn decide(identity: &Identity, last: Option<Entry>) -> Result<Todo, String> {
    let fresh = || identity.request_id.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let Some(last) = last else { return Ok(Todo::Make { request_id: fresh(), again: None }) };
    if identity.keyed && last.content != identity.content {
        return Err(String::from(
            "the row says something else than it did in the run that wrote the results file, under the same \
             idempotency-key",
        ));
    }
    Ok(match last.state {
        State::Finished => Todo::Skip(last),
        State::Exists => Todo::Finish(last),
        State::LoginStarted | State::Failed => Todo::Make { request_id: last.request_id.clone(), again: Some(last) },
        // The API remembers that it refused this id, perhaps; a new one gets a new answer.
        State::Refused => Todo::Make { request_id: Uuid::new_v4().to_string(), again: Some(last) },
    })
}

/// How a row ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was finished by an earlier run.
    Skipped,
    /// It is done.
    Done(Made),
    /// Something was made, and what comes after it failed.
    Unfinished(Made, Failure),
    /// It failed.
    Failed(Failure),
}

/// The state in which a failure leaves a row. `unknown` says that this or an earlier attempt under the same request id
/// may have been applied: that id is then the only one that cannot make the row twice, whatever was answered since.
pub(super) fn state_after(failure: &Failure, unknown: bool) -> State {
    let refused = matches!(failure.http_status, Some(400 | 403 | 404 | 409)) && failure.code.exit_code() != 6;
    if refused && !unknown { State::Refused } else { State::Failed }
}

/// Whether the row only has to wait for quota: a rate limit, which comes as 429 or 403. A hard quota is no matter of
/// patience.
pub(super) fn waits_for_quota(failure: &Failure) -> bool {
    matches!(failure.http_status, Some(403 | 429))
        && failure.code.exit_code() == 6
        && failure.reason.as_deref() != Some("RESOURCE_QUOTA_EXCEEDED")
}

/// Whether every further row would fail in the same way.
pub(super) fn ends_the_run(failure: &Failure) -> bool {
    failure.code.exit_code() == 4
        || matches!(failure.code, ErrorCode::ChatAppNotConfigured | ErrorCode::ApiDisabled)
        || matches!(failure.code.exit_code(), 1..=3)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;

    fn row(members: &Value) -> Row {
        Row { number: 7, line: 8, members: members.as_object().unwrap().clone() }
    }

    fn entry(state: State, content: &str) -> Entry {
        Entry {
            identity: String::from("i"),
            content: content.to_owned(),
            row: 7,
            request_id: String::from("old"),
            state,
            at: OffsetDateTime::UNIX_EPOCH,
            unknown_since: None,
            result: None,
            existed: false,
            error: None,
            attempts: 1,
        }
    }

    #[test]
    fn rows_are_recognised_by_their_key_or_by_place_and_content() {
        let take = |members: Value| Identity::take(&mut row(&members));
        let keyed = take(json!({"name":"A","idempotency-key":"k"})).unwrap();
        assert_eq!(keyed.text, "key:k");
        assert_eq!(keyed.request_id, take(json!({"name":"B","idempotency-key":"k"})).unwrap().request_id);
        assert_eq!(keyed.content, take(json!({"name":"A"})).unwrap().content);
        assert!(take(json!({"name":"A"})).unwrap().text.starts_with("row:7:"));
        let id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        assert_eq!(take(json!({"request-id":id.to_uppercase()})).unwrap().request_id.as_deref(), Some(id));
        assert!(take(json!({"request-id":"x"})).is_err());
        assert!(take(json!({"request-id":id,"idempotency-key":"k"})).is_err());
        assert!(take(json!({"idempotency-key":7})).is_err());
    }

    #[test]
    fn the_journal_decides_what_is_left_to_do() {
        let identity = Identity::take(&mut row(&json!({"name":"A","idempotency-key":"k"}))).unwrap();
        let after = |state| decide(&identity, Some(entry(state, &identity.content))).unwrap();
        assert!(matches!(after(State::Finished), Todo::Skip(_)));
        assert!(matches!(after(State::Exists), Todo::Finish(_)));
        for state in [State::LoginStarted, State::Failed] {
            assert!(matches!(after(state), Todo::Make { request_id, .. } if request_id == "old"), "{state:?}");
        }
        assert!(matches!(after(State::Refused), Todo::Make { request_id, .. } if request_id != "old"));
        assert!(
            matches!(decide(&identity, None), Ok(Todo::Make { request_id, again: None }) if Some(&request_id) == identity.request_id.as_ref())
        );
        assert!(decide(&identity, Some(entry(State::Finished, "other"))).is_err());
    }

    #[test]
    fn only_a_refusal_of_the_request_itself_costs_its_id() {
        let failure =
            |status: u16| Failure { http_status: Some(status), ..Failure::new(ErrorCode::InvalidArgument, "x") };
        for status in [400, 403, 404, 409] {
            assert_eq!(state_after(&failure(status), false), State::Refused);
            assert_eq!(state_after(&failure(status), true), State::Failed);
        }
        for status in [401, 429, 500, 503] {
            assert_eq!(state_after(&failure(status), false), State::Failed);
        }
        let limited = Failure { code: ErrorCode::RateLimited, ..failure(403) };
        assert_eq!(state_after(&limited, false), State::Failed);
        assert!(waits_for_quota(&limited) && !waits_for_quota(&failure(403)));
        assert!(!waits_for_quota(&Failure { reason: Some(String::from("RESOURCE_QUOTA_EXCEEDED")), ..limited }));
    }
}
