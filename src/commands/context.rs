//! The context of a command: settings, clock, output and session.

use std::cell::{OnceCell, RefCell};
use std::ffi::OsString;
use std::path::PathBuf;

use url::Url;

use crate::auth::{DelegationOptions, Session, SessionOptions, TransportConfig};
use crate::chat;
use crate::output::{Messages, Printer};
use crate::platform::Clock;
use crate::platform::browser;
use crate::platform::terminal::Terminals;
use crate::secret::Secret;

use super::write::{InFlight, Progress};
use super::{ErrorCode, Failure, Invocation};

/// The value of a setting, and where it came from.
#[derive(Debug, Clone)]
pub struct Setting<Value> {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub source: Provenance,
}

impl<Value> Setting<Value> {
    /// Returns a setting with another value from the same source.
    pub fn map<Other>(self, change: impl FnOnce(Value) -> Other) -> Setting<Other> {
        Setting { value: change(self.value), source: self.source }
    }
}

/// Where a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// An option on the command line.
    Option,
    /// A variable of the environment.
    Variable,
    /// The default.
    Default,
}

impl Provenance {
    /// Returns the name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Option => "option",
            Self::Variable => "environment",
            Self::Default => "default",
        }
    }
}

/// A ready access token, which is used as it is and never stored.
#[derive(Debug)]
pub struct ProvidedToken(Secret<String>);

impl ProvidedToken {
    /// Checks that `text` can be a bearer token ([RFC 6750 section
    /// 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    ///
    /// # Errors
    /// A usage error that does not quote the text.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let token = text.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if token.is_empty() || !token.bytes().all(plain) {
            return Err(Failure::usage("CHATAUTH_ACCESS_TOKEN is not an access token")
                .hint("set it to the bare token, without \"Bearer\""));
        }
        Ok(Self(Secret::new(token.to_owned())))
    }
}

/// The settings, from options, variables and defaults.
#[derive(Debug)]
pub struct Settings {
    /// The paths at which the OAuth client file is looked for, in order.
    pub client_secrets: Setting<Vec<PathBuf>>,
    /// The directory of saved logins; `None` if no home directory is known.
    pub config_directory: Setting<Option<PathBuf>>,
    /// The person's home directory, for paths that they type.
    pub home: Option<PathBuf>,
    /// The account to use; `None` for the current one.
    pub account: Setting<Option<String>>,
    /// The root of the Chat API, not yet checked.
    pub api_endpoint: Setting<String>,
    /// A ready access token.
    pub access_token: Option<ProvidedToken>,
    /// A service account that acts in a user's name, and where its key was named; none beside a ready access token.
    pub delegation: Setting<Option<DelegationOptions>>,
    /// Why commands without `--account` use no saved login; `None` if they do.
    pub instead_of_login: Option<&'static str>,
    /// Whether a progress bar may move on standard error.
    pub animations: bool,
    /// Whether commands may prompt, open a browser and listen for a login.
    pub input: bool,
    /// Whether an option or a variable chose the format.
    pub explicit_format: bool,
    /// The trusted certificates, the proxies and the time limit of HTTP.
    pub http: TransportConfig,
    /// The variables that decide how a browser is opened.
    pub browser: browser::Environment,
    /// Which standard streams are terminals.
    pub terminals: Terminals,
    /// The command line as typed.
    pub invocation: Invocation,
    /// The search path of programs (`PATH`).
    pub path: Option<OsString>,
}

impl Settings {
    /// Whether commands use a saved login, and not a ready token or a service account.
    pub const fn uses_login(&self) -> bool {
        self.access_token.is_none() && self.delegation.value.is_none()
    }

    /// Returns the user as whom a service account acts; `None` if none acts.
    pub fn impersonated(&self) -> Option<&str> {
        self.delegation.value.as_ref().map(|delegation| delegation.subject.as_str())
    }
}

/// The settings, clock, output and session of a command.
pub struct Context {
    /// The settings.
    pub settings: Settings,
    /// The current time.
    pub clock: Clock,
    /// Standard error.
    pub messages: Messages,
    /// Standard output.
    pub printer: Printer,
    /// The write that is in flight.
    pub(super) pending: RefCell<Option<InFlight>>,
    /// What the command has done so far, if that is a part of it.
    pub(super) progress: RefCell<Option<Progress>>,
    /// Returns the definition of the command line.
    pub definition: fn() -> clap::Command,
    session: OnceCell<Session>,
}

impl Context {
    /// Creates a context without opening or reading anything.
    pub fn new(
        settings: Settings,
        clock: Clock,
        messages: Messages,
        printer: Printer,
        definition: fn() -> clap::Command,
    ) -> Self {
        let (pending, progress, session) = (RefCell::default(), RefCell::default(), OnceCell::new());
        Self { settings, clock, messages, printer, pending, progress, definition, session }
    }

    /// Returns the session, created on first use.
    pub fn session(&self) -> &Session {
        self.session.get_or_init(|| {
            let (messages, invocation) = (self.messages, self.settings.invocation.clone());
            Session::new(SessionOptions {
                http: self.settings.http.clone(),
                config_directory: self.settings.config_directory.value.clone(),
                client_secrets: self.settings.client_secrets.value.clone(),
                client_secrets_named: self.settings.client_secrets.source != Provenance::Default,
                google_tokens: self.settings.api_endpoint.source == Provenance::Option
                    || Url::parse(&self.settings.api_endpoint.value).is_ok_and(|url| {
                        url.scheme() == "https" && url.host_str().is_some_and(|host| host.ends_with(".googleapis.com"))
                    }),
                account: self.settings.account.value.clone(),
                access_token: self.settings.access_token.as_ref().map(|given| given.0.clone()),
                delegation: self.settings.delegation.value.clone(),
                login_command: Box::new(move |account, scopes| invocation.login(Some(account), scopes)),
                notify: Box::new(move |text| messages.warning(text)),
                before_retry: Box::new(move |text| messages.note(text)),
            })
        })
    }

    /// Returns a client for the API endpoint of the settings.
    ///
    /// # Errors
    /// An endpoint that no token may be sent to.
    pub fn chat(&self) -> Result<chat::Client, Failure> {
        let text = &self.settings.api_endpoint.value;
        chat::Client::new(self.session().http().clone(), text, self.clock.now_function())
            .map_err(|cause| Failure::endpoint_refused(text, &cause))
    }

    /// Checks that a token may be sent to the API endpoint of the settings.
    ///
    /// # Errors
    /// An endpoint that no token may be sent to.
    pub fn check_endpoint(&self) -> Result<(), Failure> {
        self.chat().map(|_| ())
    }

    /// Whether to print JSON for a command that prints plain text by default.
    pub fn wants_json(&self) -> bool {
        let explicit = self.settings.explicit_format && self.printer.format().is_json();
        explicit || self.printer.has_filter()
    }

    /// Returns the OAuth client's project, for links; `None` if no client file names it.
    pub fn project(&self) -> Option<String> {
        self.session().client().ok().and_then(|client| client.project.clone())
    }

    /// Reports that the result of a write cannot be printed. The message ends with what was `done`; if the reader is gone,
    /// `done` is printed instead.
    pub(super) fn report_unprinted(&self, error: impl Into<anyhow::Error>, done: &str) -> Failure {
        let failure = self.report(error);
        if failure.code == ErrorCode::ReaderGone {
            self.messages.print(done);
            return failure;
        }
        Failure { message: format!("{}; {done}", failure.message), ..failure }
    }

    /// Returns the command line as typed.
    pub fn typed_command(&self) -> String {
        self.settings.invocation.typed()
    }

    /// Returns another command of this program that acts as this one does, and at the same place.
    pub fn command<'a>(&'a self, words: impl IntoIterator<Item = &'a str>) -> String {
        self.settings.invocation.command(words)
    }
}

#[cfg(test)]
mod tests {
    use super::ProvidedToken;

    #[test]
    fn the_given_token_is_never_quoted() {
        assert!(ProvidedToken::parse(" ya29.ok ").is_ok());
        for text in ["Bearer canary", "canary\n\rx", "", "canary\u{e9}"] {
            let failure = ProvidedToken::parse(text).unwrap_err();
            assert!(!format!("{failure:?}").contains("canary"));
        }
        assert!(!format!("{:?}", ProvidedToken::parse("canary").unwrap()).contains("canary"));
    }
}
