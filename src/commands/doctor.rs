//! `chatauth doctor`: everything that can be checked without creating a space, in the order in which it matters.

use serde_json::{Map, Value, json};

use crate::auth::{Access, ClientKind, ClientProbe, ClientSecretsError, Error, Freshness, Interaction, ScopeSet};
use crate::chat::{ErrorKind, ListSpaces, Paging};
use crate::commands::caller::Caller;
use crate::commands::clock_offset::describe_offset;
use crate::commands::report::console;
use crate::commands::{Context, ErrorCode, Failure, needed_scopes, version};
use crate::output::{Details, Item};

/// A clock that differs by more than this makes tokens fail.
const CLOCK_TOLERANCE: time::Duration = time::Duration::minutes(1);

/// How one check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warning,
    Failed,
    Skipped,
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One finding.
#[derive(Debug)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    detail: String,
    hint: Option<String>,
    code: Option<ErrorCode>,
}

/// The findings so far.
#[derive(Default)]
struct Findings(Vec<Check>);

impl Findings {
    fn add(&mut self, name: &'static str, verdict: Verdict, detail: impl Into<String>, hint: Option<String>) {
        self.0.push(Check { name, verdict, detail: detail.into(), hint, code: None });
    }

    fn ok(&mut self, name: &'static str, detail: impl Into<String>) {
        self.add(name, Verdict::Ok, detail, None);
    }

    fn failed(&mut self, name: &'static str, failure: Failure) {
        self.0.push(Check {
            name,
            verdict: Verdict::Failed,
            detail: failure.message,
            hint: failure.hint,
            code: Some(failure.code),
        });
    }

    fn skipped(&mut self, names: &[&'static str], why: &str) {
        for name in names {
            self.add(name, Verdict::Skipped, why, None);
        }
    }
}

/// Check everything that can be checked without creating a space
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth doctor"))]
pub struct Doctor {}

impl Doctor {
    /// Runs the checks.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(check(context))
    }
}

/// Runs the checks and lists them. Ends with the exit code of the worst finding.
async fn check(context: &Context) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    findings.ok("program", version::summary(&context.settings.http.trust));
    let client = client_file(context, &mut findings).await;
    store(context, &mut findings);
    if client {
        authorization_server(context, &mut findings).await;
    } else {
        findings.skipped(&["network", "clock", "client id and secret"], "there is no usable client file");
    }
    let access = login(context, &mut findings).await;
    chat_api(context, access, &mut findings).await;
    findings.add(
        "Chat app",
        Verdict::Skipped,
        "whether a Chat app is configured shows only when a space is created",
        Some(format!(
            "it has to be configured (name, avatar URL, description) at {}",
            console("apis/api/chat.googleapis.com/hangouts-chat", context.project().as_deref())
        )),
    );
    print(&findings, context)?;
    // Report the first failure: later ones may only follow from it.
    let failed: Vec<&Check> = findings.0.iter().filter(|check| check.verdict == Verdict::Failed).collect();
    let worst = failed.iter().filter_map(|check| check.code).min_by_key(|code| code.exit_code());
    match (worst, failed.first()) {
        (Some(code), Some(first)) => {
            let failure = Failure::new(
                code,
                format!("{} of {} checks failed, first: {}", failed.len(), findings.0.len(), first.name),
            );
            Err(match &first.hint {
                Some(hint) => failure.hint(hint.clone()),
                None => failure,
            }
            .into())
        }
        _ => Ok(()),
    }
}

async fn client_file(context: &Context, findings: &mut Findings) -> bool {
    let session = context.session();
    match session.client() {
        Ok(client) => {
            let kind = match &client.kind {
                ClientKind::Installed => "a Desktop app client",
                ClientKind::Web { .. } => "a web client",
            };
            findings.ok("client file", format!("{}: {kind}, {}", client.path.display(), client.client_id));
        }
        Err(Error::ClientSecrets(ClientSecretsError::Missing { .. })) if !context.settings.uses_login() => {
            findings.skipped(&["client file", "redirect"], "there is none, and none is needed without a login");
            return false;
        }
        Err(error) => {
            findings.failed("client file", context.report(error));
            findings.skipped(&["redirect"], "there is no usable client file");
            return false;
        }
    }
    match session.check_redirect().await {
        Ok(uri) => findings.ok("redirect", format!("an answer could be received at {uri}")),
        Err(error) => findings.failed("redirect", context.report(error)),
    }
    true
}

fn store(context: &Context, findings: &mut Findings) {
    let session = context.session();
    let directory =
        context.settings.config_directory.value.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    match session.check_writable() {
        Ok(()) => findings.ok("store", format!("{directory} is private and can be written")),
        Err(error) => findings.failed("store", context.report(Error::Store(error))),
    }
}

async fn authorization_server(context: &Context, findings: &mut Findings) {
    let proxies = &context.settings.http.proxies;
    let way = match &proxies.https {
        Some(proxy) => format!("through the proxy in {}", proxy.variable),
        None => String::from("directly"),
    };
    let probe = match context.session().probe_client().await {
        Ok(probe) => probe,
        Err(error) => {
            findings.failed("network", context.report(error));
            findings.skipped(&["clock", "client id and secret"], "the token endpoint cannot be reached");
            return;
        }
    };
    findings.ok("network", format!("the token endpoint can be reached {way}"));
    match context.session().clock_offset() {
        Some(offset) if offset.abs() > CLOCK_TOLERANCE => findings.add(
            "clock",
            Verdict::Warning,
            describe_offset(offset),
            Some(String::from("set this machine's clock: tokens are valid for an hour only")),
        ),
        Some(offset) => {
            let seconds = offset.abs().whole_seconds();
            let near = if seconds <= 1 { String::from("a second") } else { format!("{seconds} seconds") };
            findings.ok("clock", format!("within {near} of the server's"));
        }
        None => findings.skipped(&["clock"], "the server did not say what time it is"),
    }
    match probe {
        ClientProbe::Accepted => findings.ok("client id and secret", "the authorization server knows the client"),
        ClientProbe::Refused(error) => findings.failed(
            "client id and secret",
            Failure::new(ErrorCode::ClientRejected, format!("the authorization server refuses the client ({error})"))
                .hint(format!(
                    "make a new client of type Desktop app at {}",
                    console("auth/clients", context.project().as_deref())
                )),
        ),
    }
}

async fn login(context: &Context, findings: &mut Findings) -> Option<Access> {
    let session = context.session();
    // Of a stored login any token will do; a service account has to be asked for something.
    let delegated = context.settings.impersonated().is_some();
    let needed = if delegated { needed_scopes::default() } else { ScopeSet::default() };
    let access = match session.access_token(&needed, Interaction::Refused).await {
        Ok(access) => access,
        Err(error) => {
            findings.failed("login", context.report(error));
            findings.skipped(&["scopes", "token age"], "there is no usable login");
            return None;
        }
    };
    let who = access.account().unwrap_or("the holder of CHATAUTH_ACCESS_TOKEN").to_owned();
    findings.ok("login", format!("commands act as {who}"));
    let Some(record) = &access.record else {
        if delegated {
            findings.ok("scopes", format!("the service account may have {needed}"));
            findings.skipped(&["token age"], "the token is the service account's");
        } else {
            findings.skipped(&["scopes", "token age"], "the token comes from outside");
        }
        return Some(access);
    };
    findings.ok("scopes", record.granted().without_identity().to_string());
    let now = context.clock.now();
    let age = (now - record.refresh_token_issued_at).whole_days();
    match record.refresh_token_expires_at {
        Some(end) => findings.add(
            "token age",
            Verdict::Warning,
            format!("the login is {age} days old and ends on {} (publishing status Testing)", end.date()),
            Some(format!(
                "make the audience Internal or publish the app, then log in again, at {}",
                console("auth/audience", context.project().as_deref())
            )),
        ),
        None => findings.ok(
            "token age",
            format!(
                "the login is {age} days old; its access token is {}",
                if record.freshness(now) == Freshness::Fresh { "fresh" } else { "to be renewed" }
            ),
        ),
    }
    Some(access)
}

/// Checks with a read whether the API is enabled: Google checks that before anything else.
async fn chat_api(context: &Context, access: Option<Access>, findings: &mut Findings) {
    let Some(access) = access else {
        findings.skipped(&["Chat API"], "there is no usable login to ask with");
        return;
    };
    let mut caller = match Caller::with_access(context, access) {
        Ok(caller) => caller,
        Err(failure) => return findings.failed("Chat API", failure),
    };
    let request = ListSpaces { paging: Paging { page_size: Some(1), page_token: None }, ..ListSpaces::default() };
    match caller.send(&request).await {
        Ok(_) => findings.ok("Chat API", "enabled, and it answers"),
        Err(error) if error.api().is_some_and(|error| matches!(error.kind, ErrorKind::ScopeInsufficient(_))) => {
            findings.ok("Chat API", "it answers (this login may not read spaces, so more cannot be told)");
        }
        Err(error) => findings.failed("Chat API", context.report(error)),
    }
}

fn print(findings: &Findings, context: &Context) -> Result<(), Failure> {
    if context.printer.format().is_for_people() {
        return print_summary(findings, context);
    }
    let mut list = context.printer.list(&["CHECK", "RESULT", "DETAIL", "HINT"]);
    for check in &findings.0 {
        let mut object = Map::new();
        object.insert(String::from("check"), json!(check.name));
        object.insert(String::from("result"), json!(check.verdict.as_str()));
        object.insert(String::from("detail"), json!(check.detail));
        if let Some(hint) = &check.hint {
            object.insert(String::from("hint"), json!(hint));
        }
        let row = || {
            let hint = check.hint.clone().unwrap_or_default();
            vec![check.name.to_owned(), check.verdict.as_str().to_owned(), check.detail.clone(), hint]
        };
        let json = Value::Object(object);
        list.push(&Item { json: &json, name: check.name }, row)?;
    }
    list.finish()?;
    Ok(())
}

/// For people: nothing is cut off, for what to do stands at the end.
fn print_summary(findings: &Findings, context: &Context) -> Result<(), Failure> {
    let mut details = Details::new();
    for check in &findings.0 {
        details = details.with(check.name, format!("{}: {}", check.verdict.as_str(), check.detail));
        details = details.maybe("", check.hint.as_ref().map(|hint| format!("-> {hint}")));
    }
    Ok(context.printer.item(&Item { json: &Value::Null, name: "" }, &details)?)
}
