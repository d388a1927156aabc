//! `chatauth doctor`: every check that needs no new space, in the order of their dependencies.

use serde_json::{Value, json};
use url::Url;

use crate::auth::{Access, ClientKind, ClientProbe, Error, ScopeSet};
use crate::commands::caller::Caller;
use crate::commands::clock_offset::describe_offset;
use crate::commands::report::console;
use crate::commands::{Context, ErrorCode, Failure, needed_scopes, version};
use crate::output::{Details, Item, Mark};

/// Largest clock difference without a warning: tokens seem to expire early or late with a larger one.
const CLOCK_TOLERANCE: time::Duration = time::Duration::minutes(1);

/// The result of one check.
#[derive(Debug)]
struct Check {
    name: &'static str,
    mark: Mark,
    detail: String,
    hint: Option<String>,
    code: Option<ErrorCode>,
}

/// The results so far.
#[derive(Default)]
struct Findings(Vec<Check>);

impl Findings {
    fn add(&mut self, name: &'static str, mark: Mark, detail: impl Into<String>, hint: Option<String>) {
        self.0.push(Check { name, mark, detail: detail.into(), hint, code: None });
    }

    fn ok(&mut self, name: &'static str, detail: impl Into<String>) {
        self.add(name, Mark::Ok, detail, None);
    }

    fn failed(&mut self, name: &'static str, failure: Failure) {
        let (mark, code) = (Mark::Failed, Some(failure.code));
        self.0.push(Check { name, mark, detail: failure.message, hint: failure.hint, code });
    }

    fn count(&self, mark: Mark) -> usize {
        self.0.iter().filter(|check| check.mark == mark).count()
    }

    fn skipped(&mut self, names: &[&'static str], why: &str) {
        for name in names {
            self.add(name, Mark::Skipped, why, None);
        }
    }
}

/// Check the setup without creating a space
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth doctor"))]
pub struct Doctor {}

impl Doctor {
    /// Runs the checks and prints their results. Fails as the first failed check does, because it may be the cause of
    /// later ones.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        let mut findings = Findings::default();
        findings.ok("program", version::summary(&context.settings.http.trust));
        client_file(context, &mut findings).await;
        store(context, &mut findings);
        if let Ok(token_url) = context.session().token_url() {
            authorization_server(context, token_url, &mut findings).await;
        } else {
            let why = match (context.settings.uses_login(), context.settings.impersonated()) {
                (true, _) => "no usable client file",
                (_, Some(_)) => "no usable service account key",
                _ => "not needed without a login",
            };
            findings.skipped(&["network", "clock", "client id and secret"], why);
        }
        let access = login(context, &mut findings).await;
        chat_api(context, access, &mut findings).await;
        findings.add(
            "Chat app",
            Mark::Skipped,
            "checked only when a space is created",
            Some(format!(
                "configure it at {}",
                console("apis/api/chat.googleapis.com/hangouts-chat", context.project().as_deref())
            )),
        );
        print(&findings, context)?;
        let (failed, all) = (findings.count(Mark::Failed), findings.0.len());
        match findings.0.into_iter().find_map(|check| Some((check.code?, check))) {
            Some((code, Check { name, hint, .. })) => {
                let message = format!("{failed} of {all} checks failed, first: {name}");
                Err(Failure { hint, ..Failure::new(code, message) }.into())
            }
            None => Ok(()),
        }
    }
}

async fn client_file(context: &Context, findings: &mut Findings) {
    let session = context.session();
    match session.client() {
        Ok(client) => {
            let kind = match &client.kind {
                ClientKind::Installed => "Desktop app client",
                ClientKind::Web { .. } => "web client",
            };
            findings.ok("client file", format!("{kind} {} in {}", client.client_id, client.path.display()));
        }
        Err(_) if !context.settings.uses_login() => {
            findings.skipped(&["client file", "redirect"], "not needed without a login");
            return;
        }
        Err(error) => {
            findings.failed("client file", context.report(error));
            findings.skipped(&["redirect"], "no usable client file");
            return;
        }
    }
    if !context.settings.input {
        findings.skipped(&["redirect"], "--no-input and CHATAUTH_NO_INPUT forbid listening");
        return;
    }
    match session.check_redirect().await {
        Ok(uri) => findings.ok("redirect", format!("can listen at {uri}")),
        Err(error) => findings.failed("redirect", context.report(error)),
    }
}

fn store(context: &Context, findings: &mut Findings) {
    let session = context.session();
    let directory =
        context.settings.config_directory.value.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    match session.check_writable() {
        Ok(()) => findings.ok("store", format!("{directory} is private and writable")),
        Err(_) if !context.settings.uses_login() => findings.skipped(&["store"], "not needed without a login"),
        Err(error) => findings.failed("store", context.report(Error::Store(error))),
    }
}

async fn authorization_server(context: &Context, token_url: &Url, findings: &mut Findings) {
    let session = context.session();
    let proxy = context.settings.http.proxies.variable(token_url);
    let route =
        proxy.map_or_else(|| String::from("without a proxy"), |variable| format!("through the proxy of {variable}"));
    let probe = session.probe_client().await;
    if let Err(error @ (Error::Network(_) | Error::Interrupted(_))) = probe {
        findings.failed("network", context.report(error));
        findings.skipped(&["clock", "client id and secret"], "cannot reach the token endpoint");
        return;
    }
    findings.ok("network", format!("reached the token endpoint {route}"));
    match session.http().clock_offset() {
        Some(offset) if offset.abs() > CLOCK_TOLERANCE => findings.add(
            "clock",
            Mark::Warning,
            describe_offset(offset),
            Some(String::from("set this machine's clock: tokens are valid for an hour only")),
        ),
        Some(offset) => {
            let seconds = offset.abs().whole_seconds();
            let difference = if seconds <= 1 { String::from("1 second") } else { format!("{seconds} seconds") };
            findings.ok("clock", format!("within {difference} of the server's"));
        }
        None => findings.skipped(&["clock"], "the server sent no time"),
    }
    match probe {
        _ if context.settings.impersonated().is_some() => {
            findings.skipped(&["client id and secret"], "not needed for a service account");
        }
        Ok(ClientProbe::Accepted) => findings.ok("client id and secret", "accepted by the authorization server"),
        Ok(ClientProbe::Refused(error)) => findings.failed(
            "client id and secret",
            Failure::new(ErrorCode::ClientRejected, format!("the authorization server rejects the client ({error})"))
                .hint(format!(
                    "create a client of type Desktop app at {}",
                    console("auth/clients", context.project().as_deref())
                )),
        ),
        Err(error) => findings.failed("client id and secret", context.report(error)),
    }
}

async fn login(context: &Context, findings: &mut Findings) -> Option<Access> {
    let session = context.session();
    // Any token of a saved login will do, but a service account needs a scope to ask for.
    let delegated = context.settings.impersonated().is_some();
    let needed = if delegated { needed_scopes::default() } else { ScopeSet::default() };
    let access = match session.access_token(&needed, None).await {
        Ok(access) => access,
        Err(error) => {
            findings.failed("login", context.report(error));
            findings.skipped(&["scopes", "token age"], "no usable login");
            return None;
        }
    };
    let who = access.account.as_deref().unwrap_or("the owner of CHATAUTH_ACCESS_TOKEN").to_owned();
    findings.ok("login", format!("commands act as {who}"));
    let Some(record) = &access.record else {
        if delegated {
            findings.ok("scopes", format!("the service account has {needed}"));
            findings.skipped(&["token age"], "not needed for a service account");
        } else {
            findings.skipped(&["scopes", "token age"], "unknown for CHATAUTH_ACCESS_TOKEN");
        }
        return Some(access);
    };
    findings.ok("scopes", record.granted().without_identity().to_string());
    let now = context.clock.now();
    let age = match (now - record.refresh_token_issued_at).whole_days() {
        ..1 => String::from("logged in today"),
        1 => String::from("logged in 1 day ago"),
        days => format!("logged in {days} days ago"),
    };
    match record.refresh_token_expires_at {
        Some(end) => findings.add(
            "token age",
            Mark::Warning,
            format!(
                "{age}; the login {} on {} (publishing status Testing)",
                if end <= now { "expired" } else { "expires" },
                end.date()
            ),
            Some(format!(
                "publish the app or make its audience Internal, then log in again: {}",
                console("auth/audience", context.project().as_deref())
            )),
        ),
        None => findings.ok(
            "token age",
            format!("{age}; the access token is {}", if record.is_fresh(now) { "fresh" } else { "due for a refresh" }),
        ),
    }
    Some(access)
}

/// Checks whether the API is enabled with a read, which Google refuses for a disabled API before any other reason.
async fn chat_api(context: &Context, access: Option<Access>, findings: &mut Findings) {
    let Some(access) = access else {
        findings.skipped(&["Chat API"], "no usable login");
        return;
    };
    let mut caller = match Caller::with_access(context, access) {
        Ok(caller) => caller,
        Err(failure) => return findings.failed("Chat API", failure),
    };
    match caller.probe().await {
        Ok(true) => findings.ok("Chat API", "enabled"),
        Ok(false) => findings.ok("Chat API", "reached (this token cannot read spaces, so nothing else was checked)"),
        Err(error) => findings.failed("Chat API", context.report(error)),
    }
}

fn print(findings: &Findings, context: &Context) -> anyhow::Result<()> {
    if context.printer.format().is_for_people() {
        return print_summary(findings, context);
    }
    let mut list = context.printer.list(&["CHECK", "RESULT", "DETAIL", "HINT"]);
    for check in &findings.0 {
        let mut json = json!({ "check": check.name, "result": check.mark.as_str(), "detail": check.detail });
        if let Some(hint) = &check.hint {
            json["hint"] = json!(hint);
        }
        let hint = check.hint.clone().unwrap_or_default();
        let row = vec![check.name.to_owned(), check.mark.as_str().to_owned(), check.detail.clone(), hint];
        list.push(&Item { json: &json, name: check.name }, row)?;
    }
    list.finish()?;
    Ok(())
}

/// Prints one line per check. What to do follows, unless it is the hint of the error that ends the command.
fn print_summary(findings: &Findings, context: &Context) -> anyhow::Result<()> {
    let reported = findings.0.iter().find(|check| check.mark == Mark::Failed).and_then(|first| first.hint.as_ref());
    let details = findings.0.iter().fold(Details::new(), |details, check| {
        let hint = check.hint.as_ref().filter(|hint| Some(*hint) != reported);
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        details.check(check.mark, check.name, format!("{}{hint}", check.detail))
    });
    context.printer.item(&Item { json: &Value::Null, name: "" }, &details)?;
    match (findings.count(Mark::Failed), findings.count(Mark::Warning)) {
        (0, 0) => context.messages.note("No problems found"),
        (0, 1) => context.messages.note("No failures, 1 warning"),
        (0, warnings) => context.messages.note(&format!("No failures, {warnings} warnings")),
        _ => {}
    }
    Ok(())
}
