//! The errors of the Chat API, with Google's texts and reasons where they are known.

use serde_json::{Value, json};

use crate::emulator::google::PROJECT_NUMBER;
use crate::emulator::quota::{Exceeded, Metric, Quota};
use crate::emulator::wire::Reply;

const SERVICE: &str = "chat.googleapis.com";
/// The realm of Google's `WWW-Authenticate`.
const REALM: &str = "Bearer realm=\"https://accounts.google.com/\"";

/// A `google.rpc.Status` and its headers.
#[derive(Clone, Debug)]
pub(in crate::emulator) struct Status {
    code: u16,
    message: String,
    details: Vec<Value>,
    authenticate: Option<String>,
    retry_after: Option<i64>,
    /// Name of the status, if not the usual one of the code.
    name: Option<&'static str>,
}

impl Status {
    pub(super) fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), authenticate: None, retry_after: None, name: None }
    }

    fn with(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    fn with_info(self, reason: &str, metadata: &Value) -> Self {
        self.with(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": metadata,
        }))
    }

    /// 400 about one field.
    pub(super) fn invalid(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::violations(&[(field.to_owned(), message)])
    }

    /// 400 about several fields at once.
    pub(super) fn violations(violations: &[(String, String)]) -> Self {
        let messages: Vec<&str> = violations.iter().map(|(_, text)| text.as_str()).collect();
        let list: Vec<Value> = violations
            .iter()
            .map(|(field, text)| {
                if field.is_empty() {
                    json!({ "description": text })
                } else {
                    json!({ "field": field, "description": text })
                }
            })
            .collect();
        Self::new(400, messages.join("\n")).with(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": list,
        }))
    }

    /// 400 about a query parameter that the method does not have.
    pub(super) fn unknown_parameter(name: &str) -> Self {
        let text = format!("Cannot bind query parameter. Field '{name}' could not be found in request message.");
        Self::invalid("", format!("Invalid JSON payload received. Unknown name \"{name}\": {text}"))
    }

    /// 401 without a token.
    pub(super) fn credentials_missing(rpc: &str) -> Self {
        let mut status = Self::new(
            401,
            "Request is missing required authentication credential. Expected OAuth 2 access token, \
             login cookie or other valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project.",
        )
        .with_info("CREDENTIALS_MISSING", &method(rpc));
        status.authenticate = Some(REALM.to_owned());
        status
    }

    /// 401 with a token that is expired, revoked or unknown.
    pub(super) fn unauthenticated() -> Self {
        let mut status = Self::new(
            401,
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
             cookie or other valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project.",
        );
        status.authenticate = Some(format!("{REALM}, error=\"invalid_token\""));
        status
    }

    /// 401 with a value that is not an access token.
    pub(super) fn token_type_unsupported(rpc: &str) -> Self {
        Self::unauthenticated().with_info("ACCESS_TOKEN_TYPE_UNSUPPORTED", &method(rpc))
    }

    /// 401 with one of Google's own tokens, which must never be sent here.
    pub(super) fn real_token() -> Self {
        let mut status = Self::unauthenticated();
        status.message = String::from(
            "This is the emulator, and the token looks like a real Google access token (ya29.…). \
             It must not be sent here: check the API endpoint that you set.",
        );
        status
    }

    /// 403 when none of `scopes` was granted.
    pub(super) fn insufficient_scope(rpc: &str, scopes: &[String]) -> Self {
        let mut status = Self::new(403, "Request had insufficient authentication scopes.")
            .with_info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", &method(rpc));
        status.authenticate = Some(format!("{REALM}, error=\"insufficient_scope\", scope=\"{}\"", scopes.join(" ")));
        status
    }

    /// 403 when the API is disabled for the project.
    pub(super) fn service_disabled() -> Self {
        let url = format!("https://console.developers.google.com/apis/api/{SERVICE}/overview?project={PROJECT_NUMBER}");
        let message = format!(
            "Google Chat API has not been used in project {PROJECT_NUMBER} before or it is \
             disabled. Enable it by visiting {url} then retry. If you enabled this API recently, \
             wait a few minutes for the action to propagate to our systems and retry."
        );
        Self::new(403, message.clone())
            .with_info(
                "SERVICE_DISABLED",
                &json!({
                    "service": SERVICE,
                    "consumer": format!("projects/{PROJECT_NUMBER}"),
                    "activationUrl": url,
                    "serviceTitle": "Google Chat API",
                    "containerInfo": PROJECT_NUMBER,
                }),
            )
            .with(localized(&message))
            .with(help("Google developers console API activation", &url))
    }

    /// 404 when no Chat app is configured.
    pub(super) fn app_not_found() -> Self {
        let url = format!("https://console.cloud.google.com/apis/api/{SERVICE}/hangouts-chat?project={PROJECT_NUMBER}");
        Self::new(
            404,
            "Google Chat app not found. To create a Chat app, you must turn on the Chat API and \
             configure the app in the Google Cloud console.",
        )
        .with(help(
            "To turn on the Google Chat API, go to the Google Chat API page in the Google Cloud \
             console and click Enable.",
            &url,
        ))
    }

    /// 400 for an API key, of which the emulator has none.
    pub(super) fn api_key_invalid() -> Self {
        let message = "API key not valid. Please pass a valid API key.";
        Self::new(400, message).with_info("API_KEY_INVALID", &json!({ "service": SERVICE })).with(localized(message))
    }

    /// 400 `FAILED_PRECONDITION`.
    pub(super) fn precondition(message: &str) -> Self {
        Self { name: Some("FAILED_PRECONDITION"), ..Self::new(400, message) }
    }

    /// 429 for a limit of the project, such as `Space` `Writes`.
    fn project_quota(resource: &str, access: &str, number: usize) -> Self {
        let title = format!("{resource} {}", access.to_lowercase());
        let metric = title.to_lowercase().replace(' ', "_");
        Self::new(
            429,
            format!(
                "Quota exceeded for quota metric '{title}' and limit '{title} per minute' of service \
                 '{SERVICE}' for consumer 'project_number:{PROJECT_NUMBER}'."
            ),
        )
        .with_info(
            "RATE_LIMIT_EXCEEDED",
            &json!({
                "service": SERVICE,
                "consumer": format!("projects/{PROJECT_NUMBER}"),
                "quota_metric": format!("{SERVICE}/{metric}"),
                "quota_limit": format!("{resource}{access}PerMinutePerProject"),
                "quota_limit_value": number.to_string(),
                "quota_location": "global",
            }),
        )
        .with(help("Request a higher quota limit.", "https://cloud.google.com/docs/quota#requesting_higher_quota"))
    }

    /// 429 for a reached limit. Only project limits have an `ErrorInfo`.
    pub(super) fn over_quota(quota: &Quota, exceeded: &Exceeded) -> Self {
        let number = exceeded.limit.number;
        let mut status = match exceeded.metric {
            Metric::SpaceWrites if !quota.bare => Self::project_quota("Space", "Writes", number),
            Metric::SpaceReads if !quota.bare => Self::project_quota("Space", "Reads", number),
            Metric::MembershipWrites if !quota.bare => Self::project_quota("Membership", "Writes", number),
            Metric::MembershipReads if !quota.bare => Self::project_quota("Membership", "Reads", number),
            _ => Self::new(429, "Resource has been exhausted (e.g. check quota)."),
        };
        // Rounded up, so that a retry is not too early.
        let wait = exceeded.wait;
        let seconds = (wait.whole_seconds() + i64::from(wait.subsec_nanoseconds() > 0)).max(1);
        if quota.info {
            status = status.with(json!({
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": format!("{seconds}s"),
            }));
        }
        status.retry_after = quota.header.then_some(seconds);
        status
    }

    /// Returns Google's usual error for a status code.
    pub(in crate::emulator) fn for_code(code: u16) -> Self {
        match code {
            401 => Self::unauthenticated(),
            429 => Self::project_quota("Space", "Writes", 60),
            _ => Self::new(code, usual(code).1),
        }
    }

    /// Returns Google's error for a reason, with its usual status code or another.
    pub(in crate::emulator) fn for_reason(reason: &str, code: Option<u16>) -> Self {
        let mut status = match reason {
            "SERVICE_DISABLED" => Self::service_disabled(),
            "RATE_LIMIT_EXCEEDED" => Self::project_quota("Space", "Writes", 60),
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => Self::insufficient_scope("Unknown", &[]),
            "CREDENTIALS_MISSING" => Self::credentials_missing("Unknown"),
            "ACCESS_TOKEN_TYPE_UNSUPPORTED" => Self::token_type_unsupported("Unknown"),
            "ACCESS_TOKEN_EXPIRED" | "ACCOUNT_STATE_INVALID" => {
                Self::unauthenticated().with_info(reason, &json!({ "service": SERVICE }))
            }
            "API_KEY_INVALID" => Self::api_key_invalid(),
            "APP_NOT_FOUND" => Self::app_not_found(),
            "RESOURCE_QUOTA_EXCEEDED" => Self::new(429, "Resource has been exhausted (e.g. check quota).")
                .with_info(reason, &json!({ "service": SERVICE })),
            other => Self::for_code(code.unwrap_or(403)).with_info(other, &json!({ "service": SERVICE })),
        };
        if let Some(code) = code {
            status.code = code;
        }
        status
    }

    pub(in crate::emulator) fn reply(&self) -> Reply {
        let mut error =
            json!({ "code": self.code, "message": self.message, "status": self.name.unwrap_or(usual(self.code).0) });
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        let reply = Reply::json(self.code, &json!({ "error": error }));
        reply
            .maybe("www-authenticate", self.authenticate.as_ref())
            .maybe("retry-after", self.retry_after.map(|seconds| seconds.to_string()))
    }
}

/// Returns the usual name and message of a status code.
fn usual(code: u16) -> (&'static str, &'static str) {
    let internal = "Internal error encountered.";
    match code {
        400 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
        401 => ("UNAUTHENTICATED", internal),
        403 => ("PERMISSION_DENIED", "The caller does not have permission"),
        404 => ("NOT_FOUND", "Requested entity was not found."),
        409 => ("ALREADY_EXISTS", "Requested entity already exists"),
        412 => ("FAILED_PRECONDITION", internal),
        429 => ("RESOURCE_EXHAUSTED", internal),
        499 => ("CANCELLED", internal),
        501 => ("UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled."),
        503 => ("UNAVAILABLE", "The service is currently unavailable."),
        504 => ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        500..=599 => ("INTERNAL", internal),
        _ => ("UNKNOWN", internal),
    }
}

/// Fails with a 400 about one field.
pub(super) fn refuse<T>(field: &str, message: &str) -> Result<T, Status> {
    Err(Status::invalid(field, message))
}

/// Fails with a 400 about one field if `condition` is true.
pub(super) fn refuse_if(condition: bool, field: &str, message: &str) -> Result<(), Status> {
    if condition { refuse(field, message) } else { Ok(()) }
}

/// Fails with a 403 unless `condition` is true.
pub(super) fn permit(condition: bool) -> Result<(), Status> {
    if condition { Ok(()) } else { Err(Status::for_code(403)) }
}

fn method(rpc: &str) -> Value {
    json!({ "service": SERVICE, "method": format!("google.chat.v1.ChatService.{rpc}") })
}

fn help(description: &str, url: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [{ "description": description, "url": url }],
    })
}

fn localized(message: &str) -> Value {
    json!({ "@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message })
}
