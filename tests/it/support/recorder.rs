//! A server that writes down what it is asked and answers what it is told: for requests, not for behaviour.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
}

impl Recorded {
    /// A query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it has this method and a path with this end.
    pub(crate) fn is(&self, method: &str, end: &str) -> bool {
        self.method == method && self.path.ends_with(end)
    }

    /// Method and path.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// An HTTP status and a body.
pub(crate) type Reply = (u16, Value);

/// Answers a request; also told how many there were before it.
type Answer = dyn Fn(&Recorded, usize) -> Reply + Send + Sync;

/// The server, with a home for the command that talks to it.
pub(crate) struct Recorder {
    home: tempfile::TempDir,
    origin: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

/// What a finished command left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) requests: Vec<Recorded>,
}

impl Run {
    #[track_caller]
    pub(crate) fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}\n{:#?}", self.stdout, self.stderr, self.requests);
        self
    }

    /// Method and path of every request.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests.iter().map(Recorded::line).collect()
    }
}

impl Recorder {
    /// A server that answers every request of the API as if all went well.
    pub(crate) fn accepting() -> Self {
        Self::with(|request, _| accepting(request))
    }

    /// A server that answers so.
    pub(crate) fn with(answer: impl Fn(&Recorded, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no port is free");
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<Recorded>>>::default();
        let (written, answer): (_, Arc<Answer>) = (Arc::clone(&requests), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (written, answer) = (Arc::clone(&written), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &written, &*answer));
            }
        });
        Self { home: tempfile::tempdir().unwrap(), origin, requests }
    }

    /// The binary, with a token and without anything of the developer's.
    pub(crate) fn command(&self, words: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatauth"));
        command
            .args(words)
            .env_clear()
            .env("HOME", self.home.path())
            .env("CHATAUTH_CONFIG_DIR", self.home.path().join("config"))
            .env("CHATAUTH_API_ENDPOINT", &self.origin)
            .env("CHATAUTH_ACCESS_TOKEN", "recorded-token")
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end; gives what it sent meanwhile.
    pub(crate) fn run(&self, words: &[impl AsRef<OsStr>]) -> Run {
        self.finish(self.command(words), "")
    }

    /// The same, with something on standard input.
    pub(crate) fn run_with_input(&self, words: &[&str], input: &str) -> Run {
        let mut command = self.command(words);
        command.stdin(Stdio::piped());
        self.finish(command, input)
    }

    fn finish(&self, mut command: Command, input: &str) -> Run {
        self.requests.lock().unwrap().clear();
        let mut child = command.spawn().unwrap();
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Run {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            requests: self.requests(),
        }
    }

    /// Runs the binary on a terminal, and types `answer` when `question` shows on it. What the terminal showed comes
    /// as stderr.
    pub(crate) fn run_on_terminal(&self, words: &[&str], question: &str, answer: &str) -> Run {
        self.requests.lock().unwrap().clear();
        let (master, terminal) = crate::support::pty_pair::open();
        let mut command = self.command(words);
        command.stdin(terminal.try_clone().unwrap()).stderr(terminal);
        let mut child = command.spawn().unwrap();
        // The parent's copies of the terminal live in the command; without them the end of the child can be seen.
        drop(command);
        let mut master = std::fs::File::from(master);
        let (mut shown, mut typed) = (String::new(), false);
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = master.read(&mut buffer) {
            shown += &String::from_utf8_lossy(&buffer[..count]);
            if !typed && shown.contains(question) {
                // The question stands before the reader does: canonical mode would end the line just as well.
                master.write_all(answer.as_bytes()).unwrap();
                typed = true;
            }
        }
        let mut stdout = String::new();
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let code = child.wait().unwrap().code();
        Run { code, stdout, stderr: shown, requests: self.requests() }
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    /// Writes a file beside the command; gives its name.
    pub(crate) fn file<'a>(&self, name: &'a str, content: &Value) -> &'a str {
        std::fs::write(self.home.path().join(name), content.to_string()).unwrap();
        name
    }
}

fn serve(stream: TcpStream, written: &Mutex<Vec<Recorded>>, answer: &Answer) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let before = {
            let mut written = written.lock().unwrap();
            written.push(request.clone());
            written.len() - 1
        };
        let (status, body) = answer(&request, before);
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        if reader.get_mut().write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Recorded> {
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    let mut bearer = String::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "authorization" => value.trim().clone_into(&mut bearer),
            _ => {}
        }
    }
    assert_eq!(bearer, "Bearer recorded-token");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Recorded {
        method,
        path: path.to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        body: (length > 0).then(|| serde_json::from_slice(&body).unwrap()),
    })
}

pub(crate) fn space() -> Value {
    json!({"name":"spaces/AAA","displayName":"Team","spaceType":"SPACE","spaceUri":"https://chat.google.com/room/AAA?cls=11",
        "spaceDetails":{"description":"old description","guidelines":"old guidelines"},"zUnknown":1.50})
}

pub(crate) fn membership(id: &str) -> Value {
    json!({"name":format!("spaces/AAA/members/{id}"),"state":"JOINED","role":"ROLE_MEMBER",
        "member":{"name":format!("users/{id}"),"type":"HUMAN"},"createTime":"2026-05-30T14:00:26Z"})
}

pub(crate) fn refusal(code: u16, status: &str) -> Reply {
    (code, json!({"error":{"code":code,"message":format!("said the server: {status}"),"status":status}}))
}

/// What the API answers when all goes well. Every list has two pages.
pub(crate) fn accepting(request: &Recorded) -> Reply {
    let next = if request.parameter("pageToken").is_none() { "page-2" } else { "" };
    let member = request.path.split("/members/").nth(1).filter(|id| !id.contains('@')).unwrap_or("108");
    let body = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v1/spaces" | "/v1/spaces:findGroupChats") => json!({"spaces":[space()],"nextPageToken":next}),
        ("GET", "/v1/spaces:search") => json!({"results":[{"space":space()}],"nextPageToken":next}),
        ("POST", path) if path.ends_with(":completeImport") => json!({"space":space()}),
        ("GET", path) if path.ends_with("/members") => json!({"memberships":[membership("108")],"nextPageToken":next}),
        (_, path) if path.contains("/members") => membership(member),
        ("DELETE", _) => json!({}),
        _ => space(),
    };
    (200, body)
}

/// `spaces create` with `count` members, and then with these words.
pub(crate) fn create_with(count: usize, more: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = ["spaces", "create", "--name", "x", "--format", "name"].map(str::to_owned).to_vec();
    words.extend((0..count).map(|id| format!("--member={id}")));
    words.extend(more.iter().map(|word| (*word).to_owned()));
    words
}
