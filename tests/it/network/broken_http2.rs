//! Servers that break HTTP/2, frame by frame: the spaces are none the more for it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::support::sandbox::{Sandbox, TEST_TIMEOUT};
use crate::support::tls_front::Authority;
use crate::support::tls_front::trusting;

type Stream = StreamOwned<ServerConnection, TcpStream>;

const SPACE: &str = r#"{"name":"spaces/AAA","displayName":"x","spaceType":"SPACE"}"#;

// Frame types and flags of RFC 9113 section 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

// Error codes of section 7.
const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// What the server does with the first request, once it has all of it; gets the stream's number.
type Act = fn(&mut Stream, u32) -> std::io::Result<()>;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn goaway(last: u32, error: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), error.to_be_bytes()].concat())
}

/// 200 with a space.
fn answer(stream: u32) -> Vec<u8> {
    // 0x88 is `:status: 200` of the static table (RFC 7541 appendix A).
    [frame(HEADERS, END_HEADERS, stream, &[0x88]), frame(DATA, END_STREAM, stream, SPACE.as_bytes())].concat()
}

fn endlessly(connection: &mut Stream, bytes: &[u8]) -> std::io::Result<()> {
    loop {
        connection.write_all(bytes)?;
    }
}

/// A server of one host that does something odd with its first request and answers all others.
struct Server {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
    over: Arc<AtomicBool>,
}

impl Server {
    fn first(authority: &Authority, act: Act) -> Self {
        let mut config: ServerConfig = (*authority.server(&["127.0.0.1"], 60)).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let config = Arc::new(config);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let server = Self { address: listener.local_addr().unwrap(), bodies: Arc::default(), over: Arc::default() };
        let (bodies, over) = (Arc::clone(&server.bodies), Arc::clone(&server.over));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let _ = stream.set_read_timeout(Some(TEST_TIMEOUT));
                let (config, bodies) = (Arc::clone(&config), Arc::clone(&bodies));
                std::thread::spawn(move || {
                    let mut connection = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                    let _ = serve(&mut connection, &bodies, act);
                    connection.conn.send_close_notify();
                    let _ = connection.flush();
                });
            }
        });
        server
    }

    fn bodies(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().map(|body| serde_json::from_slice(body).unwrap()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(connection: &mut Stream, bodies: &Mutex<Vec<Vec<u8>>>, act: Act) -> std::io::Result<()> {
    let mut preface = [0; 24];
    connection.read_exact(&mut preface)?;
    assert!(preface.starts_with(b"PRI * HTTP/2.0"));
    connection.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    let mut body = Vec::new();
    loop {
        let mut head = [0; 9];
        connection.read_exact(&mut head)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        connection.read_exact(&mut payload)?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match (head[3], head[4]) {
            (SETTINGS, flags) if flags & ACK == 0 => connection.write_all(&frame(SETTINGS, ACK, 0, &[]))?,
            (DATA, flags) => {
                body.extend_from_slice(&payload);
                if flags & END_STREAM == 0 {
                    continue;
                }
                let before = {
                    let mut bodies = bodies.lock().unwrap();
                    bodies.push(std::mem::take(&mut body));
                    bodies.len() - 1
                };
                if before == 0 {
                    return act(connection, stream);
                }
                connection.write_all(&answer(stream))?;
            }
            _ => {}
        }
    }
}

/// What happens to the first request, and how often it may be sent.
const TROUBLES: &[(&str, usize, Act)] = &[
    ("goes away without having looked at it", 3, |connection, _| connection.write_all(&goaway(0, NO_ERROR))),
    ("goes away with the request in hand", 2, |connection, stream| connection.write_all(&goaway(stream, NO_ERROR))),
    ("goes away and answers all the same", 1, |connection, stream| {
        connection.write_all(&goaway(stream, NO_ERROR))?;
        connection.write_all(&answer(stream))?;
        // A connection that is closed with something unread is reset, and the answer may be lost with it.
        std::io::copy(connection, &mut std::io::sink()).map(drop)
    }),
    ("goes away because it is asked too much", 2, |connection, stream| {
        connection.write_all(&goaway(stream, ENHANCE_YOUR_CALM))
    }),
    ("refuses the stream", 3, |connection, stream| {
        connection.write_all(&frame(RST_STREAM, 0, stream, &REFUSED_STREAM.to_be_bytes()))
    }),
    ("breaks the stream off", 2, |connection, stream| {
        connection.write_all(&frame(RST_STREAM, 0, stream, &INTERNAL_ERROR.to_be_bytes()))
    }),
    ("breaks the answer off", 2, |connection, stream| {
        connection.write_all(&frame(HEADERS, END_HEADERS, stream, &[0x88]))?;
        connection.write_all(&frame(DATA, 0, stream, b"{\"name\":"))?;
        connection.write_all(&frame(RST_STREAM, 0, stream, &INTERNAL_ERROR.to_be_bytes()))
    }),
    ("hangs up", 2, |_, _| Ok(())),
    ("falls silent", 2, |connection, _| std::io::copy(connection, &mut std::io::sink()).map(drop)),
    ("answers on another stream", 2, |connection, stream| connection.write_all(&answer(stream + 100))),
    ("sends a frame that is too large", 2, |connection, stream| {
        connection.write_all(&frame(DATA, 0, stream, &vec![b' '; 1 << 20]))
    }),
    ("sends noise", 2, |connection, _| connection.write_all(&[0xff; 64])),
    ("speaks HTTP/1.1 after all", 2, |connection, _| connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n{}")),
    ("sends headers without end", 2, |connection, stream| {
        connection.write_all(&frame(HEADERS, 0, stream, &[0x88]))?;
        // A literal field without indexing (RFC 7541 section 6.2.2), again and again.
        endlessly(connection, &frame(CONTINUATION, 0, stream, &b"\x00\x01x\x01y".repeat(1000)))
    }),
    ("sends pings without end", 2, |connection, _| endlessly(connection, &frame(PING, 0, 0, &[0; 8]))),
    ("sends settings without end", 2, |connection, _| endlessly(connection, &frame(SETTINGS, 0, 0, &[]))),
    ("sends a body without end", 2, |connection, stream| {
        connection.write_all(&frame(HEADERS, END_HEADERS, stream, &[0x88]))?;
        endlessly(connection, &frame(DATA, 0, stream, &[b' '; 16384]))
    }),
];

#[test]
fn property_58_a_server_that_goes_away_over_http_2_gets_the_same_request_again() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let authority = Authority::new("known");
    for (name, most, act) in TROUBLES {
        let server = Server::first(&authority, *act);
        let api = format!("https://{}", server.address);
        // The body of a setup holds the request id.
        let words = ["spaces", "create", "--name", "x", "--member", "ada@example.com", "--timeout", "2", "--no-input"];
        let words: Vec<&str> = words.iter().copied().chain(["--api-endpoint", &api]).collect();
        let finished = sandbox.finish(trusting(&sandbox, &authority, &words));
        assert_eq!(finished.code(), Some(0), "a server that {name}: {}", finished.stderr);
        assert_eq!(finished.json()["name"], "spaces/AAA", "{name}");
        let bodies = server.bodies();
        assert!((1..=*most).contains(&bodies.len()), "a server that {name}: {} requests", bodies.len());
        assert!(bodies[0]["requestId"].is_string(), "{name}");
        assert!(bodies.iter().all(|body| *body == bodies[0]), "a server that {name}: {bodies:?}");
    }
}
