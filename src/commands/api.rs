//! `chatauth api`: any method of the Chat API, in the manner of `gh api`.

use std::io::Read;

use http::Method as Verb;
use serde_json::Value;

use crate::auth::{self, Record, Scope, ScopeSet};
use crate::chat::{ApiPath, RawRequest};
use crate::commands::caller::Caller;
use crate::commands::{Context, ErrorCode, Failure};

mod answer;
mod fields;
mod scopes;

use answer::Answers;

/// More than any request that the API takes.
const LONGEST_INPUT: u64 = 64 * 1024 * 1024;

/// The options of the command, as the person wrote them.
#[derive(Debug, Default)]
pub struct Options {
    /// The HTTP method.
    pub method: String,
    /// The path below the endpoint.
    pub path: String,
    /// `key=value`, as text.
    pub raw_fields: Vec<String>,
    /// `key=value`, as what the value looks like.
    pub typed_fields: Vec<String>,
    /// The file that holds the body; `-` is standard input.
    pub input: Option<String>,
    /// `key=value` for the query.
    pub query: Vec<String>,
    /// The scopes that the call needs.
    pub scopes: Vec<String>,
    /// Follow `nextPageToken`.
    pub paginate: bool,
    /// Print the status and the headers too.
    pub include: bool,
}

/// Calls a method and prints its answer.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    if context.printer.format().is_for_lists_only() {
        return Err(Failure::usage("api prints JSON: --format csv is for lists of spaces and members")
            .hint("--jq '.spaces[] | [.name, .displayName] | @csv' makes records of what you choose")
            .into());
    }
    let mut request = request(&options)?;
    let asked = crate::commands::auth::scopes(&options.scopes)?;
    let needed = if asked.is_empty() { known_scopes(&request, context)? } else { asked };
    let mut caller = Caller::with_scopes(context, needed).await?;
    let mut answers = Answers::new(&context.printer, options.include, options.paginate);
    loop {
        let answer = match caller.send(&request).await {
            Ok(answer) => answer,
            Err(error) => {
                if let Some(answer) = error.api().and_then(|error| error.answer.as_ref()) {
                    // As gh does: what the server said is on standard output, what it means on standard error.
                    let _ = answers.refused(answer);
                }
                return Err(error.into());
            }
        };
        let next = answers.page(&answer)?;
        match next.filter(|_| options.paginate) {
            None => break,
            Some(token) => turn_page(&mut request, token)?,
        }
    }
    Ok(answers.finish()?)
}

/// Asks for the next page; a server that gives the same one again would be asked for ever.
fn turn_page(request: &mut RawRequest, token: String) -> Result<(), Failure> {
    let page = request.query.iter_mut().find(|(name, _)| name == "pageToken");
    match page {
        Some((_, current)) if *current == token => {
            Err(Failure::new(ErrorCode::ServerError, "the server gives the same nextPageToken again and again"))
        }
        Some((_, current)) => {
            *current = token;
            Ok(())
        }
        None => {
            request.query.push((String::from("pageToken"), token));
            Ok(())
        }
    }
}

/// What a method that is known here needs; any login will do for the others.
fn known_scopes(request: &RawRequest, context: &Context) -> Result<ScopeSet, Failure> {
    let session = context.session();
    if context.settings.access_token.is_some() {
        return Ok(ScopeSet::default());
    }
    let chosen = match session.account() {
        _ if !context.settings.uses_login() => None,
        Ok(account) => Some(account),
        Err(auth::Error::LoginNeeded(_)) => None,
        Err(error) => return Err(context.report(error)),
    };
    // A record that cannot be read is reported by whoever needs it.
    let record = chosen.as_ref().and_then(|account| session.record(account).ok().flatten());
    let granted = record.as_ref().map_or_else(ScopeSet::default, Record::granted);
    let nobody = record.is_none();
    Ok(scopes::needed(request, &granted).unwrap_or_else(|| {
        let first = nobody.then(|| Scope::google("chat.spaces.readonly"));
        first.into_iter().collect()
    }))
}

fn request(options: &Options) -> Result<RawRequest, Failure> {
    let verb = match options.method.to_ascii_uppercase().as_str() {
        "GET" => Verb::GET,
        "HEAD" => Verb::HEAD,
        "POST" => Verb::POST,
        "PUT" => Verb::PUT,
        "PATCH" => Verb::PATCH,
        "DELETE" => Verb::DELETE,
        _ => {
            return Err(Failure::usage(format!("{:?} is no method of the API", options.method))
                .hint("the method stands before the path: chatauth api GET v1/spaces"));
        }
    };
    let (path, mut query) = ApiPath::parse(&options.path)
        .map_err(|error| Failure::usage(format!("the path {:?} {error}", options.path)))?;
    for pair in &options.query {
        let (name, value) = pair
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| Failure::usage(format!("--query {pair:?} is no key=value")))?;
        query.push((name.to_owned(), value.to_owned()));
    }
    let reads = matches!(verb, Verb::GET | Verb::HEAD);
    if options.paginate && verb != Verb::GET {
        return Err(Failure::usage("--paginate goes with GET"));
    }
    if reads && options.input.is_some() {
        return Err(Failure::usage(format!("{verb} has no body: --input does not go with it")));
    }
    let mut stdin_is_read = options.input.as_deref() == Some("-");
    let mut read_text = |file: &str| {
        if file == "-" && std::mem::replace(&mut stdin_is_read, true) {
            return Err(Failure::usage("standard input can be read once only"));
        }
        let bytes = read_input(file)?;
        String::from_utf8(bytes).map_err(|_| Failure::new(ErrorCode::InputInvalid, format!("{file:?} is not UTF-8")))
    };
    let object = fields::object(&options.raw_fields, &options.typed_fields, &mut read_text)?;
    // Beside a body from a file, fields can only be meant for the query.
    let body = if reads || options.input.is_some() {
        query.extend(fields::query(&object));
        options.input.as_deref().map(read_body).transpose()?
    } else {
        (!object.is_empty()).then(|| Value::Object(object).to_string().into_bytes())
    };
    Ok(RawRequest { verb, path, query, body })
}

/// The body from a file, byte for byte: digits, keys and their order are the person's own.
fn read_body(file: &str) -> Result<Vec<u8>, Failure> {
    let bytes = read_input(file)?;
    match serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::new(ErrorCode::InputInvalid, format!("--input {file:?} is no JSON: {error}"))),
    }
}

fn read_input(file: &str) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        let name = if file == "-" { String::from("standard input") } else { format!("{file:?}") };
        Failure::new(ErrorCode::InputInvalid, format!("{name} cannot be read: {error}"))
    };
    let source: Box<dyn Read> = if file == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(|error| failed(&error))?)
    };
    let mut bytes = Vec::new();
    source.take(LONGEST_INPUT + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LONGEST_INPUT { Err(failed(&"it is longer than any request")) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests;
