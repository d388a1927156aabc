//! The rows of `members … --from`: who, in which space. What `members list` writes is such rows.

use clap::ValueEnum;

use crate::bulk::{Column, Kind, RowFault, Values};
use crate::chat::{MemberName, Role, SpaceName, is_same_name};
use crate::commands::arguments::{ROLES, member_name, space_name};
use crate::commands::bulk::row_fault;

/// Why a row of two members is refused.
pub(super) const ONE_MEMBER: &str = "a row has a member or a group";

/// Why a member of another type is refused.
pub(in crate::commands) const ONLY_PEOPLE: &str = "only people and the calling app (users/app) can be added";

/// The columns.
pub(super) fn columns() -> Vec<Column> {
    let ignored = ["state", "member.displayName", "member.email", "affiliation", "createTime"];
    let read = [
        Column::new("membership", Kind::One).or(&["name"]),
        Column::new("space", Kind::One),
        Column::new("member", Kind::One).or(&["user", "member.name"]),
        Column::new("group", Kind::One).or(&["groupMember.name"]),
        Column::new("role", Kind::Choice(ROLES)),
        Column::new("type", Kind::One).or(&["member.type"]),
    ];
    read.into_iter().chain(ignored.map(|name| Column::new(name, Kind::Ignored))).collect()
}

/// The options beside the file.
pub(super) fn options(space: Option<&String>) -> Values {
    let space = space.map(|space| space_name(space).map_or_else(|_| space.clone(), |name| name.to_string()));
    Values::default().with("space", space)
}

/// The space of a row: its own, the one for all rows, or that of its membership.
pub(super) fn space(values: &Values, default: Option<&String>) -> Result<SpaceName, RowFault> {
    let of_membership = values.text("membership").and_then(|name| name.split_once("/members/")).map(|(space, _)| space);
    let space = values.text("space").or(default.map(String::as_str)).or(of_membership);
    let space = space.ok_or_else(|| RowFault::in_column("space", "is missing"))?;
    space_name(space).map_err(|failure| row_fault(Some("space"), failure))
}

/// The membership of a row.
pub(super) fn membership(values: &Values, default: Option<&String>) -> Result<MemberName, RowFault> {
    let space = space(values, default)?;
    let name = |column| {
        let name = values.text(column).map(|text| member_name(&space, text));
        name.transpose().map_err(|failure| row_fault(Some(column), failure))
    };
    let wrong = |column, reason| Err(RowFault::in_column(column, reason));
    match (name("membership")?, name("member")?, values.text("group")) {
        (_, Some(_), Some(_)) => wrong("member", ONE_MEMBER),
        (Some(name), Some(member), None) if is_other(&name, &member) => {
            wrong("member", "is another member than that of the membership")
        }
        (Some(name), ..) | (None, Some(name), None) => Ok(name),
        (None, None, Some(_)) => {
            wrong("group", "needs the name of its membership, which members list --show-groups prints")
        }
        (None, None, None) => wrong("member", "is missing"),
    }
}

/// Whether a membership is not that of a member. An ID and an address may be those of one person, and `app` has an ID.
fn is_other(membership: &MemberName, member: &MemberName) -> bool {
    let (one, other) = (membership.id(), member.id());
    one.contains('@') == other.contains('@') && other != "app" && !is_same_name(one, other)
}

/// The role of a row.
pub(super) fn role(values: &Values) -> Option<Role> {
    let role = values.text("role")?;
    Role::value_variants().iter().copied().find(|known| known.as_wire() == role)
}
