//! `spaces.get` and `spaces.list`, and the pages of every list.

use serde_json::{Map, Value, json};

use super::access::{self, Method, parameter};
use super::filter::Filter;
use super::space::Space;
use super::{Status, answer};
use crate::emulator::options::User;
use crate::emulator::state::State;
use crate::emulator::wire::{Call, Reply};

const PAGE: usize = 100;
const LARGEST_PAGE: i64 = 1000;
const PAGE_TOKEN: &str = "emulator-page-";

static GET: Method = Method {
    rpc: "GetSpace",
    scopes: &["chat.spaces.readonly", "chat.spaces"],
    admin_scopes: &["chat.admin.spaces.readonly", "chat.admin.spaces"],
    query: &["useAdminAccess"],
};

static LIST: Method = Method {
    rpc: "ListSpaces",
    scopes: &["chat.spaces.readonly", "chat.spaces"],
    admin_scopes: &[],
    query: &["filter", "pageSize", "pageToken"],
};

pub(in crate::emulator) fn get(state: &mut State, call: &Call) -> Reply {
    let result = access::enter(state, call, &GET)
        .and_then(|live| visible(state, call, &live.user).map(|space| space.body.clone()));
    answer(call, &result)
}

pub(in crate::emulator) fn list(state: &mut State, call: &Call) -> Reply {
    answer(call, &try_list(state, call))
}

fn try_list(state: &mut State, call: &Call) -> Result<Value, Status> {
    let live = access::enter(state, call, &LIST)?;
    let filter = match parameter(call, "filter") {
        None => None,
        Some(text) => Some(space_filter(text).ok_or_else(|| Status::for_code(400))?),
    };
    let spaces: Vec<Value> = state
        .spaces
        .iter()
        // Group chats and direct messages appear with their first message, and
        // nobody writes any here.
        .filter(|space| space.field("spaceType") == "SPACE" && space.has_member(&live.user.sub))
        .filter(|space| filter.as_ref().is_none_or(|filter| filter.passes(|name| space.field(name).to_owned())))
        .map(Space::in_list)
        .collect();
    page(call, "spaces", spaces)
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

/// The space that the path names, when the user may look at it.
pub(super) fn visible<'a>(state: &'a State, call: &Call, user: &User) -> Result<&'a Space, Status> {
    let id = call.path.split('/').nth(3).unwrap_or_default();
    let name = format!("spaces/{id}");
    let space = state.spaces.iter().find(|space| space.name() == name);
    let space = space.ok_or_else(|| Status::for_code(404))?;
    if space.shows_to(user) { Ok(space) } else { Err(Status::for_code(403)) }
}

/// One page of `items`. As in all JSON of protocol buffers, what is empty is left out.
pub(super) fn page(call: &Call, key: &str, items: Vec<Value>) -> Result<Value, Status> {
    let size = match parameter(call, "pageSize") {
        None => PAGE,
        Some(text) => page_size(text)?,
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

fn page_size(text: &str) -> Result<usize, Status> {
    let size: i64 = text
        .parse()
        .map_err(|_| Status::invalid("page_size", format!("Invalid value at 'page_size' (TYPE_INT32), \"{text}\"")))?;
    match usize::try_from(size.min(LARGEST_PAGE)) {
        Ok(0) => Ok(PAGE),
        Ok(size) => Ok(size),
        Err(_) => Err(Status::for_code(400)),
    }
}
