//! Applies a fault to an answer.

use std::{future, io};

use axum::body::Body;
use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::chat::status::Status;
use super::endpoint::Endpoint;
use super::fault::{Effect, Plan};
use super::wire::Reply;
use super::{html, oauth};

/// Size of a huge body: large enough to expose a client that reads without a limit.
const HUGE: usize = 2 * 1024 * 1024;

/// Returns the answer that `plan` asks for. `reply` is the real one, if the request was applied.
pub(super) fn apply(plan: &Plan, endpoint: Endpoint, reply: Option<Reply>) -> Reply {
    let fallback = || match (plan.status, &plan.reason) {
        (None, None) => None,
        (status, reason) => Some(refusal(endpoint, status, reason.as_deref())),
    };
    let original = fallback().or(reply).unwrap_or_else(|| Reply::json(200, &json!({})));
    let mut changed = match &plan.effect {
        Effect::Unchanged | Effect::DropBefore | Effect::DropAfter | Effect::Truncate => original,
        Effect::Garbage => Reply { body: b"\x00\xff{not json".to_vec(), ..original },
        Effect::Empty => Reply { body: Vec::new(), ..original },
        Effect::Html => {
            html::page(original.status, "Sign in to the network", "<p>This is not the answer you expected.</p>", "")
        }
        Effect::Huge => {
            let filler = json!({ "filler": "x".repeat(HUGE) });
            Reply { body: filler.to_string().into_bytes(), ..original }
        }
        Effect::Redirect(url) => Reply::redirect(url.clone()),
        Effect::Literal(body) => Reply { body: body.clone().into_bytes(), ..original }
            .with("content-type", "application/json; charset=UTF-8"),
    };
    if let Some(status) = plan.status {
        changed.status = status;
    }
    changed.maybe("retry-after", plan.retry_after.as_ref())
}

/// Returns the endpoint's error for this status or reason.
fn refusal(endpoint: Endpoint, status: Option<u16>, reason: Option<&str>) -> Reply {
    match endpoint {
        Endpoint::Authorize | Endpoint::Consent | Endpoint::Other => {
            let status = status.unwrap_or(400);
            let content = format!("<p>Error {status}: {}</p>", html::escape(reason.unwrap_or("")));
            html::page(status, "That’s an error.", &content, "")
        }
        Endpoint::Token | Endpoint::Revoke | Endpoint::TokenInfo | Endpoint::UserInfo => {
            oauth::fault_reply(endpoint, status, reason)
        }
        _ => match reason {
            Some(reason) => Status::for_reason(reason, status).reply(),
            None => Status::for_code(status.unwrap_or(500)).reply(),
        },
    }
}

/// A body that sends `half` and fails.
pub(super) fn truncated(half: Vec<u8>) -> Body {
    let failure = async {
        // hyper discards what it has not written yet when the body fails. This pause lets it write.
        tokio::task::yield_now().await;
        Err(io::Error::other("truncated by a fault"))
    };
    Body::from_stream(stream::once(future::ready(Ok(half))).chain(stream::once(failure)))
}
