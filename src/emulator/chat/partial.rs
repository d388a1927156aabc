//! Partial answers: the query parameter `fields`.

use serde_json::Value;

/// Returns the parts of `value` that a mask such as `nextPageToken,spaces(name,spaceDetails/description)` names.
pub(super) fn select(value: &Value, mask: &str) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| select(item, mask)).collect(),
        Value::Object(fields) => {
            let chosen = fields.iter().filter_map(|(name, value)| Some((name.clone(), field(name, value, mask)?)));
            Value::Object(chosen.collect())
        }
        _ => value.clone(),
    }
}

fn field(name: &str, value: &Value, mask: &str) -> Option<Value> {
    let mut below = Vec::new();
    for path in paths(mask) {
        let (head, rest) = path.split_at(path.find(['/', '.', '(']).unwrap_or(path.len()));
        if head == name || head == "*" {
            let inner = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            below.push(inner.or_else(|| rest.get(1..)).unwrap_or("*"));
        }
    }
    (!below.is_empty()).then(|| select(value, &below.join(",")))
}

/// Splits a mask at the commas outside parentheses.
fn paths(mask: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    mask.split(move |c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mask_names_parts_of_the_answer() {
        let answer = json!({ "spaces": [{ "name": "a", "d": { "x": 1, "y": 2 } }, { "name": "b" }], "next": "t" });
        let names = json!({ "spaces": [{ "name": "a" }, { "name": "b" }] });
        for (mask, expected) in [
            ("*", answer.clone()),
            ("next,spaces", answer.clone()),
            ("spaces(name,d),next", answer.clone()),
            ("spaces/name", names.clone()),
            ("spaces.name", names.clone()),
            ("spaces(name)", names.clone()),
            ("*/name", json!({ "spaces": [{ "name": "a" }, { "name": "b" }], "next": "t" })),
            ("spaces(d(y)),next", json!({ "spaces": [{ "d": { "y": 2 } }, {}], "next": "t" })),
            ("spaces/d/x,spaces/d/y", json!({ "spaces": [{ "d": { "x": 1, "y": 2 } }, {}] })),
            ("none", json!({})),
            (")(,spaces((name", json!({ "spaces": [{}, {}] })),
        ] {
            assert_eq!(select(&answer, mask), expected, "{mask}");
        }
    }
}
