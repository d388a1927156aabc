//! What the fuzz targets call; no other build has it.

use std::convert::Infallible;
use std::fmt;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, Response};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::server::{self, CloseConnection};
use super::state::{Shared, State};
use super::{Control, Options};
use crate::platform::Clock;

/// Longest answer: the two MiB of a fault, and its JSON.
const LONGEST: usize = 4 * 1024 * 1024;

/// An emulator without a socket.
pub struct Bench {
    shared: Shared,
    router: TowerToHyperService<Router>,
}

impl fmt::Debug for Bench {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Bench")
    }
}

/// An answer that was sent.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; `None` when it breaks off.
    pub body: Option<Vec<u8>>,
}

impl Bench {
    /// Its requests are those to `origin`.
    pub fn new(options: Options, origin: &str, clock: Clock) -> Self {
        let shared = Shared::new(State::new(options, origin.to_owned()), clock);
        let router = TowerToHyperService::new(server::router(shared.clone()));
        Self { shared, router }
    }

    /// The back door.
    pub fn control(&self) -> Control {
        Control::new(self.shared.clone())
    }

    /// The id and the secret of the desktop client.
    pub fn client(&self) -> Option<(String, String)> {
        self.shared.lock().clients.first().map(|client| (client.id.clone(), client.secret.clone()))
    }

    /// Answers a request; `None` when the connection closes instead.
    pub async fn call(&self, request: Request<Vec<u8>>) -> Option<Answer> {
        let answered: Result<Response<Body>, Infallible> = self.router.call(request.map(Body::from)).await;
        let response = answered.unwrap_or_else(|never| match never {});
        if response.extensions().get::<CloseConnection>().is_some() {
            return None;
        }
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, LONGEST).await.ok().map(|bytes| bytes.to_vec());
        Some(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }
}
