//! Which path leads where, and the connections themselves.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Extract};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::StatusCode;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::control::Recorded;
use super::fault::{Endpoint, Plan, Shape};
use super::state::{Shared, State};
use super::wire::{Call, Reply};
use super::{chat, html, landing, oauth, spoil};

/// A request body may be this large; Google's limits are far above what a space needs.
const BODY_LIMIT: usize = 1024 * 1024;

type Handler = fn(&mut State, &Call) -> Reply;

/// In a response's extensions: close the connection instead of sending it.
#[derive(Clone)]
pub(super) struct HangUp;

/// In a request's extensions: the connection that it came on.
#[derive(Clone, Copy)]
struct Connection(u64);

pub(super) fn router(shared: Shared) -> Router {
    use Endpoint as To;
    let get = |to, handler| at(MethodFilter::GET, to, handler);
    let post = |to, handler| at(MethodFilter::POST, to, handler);
    let any = |to, handler| at(MethodFilter::GET.or(MethodFilter::POST), to, handler);
    Router::new()
        .route("/", get(To::Other, landing::show))
        .route("/o/oauth2/auth", get(To::Authorize, oauth::authorize))
        .route("/o/oauth2/v2/auth", get(To::Authorize, oauth::authorize))
        .route(oauth::CONSENT_PATH, post(To::Consent, oauth::consent))
        .route("/token", post(To::Token, oauth::token))
        .route("/o/oauth2/token", post(To::Token, oauth::token))
        .route("/oauth2/v3/token", post(To::Token, oauth::token))
        .route("/oauth2/v4/token", post(To::Token, oauth::token))
        .route("/revoke", post(To::Revoke, oauth::revoke))
        .route("/o/oauth2/revoke", any(To::Revoke, oauth::revoke))
        .route("/tokeninfo", any(To::TokenInfo, oauth::token_info))
        .route("/v1/userinfo", any(To::UserInfo, oauth::user_info))
        .route("/oauth2/v2/userinfo", any(To::UserInfo, oauth::user_info))
        .route("/oauth2/v3/userinfo", any(To::UserInfo, oauth::user_info))
        .route("/device/code", post(To::Other, oauth::device_code))
        .route("/.well-known/openid-configuration", get(To::Other, oauth::discovery))
        .route("/oauth2/v1/certs", get(To::Other, oauth::certificates))
        .route("/oauth2/v3/certs", get(To::Other, oauth::certificates))
        .route("/v1/spaces", get(To::List, chat::list).merge(post(To::Create, chat::create)))
        .route("/v1/spaces:setup", post(To::Setup, chat::setup))
        .route("/v1/spaces:search", get(To::Search, chat::search))
        .route("/v1/spaces:findDirectMessage", get(To::FindDirectMessage, chat::find_direct_message))
        .route("/v1/spaces:findGroupChats", get(To::FindGroupChats, chat::find_group_chats))
        .route(
            "/v1/spaces/{space}",
            get(To::Get, chat::get)
                .merge(post(To::CompleteImport, chat::complete_import))
                .merge(at(MethodFilter::PATCH, To::Update, chat::patch))
                .merge(at(MethodFilter::DELETE, To::Delete, chat::delete)),
        )
        .route(
            "/v1/spaces/{space}/members",
            get(To::Members, chat::list_members).merge(post(To::AddMember, chat::create_member)),
        )
        .route(
            "/v1/spaces/{space}/members/{member}",
            get(To::Members, chat::get_member)
                .merge(at(MethodFilter::PATCH, To::UpdateMember, chat::update_member))
                .merge(at(MethodFilter::DELETE, To::RemoveMember, chat::delete_member)),
        )
        .fallback(lost)
        .method_not_allowed_fallback(wrong_method)
        .with_state(shared)
}

fn at(filter: MethodFilter, endpoint: Endpoint, handler: Handler) -> MethodRouter<Shared> {
    on(filter, move |Extract(shared): Extract<Shared>, request: Request| answer(shared, endpoint, handler, request))
}

async fn lost(Extract(shared): Extract<Shared>, request: Request) -> Response {
    answer(shared, Endpoint::Other, |_, call| html::not_found(&call.path), request).await
}

async fn wrong_method(Extract(shared): Extract<Shared>, request: Request) -> Response {
    let handler = |_: &mut State, call: &Call| html::method_not_allowed(call.method.as_str());
    answer(shared, Endpoint::Other, handler, request).await
}

/// Records the request, lets it do its work unless a fault forbids it, and
/// spoils the answer when a fault says so.
async fn answer(shared: Shared, endpoint: Endpoint, handler: Handler, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let connection = parts.extensions.get().copied().unwrap_or(Connection(0));
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return finish(Reply::html(413, String::from("Request Entity Too Large")));
    };
    let call = Call {
        path: parts.uri.path().to_owned(),
        query: form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes()).into_owned().collect(),
        method: parts.method,
        headers: parts.headers,
        body,
        now: shared.clock.now(),
    };
    if !names_this_machine(call.header("host")) {
        // A web page can point a name of its own at 127.0.0.1 and would then be
        // one origin with the consent page.
        return finish(html::not_found(&call.path));
    }
    let plan = {
        let mut state = shared.lock();
        state.record(recorded(&call, endpoint, connection));
        state.fault(endpoint)
    };
    let Some(plan) = plan else {
        let reply = handler(&mut shared.lock(), &call);
        return finish(reply);
    };
    if plan.delay > Duration::ZERO {
        tokio::time::sleep(plan.delay).await;
    }
    let reply = plan.applies().then(|| handler(&mut shared.lock(), &call));
    respond(&plan, endpoint, reply)
}

fn respond(plan: &Plan, endpoint: Endpoint, reply: Option<Reply>) -> Response {
    match plan.shape {
        Shape::DropBefore | Shape::DropAfter => {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(HangUp);
            response
        }
        Shape::Truncate => {
            let reply = spoil::spoil(plan, endpoint, reply);
            let (head, body) = (Reply { body: Vec::new(), ..reply }, reply.body);
            let mut response = finish(head);
            *response.body_mut() = Body::new(spoil::Cut::new(&body));
            response
        }
        _ => finish(spoil::spoil(plan, endpoint, reply)),
    }
}

/// Turns our answer into axum's.
fn finish(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn names_this_machine(host: Option<&str>) -> bool {
    let Some(host) = host else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    name == "127.0.0.1" || name == "[::1]" || name.eq_ignore_ascii_case("localhost")
}

fn recorded(call: &Call, endpoint: Endpoint, connection: Connection) -> Recorded {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Recorded {
        endpoint,
        method: call.method.to_string(),
        path: call.path.clone(),
        query: call.query.clone(),
        headers: call.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect(),
        body: text(&call.body),
        at: call.now,
        connection: connection.0,
    }
}

/// Binds to 127.0.0.1 and nothing else.
pub(super) async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Accepts until it is dropped; the connections end with it.
pub(super) async fn run(listener: TcpListener, shared: Shared) {
    let router = router(shared.clone());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: some will come back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // An answer is one small write: waiting for more to send helps nobody.
        let _ = stream.set_nodelay(true);
        let number = {
            let mut state = shared.lock();
            state.connections += 1;
            state.connections
        };
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Connection(number));
            let answer = router.call(request);
            async move {
                let response = answer.await.unwrap_or_else(|never: Infallible| match never {});
                // hyper closes the connection without a byte when the service fails.
                match response.extensions().get::<HangUp>() {
                    Some(HangUp) => Err(io::Error::other("the fault asks for it")),
                    None => Ok(response),
                }
            }
        });
        connections.spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            // A connection that breaks is the client's affair.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
