//! The filter of `--jq`: the language of jq 1.7, by jaq.
//!
//! Keys keep their order, and numbers their digits as long as the expression only passes them on. An expression can
//! neither end the program nor read its secrets: builtins that reach outside of it are refused.
//!
//! It runs in a process of its own, which is this program started again. An expression that runs out of stack or memory
//! ends only that process, and what was created is still reported.

mod functions;
mod program;
mod syntax;
#[cfg(test)]
mod tests;
mod worker;

use std::cell::RefCell;
use std::io::Write;

use serde_json::Value;

use super::error::Error;
use super::json::safe_json;
use crate::platform::sanitise::sanitise_lines;
use worker::Worker;

pub use worker::serve as serve_filter;

/// An expression, ready to run.
pub struct Filter {
    expression: String,
    /// The process that runs it. Once it has ended, the next document starts another.
    worker: RefCell<Option<Worker>>,
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it. The message follows the text of the expression.
    pub fn compile(expression: &str) -> Result<Self, String> {
        match Worker::start(expression) {
            Ok(worker) => Ok(Self { expression: expression.to_owned(), worker: RefCell::new(Some(worker)) }),
            Err(Error::Filter(problem)) => Err(problem),
            Err(Error::Write(error)) => Err(format!("cannot start the process that runs it: {error}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Runs the expression and writes each result as it comes: text raw, everything else as JSON, over several lines
    /// if `pretty`. On a `terminal`, control characters of text are escaped.
    ///
    /// # Errors
    /// The expression fails, the output refuses a result, or a signal asks the program to stop.
    pub(super) fn run(&self, input: &Value, pretty: bool, terminal: bool, out: &mut dyn Write) -> Result<(), Error> {
        let worker = self.worker.take();
        let mut worker = worker.map_or_else(|| Worker::start(&self.expression), Ok)?;
        let result = worker.run(input, |json| Ok(out.write_all(text(json, pretty, terminal)?.as_bytes())?));
        if worker.is_idle() {
            self.worker.replace(Some(worker));
        }
        result
    }
}

/// Returns a result as it is written.
fn text(json: &[u8], pretty: bool, terminal: bool) -> Result<String, Error> {
    let value: Value = serde_json::from_slice(json).map_err(|error| Error::Filter(error.to_string()))?;
    let mut text = match &value {
        Value::String(text) if terminal => sanitise_lines(text).into_owned(),
        Value::String(text) => text.clone(),
        value => safe_json(value, pretty),
    };
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod layout {
    use super::*;

    fn written(json: &str, pretty: bool, terminal: bool) -> String {
        text(json.as_bytes(), pretty, terminal).unwrap()
    }

    #[test]
    fn text_is_raw_and_the_rest_is_json() {
        let json = r#"{"z":"a b","a":[1,null],"n":12345678901234567890123,"d":1.50}"#;
        assert_eq!(written(json, false, false), format!("{json}\n"), "order and digits stay");
        assert_eq!(written(r#""a b""#, true, false), "a b\n");
        assert_eq!(written(r#"{"a":[1,null]}"#, true, false), "{\n  \"a\": [\n    1,\n    null\n  ]\n}\n");
    }

    #[test]
    fn a_terminal_sees_no_control_characters_and_a_pipe_gets_the_text() {
        let json = r#""a\u001b[2J\u202e\nb""#;
        assert_eq!(written(json, false, false), "a\u{1b}[2J\u{202e}\nb\n");
        assert_eq!(written(json, false, true), "a\\u{1b}[2J\\u{202e}\nb\n");
        assert!(!written(&format!("[{json}]"), false, false).contains(['\u{1b}', '\u{202e}']));
    }
}
