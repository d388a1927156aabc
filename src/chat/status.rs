//! Google's error envelope ([AIP-193](https://google.aip.dev/193)), read as far as it can be.

use serde_json::Value;

/// Google's message if the details say more.
const GENERIC: &str = "Request contains an invalid argument.";

/// Google's messages for a project without a configured Chat app. They are matched because there is no reason code.
const APP_NOT_CONFIGURED: [&str; 3] =
    ["Google Chat app not found", "No bot associated with this project", "Invalid project number"];

/// A parsed error response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The HTTP status.
    pub http_status: u16,
    /// The canonical code, as in `PERMISSION_DENIED`.
    pub status: Option<String>,
    /// The message, with what the details say about fields and help.
    pub message: Option<String>,
    /// The machine-readable cause (`ErrorInfo.reason`, or the older `errors[].reason`).
    pub reason: Option<String>,
    /// The link to a fix (`Help.links[].url`, `ErrorInfo.metadata.activationUrl`).
    pub link: Option<String>,
    /// The scopes that would be accepted, from the `WWW-Authenticate` header.
    pub accepted_scopes: Vec<String>,
    /// The wait that `RetryInfo` requests, in whole seconds.
    pub retry_seconds: Option<u64>,
}

impl Status {
    /// Parses an error response; every body yields a status.
    pub(super) fn read(http_status: u16, www_authenticate: Option<&str>, body: &[u8]) -> Self {
        let document: Value = serde_json::from_slice(body).unwrap_or_default();
        // Some front ends wrap the envelope in a list.
        let envelope = document.get(0).unwrap_or(&document);
        let error = envelope.get("error").unwrap_or(&Value::Null);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let details: Vec<&Value> = error.get("details").and_then(Value::as_array).into_iter().flatten().collect();
        let detail = |kind: &str| {
            details.iter().copied().find(|detail| {
                detail.get("@type").and_then(Value::as_str).is_some_and(|name| name.ends_with(&format!(".{kind}")))
            })
        };
        let info = detail("ErrorInfo");
        let legacy = error.get("errors").and_then(|errors| errors.get(0));
        let activation = info.and_then(|info| text(info.get("metadata")?, "activationUrl"));
        let help = detail("Help").and_then(|help| text(help.get("links")?.get(0)?, "url"));
        let is_link = |link: &String| link.starts_with("https://");
        let delay = detail("RetryInfo").and_then(|retry| text(retry, "retryDelay"));
        Self {
            http_status,
            status: text(error, "status"),
            message: explained(
                text(error, "message"),
                detail("LocalizedMessage").and_then(|localized| text(localized, "message")),
                detail("BadRequest").map(violations).unwrap_or_default(),
                help.clone().filter(|link| activation.is_none() && is_link(link)),
            ),
            reason: info.and_then(|info| text(info, "reason")).or_else(|| text(legacy?, "reason")),
            link: activation.or(help).filter(is_link),
            accepted_scopes: accepted_scopes(www_authenticate.unwrap_or_default()),
            retry_seconds: delay.and_then(|delay| seconds(&delay)),
        }
    }

    /// Whether a 404 says that the project of the OAuth client has no Chat app.
    pub(super) fn says_app_not_configured(&self) -> bool {
        self.message.as_ref().is_some_and(|message| APP_NOT_CONFIGURED.iter().any(|text| message.contains(text)))
    }

    /// Whether the API failed by its canonical code, which leaves open what became of the request. Google sends a
    /// `DEADLINE_EXCEEDED` as 400, too.
    pub(super) fn is_server_failure(&self) -> bool {
        let codes = ["CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];
        self.status.as_deref().is_some_and(|status| codes.contains(&status))
    }

    /// Whether the response is an error of the API, not the page of a proxy.
    pub const fn is_of_api(&self) -> bool {
        self.status.is_some() || self.message.is_some()
    }

    /// Whether a 409 says that another request for the same thing was in flight.
    pub(super) fn is_aborted(&self) -> bool {
        self.status.as_deref() == Some("ABORTED")
    }

    /// Whether this is a rate limit, regardless of its HTTP status.
    pub(super) fn is_rate_limit(&self) -> bool {
        self.http_status == 429
            || (self.http_status == 403
                && matches!(
                    self.reason.as_deref(),
                    Some("rateLimitExceeded" | "userRateLimitExceeded" | "RATE_LIMIT_EXCEEDED")
                ))
    }
}

/// The violations of a `google.rpc.BadRequest`, as "field: description".
fn violations(detail: &Value) -> Vec<String> {
    let text = |violation: &Value, name: &str| violation.get(name).and_then(Value::as_str).map(str::to_owned);
    let violations = detail.get("fieldViolations").and_then(Value::as_array).into_iter().flatten();
    violations
        .filter_map(|violation| {
            let localized = violation.get("localizedMessage").and_then(|message| text(message, "message"));
            let description = localized.or_else(|| text(violation, "description"))?;
            Some(match text(violation, "field").filter(|field| !field.is_empty()) {
                Some(field) => format!("{field}: {description}"),
                None => description,
            })
        })
        .collect()
}

/// Joins the parts of an error message without repetitions.
fn explained(
    message: Option<String>,
    localized: Option<String>,
    violations: Vec<String>,
    help: Option<String>,
) -> Option<String> {
    let message = message.filter(|text| text != GENERIC || (localized.is_none() && violations.is_empty()));
    let mut whole = String::new();
    for part in message.into_iter().chain(localized).chain(violations).map(|part| part.trim().to_owned()) {
        // Google often repeats a description, without its field.
        let new = part.split_once(": ").map_or(part.as_str(), |(_, description)| description);
        if new.is_empty() || whole.contains(new) {
            continue;
        }
        whole += if whole.is_empty() {
            ""
        } else if whole.ends_with('.') {
            " "
        } else {
            "; "
        };
        whole += &part;
    }
    if let Some(link) = help.filter(|link| !whole.contains(link.as_str())) {
        whole += &match whole.chars().next_back() {
            None => format!("see {link}"),
            Some('.') => format!(" See {link}"),
            Some(_) => format!("; see {link}"),
        };
    }
    Some(whole).filter(|whole| !whole.is_empty())
}

/// Parses `30s` or `1.5s`, rounded up.
fn seconds(delay: &str) -> Option<u64> {
    let (whole, fraction) = delay.strip_suffix('s')?.split_once('.').unwrap_or((delay.strip_suffix('s')?, ""));
    let whole: u64 = whole.parse().ok()?;
    Some(whole.saturating_add(u64::from(fraction.bytes().any(|byte| byte != b'0'))))
}

/// Returns the `scope` parameter of a bearer challenge ([RFC 6750 section
/// 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).
fn accepted_scopes(challenge: &str) -> Vec<String> {
    challenge
        .split_once("scope=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(scopes, _)| scopes.split_ascii_whitespace().map(str::to_owned).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_in_the_envelope_is_found() {
        let body = json!({"error":{"code":403,"message":"Google Chat API has not been used","status":"PERMISSION_DENIED","details":[
            {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"activationUrl":"https://console.developers.google.com/x"}},
            {"@type":"type.googleapis.com/google.rpc.Help","links":[{"url":"https://other"}]},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}});
        let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", scope=\"a b\"";
        let status = Status::read(403, Some(challenge), body.to_string().as_bytes());
        assert_eq!(status.status.as_deref(), Some("PERMISSION_DENIED"));
        assert_eq!(status.reason.as_deref(), Some("SERVICE_DISABLED"));
        assert_eq!(status.link.as_deref(), Some("https://console.developers.google.com/x"));
        assert_eq!(status.accepted_scopes, ["a", "b"]);
        assert_eq!(status.retry_seconds, Some(2));
    }

    #[test]
    fn what_the_details_say_about_fields_is_part_of_the_message() {
        let message = |message: &str, details: Value| {
            let body =
                json!({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": details}});
            Status::read(400, None, body.to_string().as_bytes()).message.unwrap()
        };
        let bad = |violations: Value| json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations});
        let name = json!({"field": "displayName", "description": "must not be empty"});
        let type_ = json!({"field": "spaceType", "description": "x", "localizedMessage": {"message": "is unknown"}});
        assert_eq!(message(GENERIC, json!([bad(json!([name]))])), "displayName: must not be empty");
        assert_eq!(
            message("Bad.", json!([bad(json!([name, type_]))])),
            "Bad. displayName: must not be empty; spaceType: is unknown"
        );
        assert_eq!(message(GENERIC, json!([bad(json!([{"field": "x"}, 7]))])), GENERIC);
        let repeated = "Unknown name \"displayName\": must not be empty";
        assert_eq!(message(repeated, json!([bad(json!([name]))])), repeated);
        let localized = json!({"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "message": "Zu lang"});
        assert_eq!(message(GENERIC, json!([localized])), "Zu lang");
        assert_eq!(message("Too long", json!([localized])), "Too long; Zu lang");
        let help = |url: &str| json!({"@type": "type.googleapis.com/google.rpc.Help", "links": [{"url": url}]});
        assert_eq!(message("No.", json!([help("https://x.test/a")])), "No. See https://x.test/a");
        assert_eq!(message("See https://x.test/a now", json!([help("https://x.test/a")])), "See https://x.test/a now");
        assert_eq!(message("No.", json!([help("javascript:x")])), "No.");
    }

    #[test]
    fn the_older_form_and_rate_limits_as_403_are_understood() {
        let body = json!({"error":{"errors":[{"reason":"rateLimitExceeded"}],"message":"x"}}).to_string();
        let status = Status::read(403, None, body.as_bytes());
        assert_eq!(status.reason.as_deref(), Some("rateLimitExceeded"));
        assert!(status.is_rate_limit());
        let wrapped = format!("[{body}]");
        assert_eq!(Status::read(403, None, wrapped.as_bytes()), status);
    }

    #[test]
    fn delays_are_rounded_up() {
        for (text, expected) in
            [("30s", Some(30)), ("0.2s", Some(1)), ("2.000s", Some(2)), ("s", None), ("-1s", None), ("3", None)]
        {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn odd_bodies_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), header in "\\PC{0,60}") {
            prop_assert_eq!(Status::read(500, Some(&header), &bytes).http_status, 500);
        }

        #[test]
        fn odd_envelopes_never_panic(value in "[\\[\\]{}\",:a-z0-9]{0,60}") {
            let body = format!("{{\"error\":{{\"details\":{value},\"errors\":[{value}],\"message\":7}}}}");
            let _ = Status::read(400, None, body.as_bytes());
        }
    }
}
