//! An error answer of the Chat API, or of whatever stands between it and us.
//!
//! The first line is the HTTP status and the `WWW-Authenticate` header, the rest is the body.
#![no_main]

use chatauth::chat::Status;
use chatauth::chat::fuzzing::{error, status};
use chatauth::commands::fuzzing::{REQUEST_ID, api_failure};
use chatauth::commands::{Failure, Outcome};
use chatauth_fuzz::{check_failure, check_shown};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// Google's envelope for what was understood.
fn envelope(status: &Status) -> Value {
    let mut details = Vec::new();
    if status.reason.is_some() || status.link.is_some() {
        let mut info = json!({ "@type": "type.googleapis.com/google.rpc.ErrorInfo" });
        if let Some(reason) = &status.reason {
            info["reason"] = Value::from(reason.as_str());
        }
        // A link of `Help` would be added to the message once more.
        if let Some(link) = &status.link {
            info["metadata"] = json!({ "activationUrl": link });
        }
        details.push(info);
    }
    if let Some(seconds) = status.retry_seconds {
        details
            .push(json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s") }));
    }
    let mut error = json!({ "code": status.http_status, "details": details });
    for (name, text) in [("status", &status.status), ("message", &status.message)] {
        if let Some(text) = text {
            error[name] = Value::from(text.as_str());
        }
    }
    json!({ "error": error })
}

fn understood(http_status: u16, challenge: Option<&str>, body: &[u8]) -> Status {
    let read = status(http_status, challenge, body);
    assert_eq!(read.http_status, http_status);
    assert!(read.link.as_ref().is_none_or(|link| link.starts_with("https://")));
    assert!(read.accepted_scopes.iter().all(|scope| !scope.is_empty() && !scope.contains([' ', '"', '\t', '\n'])));

    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let envelope_of = if document.is_array() { &document[0] } else { &document };
    let text = |name: &str| envelope_of["error"][name].as_str().map(str::to_owned);
    assert_eq!(read.status, text("status"));
    let details = envelope_of["error"]["details"].as_array().into_iter().flatten();
    let mut kinds = details.filter_map(|detail| detail["@type"].as_str()).filter_map(|name| name.rsplit('.').next());
    // These add to what the message says.
    if !kinds.any(|kind| ["BadRequest", "LocalizedMessage", "Help"].contains(&kind)) {
        let message = text("message").map(|text| text.trim().to_owned());
        assert_eq!(read.message, message.filter(|text| !text.is_empty()));
    }

    // The same, said in Google's own way, alone or in a list.
    let scopes =
        (!read.accepted_scopes.is_empty()).then(|| format!("Bearer scope=\"{}\"", read.accepted_scopes.join(" ")));
    let again = envelope(&read);
    assert_eq!(status(http_status, scopes.as_deref(), again.to_string().as_bytes()), read);
    assert_eq!(status(http_status, scopes.as_deref(), json!([again]).to_string().as_bytes()), read);
    read
}

/// What the table of exit codes says of an HTTP status.
fn exit_code(http_status: u16, read: &Status, failure: &Failure) -> bool {
    let code = failure.code.exit_code();
    match http_status {
        401 => code == 4,
        403 => [4, 5, 6].contains(&code),
        408 | 429 | 499.. => code == 6,
        // The API says with other statuses, too, that it failed.
        _ => match read.status.as_deref() {
            Some("CANCELLED" | "DEADLINE_EXCEEDED" | "INTERNAL" | "UNAVAILABLE" | "DATA_LOSS" | "ABORTED") => {
                code == 5 || code == 6
            }
            _ => code == 5,
        },
    }
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let Ok(first) = std::str::from_utf8(&bytes[..end]) else { return };
    let body = bytes.get(end + 1..).unwrap_or_default();
    let (number, challenge) = first.split_once(' ').unwrap_or((first, ""));
    let http_status = number.parse().ok().filter(|status| (300..=599).contains(status)).unwrap_or(403);
    let read = understood(http_status, (!challenge.is_empty()).then_some(challenge), body);

    for unknown in [false, true] {
        let error = error(read.clone(), unknown);
        let told = error.to_string();
        check_shown(&told);
        // A page of a proxy is not quoted.
        if serde_json::from_slice::<Value>(body).is_err() {
            assert_eq!(told, format!("the server sent no error message ({http_status})"));
        }
        for write in [false, true] {
            let failure = api_failure(&error, write);
            check_failure(&failure);
            assert!(exit_code(http_status, &read, &failure), "{failure:?}");
            assert_eq!(failure.http_status, Some(http_status));
            // The page of a proxy proves nothing, but that there were too many requests.
            let is_page = http_status != 429 && read.status.is_none() && read.message.is_none();
            let outcome = if unknown || is_page { Outcome::Unknown } else { Outcome::NotApplied };
            assert_eq!(failure.outcome, write.then_some(outcome));
            if failure.outcome == Some(Outcome::Unknown) {
                // A request is never lost: its id and how to repeat it are told.
                assert!(failure.message.contains(REQUEST_ID) && failure.hint.is_some());
            }
        }
    }
});
