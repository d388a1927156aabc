//! The loopback redirect ([RFC 8252 section 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)): a listener that
//! accepts nothing but the expected response, is open only while a login waits, and is closed before the code is used.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use url::{Host, Url};

use super::authorization::{self, AuthorizationResponse, CallbackRequest, Expected, LONGEST_HEAD, Notice};
use super::client_secrets::{ClientKind, ClientSecretsError};
use super::{ClientSecrets, Error, callback_pages};

/// The path of the redirect URI of desktop clients.
const PATH: &str = "/oauth2/callback";

/// How long a connection may take to send its request.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// How many connections may be open at once; the oldest are closed for more. Browsers open two or three.
const MOST_CONNECTIONS: usize = 64;

/// What a waiting login learns from the listener.
#[derive(Debug)]
pub(super) enum Event {
    /// The authorization server's answer.
    Response(AuthorizationResponse),
    /// A response that was rejected.
    Notice(Notice),
}

/// A bound listener, and the redirect URI that leads to it.
#[derive(Debug)]
pub(super) struct Loopback {
    listeners: Vec<TcpListener>,
    /// The bound address, for `ssh -L`.
    pub(super) address: SocketAddr,
    /// The redirect URI, the same in both requests.
    pub(super) redirect_uri: String,
    path: String,
    /// The host and port of the redirect URI, as a browser shows them.
    pub(super) host: String,
}

impl Loopback {
    /// Binds the listener that `client` can be sent back to: `127.0.0.1` (or `[::1]` where there is no IPv4) and `port`, or
    /// any free one; for a web client, the address of one of its registered redirect URIs.
    pub(super) async fn bind(client: &ClientSecrets, port: Option<u16>) -> Result<Self, Error> {
        match target(client, port)? {
            None => Self::bind_any(port.unwrap_or(0)).await,
            Some(target) => Self::bind_registered(target).await,
        }
    }

    async fn bind_any(port: u16) -> Result<Self, Error> {
        let unavailable = |source: io::Error| Error::PortUnavailable { port, cause: source.to_string() };
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await
            }
            bound => bound,
        }
        .map_err(unavailable)?;
        let address = listener.local_addr().map_err(unavailable)?;
        // The literal that is bound, never a name that could lead elsewhere (RFC 8252 section 8.3). SocketAddr writes
        // IPv6 addresses in brackets.
        Ok(Self {
            listeners: vec![listener],
            address,
            redirect_uri: format!("http://{address}{PATH}"),
            path: PATH.to_owned(),
            host: address.to_string(),
        })
    }

    async fn bind_registered(target: Registered) -> Result<Self, Error> {
        let mut listeners = Vec::new();
        for address in &target.addresses {
            match TcpListener::bind(SocketAddr::new(*address, target.port)).await {
                Ok(listener) => listeners.push(listener),
                // `localhost` may be either address, but this machine may know only one of them.
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable && target.addresses.len() > 1 => {}
                Err(error) => return Err(Error::PortUnavailable { port: target.port, cause: error.to_string() }),
            }
        }
        let Some(address) = listeners.first().and_then(|listener| listener.local_addr().ok()) else {
            return Err(Error::PortUnavailable { port: target.port, cause: String::from("no loopback address") });
        };
        Ok(Self { listeners, address, redirect_uri: target.uri, path: target.path, host: target.host })
    }

    /// What an answer must match.
    pub(super) fn expected(&self, state: crate::secret::Secret<String>, issuer: String) -> Expected {
        Expected { state, issuer, path: self.path.clone(), host: self.host.clone() }
    }

    /// Starts to accept connections.
    pub(super) fn listen(self, expected: Expected) -> Listening {
        let (sender, events) = mpsc::channel(4);
        let expected = Arc::new(expected);
        let mut tasks = JoinSet::new();
        for listener in self.listeners {
            tasks.spawn(accept(listener, Arc::clone(&expected), sender.clone()));
        }
        Listening { events, tasks }
    }
}

/// A listener at work. Dropping it closes every socket.
#[derive(Debug)]
pub(super) struct Listening {
    events: mpsc::Receiver<Event>,
    tasks: JoinSet<()>,
}

impl Listening {
    /// Waits for the next response to the login, or for one that the user should know of.
    pub(super) async fn event(&mut self) -> Event {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    /// Closes the sockets, for good, before this returns.
    pub(super) async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn accept(listener: TcpListener, expected: Arc<Expected>, events: mpsc::Sender<Event>) {
    let mut connections = JoinSet::new();
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let accepted = listener.accept().await;
        while connections.try_join_next().is_some() {}
        open.retain(|connection| !connection.is_finished());
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, most likely: waiting lets connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if open.len() >= MOST_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        open.push_back(connections.spawn(serve(stream, Arc::clone(&expected), events.clone())));
        // Each connection is read before later ones could push it out.
        tokio::task::yield_now().await;
    }
}

async fn serve(mut stream: TcpStream, expected: Arc<Expected>, events: mpsc::Sender<Event>) {
    let Ok(request) = tokio::time::timeout(READ_LIMIT, read(&mut stream, &expected)).await else { return };
    let (status, page) = match &request {
        CallbackRequest::Response(AuthorizationResponse::Code(_)) => (200, &callback_pages::SUCCESS),
        CallbackRequest::Response(AuthorizationResponse::Refused { .. }) => (200, &callback_pages::REFUSED),
        CallbackRequest::Response(AuthorizationResponse::WrongIssuer(_)) => (400, &callback_pages::FAILED),
        CallbackRequest::Unrelated(status) => (*status, &callback_pages::NOT_FOUND),
        CallbackRequest::Refused(notice) => {
            let _ = events.send(Event::Notice(*notice)).await;
            (404, &callback_pages::NOT_FOUND)
        }
        CallbackRequest::Tls => {
            let _ = events.send(Event::Notice(Notice::HttpsUpgrade)).await;
            return;
        }
        CallbackRequest::Partial => return,
    };
    let _ = tokio::time::timeout(READ_LIMIT, respond(&mut stream, status, &page.html())).await;
    if let CallbackRequest::Response(answer) = request {
        // Only now, because the listener is closed as soon as the answer is known.
        let _ = events.send(Event::Response(answer)).await;
    }
}

/// Reads until there is a decision; `Partial` when the other side stops before that.
async fn read(stream: &mut TcpStream, expected: &Expected) -> CallbackRequest {
    let mut head = Vec::new();
    loop {
        match authorization::classify_request(&head, expected) {
            CallbackRequest::Partial => {}
            decided => return decided,
        }
        let mut buffer = [0; 4096];
        let room = buffer.len().min(LONGEST_HEAD - head.len().min(LONGEST_HEAD));
        match stream.read(&mut buffer[..room]).await {
            Ok(count) if count > 0 => head.extend_from_slice(&buffer[..count]),
            _ => return CallbackRequest::Partial,
        }
    }
}

async fn respond(stream: &mut TcpStream, status: u16, page: &str) -> io::Result<()> {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        405 => "Method Not Allowed",
        414 => "URI Too Long",
        431 => "Request Header Fields Too Large",
        _ => "Not Found",
    };
    let allow = if status == 405 { "Allow: GET\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n{allow}\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'\r\nConnection: close\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(page.as_bytes()).await?;
    stream.shutdown().await
}

impl ClientSecrets {
    /// Checks that a browser can be sent back to this machine.
    ///
    /// # Errors
    /// A web client without a registered redirect URI that this machine can listen on.
    pub fn check_redirect(&self) -> Result<(), ClientSecretsError> {
        target(self, None).map(drop)
    }
}

/// The registered redirect URI of a web client that is listened on; `None` where any will do.
fn target(client: &ClientSecrets, port: Option<u16>) -> Result<Option<Registered>, ClientSecretsError> {
    let ClientKind::Web { redirect_uris } = &client.kind else { return Ok(None) };
    registered(redirect_uris, port).map(Some).map_err(|cause| ClientSecretsError::NoLoopbackRedirect {
        path: client.path.clone(),
        cause,
        port,
        project: client.project.clone(),
    })
}

/// A registered redirect URI that this machine can listen on.
#[derive(Debug, PartialEq, Eq)]
struct Registered {
    uri: String,
    addresses: Vec<IpAddr>,
    port: u16,
    path: String,
    host: String,
}

/// Returns the first loopback URI, or the first with the wanted port, or why there is none.
fn registered(redirect_uris: &[String], port: Option<u16>) -> Result<Registered, String> {
    let usable: Vec<Registered> = redirect_uris.iter().filter_map(|uri| loopback_uri(uri)).collect();
    if usable.is_empty() {
        return Err(if redirect_uris.is_empty() {
            String::from("no redirect URI is registered for it")
        } else {
            String::from("none of its registered redirect URIs is a plain http loopback address")
        });
    }
    let ports: Vec<String> = usable.iter().map(|target| target.port.to_string()).collect();
    usable.into_iter().find(|target| port.is_none_or(|port| port == target.port)).ok_or_else(|| {
        format!("its registered loopback redirect URIs have port {}, not the one asked for", ports.join(" and "))
    })
}

fn loopback_uri(uri: &str) -> Option<Registered> {
    let url = Url::parse(uri).ok()?;
    if url.scheme() != "http" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return None;
    }
    let addresses = match url.host()? {
        Host::Ipv4(address) if address == Ipv4Addr::LOCALHOST => vec![IpAddr::V4(address)],
        Host::Ipv6(address) if address == Ipv6Addr::LOCALHOST => vec![IpAddr::V6(address)],
        Host::Domain("localhost") => vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
        _ => return None,
    };
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    // Browsers leave the default port out of the Host header.
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Some(Registered { uri: uri.to_owned(), addresses, port, path: url.path().to_owned(), host })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uris(list: &[&str]) -> Vec<String> {
        list.iter().map(|uri| (*uri).to_owned()).collect()
    }

    #[test]
    fn the_first_registered_loopback_uri_is_used_as_it_stands() {
        let target =
            registered(&uris(&["https://example.com/cb", "http://127.0.0.1:8085", "http://localhost:1/"]), None);
        let target = target.unwrap();
        assert_eq!((target.uri.as_str(), target.path.as_str()), ("http://127.0.0.1:8085", "/"));
        assert_eq!(target.host, "127.0.0.1:8085");
        let target = registered(&uris(&["http://127.0.0.1:8085", "http://localhost:1/x"]), Some(1)).unwrap();
        assert_eq!((target.uri.as_str(), target.addresses.len()), ("http://localhost:1/x", 2));
        assert_eq!(registered(&uris(&["http://localhost/"]), None).unwrap().host, "localhost");
        assert_eq!(registered(&uris(&["http://[::1]:5/"]), None).unwrap().host, "[::1]:5");
    }

    #[test]
    fn it_says_why_no_registered_uri_can_be_used() {
        assert!(registered(&[], None).unwrap_err().contains("no redirect URI"));
        for uri in
            ["https://127.0.0.1:1/", "http://example.com/", "http://127.0.0.1.evil.test/", "http://u@127.0.0.1/", "x"]
        {
            assert!(registered(&uris(&[uri]), None).unwrap_err().contains("none of its"), "{uri}");
        }
        assert!(registered(&uris(&["http://127.0.0.1:8085"]), Some(9)).unwrap_err().contains("8085"));
    }
}
