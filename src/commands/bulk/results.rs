//! The results of a run on standard output: one line a row, in the order of the input.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::row::End;
use crate::commands::{Context, ErrorCode, Failure};
use crate::output::RowResult;

/// How many rows ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) done: u64,
    pub(super) existing: u64,
    pub(super) skipped: u64,
    pub(super) failed: u64,
}

/// A row's result.
#[derive(Debug)]
struct Line {
    status: &'static str,
    name: String,
    object: Value,
}

/// Writes results in order, however they come.
pub(super) struct Results<'a> {
    context: &'a Context,
    /// As in "created" and "space".
    words: (&'static str, &'static str),
    waiting: BTreeMap<u64, Line>,
    next: u64,
    pub(super) counts: Counts,
}

impl<'a> Results<'a> {
    pub(super) fn new(context: &'a Context, done: &'static str, member: &'static str) -> Self {
        Self { context, words: (done, member), waiting: BTreeMap::new(), next: 1, counts: Counts::default() }
    }

    /// The number of the first row whose result is not written yet.
    pub(super) fn oldest(&self) -> u64 {
        self.next
    }

    /// A row has ended.
    pub(super) fn add(
        &mut self,
        number: u64,
        end: &End,
        request_id: Option<&str>,
        earlier: Option<&Value>,
        attempts: u32,
    ) -> Result<(), Failure> {
        let (done, member) = self.words;
        let (status, made, failure) = match end {
            End::Skipped => ("skipped", earlier, None),
            End::Done(made) if made.existed => ("existing", Some(&made.json), None),
            End::Done(made) => (done, Some(&made.json), None),
            End::Unfinished(made, failure) => ("failed", Some(&made.json), Some(failure)),
            End::Failed(failure) => ("failed", None, Some(failure)),
        };
        match status {
            "skipped" => self.counts.skipped += 1,
            "existing" => self.counts.existing += 1,
            "failed" => self.counts.failed += 1,
            _ => self.counts.done += 1,
        }
        let mut object = Map::new();
        object.insert(String::from("row"), json!(number));
        object.insert(String::from("status"), json!(status));
        if let Some(request_id) = request_id {
            object.insert(String::from("requestId"), json!(request_id));
        }
        if let Some(made) = made {
            object.insert(member.to_owned(), made.clone());
        }
        if let Some(failure) = failure {
            object.insert(String::from("error"), failure.to_json());
        }
        object.insert(String::from("attempts"), json!(attempts));
        let name = made.and_then(|made| made.get("name")).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.waiting.insert(number, Line { status, name, object: Value::Object(object) });
        while let Some(line) = self.waiting.get(&self.next) {
            self.write(line)?;
            self.waiting.remove(&self.next);
            self.next += 1;
        }
        Ok(())
    }

    /// Says on standard error what could not be written as a result.
    pub(super) fn tell(&mut self) {
        for (number, line) in std::mem::take(&mut self.waiting).iter().filter(|(_, line)| !line.name.is_empty()) {
            self.context.messages.always(&format!("Row {number}: {} {}.", line.status, line.name));
        }
    }

    /// Writes what is left when the run ends early.
    pub(super) fn finish(&mut self) -> Result<Counts, Failure> {
        while let Some((&number, line)) = self.waiting.first_key_value() {
            self.write(line)?;
            self.waiting.remove(&number);
        }
        Ok(self.counts)
    }

    fn write(&self, line: &Line) -> Result<(), Failure> {
        let error = line.object["error"]["message"].as_str().map(|text| format!("  {text}")).unwrap_or_default();
        let summary = format!("{}  {}  {}{error}", line.object["row"], line.status, line.name);
        let row = RowResult { json: &line.object, name: &line.name, summary: &summary };
        Ok(self.context.printer.row(&row)?)
    }
}

/// What the run as a whole came to.
pub(super) fn verdict(
    counts: Counts,
    done: &str,
    total: Option<u64>,
    stopped: Option<Failure>,
    again: &str,
) -> Result<(), Failure> {
    let seen = counts.done + counts.existing + counts.skipped + counts.failed;
    let rest = total.map_or(0, |total| total.saturating_sub(seen));
    let left = total.map_or_else(|| String::from("the rest was not read"), |_| format!("{rest} not done"));
    match stopped {
        Some(mut failure) => {
            failure.message = format!(
                "{}; {} rows {done}, {} failed, {left}",
                failure.message,
                counts.done + counts.existing,
                counts.failed
            );
            Err(failure)
        }
        None if counts.failed > 0 => Err(Failure::new(
            ErrorCode::PartialFailure,
            format!("{} of {} rows failed", counts.failed, total.unwrap_or(seen)),
        )
        .hint(again.to_owned())),
        None if rest > 0 => Err(Failure::new(
            ErrorCode::InputInvalid,
            format!("the file had {} rows when it was checked, and {seen} when it was read", seen + rest),
        )
        .hint(again.to_owned())),
        None => Ok(()),
    }
}
