//! A connection over which everything takes a while, as if its other end were far away.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// What comes in is heard a round trip later, and nothing before the connection itself would have been made, which
/// takes one more. What goes out leaves at once: a client cannot tell on which half of the way the time was spent.
pub(crate) struct Distant {
    stream: TcpStream,
    round_trip: Duration,
    made: Instant,
    heard: VecDeque<(Instant, Vec<u8>)>,
    ended: bool,
    alarm: Pin<Box<Sleep>>,
}

impl Distant {
    /// A connection that was accepted just now.
    pub(crate) fn new(stream: TcpStream, round_trip: Duration) -> Self {
        let made = Instant::now() + round_trip;
        let alarm = Box::pin(tokio::time::sleep_until(made));
        Self { stream, round_trip, made, heard: VecDeque::new(), ended: false, alarm }
    }

    /// Takes what has arrived, and notes when it is to be heard.
    fn listen(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let mut bytes = [0; 16 * 1024];
        while !self.ended {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Pending => break,
                Poll::Ready(result) => result?,
            }
            self.ended = buffer.filled().is_empty();
            if !self.ended {
                let at = Instant::now().max(self.made) + self.round_trip;
                self.heard.push_back((at, buffer.filled().to_vec()));
            }
        }
        Ok(())
    }
}

impl AsyncRead for Distant {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.round_trip.is_zero() {
            return Pin::new(&mut self.stream).poll_read(context, out);
        }
        self.listen(context)?;
        let Some((at, _)) = self.heard.front() else {
            return if self.ended { Poll::Ready(Ok(())) } else { Poll::Pending };
        };
        let at = *at;
        if at > Instant::now() {
            self.alarm.as_mut().reset(at);
            ready!(self.alarm.as_mut().poll(context));
        }
        if let Some((at, mut bytes)) = self.heard.pop_front() {
            let count = bytes.len().min(out.remaining());
            out.put_slice(&bytes[..count]);
            if count < bytes.len() {
                bytes.drain(..count);
                self.heard.push_front((at, bytes));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Distant {
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
