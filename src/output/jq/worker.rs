//! The process that runs an expression: this program, started again with the expression as its argument. Documents go
//! in and results come out as JSON, one a line.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::time::Instant;

use serde_json::Value;

use super::super::error::Error;
use super::program::Program;
use crate::platform::{StandardStream, limit_memory, signals};

/// The first argument of the process; the expression is the second.
const NAME: &str = "__jq";

/// The stack of the evaluation, in bytes: enough for expressions that recurse. Only what is used takes memory.
pub(super) const STACK: usize = 64 * 1024 * 1024;

/// The memory limit of the process, in bytes.
const MEMORY: u64 = 2 * 1024 * 1024 * 1024;

/// How many results may wait for the writer.
const AHEAD: usize = 64;

/// The first byte of each line that comes out: a result, the end of the results, or an error.
const RESULT: u8 = b'=';
const END: u8 = b'.';
const ERROR: u8 = b'!';

/// The process that runs an expression.
pub(super) struct Worker {
    process: Child,
    input: ChildStdin,
    lines: Receiver<Vec<u8>>,
    is_idle: bool,
}

impl Worker {
    /// Starts the process and waits until it has compiled the expression.
    pub(super) fn start(expression: &str) -> Result<Self, Error> {
        let mut command = Command::new(this_program()?);
        // What it has to say on stderr goes nowhere: a pipe without a reader needs no /dev/null.
        command.args([NAME, expression]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_remove("CHATAUTH_ACCESS_TOKEN");
        // Ctrl-C is for the program, which decides when the process ends.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command.spawn()?;
        drop(process.stderr.take());
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else { return Err(ended()) };
        let (sender, lines) = sync_channel(AHEAD);
        let read = move || {
            let lines = BufReader::new(output).split(b'\n').map_while(Result::ok);
            let _ = lines.into_iter().try_for_each(|line| sender.send(line));
        };
        let mut worker = Self { process, input, lines, is_idle: false };
        std::thread::Builder::new().name(String::from("jq")).spawn(read)?;
        worker.results(|_| Ok(()))?;
        Ok(worker)
    }

    /// Runs the expression on a document and passes each result to `emit`, as JSON.
    ///
    /// # Errors
    /// The expression or `emit` fails, the process ends, or a signal asks the program to stop.
    pub(super) fn run(&mut self, input: &Value, emit: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        signals::watch_in_background()?;
        self.is_idle = false;
        self.input.write_all(format!("{input}\n").as_bytes()).map_err(|_| ended())?;
        self.results(emit)
    }

    /// Whether the process waits for another document.
    pub(super) const fn is_idle(&self) -> bool {
        self.is_idle
    }

    fn results(&mut self, mut emit: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let started = Instant::now();
        loop {
            match self.lines.recv_timeout(signals::POLL_INTERVAL) {
                Ok(line) => match line.split_first() {
                    Some((&RESULT, json)) => emit(json)?,
                    Some((&END, _)) => {
                        self.is_idle = true;
                        return Ok(());
                    }
                    Some((&ERROR, problem)) => {
                        self.is_idle = true;
                        return Err(Error::Filter(serde_json::from_slice(problem).unwrap_or_default()));
                    }
                    _ => return Err(ended()),
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(ended()),
            }
            if let Some(interruption) = signals::received()
                && started.elapsed() > signals::GRACE
            {
                return Err(Error::Interrupted(interruption));
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the path of this program. Linux knows it from `/proc`; in a root without it, the caller's name for it serves.
fn this_program() -> io::Result<OsString> {
    let called = || std::env::args_os().next();
    std::env::current_exe().map(Into::into).or_else(|error| called().ok_or(error))
}

fn ended() -> Error {
    Error::Filter(String::from("the expression ran out of memory or recurses too deep"))
}

/// Runs an expression for a `Worker` and returns the exit code; `None` if the arguments do not ask for it.
pub fn serve(arguments: &[OsString]) -> Option<ExitCode> {
    let [_, name, expression] = arguments else { return None };
    if name != NAME {
        return None;
    }
    limit_memory(MEMORY);
    let expression = expression.to_string_lossy().into_owned();
    let (documents, waiting) = channel::<String>();
    let (ended, either) = channel();
    let (evaluation, reading) = (AtEnd(ended.clone()), AtEnd(ended));
    let evaluate = move || {
        let _evaluation = evaluation;
        answer(&expression, waiting)
    };
    let read = move || {
        let _reading = reading;
        let _ = io::stdin().lock().lines().map_while(Result::ok).try_for_each(|document| documents.send(document));
    };
    let evaluation = std::thread::Builder::new().stack_size(STACK).spawn(evaluate);
    let reading = std::thread::Builder::new().spawn(read);
    // The process ends as soon as nothing more can come in, whatever the expression is doing.
    let done = evaluation.is_ok() && reading.is_ok() && either.recv().is_ok();
    Some(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reports the end of a thread, also after a panic.
struct AtEnd(Sender<()>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Compiles the expression and runs it on one document after another.
fn answer(expression: &str, documents: Receiver<String>) -> io::Result<()> {
    let mut out = StandardStream::output();
    let program = match Program::compile(expression) {
        Ok(program) => program,
        Err(problem) => return end(&mut out, Err(problem)),
    };
    end(&mut out, Ok(()))?;
    for document in documents {
        let result = program.run(&document, |json| line(&mut out, RESULT, json).is_ok());
        end(&mut out, result)?;
    }
    Ok(())
}

fn end(out: &mut impl Write, result: Result<(), String>) -> io::Result<()> {
    match result {
        Ok(()) => line(out, END, b""),
        Err(problem) => line(out, ERROR, Value::from(problem).to_string().as_bytes()),
    }
}

fn line(out: &mut impl Write, kind: u8, text: &[u8]) -> io::Result<()> {
    out.write_all(&[&[kind], text, b"\n"].concat())
}
