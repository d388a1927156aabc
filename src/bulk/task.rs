//! What a command defines for a run: the two steps of a row.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::columns::{RowFault, Values};

/// The words for messages and results.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// The verb, such as "create".
    pub verb: &'static str,
    /// The beginning of the message that announces a run, such as "Creating".
    pub doing: &'static str,
    /// The status of a row that was done, such as "created".
    pub done: &'static str,
    /// The member of a result that holds the resource, such as "space".
    pub object: &'static str,
    /// Whether the request id makes a retry safe.
    pub by_request_id: bool,
}

/// A command that runs once per row.
pub trait Task {
    /// The checked work of one row.
    type Work;

    /// Checks a row.
    ///
    /// # Errors
    /// The row cannot be used.
    fn plan(&self, values: &Values, request_id: &str) -> Result<Planned<Self::Work>, RowFault>;

    /// The first step, which must be done once: creates, changes or deletes the resource, or finds that it exists.
    fn apply(&self, work: &Self::Work, attempt: Attempt) -> impl Future<Output = Result<Applied, StepError>>;

    /// The second step, which may be repeated: changes the resource. Returns the resource as it is now, if the server sent
    /// it again, and the number of requests.
    fn finish(
        &self,
        work: &Self::Work,
        name: &str,
        attempt: Attempt,
    ) -> impl Future<Output = Result<(Option<Value>, u32), StepError>>;
}

/// A checked row.
#[derive(Debug)]
pub struct Planned<Work> {
    /// The work.
    pub work: Work,
    /// The name of the row before anything is sent; empty if it has none.
    pub label: String,
    /// The name of the resource that the row names, if it names one.
    pub resource: Option<String>,
    /// The name of what no two rows may work on at the same time.
    pub exclusive: Option<String>,
    /// The number of writes of the first step, each of which counts against the rate.
    pub requests: u32,
}

impl<Work> Planned<Work> {
    /// Returns a row that changes one resource with one request. An address is the same in any case.
    pub fn of(resource: Option<String>, work: Work) -> Self {
        let exclusive = resource.as_ref().map(|name| name.to_lowercase());
        Self { work, label: resource.clone().unwrap_or_default(), resource, exclusive, requests: 1 }
    }
}

/// The history of a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attempt {
    /// The time of the first attempt with this request id whose outcome is unknown.
    pub unknown_since: Option<OffsetDateTime>,
    /// Whether the row has a key or a request id of its own.
    pub has_own_id: bool,
    /// Whether the first step found the resource.
    pub existed: bool,
}

/// What the first step did.
#[derive(Debug, Default)]
pub struct Applied {
    /// The resource name; empty if it is unknown.
    pub name: String,
    /// The resource, if the server sent it.
    pub object: Option<Value>,
    /// Whether it existed before.
    pub existed: bool,
    /// A warning to print.
    pub warning: Option<String>,
    /// The number of requests.
    pub attempts: u32,
}

/// A failed step.
#[derive(Debug, Clone, Default)]
pub struct StepError {
    /// The JSON error.
    pub error: Value,
    /// Set if the row only has to wait for quota, with the server's `Retry-After`.
    pub waits_for_quota: Option<Option<Duration>>,
    /// Whether every further row would fail in the same way.
    pub ends_run: bool,
    /// Whether the API rejected the request itself, so that a retry needs a new request id.
    pub refused: bool,
    /// The number of requests.
    pub attempts: u32,
}

/// Returns the JSON error of a row that cannot be used.
pub(super) fn invalid(message: &str) -> Value {
    json!({ "code": "input_invalid", "exitCode": 3, "message": message })
}

/// Returns the JSON error of a row that is not tried after the failure of another one of its name.
pub(super) fn not_tried(failed: u64) -> Value {
    let message = format!("not tried: it must follow row {failed}, which failed");
    json!({ "code": "partial_failure", "exitCode": 7, "message": message, "outcome": "not_applied" })
}

/// Whether the request may have been applied.
pub(super) fn is_unknown(error: &Value) -> bool {
    error["outcome"] == "unknown"
}
