//! The proxies of the environment.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::Error;

/// Loopback never goes through a proxy, whatever `NO_PROXY` says.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1";

/// The proxy variables, as they were set.
#[derive(Clone, Default)]
pub struct Proxies {
    /// `HTTPS_PROXY`, for https addresses.
    pub https: Option<String>,
    /// `HTTP_PROXY`, for http addresses.
    pub http: Option<String>,
    /// `NO_PROXY`, the hosts that are reached directly.
    pub except: Option<String>,
}

impl std::fmt::Debug for Proxies {
    /// Shows which are set and nothing of them: the address of a proxy may hold a password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Proxies")
            .field("https", &self.https.is_some())
            .field("http", &self.http.is_some())
            .field("except", &self.except)
            .finish()
    }
}

/// How a proxy is made from its address.
type Make = fn(&str) -> reqwest::Result<reqwest::Proxy>;

impl Proxies {
    /// The proxies as the HTTP client takes them.
    ///
    /// # Errors
    /// An address that cannot be parsed: no request may bypass a proxy.
    pub(super) fn build(&self) -> Result<Vec<reqwest::Proxy>, Error> {
        let except = self.exceptions();
        let mut proxies = Vec::new();
        for (variable, address, make) in [
            ("HTTPS_PROXY", &self.https, (|address| reqwest::Proxy::https(address)) as Make),
            ("HTTP_PROXY", &self.http, |address| reqwest::Proxy::http(address)),
        ] {
            let Some(address) = address.as_deref().filter(|address| !address.is_empty()) else {
                continue;
            };
            let proxy =
                make(address).map_err(|_| Error::Setup(format!("the value of {variable} is not a proxy's address")))?;
            proxies.push(proxy.no_proxy(reqwest::NoProxy::from_string(&except)));
        }
        Ok(proxies)
    }

    /// Checks that the proxy which would carry a request to `url` is of a kind that is supported.
    pub(super) fn check(&self, url: &Uri) -> Result<(), Error> {
        let matcher = Matcher::builder()
            .https(self.https.clone().unwrap_or_default())
            .http(self.http.clone().unwrap_or_default())
            .no(self.exceptions())
            .build();
        let proxy = matcher.intercept(url);
        let variable = if url.scheme_str() == Some("https") { "HTTPS_PROXY" } else { "HTTP_PROXY" };
        match proxy.as_ref().and_then(|proxy| proxy.uri().scheme_str()) {
            None | Some("http" | "https") => Ok(()),
            Some(scheme) => {
                Err(Error::Setup(format!("the proxy in {variable} is a {scheme} proxy; only http and https are known")))
            }
        }
    }

    fn exceptions(&self) -> String {
        format!("{NEVER_PROXIED},{}", self.except.as_deref().unwrap_or_default())
    }
}
