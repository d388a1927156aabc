//! One client for every host, with limits on everything.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Version, header};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use super::deadline::Deadline;
use super::redact::Secrets;
use super::resolver::Resolver;
use super::{Error, Proxies, Request, TrustRoots, trust};
use crate::platform::Clock;
use crate::secret::Secret;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What every request has in common.
#[derive(Debug, Clone)]
pub struct Config {
    /// The limit of one request, from the first byte of the connection to the last of the answer.
    pub timeout: Duration,
    /// The trust roots.
    pub trust: TrustRoots,
    /// The proxies of the environment.
    pub proxies: Proxies,
    /// The clock of this machine.
    pub clock: Clock,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The version of HTTP that it came in.
    pub version: Version,
    /// The headers.
    pub headers: HeaderMap,
    /// As much of the body as was read.
    pub body: Vec<u8>,
    /// Whether that is all of it: not cut off by the connection, the limit or the time.
    pub complete: bool,
}

impl Response {
    /// A header's text; `None` when it is absent or not ASCII.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as a JSON object; `None` when it is anything else, or an error whatever the HTTP status says.
    pub fn object(&self) -> Option<Value> {
        self.json().filter(|json| json.is_object() && json.get("error").is_none())
    }

    /// The body as JSON; `None` when it is anything else.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The client. Cloning it is cheap and shares the connections.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Rc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: Config,
    /// The client, and whether it has trust roots: certificates are read only for the first https request, since an emulator
    /// needs none.
    client: RefCell<Option<(bool, reqwest::Client)>>,
    clock_offset: Cell<Option<time::Duration>>,
}

impl Client {
    /// A client; nothing is opened or read yet.
    pub fn new(config: Config) -> Self {
        Self { shared: Rc::new(Shared { config, client: RefCell::default(), clock_offset: Cell::new(None) }) }
    }

    /// The limit of one request.
    pub fn timeout(&self) -> Duration {
        self.shared.config.timeout
    }

    /// Sends one request once and reads the answer, within the limit of a request and the time that is `left` for it. What
    /// a refusal repeats of the secrets in the request is masked.
    ///
    /// # Errors
    /// Everything that is not an HTTP answer, and redirects, which are never followed.
    pub async fn send(&self, request: &Request, left: Duration) -> Result<Response, Error> {
        // The query is left out: it may have the text of a person.
        let line = format!("{} {}{}", request.method, authority(&request.url), request.url.path());
        log::debug!("{line}");
        let sent = self.send_once(request, left).await;
        let broken = match &sent {
            Ok(response) => {
                log::info!("{line}: {} over {:?}", response.status, response.version);
                !response.complete
            }
            Err(error) => {
                log::info!("{line}: {error}");
                error.may_have_been_sent()
            }
        };
        if broken {
            // A silent HTTP/2 connection would accept further requests and answer none, so a retry opens a new one.
            // Requests in flight keep theirs.
            self.shared.client.take();
        }
        sent
    }

    async fn send_once(&self, request: &Request, left: Duration) -> Result<Response, Error> {
        let host = authority(&request.url);
        let client = self.client_for(&request.url)?;
        let proxy = self.shared.config.proxies.route(&request.url)?;
        let secrets = Secrets::of(request);
        let mut builder = client.request(request.method.clone(), request.url.clone());
        if let Some(token) = &request.bearer {
            builder = builder.header(header::AUTHORIZATION, bearer(token)?);
        }
        if let Some((media_type, body)) = &request.body {
            builder = builder.header(header::CONTENT_TYPE, *media_type).body(body.expose().clone());
        }
        let mut deadline = Deadline::new(left.min(self.shared.config.timeout));
        let mut answer = match deadline.within(builder.send()).await {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => {
                let error = Error::from_reqwest(&error, &host, proxy.as_ref().map(ToString::to_string));
                return Err(match (proxy, &error) {
                    // hyper-util has no error type for this, only its message.
                    (Some(proxy), Error::NotConnected { cause, .. }) if cause == "tunnel error: unsuccessful" => {
                        proxy.refusal(&request.url, false).await
                    }
                    (Some(proxy), Error::NotConnected { cause, .. })
                        if ["authorization required", "user/pass authentication", "credentials not accepted"]
                            .iter()
                            .any(|text| cause.ends_with(text)) =>
                    {
                        proxy.refusal(&request.url, true).await
                    }
                    _ => error,
                });
            }
            None => return Err(Error::Timeout { host }),
        };
        let status = answer.status().as_u16();
        if answer.status().is_redirection() {
            let target = redirect_target(&request.url, answer.headers());
            return Err(Error::Redirect { host, status, target });
        }
        let version = answer.version();
        let mut headers = answer.headers().clone();
        if let Some(date) = date(&headers, header::DATE) {
            self.shared.clock_offset.set(Some(date - self.shared.config.clock.now()));
        }
        let mut body = Vec::new();
        let complete = loop {
            match deadline.within(answer.chunk()).await {
                Some(Ok(Some(chunk))) if body.len() + chunk.len() <= request.limit => body.extend_from_slice(&chunk),
                Some(Ok(Some(_)) | Err(_)) | None => break false,
                Some(Ok(None)) => break true,
            }
        };
        // An answer of 200 is a result, and results reach the user as they came.
        if status != 200 {
            secrets.redact_headers(&mut headers);
            body = secrets.redact_body(body);
        }
        Ok(Response { status, version, headers, body, complete })
    }

    /// How far the clock of the server that answered last is ahead of this machine's, by its `Date` header; `None` before
    /// any response.
    pub fn clock_offset(&self) -> Option<time::Duration> {
        self.shared.clock_offset.get()
    }

    fn client_for(&self, url: &Url) -> Result<reqwest::Client, Error> {
        let Shared { config, client, .. } = &*self.shared;
        let needs_roots = url.scheme() == "https";
        if let Some((has_roots, client)) = &*client.borrow()
            && (*has_roots || !needs_roots)
        {
            return Ok(client.clone());
        }
        let tls = if needs_roots { config.trust.tls_config() } else { trust::without_roots() }?;
        let new = build(config, tls)?;
        client.replace(Some((needs_roots, new.clone())));
        Ok(new)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that builds the client")]
fn build(config: &Config, tls: rustls::ClientConfig) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("chatauth/", env!("CARGO_PKG_VERSION")))
        // Shorter than a whole request, so that a timeout here proves that nothing was sent.
        .connect_timeout(CONNECT_TIMEOUT.min(config.timeout.mul_f64(0.9)))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .dns_resolver(Arc::new(Resolver))
        .tls_backend_preconfigured(tls)
        // Only the variables that were handed in count; reqwest would read the environment itself.
        .no_proxy();
    if let Some(proxy) = config.proxies.build() {
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| Error::Setup(format!("cannot build the HTTP client: {error}")))
}

fn bearer(token: &Secret<String>) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        .map_err(|_| Error::Setup(String::from("the access token contains invalid characters")))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The time in a header, in any of HTTP's forms.
pub(super) fn date(headers: &HeaderMap, name: HeaderName) -> Option<OffsetDateTime> {
    let value = headers.get(name)?.to_str().ok()?;
    let date = httpdate::parse_http_date(value).ok().map(OffsetDateTime::from);
    // Another day of the week than the date's is no reason to ignore it.
    date.or_else(|| OffsetDateTime::parse(value, &Rfc2822).ok())
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Where a redirect points, as an origin: its path and query may repeat what was sent.
fn redirect_target(from: &Url, headers: &HeaderMap) -> String {
    let location: HeaderName = header::LOCATION;
    headers
        .get(location)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| from.join(value).ok())
        .map_or_else(|| String::from("an unreadable address"), |target| target.origin().ascii_serialization())
}
