//! JSON Lines: one object a line.

use serde_json::Value;

use crate::output::details::Details;
use crate::output::error::Error;
use crate::output::renderer::{Columns, Item, Kind, ListRenderer, Renderer, Row, RowResult, Traits};
use crate::output::sink::Sink;

/// The format `jsonl`.
pub(super) struct Jsonl;

impl Renderer for Jsonl {
    fn traits(&self) -> Traits {
        Traits { kind: Kind::Json, is_streamed: true, is_for_lists_only: false }
    }

    fn item(&self, item: &Item<'_>, _details: &Details, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.json(item.json, false)
    }

    fn document(&self, json: &Value, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.json(json, false)
    }

    fn row(&self, row: &RowResult<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.json(row.json, false)
    }

    fn list(&self) -> Box<dyn ListRenderer> {
        Box::new(Self)
    }
}

impl ListRenderer for Jsonl {
    fn push(&mut self, item: &Item<'_>, _row: Row, _columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error> {
        sink.json(item.json, false)
    }
}
