//! A server on loopback that stands for Google's two hosts while programs are measured: TLS, HTTP/2 and HTTP/1.1, a
//! token endpoint and the Chat API under two host names.
//!
//! It says on stdout where it is and whom to trust, in one line of JSON. Every line on stdin sets delays in
//! milliseconds (`rtt=20 create=100 token=50`; what is not named is 0) and is answered with what was counted since the
//! line before. The end of stdin ends it.

mod answers;
mod authority;
mod distant;

use std::error::Error;
use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use answers::Host;
use distant::Distant;

/// How many requests Google's servers take at once on one connection.
const STREAMS: u32 = 100;

/// What is counted, and how slow everything is to be.
#[derive(Default)]
struct Desk {
    chat: Counts,
    token: Counts,
    round_trip: AtomicU64,
    create: AtomicU64,
    refresh: AtomicU64,
}

#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    handshakes: AtomicU64,
    requests: AtomicU64,
    refused: AtomicU64,
}

impl Counts {
    /// What was counted since this was asked last.
    fn take(&self) -> Value {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        json!({
            "connections": take(&self.connections),
            "handshakes": take(&self.handshakes),
            "requests": take(&self.requests),
            "refused": take(&self.refused),
        })
    }
}

impl Desk {
    fn counts(&self, host: Host) -> &Counts {
        match host {
            Host::Chat => &self.chat,
            Host::Token => &self.token,
        }
    }

    fn latency(&self, host: Host) -> Duration {
        let latency = match host {
            Host::Chat => &self.create,
            Host::Token => &self.refresh,
        };
        Duration::from_millis(latency.load(Ordering::Relaxed))
    }

    /// Sets all delays to what a line says.
    fn set(&self, line: &str) {
        for (name, delay) in [("rtt", &self.round_trip), ("create", &self.create), ("token", &self.refresh)] {
            let said = line.split_whitespace().filter_map(|word| word.split_once('=')).find(|(key, _)| *key == name);
            delay.store(said.and_then(|(_, value)| value.parse().ok()).unwrap_or_default(), Ordering::Relaxed);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let desk = Arc::new(Desk::default());
    let authority = authority::Authority::new()?;
    let tls = TlsAcceptor::from(Arc::new(authority.server(&["localhost", "127.0.0.1", "::1"])?));

    let chat = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let port = chat.local_addr()?.port();
    // Where `localhost` is the newer address first, nobody shall have to try twice.
    let also = runtime.block_on(TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port)))).ok();
    let token = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let places = json!({
        "chat": format!("https://localhost:{port}"),
        "token": format!("https://127.0.0.1:{}/token", token.local_addr()?.port()),
        "authority": authority.pem(),
    });
    for (listener, host) in [(Some(chat), Host::Chat), (also, Host::Chat), (Some(token), Host::Token)] {
        if let Some(listener) = listener {
            runtime.spawn(listen(listener, host, tls.clone(), Arc::clone(&desk)));
        }
    }

    let (finish, finished) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = finish.send(converse(&desk, &places));
    });
    Ok(runtime.block_on(finished)??)
}

/// Says where the server is; then takes orders and tells counts until nobody speaks any more.
fn converse(desk: &Desk, places: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{places}")?;
    for line in std::io::stdin().lock().lines() {
        desk.set(&line?);
        writeln!(out, "{}", json!({"chat": desk.chat.take(), "token": desk.token.take()}))?;
        out.flush()?;
    }
    Ok(())
}

async fn listen(listener: TcpListener, host: Host, tls: TlsAcceptor, desk: Arc<Desk>) {
    while let Ok((stream, _)) = listener.accept().await {
        desk.counts(host).connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(serve(stream, host, tls.clone(), Arc::clone(&desk)));
    }
}

/// One connection. Whatever goes wrong on it shows in the counts.
async fn serve(stream: TcpStream, host: Host, tls: TlsAcceptor, desk: Arc<Desk>) {
    let _ = stream.set_nodelay(true);
    let stream = Distant::new(stream, Duration::from_millis(desk.round_trip.load(Ordering::Relaxed)));
    let Ok(stream) = tls.accept(stream).await else { return };
    desk.counts(host).handshakes.fetch_add(1, Ordering::Relaxed);
    let newer = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = hyper::service::service_fn(move |request| {
        let desk = Arc::clone(&desk);
        async move {
            let counts = desk.counts(host);
            counts.requests.fetch_add(1, Ordering::Relaxed);
            let answer = answers::answer(host, request).await;
            if !answer.status().is_success() {
                counts.refused.fetch_add(1, Ordering::Relaxed);
            }
            let latency = desk.latency(host);
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let stream = TokioIo::new(stream);
    let _ = if newer {
        let mut server = http2::Builder::new(TokioExecutor::new());
        server.timer(TokioTimer::new()).max_concurrent_streams(STREAMS).serve_connection(stream, service).await
    } else {
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(stream, service).await
    };
}
