//! What every command has at hand.

use std::cell::{OnceCell, RefCell};
use std::ffi::OsString;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use url::Url;

use crate::auth::{DelegationOptions, Session, SessionOptions, TransportConfig};
use crate::chat;
use crate::output::{Messages, Printer};
use crate::platform::browser;
use crate::platform::terminal::Terminals;
use crate::platform::{Clock, command_line};
use crate::secret::Secret;

use super::Failure;

/// The value of a setting, and where it came from.
#[derive(Debug, Clone)]
pub struct Setting<Value> {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub source: Provenance,
}

impl<Value> Setting<Value> {
    /// The same setting with another value.
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
    /// As it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Option => "option",
            Self::Variable => "environment",
            Self::Default => "default",
        }
    }
}

/// An access token from outside, used as it is and never stored.
#[derive(Debug)]
pub struct GivenToken(Secret<String>);

impl GivenToken {
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

/// Everything that was set, wherever.
#[derive(Debug)]
pub struct Settings {
    /// Where the client file is looked for.
    pub client_secrets: Setting<Vec<PathBuf>>,
    /// Where logins are kept; `None` when no home directory is known.
    pub config_directory: Setting<Option<PathBuf>>,
    /// The person's home directory, for paths that they type.
    pub home: Option<PathBuf>,
    /// The account that was asked for.
    pub account: Setting<Option<String>>,
    /// The root of the Chat API, not yet checked.
    pub api_endpoint: Setting<String>,
    /// A ready access token.
    pub access_token: Option<GivenToken>,
    /// A service account that acts in a user's name, and where its key was named.
    pub delegation: Setting<Option<DelegationOptions>>,
    /// Whether a progress bar may move on standard error.
    pub animations: bool,
    /// Whether the person may be asked.
    pub input: bool,
    /// The limit of one HTTP request.
    pub timeout: Duration,
    /// Whether the format was said by option or variable.
    pub explicit_format: bool,
    /// Whom TLS trusts, and the proxies.
    pub http: TransportConfig,
    /// What is known about the browser.
    pub browser: browser::Environment,
    /// Which standard streams are terminals.
    pub terminals: Terminals,
    /// The command line as typed.
    pub invocation: Vec<String>,
    /// Where programs are found (`PATH`).
    pub path: Option<OsString>,
}

impl Settings {
    /// Whether commands act with a stored login, and not with a token from outside or for a service account.
    pub const fn uses_login(&self) -> bool {
        self.access_token.is_none() && self.delegation.value.is_none()
    }

    /// The user in whose name a service account acts; `None` where another token goes before it.
    pub fn impersonated(&self) -> Option<&str> {
        let delegation = self.delegation.value.as_ref().filter(|_| self.access_token.is_none())?;
        Some(&delegation.subject)
    }
}

/// A write that has left, or may have, and has no answer yet.
#[derive(Debug, Clone)]
pub struct InFlight {
    /// What it was, as in "create the space".
    pub action: String,
    /// The id that makes its repetition safe, where it needs one.
    pub request_id: Option<String>,
    /// What to do when its outcome is unknown.
    pub hint: String,
}

/// Shared with whoever ends the program, so that a signal cannot lose a request.
pub type Pending = Rc<RefCell<Option<InFlight>>>;

/// What every command has at hand.
pub struct Context {
    /// What was set.
    pub settings: Settings,
    /// The current time.
    pub clock: Clock,
    /// Standard error.
    pub messages: Messages,
    /// Standard output.
    pub printer: Printer,
    /// The write that is in flight.
    pub pending: Pending,
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
        Self { settings, clock, messages, printer, pending: Pending::default(), definition, session: OnceCell::new() }
    }

    /// Returns the session, created on first use.
    pub fn session(&self) -> &Session {
        self.session.get_or_init(|| {
            let messages = self.messages;
            Session::new(SessionOptions {
                http: self.settings.http.clone(),
                clock: self.clock,
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
                notify: Box::new(move |text| messages.warning(text)),
            })
        })
    }

    /// The Chat API at the endpoint that was set.
    ///
    /// # Errors
    /// An endpoint that no token may be sent to.
    pub fn chat(&self) -> Result<chat::Client, Failure> {
        let text = &self.settings.api_endpoint.value;
        chat::Client::new(self.session().http().clone(), text, self.clock.now_function())
            .map_err(|cause| Failure::endpoint_refused(text, &cause))
    }

    /// Whether a token may be sent to the endpoint that was set.
    pub fn check_endpoint(&self) -> Result<(), Failure> {
        self.chat().map(|_| ())
    }

    /// Whether to print JSON for a command that prints plain text by default.
    pub fn wants_json(&self) -> bool {
        let explicit = self.settings.explicit_format && self.printer.format().is_json();
        explicit || self.printer.has_filter()
    }

    /// The client's project, for links; `None` where no client file says so.
    pub fn project(&self) -> Option<String> {
        self.session().client().ok().and_then(|client| client.project.clone())
    }

    /// The command line as typed.
    pub fn repeat(&self) -> String {
        command_line(&self.settings.invocation)
    }

    /// Another command of this program, with the options that say who and where.
    pub fn command<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> String {
        let settings = &self.settings;
        let program = settings.invocation.first().map_or("chatauth", String::as_str);
        let mut line = vec![program.to_owned()];
        line.extend(words.into_iter().map(str::to_owned));
        let paths = [
            ("--client-secrets", settings.client_secrets.value.first(), settings.client_secrets.source),
            ("--config-dir", settings.config_directory.value.as_ref(), settings.config_directory.source),
        ];
        let paths = paths.map(|(name, path, source)| (name, path.map(|path| path.display().to_string()), source));
        let texts = [
            ("--account", settings.account.value.clone(), settings.account.source),
            ("--api-endpoint", Some(settings.api_endpoint.value.clone()), settings.api_endpoint.source),
        ];
        for (name, value, source) in paths.into_iter().chain(texts) {
            if let (Some(value), Provenance::Option) = (value, source) {
                line.extend([name.to_owned(), value]);
            }
        }
        command_line(line)
    }

    /// Returns the command line, with `--request-id` added if missing.
    pub fn repeat_with(&self, request_id: &str) -> String {
        let mut words = self.settings.invocation.clone();
        if !words.iter().any(|word| {
            word == "--request-id" || word.starts_with("--request-id=") || word.starts_with("--idempotency-key")
        }) {
            words.push(String::from("--request-id"));
            words.push(request_id.to_owned());
        }
        command_line(words)
    }
}

#[cfg(test)]
mod tests {
    use super::GivenToken;

    #[test]
    fn the_given_token_is_never_quoted() {
        assert!(GivenToken::parse(" ya29.ok ").is_ok());
        for text in ["Bearer canary", "canary\n\rx", "", "canary\u{e9}"] {
            let failure = GivenToken::parse(text).unwrap_err();
            assert!(!format!("{failure:?}").contains("canary"));
        }
        assert!(!format!("{:?}", GivenToken::parse("canary").unwrap()).contains("canary"));
    }
}
