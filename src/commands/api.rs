//! `chatauth api`: any method of the Chat API, in the manner of `gh api`.

use std::cell::RefCell;
use std::io::Read;

use http::Method;
use serde_json::Value;

use crate::auth::{Access, Record, Scope, ScopeSet};
use crate::chat::{self, ApiPath, RawAnswer, RawRequest};
use crate::commands::failure::{Action, Write};
use crate::commands::{Context, ErrorCode, Failure, InFlight, Outcome};
use crate::output::{Format, command_line};

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
pub async fn run(options: Options, context: &Context) -> Result<(), Failure> {
    if context.printer.format() == Format::Csv {
        return Err(Failure::usage("api prints JSON: --format csv is for lists of spaces and members")
            .hint("--jq '.spaces[] | [.name, .displayName] | @csv' makes records of what you choose"));
    }
    let mut request = request(&options)?;
    let asked = crate::commands::auth::scopes(&options.scopes)?;
    let chat = context.chat()?;
    let needed = if asked.is_empty() { known_scopes(&request, context)? } else { asked };
    let mut access = context.access(&needed).await?;
    let mut answers = Answers::new(&context.printer, options.include, options.paginate);
    loop {
        let last = RefCell::new(None);
        let result = send(&request, &chat, &mut access, context, &last).await;
        let answer = last.into_inner();
        if let Err(failure) = result {
            if let Some(answer) = answer {
                // As gh does: what the server said is on standard output, what it means on standard error.
                let _ = answers.refused(&answer);
            }
            return Err(failure);
        }
        let Some(answer) = answer else { break };
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

async fn send(
    request: &RawRequest,
    chat: &chat::Client,
    access: &mut Access,
    context: &Context,
    last: &RefCell<Option<RawAnswer>>,
) -> Result<(), Failure> {
    let operation = chat.operation();
    let request_id = request.request_id().filter(|_| !request.is_read());
    let repeat = command_line(&context.settings.invocation);
    if let Some(request_id) = &request_id {
        let request_id = request_id.clone();
        *context.pending.borrow_mut() = Some(InFlight {
            action: String::from("call the API"),
            request_id: Some(request_id),
            repeat: repeat.clone(),
            hint: None,
            rows: None,
        });
    }
    let call = async |token: &_| {
        // A refused token's answer is not the one to show when another token is tried.
        last.borrow_mut().take();
        chat.send_raw(token, request, &operation, last).await
    };
    let result = context.with_replacement(access, call).await;
    *context.pending.borrow_mut() = None;
    let write = request_id.as_deref().map(|id| Write { request_id: Some(id), repeat: &repeat });
    let applied = operation.may_have_been_applied();
    let failure = match result {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => {
            let name = format!("{} {}", request.method, request.path);
            let project = context.project();
            let scopes = access.record.as_ref().map(Record::granted).unwrap_or_default().without_identity();
            let action = Action {
                name: &name,
                write,
                project: project.as_deref(),
                account: access.account(),
                login: access.record.is_some(),
                scopes: &scopes,
                admin: false,
            };
            context.in_context(Failure::from_chat(&error, action))
        }
        Err(failure) => match write {
            Some(write) => failure.of_write(write, applied),
            None => failure,
        },
    };
    Err(if request.is_read() || write.is_some() { failure } else { of_plain_write(failure, applied) })
}

/// A write that nothing makes safe to repeat.
fn of_plain_write(mut failure: Failure, may_have_been_applied: bool) -> Failure {
    failure.outcome = Some(if may_have_been_applied { Outcome::Unknown } else { Outcome::NotApplied });
    if may_have_been_applied {
        if failure.code.exit_code() == 6 {
            failure.code = ErrorCode::OutcomeUnknown;
        }
        failure.message = format!("{}; whether the request was applied is not known", failure.message);
        failure.hint = Some(String::from(
            "look whether it was before you repeat it; where the method takes one, --query requestId=UUID makes \
             repeating safe",
        ));
    }
    failure
}

/// What a method that is known here needs; any login will do for the others.
fn known_scopes(request: &RawRequest, context: &Context) -> Result<ScopeSet, Failure> {
    let session = context.session();
    if context.settings.access_token.is_some() {
        return Ok(ScopeSet::default());
    }
    let chosen = if context.settings.uses_login() {
        session.chosen_account().map_err(|error| context.failure(error))?.ok()
    } else {
        None
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
    let method = match options.method.to_ascii_uppercase().as_str() {
        "GET" => Method::GET,
        "HEAD" => Method::HEAD,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
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
    let reads = matches!(method, Method::GET | Method::HEAD);
    if options.paginate && method != Method::GET {
        return Err(Failure::usage("--paginate goes with GET"));
    }
    if reads && options.input.is_some() {
        return Err(Failure::usage(format!("{method} has no body: --input does not go with it")));
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
    Ok(RawRequest { method, path, query, body })
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
