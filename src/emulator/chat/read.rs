//! `spaces.get` and `spaces.list`, and what all lists share.

use serde_json::{Map, Value, json};

use super::access::{self, Caller, Method, parameter};
use super::filter::{Condition, Filter};
use super::space::{Space, customer};
use super::spaces::Spaces;
use super::status::{Status, permit};
use crate::emulator::quota::Metric;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

/// Default and largest number of items on a page.
pub(super) const PAGES: (usize, i64) = (100, 1000);
const PAGE_TOKEN: &str = "emulator-page-";

static GET: Method = Method::new("GetSpace", &["chat.spaces.readonly", "chat.spaces"])
    .admin(&["chat.admin.spaces.readonly", "chat.admin.spaces"])
    .counted(&[Metric::SpaceReads, Metric::ReadsPerSpace]);

static LIST: Method = Method::new("ListSpaces", &["chat.spaces.readonly", "chat.spaces"])
    .query(&["filter", "pageSize", "pageToken"])
    .counted(&[Metric::SpaceReads]);

pub(in crate::emulator) fn get(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &GET)?;
    Ok(find_space(&mut state.spaces, call, &caller)?.body.clone())
}

pub(in crate::emulator) fn list(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &LIST)?;
    let filter = match parameter(call, "filter") {
        None => None,
        Some(text) => Some(space_filter(text).ok_or_else(|| Status::for_code(400))?),
    };
    let spaces: Vec<Value> = state
        .spaces
        .iter()
        .filter(|space| space.is_listed() && space.has_member(&caller.user.sub))
        .filter(|space| filter.as_ref().is_none_or(|filter| filter.matches(&|it| compares(it, space.field(it.field)))))
        .map(Space::in_list)
        .collect();
    page(call, "spaces", spaces, PAGES)
}

/// Parses `spaceType = "…" OR spaceType = "…"`.
fn space_filter(text: &str) -> Option<Filter> {
    let types = ["SPACE", "GROUP_CHAT", "DIRECT_MESSAGE"];
    let filter = Filter::parse(text, &["spaceType"]).filter(|filter| !matches!(filter, Filter::All(_)))?;
    is_plain(text, &filter, |condition| types.contains(&condition.value.as_str())).then_some(filter)
}

/// Whether the filter of a list has no parentheses, only `=` and `!=`, and good values.
pub(super) fn is_plain(text: &str, filter: &Filter, good: impl Fn(&Condition) -> bool) -> bool {
    let comparable = |condition: &&Condition| matches!(condition.operator, "=" | "!=") && good(condition);
    !text.contains(['(', '\\']) && filter.conditions().iter().all(comparable)
}

/// Whether `value` is what the condition asks for.
pub(super) fn compares(condition: &Condition, value: &str) -> bool {
    (condition.value == value) == (condition.operator == "=")
}

/// Returns the space in the path if the caller may see it. Administrators see all spaces of their organization.
pub(super) fn find_space<'a>(spaces: &'a mut Spaces, call: &Call, caller: &Caller) -> Result<&'a mut Space, Status> {
    let segment = call.segment(2);
    let custom = (call.method == http::Method::POST).then(|| segment.strip_suffix(":completeImport")).flatten();
    let name = format!("spaces/{}", custom.unwrap_or(&segment));
    let space = spaces.get_mut(&name).ok_or_else(|| Status::for_code(404))?;
    permit(if caller.admin { administers(caller, space) } else { space.is_visible_to(&caller.user) })?;
    Ok(space)
}

/// Whether the space belongs to the caller's organization.
pub(super) fn administers(caller: &Caller, space: &Space) -> bool {
    caller.user.hosted_domain.as_deref().is_some_and(|domain| space.field("customer") == customer(domain))
}

/// Returns one page of `items`. Empty fields are left out, as in all JSON of protocol buffers.
pub(super) fn page(call: &Call, key: &str, items: Vec<Value>, sizes: (usize, i64)) -> Result<Value, Status> {
    let size = match parameter(call, "pageSize") {
        None => sizes.0,
        Some(text) => page_size(text, sizes)?,
    };
    let start = match parameter(call, "pageToken") {
        None => 0,
        Some(token) => token
            .strip_prefix(PAGE_TOKEN)
            .and_then(|offset| offset.parse::<usize>().ok())
            .filter(|offset| *offset <= items.len())
            .ok_or_else(|| Status::for_code(400))?,
    };
    let total = items.len();
    let items: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    let end = start + items.len();
    let mut body = Map::new();
    if !items.is_empty() {
        body.insert(key.to_owned(), Value::Array(items));
    }
    if end < total {
        body.insert(String::from("nextPageToken"), json!(format!("{PAGE_TOKEN}{end}")));
    }
    Ok(Value::Object(body))
}

fn page_size(text: &str, (usual, largest): (usize, i64)) -> Result<usize, Status> {
    let size: i64 = text
        .parse()
        .map_err(|_| Status::invalid("page_size", format!("Invalid value at 'page_size' (TYPE_INT32), \"{text}\"")))?;
    match usize::try_from(size.min(largest)) {
        Ok(0) => Ok(usual),
        Ok(size) => Ok(size),
        Err(_) => Err(Status::for_code(400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_of_a_list_is_a_choice_of_types() {
        assert!(space_filter(r#"space_type = "SPACE" OR spaceType = "GROUP_CHAT""#).is_some());
        for text in [
            r#"spaceType : "SPACE""#,
            r#"(spaceType = "SPACE")"#,
            r#"spaceType = "ROOM""#,
            r#"spaceType = "SPACE" AND spaceType = "GROUP_CHAT""#,
        ] {
            assert_eq!(space_filter(text), None, "{text}");
        }
    }
}
