//! An expression of jq, compiled and run by jaq with the builtins of `prelude.jq`.

use jaq_core::load::{self, Arena, File, Loader, parse};
use jaq_core::native::Fun;
use jaq_core::{Compiler, Ctx, Vars, unwrap_valr};
use jaq_json::{Val, read};

use super::functions::{self, Data};
use super::syntax;

use crate::platform::sanitise::quoted;

const PRELUDE: &str = include_str!("prelude.jq");

/// The builtins of jq 1.7 that reach outside of the expression. They are rejected by name.
pub(super) const REFUSED: &[&str] = &[
    "builtins",
    "debug",
    "env",
    "get_jq_origin",
    "get_prog_origin",
    "get_search_list",
    "halt",
    "halt_error",
    "input",
    "input_filename",
    "input_line_number",
    "inputs",
    "modulemeta",
    "stderr",
    "@base32",
    "@base32d",
    "$ENV",
    "$__loc__",
    "$__prog_args",
];

/// The builtins of jaq that `prelude.jq` replaces.
const REPLACED: &[&str] = &[
    "capture",
    "capture_of_match",
    "debug_empty",
    "fromjson",
    "gsub",
    "match",
    "matches",
    "scan",
    "scan_",
    "split",
    "split_",
    "split_matches",
    "splits",
    "stderr_empty",
    "sub",
    "test",
    "tobytes",
    "tojson",
];

/// The name under which the prelude has the expression itself.
const MAIN: &str = "_main";

/// An expression, ready to run.
pub(super) struct Program(jaq_core::Filter<Data>);

impl Program {
    /// Compiles an expression; an error is what is wrong with it.
    pub(super) fn compile(expression: &str) -> Result<Self, String> {
        let arena = Arena::default();
        // In jq, an empty program is the identity.
        let is_empty = expression.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#'));
        let expression = if is_empty { "." } else { expression };
        // Read once to tell what is wrong with it, and once as a tree that can be changed.
        Loader::new([]).load(&arena, File { code: expression, path: () }).map_err(|errors| {
            let unknown = if expression.contains("?//") { "; ?// is not available here" } else { "" };
            problem(errors.into_iter().map(|(_, error)| describe(&error))) + unknown
        })?;
        let tree = parse(expression, |parser| parser.term()).ok_or("it uses modules, which do not exist here")?;
        let main = parse::Def { name: MAIN, args: Vec::new(), body: syntax::as_jq(tree) };
        let theirs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let ours = parse(PRELUDE, |parser| parser.defs()).ok_or("the prelude cannot be read")?;
        let mut definitions: Vec<_> = theirs.filter(|definition| is_kept(definition.name)).chain(ours).collect();
        definitions.push(main);
        let modules = Loader::new(definitions)
            .load(&arena, File { code: MAIN, path: () })
            .map_err(|_| "the prelude cannot be loaded")?;
        let filter = Compiler::default().with_funs(functions()).compile(modules).map_err(|errors| {
            problem(errors.into_iter().flat_map(|(_, errors)| errors).map(|(name, kind)| {
                if REFUSED.contains(&name) {
                    format!("{name} is not available here")
                } else {
                    format!("there is no {} {name}", kind.as_str())
                }
            }))
        })?;
        Ok(Self(filter))
    }

    /// Runs the expression on a JSON document and passes each result to `emit`, as JSON on one line, until it returns false.
    pub(super) fn run(&self, input: &str, mut emit: impl FnMut(&[u8]) -> bool) -> Result<(), String> {
        let input = read::parse_single(input.as_bytes()).map_err(|error| error.to_string())?;
        let context = Ctx::<Data>::new(&self.0.lut, Vars::new([]));
        for result in self.0.id.run((context, input)).map(unwrap_valr) {
            let json = result.and_then(|value| functions::to_json(&value)).map_err(message)?;
            if !emit(&json) {
                break;
            }
        }
        Ok(())
    }
}

/// Returns what an error says: text as it is, and everything else as JSON.
fn message(error: jaq_core::Error<Val>) -> String {
    match error.into_val() {
        Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
        value => value.to_string(),
    }
}

fn is_kept(name: &str) -> bool {
    !REFUSED.contains(&name) && !REPLACED.contains(&name)
}

fn functions() -> impl Iterator<Item = Fun<Data>> {
    let theirs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    theirs.filter(|(name, ..)| is_kept(name)).chain(functions::functions())
}

fn problem(problems: impl Iterator<Item = String>) -> String {
    problems.collect::<Vec<_>>().join("; ")
}

fn describe(error: &load::Error<&str>) -> String {
    let missing = |expected: &str, rest: &str| {
        let rest: String = rest.chars().take(30).collect();
        if rest.is_empty() {
            format!("{expected} is missing at the end")
        } else {
            format!("{expected} is missing at {}", quoted(&rest))
        }
    };
    match error {
        load::Error::Io(_) => String::from("modules cannot be loaded here"),
        load::Error::Lex(errors) => problem(errors.iter().map(|(expected, rest)| missing(expected.as_str(), rest))),
        load::Error::Parse(errors) => problem(errors.iter().map(|(expected, rest)| missing(expected.as_str(), rest))),
    }
}
