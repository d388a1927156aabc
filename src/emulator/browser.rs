//! A browser that consents: it opens a page and follows its redirects.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::{Request, Response};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Host, Url};

use super::wire::END_LOGIN;

/// Most redirects followed; the emulator sends one.
const REDIRECTS: usize = 5;
/// Largest response read, in bytes.
const LIMIT: usize = 64 * 1024;
/// Deadline of the whole visit.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Opens `url` and follows its redirects, so that the authorization code reaches the waiting listener. Only plain http
/// to this machine is visited, so that the code never leaves it.
pub async fn visit(url: &str) -> io::Result<()> {
    tokio::time::timeout(TIMEOUT, follow(url))
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the page did not answer within 10 seconds"))?
}

async fn follow(url: &str) -> io::Result<()> {
    let mut url = Url::parse(url).map_err(io::Error::other)?;
    for _ in 0..=REDIRECTS {
        let mut answer = fetch(&url).await;
        // As a person does with a page that fails.
        if !answer.as_ref().is_ok_and(|page| !page.status().is_server_error()) {
            answer = fetch(&url).await;
        }
        let response = answer?;
        let status = response.status();
        let header = if status.is_redirection() { "location" } else { END_LOGIN };
        match response.headers().get(header).and_then(|location| location.to_str().ok()) {
            Some(location) => url = url.join(location).map_err(io::Error::other)?,
            _ if status.as_u16() < 400 => return Ok(()),
            _ => return Err(io::Error::other(format!("the page answered {}", status.as_u16()))),
        }
    }
    Err(io::Error::other("too many redirects"))
}

/// Sends a GET and reads the body, up to a limit. A listener may close the connection within its page.
async fn fetch(url: &Url) -> io::Result<Response<()>> {
    let (addresses, host) = destination(url)?;
    let stream = TcpStream::connect(addresses.as_slice()).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let connection = tokio::spawn(connection);
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = Request::get(path).header("host", host).header("accept", "text/html").header("connection", "close");
    let request = request.body(Body::empty()).map_err(io::Error::other)?;
    let (head, body) = sender.send_request(request).await.map_err(io::Error::other)?.into_parts();
    let _ = to_bytes(Body::new(body), LIMIT).await;
    connection.abort();
    Ok(Response::from_parts(head, ()))
}

/// Returns the addresses to connect to, and the host. `localhost` is not resolved: it is both loopback addresses.
fn destination(url: &Url) -> io::Result<(Vec<SocketAddr>, String)> {
    let port = url.port_or_known_default().unwrap_or(80);
    let (v4, v6) = (SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    let addresses = match url.host() {
        Some(Host::Ipv4(Ipv4Addr::LOCALHOST)) => vec![v4],
        Some(Host::Ipv6(Ipv6Addr::LOCALHOST)) => vec![v6],
        Some(Host::Domain("localhost")) => vec![v4, v6],
        _ => Vec::new(),
    };
    if url.scheme() != "http" || addresses.is_empty() {
        let message = "only http URLs of this machine can be opened";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    Ok((addresses, host.to_owned()))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn only_this_machine_is_visited() {
        for url in [
            "https://127.0.0.1/",
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.2/",
            "http://0.0.0.0/",
            "file:///etc/passwd",
        ] {
            let error = visit(url).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{url}");
        }
    }

    /// Answers one request with these pieces and returns what the visit made of it.
    async fn visited(pieces: &'static [&'static str]) -> io::Result<()> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            drop(listener);
            let _ = stream.read(&mut [0; 1024]).await.unwrap();
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::join!(visit(&url), server).0
    }

    #[tokio::test]
    async fn an_answer_is_one_when_its_head_is_whole() {
        visited(&["HTTP/1.1 200 OK\r\nContent-", "Length: 3\r\n\r\nabc"]).await.unwrap();
        visited(&["HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\nabc"]).await.unwrap();
        assert!(visited(&["HTTP/1.1 302 Found\r\nLocation: http://127"]).await.is_err());
        assert!(visited(&["SSH-2.0-OpenSSH\r\n\r\n"]).await.is_err());
    }

    #[tokio::test]
    async fn a_redirect_is_followed_to_this_machine_only() {
        let error = visited(&["HTTP/1.1 302 Found\r\nlocation: http://example.com/\r\n\r\n"]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(visited(&["HTTP/1.1 404 Not Found\r\n\r\n"]).await.is_err());
    }
}
