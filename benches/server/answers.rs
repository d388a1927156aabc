//! What is answered: the least that a client needs, and a refusal to whoever did not ask rightly.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use serde_json::{Value, json};
use uuid::Uuid;

/// The refresh token that every client has.
const REFRESH_TOKEN: &str = "bench-refresh-token";

/// The access token that every client has cached, and the one that a refresh gives.
const ACCESS_TOKENS: [&str; 2] = ["Bearer bench-cached-token", "Bearer bench-fresh-token"];

/// Which of the two hosts was asked.
#[derive(Clone, Copy)]
pub(crate) enum Host {
    /// The Chat API's.
    Chat,
    /// The token endpoint's.
    Token,
}

/// Answers one request.
pub(crate) async fn answer(host: Host, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return refusal(StatusCode::BAD_REQUEST),
    };
    match (host, &head.method, head.uri.path()) {
        (Host::Token, &Method::POST, "/token") => token(&body),
        (Host::Chat, &Method::POST, "/v1/spaces") => {
            let bearer = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            if ACCESS_TOKENS.contains(&bearer) { space(&body) } else { refusal(StatusCode::UNAUTHORIZED) }
        }
        _ => refusal(StatusCode::NOT_FOUND),
    }
}

fn token(body: &[u8]) -> Response<Full<Bytes>> {
    let has = |name: &str, value: &str| form_urlencoded::parse(body).any(|(key, found)| key == name && found == value);
    if !has("grant_type", "refresh_token") || !has("refresh_token", REFRESH_TOKEN) {
        return refusal(StatusCode::BAD_REQUEST);
    }
    respond(
        StatusCode::OK,
        &json!({
            "access_token": "bench-fresh-token",
            "expires_in": 3599,
            "scope": "https://www.googleapis.com/auth/chat.spaces.create openid \
                      https://www.googleapis.com/auth/userinfo.email",
            "token_type": "Bearer",
        }),
    )
}

fn space(body: &[u8]) -> Response<Full<Bytes>> {
    let Some(name) = serde_json::from_slice(body).ok().and_then(|body: Value| body.get("displayName").cloned()) else {
        return refusal(StatusCode::BAD_REQUEST);
    };
    let id = Uuid::new_v4().simple().to_string();
    respond(
        StatusCode::OK,
        &json!({
            "name": format!("spaces/{}", &id[..11]),
            "type": "ROOM",
            "displayName": name,
            "spaceThreadingState": "THREADED_MESSAGES",
            "spaceType": "SPACE",
            "spaceHistoryState": "HISTORY_ON",
            "createTime": "2026-01-05T08:30:00.000000Z",
            "lastActiveTime": "2026-01-05T08:30:00.000000Z",
            "membershipCount": {"joinedDirectHumanUserCount": 1},
            "accessSettings": {"accessState": "PRIVATE"},
            "spaceUri": format!("https://chat.google.com/room/{}?cls=11", &id[..11]),
        }),
    )
}

fn refusal(status: StatusCode) -> Response<Full<Bytes>> {
    respond(status, &json!({"error": {"code": status.as_u16(), "message": "refused", "status": "REFUSED"}}))
}

fn respond(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    response
}
