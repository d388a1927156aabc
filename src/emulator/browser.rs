//! A browser that consents: it opens a page and follows its redirects.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::{Host, Url};

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
        let answer = fetch(&url).await?;
        match answer.location {
            Some(location) if (300..400).contains(&answer.status) => {
                url = url.join(&location).map_err(io::Error::other)?;
            }
            _ if answer.status < 400 => return Ok(()),
            _ => return Err(io::Error::other(format!("the page answered {}", answer.status))),
        }
    }
    Err(io::Error::other("too many redirects"))
}

struct Answer {
    status: u16,
    location: Option<String>,
    /// Where the body ends, if its length is known.
    end: Option<usize>,
}

async fn fetch(url: &Url) -> io::Result<Answer> {
    let (addresses, host) = destination(url)?;
    let mut stream = connect(&addresses, url.port_or_known_default().unwrap_or(80)).await?;
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    read(&mut stream).await
}

/// Reads the head, and the body if its length is known. A listener may keep the connection open.
async fn read(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    loop {
        let ended = stream.read_buf(&mut bytes).await? == 0;
        match parse(&bytes)? {
            Some(answer) if ended || answer.end.is_some_and(|end| end <= bytes.len()) => {
                return Ok(answer);
            }
            Some(answer) if bytes.len() >= LIMIT => return Ok(answer),
            None if ended || bytes.len() >= LIMIT => {
                let message = "the page did not answer";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
            }
            _ => {}
        }
    }
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

/// Returns the addresses to connect to, and the host. `localhost` is not resolved: it is both loopback addresses.
fn destination(url: &Url) -> io::Result<(Vec<std::net::IpAddr>, String)> {
    let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
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

/// Returns the response once its head is complete.
fn parse(bytes: &[u8]) -> io::Result<Option<Answer>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let header = |name: &str| {
        let mut headers = response.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let length = header("content-length").and_then(|length| length.parse::<usize>().ok());
    Ok(Some(Answer {
        status: response.code.unwrap_or_default(),
        location: header("location").map(str::to_owned),
        end: length.and_then(|length| head.checked_add(length)),
    }))
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
    fn an_answer_is_one_when_its_head_is_whole() {
        assert!(parse(b"HTTP/1.1 302 Found\r\nLocation: http://a/").unwrap().is_none());
        let bytes = b"HTTP/1.1 302 Found\r\nlocation: /b\r\nContent-Length: 3\r\n\r\n";
        let answer = parse(bytes).unwrap().unwrap();
        assert_eq!((answer.status, answer.location.as_deref()), (302, Some("/b")));
        assert_eq!(answer.end, Some(bytes.len() + 3));
        assert!(parse(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
    }
}
