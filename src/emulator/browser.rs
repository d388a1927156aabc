//! The browser of a person who consents: it opens a page and goes where it is sent.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::{Host, Url};

/// Redirects followed: the emulator needs one.
const REDIRECTS: usize = 5;
/// Largest answer read.
const LIMIT: u64 = 64 * 1024;
/// For the whole visit.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens `url` and follows its redirects, so that the authorization code
/// reaches the listener that waits for it. Only plain http to this machine is
/// visited: with any other address the code would leave it.
pub async fn visit(url: &str) -> io::Result<()> {
    tokio::time::timeout(PATIENCE, follow(url)).await.map_err(|_| {
        io::Error::new(io::ErrorKind::TimedOut, "the page did not answer within 10 seconds")
    })?
}

async fn follow(url: &str) -> io::Result<()> {
    let mut url = Url::parse(url).map_err(io::Error::other)?;
    for _ in 0..=REDIRECTS {
        let answer = fetch(&url).await?;
        match answer.location {
            Some(location) if (300..400).contains(&answer.status) => {
                url = url.join(&location).map_err(io::Error::other)?;
            }
            _ if answer.status < 400 => return Ok(()),
            _ => return Err(io::Error::other(format!("the page answered {}", answer.status))),
        }
    }
    Err(io::Error::other("the page redirects too often"))
}

struct Answer {
    status: u16,
    location: Option<String>,
}

async fn fetch(url: &Url) -> io::Result<Answer> {
    let (addresses, host) = destination(url)?;
    let mut stream = connect(&addresses, url.port_or_known_default().unwrap_or(80)).await?;
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.take(LIMIT).read_to_end(&mut bytes).await?;
    parse(&bytes)
}

async fn connect(addresses: &[std::net::IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect((*address, port)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Where to connect and what to call it. `localhost` is not looked up: it means
/// this machine, in either family.
fn destination(url: &Url) -> io::Result<(Vec<std::net::IpAddr>, String)> {
    let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
    let addresses = match url.host() {
        Some(Host::Ipv4(Ipv4Addr::LOCALHOST)) => vec![v4],
        Some(Host::Ipv6(Ipv6Addr::LOCALHOST)) => vec![v6],
        Some(Host::Domain("localhost")) => vec![v4, v6],
        _ => Vec::new(),
    };
    if url.scheme() != "http" || addresses.is_empty() {
        let message = "only http addresses of this machine are visited";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    Ok((addresses, host.to_owned()))
}

fn parse(bytes: &[u8]) -> io::Result<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let complete = response.parse(bytes).map_err(io::Error::other)?.is_complete();
    let Some(status) = response.code.filter(|_| complete) else {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the page did not answer"));
    };
    let location = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("location"))
        .and_then(|header| std::str::from_utf8(header.value).ok())
        .map(str::to_owned);
    Ok(Answer { status, location })
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn an_answer_that_ends_early_is_no_answer() {
        assert!(parse(b"HTTP/1.1 302 Found\r\nLocation: http://a/").is_err());
        let answer = parse(b"HTTP/1.1 302 Found\r\nlocation: /b\r\n\r\n").unwrap();
        assert_eq!((answer.status, answer.location.as_deref()), (302, Some("/b")));
    }
}
