//! `chatauth auth status`: the saved logins and the settings, without a request.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::auth::{ClientKind, Error, LoginName, Record, Scope, ScopeSet, Session};
use crate::commands::caller::Caller;
use crate::commands::{Context, ErrorCode, Failure, Provenance, without_userinfo};
use crate::output::{Details, Item, Mark};

/// Show your logins and settings, without a request
///
/// The exit code is 0 when commands can run, 4 when a login is needed, and 3 when the login cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth auth status", "chatauth auth status --jq .account"))]
pub struct Status {
    /// Refresh the login, and ask the server whether the token works
    #[arg(long)]
    check: bool,
}

impl Status {
    /// Shows the logins.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        if self.check { context.block_on(check(context)) } else { show(context) }
    }
}

/// Shows the logins and where every setting came from. Ends with exit code 0 when a command could act now, else 4
/// (3 when the record is there and cannot be used).
fn show(context: &Context) -> anyhow::Result<()> {
    let session = context.session();
    // Whoever uses no login needs no store.
    let unused = !context.settings.uses_login();
    let chosen = match session.login() {
        Err(error) if !unused && !matches!(error, Error::LoginNeeded(_)) => return Err(error.into()),
        chosen => chosen,
    };
    let stored = session.logins().or_else(|error| if unused { Ok(Vec::new()) } else { Err(error) })?;
    let now = context.clock.now();
    let is_used = |login: &LoginName| !unused && chosen.as_ref().is_ok_and(|name| name == login);
    let mut accounts = Vec::new();
    let mut records = Vec::new();
    let mut unusable = Vec::new();
    for login in stored {
        match session.read(&login) {
            Ok(Some(record)) => {
                let file = session.location(&login).display().to_string();
                accounts.push(describe(&record, is_used(&login), now, &file));
                records.push((login, record));
            }
            Ok(None) => {}
            Err(error) => {
                accounts.push(json!({ "account": login.account, "error": error.to_string() }));
                unusable.push(error.to_string());
            }
        }
    }
    let settings = settings(context);
    let mut settings_json: Value = settings
        .iter()
        .map(|(key, _, value, source)| (*key, json!({ "value": value, "source": source.as_str() })))
        .collect();
    settings_json["serviceAccount"]["impersonate"] =
        json!(context.settings.delegation.value.as_ref().map(|delegation| &delegation.subject));
    let client = session.client();
    let problem = problem(context, &chosen, &records, now);
    let current = match &context.settings.access_token {
        Some(_) => None,
        None => context.settings.impersonated().or_else(|| chosen.as_ref().ok().map(|login| login.account.as_str())),
    };
    let report = json!({
        "ready": problem.is_none(),
        "problem": problem.as_ref().map(|failure| failure.message.as_str()),
        "account": current,
        "accounts": accounts,
        "client": match &client {
            Ok(client) => json!({
                "file": client.path.display().to_string(),
                "clientId": client.client_id,
                "type": if client.kind == ClientKind::Installed { "installed" } else { "web" },
                "project": client.project,
            }),
            Err(error) => json!({ "error": error.to_string() }),
        },
        "settings": settings_json,
    });
    let details = Details::new().columns(&["ready", "problem", "account", "accounts", "client", "settings"]);
    let mut details = match (&problem, current) {
        (Some(failure), _) => details.check(Mark::Failed, "Ready", &failure.message),
        (None, Some(account)) => details.check(Mark::Ok, "Ready", format!("commands act as {account}")),
        (None, None) => details.check(Mark::Ok, "Ready", "commands use CHATAUTH_ACCESS_TOKEN"),
    };
    let has_two = records.iter().any(|(login, _)| login.client_id.is_some());
    for (login, record) in &records {
        let mark = if record.refresh_token_expires_at.is_some() { Mark::Warning } else { Mark::Ok };
        let used = if is_used(login) { " (commands use this login)" } else { "" };
        details = details
            .check(mark, "Login", summary(record, now))
            .maybe("  Client", has_two.then(|| format!("{}{used}", record.client_id)))
            .with("  Scopes", record.granted().without_identity().to_string())
            .with("  Saved in", session.location(login).display().to_string());
    }
    for error in unusable {
        details = details.check(Mark::Failed, "Login", error);
    }
    details = match &client {
        Ok(client) => details.check(Mark::Ok, "Client", format!("{} in {}", client.client_id, client.path.display())),
        Err(_) if unused => details.check(Mark::Skipped, "Client", "not needed without a login"),
        // Commands may need none.
        Err(error) => {
            let mark = if problem.is_some() { Mark::Failed } else { Mark::Warning };
            details.check(mark, "Client", error.to_string())
        }
    };
    for (_, label, value, source) in settings {
        if source != Provenance::Default {
            details = details.with(label, format!("{} ({})", value.unwrap_or_default(), source.as_str()));
        }
    }
    let item = Item { json: &report, name: current.unwrap_or_default() };
    context.printer.item(&item, &details)?;
    problem.map_or(Ok(()), |failure| Err(failure.into()))
}

/// Asks the server about the token: a ready one as it is, that of a login or service account after one refresh. Then shows
/// the status.
async fn check(context: &Context) -> anyhow::Result<()> {
    let session = context.session();
    if context.settings.access_token.is_some() {
        let access = context.access(&ScopeSet::default()).await?;
        Caller::with_access(context, access)?.probe().await?;
        context.messages.note("Checked: the server accepts CHATAUTH_ACCESS_TOKEN");
    } else if context.settings.delegation.value.is_some() {
        let needed = [Scope::google("chat.spaces.create")].into_iter().collect();
        let access = context.access(&needed).await?;
        // The first token may have been a cached one.
        session.replacement(&access).await?;
        context.messages.note("Checked: the service account got a new token for the user");
    } else if let Some(record) = logged_in(session)? {
        let account = session.login()?.account;
        let (code, message) = match session.check().await? {
            Some(info) if info.is_of(&record) => {
                context.messages.note(&format!(
                    "Checked: refreshed the login of {account}, which has the scopes {}",
                    ScopeSet::from_wire(&info.scope).without_identity()
                ));
                return show(context);
            }
            Some(_) => (ErrorCode::WrongAccount, format!("the token of {account} belongs to another account")),
            None => (ErrorCode::CredentialsRejected, format!("the server rejects the new token of {account}")),
        };
        let login = context.settings.invocation.login(Some(&account), &ScopeSet::default());
        return Err(Failure::new(code, message).hint(format!("log in again: {login}")).into());
    }
    show(context)
}

/// The login of this command's account, where there is one.
fn logged_in(session: &Session) -> Result<Option<Record>, Error> {
    match session.login() {
        Ok(login) => session.read(&login),
        Err(Error::LoginNeeded(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns why commands cannot act now.
fn problem(
    context: &Context,
    chosen: &Result<LoginName, Error>,
    records: &[(LoginName, Record)],
    now: OffsetDateTime,
) -> Option<Failure> {
    if let Err(failure) = context.check_endpoint() {
        return Some(failure);
    }
    if context.settings.access_token.is_some() {
        return None;
    }
    if context.settings.delegation.value.is_some() {
        return context.session().check_delegation().err().map(|error| context.report(error));
    }
    let login = |message: String| {
        let account = chosen.as_ref().map(|login| login.account.as_str()).ok();
        Failure::new(ErrorCode::LoginNeeded, message)
            .hint(format!("log in: {}", context.settings.invocation.login(account, &ScopeSet::default())))
    };
    if let Err(error) = context.session().check_named_client() {
        return Some(context.report(error));
    }
    let name = match chosen {
        Ok(name) => name,
        Err(needed) => return Some(context.report_login(needed)),
    };
    let account = &name.account;
    // A damaged login can be repaired or restored, so the hint is not to log in.
    if let Err(error) = context.session().read(name) {
        return Some(context.report(error));
    }
    let Some((_, record)) = records.iter().find(|(login, _)| login == name) else {
        return Some(login(format!("you are not logged in as {account}")));
    };
    let (session, fresh) = (context.session(), record.is_fresh(now));
    if !fresh && record.refresh_token_expires_at.is_some_and(|end| end <= now) {
        return Some(login(format!("the login of {account} has expired (the project's publishing status is Testing)")));
    }
    if let Err(error) = session.check_record_destination(record) {
        return Some(context.report(error));
    }
    let client = if fresh { session.check_client(record) } else { session.client_to_refresh(record).map(|_| ()) };
    client.err().map(|error| context.report(error))
}

/// Formats a time, without the fractions of its second.
pub(super) fn time(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

fn describe(record: &Record, is_used: bool, now: OffsetDateTime, file: &str) -> Value {
    json!({
        "account": record.email,
        "current": is_used,
        "hostedDomain": record.hosted_domain,
        "clientId": record.client_id,
        "scopes": record.granted().iter().map(Scope::as_str).collect::<Vec<_>>(),
        "accessToken": {
            "issuedAt": time(record.issued_at),
            "expiresAt": record.expires_at.map(time),
            "fresh": record.is_fresh(now),
        },
        "refreshToken": {
            "issuedAt": time(record.refresh_token_issued_at),
            "expiresAt": record.refresh_token_expires_at.map(time),
        },
        "file": file,
    })
}

fn summary(record: &Record, now: OffsetDateTime) -> String {
    let kind = record
        .hosted_domain
        .as_ref()
        .map_or_else(|| String::from("consumer account"), |domain| format!("Workspace {domain}"));
    let access = match record.expires_at {
        Some(end) if record.is_fresh(now) => format!("access token valid until {}", time(end)),
        _ => String::from("access token due for a refresh"),
    };
    let since = record.refresh_token_issued_at.date();
    let until = record.refresh_token_expires_at.map(|end| format!(", expires {}", time(end))).unwrap_or_default();
    format!("{} ({kind}; since {since}{until}; {access})", record.email)
}

/// Returns the settings, each with its key in JSON, its label, its value, and where it came from.
fn settings(context: &Context) -> [(&'static str, &'static str, Option<String>, Provenance); 6] {
    let settings = &context.settings;
    let searched: Vec<String> = settings.client_secrets.value.iter().map(|path| path.display().to_string()).collect();
    let directory = settings.config_directory.value.as_ref().map(|path| path.display().to_string());
    let key = settings.delegation.value.as_ref().map(|delegation| delegation.key.display().to_string());
    let endpoint = without_userinfo(&settings.api_endpoint.value);
    let (token, token_source) = match settings.access_token {
        Some(_) => ("given", Provenance::Variable),
        None if key.is_some() => ("of the service account", Provenance::Default),
        None => ("of the login", Provenance::Default),
    };
    [
        ("clientSecrets", "Client file", Some(searched.join(", then ")), settings.client_secrets.source),
        ("configDirectory", "Config directory", directory, settings.config_directory.source),
        ("account", "Account", settings.account.value.clone(), settings.account.source),
        ("serviceAccount", "Service account", key, settings.delegation.source),
        ("apiEndpoint", "API endpoint", Some(endpoint), settings.api_endpoint.source),
        ("accessToken", "Access token", Some(token.to_owned()), token_source),
    ]
}
