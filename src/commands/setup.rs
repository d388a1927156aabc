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

/// Returns the steps, with links to `project` if it is known.
fn steps(project: Option<&str>) -> Vec<Step> {
    let step = |title, path, text| Step { title, link: console(path, project), text };
    vec![
        step(
            "Enable the Google Chat API",
            "apis/library/chat.googleapis.com",
            "Press Enable. It takes effect within a few minutes.",
        ),
        step(
            "Configure the Chat app",
            "apis/api/chat.googleapis.com/hangouts-chat",
            "Required even if you don't build a bot: without it, creating a space fails with \"Google Chat app not found\". \
             Enter an app name (up to 25 characters), an avatar URL (https, a square PNG or JPEG) and a description (up to \
             40 characters). Clear \"Build this Chat app as a Workspace add-on\" if you see it, turn \"Interactive \
             features\" off, and save.",
        ),
        step(
            "Name the app on the consent screen",
            "auth/branding",
            "Enter an app name and the support email addresses.",
        ),
        step(
            "Choose who may log in",
            "auth/audience",
            "Internal: anyone in your organization can log in, and logins don't expire. External: add yourself as a test \
             user. While the publishing status is Testing, logins expire after seven days.",
        ),
        step(
            "Create the OAuth client",
            "auth/clients",
            "Press Create client and choose the type Desktop app. Download the JSON right away: Google shows the secret only \
             once. (A web client works if it has the redirect URI http://127.0.0.1:8085/.)",
        ),
    ]
}

/// Guided setup, from a Cloud project to your first space
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("chatauth setup"))]
pub struct Setup {}

impl Setup {
    /// Guides the user through the steps, or prints them without a terminal.
    pub async fn run(self, context: &Context) -> anyhow::Result<()> {
        if named(context).is_some_and(|path| path == "-") {
            let message = "setup saves the client file: --client-secrets cannot be standard input";
            return Err(Failure::usage(message).hint("pass the path of a file to --client-secrets").into());
        }
        let terminals = context.settings.terminals;
        if !(context.settings.input && terminals.stdin && terminals.stderr) {
            return print_steps(context);
        }
        // Where no login can be saved, no step helps.
        context.session().accounts()?;
        let mut prompt = Prompter::new(context)?;
        match client_file(context) {
            None => guide_through_steps(context, &mut prompt, None).await?,
            Some((path, Ok(client))) => {
                context.messages.print(&format!("Found a client file: {} ({}).", path.display(), client.client_id));
                let question = "Press Enter to use it, or enter the path of a file to replace it:";
                let answer = prompt.ask(question).await?;
                if !answer.is_empty() {
                    ask_for_file(context, &mut prompt, Some(&path), Some(answer)).await?;
                }
            }
            Some((path, Err(error))) => {
                context.messages.error(&error.to_string());
                context.messages.print(&format!("Follow these steps to replace {}.", path.display()));
                guide_through_steps(context, &mut prompt, Some(&path)).await?;
            }
        }
        context.messages.print("Last step: log in.");
        drop(prompt);
        Login::default().run(context).await?;
        let create = context.command(["spaces", "create", "--name", "API-made"]);
        context.messages.print(&format!("Done. Create your first space: {create}"));
        Ok(())
    }
}

/// Returns the client file that commands would find, and whether a login can use it. The session is not asked, because
/// it reads the file only once and would not see a replacement.
fn client_file(context: &Context) -> Option<(PathBuf, Result<ClientSecrets, ClientSecretsError>)> {
    let usable = |path: &PathBuf| {
        let client = ClientSecrets::load(path)?;
        client.check_redirect().map(|()| client)
    };
    let found = context.settings.client_secrets.value.iter().map(|path| (path.clone(), usable(path)));
    found.into_iter().find(|(_, client)| !matches!(client, Err(ClientSecretsError::Missing { .. })))
}

fn print_steps(context: &Context) -> anyhow::Result<()> {
    let mut text = String::from("From a Cloud project to your first space:\n");
    for (number, step) in (1..).zip(steps(context.project().as_deref())) {
        text += &format!("\n{number}. {}\n   {}\n   {}\n", step.title, step.link, step.text);
    }
    let directory = context.settings.config_directory.value.as_deref();
    let found = client_file(context).map(|(path, _)| path);
    let place = found.as_deref().or(named(context)).map_or_else(
        || directory.unwrap_or(Path::new("the configuration directory")).join("client_secrets.json"),
        Path::to_path_buf,
    );
    let login = context.command(["auth", "login"]);
    text += &format!("\n6. Save the file as {}, then log in: {login}\n", place.display());
    Ok(context.printer.text(&text)?)
}

/// Returns the client file that an option or variable names.
fn named(context: &Context) -> Option<&Path> {
    let setting = Some(&context.settings.client_secrets).filter(|setting| setting.source != Provenance::Default)?;
    setting.value.first().map(PathBuf::as_path)
}

async fn guide_through_steps(
    context: &Context,
    prompt: &mut Prompter<'_>,
    replaced: Option<&Path>,
) -> Result<(), Failure> {
    let print_line = |text: &str| context.messages.print(text);
    print_line("Follow these steps to your first space. Each one is a page in the Google Cloud console.");
    let mut project = prompt.ask_for_project("Number or ID of your Cloud project (Enter to skip):").await?;
    if project.is_none() {
        let page = "https://console.cloud.google.com/projectcreate";
        print_line(&format!("Create or choose a project at {page}"));
        prompt.ask_until_done(page).await?;
    }
    let count = steps(None).len();
    for number in 1..=count {
        let Step { title, link, text } = steps(project.as_deref()).swap_remove(number - 1);
        print_line("");
        print_line(&format!("{number}/{count}  {title}"));
        print_line(&format!("     {link}"));
        print_line(&format!("     {text}"));
        if number < count {
            prompt.ask_until_done(&link).await?;
        }
        if number == 1 && project.is_none() {
            // The project exists by now, and the links of the next steps need it.
            project = prompt.ask_for_project("Number or ID of that project (Enter to skip):").await?;
        }
    }
    ask_for_file(context, prompt, replaced, None).await
}

/// Asks for the downloaded file until a login can use it. `first` is an answer already given.
async fn ask_for_file(
    context: &Context,
    prompt: &mut Prompter<'_>,
    replaced: Option<&Path>,
    mut first: Option<String>,
) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let answer = match first.take() {
            Some(answer) => answer,
            None => prompt.ask("Path of the downloaded file:").await?,
        };
        // Standard input is the terminal that is asked.
        if answer.is_empty() || answer == "-" {
            continue;
        }
        let path = PathBuf::from(expand_home(&answer, context));
        match install_client_file(context, &path, replaced) {
            Ok(client) => {
                if client.kind != ClientKind::Installed {
                    context.messages.print("This is a web client: chatauth uses its registered loopback redirect URI.");
                }
                return Ok(());
            }
            // No other downloaded file helps.
            Err(failure) if failure.code == ErrorCode::StoreNotWritable => return Err(failure),
            Err(failure) => {
                context.messages.error(&failure.message);
                // For a missing file, it is to run this command.
                if let Some(hint) = failure.hint.filter(|_| failure.code != ErrorCode::ClientSecretsMissing) {
                    context.messages.hint(&hint);
                }
            }
        }
    }
    Err(Failure::new(ErrorCode::ClientSecretsMissing, "no usable client file was given")
        .hint(format!("to try again, run {}", context.command(["setup"]))))
}

/// Checks the file and copies it into the place of the one that it replaces, else into the configuration directory.
fn install_client_file(context: &Context, path: &Path, replaced: Option<&Path>) -> Result<ClientSecrets, Failure> {
    let failed = |error| context.report(Error::from(error));
    let content = ClientSecrets::read(path).map_err(failed)?;
    let client = ClientSecrets::parse(path, &content).map_err(failed)?;
    client.check_redirect().map_err(failed)?;
    let session = context.session();
    let kept = match replaced.or(named(context)) {
        None => session.save_client_file(&content).map_err(|error| context.report(error))?,
        Some(place) => {
            if let Some(old) = session.replace_client(place, &content).map_err(|error| context.report(error))? {
                context.messages.print(&format!("Renamed the old file to {}.", old.display()));
            }
            place.to_path_buf()
        }
    };
    let kept = kept.display();
    context.messages.print(&format!("Saved the client {} as {kept} (only you can read it).", client.client_id));
    Ok(client)
}

/// People type `~/Downloads/…`, and drag files into the terminal, which quotes them or puts backslashes before spaces.
fn expand_home(answer: &str, context: &Context) -> String {
    let mut answer = answer.trim().trim_matches(['\'', '"']).to_owned();
    if cfg!(unix) && !Path::new(&answer).exists() {
        answer.retain(|character| character != '\\');
    }
    match (answer.strip_prefix("~/"), &context.settings.home) {
        (Some(rest), Some(home)) => home.join(rest).display().to_string(),
        _ => answer,
    }
}

/// Asks the user questions on the terminal.
struct Prompter<'a> {
    context: &'a Context,
    reader: LineReader,
}

impl<'a> Prompter<'a> {
    fn new(context: &'a Context) -> Result<Self, Failure> {
        let reader = LineReader::new()
            .map_err(|error| Failure::new(ErrorCode::Internal, format!("cannot read the terminal: {error}")))?;
        Ok(Self { context, reader })
    }

    /// Asks for a project; `None` if the answer cannot be one.
    async fn ask_for_project(&mut self, question: &str) -> Result<Option<String>, Failure> {
        let is_plain = |id: &String| {
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:.".contains(&byte))
        };
        Ok(Some(self.ask(question).await?).filter(is_plain))
    }

    /// Waits until the user has finished with a page of the console, and opens it on request.
    async fn ask_until_done(&mut self, page: &str) -> Result<(), Failure> {
        while self.ask("Press Enter when you are done, or o and Enter to open the page.").await? == "o" {
            if !browser::open(page, &self.context.settings.browser) {
                self.context.messages.print("Cannot start a browser here.");
            }
        }
        Ok(())
    }

    async fn ask(&mut self, question: &str) -> Result<String, Failure> {
        self.context.messages.print(question);
        self.reader.paste().await.map(|answer| answer.trim().to_owned()).ok_or_else(|| {
            Failure::new(ErrorCode::LoginNeeded, "the setup is not finished")
                .hint(format!("to continue, run {}", self.context.command(["setup"])))
        })
    }
}
