//! `chatauth setup`: guided setup, from a Cloud project to the first space.

use std::path::{Path, PathBuf};

use crate::auth::{ClientKind, ClientSecrets, ClientSecretsError, Error};
use crate::commands::auth::login::Login;
use crate::commands::report::console;
use crate::commands::{Context, ErrorCode, Failure, Provenance};
use crate::platform::browser;
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
    match client_file(context) {
        None => guide_through_steps(context, &mut person, None).await?,
        Some((path, Ok(client))) => {
            context.messages.always(&format!(
                "There is a client file already: {} ({}).",
                path.display(),
                client.client_id
            ));
            let question = "Press Enter to use it, or type the path of the file that replaces it:";
            let answer = person.ask(question).await?;
            if !answer.is_empty() {
                ask_for_file(context, &mut person, Some(&path), Some(answer)).await?;
            }
        }
        Some((path, Err(error))) => {
            context.messages.error(&error.to_string());
            context.messages.always(&format!("The steps lead to the file that replaces {}.", path.display()));
            guide_through_steps(context, &mut person, Some(&path)).await?;
        }
    }
    context.messages.always("Last step: your login.");
    drop(person);
    Login::default().log_in(context).await?;
    context.messages.always("Done. Create your first space: chatauth spaces create --name API-made");
    Ok(())
}

/// The client file that commands would find, and whether a login can use it. The session would remember it, and not see
/// the one that replaces it.
fn client_file(context: &Context) -> Option<(PathBuf, Result<ClientSecrets, ClientSecretsError>)> {
    let usable = |path: &PathBuf| {
        let client = ClientSecrets::load(path)?;
        client.check_redirect().map(|()| client)
    };
    let found = context.settings.client_secrets.value.iter().map(|path| (path.clone(), usable(path)));
    found.into_iter().find(|(_, client)| !matches!(client, Err(ClientSecretsError::Missing { .. })))
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

async fn guide_through_steps(
    context: &Context,
    person: &mut Prompter<'_>,
    replaced: Option<&Path>,
) -> Result<(), Failure> {
    let print_line = |text: &str| context.messages.always(text);
    print_line("This takes you from nothing to your first space. Each step is one page of the Google Cloud console.");
    let mut project =
        person.ask_for_project("Number or id of your Cloud project (Enter if you have none in mind):").await?;
    if project.is_none() {
        let page = "https://console.cloud.google.com/projectcreate";
        print_line(&format!("Create or choose a project at {page}"));
        person.ask_until_done(page).await?;
    }
    let count = steps(None).len();
    for number in 1..=count {
        let Step { title, link, text } = steps(project.as_deref()).swap_remove(number - 1);
        print_line("");
        print_line(&format!("{number}/{count}  {title}"));
        print_line(&format!("     {link}"));
        print_line(&format!("     {text}"));
        if number < count {
            person.ask_until_done(&link).await?;
        }
        if number == 1 && project.is_none() {
            // By now there is one, and with it the links lead to the right place.
            project = person.ask_for_project("Number or id of that project (Enter to go on without):").await?;
        }
    }
    ask_for_file(context, person, replaced, None).await
}

/// Asks for the downloaded file until there is one that a login can use. `first` is an answer already given.
async fn ask_for_file(
    context: &Context,
    person: &mut Prompter<'_>,
    replaced: Option<&Path>,
    mut first: Option<String>,
) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let answer = match first.take() {
            Some(answer) => answer,
            None => person.ask("Path of the downloaded file:").await?,
        };
        let path = PathBuf::from(expand_home(&answer, context));
        match adopt(context, &path, replaced) {
            Ok(client) => {
                if client.kind != ClientKind::Installed {
                    context
                        .messages
                        .always("It is a web client: its registered loopback redirect URI will be used as it stands.");
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

/// Checks the file and copies it into the place of the one that it replaces, else into the configuration directory.
fn adopt(context: &Context, path: &Path, replaced: Option<&Path>) -> Result<ClientSecrets, Failure> {
    let failed = |error| context.report(Error::from(error));
    let client = ClientSecrets::load(path).map_err(failed)?;
    client.check_redirect().map_err(failed)?;
    let content = std::fs::read(path).map_err(|error| {
        Failure::new(ErrorCode::ClientSecretsInvalid, format!("{} cannot be read: {error}", path.display()))
    })?;
    let session = context.session();
    let named = Some(&context.settings.client_secrets).filter(|setting| setting.source != Provenance::Default);
    let kept = match replaced.or(named.and_then(|setting| setting.value.first()).map(PathBuf::as_path)) {
        None => session.adopt_client(&content).map_err(|error| context.report(error))?,
        Some(place) => {
            if let Some(old) = session.replace_client(place, &content).map_err(|error| context.report(error))? {
                context.messages.always(&format!("The old file is {} now.", old.display()));
            }
            place.to_path_buf()
        }
    };
    let kept = kept.display();
    context.messages.always(&format!("Understood: {}. Kept as {kept} (readable by you alone).", client.client_id));
    Ok(client)
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

    /// Asks for a project; `None` where there is no answer that can be one.
    async fn ask_for_project(&mut self, question: &str) -> Result<Option<String>, Failure> {
        let is_plain = |id: &String| {
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:.".contains(&byte))
        };
        Ok(Some(self.ask(question).await?).filter(is_plain))
    }

    /// Waits until a page of the console is done with, and opens it when that is asked for.
    async fn ask_until_done(&mut self, page: &str) -> Result<(), Failure> {
        while self.ask("Press Enter when it is done, or o and Enter to open the page.").await? == "o" {
            if !browser::open(page, &self.context.settings.browser) {
                self.context.messages.always("No browser could be started here.");
            }
        }
        Ok(())
    }

    async fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.context.messages.always(question);
        self.reader.paste().await.map(|answer| answer.trim().to_owned()).ok_or_else(|| {
            Failure::new(ErrorCode::LoginNeeded, "the set-up was left before its end")
                .hint("go on with: chatauth setup")
        })
    }
}
