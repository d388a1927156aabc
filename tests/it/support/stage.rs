//! What several tests set the stage with: servers that misbehave, waiting for something to happen, ordinary users.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::iter;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

pub(crate) use crate::support::ordinary_user::not_run;
use crate::support::ordinary_user::sees_descriptors;
use crate::support::sandbox::{Sandbox, TEST_TIMEOUT};

/// The account of an emulator without options.
pub(crate) const ACCOUNT: &str = "emulator@example.com";

/// The user that owns nothing.
const NOBODY: u32 = 65534;

/// Looks again and again until something is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, so: impl Fn() -> bool) {
    let deadline = Instant::now() + TEST_TIMEOUT;
    while !so() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// A request as it came to a [`ScriptedServer`].
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Request line and headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A server on loopback that does with each connection what a test wants.
pub(crate) struct ScriptedServer {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    over: Arc<AtomicBool>,
}

impl ScriptedServer {
    /// Answers every request with the bytes that `answer` makes of it and of how many came before, then hangs up.
    pub(crate) fn answering(answer: impl Fn(&Received, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::doing(move |mut stream, request, before| {
            let _ = stream.write_all(&answer(&request, before));
        })
    }

    /// Hands every connection over once its request is read.
    pub(crate) fn doing(act: impl Fn(TcpStream, Received, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let rogue = Self { address: listener.local_addr().unwrap(), received: Arc::default(), over: Arc::default() };
        let (received, over, act) = (Arc::clone(&rogue.received), Arc::clone(&rogue.over), Arc::new(act));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), received, act) = (stream, Arc::clone(&received), Arc::clone(&act)) else { return };
                std::thread::spawn(move || {
                    let Some(request) = read_request(&stream) else { return };
                    let before = {
                        let mut received = received.lock().unwrap();
                        received.push(request.clone());
                        received.len() - 1
                    };
                    act(stream, request, before);
                });
            }
        });
        rogue
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

pub(crate) fn read_request(stream: &TcpStream) -> Option<Received> {
    stream.set_read_timeout(Some(TEST_TIMEOUT)).ok()?;
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Received { head, body: String::from_utf8_lossy(&body).into_owned() })
}

/// An HTTP answer; `headers` are whole lines without their ends.
pub(crate) fn answer(status: u16, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes =
        format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// An address of this machine at which nobody listens: no server of another test can get this port.
pub(crate) const DEAD_END: &str = "http://127.0.0.1:1";

/// From now on the stored login and the client file name another token endpoint.
pub(crate) fn move_token_endpoint(sandbox: &Sandbox, url: &str) {
    let mut client: Value = serde_json::from_slice(&fs::read(sandbox.client_secrets()).unwrap()).unwrap();
    client["installed"]["token_uri"] = Value::from(url);
    fs::write(sandbox.client_secrets(), client.to_string()).unwrap();
    sandbox.change_record(ACCOUNT, |record| record["token_endpoint"] = Value::from(url));
}

/// The bytes of the record.
pub(crate) fn record_bytes(sandbox: &Sandbox) -> Vec<u8> {
    fs::read(sandbox.record_path(ACCOUNT)).unwrap()
}

/// Names in a directory, sorted.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Starts a command with piped streams.
pub(crate) fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(crate) fn send_signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Sends a signal, and once more when the program has had the time to see it: the first one waits for what is in flight.
pub(crate) fn interrupt_twice(child: &Child, signal: Signal) {
    send_signal(child, signal);
    std::thread::sleep(Duration::from_millis(500));
    send_signal(child, signal);
}

/// Gives everything in the home to the user who will run the commands: nobody, when the tests run as root, for whom
/// modes mean nothing. Says loudly when that cannot be, and then the test proves nothing.
pub(crate) fn give_away(sandbox: &Sandbox, test: &str) -> bool {
    if !rustix::process::geteuid().is_root() {
        return true;
    }
    let bin = sandbox.path("bin/chatauth");
    if !bin.exists() {
        fs::hard_link(env!("CARGO_BIN_EXE_chatauth"), &bin)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_chatauth"), &bin).map(drop))
            .unwrap();
        fs::remove_file(sandbox.path("bin/chatauth-browser")).unwrap();
        std::os::unix::fs::symlink(&bin, sandbox.path("bin/chatauth-browser")).unwrap();
    }
    if as_user(sandbox, ["--version"]).output().is_ok_and(|output| output.status.success()) {
        give(&sandbox.path(""));
        return true;
    }
    not_run(test, "root cannot run a program as another user here");
    false
}

fn give(path: &Path) {
    if path.file_name().is_some_and(|name| name == "chatauth") {
        return;
    }
    rustix::fs::chownat(
        rustix::fs::CWD,
        path,
        Some(rustix::fs::Uid::from_raw(NOBODY)),
        Some(rustix::fs::Gid::from_raw(NOBODY)),
        rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
    )
    .unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

/// The binary as the user of [`give_away`].
pub(crate) fn as_user<Words>(sandbox: &Sandbox, words: Words) -> Command
where
    Words: IntoIterator,
    Words::Item: AsRef<OsStr>,
{
    let plain = sandbox.command(words);
    if !rustix::process::geteuid().is_root() {
        return plain;
    }
    let mut command = wrapped(&plain, &[sandbox.path("bin/chatauth").as_os_str()]);
    without_rights(&mut command);
    command
}

/// Lets a command run as nobody, when the tests run as root.
pub(crate) fn without_rights(command: &mut Command) {
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
}

/// Makes a file belong to somebody else; `false` where only root could.
pub(crate) fn give_to_nobody(path: &Path) -> bool {
    rustix::process::geteuid().is_root() && chown(path, Some(NOBODY), Some(NOBODY)).is_ok()
}

/// The arguments, variables and directory of a command under another program with its own words before.
pub(crate) fn wrapped(plain: &Command, words: &[&OsStr]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(plain.get_args()).env_clear().stdin(Stdio::null());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(plain.get_current_dir().unwrap());
    command
}

/// The binary and its children under `strace` with these options; `None`, said loudly, where there is none or it may
/// not trace.
pub(crate) fn traced<Words>(
    sandbox: &Sandbox,
    test: &str,
    options: &[impl AsRef<OsStr>],
    words: Words,
) -> Option<Command>
where
    Words: IntoIterator,
    Words::Item: AsRef<OsStr>,
{
    let options: Vec<&OsStr> = iter::once("-f".as_ref()).chain(options.iter().map(AsRef::as_ref)).collect();
    traced_alone(sandbox, test, &options, words)
}

/// The same for its first thread alone, which does all that touches files: what a browser does is not counted.
pub(crate) fn traced_alone<Words>(
    sandbox: &Sandbox,
    test: &str,
    options: &[impl AsRef<OsStr>],
    words: Words,
) -> Option<Command>
where
    Words: IntoIterator,
    Words::Item: AsRef<OsStr>,
{
    let probe = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        not_run(test, "strace is not installed or may not trace");
        return None;
    }
    if !sees_descriptors(test) {
        return None;
    }
    let trace = sandbox.path("trace");
    let mut before: Vec<&OsStr> = ["strace", "-y", "-s", "4096", "-o"].map(OsStr::new).to_vec();
    before.push(trace.as_os_str());
    before.extend(options.iter().map(AsRef::as_ref));
    before.push(OsStr::new(env!("CARGO_BIN_EXE_chatauth")));
    Some(wrapped(&sandbox.command(words), &before))
}
