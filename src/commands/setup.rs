//! `chatauth setup`: guided setup, from a Cloud project to the first space.

use std::path::PathBuf;

use crate::auth::{ClientKind, ClientSecrets, ClientSecretsError, Error};
use crate::commands::auth::login::Login;
use crate::commands::report::console;
use crate::commands::{Context, ErrorCode, Failure};
use crate::platform::terminal::LineReader;

/// How often a wrong answer may be corrected.
const ATTEMPTS: usize = 5;

/// One thing to do in the Cloud console.
struct Step {
    title: &'static str,
    link: String,
    text: &'static str,
}

/// What has to be done, with the links of `project` where it is known.
fn steps(project: Option<&str>) -> Vec<Step> {
    let step = |title, path, text| Step { title, link: console(path, project), text };
    vec![
        step(
            "Enable the Google Chat API",
            "apis/library/chat.googleapis.com",
            "Press Enable. It takes a few minutes to work everywhere.",
        ),
        step(
            "Configure the Chat app",
            "apis/api/chat.googleapis.com/hangouts-chat",
            "Needed although no bot is made: without it, creating a space answers \"Google Chat app not found\". Enter an app \
             name (25 characters at most), an avatar URL (https, a square PNG or JPEG) and a description (40 characters at \
             most), untick \"Build this Chat app as a Workspace add-on\" where it is offered, switch \"Interactive features\" \
             off, and save.",
        ),
        step(
            "Name the app on the consent screen",
            "auth/branding",
            "Enter an app name and the support e-mail addresses.",
        ),
        step(
            "Choose who may log in",
            "auth/audience",
            "Internal: everybody in your organization, and logins last. External: add yourself as a test user; while the \
             status is Testing, logins end after seven days.",
        ),
        step(
            "Create the OAuth client",
            "auth/clients",
            "Create client, application type Desktop app. Download the JSON at once: the secret is shown only then. (A web \
             client works when http://127.0.0.1:8085/ is registered as a redirect URI.)",
        ),
    ]
}

/// Guided setup, from a Cloud project to your first space
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth setup"))]
pub struct Setup {}

impl Setup {
    /// Guides through the steps.
    pub fn run(self, context: &Context) -> anyhow::Result<()> {
        context.block_on(guide(context))
    }
}

/// Guides a person through the steps, or prints them where there is none.
async fn guide(context: &Context) -> anyhow::Result<()> {
    let terminals = context.settings.terminals;
    if !(context.settings.input && terminals.stdin && terminals.stderr) {
        return Ok(print_steps(context)?);
    }
    let mut person = Prompter::new(context)?;
    match context.session().client() {
        Ok(client) => {
            let already = format!("There is a client file already: {} ({}).", client.path.display(), client.client_id);
            context.messages.always(&already);
        }
        Err(Error::ClientSecrets(ClientSecretsError::Missing { .. })) => {
            guide_through_steps(context, &mut person).await?;
        }
        // An invalid file would block the new one.
        Err(error) => return Err(error.into()),
    }
    context.messages.always("Last step: your login.");
    drop(person);
    Login::default().log_in(context).await?;
    context.messages.always("Done. Create your first space: chatauth spaces create --name API-made");
    Ok(())
}

fn print_steps(context: &Context) -> Result<(), Failure> {
    let mut text = String::from("From nothing to the first space:\n");
    for (number, step) in (1..).zip(steps(context.project().as_deref())) {
        text += &format!("\n{number}. {}\n   {}\n   {}\n", step.title, step.link, step.text);
    }
    let directory = context
        .settings
        .config_directory
        .value
        .as_ref()
        .map_or_else(|| String::from("the configuration directory"), |directory| directory.display().to_string());
    text += &format!("\n6. Save the file as {directory}/client_secrets.json, then log in: chatauth auth login\n");
    Ok(context.printer.text(&text)?)
}

async fn guide_through_steps(context: &Context, person: &mut Prompter<'_>) -> Result<(), Failure> {
    let print_line = |text: &str| context.messages.always(text);
    print_line("This takes you from nothing to your first space. Each step is one page of the Google Cloud console.");
    let project = person.ask("Number or id of your Cloud project (Enter if you have none in mind):").await?;
    let plain =
        |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:.".contains(&byte));
    let project = Some(project).filter(|project| plain(project));
    if project.is_none() {
        print_line("Create or choose a project at https://console.cloud.google.com/projectcreate");
        person.ask("Press Enter when there is one.").await?;
    }
    let steps = steps(project.as_deref());
    for (number, step) in (1..).zip(&steps) {
        print_line("");
        print_line(&format!("{number}/{}  {}", steps.len(), step.title));
        print_line(&format!("     {}", step.link));
        print_line(&format!("     {}", step.text));
        if number < steps.len() {
            person.ask("Press Enter when it is done.").await?;
        }
    }
    for _ in 0..ATTEMPTS {
        let answer = person.ask("Path of the downloaded file:").await?;
        let path = PathBuf::from(expand_home(&answer, context));
        match adopt(context, &path) {
            Ok((client, kept)) => {
                print_line(&format!(
                    "Understood: {}. Kept as {} (readable by you alone).",
                    client.client_id,
                    kept.display()
                ));
                if client.kind != ClientKind::Installed {
                    print_line("It is a web client: its registered loopback redirect URI will be used as it stands.");
                }
                return Ok(());
            }
            Err(failure) => {
                context.messages.error(&failure.message);
                if let Some(hint) = &failure.hint {
                    context.messages.hint(hint);
                }
            }
        }
    }
    Err(Failure::new(ErrorCode::ClientSecretsMissing, "no usable client file was named")
        .hint("start again: chatauth setup"))
}

/// Checks the file and copies it into the configuration directory.
fn adopt(context: &Context, path: &std::path::Path) -> Result<(ClientSecrets, PathBuf), Failure> {
    let failed = |error| context.report(error);
    let client = ClientSecrets::load(path).map_err(|error| failed(error.into()))?;
    let content = std::fs::read(path).map_err(|error| {
        Failure::new(ErrorCode::ClientSecretsInvalid, format!("{} cannot be read: {error}", path.display()))
    })?;
    let kept = context.session().adopt_client(&content).map_err(failed)?;
    Ok((client, kept))
}

/// People type `~/Downloads/…`, and drag files into the terminal, which quotes them.
fn expand_home(answer: &str, context: &Context) -> String {
    let answer = answer.trim().trim_matches(['\'', '"']);
    match (answer.strip_prefix("~/"), &context.settings.home) {
        (Some(rest), Some(home)) => home.join(rest).display().to_string(),
        _ => answer.to_owned(),
    }
}

/// A person who answers questions.
struct Prompter<'a> {
    context: &'a Context,
    reader: LineReader,
}

impl<'a> Prompter<'a> {
    fn new(context: &'a Context) -> Result<Self, Failure> {
        let reader = LineReader::new()
            .map_err(|error| Failure::new(ErrorCode::Internal, format!("the terminal cannot be read: {error}")))?;
        Ok(Self { context, reader })
    }

    async fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.context.messages.always(question);
        self.reader.paste().await.map(|answer| answer.trim().to_owned()).ok_or_else(|| {
            Failure::new(ErrorCode::LoginNeeded, "the set-up was left before its end")
                .hint("go on with: chatauth setup")
        })
    }
}
