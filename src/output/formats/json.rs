//! One JSON document; a list is one array.

use serde_json::Value;

use crate::output::details::Details;
use crate::output::error::Error;
use crate::output::json::safe_json;
use crate::output::renderer::{Columns, Item, Kind, ListRenderer, Renderer, Row, RowResult, Traits};
use crate::output::sink::Sink;

/// The format `json`.
pub(super) struct Json;

impl Renderer for Json {
    fn traits(&self) -> Traits {
        Traits { kind: Kind::Json, is_streamed: false, is_for_lists_only: false }
    }

    fn item(&self, item: &Item<'_>, _details: &Details, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.json(item.json, true)
    }

    fn document(&self, json: &Value, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.json(json, true)
    }

    /// A run can take hours, so its results are lines and not an array that ends with it.
    fn row(&self, row: &RowResult<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.json(row.json, false)
    }

    fn list(&self) -> Box<dyn ListRenderer> {
        Box::new(Array::default())
    }
}

/// An array that is written as its elements come, or collected if a filter needs all of it.
#[derive(Default)]
struct Array {
    is_open: bool,
    collected: Vec<Value>,
}

impl ListRenderer for Array {
    fn push(&mut self, item: &Item<'_>, _row: Row, _columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error> {
        if sink.filter.is_some() {
            self.collected.push(item.json.clone());
            return Ok(());
        }
        let start = if self.is_open { ",\n  " } else { "[\n  " };
        self.is_open = true;
        sink.text(&(start.to_owned() + &safe_json(item.json, true).replace('\n', "\n  ")))
    }

    fn finish(&mut self, columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error> {
        if sink.filter.is_some() {
            sink.json(&Value::Array(std::mem::take(&mut self.collected)), true)
        } else if self.is_open {
            self.abandon(columns, sink)
        } else {
            sink.text("[]\n")
        }
    }

    /// A filter over a part of a list would print wrong results, so what it needs of a list stays unprinted.
    fn abandon(&mut self, _columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error> {
        if std::mem::take(&mut self.is_open) { sink.text("\n]\n") } else { Ok(()) }
    }
}
