//! `spaces.search`.

use serde_json::{Value, json};

use super::access::{self, Caller, Method, parameter};
use super::create::check_app;
use super::query::Query;
use super::read::{PAGES, administers, page};
use super::space::Space;
use super::status::{Status, refuse};
use crate::emulator::state::State;
use crate::emulator::wire::Call;

static SEARCH: Method = Method::new("SearchSpaces", &["chat.spaces.readonly", "chat.spaces"])
    .admin(&["chat.admin.spaces.readonly", "chat.admin.spaces"])
    .query(&["query", "orderBy", "pageSize", "pageToken"]);

pub(in crate::emulator) fn search(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &SEARCH)?;
    let Some(text) = parameter(call, "query") else {
        return refuse("query", "A query is required.");
    };
    let Some(query) = Query::parse(text, caller.admin) else {
        return refuse("query", "The query is malformed, or asks for something that cannot be searched for.");
    };
    let order = parameter(call, "orderBy").map(|text| order(text, caller.admin)).transpose()?;
    if caller.admin {
        // Unlike reads of one's own spaces, this needs a Chat app.
        check_app(state)?;
    }
    let mut found: Vec<&Space> =
        state.spaces.iter().filter(|space| is_findable(&caller, space) && query.finds(space)).collect();
    if let Some((key, descending)) = order {
        found.sort_by_key(|space| key(space));
        if descending {
            found.reverse();
        }
    }
    let spaces: Vec<Value> = found.into_iter().map(Space::in_list).collect();
    if caller.admin { for_administrators(call, spaces) } else { for_anybody(call, &query, spaces) }
}

/// Whether the caller can find the space.
fn is_findable(caller: &Caller, space: &Space) -> bool {
    if caller.admin { administers(caller, space) } else { space.has_member(&caller.user.sub) }
}

fn for_administrators(call: &Call, spaces: Vec<Value>) -> Result<Value, Status> {
    let total = spaces.len();
    let mut body = page(call, "spaces", spaces, PAGES)?;
    if let Some(spaces) = body.get("spaces").and_then(Value::as_array) {
        let results: Vec<Value> = spaces.iter().map(|space| json!({ "space": space })).collect();
        body["results"] = Value::Array(results);
    }
    if total > 0 {
        body["totalSize"] = json!(total);
    }
    Ok(body)
}

/// Returns the only page.
fn for_anybody(call: &Call, query: &Query, spaces: Vec<Value>) -> Result<Value, Status> {
    if parameter(call, "pageToken").is_some() {
        return Err(Status::for_code(400));
    }
    if !query.asks_for_a_name() {
        return Ok(json!({}));
    }
    let results = spaces.into_iter().map(|space| json!({ "space": space })).collect();
    let mut body = page(call, "results", results, (100, 100))?;
    if let Value::Object(fields) = &mut body {
        fields.shift_remove("nextPageToken");
    }
    Ok(body)
}

type Key = fn(&Space) -> (u64, String);

/// Parses `orderBy` into a sort key and whether the order is descending.
fn order(text: &str, admin: bool) -> Result<(Key, bool), Status> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let refused = || Status::invalid("order_by", format!("The results cannot be ordered by \"{text}\"."));
    let (name, descending) = match words.as_slice() {
        [name] if admin => (*name, false),
        [name, "ASC"] if admin => (*name, false),
        [name, "DESC"] => (*name, true),
        _ => return Err(refused()),
    };
    let people: Key = |space| {
        let count = space.body.pointer("/membershipCount/joinedDirectHumanUserCount");
        (count.and_then(Value::as_u64).unwrap_or(0), String::new())
    };
    let key: Key = match name {
        "membership_count.joined_direct_human_user_count" if admin => people,
        "last_active_time" if admin => |space| (0, space.field("lastActiveTime").to_owned()),
        "create_time" => |space| (0, space.field("createTime").to_owned()),
        // It is not known how Google ranks spaces, so they keep their order.
        "relevance" if !admin => return Ok((|_| (0, String::new()), false)),
        _ => return Err(refused()),
    };
    Ok((key, descending))
}
