//! A login that waits for its answer, seen from outside: its URL, its port, and what strangers can do to it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use url::Url;

use crate::support::ordinary_user::sees_descriptors;
use crate::support::sandbox::{Finished, Sandbox, TEST_TIMEOUT};

/// What a stream has brought so far; several threads may look.
#[derive(Clone, Default)]
pub(crate) struct Transcript(Arc<(Mutex<Received>, Condvar)>);

#[derive(Default)]
struct Received {
    bytes: Vec<u8>,
    ended: bool,
}

impl Transcript {
    /// Reads `stream` to its end on a thread of its own.
    pub(crate) fn of(mut stream: impl Read + Send + 'static) -> Self {
        let transcript = Self::default();
        let writer = transcript.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                writer.0.0.lock().unwrap().bytes.extend_from_slice(&buffer[..count]);
                writer.0.1.notify_all();
            }
            writer.0.0.lock().unwrap().ended = true;
            writer.0.1.notify_all();
        });
        transcript
    }

    pub(crate) fn text(&self) -> String {
        self.0.0.lock().unwrap().text()
    }

    /// Everything, once the last writer has closed the stream.
    #[track_caller]
    pub(crate) fn whole(&self) -> String {
        self.wait(|received| received.ended.then(|| received.text()))
    }

    /// Waits until `found` gives something; fails the test when nothing does.
    #[track_caller]
    pub(crate) fn wait_for<Found>(&self, found: impl Fn(&str) -> Option<Found>) -> Found {
        self.wait(|received| found(&received.text()))
    }

    #[track_caller]
    fn wait<Found>(&self, found: impl Fn(&Received) -> Option<Found>) -> Found {
        let deadline = Instant::now() + TEST_TIMEOUT;
        let mut received = self.0.0.lock().unwrap();
        loop {
            if let Some(found) = found(&received) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || received.ended {
                let (how, text) = (if received.ended { "the stream ended" } else { "it never came" }, received.text());
                drop(received);
                panic!("{how}: {text}");
            }
            received = self.0.1.wait_timeout(received, left).unwrap().0;
        }
    }

    /// Waits until `text` stands there.
    #[track_caller]
    pub(crate) fn wait_for_text(&self, text: &str) {
        self.wait_for(|transcript| transcript.contains(text).then_some(()));
    }

    /// Waits for the URL that stands alone on its line, once the login says that it waits.
    #[track_caller]
    pub(crate) fn wait_for_url(&self) -> Url {
        self.wait_for_text("Waiting for the browser");
        self.wait_for(|transcript| {
            transcript
                .lines()
                .find(|line| line.starts_with("http://"))
                .and_then(|line| Url::parse(line.trim_end()).ok())
        })
    }
}

impl Received {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// `chatauth auth login`, or another command, while it waits.
pub(crate) struct PendingLogin {
    child: Child,
    transcript: Transcript,
    stdout: Transcript,
    pub(crate) url: Url,
}

impl PendingLogin {
    /// Starts `auth login --no-browser` with these words behind it, and waits until it listens.
    #[track_caller]
    pub(crate) fn log_in(sandbox: &Sandbox, words: &[&str]) -> Self {
        let mut all = vec!["auth", "login", "--no-browser"];
        all.extend(words);
        Self::start(sandbox.command(all))
    }

    /// Starts a command that logs in, and waits until it listens.
    #[track_caller]
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = Transcript::of(child.stdout.take().unwrap());
        let transcript = Transcript::of(child.stderr.take().unwrap());
        let url = transcript.wait_for_url();
        Self { child, transcript, stdout, url }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// A parameter of the authorization request.
    pub(crate) fn parameter(&self, name: &str) -> String {
        parameter(&self.url, name)
    }

    pub(crate) fn state(&self) -> String {
        self.parameter("state")
    }

    pub(crate) fn redirect_uri(&self) -> Url {
        Url::parse(&self.parameter("redirect_uri")).unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.redirect_uri().port().unwrap()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port()))
    }

    /// Lets the emulator's person consent (or not): the URL that the browser would be sent to.
    pub(crate) fn redirected(&self) -> Url {
        redirected(&self.url)
    }

    /// A GET of the redirect URI with this query, as a browser sends it.
    pub(crate) fn call_back(&self, query: &str) -> Reply {
        let path = self.redirect_uri().path().to_owned();
        let host = self.address();
        self.send(format!("GET {path}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).expect("no answer")
    }

    /// Bytes on a connection of their own; `None` when no HTTP answer came.
    pub(crate) fn send(&self, bytes: &[u8]) -> Option<Reply> {
        send(self.address(), bytes)
    }

    /// The browser goes the whole way.
    pub(crate) fn consent(&self) -> Reply {
        self.call_back(self.redirected().query().unwrap())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Asserts that it goes on waiting: it runs, and answers strangers.
    #[track_caller]
    pub(crate) fn still_waits(&mut self) {
        assert_eq!(self.child.try_wait().unwrap(), None, "it has ended: {}", self.transcript.text());
        let host = self.address();
        let reply = self.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).expect("nobody listens");
        assert_eq!(reply.status, 404);
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn finish(self, sandbox: &Sandbox) -> Finished {
        let mut finished = sandbox.wait(self.child);
        finished.stdout = self.stdout.whole();
        finished.stderr = self.transcript.whole();
        sandbox.check_secrets(&finished.stderr);
        finished
    }

    /// Lets the browser go the whole way and the command succeed.
    #[track_caller]
    pub(crate) fn succeeds(self, sandbox: &Sandbox) -> Finished {
        assert_eq!(self.consent().status, 200);
        self.finish(sandbox).success()
    }
}

/// The part of a URL that a request line holds.
pub(crate) const PATH_AND_QUERY: std::ops::Range<url::Position> = url::Position::BeforePath..url::Position::AfterQuery;

/// A parameter of a URL's query.
pub(crate) fn parameter(url: &Url, name: &str) -> String {
    let value = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    value.unwrap_or_else(|| panic!("no {name} in {url}"))
}

/// What the authorization endpoint redirects to, when a person without a page decides at once.
pub(crate) fn redirected(url: &Url) -> Url {
    let address = SocketAddr::from(([127, 0, 0, 1], url.port().unwrap()));
    let path = &url[PATH_AND_QUERY];
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let reply = send(address, request.as_bytes()).unwrap();
    Url::parse(reply.header("location").unwrap_or_else(|| panic!("no redirect: {}", reply.body))).unwrap()
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Head and body, for comparing.
    pub(crate) fn whole(&self) -> (u16, &[(String, String)], &str) {
        (self.status, &self.headers, &self.body)
    }
}

/// Sends bytes and reads the answer to its end; `None` when none came.
pub(crate) fn send(address: SocketAddr, bytes: &[u8]) -> Option<Reply> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(TEST_TIMEOUT)).unwrap();
    // The other side may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    receive(stream)
}

/// Reads an answer to its end; `None` when none came.
pub(crate) fn receive(mut stream: TcpStream) -> Option<Reply> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..count]);
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = response.parse(&answer) else { return None };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    Some(Reply {
        status: response.code.unwrap(),
        headers: response.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect(),
        body: text(&answer[head..]),
    })
}

/// Whether anybody listens there.
pub(crate) fn is_open(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok()
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Checks that a process listens on these sockets and no other, as the kernel has them.
pub(crate) fn check_listening(process: u32, expected: &[SocketAddr]) {
    if sees_descriptors("the sockets that listen") {
        assert_eq!(listening(process), expected);
    }
}

fn listening(process: u32) -> Vec<SocketAddr> {
    let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let inodes: Vec<String> = descriptors
        .filter_map(|entry| {
            let target = std::fs::read_link(entry.ok()?.path()).ok()?;
            Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let mut found = Vec::new();
    for table in ["tcp", "tcp6"] {
        let text = std::fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            const LISTEN: &str = "0A";
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields[3] == LISTEN && inodes.iter().any(|inode| inode == fields[9]) {
                found.push(socket_address(fields[1]));
            }
        }
    }
    found
}

/// An address as /proc writes it: words of four bytes in the byte order of the machine, in hexadecimal.
fn socket_address(text: &str) -> SocketAddr {
    let (ip, port) = text.split_once(':').unwrap();
    let words =
        ip.as_bytes().chunks(8).map(|word| u32::from_str_radix(std::str::from_utf8(word).unwrap(), 16).unwrap());
    let bytes: Vec<u8> = words.flat_map(u32::to_ne_bytes).collect();
    let port = u16::from_str_radix(port, 16).unwrap();
    match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => SocketAddr::from((four, port)),
        Err(_) => SocketAddr::from((<[u8; 16]>::try_from(bytes.as_slice()).unwrap(), port)),
    }
}
