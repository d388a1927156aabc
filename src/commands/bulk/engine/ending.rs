//! How rows end, and what is said and written of it.

use std::collections::VecDeque;

use serde_json::Value;

use super::Run;
use crate::commands::bulk::journal::{Entry, JournalError, State};
use crate::commands::bulk::row::{End, ends_the_run, state_after};
use crate::commands::bulk::turn::Turn;
use crate::commands::bulk::{Made, Task};
use crate::commands::{ErrorCode, Failure, InFlight, Outcome, RowsInFlight};

impl<'a, Kind: Task> Run<'a, Kind> {
    /// The run ends early. Of the rows that wait for quota these have to be told: what was made, or may have been.
    pub(super) fn give_up(&mut self, waiting: VecDeque<Turn<'a, Kind::Work>>) -> Result<(), Failure> {
        for mut turn in waiting {
            if let Some(failure) = turn.refused.take()
                && (turn.made.is_some() || turn.unknown_since.is_some())
            {
                self.failed(turn, failure)?;
            }
        }
        Ok(())
    }

    /// A row has failed.
    pub(super) fn failed(&mut self, mut turn: Turn<'a, Kind::Work>, mut failure: Failure) -> Result<(), Failure> {
        if turn.made.is_none() && turn.unknown_since.is_some() && failure.outcome != Some(Outcome::Unknown) {
            failure.outcome = Some(Outcome::Unknown);
            failure.message += "; an earlier attempt may have been applied";
        }
        if self.options.results.is_none() && failure.outcome == Some(Outcome::Unknown) {
            failure.hint = Some(format!("give the row the requestId {} and run it again", turn.request_id));
        }
        let state =
            if turn.made.is_some() { State::Exists } else { state_after(&failure, turn.unknown_since.is_some()) };
        self.note(&turn, state, turn.made.as_ref(), Some(&failure))?;
        if ends_the_run(&failure) || self.options.fail_fast {
            self.stopped.get_or_insert(failure.clone());
        }
        let end = match turn.made.take() {
            Some(made) => End::Unfinished(made, failure),
            None => End::Failed(failure),
        };
        self.over(&turn, &end)
    }

    /// A row is over, however it ended.
    pub(super) fn over(&mut self, turn: &Turn<'a, Kind::Work>, end: &End) -> Result<(), Failure> {
        self.on_their_way.borrow_mut().retain(|(number, _)| *number != turn.number);
        self.ended(turn.number, end, Some(&turn.request_id), None, turn.attempts)
    }

    /// The result of a row, for whoever reads them.
    pub(super) fn ended(
        &mut self,
        number: u64,
        end: &End,
        request_id: Option<&str>,
        earlier: Option<&Value>,
        attempts: u32,
    ) -> Result<(), Failure> {
        self.results.add(number, end, request_id, earlier, attempts)?;
        self.progress.show(self.results.counts);
        Ok(())
    }

    /// What the journal is to know of a row.
    pub(super) fn note(
        &mut self,
        turn: &Turn<'a, Kind::Work>,
        state: State,
        made: Option<&Made>,
        failure: Option<&Failure>,
    ) -> Result<(), Failure> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let entry = Entry {
            identity: turn.identity.text.clone(),
            content: turn.identity.content.clone(),
            row: turn.number,
            request_id: turn.request_id.clone(),
            state,
            at: self.context.clock.now(),
            unknown_since: turn.unknown_since,
            result: made.map(|made| made.json.clone()),
            existed: made.is_some_and(|made| made.existed),
            error: failure.map(Failure::to_json),
            attempts: turn.attempts,
        };
        journal.append(&entry).map_err(|error| journal_failure(&error))
    }

    /// Nobody reads the results any more, so what has been made, or may have been, is said here.
    pub(super) fn tell(&mut self) {
        self.results.tell();
        for (number, request_id) in &*self.on_their_way.borrow() {
            self.context.messages.always(&format!("Row {number} was on its way under the request id {request_id}."));
        }
    }

    /// Whatever ends the program from now on can say what was on its way.
    pub(super) fn say_pending(&self) {
        let (verb, _) = self.task.verb();
        let pending = if self.options.results.is_some() {
            let hint = format!("to repeat it safely, run {}", self.context.repeat());
            InFlight { action: format!("{verb} the rows"), request_id: None, hint, rows: None }
        } else {
            InFlight {
                action: verb.to_owned(),
                request_id: None,
                hint: String::from(
                    "without --results FILE nothing is remembered: take the rows above that are done out of the input, \
                     and give those on their way their request id as requestId",
                ),
                rows: Some(RowsInFlight::clone(&self.on_their_way)),
            }
        };
        self.context.pending.replace(Some(pending));
    }
}

pub(super) fn journal_failure(error: &JournalError) -> Failure {
    let message = error.to_string();
    match error {
        JournalError::Busy(_) => {
            Failure::new(ErrorCode::Busy, message).hint("wait until the other run has ended, or name another file")
        }
        JournalError::NotAJournal(_) => {
            Failure::new(ErrorCode::InputInvalid, message).hint("name another file with --results")
        }
        JournalError::Scratch(_) => Failure::new(ErrorCode::StoreNotWritable, message)
            .hint("make room there or set TMPDIR to another directory; no further request was sent"),
        JournalError::Io { path, action: "opened", .. } if !path.exists() => {
            Failure::new(ErrorCode::StoreNotWritable, message).hint("name another file with --results")
        }
        // Another file would know nothing of what is done.
        JournalError::Io { .. } => Failure::new(ErrorCode::StoreNotWritable, message).hint(
            "no further request was sent; make room, or let the file be read and written, and run the same command with \
             the same results file: it knows what is done, and with another one that would be done again",
        ),
    }
}
