//! What people are told of a run, and what it comes to.

use serde_json::Value;

use crate::bulk::{CheckError, Ending, JournalError, Rate, Report, RowResult, Stop, Words, about, count};
use crate::commands::{Context, ErrorCode, Failure, Outcome};
use crate::platform::input::Source;

pub(super) fn check_failure(error: &CheckError, source: &Source, context: &Context) -> Failure {
    if let CheckError::Rows { wrong, listed, .. } = error {
        if let (1, Some(only)) = (wrong, listed.first()) {
            return Failure::new(ErrorCode::InputInvalid, format!("{source}: {only}"))
                .hint("fix this row; nothing was sent");
        }
        for line in listed {
            context.messages.always(&format!("{source}: {line}"));
        }
    }
    let what = if matches!(error, CheckError::Rows { .. }) { "fix these rows" } else { "check the file" };
    Failure::new(ErrorCode::InputInvalid, format!("{source}: {error}")).hint(format!("{what}; nothing was sent"))
}

pub(super) fn journal_failure(error: &JournalError) -> Failure {
    let code = match error {
        JournalError::Busy(_) => ErrorCode::Busy,
        JournalError::Io { .. } => ErrorCode::StoreNotWritable,
        _ => ErrorCode::InputInvalid,
    };
    Failure::new(code, error.to_string()).hint(error.hint())
}

pub(super) fn announce(total: Option<u64>, rate: Rate, words: &Words, whom: &str, context: &Context) {
    let verb = words.verb;
    context.messages.note(&match total {
        Some(total) => {
            let time = rate.duration(total);
            let time =
                if time.as_secs() == 0 { String::new() } else { format!(" (about {}{})", about(time), at(rate)) };
            format!("{} to {verb} as {whom}{time}", count(total, "row"))
        }
        None => format!("Rows to {verb} as {whom}, as they come"),
    });
}

pub(super) fn at(rate: Rate) -> String {
    match rate {
        Rate::Unlimited => String::new(),
        Rate::Limited { per_minute, per_hour: None } => format!(" at {per_minute} per minute"),
        Rate::Limited { per_minute, per_hour: Some(hour) } => {
            format!(" at {per_minute} per minute and {hour} per hour")
        }
    }
}

pub(super) fn say_identical(identical: u64, words: &Words, context: &Context) {
    let more = if words.by_request_id { format!("; each becomes a {}", words.object) } else { String::new() };
    context.messages.note(&format!("{identical} rows are identical{more}"));
}

pub(super) fn label(result: &RowResult) -> String {
    let object = result.created.as_ref().map(|created| &created.object);
    let name = object.and_then(|object| object.get("displayName")).and_then(Value::as_str);
    name.map_or_else(|| result.label.clone(), str::to_owned)
}

/// The line for people.
pub(super) fn summary(result: &RowResult) -> String {
    let mut text = format!("{}  {}", result.row, result.status);
    for part in [result.name(), &label(result), result.error.as_ref().map_or("", |error| &error.message)] {
        if !part.is_empty() {
            text += &format!("  {part}");
        }
    }
    text
}

pub(super) fn told(ending: &Ending, done: &str) -> String {
    let counts = ending.counts;
    let mut text = format!(
        "{} {done}, {} existing, {} skipped, {} failed",
        counts.done,
        counts.existing,
        counts.skipped,
        counts.failed - counts.unknown
    );
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

/// What the run as a whole came to.
pub(super) fn verdict(
    ending: Ending,
    done: &str,
    total: Option<u64>,
    has_journal: bool,
    repeat: &str,
    failure_of: impl FnOnce(Report) -> Failure,
) -> Result<(), Failure> {
    let counts = ending.counts;
    let told = told(&ending, done);
    let again = if has_journal {
        format!("this resumes the run, and does nothing twice: {repeat}")
    } else {
        String::from("with --journal FILE the same command would resume the run, and do nothing twice")
    };
    let failure = match ending.stop {
        Some(Stop::Interrupted(interruption)) => {
            let mut message = format!("{interruption}: {told}");
            let mut hint = again;
            if !has_journal && !ending.unknown.is_empty() {
                let rows: Vec<String> =
                    ending.unknown.iter().map(|(row, id)| format!("row {row} with request id {id}")).collect();
                message += &format!("; unknown: {}", rows.join(", "));
                hint = String::from(
                    "without --journal FILE nothing is remembered: take the rows that are done out of the input, and \
                     give those of unknown outcome their request id as requestId",
                );
            }
            let mut failure = Failure::new(ErrorCode::Interrupted(interruption), message).hint(hint);
            failure.outcome = (!ending.unknown.is_empty()).then_some(Outcome::Unknown);
            failure
        }
        Some(Stop::ReaderGone) => Failure::new(ErrorCode::ReaderGone, ""),
        Some(Stop::Failed(report)) => {
            let mut failure = failure_of(report);
            failure.message = format!("{}; {told}", failure.message);
            failure
        }
        Some(Stop::Journal(error)) => {
            let mut failure = journal_failure(&error);
            failure.message = format!("{}; {told}", failure.message);
            failure
        }
        Some(Stop::Input(reason)) => Failure::new(ErrorCode::InputInvalid, format!("{reason}; {told}")),
        None => match (ending.format_fault, ending.output_fault) {
            (Some(fault), _) => Failure::new(ErrorCode::Internal, fault),
            (None, Some(fault)) => Failure::new(ErrorCode::Internal, format!("cannot write the results: {fault}")),
            (None, None) if counts.failed > 0 => {
                let total = total.unwrap_or_else(|| counts.ended());
                Failure::new(ErrorCode::PartialFailure, format!("{} of {total} rows failed", counts.failed)).hint(again)
            }
            (None, None) if ending.not_started.is_some_and(|rest| rest > 0) => {
                let message = format!(
                    "the file had {} when it was checked, and {} when it was read",
                    count(total.unwrap_or_default(), "row"),
                    counts.ended()
                );
                Failure::new(ErrorCode::InputInvalid, message).hint(again)
            }
            (None, None) => return Ok(()),
        },
    };
    Err(failure)
}
