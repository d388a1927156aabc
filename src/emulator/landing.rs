//! The page at `/`: what was made so far.

use std::fmt::Write as _;

use serde_json::Value;

use super::html::{escape, page};
use super::state::State;
use super::wire::{Call, Reply};

pub(super) fn show(state: &mut State, _call: &Call) -> Reply {
    let mut rows = String::new();
    for space in &state.spaces {
        let field = |name: &str| escape(space.body.get(name).and_then(Value::as_str).unwrap_or(""));
        let _ = writeln!(
            rows,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            field("displayName"),
            field("name"),
            field("spaceType"),
        );
    }
    let content = if rows.is_empty() {
        String::from("<p>No spaces yet.</p>")
    } else {
        format!("<table>\n<tr><th>Name</th><th>Resource</th><th>Type</th></tr>\n{rows}</table>")
    };
    page(200, "Spaces", &content, "")
}
