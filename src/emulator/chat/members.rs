//! `spaces.members.list` and `spaces.members.get`.

use serde_json::Value;

use super::access::{self, Method, boolean, parameter};
use super::filter::Filter;
use super::membership::{joined, seen_by};
use super::read::{PAGES, compares, find_space, is_plain, page};
use super::status::{Status, refuse_if};
use crate::emulator::options::Options;
use crate::emulator::quota::Metric;
use crate::emulator::state::State;
use crate::emulator::wire::Call;

static LIST: Method = Method::new("ListMemberships", &["chat.memberships.readonly", "chat.memberships", "chat.import"])
    .admin(&["chat.admin.memberships.readonly", "chat.admin.memberships"])
    .query(&["filter", "pageSize", "pageToken", "showGroups", "showInvited"])
    .counted(&[Metric::MembershipReads, Metric::ReadsPerSpace]);

static GET: Method = Method::new("GetMembership", &["chat.memberships.readonly", "chat.memberships"])
    .admin(&["chat.admin.memberships.readonly", "chat.admin.memberships"])
    .counted(&[Metric::MembershipReads, Metric::ReadsPerSpace]);

pub(in crate::emulator) fn list_members(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &LIST)?;
    let space = find_space(&mut state.spaces, call, &caller)?;
    caller.check_import(&LIST, space)?;
    let filter = match parameter(call, "filter") {
        None => None,
        Some(text) => Some(member_filter(text).ok_or_else(|| Status::for_code(400))?),
    };
    refuse_if(
        caller.admin && !filter.as_ref().is_some_and(leaves_apps_out),
        "filter",
        "With admin access, member.type = \"HUMAN\" or member.type != \"BOT\" is required.",
    )?;
    let (groups, invited) = (boolean(call, "showGroups")?, boolean(call, "showInvited")?);
    let members = space
        .members
        .iter()
        .filter(|member| groups || member.get("groupMember").is_none())
        .filter(|member| invited || joined(member))
        .filter(|member| {
            filter.as_ref().is_none_or(|filter| filter.matches(&|it| compares(it, field(member, it.field))))
        })
        .map(|member| seen_by(&caller.user, member, &state.options))
        .collect();
    page(call, "memberships", members, PAGES)
}

/// Parses a filter over `role` and `member.type`. One member has one role and one type, so that `AND` joins them only.
fn member_filter(text: &str) -> Option<Filter> {
    let filter = Filter::parse(text, &["role", "member.type"])?;
    let good = is_plain(text, &filter, |condition| {
        let values: &[&str] = match condition.field {
            "role" => &["ROLE_MEMBER", "ROLE_MANAGER", "ROLE_ASSISTANT_MANAGER"],
            _ => &["HUMAN", "BOT"],
        };
        values.contains(&condition.value.as_str())
    });
    (good && filter.joins_different_fields(&[])).then_some(filter)
}

/// A field of a membership by its path, such as `member.type`.
fn field<'a>(member: &'a Value, path: &str) -> &'a str {
    path.split('.').try_fold(member, |value, key| value.get(key)).and_then(Value::as_str).unwrap_or_default()
}

fn leaves_apps_out(filter: &Filter) -> bool {
    filter.requires(&|condition| condition.field == "member.type" && compares(condition, "HUMAN"))
}

pub(in crate::emulator) fn get_member(state: &mut State, call: &Call) -> Result<Value, Status> {
    let caller = access::authorize(state, call, &GET)?;
    let space = find_space(&mut state.spaces, call, &caller)?;
    let member = space.member(&member_id(&state.options, call)).ok_or_else(|| Status::for_code(404))?;
    Ok(seen_by(&caller.user, member, &state.options))
}

/// Returns the id of the membership in the path, which is a user id, an email address or `app`.
pub(super) fn member_id(options: &Options, call: &Call) -> String {
    options.person_id(&call.segment(4))
}
