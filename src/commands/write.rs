//! What is known about a request that changes something.

use std::fmt;

/// How a write is repeated without being done twice.
#[derive(Debug, Clone)]
pub(super) struct Write {
    /// The ID that makes the repetition safe, where it needs one.
    pub(super) request_id: Option<String>,
    /// What to do after an unknown outcome.
    pub(super) hint: String,
}

impl Write {
    /// Returns a write that `command` repeats safely.
    pub(super) fn repeated_by(command: impl fmt::Display, request_id: Option<String>) -> Self {
        Self { request_id, hint: format!("to repeat it safely, run {command}") }
    }

    /// Returns a write that nothing makes safe to repeat.
    pub(super) fn unsafe_to_repeat() -> Self {
        let hint = "check whether it was applied before you run it again; if the method accepts a request ID, \
                    pass --query requestId=UUID to make retries safe";
        Self { request_id: None, hint: String::from(hint) }
    }
}

/// What a command of several requests has done so far. An interruption reports it.
#[derive(Debug)]
pub(super) struct Progress {
    /// What was done, as in "the space spaces/AAAA was created".
    pub(super) done: String,
    /// The command for what remains; empty if nothing does.
    pub(super) remaining: String,
}

/// A write without a response so far. Whatever ends the program meanwhile reports how to repeat it.
#[derive(Debug, Clone)]
pub(super) struct InFlight {
    /// What it is, as in "create the space".
    pub(super) action: String,
    /// How it is repeated.
    pub(super) write: Write,
}
