//! What a command gives to a run, and what a step of a row comes to.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::columns::{Column, RowFault, Values};

/// How a run speaks of what it does.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// As in "create".
    pub verb: &'static str,
    /// As in "created".
    pub done: &'static str,
    /// The member of a result that holds what was created, as in "space".
    pub object: &'static str,
    /// Whether the request id is what makes repeating safe.
    pub by_request_id: bool,
}

/// One kind of run.
pub trait Task {
    /// What is to be done for one row, checked and complete.
    type Work;

    /// The columns, besides `idempotency-key` and `request-id`.
    fn columns(&self) -> &[Column];

    /// What a row says that says nothing: the options beside the file, and what is assumed without them.
    fn defaults(&self) -> &Values;

    /// How it is spoken of.
    fn words(&self) -> Words;

    /// Checks a row.
    ///
    /// # Errors
    /// Why the row cannot be used.
    fn plan(&self, values: &Values, request_id: &str) -> Result<Self::Work, RowFault>;

    /// How the row is called before anything was created; empty where it has no name.
    fn label(&self, work: &Self::Work) -> String;

    /// What no two rows may work on at the same time.
    fn exclusive(&self, _work: &Self::Work) -> Option<String> {
        None
    }

    /// The first step of a row, which must be done once: creates, or finds.
    fn create(&self, work: &Self::Work, attempt: Attempt) -> impl Future<Output = Result<Created, StepError>>;

    /// The second step, which may be repeated: what is to be done to what was created. Gives how many requests it took.
    fn finish(&self, work: &Self::Work, name: &str) -> impl Future<Output = Result<u32, StepError>>;
}

/// What is known when a row is sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Attempt {
    /// Since when an attempt under the same request id may have been applied without anybody having seen the answer.
    pub unknown_since: Option<OffsetDateTime>,
}

/// What the first step has led to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Created {
    /// The resource name.
    pub name: String,
    /// The resource as the server sent it.
    pub object: Value,
    /// Whether it was there before the row.
    pub existed: bool,
    /// Something that the person must know about it.
    pub warning: Option<String>,
    /// How many requests it took.
    pub attempts: u32,
}

/// Why a step failed.
#[derive(Debug, Clone, Default)]
pub struct StepError {
    /// What people and scripts are told.
    pub report: Report,
    /// Set where the row only has to wait for quota, with how long the server asks to wait.
    pub waits_for_quota: Option<Option<Duration>>,
    /// Whether every further row would fail in the same way.
    pub ends_run: bool,
    /// Whether the API refused the request itself, so that it need not be repeated under the same id.
    pub refused: bool,
    /// How many requests it took.
    pub attempts: u32,
}

/// A failure as people and scripts are told it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The stable name.
    pub code: String,
    /// What the command would end with, were this row all of it.
    pub exit_code: u8,
    /// What happened and why.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Google's machine-readable reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whether the request may have been applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// What became of a request that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was not applied: the answer proves it.
    NotApplied,
    /// Nobody knows.
    Unknown,
}

impl Report {
    /// A row that says nothing that could be sent.
    pub(super) fn invalid(message: String) -> Self {
        Self { code: String::from("input_invalid"), exit_code: 3, message, ..Self::default() }
    }

    /// Whether the request may have been applied.
    pub(super) fn is_unknown(&self) -> bool {
        self.outcome == Some(Outcome::Unknown)
    }
}
