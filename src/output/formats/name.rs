//! Bare resource names, one a line.

use serde_json::Value;

use crate::output::details::Details;
use crate::output::error::Error;
use crate::output::renderer::{Columns, Item, Kind, ListRenderer, Renderer, Row, RowResult, Traits};
use crate::output::sink::Sink;
use crate::platform::sanitise::sanitise;

/// The format `name`.
pub(super) struct Name;

impl Renderer for Name {
    fn traits(&self) -> Traits {
        Traits { kind: Kind::Text, is_streamed: true, is_for_lists_only: false }
    }

    fn item(&self, item: &Item<'_>, _details: &Details, sink: &mut Sink<'_>) -> Result<(), Error> {
        line(item.name, sink)
    }

    fn document(&self, json: &Value, sink: &mut Sink<'_>) -> Result<(), Error> {
        names(json).into_iter().try_for_each(|name| line(name, sink))
    }

    fn row(&self, row: &RowResult<'_>, sink: &mut Sink<'_>) -> Result<(), Error> {
        line(row.name, sink)
    }

    fn list(&self) -> Box<dyn ListRenderer> {
        Box::new(Self)
    }
}

impl ListRenderer for Name {
    fn push(&mut self, item: &Item<'_>, _row: Row, _columns: &Columns, sink: &mut Sink<'_>) -> Result<(), Error> {
        line(item.name, sink)
    }
}

/// Prints a name; nothing for what has none, since an empty line would be read as a name.
fn line(name: &str, sink: &mut Sink<'_>) -> Result<(), Error> {
    if name.is_empty() {
        return Ok(());
    }
    sink.text(&format!("{}\n", sanitise(name)))
}

/// Returns the name of a resource, or those of the resources in a page.
fn names(json: &Value) -> Vec<&str> {
    let name = |value: &'_ Value| value.get("name").and_then(Value::as_str).is_some();
    if name(json) {
        return json["name"].as_str().into_iter().collect();
    }
    let lists = json.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array());
    lists.flatten().filter_map(|value| value.get("name")?.as_str()).collect()
}
