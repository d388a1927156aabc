//! The HTTP client that yup-oauth2 wants, with the proxies, trust roots and time-outs of every other request.

use std::sync::Arc;

use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::{Client, Error as LegacyError};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioExecutor;

use super::capped::Capped;
use super::client::{self, Config, NEVER_PROXIED};
use super::{Error, trust};

/// A connection that is made directly.
pub type Direct = HttpsConnector<HttpConnector>;
/// A connection that a proxy makes on request (`CONNECT`); the proxy itself may speak TLS.
pub type Tunnelled = HttpsConnector<Tunnel<Direct>>;

/// A client of hyper's, by the way that leads to the host.
#[derive(Debug)]
pub enum HyperClient {
    /// Without a proxy.
    Direct(Box<Client<Capped<Direct>, String>>),
    /// Through a proxy.
    Tunnelled(Box<Client<Capped<Tunnelled>, String>>),
}

impl HyperClient {
    /// A client for `url`, which decides about proxy and trust roots.
    pub(super) fn new(config: &Config, url: &Uri) -> Result<Self, Error> {
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
        let direct = Direct::from((http, Arc::clone(&tls)));
        let builder = Client::builder(TokioExecutor::new());
        let Some(proxy) = proxy else { return Ok(Self::Direct(Box::new(builder.build(Capped(direct))))) };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), direct);
        if let Some(authorization) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        Ok(Self::Tunnelled(Box::new(builder.build(Capped(Tunnelled::from((tunnel, tls)))))))
    }
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
