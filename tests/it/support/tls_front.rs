//! Servers between the program and the emulator: one that speaks TLS or changes answers, and a proxy.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use time::{Duration, OffsetDateTime};

use crate::support::sandbox::{Sandbox, TEST_TIMEOUT};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    /// Request line and headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl ReceivedRequest {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// An answer instead of the emulator's, or `None` for that one.
type Instead = dyn Fn(&ReceivedRequest) -> Option<Vec<u8>> + Send + Sync;

/// Answers what it wants to and hands everything else on to the emulator.
pub(crate) struct RecordingProxy {
    address: SocketAddr,
    received: Arc<Mutex<Vec<ReceivedRequest>>>,
    connections: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl RecordingProxy {
    /// Without TLS.
    pub(crate) fn plain(
        origin: &str,
        instead: impl Fn(&ReceivedRequest) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self::start(Ipv4Addr::LOCALHOST.into(), origin, None, Arc::new(instead))
    }

    /// With TLS, as the server that `config` makes it.
    pub(crate) fn tls(origin: &str, config: &Arc<ServerConfig>) -> Self {
        Self::start(Ipv4Addr::LOCALHOST.into(), origin, Some(Arc::clone(config)), Arc::new(|_| None))
    }

    /// With TLS and answers of its own.
    pub(crate) fn tls_instead(
        origin: &str,
        config: &Arc<ServerConfig>,
        instead: impl Fn(&ReceivedRequest) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        Self::start(Ipv4Addr::LOCALHOST.into(), origin, Some(Arc::clone(config)), Arc::new(instead))
    }

    /// With TLS, at another address of this machine.
    pub(crate) fn tls_at(address: IpAddr, origin: &str, config: &Arc<ServerConfig>) -> Self {
        Self::start(address, origin, Some(Arc::clone(config)), Arc::new(|_| None))
    }

    fn start(address: IpAddr, origin: &str, tls: Option<Arc<ServerConfig>>, instead: Arc<Instead>) -> Self {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let front = Self {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            connections: Arc::default(),
            over: Arc::default(),
        };
        let backend = origin.strip_prefix("http://").unwrap().to_owned();
        let (received, connections, over) =
            (Arc::clone(&front.received), Arc::clone(&front.connections), Arc::clone(&front.over));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                if over.load(Ordering::SeqCst) {
                    return;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                let _ = stream.set_read_timeout(Some(TEST_TIMEOUT));
                let (backend, received, instead, tls) =
                    (backend.clone(), Arc::clone(&received), Arc::clone(&instead), tls.clone());
                std::thread::spawn(move || match tls {
                    None => serve(stream, &backend, &received, &*instead),
                    Some(config) => {
                        let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                        serve(&mut stream, &backend, &received, &*instead);
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        front
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn received(&self) -> Vec<ReceivedRequest> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for RecordingProxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: impl Read + Write, backend: &str, received: &Mutex<Vec<ReceivedRequest>>, instead: &Instead) {
    let Some(head) = read_head(&mut stream) else { return };
    let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    let request = ReceivedRequest { head, body };
    received.lock().unwrap().push(request.clone());
    let answer = instead(&request).or_else(|| ask(backend, &request)).unwrap_or_default();
    let _ = stream.write_all(&answer);
    let _ = stream.flush();
}

/// Asks the emulator, under the name by which it knows itself.
fn ask(backend: &str, request: &ReceivedRequest) -> Option<Vec<u8>> {
    let own = ["host:", "connection:"];
    let mut lines = request.head.trim_end().lines();
    let mut head = format!("{}\r\nHost: {backend}\r\nConnection: close\r\n", lines.next()?);
    for line in lines.filter(|line| !own.iter().any(|name| line.to_ascii_lowercase().starts_with(name))) {
        head += &format!("{line}\r\n");
    }
    let mut stream = TcpStream::connect(backend).ok()?;
    stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
    stream.write_all(&request.body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(answer)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Reads up to the empty line and no byte further.
fn read_head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

/// An HTTP answer with these header lines.
pub(crate) fn answer(status: u16, headers: &[&str], body: &str) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.len());
    let first = format!("HTTP/1.1 {status} X");
    let mut lines = vec![first.as_str(), "Connection: close", &length];
    lines.extend(headers);
    format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
}

/// A proxy that leads every `CONNECT` to one address, whatever name was asked for.
pub(crate) struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Proxy {
    /// `credentials` (`user:password` in Base64) must be given, where they are wanted.
    pub(crate) fn leading_to(target: SocketAddr, credentials: Option<&'static str>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), heads: Arc::default(), over: Arc::default() };
        let (heads, over) = (Arc::clone(&proxy.heads), Arc::clone(&proxy.over));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(mut stream), heads) = (stream, Arc::clone(&heads)) else { return };
                if over.load(Ordering::SeqCst) {
                    return;
                }
                std::thread::spawn(move || {
                    let Some(head) = read_head(&mut stream) else { return };
                    heads.lock().unwrap().push(head.clone());
                    let known = credentials
                        .is_none_or(|wanted| header(&head, "proxy-authorization") == Some(&format!("Basic {wanted}")));
                    if !known || !head.starts_with("CONNECT ") {
                        let _ = stream.write_all(&answer(if known { 502 } else { 407 }, &[], "no"));
                        return;
                    }
                    let Ok(server) = TcpStream::connect(target) else { return };
                    let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
                    let (mut up, mut down) = (server.try_clone().unwrap(), stream.try_clone().unwrap());
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut stream, &mut up);
                        let _ = up.shutdown(Shutdown::Write);
                    });
                    let mut server = server;
                    let _ = std::io::copy(&mut server, &mut down);
                    let _ = down.shutdown(Shutdown::Both);
                });
            }
        });
        proxy
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked for, first lines only.
    pub(crate) fn requests(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) fn forget(&self) {
        self.heads.lock().unwrap().clear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// A certificate authority that nobody trusts unless told to.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A server with a certificate for these names, valid from yesterday for so many days.
    pub(crate) fn server(&self, names: &[&str], days: i64) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
        let yesterday = OffsetDateTime::now_utc() - Duration::DAY;
        params.not_before = yesterday - Duration::days(30);
        params.not_after = yesterday + Duration::days(days);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.serialize_der().into()));
        Arc::new(config.unwrap())
    }
}

/// A command that trusts this authority alone.
pub(crate) fn trusting(sandbox: &Sandbox, authority: &Authority, words: &[&str]) -> Command {
    let file = sandbox.path("ca.pem");
    fs::write(&file, &authority.pem).unwrap();
    let mut command = sandbox.command(words);
    command.env("SSL_CERT_FILE", file);
    command
}

/// An address of this machine that is not loopback.
pub(crate) fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    // Nothing is sent: this only asks which address a packet would leave from.
    socket.connect(("192.0.2.1", 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback() && !address.is_unspecified())
}
