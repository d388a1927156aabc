//! `spaces.get` and `spaces.list`, and the pages of every list.

use serde_json::{Map, Value, json};

use super::access::{self, Caller, Method, parameter};
use super::filter::Filter;
use super::space::{Space, customer};
use super::status::Status;
use crate::emulator::quota::Metered;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

/// How many items a page holds when nothing is said, and at most.
pub(super) const PAGES: (usize, i64) = (100, 1000);
const PAGE_TOKEN: &str = "emulator-page-";

static GET: Method = Method {
    rpc: "GetSpace",
    scopes: &["chat.spaces.readonly", "chat.spaces"],
    admin_scopes: &["chat.admin.spaces.readonly", "chat.admin.spaces"],
    query: &["useAdminAccess"],
    metered: &[Metered::SpaceReads, Metered::ReadsPerSpace],
};

static LIST: Method = Method {
    rpc: "ListSpaces",
    scopes: &["chat.spaces.readonly", "chat.spaces"],
    admin_scopes: &[],
    query: &["filter", "pageSize", "pageToken"],
    metered: &[Metered::SpaceReads],
};

pub(in crate::emulator) fn get(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::enter(state, call, &GET)?;
    Ok(state.spaces[locate(state, call, &caller)?].body.clone())
}

pub(in crate::emulator) fn list(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::enter(state, call, &LIST)?;
    let filter = match parameter(call, "filter") {
        None => None,
        Some(text) => Some(space_filter(text).ok_or_else(|| Status::for_code(400))?),
    };
    let spaces: Vec<Value> = state
        .spaces
        .iter()
        .filter(|space| space.is_listed() && space.has_member(&caller.user.sub))
        .filter(|space| filter.as_ref().is_none_or(|filter| filter.passes(|name| space.field(name).to_owned())))
        .map(Space::in_list)
        .collect();
    page(call, "spaces", spaces, PAGES)
}

fn space_filter(text: &str) -> Option<Filter> {
    let filter = Filter::parse(text, |name| match name {
        "spaceType" | "space_type" => Some("spaceType"),
        _ => None,
    })?;
    let types = ["SPACE", "GROUP_CHAT", "DIRECT_MESSAGE"];
    let good = filter.is_one_choice() && filter.values_are(|_, value| types.contains(&value));
    good.then_some(filter)
}

/// Which space the path names, when the caller may look at it. Administrators
/// see all of their organization.
pub(super) fn locate(state: &State, call: &Call, caller: &Caller) -> Result<usize, Status> {
    let segment = call.segment(2);
    let custom = (call.method == http::Method::POST).then(|| segment.strip_suffix(":completeImport")).flatten();
    let name = format!("spaces/{}", custom.unwrap_or(&segment));
    let index = state.spaces.iter().position(|space| space.name() == name).ok_or_else(|| Status::for_code(404))?;
    let space = &state.spaces[index];
    let seen = if caller.admin { administers(caller, space) } else { space.shows_to(&caller.user) };
    if seen { Ok(index) } else { Err(Status::for_code(403)) }
}

/// Whether the space belongs to the caller's organization.
pub(super) fn administers(caller: &Caller, space: &Space) -> bool {
    caller.user.hosted_domain.as_deref().is_some_and(|domain| space.field("customer") == customer(domain))
}

/// One page of `items`. As in all JSON of protocol buffers, what is empty is left out.
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
