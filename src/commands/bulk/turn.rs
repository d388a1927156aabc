//! One row on its way through a run.

use std::future::{Future, Ready, poll_fn, ready};
use std::pin::Pin;
use std::task::Poll;

use futures_util::future::Either;
use time::OffsetDateTime;

use super::journal::{JournalError, Syncing};
use super::row::Identity;
use super::{Made, Task};
use crate::commands::caller::Caller;
use crate::commands::{Context, Failure};

/// A row on its way.
pub(super) struct Turn<'a, Work> {
    pub(super) number: u64,
    pub(super) identity: Identity,
    pub(super) request_id: String,
    pub(super) work: Work,
    pub(super) caller: Caller<'a>,
    pub(super) attempts: u32,
    /// When it left last.
    pub(super) left: OffsetDateTime,
    /// Since when an attempt under this request id may have been applied without anybody knowing.
    pub(super) unknown_since: Option<OffsetDateTime>,
    /// What the journal says of it, on its way to the disk.
    pub(super) syncing: Option<Syncing>,
    /// What was made, once it was.
    pub(super) made: Option<Made>,
    /// Why it waits for quota.
    pub(super) refused: Option<Failure>,
}

/// What comes next for a row.
pub(super) enum Next<'a, Work> {
    /// What is to be done after the making.
    Finish(Turn<'a, Work>),
    /// The same once more, when the quota allows it.
    Again(Turn<'a, Work>),
    /// Nothing.
    Over,
}

/// One step of a row: the making, or what comes after it.
///
/// # Errors
/// When the journal cannot be brought to the disk: nothing has left then.
pub(super) async fn perform<'a, Kind: Task>(
    task: &'a Kind,
    context: &'a Context,
    mut turn: Turn<'a, Kind::Work>,
) -> Result<(Turn<'a, Kind::Work>, Result<Option<Made>, Failure>), JournalError> {
    if let Some(syncing) = turn.syncing.take() {
        syncing.done().await?;
    }
    let result = match &turn.made {
        None => task.make(&turn.work, turn.unknown_since, &mut turn.caller, context).await.map(Some),
        Some(made) => task.finish(&turn.work, &made.name, &mut turn.caller, context).await.map(|()| None),
    };
    Ok((turn, result))
}

/// Lets a step go as far as it comes without waiting. Among many it would get its first turn only after all those whose
/// answers are there, and its request would leave so much later.
///
/// The step is boxed: it is some kilobytes, and would be copied from place to place.
pub(super) async fn begin<Step: Future>(step: Step) -> Either<Ready<Step::Output>, Pin<Box<Step>>> {
    let mut step = Box::pin(step);
    match poll_fn(|context| Poll::Ready(step.as_mut().poll(context))).await {
        Poll::Ready(output) => Either::Left(ready(output)),
        Poll::Pending => Either::Right(step),
    }
}
