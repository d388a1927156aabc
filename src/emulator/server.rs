//! The routes, and the connections they are served on.

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
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::chat::status::Status;
use super::endpoint::Endpoint;
use super::fault::{Effect, Plan};
use super::recorded::Recorded;
use super::state::{Shared, State};
use super::wire::{Call, Reply};
use super::{apply_fault, chat, html, index_page, oauth};

/// Largest request body; Google's limits are far above what a space needs.
const BODY_LIMIT: usize = 1024 * 1024;

/// What answers the requests to one endpoint.
#[derive(Clone, Copy)]
enum Handler {
    /// A page or an OAuth endpoint, which writes its own answer.
    Page(fn(&mut State, &Call) -> Reply),
    /// A method of the Chat API.
    Method(fn(&mut State, &Call) -> Result<Value, Status>),
}

impl Handler {
    fn reply(self, shared: &Shared, call: &Call) -> Reply {
        let mut state = shared.lock();
        match self {
            Self::Page(page) => page(&mut state, call),
            Self::Method(method) => chat::answer(call, &method(&mut state, call)),
        }
    }
}

/// Response extension: close the connection instead of sending the response.
#[derive(Clone)]
pub(super) struct CloseConnection;

/// Request extension: the number of the connection that it came on.
#[derive(Clone, Copy)]
struct Connection(u64);

pub(super) fn router(shared: Shared) -> Router {
    use Endpoint as To;
    let get = |to, page| at(MethodFilter::GET, to, Handler::Page(page));
    let post = |to, page| at(MethodFilter::POST, to, Handler::Page(page));
    let any = |to, page| at(MethodFilter::GET.or(MethodFilter::POST), to, Handler::Page(page));
    let api = |filter, to, method| at(filter, to, Handler::Method(method));
    Router::new()
        .route("/", get(To::Other, index_page::show))
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
        .route("/v1/spaces", api(MethodFilter::GET, To::List, chat::list))
        .route("/v1/spaces", api(MethodFilter::POST, To::Create, chat::create))
        .route("/v1/spaces:setup", api(MethodFilter::POST, To::Setup, chat::setup))
        .route("/v1/spaces:search", api(MethodFilter::GET, To::Search, chat::search))
        .route("/v1/spaces:findDirectMessage", api(MethodFilter::GET, To::FindDirectMessage, chat::find_direct_message))
        .route("/v1/spaces:findGroupChats", api(MethodFilter::GET, To::FindGroupChats, chat::find_group_chats))
        .route("/v1/spaces/{space}", api(MethodFilter::GET, To::Get, chat::get))
        .route("/v1/spaces/{space}", post(To::CompleteImport, complete_import))
        .route("/v1/spaces/{space}", api(MethodFilter::PATCH, To::Update, chat::patch))
        .route("/v1/spaces/{space}", api(MethodFilter::DELETE, To::Delete, chat::delete))
        .route("/v1/spaces/{space}/members", api(MethodFilter::GET, To::Members, chat::list_members))
        .route("/v1/spaces/{space}/members", api(MethodFilter::POST, To::AddMember, chat::create_member))
        .route("/v1/spaces/{space}/members/{member}", api(MethodFilter::GET, To::Members, chat::get_member))
        .route("/v1/spaces/{space}/members/{member}", api(MethodFilter::PATCH, To::UpdateMember, chat::update_member))
        .route("/v1/spaces/{space}/members/{member}", api(MethodFilter::DELETE, To::RemoveMember, chat::delete_member))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(shared)
}

fn at(filter: MethodFilter, endpoint: Endpoint, handler: Handler) -> MethodRouter<Shared> {
    on(filter, move |Extract(shared): Extract<Shared>, request: Request| answer(shared, endpoint, handler, request))
}

/// The one custom method on a space.
fn complete_import(state: &mut State, call: &Call) -> Reply {
    if call.segment(2).ends_with(":completeImport") {
        chat::answer(call, &chat::complete_import(state, call))
    } else {
        html::not_found(&call.path)
    }
}

async fn not_found(Extract(shared): Extract<Shared>, request: Request) -> Response {
    answer(shared, Endpoint::Other, Handler::Page(|_, call| html::not_found(&call.path)), request).await
}

async fn method_not_allowed(Extract(shared): Extract<Shared>, request: Request) -> Response {
    let page = |_: &mut State, call: &Call| html::method_not_allowed(call.method.as_str());
    answer(shared, Endpoint::Other, Handler::Page(page), request).await
}

/// Records the request and answers it, with the fault that is due.
async fn answer(shared: Shared, endpoint: Endpoint, handler: Handler, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let connection = parts.extensions.get().copied().unwrap_or(Connection(0));
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return into_response(Reply::html(413, String::from("Request Entity Too Large")));
    };
    let call = Call {
        path: parts.uri.path().to_owned(),
        query: form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes()).into_owned().collect(),
        method: parts.method,
        headers: parts.headers,
        body,
        now: shared.clock.now(),
    };
    if !is_this_machine(call.header("host")) {
        // A web page whose host name resolves to 127.0.0.1 would share an origin with the consent page.
        return into_response(html::not_found(&call.path));
    }
    let (number, plan) = {
        let mut state = shared.lock();
        (state.record(recorded(&call, endpoint, connection)), state.fault(endpoint))
    };
    let plan = plan.unwrap_or_default();
    if plan.delay > Duration::ZERO {
        tokio::time::sleep(plan.delay).await;
    }
    let reply = plan.applies().then(|| handler.reply(&shared, &call));
    let response = respond(&plan, endpoint, reply);
    if response.extensions().get::<CloseConnection>().is_none() {
        shared.lock().record_status(number, response.status().as_u16());
    }
    response
}

fn respond(plan: &Plan, endpoint: Endpoint, reply: Option<Reply>) -> Response {
    match plan.effect {
        Effect::DropBefore | Effect::DropAfter => {
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(CloseConnection);
            response
        }
        Effect::Truncate => {
            let reply = apply_fault::apply(plan, endpoint, reply);
            let (announced, half) = (reply.body.len().max(2), reply.body[..reply.body.len() / 2].to_vec());
            let mut response = into_response(Reply { body: Vec::new(), ..reply });
            response.headers_mut().insert(http::header::CONTENT_LENGTH, announced.into());
            *response.body_mut() = apply_fault::truncated(half);
            response
        }
        _ => into_response(apply_fault::apply(plan, endpoint, reply)),
    }
}

/// Converts a reply to a response.
fn into_response(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn is_this_machine(host: Option<&str>) -> bool {
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
        status: None,
        connection: connection.0,
    }
}

/// Binds to 127.0.0.1 only.
pub(super) async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Accepts connections until it is dropped, which also closes them.
pub(super) async fn run(listener: TcpListener, shared: Shared) {
    let router = router(shared.clone());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            // Most likely out of file descriptors: some are freed soon.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // An answer is one small write, which must not wait for more.
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
                match response.extensions().get::<CloseConnection>() {
                    Some(CloseConnection) => Err(io::Error::other("closed by a fault")),
                    None => Ok(response),
                }
            }
        });
        connections.spawn(async move {
            let http = hyper::server::conn::http1::Builder::new();
            // The client sees a broken connection itself.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
