//! Connections that bring only so much: for a client that reads whatever comes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::TryFutureExt;
use futures_util::future::MapOk;
use http::Uri;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower_service::Service;

/// The most bytes that one connection brings, heads included. A token response is under 4 KiB.
const MOST: usize = 128 * 1024;

/// Makes connections that break when more comes than a token endpoint has to say.
#[derive(Debug, Clone)]
pub struct Capped<Connector>(pub(super) Connector);

/// A connection, and how much it may still bring.
#[derive(Debug)]
pub struct CappedStream<Stream> {
    stream: Stream,
    left: usize,
}

impl<Stream> CappedStream<Stream> {
    fn new(stream: Stream) -> Self {
        Self { stream, left: MOST }
    }
}

impl<Connector: Service<Uri>> Service<Uri> for Capped<Connector> {
    type Response = CappedStream<Connector::Response>;
    type Error = Connector::Error;
    type Future = MapOk<Connector::Future, fn(Connector::Response) -> CappedStream<Connector::Response>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.0.call(uri).map_ok(CappedStream::new)
    }
}

impl<Stream: Connection> Connection for CappedStream<Stream> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

impl<Stream: Read + Unpin> Read for CappedStream<Stream> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::FileTooLarge, "the answer is too long")));
        }
        // Read beside the cursor, because how much has come into a cursor cannot be seen.
        let mut bytes = [0; 4096];
        let room = bytes.len().min(cursor.remaining()).min(self.left);
        let mut buffer = ReadBuf::new(&mut bytes[..room]);
        let result = Pin::new(&mut self.stream).poll_read(context, buffer.unfilled());
        cursor.put_slice(buffer.filled());
        self.left -= buffer.filled().len();
        result
    }
}

impl<Stream: Write + Unpin> Write for CappedStream<Stream> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
