//! The filter of `--jq`: the language of jq, by jaq.
//!
//! Keys keep their order, and numbers their digits as long as the expression only passes them on; what it computes
//! has the precision of a 64-bit float, or any number of digits for whole numbers. What jaq has and JSON has not
//! (`nan`, `infinite`, bytes) is written as jaq writes it. Modules, `input` and `inputs` do not exist here, and
//! neither do `halt` and `env`: an expression can neither end the program nor read its secrets.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Instant;

use jaq_core::data::JustLut;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::native::Fun;
use jaq_core::{Compiler, Ctx, Vars, unwrap_valr};
use jaq_json::write::Pp;
use jaq_json::{Val, read};
use serde_json::Value;

use super::error::Error;
use super::json::escape;
use super::sanitise::sanitise_lines;
use crate::platform::signals;

type Data = JustLut<Val>;

/// What jq has and jaq leaves to its own program.
const FORMATS: &str = r#"
def _cell(f): if isarray or isobject then error("an array or object is no cell") elif . == null then "" elif isstring then f else tostring end;
def @csv: [.[] | _cell("\"" + (split("\"") | join("\"\"")) + "\"")] | join(",");
def @tsv: [.[] | _cell(split("\\") | join("\\\\") | split("\n") | join("\\n") | split("\r") | join("\\r") | split("\t") | join("\\t"))] | join("\t");
"#;

/// What reaches outside of the expression: not defined, so that its use is seen before anything is sent.
const WITHHELD: &[&str] = &["halt", "halt_error", "env", "debug", "debug_empty", "stderr", "stderr_empty"];

/// An expression, ready to run. It does so on a thread of its own: one that has no end must not keep a signal from
/// ending the program.
pub struct Filter {
    inputs: SyncSender<(String, Layout)>,
    results: Receiver<Event>,
}

/// What the main thread hears while an expression runs.
enum Event {
    /// A result, as it is written.
    Line(Vec<u8>),
    /// There are no more results.
    End(Result<(), Error>),
}

/// How many results may wait for the writer.
const AHEAD: usize = 64;

/// Enough for expressions that recurse; it is taken only as far as it is used.
const STACK: usize = 64 * 1024 * 1024;

/// An expression that is none; to be read after its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FilterError(String);

impl std::fmt::Debug for Filter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Filter")
    }
}

/// How what comes out is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Objects and arrays over several lines.
    pub(super) pretty: bool,
    /// Text is shown on a terminal, where its control characters must not act.
    pub(super) terminal: bool,
}

impl Filter {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(expression: &str) -> Result<Self, FilterError> {
        let expression = expression.to_owned();
        let (inputs, jobs) = sync_channel::<(String, Layout)>(0);
        let (sender, results) = sync_channel(AHEAD);
        let (compiled, verdict) = sync_channel(1);
        let work = move || {
            let program = match Program::compile(&expression) {
                Ok(program) => program,
                Err(error) => return drop(compiled.send(Err(error))),
            };
            // Whoever does not listen any more has ended.
            let _ = compiled.send(Ok(()));
            for (input, layout) in jobs {
                let end = program.run(&input, layout, |line| sender.send(Event::Line(line)).is_ok());
                let _ = sender.send(Event::End(end));
            }
        };
        std::thread::Builder::new()
            .name(String::from("jq"))
            .stack_size(STACK)
            .spawn(work)
            .map_err(|error| FilterError(error.to_string()))?;
        verdict.recv().unwrap_or_else(|_| Err(gone()))?;
        Ok(Self { inputs, results })
    }

    /// Runs the expression and writes each result as it comes: text raw, everything else as JSON. A signal that asks
    /// the program to stop is the error.
    pub(super) fn run(&self, input: &Value, layout: Layout, out: &mut dyn Write) -> Result<(), Error> {
        signals::watch_in_background()?;
        let started = Instant::now();
        self.inputs.send((input.to_string(), layout)).map_err(|_| Error::Filter(gone().0))?;
        loop {
            match self.results.recv_timeout(signals::POLL_INTERVAL) {
                Ok(Event::Line(line)) => out.write_all(&line)?,
                Ok(Event::End(end)) => return end,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Filter(gone().0)),
            }
            if let Some(interruption) = signals::received()
                && started.elapsed() > signals::GRACE
            {
                return Err(Error::Interrupted(interruption));
            }
        }
    }
}

/// The thread has ended, as it does when an expression panics.
fn gone() -> FilterError {
    FilterError(String::from("the expression could not be run"))
}

/// An expression on its thread.
struct Program(jaq_core::Filter<Data>);

impl Program {
    fn compile(expression: &str) -> Result<Self, FilterError> {
        let own = load::parse(FORMATS, |parser| parser.defs()).into_iter().flatten();
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(own);
        let definitions = definitions.filter(|definition| !WITHHELD.contains(&definition.name));
        let arena = Arena::default();
        let program = File { code: expression, path: () };
        let modules = Loader::new(definitions).load(&arena, program).map_err(|errors| {
            let what = errors.into_iter().map(|(_, error)| match error {
                load::Error::Io(_) => String::from("modules cannot be loaded here"),
                load::Error::Lex(errors) => {
                    describe(errors.iter().map(|(expected, rest)| (format!("{} is missing", expected.as_str()), *rest)))
                }
                load::Error::Parse(errors) => {
                    describe(errors.iter().map(|(expected, rest)| (format!("{} is missing", expected.as_str()), *rest)))
                }
            });
            FilterError(what.collect::<Vec<_>>().join("; "))
        })?;
        let filter = Compiler::default().with_funs(functions()).compile(modules).map_err(|errors| {
            let undefined = errors.into_iter().flat_map(|(_, errors)| errors);
            let what = undefined.map(|(name, what)| format!("there is no {} {name}", what.as_str()));
            FilterError(what.collect::<Vec<_>>().join("; "))
        })?;
        Ok(Self(filter))
    }

    /// Gives away each result as it comes, as long as somebody takes them.
    fn run(&self, input: &str, layout: Layout, mut give: impl FnMut(Vec<u8>) -> bool) -> Result<(), Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Filter(error.to_string());
        let input = read::parse_single(input.as_bytes()).map_err(|error| failed(&error))?;
        let context = Ctx::<Data>::new(&self.0.lut, Vars::new([]));
        for result in self.0.id.run((context, input)).map(unwrap_valr) {
            let mut line = text(&result.map_err(|error| failed(&error))?, layout)?;
            line.push(b'\n');
            if !give(line) {
                break;
            }
        }
        Ok(())
    }
}

fn functions() -> impl Iterator<Item = Fun<Data>> {
    let all = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    all.filter(|(name, ..)| !WITHHELD.contains(name))
}

fn describe<'a>(errors: impl Iterator<Item = (String, &'a str)>) -> String {
    let what = errors.map(|(what, rest)| {
        let rest: String = rest.chars().take(30).collect();
        if rest.is_empty() { format!("{what} at the end") } else { format!("{what} at {rest:?}") }
    });
    what.collect::<Vec<_>>().join("; ")
}

fn text(value: &Val, layout: Layout) -> io::Result<Vec<u8>> {
    if let Val::TStr(text) = value {
        return Ok(if layout.terminal {
            sanitise_lines(&String::from_utf8_lossy(text)).into_owned().into_bytes()
        } else {
            text.to_vec()
        });
    }
    let mut json = Vec::new();
    let style = Pp { indent: layout.pretty.then(|| String::from("  ")), sep_space: layout.pretty, ..Pp::default() };
    jaq_json::write::write(&mut json, &style, 0, value)?;
    Ok(escape(&String::from_utf8_lossy(&json)).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(expression: &str, input: &str, pretty: bool, terminal: bool) -> String {
        let mut out = Vec::new();
        let input = serde_json::from_str(input).unwrap();
        Filter::compile(expression).unwrap().run(&input, Layout { pretty, terminal }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_raw_and_the_rest_is_json() {
        let input = r#"{"z":"a b","a":[1,null],"n":12345678901234567890123,"d":1.50}"#;
        assert_eq!(filtered(".z, .a", input, false, false), "a b\n[1,null]\n");
        assert_eq!(filtered(".", input, false, false), format!("{input}\n"), "order and digits stay");
        assert_eq!(filtered("{a}", input, true, false), "{\n  \"a\": [\n    1,\n    null\n  ]\n}\n");
        assert_eq!(filtered("[.a[] | select(. != null)] | length", input, false, false), "1\n");
        assert_eq!(filtered("empty", input, false, false), "");
        assert_eq!(
            filtered(r#"[.z, "x\"y\t", "", 1, null] | @csv, @tsv"#, input, false, false),
            "\"a b\",\"x\"\"y\t\",\"\",1,\na b\tx\"y\\t\t\t1\t\n"
        );
        assert_eq!(
            filtered(
                r#""\(.z): \(.a | length)" , (.z | test("^a")), ("2026-01-01T00:00:00Z" | fromdate)"#,
                input,
                false,
                false
            ),
            "a b: 2\ntrue\n1767225600\n"
        );
    }

    #[test]
    fn a_terminal_sees_no_control_characters_and_a_pipe_gets_the_text() {
        let input = r#"{"s":"a\u001b[2J\u202e\nb"}"#;
        assert_eq!(filtered(".s", input, false, false), "a\u{1b}[2J\u{202e}\nb\n");
        assert_eq!(filtered(".s", input, false, true), "a\\u{1b}[2J\\u{202e}\nb\n");
        let json = filtered(".", input, false, false);
        assert!(!json.contains(['\u{1b}', '\u{202e}']), "{json}");
    }

    #[test]
    fn what_is_no_expression_is_refused_before_it_runs() {
        for (expression, part) in [
            (".[", "missing"),
            ("nosuch", "nosuch"),
            ("$x", "$x"),
            ("input", "input"),
            ("import \"a\" as a; .", "modules"),
        ] {
            let error = Filter::compile(expression).unwrap_err().to_string();
            assert!(error.contains(part), "{expression}: {error}");
        }
    }

    #[test]
    fn an_expression_cannot_end_the_program_or_read_its_environment() {
        for expression in
            ["halt", "halt(3)", "env", "$ENV", "debug", "debug(.)", "stderr", "halt_error", "halt_error(1)"]
        {
            assert!(Filter::compile(expression).is_err(), "{expression}");
        }
        let error = Filter::compile(".a").unwrap();
        let error = error.run(&Value::from(1), Layout { pretty: false, terminal: false }, &mut Vec::new());
        assert!(error.unwrap_err().to_string().starts_with("cannot apply --jq: "));
    }
}
