//! The signed assertion of a service account ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523)).
//!
//! yup-oauth2 signs it, but has no function that returns it: it sends the assertion through a hyper client and ignores
//! the HTTP status, the error subtype and the size of the answer. So the crate gets a client whose connection leads
//! into memory, the assertion is read there, and the request itself goes out over this program's HTTP client.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::{Uri, header};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, DuplexStream};
use tower_service::Service;
use yup_oauth2::{CustomHyperClientBuilder, ServiceAccountAuthenticator, ServiceAccountKey};

/// Holds a whole request: an assertion has about 1 KiB.
const BUFFER: usize = 64 * 1024;

/// The private key of a service account cannot sign.
#[derive(Debug, thiserror::Error)]
#[error("has an invalid private key")]
pub(super) struct UnusablePrivateKey;

/// Returns an assertion with which `key` asks for `scopes` on behalf of `subject`. Nothing is sent.
pub(super) async fn sign(key: ServiceAccountKey, subject: &str, scopes: &[&str]) -> Result<String, UnusablePrivateKey> {
    let (connection, request) = tokio::io::duplex(BUFFER);
    let connection = InMemory(TokioIo::new(connection));
    let client = Client::builder(TokioExecutor::new()).build(Connector(Arc::new(Mutex::new(Some(connection)))));
    let authenticator = ServiceAccountAuthenticator::with_client(key, CustomHyperClientBuilder::from(client))
        .subject(subject)
        .build()
        .await
        .map_err(|_| UnusablePrivateKey)?;
    tokio::select! {
        // The request gets no response, so this ends only if it cannot be sent.
        _ = authenticator.force_refreshed_token(scopes) => Err(UnusablePrivateKey),
        body = read_body(request) => {
            let body = body.map_err(|_| UnusablePrivateKey)?;
            let field = form_urlencoded::parse(&body).find(|(name, _)| name == "assertion");
            field.map(|(_, assertion)| assertion.into_owned()).ok_or(UnusablePrivateKey)
        }
    }
}

/// Reads one HTTP/1.1 request and returns its body.
async fn read_body(mut request: DuplexStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(body) = whole_body(&bytes) {
            return Ok(body.to_vec());
        }
        if request.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn whole_body(bytes: &[u8]) -> Option<&[u8]> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(start) = request.parse(bytes).ok()? else { return None };
    let length =
        request.headers.iter().find(|found| found.name.eq_ignore_ascii_case(header::CONTENT_LENGTH.as_str()))?;
    let length: usize = std::str::from_utf8(length.value).ok()?.parse().ok()?;
    bytes.get(start..start.checked_add(length)?)
}

/// Returns the one connection that it holds, for any address.
#[derive(Clone)]
struct Connector(Arc<Mutex<Option<InMemory>>>);

impl Service<Uri> for Connector {
    type Response = InMemory;
    type Error = io::Error;
    type Future = Ready<io::Result<InMemory>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connection = self.0.lock().ok().and_then(|mut connection| connection.take());
        ready(connection.ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

/// A connection within the process.
struct InMemory(TokioIo<DuplexStream>);

impl Connection for InMemory {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for InMemory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, cursor)
    }
}

impl Write for InMemory {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_counts_once_all_of_it_is_there() {
        let head = "POST /token HTTP/1.1\r\nhost: a\r\nContent-Length: 5\r\n\r\n";
        assert_eq!(whole_body(head.as_bytes()), None);
        assert_eq!(whole_body(format!("{head}a=b").as_bytes()), None);
        assert_eq!(whole_body(format!("{head}a=b&c").as_bytes()), Some(&b"a=b&c"[..]));
        assert_eq!(whole_body(b"POST / HTTP/1.1\r\n\r\na=b"), None);
    }
}
