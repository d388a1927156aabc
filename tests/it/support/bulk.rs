//! A bulk create in a sandbox, and how its rows, results and journal read.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use chatauth::emulator::{Endpoint, Fault};
use serde_json::Value;

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::stage::start;

/// A bulk create in a sandbox: `rows.csv`, `results.jsonl`, and as fast as the emulator answers.
pub(crate) struct Bulk {
    pub(crate) sandbox: Sandbox,
    pub(crate) words: Vec<String>,
}

impl Bulk {
    /// A run of these rows.
    pub(crate) fn of(sandbox: Sandbox, rows: &str) -> Self {
        let words = "spaces create --from rows.csv --journal results.jsonl --rate unlimited --format jsonl --no-input";
        let bulk = Self { sandbox, words: words.split(' ').map(str::to_owned).collect() };
        bulk.rows(rows);
        bulk
    }

    /// A run of these rows, logged in.
    pub(crate) fn logged_in(rows: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.log_in();
        Self::of(sandbox, rows)
    }

    /// The file says this from now on.
    pub(crate) fn rows(&self, rows: &str) {
        fs::write(self.sandbox.path("rows.csv"), rows).unwrap();
    }

    /// With more options.
    pub(crate) fn with(mut self, words: &str) -> Self {
        self.words.extend(words.split(' ').map(str::to_owned));
        self
    }

    pub(crate) fn command(&self) -> Command {
        self.sandbox.command(&self.words)
    }

    pub(crate) fn start(&self) -> Child {
        start(self.command())
    }

    pub(crate) fn run(&self) -> Finished {
        self.sandbox.run(&self.words)
    }

    /// Pastes a command into a shell.
    pub(crate) fn pasted(&self, line: &str) -> Finished {
        let own = self.command();
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(self.sandbox.path("")).stdin(Stdio::null());
        self.sandbox.finish(shell)
    }

    pub(crate) fn fault(&self, text: &str) {
        self.sandbox.control().add_fault(text.parse::<Fault>().unwrap());
    }

    pub(crate) fn journal_path(&self) -> PathBuf {
        self.sandbox.path("results.jsonl")
    }

    /// The entries of the journal.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.journal_path()).unwrap_or_default();
        text.lines().skip(1).filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Changes the entries of the journal.
    pub(crate) fn change_journal(&self, change: impl Fn(&mut Value)) {
        let text = fs::read_to_string(self.journal_path()).unwrap();
        let mut lines = text.lines();
        let mut changed = format!("{}\n", lines.next().unwrap());
        for line in lines {
            let mut entry: Value = serde_json::from_str(line).unwrap();
            change(&mut entry);
            writeln!(changed, "{entry}").unwrap();
        }
        fs::write(self.journal_path(), changed).unwrap();
    }

    /// The request ids that came with creates, in order.
    pub(crate) fn request_ids(&self) -> Vec<String> {
        let requests = self.sandbox.control().requests_to(Endpoint::Create);
        requests.iter().map(|request| request.query("requestId").unwrap().to_owned()).collect()
    }

    /// The names of the spaces there are, sorted.
    pub(crate) fn spaces(&self) -> Vec<String> {
        let spaces = self.sandbox.control().spaces();
        let mut names: Vec<String> =
            spaces.iter().map(|space| space["displayName"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }
}

/// The lines of a stream as they come, so that a test can wait for one with a limit.
pub(crate) fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A CSV file of so many names.
pub(crate) fn names(count: usize) -> String {
    let mut text = String::from("name\n");
    for number in 1..=count {
        writeln!(text, "Class {number:05}").unwrap();
    }
    text
}

/// The results on standard output.
pub(crate) fn results(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The statuses, in order; fails when the rows are not 1, 2, 3 …
#[track_caller]
pub(crate) fn statuses(text: &str) -> Vec<String> {
    let results = results(text);
    for (index, result) in results.iter().enumerate() {
        assert_eq!(result["row"], index + 1, "out of order: {text}");
    }
    results.iter().map(|result| result["status"].as_str().unwrap().to_owned()).collect()
}
