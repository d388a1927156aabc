//! The page at `/`: the spaces made so far.

use std::fmt::Write as _;

use serde_json::Value;
use time::OffsetDateTime;

use super::chat::space::Space;
use super::html::{escape, page};
use super::state::State;
use super::wire::{Call, Reply};

pub(super) fn show(state: &mut State, _call: &Call) -> Reply {
    let number = state.spaces.iter().len();
    // The newest is what people look for.
    let list: String = state.spaces.iter().rev().map(|space| entry(state, space)).collect();
    let content = if number == 0 {
        String::from("<p>No spaces yet. They appear here as they are made; reload the page to see them.</p>")
    } else {
        let plural = if number == 1 { "space" } else { "spaces" };
        format!("<p>{number} {plural} so far, the newest first.</p>\n{list}")
    };
    page(200, "Spaces", &content, "")
}

fn entry(state: &State, space: &Space) -> String {
    let field = |name: &str| space.body.get(name).and_then(Value::as_str).unwrap_or("");
    let kind = match field("spaceType") {
        "SPACE" => "Named space",
        "GROUP_CHAT" => "Group chat",
        "DIRECT_MESSAGE" => "Direct message",
        other => other,
    };
    let importing = space.body.get("importMode") == Some(&Value::Bool(true));
    let title = match field("displayName") {
        "" => kind,
        name => name,
    };
    let mut members = String::new();
    for member in &space.members {
        let _ = writeln!(members, "<li>{}</li>", describe(state, member));
    }
    let members = if members.is_empty() { String::from("nobody") } else { format!("<ul>\n{members}</ul>") };
    format!(
        "<section>\n<h2>{}</h2>\n<dl>\n\
         <dt>Resource</dt><dd><code>{}</code></dd>\n\
         <dt>Type</dt><dd>{kind}{} <small>{}</small></dd>\n\
         <dt>Made by</dt><dd>{}</dd>\n\
         <dt>Made at</dt><dd>{}</dd>\n\
         <dt>Members</dt><dd>{members}</dd>\n</dl>\n</section>\n",
        escape(title),
        escape(field("name")),
        if importing { ", in import mode" } else { "" },
        escape(field("spaceType")),
        escape(&space.creator.email),
        moment(space.created_at),
    )
}

/// To the second, as people write it.
fn moment(at: OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{date} {:02}:{:02}:{:02} UTC", time.hour(), time.minute(), time.second())
}

/// Whom a membership is for, what they are, and whether they have come.
fn describe(state: &State, member: &Value) -> String {
    let text = |pointer: &str| member.pointer(pointer).and_then(Value::as_str);
    let name = text("/member/name").or(text("/groupMember/name")).unwrap_or("");
    let known = name.strip_prefix("users/").and_then(|id| state.user(id));
    let role = match text("/role") {
        Some("ROLE_MANAGER") => ", owner",
        Some("ROLE_ASSISTANT_MANAGER") => ", manager",
        _ => "",
    };
    let invited = if text("/state") == Some("INVITED") { ", invited" } else { "" };
    let name = known.map_or(name, |user| user.email.as_str());
    format!("{}<small>{role}{invited}</small>", escape(name))
}
