//! The page at `/`: the spaces and the requests so far.

use std::fmt::Write as _;

use serde_json::Value;
use time::OffsetDateTime;

use super::chat::space::Space;
use super::html::{escape, page};
use super::state::State;
use super::wire::{Call, Reply};

/// Most requests on the page.
const MAX_REQUESTS: usize = 50;
/// The paths that a browser requests for this page.
const OWN: [&str; 2] = ["/", "/favicon.ico"];

/// Shows the spaces and the requests, the newest first. The browser loads the page again every few seconds.
pub(super) fn show(state: &mut State, _call: &Call) -> Reply {
    let number = state.spaces.iter().len();
    let plural = if number == 1 { "space" } else { "spaces" };
    let spaces: String = state.spaces.iter().rev().map(section).collect();
    let origin = escape(&state.origin);
    let content = format!(
        "<p>This is the chatauth emulator, a local stand-in for Google. Nothing here reaches Google. \
         This page refreshes every 5 seconds.</p>\n\
         <h2>{number} {plural}</h2>\n{spaces}\
         <h2>Requests</h2>\n{}\
         <h2>Other clients</h2>\n<p>Use the client file that the emulator prints, and this API endpoint:</p>\n\
         <dl>\n<dt>API endpoint</dt><dd><code>{origin}</code></dd>\n\
         <dt>auth_uri</dt><dd><code>{origin}/o/oauth2/auth</code></dd>\n\
         <dt>token_uri</dt><dd><code>{origin}/token</code></dd>\n\
         <dt>Python</dt><dd><code>build(\"chat\", \"v1\", client_options={{\"api_endpoint\": \"{origin}\"}}, …)</code></dd>\n\
         <dd><code>ChatServiceClient(transport=\"rest\", client_options={{\"api_endpoint\": \"{origin}\"}}, …)</code></dd>\n\
         <dt>Node.js</dt><dd><code>google.chat({{version: \"v1\", rootUrl: \"{origin}/\", …}})</code></dd>\n</dl>\n",
        requests(state)
    );
    page(200, "chatauth emulator", &content, "").with("refresh", "5")
}

/// Lists the latest requests, the newest first, without those of a browser for this page.
fn requests(state: &State) -> String {
    let mut rows = String::new();
    for request in state.requests.iter().rev().filter(|request| !OWN.contains(&&*request.path)).take(MAX_REQUESTS) {
        let status = request.status.map_or_else(|| String::from("no answer"), |status| status.to_string());
        let (method, path) = (escape(&request.method), escape(&request.path));
        let _ = writeln!(rows, "<li><code>{method} {path}</code> <small>{status}</small></li>");
    }
    if rows.is_empty() { String::from("<p>No requests yet.</p>\n") } else { format!("<ul>\n{rows}</ul>\n") }
}

fn section(space: &Space) -> String {
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
        let _ = writeln!(members, "<li>{}</li>", describe(member));
    }
    let members = if members.is_empty() { String::from("nobody") } else { format!("<ul>\n{members}</ul>") };
    format!(
        "<section>\n<h3>{}</h3>\n<dl>\n\
         <dt>Resource</dt><dd><code>{}</code></dd>\n\
         <dt>Type</dt><dd>{kind}{} <small>{}</small></dd>\n\
         <dt>Created by</dt><dd>{}</dd>\n\
         <dt>Created at</dt><dd>{}</dd>\n\
         <dt>Members</dt><dd>{members}</dd>\n</dl>\n</section>\n",
        escape(title),
        escape(field("name")),
        if importing { ", in import mode" } else { "" },
        escape(field("spaceType")),
        escape(&space.creator.email),
        timestamp(space.created_at),
    )
}

/// Formats a time to the second.
fn timestamp(at: OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{date} {:02}:{:02}:{:02} UTC", time.hour(), time.minute(), time.second())
}

/// Returns the member, their role, and whether they are only invited.
fn describe(member: &Value) -> String {
    let text = |pointer: &str| member.pointer(pointer).and_then(Value::as_str);
    let name = text("/member/name").or(text("/groupMember/name")).unwrap_or("");
    let role = match text("/role") {
        Some("ROLE_MANAGER") => ", owner",
        Some("ROLE_ASSISTANT_MANAGER") => ", manager",
        _ => "",
    };
    let invited = if text("/state") == Some("INVITED") { ", invited" } else { "" };
    let name = text("/member/email").unwrap_or(name);
    format!("{}<small>{role}{invited}</small>", escape(name))
}
