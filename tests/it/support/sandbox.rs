//! A home of its own for each test: an emulator, a client file, a configuration directory, and the built binary with
//! an environment that nothing leaks into.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use chatauth::emulator::{Control, Emulator, Options};
use chatauth::platform::Clock;
use serde_json::Value;

/// How long anything may take before the test gives up. Ten times what it should.
pub(crate) const TEST_TIMEOUT: Duration = Duration::from_mins(1);

/// The home of one test.
pub(crate) struct Sandbox {
    home: tempfile::TempDir,
    origin: String,
    control: Control,
    emulator: std::sync::Arc<Emulator>,
    secrets_may_show: bool,
    // Dropped last: ends the emulator's thread.
    _stop: tokio::sync::oneshot::Sender<()>,
}

/// What a finished command left behind.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// A sandbox whose emulator consents to everything at once.
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    /// A sandbox with an emulator of this kind.
    pub(crate) fn with(options: Options) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (ready, started) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let emulator = Emulator::start(options, Clock::new(time::OffsetDateTime::now_utc)).await.unwrap();
                ready.send(std::sync::Arc::new(emulator)).unwrap();
                let _ = stopped.await;
            });
        });
        let emulator = started.recv_timeout(TEST_TIMEOUT).expect("the emulator did not start");
        let home = tempfile::tempdir().unwrap();
        let sandbox = Self {
            origin: emulator.origin(),
            control: emulator.control(),
            emulator,
            home,
            secrets_may_show: false,
            _stop: stop,
        };
        let bin = sandbox.path("bin");
        fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_chatauth"), bin.join("chatauth-browser")).unwrap();
        fs::write(sandbox.client_secrets(), sandbox.emulator.client_secrets()).unwrap();
        sandbox
    }

    /// Lets tokens show on stderr: for the one kind of test whose subject prints them.
    pub(crate) fn secrets_may_show(mut self) -> Self {
        self.secrets_may_show = true;
        self
    }

    /// A path below the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn client_secrets(&self) -> PathBuf {
        self.path("client_secrets.json")
    }

    pub(crate) fn config_directory(&self) -> PathBuf {
        self.path("config")
    }

    /// The record of an account.
    pub(crate) fn record_path(&self, account: &str) -> PathBuf {
        self.config_directory().join("accounts").join(format!("{account}.json"))
    }

    pub(crate) fn record(&self, account: &str) -> Value {
        serde_json::from_slice(&fs::read(self.record_path(account)).unwrap()).unwrap()
    }

    /// Changes the record of an account in place.
    pub(crate) fn change_record(&self, account: &str, change: impl FnOnce(&mut Value)) {
        let mut record = self.record(account);
        change(&mut record);
        fs::write(self.record_path(account), record.to_string()).unwrap();
    }

    /// Makes the stored access token look as if its time were over, as it will be in an hour.
    pub(crate) fn expire_stored_token(&self, account: &str) {
        self.change_record(account, |record| {
            record["issued_at"] = Value::from("2020-01-01T00:00:00Z");
            record["expires_at"] = Value::from("2020-01-01T01:00:00Z");
        });
    }

    pub(crate) fn control(&self) -> &Control {
        &self.control
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The binary with an environment of its own: no proxy, no home of the developer's, a browser that consents.
    pub(crate) fn command<Words>(&self, words: Words) -> Command
    where
        Words: IntoIterator,
        Words::Item: AsRef<OsStr>,
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatauth"));
        command
            .args(words)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("CHATAUTH_CLIENT_SECRETS", self.client_secrets())
            .env("CHATAUTH_CONFIG_DIR", self.config_directory())
            .env("CHATAUTH_API_ENDPOINT", &self.origin)
            .env("BROWSER", self.path("bin/chatauth-browser"))
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end, without a terminal.
    pub(crate) fn run<Words>(&self, words: Words) -> Finished
    where
        Words: IntoIterator,
        Words::Item: AsRef<OsStr>,
    {
        self.finish(self.command(words))
    }

    /// Runs a command that ends well, and returns the name of the resource that it prints.
    pub(crate) fn name_of(&self, words: &[&str]) -> String {
        self.run([words, &["--format", "name"]].concat()).success().stdout.trim().to_owned()
    }

    /// Pastes command lines into a shell of the same environment.
    pub(crate) fn paste(&self, lines: &str) -> Finished {
        let plain = self.command([""; 0]);
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(lines).env_clear();
        shell.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(self.home.path()).stdin(Stdio::null());
        self.finish(shell)
    }

    /// Runs a command to its end, and fails the test when a secret shows on stderr.
    pub(crate) fn finish(&self, mut command: Command) -> Finished {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        self.wait(child)
    }

    /// Waits for a child whose streams are piped.
    pub(crate) fn wait(&self, mut child: Child) -> Finished {
        let stdout = reader(child.stdout.take());
        let stderr = reader(child.stderr.take());
        let deadline = Instant::now() + TEST_TIMEOUT;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the command did not end; stderr: {}", stderr.join().unwrap());
            }
            // Looking again is all that a wait with a limit can be; nothing depends on how long this is.
            std::thread::park_timeout(Duration::from_millis(5));
        };
        let finished = Finished { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() };
        self.check_secrets(&finished.stderr);
        finished
    }

    /// Fails the test when a token, code, verifier or client secret that the emulator has seen stands in `text`.
    pub(crate) fn check_secrets(&self, text: &str) {
        if self.secrets_may_show {
            return;
        }
        for secret in self.control.secrets() {
            assert!(!text.contains(&secret), "a secret shows: {}", text.replace(&secret, "<<<HERE>>>"));
        }
    }

    /// Logs in, and leaves the request log empty.
    pub(crate) fn log_in(&self) {
        self.run(["auth", "login"]).success();
        self.control.clear_requests();
    }

    /// Writes a program for `$BROWSER` to start; gives its path.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path("bin").join(name);
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o700)).unwrap();
        path
    }
}

/// Reads a stream to its end on a thread of its own, so that a full pipe never stops the child.
fn reader(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

impl Finished {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Asserts exit code 0.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        self.exits_with(0)
    }

    /// Asserts this exit code.
    #[track_caller]
    pub(crate) fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// The error object on the last line of stderr.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let line = self.stderr.lines().last().unwrap_or_default();
        let document: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {}", self.stderr));
        document["error"].clone()
    }
}

/// The file's permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}
