//! Details and tables for people.

use serde_json::Value;

use super::table::table;
use crate::output::details::Details;
use crate::output::error::Error;
use crate::output::relative_time::relative;
use crate::output::renderer::{Columns, Item, Kind, ListRenderer, Renderer, Row, RowResult, Traits};
use crate::output::sink::Sink;
use crate::platform::sanitise::sanitise;

/// The format `human`.
pub(super) struct Human;

impl Renderer for Human {
    fn traits(&self) -> Traits {
        Traits { kind: Kind::Human, is_streamed: false, is_for_lists_only: false }
    }

    fn item(&self, _item: &Item<'_>, details: &Details, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.text(&details.render(sink.bold, sink.screen))
    }

    fn document(&self, json: &Value, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.json(json, true)
    }

    fn row(&self, row: &RowResult<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.text(&format!("{}\n", sanitise(row.summary)))
    }

    fn list(&self) -> Box<dyn ListRenderer> {
        Box::new(Table::default())
    }
}

/// The rows of a list, kept until the width of every column is known.
#[derive(Default)]
struct Table(Vec<Vec<String>>);

impl ListRenderer for Table {
    fn push(&mut self, _item: &Item<'_>, row: Row, _columns: &Columns, _sink: &mut Sink<'_>) -> Result<(), Error> {
        self.0.push(row);
        Ok(())
    }

    fn finish(&mut self, columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        if let Some(screen) = sink.screen {
            for index in (0..columns.headings.len()).filter(|index| columns.times.contains(&columns.headings[*index])) {
                for cell in self.0.iter_mut().filter_map(|row| row.get_mut(index)) {
                    if let Some(text) = relative(cell, screen.now) {
                        *cell = text;
                    }
                }
            }
        }
        let width = sink.screen.map(|screen| screen.columns);
        sink.text(&table(columns.headings, &self.0, columns.optional, sink.bold, width))
    }

    fn abandon(&mut self, columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error> {
        self.finish(columns, sink)
    }
}
