//! `chatauth api`: any method of the Chat API, in the manner of `gh api`.

use std::path::{Path, PathBuf};

use http::Method as Verb;
use serde_json::Value;

use crate::auth::{Scope, ScopeSet};
use crate::chat::{ApiPath, ErrorKind, Method, RawRequest, RawResponse};
use crate::commands::caller::{CallError, Caller, granted};
use crate::commands::pagination::SeenTokens;
use crate::commands::{Context, ErrorCode, Failure, Outcome, Source};
use crate::platform::command_line;
use crate::platform::sanitise::quoted;

mod fields;
mod response_printer;
mod routes;

use response_printer::ResponsePrinter;

/// The size limit of a body, in bytes: more than any request of the API.
const LONGEST_INPUT: u64 = 64 * 1024 * 1024;

/// Call any method of the Chat API with your login
#[derive(Debug, Default, clap::Args)]
#[command(after_help = examples!(
    "chatauth api GET v1/spaces --paginate --jq '.spaces[].name'",
    "chatauth api POST v1/spaces/AAAA/messages -f text='Hello'",
    "chatauth api PATCH v1/spaces/AAAA \\\n    --query updateMask=displayName -f displayName=New",
    "chatauth api POST v1/spaces:setup --input request.json",
    "chatauth api GET v1/spaces/AAAA/members -F pageSize=100 -i",
))]
pub struct Api {
    /// GET, HEAD, POST, PUT, PATCH or DELETE
    #[arg(value_name = "METHOD")]
    method: String,
    /// Path as in the API reference, with or without leading slash
    #[arg(value_name = "PATH")]
    path: String,
    /// Text field, of the body or query (repeatable)
    ///
    /// Fields of GET go into the query. Keys nest: a[b]=c and a[]=x.
    #[arg(short = 'f', long, value_name = "KEY=VALUE")]
    raw_field: Vec<String>,
    /// Typed field, such as 5, true, @FILE (repeatable)
    ///
    /// Numbers, true, false and null are sent as such. @FILE is the contents of a file, and @- standard input.
    #[arg(short = 'F', long, value_name = "KEY=VALUE")]
    field: Vec<String>,
    /// JSON file to send as the body; - is stdin
    ///
    /// Fields then go into the query.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    input: Option<PathBuf>,
    /// Query parameter (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    query: Vec<String>,
    /// Scope that the call needs (repeatable)
    ///
    /// A short name, such as chat.messages, or a full URL. Not needed for methods of spaces and members.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Fetch all pages
    ///
    /// json joins their lists; jsonl prints one page per line.
    #[arg(long)]
    paginate: bool,
    /// Print the status and headers before the body
    #[arg(short, long)]
    include: bool,
}

impl Api {
    /// Calls the method and prints its response.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        if context.printer.format().is_for_lists_only() {
            return Err(Failure::usage("api prints JSON: --format csv works for lists of spaces and members only")
                .hint("instead of --format csv, pass --jq '.spaces[] | [.name, .displayName] | @csv'")
                .into());
        }
        let mut request = request(&self)?;
        let asked = crate::commands::auth::scope_option::scopes(&self.scope)?;
        let needed = if asked.is_empty() { known_scopes(&request, context) } else { asked };
        let mut caller = Caller::with_scopes(context, needed).await?;
        let mut printer = ResponsePrinter::new(&context.printer, self.include, self.paginate);
        let mut seen = SeenTokens::default();
        loop {
            let answer = match caller.send(&request).await {
                Ok(answer) => answer,
                // An earlier attempt deleted it.
                Err(error)
                    if request.verb == Verb::DELETE && error.attempt.may_have_been_applied && error.is_not_found() =>
                {
                    context.messages.note(&format!("{} succeeded (the response was lost)", request.action()));
                    break;
                }
                Err(error) => {
                    if let Some(answer) = error.api().and_then(|error| error.answer.as_ref()) {
                        // As in gh, the response goes to standard output and its meaning to standard error.
                        let _ = printer.refused(answer);
                    }
                    return Err(seen.report(refusal(error, &request, !self.scope.is_empty(), context)).into());
                }
            };
            if self.paginate && !printer.continues(&answer) {
                let message = "cannot parse the server's response: expected a page of a list";
                let failure = Failure::new(ErrorCode::ServerError, message).hint("retry in a minute");
                return Err(seen.report(failure).into());
            }
            let next = printer.page(&answer).map_err(|error| {
                if request.is_read() {
                    return Failure::from(&error);
                }
                context.report_unprinted(error, &success(&request, &answer))
            })?;
            match next.filter(|_| self.paginate) {
                None => break,
                Some(token) => set_page_token(&mut request, token, &mut seen)?,
            }
        }
        Ok(printer.finish()?)
    }
}

/// Reports a refused request. `asked` is whether `--scope` was given: where a scope is missing then, or the method is not
/// known here, only a person can name it.
fn refusal(error: CallError, request: &RawRequest, asked: bool, context: &Context) -> Failure {
    let missing = error.api().filter(|error| matches!(error.kind, ErrorKind::ScopeInsufficient));
    let accepted = missing.map(|error| error.status.clone().unwrap_or_default().accepted_scopes);
    let is_known = routes::needed(request, &ScopeSet::default()).is_some();
    // A known method is found unless the endpoint is wrong; a page says nothing of the request then.
    let is_of_endpoint = is_known && !error.is_not_found();
    let failure = context.report(error);
    if request.verb == Verb::HEAD && failure.code == ErrorCode::NotFound {
        return failure.hint("to see why, use GET: no answer to HEAD has a message");
    }
    let is_of_request = matches!(failure.code, ErrorCode::AlreadyExists | ErrorCode::InvalidArgument)
        || failure.code == ErrorCode::NotFound && !is_of_endpoint;
    if is_of_request && failure.outcome != Some(Outcome::Unknown) && !routes::is_of_spaces(request) {
        return failure.hint("see https://developers.google.com/workspace/chat/api/reference/rest");
    }
    match accepted.filter(|_| asked || !is_known) {
        Some(scopes) if context.settings.access_token.is_none() => failure.hint(if scopes.is_empty() {
            String::from("pass the scope that the reference of the method names: --scope SCOPE")
        } else {
            let options = scopes.iter().map(|scope| command_line(["--scope", Scope::from_wire(scope).short()]));
            format!("pass {}", options.collect::<Vec<_>>().join(" or "))
        }),
        _ => failure,
    }
}

/// Describes a write that succeeded, with the name of what it returned.
fn success(request: &RawRequest, answer: &RawResponse) -> String {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let name = json["name"].as_str().map(|name| format!(" for {name}")).unwrap_or_default();
    format!("{} succeeded{name}", request.action())
}

/// Changes the request to the next page.
///
/// # Errors
/// A page token that came before.
fn set_page_token(request: &mut RawRequest, token: String, seen: &mut SeenTokens) -> Result<(), Failure> {
    let page = request.query.iter_mut().find(|(name, _)| name == "pageToken");
    if let Some((_, first)) = &page {
        // The token of the first request counts as seen. Adding that of a later page again is no error.
        let _ = seen.add(first);
    }
    seen.add(&token)?;
    match page {
        Some((_, current)) => *current = token,
        None => request.query.push((String::from("pageToken"), token)),
    }
    Ok(())
}

/// Returns the scopes of a method that is known here; for the others any login will do.
fn known_scopes(request: &RawRequest, context: &Context) -> ScopeSet {
    let granted = granted(context);
    let any_login = granted.is_some() || context.settings.access_token.is_some();
    routes::needed(request, &granted.unwrap_or_default()).unwrap_or_else(|| {
        let first = (!any_login).then(|| Scope::google("chat.spaces.readonly"));
        first.into_iter().collect()
    })
}

fn request(options: &Api) -> Result<RawRequest, Failure> {
    let verb = [Verb::GET, Verb::HEAD, Verb::POST, Verb::PUT, Verb::PATCH, Verb::DELETE]
        .into_iter()
        .find(|verb| verb.as_str().eq_ignore_ascii_case(&options.method))
        .ok_or_else(|| {
            Failure::usage(format!("{} is not an HTTP method of the API", quoted(&options.method)))
                .hint("put the method before the path, as in GET v1/spaces")
        })?;
    if let Some(path) = routes::with_version(&options.path) {
        let message = format!("the path {} has no version", quoted(&options.path));
        return Err(Failure::usage(message).hint(format!("write it as {path}")));
    }
    let (path, mut query) = ApiPath::parse(&options.path)
        .map_err(|error| Failure::usage(format!("the path {} {error}", quoted(&options.path))))?;
    for pair in &options.query {
        let (name, value) = pair
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| Failure::usage(format!("--query {} is not key=value", quoted(pair))))?;
        query.push((name.to_owned(), value.to_owned()));
    }
    let reads = matches!(verb, Verb::GET | Verb::HEAD);
    if options.paginate && verb != Verb::GET {
        return Err(Failure::usage("--paginate works with GET only"));
    }
    if reads && options.input.is_some() {
        return Err(Failure::usage(format!("{verb} has no body: --input cannot be used with it")));
    }
    let mut read_text = |file: &str| read_input(Path::new(file));
    let object = fields::object(&options.raw_field, &options.field, &mut read_text)?;
    // With a body from a file, fields go into the query.
    let body = if reads || options.input.is_some() {
        query.extend(fields::query(&object));
        options.input.as_deref().map(read_body).transpose()?
    } else {
        (!object.is_empty()).then(|| Value::Object(object).to_string().into_bytes())
    };
    Ok(RawRequest { verb, path, query, body })
}

/// Returns the body from a file unchanged, with its digits and its order of keys.
fn read_body(file: &Path) -> Result<Vec<u8>, Failure> {
    let text = read_input(file)?;
    match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => Ok(text.into_bytes()),
        Err(error) => {
            Err(Failure::new(ErrorCode::InputInvalid, format!("--input {} is not JSON: {error}", file.display())))
        }
    }
}

fn read_input(file: &Path) -> Result<String, Failure> {
    Source::new(file.into()).read_text(LONGEST_INPUT).map_err(|error| Failure::from(&error))
}

#[cfg(test)]
mod tests;
