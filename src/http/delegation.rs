//! The HTTP client that yup-oauth2 wants, with the proxies, trust roots and time-outs of every other request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::TryFutureExt;
use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Client, Error as LegacyError};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tower_service::Service;

use super::capped::Capped;
use super::client::{self, Config, NEVER_PROXIED};
use super::{Error, trust};

/// A client of hyper's.
pub type HyperClient = Client<Connector, String>;

/// Makes its connections.
pub type Connector = Capped<HttpsConnector<Way>>;

/// The way to a host. One type for both, so that there is one client.
#[derive(Debug, Clone)]
pub enum Way {
    /// Without a proxy.
    Direct(HttpConnector),
    /// Through a proxy that is asked for the connection (`CONNECT`); the proxy itself may speak TLS.
    Tunnelled(Box<Tunnel<HttpsConnector<HttpConnector>>>),
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Way {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Direct(way) => way.poll_ready(context).map_err(Into::into),
            Self::Tunnelled(way) => way.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self {
            Self::Direct(way) => Box::pin(way.call(uri).map_ok(MaybeHttpsStream::Http).err_into()),
            Self::Tunnelled(way) => Box::pin(way.call(uri).err_into()),
        }
    }
}

/// A client for `url`, which decides about proxy and trust roots.
pub(super) fn client(config: &Config, url: &Uri) -> Result<HyperClient, Error> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_connect_timeout(Some(client::connect_timeout(config)));
    client::proxies(config)?;
    let proxy = proxy_for(config, url)?;
    let uses_tls = url.scheme_str() == Some("https")
        || proxy.as_ref().is_some_and(|proxy| proxy.uri().scheme_str() == Some("https"));
    let mut tls = if uses_tls { config.trust.tls_config()? } else { trust::without_roots()? };
    // hyper's client is built for HTTP/1.1 alone: one small request needs no more.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let tls = Arc::new(tls);
    let way = match proxy {
        None => Way::Direct(http),
        Some(proxy) => {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), HttpsConnector::from((http, Arc::clone(&tls))));
            if let Some(authorization) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(authorization.clone());
            }
            Way::Tunnelled(Box::new(tunnel))
        }
    };
    Ok(Client::builder(TokioExecutor::new()).build(Capped(HttpsConnector::from((way, tls)))))
}

/// The proxy that `url` is reached through; an error when it is of a kind that is not spoken here.
pub(super) fn proxy_for(config: &Config, url: &Uri) -> Result<Option<Intercept>, Error> {
    let proxies = &config.proxies;
    let matcher = Matcher::builder()
        .https(proxies.https.clone().unwrap_or_default())
        .http(proxies.http.clone().unwrap_or_default())
        .no(format!("{NEVER_PROXIED},{}", proxies.except.as_deref().unwrap_or_default()))
        .build();
    let proxy = matcher.intercept(url);
    let variable = if url.scheme_str() == Some("https") { "HTTPS_PROXY" } else { "HTTP_PROXY" };
    match proxy.as_ref().and_then(|proxy| proxy.uri().scheme_str()) {
        None | Some("http" | "https") => Ok(proxy),
        Some(scheme) => {
            Err(Error::Setup(format!("the proxy in {variable} is a {scheme} proxy; only http and https are known")))
        }
    }
}

impl Error {
    /// Sorts what hyper reports. `host` is the authority of the request.
    pub fn from_hyper(error: &LegacyError, host: &str) -> Self {
        Self::from_chain(error, error.is_connect(), false, host)
    }
}
