//! The messages about a run, and its failure as a whole.

use serde_json::Value;

use crate::bulk::{
    Checked, Counts, Ending, Journal, JournalError, Rate, RowResult, Stop, Values, Words, approximate, pluralize,
};
use crate::commands::{Context, ErrorCode, Failure, Outcome};
use crate::output;
use crate::platform::input::Source;

/// The maximum number of resources that a warning lists.
const LISTED: usize = 5;

/// Returns the failure of an input of which not every row can be used.
pub(super) fn check_rows(checked: &Checked, source: &Source, context: &Context) -> Result<(), Failure> {
    let invalid = |message: String| Failure::new(ErrorCode::InputInvalid, format!("{source}: {message}"));
    match (checked.wrong, &checked.listed[..]) {
        (0, _) => Ok(()),
        (1, [only, ..]) => Err(invalid(only.clone()).hint("fix this row; nothing was sent")),
        (wrong, listed) => {
            for line in listed {
                context.messages.print(&format!("{source}: {line}"));
            }
            let message = format!("{wrong} of {} rows cannot be used", checked.rows);
            Err(invalid(message).hint("fix these rows; nothing was sent"))
        }
    }
}

pub(super) fn journal_failure(error: &JournalError) -> Failure {
    let code = match error {
        JournalError::Busy(_) => ErrorCode::Busy,
        JournalError::Io { .. } => ErrorCode::StoreNotWritable,
        JournalError::Refused { .. } => ErrorCode::InputInvalid,
    };
    Failure::new(code, error.to_string()).hint(error.hint())
}

pub(super) fn announce(total: Option<u64>, time: &str, words: &Words, account: &str, context: &Context) {
    let Words { doing, object, .. } = words;
    context.messages.note(&match total {
        Some(total) => format!("{doing} {} as {account}{time}", pluralize(total, object)),
        None => format!("{doing} {object}s as {account}, as rows arrive"),
    });
}

/// Returns how long so many requests take, in parentheses; empty for less than a second.
pub(super) fn estimate(requests: u64, rate: Rate) -> String {
    let time = rate.duration(requests);
    match rate {
        Rate::Limited { per_minute, per_hour } if time.as_secs() > 0 => {
            let hourly = per_hour.map(|hour| format!(" and {hour} per hour")).unwrap_or_default();
            format!(" (about {} at {per_minute} per minute{hourly})", approximate(time))
        }
        _ => String::new(),
    }
}

/// Notes rows that are identical. With `--if-exists`, later ones find what the first one creates.
pub(super) fn note_identical(identical: u64, options: &Values, words: &Words, context: &Context) {
    if identical > 0 {
        let creates = words.by_request_id && options.text("if-exists").is_none();
        let more = if creates {
            format!("; each becomes a {}, unless if-exists or a direct message finds one", words.object)
        } else {
            String::new()
        };
        context.messages.note(&format!("{identical} rows are identical{more}"));
    }
}

/// Warns of what earlier runs left unfinished and no row finishes: a row that was changed counts as new.
pub(super) fn warn_unclaimed(journal: Option<&Journal>, words: &Words, context: &Context) {
    let journal = journal.filter(|_| words.by_request_id);
    let unclaimed = journal.map(Journal::unclaimed).unwrap_or_default();
    if !unclaimed.is_empty() {
        let more = unclaimed.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        context.messages.warning(&format!(
            "no row finishes {}{more} of an earlier run: a row that was changed creates another {object}. Restore it, \
             unless you have finished the first {object} yourself",
            unclaimed.into_iter().take(LISTED).collect::<Vec<_>>().join(", "),
            object = words.object
        ));
    }
}

/// Returns what people call the row; empty if that is the resource name.
pub(super) fn label(result: &RowResult) -> &str {
    let name = result.object.as_ref().and_then(|object| object.get("displayName")).and_then(Value::as_str);
    Some(name.unwrap_or(&result.label)).filter(|label| *label != result.name()).unwrap_or_default()
}

/// Returns the line for people.
pub(super) fn summary(result: &RowResult) -> String {
    let of_error = |member: &str| result.error.as_ref().and_then(|error| error[member].as_str()).unwrap_or_default();
    let mut text = format!("{}  {}", result.row, result.status);
    for part in [result.name(), label(result), of_error("message"), of_error("hint")] {
        if !part.is_empty() {
            text += &format!("  {part}");
        }
    }
    text
}

/// Returns the number of rows by status.
pub(super) fn totals(ending: &Ending, done: &str) -> String {
    let counts = ending.counts;
    let failed = counts.failed - counts.unknown;
    let mut text =
        format!("{} {done}, {} existing, {} skipped, {failed} failed", counts.done, counts.existing, counts.skipped);
    let unknown = counts.unknown + ending.in_flight;
    for (number, what) in [(unknown, "unknown"), (ending.not_started.unwrap_or_default(), "not started")] {
        if number > 0 {
            text += &format!(", {number} {what}");
        }
    }
    if ending.stop.is_some() && ending.not_started.is_none() {
        text += ", the rest not read";
    }
    text
}

/// Returns how to run the rows that are not finished.
fn resume_hint(ending: &Ending, words: &Words, has_journal: bool, repeat: &str) -> String {
    let Counts { failed, rejected, .. } = ending.counts;
    let correct = if failed > 0 && rejected == failed { "correct the failed rows; " } else { "" };
    if has_journal {
        return format!("{correct}to resume, run {repeat}");
    }
    let again = match (ending.unknown.is_empty(), words.by_request_id) {
        (true, _) => " and run it again",
        (false, true) => ", set request-id in the unknown ones without a key, and run it again",
        (false, false) => " and run it again; the unknown ones may already be done",
    };
    let unfinished = match (ending.counts.unfinished, words.by_request_id) {
        (1.., true) => format!(", and those whose {} exists (to finish them, see their hints),", words.object),
        _ => String::new(),
    };
    format!(
        "{correct}remove the finished rows{unfinished} from the input{again}; pass --journal FILE to make runs resumable"
    )
}

/// Returns the failure of the run as a whole, if it is one.
pub(super) fn verdict(ending: Ending, words: &Words, has_journal: bool, repeat: &str) -> Result<(), Failure> {
    let (counts, totals) = (ending.counts, totals(&ending, words.done));
    let total = counts.ended() + ending.not_started.unwrap_or_default();
    let resume = resume_hint(&ending, words, has_journal, repeat);
    // Whatever stopped the run, an outcome that is unknown stays unknown, and rows that are done were applied.
    let unknown = (!ending.unknown.is_empty()).then_some(Outcome::Unknown);
    let applied = counts.done + counts.unfinished > 0;
    let with_totals = |failure: Failure| Failure {
        message: format!("{}; {totals}", failure.message),
        outcome: unknown.or(failure.outcome.filter(|_| !applied)),
        ..failure
    };
    // What to do about the failure comes before what to do about the other rows.
    let and_resume = |failure: Failure| {
        // That of a row of unknown outcome is about that row alone.
        let own = failure.hint.as_ref().filter(|_| has_journal || failure.outcome != Some(Outcome::Unknown));
        let is_known = own.is_some_and(|own| own.contains(repeat));
        if is_known || !(has_journal || applied || unknown.is_some()) {
            return failure;
        }
        let hint = own.into_iter().chain([&resume]).cloned().collect::<Vec<_>>().join("; ");
        failure.hint(hint)
    };
    let invalid = |message: String| Failure::new(ErrorCode::InputInvalid, message);
    let internal = |message: String| Failure::new(ErrorCode::Internal, message);
    Err(match ending.stop {
        Some(Stop::Interrupted(interruption)) => {
            let mut message = format!("{interruption}: {totals}");
            if !has_journal && !ending.unknown.is_empty() {
                let by_id = words.by_request_id;
                let with_id = |id| if by_id { format!(" with request id {id}") } else { String::new() };
                let rows = ending.unknown.iter().map(|(row, id)| format!("row {row}{}", with_id(id)));
                message += &format!("; unknown: {}", rows.collect::<Vec<_>>().join(", "));
            }
            Failure { outcome: unknown, ..Failure::new(ErrorCode::Interrupted(interruption), message).hint(resume) }
        }
        Some(Stop::ReaderGone) => Failure::new(ErrorCode::ReaderGone, ""),
        Some(Stop::Failed { error, .. }) => with_totals(and_resume(Failure::from_json(&error))),
        Some(Stop::Journal(error)) => with_totals(journal_failure(&error)),
        Some(Stop::Input(reason)) => with_totals(and_resume(invalid(reason))),
        None => match (ending.format_fault, ending.output_fault) {
            (Some(fault), _) => internal(fault),
            (None, Some(fault)) => match output::Error::from(fault) {
                output::Error::Write(fault) => internal(format!("cannot write the results: {fault}")),
                // The pipe closed, or a signal came, after the last row.
                error => Failure::from(&error),
            },
            (None, None) if counts.failed > 0 => {
                let message = format!("{} of {total} rows failed", counts.failed);
                Failure { outcome: unknown, ..Failure::new(ErrorCode::PartialFailure, message).hint(resume) }
            }
            (None, None) if ending.not_started.is_some_and(|rest| rest > 0) => {
                let before = pluralize(total, "row");
                invalid(format!("the file changed: it had {before}, and has {} now", counts.ended())).hint(resume)
            }
            (None, None) => return Ok(()),
        },
    })
}
