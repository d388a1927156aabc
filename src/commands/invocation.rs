//! The command line as typed, and the commands of this program in hints and notes.

use std::fs;

use super::Failure;
use crate::auth::ScopeSet;
use crate::platform::command_line;

/// The options whose files are the input of a command.
const INPUTS: [&str; 3] = ["--json", "--from", "--input"];

/// How the program was called.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// The command line as typed.
    pub words: Vec<String>,
    /// The typed options that say who acts, with their values.
    pub actor: Vec<[String; 2]>,
    /// The typed options that say with which files and at which endpoint, with their values.
    pub place: Vec<[String; 2]>,
}

impl Invocation {
    /// Returns the command line as typed, to follow "run".
    pub fn typed(&self) -> String {
        self.with_input(command_line(&self.words))
    }

    /// Returns the command line to follow "run", with `--request-id` added if missing.
    pub fn typed_with_request_id(&self, request_id: &str) -> String {
        let mut words = self.words.clone();
        if !words.iter().any(|word| {
            word.contains(request_id) || word.starts_with("--request-id") || word.starts_with("--idempotency-key")
        }) {
            words.extend([String::from("--request-id"), request_id.to_owned()]);
        }
        self.with_input(command_line(words))
    }

    /// Adds to a repetition of the command line that it needs the same input again, where that was no regular file.
    fn with_input(&self, line: String) -> String {
        let is_stream = |(word, next): (&String, Option<&String>)| {
            let mut values = INPUTS.iter().filter_map(|option| match word.strip_prefix(option)? {
                "" => next.map(String::as_str),
                value => value.strip_prefix('='),
            });
            values.any(|file| file == "-" || fs::metadata(file).is_ok_and(|metadata| !metadata.is_file()))
        };
        let nexts = self.words.iter().skip(1).map(Some).chain([None]);
        if self.words.iter().zip(nexts).any(is_stream) { format!("with the same input: {line}") } else { line }
    }

    /// Returns another command of this program that acts as this one does, and at the same place.
    pub fn command<'a>(&'a self, words: impl IntoIterator<Item = &'a str>) -> String {
        self.login_management(words.into_iter().chain(self.actor.iter().flatten().map(String::as_str)))
    }

    /// Returns a command that manages logins at the same place; `words` name the account.
    pub fn login_management<'a>(&'a self, words: impl IntoIterator<Item = &'a str>) -> String {
        let program = self.words.first().map_or("chatauth", String::as_str);
        command_line([program].into_iter().chain(words).chain(self.place.iter().flatten().map(String::as_str)))
    }

    /// Returns the command that imports the login in a file, which cannot be its client file as well.
    pub fn import(&self, file: &str) -> String {
        let mut elsewhere = self.clone();
        elsewhere.place.retain(|[option, _]| option != "--client-secrets");
        elsewhere.command(["auth", "import", file])
    }

    /// Whether this is the command `auth` with this subcommand. `auth login` takes the options of a login.
    pub fn is_auth(&self, command: &str) -> bool {
        self.words.windows(2).any(|words| words == ["auth", command])
    }

    /// Returns the command that repeats a failed login: this one if it only logs in, with all that was asked for.
    pub fn repeated_login(&self, account: Option<&str>, scopes: &ScopeSet) -> String {
        if self.is_auth("login") { self.typed() } else { self.login(account, scopes) }
    }

    /// Refuses typed options that say who acts: `command` manages saved logins, and may name one with `--account`.
    ///
    /// # Errors
    /// A usage error that names the first such option.
    pub fn refuse_actor(&self, command: &str, accepts_account: bool) -> Result<(), Failure> {
        let mut typed = self.actor.iter().map(|[option, _]| option);
        match typed.find(|option| !accepts_account || *option != "--account") {
            Some(option) => Err(Failure::usage(format!("{option} cannot be used with {command}"))
                .hint(format!("leave out {option}: {command} manages saved logins"))),
            None => Ok(()),
        }
    }

    /// Returns the command that logs in.
    pub fn login(&self, account: Option<&str>, scopes: &ScopeSet) -> String {
        let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        let account = account.into_iter().flat_map(|account| ["--account", account]);
        let scopes = scopes.iter().flat_map(|scope| ["--scope", scope.as_str()]);
        self.login_management(["auth", "login"].into_iter().chain(account).chain(scopes))
    }
}
