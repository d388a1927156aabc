//! What an output format implements.

use serde_json::Value;

use super::details::Details;
use super::error::Error;
use super::sink::Sink;

/// One result in all its forms.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The object as the server sent it.
    pub json: &'a Value,
    /// The bare resource name.
    pub name: &'a str,
}

/// The result of one row of a bulk run.
#[derive(Debug, Clone, Copy)]
pub struct RowResult<'a> {
    /// The result as an object.
    pub json: &'a Value,
    /// The bare resource name; empty if the row has none.
    pub name: &'a str,
    /// The line for people.
    pub summary: &'a str,
}

/// The columns of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// The headings of the table for people.
    pub(super) headings: &'static [&'static str],
    /// The headings whose cells are times.
    pub(super) times: &'static [&'static str],
    /// The headings that a narrow terminal leaves out.
    pub(super) optional: &'static [&'static str],
    /// The columns of CSV, as paths into the JSON; empty if the table's own columns serve.
    pub(super) paths: &'static [&'static str],
}

/// The cells of a row of a table.
pub(super) type Row = Vec<String>;

/// What results look like in a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Tables and details for people.
    Human,
    /// JSON, so that `--jq` can filter results and errors are JSON too.
    Json,
    /// Other text for programs.
    Text,
}

/// What a format can be used for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    pub(super) kind: Kind,
    /// Whether each result is complete by itself, so that pages need not be merged.
    pub(super) is_streamed: bool,
    /// Whether it has no form for [`Renderer::document`] and [`Renderer::row`].
    pub(super) is_for_lists_only: bool,
}

/// An output format.
///
/// No method has a default, so that the compiler asks a new format for each of them.
pub(super) trait Renderer {
    /// Returns what the format can be used for.
    fn traits(&self) -> Traits;

    /// Prints one resource.
    fn item(&self, item: &Item<'_>, details: &Details, sink: &mut Sink<'_>) -> Result<(), Error>;

    /// Prints an answer of the API that may be anything.
    fn document(&self, json: &Value, sink: &mut Sink<'_>) -> Result<(), Error>;

    /// Prints the result of one row of a bulk run.
    fn row(&self, row: &RowResult<'_>, sink: &mut Sink<'_>) -> Result<(), Error>;

    /// Begins a list.
    fn list(&self) -> Box<dyn ListRenderer>;
}

/// A list that is being printed.
pub(super) trait ListRenderer {
    /// Adds a result.
    fn push(&mut self, item: &Item<'_>, row: Row, columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error>;

    /// Ends a complete list. Formats whose results stand alone have nothing to end.
    fn finish(&mut self, _columns: &Columns, _sink: &mut Sink<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// Ends a list that an error cut off, so that what there is of it is printed and well-formed.
    fn abandon(&mut self, _columns: &Columns, _sink: &mut Sink<'_>) -> Result<(), Error> {
        Ok(())
    }
}
