//! The rows before they are sent: checked as a whole where that is possible, read ahead where they are needed.

use tokio::sync::mpsc;

use super::input::{InputError, Row, Rows};
use super::row::Identity;
use super::table::Table;
use super::{Options, Task};
use crate::chat::Scopes;
use crate::commands::{Context, ErrorCode, Failure};
use crate::platform::input::Source;

/// How many wrong rows are listed.
const LISTED: usize = 20;

/// How many rows are read ahead.
const READ_AHEAD: usize = 16;

/// What a check of the whole input has found out.
pub(super) struct Checked {
    pub(super) rows: u64,
    pub(super) methods: Vec<Scopes>,
}

/// Checks every row before the first request.
pub(super) fn check<Kind: Task>(
    task: &Kind,
    options: &Options,
    columns: &[&str],
    context: &Context,
) -> Result<Checked, Failure> {
    let source = &options.source;
    let invalid =
        |message: String| Failure::new(ErrorCode::InputInvalid, message).hint("mend these rows; nothing was sent");
    let mut rows = Rows::open(source, columns).map_err(|error| invalid(format!("{source}: {error}")))?;
    let mut checked = Checked { rows: 0, methods: task.least() };
    let mut seen = Table::new();
    let mut wrong = Vec::new();
    let mut count = 0_usize;
    while let Some(row) = rows.next() {
        checked.rows += 1;
        let result = row.and_then(|mut row| {
            let (identity, work) = understand(task, &mut row, None)?;
            once(&identity, &mut seen).map_err(|reason| error_at(&row, None, reason))?;
            for method in task.methods(&work) {
                if !checked.methods.contains(&method) {
                    checked.methods.push(method);
                }
            }
            Ok(())
        });
        if let Err(error) = result {
            count += 1;
            if wrong.len() < LISTED {
                wrong.push(error.to_string());
            }
        }
    }
    let Some(first) = wrong.first() else { return Ok(checked) };
    if count == 1 {
        return Err(invalid(format!("{source}: {first}")));
    }
    for line in &wrong {
        context.messages.always(&format!("{source}: {line}"));
    }
    Err(invalid(format!("{count} of {} rows of {source} cannot be used, the first: {first}", checked.rows)))
}

pub(super) fn understand<Kind: Task>(
    task: &Kind,
    row: &mut Row,
    request_id: Option<&str>,
) -> Result<(Identity, Kind::Work), InputError> {
    let identity = Identity::take(row).map_err(|reason| error_at(row, None, reason))?;
    // The check does not send anything, so any id will do.
    let id = request_id.or(identity.request_id.as_deref()).unwrap_or("00000000-0000-4000-8000-000000000000");
    let work = task.plan(&row.members, id).map_err(|wrong| error_at(row, wrong.column, wrong.reason))?;
    Ok((identity, work))
}

/// Remembers the key or request id of a row; an error when another row has it.
pub(super) fn once(identity: &Identity, seen: &mut Table) -> Result<(), String> {
    // The request id of a key could be another row's own.
    let keys = [identity.keyed.then_some(&identity.text), identity.request_id.as_ref()];
    for key in keys.into_iter().flatten() {
        let before = seen.put(key, 0);
        let before = before.map_err(|error| format!("the directory for temporary files cannot be used: {error}"))?;
        if before.is_some() {
            let key = key.strip_prefix("key:").unwrap_or(key);
            return Err(format!("the key or request id {key:?} stands in two rows"));
        }
    }
    Ok(())
}

pub(super) fn error_at(row: &Row, column: Option<String>, reason: String) -> InputError {
    InputError::Row { line: row.line, column, reason }
}

/// Reads rows on a thread of its own: a slow pipe must not hold up answers.
pub(super) fn read_ahead(source: Source, columns: Vec<String>) -> mpsc::Receiver<Result<Row, InputError>> {
    let (sender, rows) = mpsc::channel(READ_AHEAD);
    std::thread::spawn(move || {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        match Rows::open(&source, &columns) {
            Err(error) => drop(sender.blocking_send(Err(error))),
            Ok(mut rows) => {
                while let Some(row) = rows.next() {
                    if sender.blocking_send(row).is_err() {
                        return;
                    }
                }
            }
        }
    });
    rows
}
