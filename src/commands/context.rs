//! What every command has at hand.

use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use crate::auth::{Access, DelegationOptions, Interaction, ScopeSet, Session, SessionOptions, TransportConfig};
use crate::chat;
use crate::output::{Messages, Printer, command_line};
use crate::platform::Clock;
use crate::platform::browser;
use crate::platform::terminal::Terminals;
use crate::secret::Secret;

use super::person::Person;
use super::{ErrorCode, Failure};

/// Where a setting came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// An option on the command line.
    Option,
    /// A variable of the environment.
    Variable,
    /// Nothing said anything else.
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
            return Err(Failure::usage("CHATAUTH_ACCESS_TOKEN does not hold an access token")
                .hint("it takes the bare token, without \"Bearer\" before it"));
        }
        Ok(Self(Secret::new(token.to_owned())))
    }
}

/// Everything that was set, wherever.
#[derive(Debug)]
pub struct Settings {
    /// Where the client file is looked for.
    pub client_secrets: (Vec<PathBuf>, Provenance),
    /// Where logins are kept; `None` when no home directory is known.
    pub config_directory: (Option<PathBuf>, Provenance),
    /// The person's home directory, for paths that they type.
    pub home: Option<PathBuf>,
    /// The account that was asked for.
    pub account: (Option<String>, Provenance),
    /// The root of the Chat API, not yet checked.
    pub api_endpoint: (String, Provenance),
    /// A ready access token.
    pub access_token: Option<GivenToken>,
    /// A service account that acts in a user's name, and where its key was named.
    pub delegation: (Option<DelegationOptions>, Provenance),
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
    /// The command line as it was typed.
    pub invocation: Vec<String>,
}

impl Settings {
    /// Whether commands act with a stored login, and not with a token from outside or for a service account.
    pub const fn uses_login(&self) -> bool {
        self.access_token.is_none() && self.delegation.0.is_none()
    }

    /// The user in whose name a service account acts; `None` where another token goes before it.
    pub fn impersonated(&self) -> Option<&str> {
        let delegation = self.delegation.0.as_ref().filter(|_| self.access_token.is_none())?;
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
    /// The command that repeats it.
    pub repeat: String,
    /// What to do, where repeating the command is not it.
    pub hint: Option<String>,
    /// The rows of a bulk run that are on their way.
    pub rows: Option<RowsInFlight>,
}

/// The rows of a bulk run that are on their way, with their request ids. Shared with the run: it changes with every
/// answer, and is put into words only when somebody asks.
pub type RowsInFlight = Rc<RefCell<Vec<(u64, String)>>>;

impl InFlight {
    /// What was on its way, in words.
    pub fn what(&self) -> String {
        let Some(rows) = &self.rows else { return self.action.clone() };
        let rows = rows.borrow();
        if rows.is_empty() {
            return format!("{} the rows", self.action);
        }
        let rows: Vec<String> = rows.iter().map(|(number, id)| format!("row {number} with request id {id}")).collect();
        format!("{} {}", self.action, rows.join(", "))
    }
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
    /// The write that is on its way.
    pub pending: Pending,
    session: OnceCell<Session>,
}

impl Context {
    /// A context; nothing is opened or read yet.
    pub fn new(settings: Settings, clock: Clock, messages: Messages, printer: Printer) -> Self {
        Self { settings, clock, messages, printer, pending: Pending::default(), session: OnceCell::new() }
    }

    /// The session, made on first use.
    pub fn session(&self) -> &Session {
        self.session.get_or_init(|| {
            let messages = self.messages;
            Session::new(SessionOptions {
                http: self.settings.http.clone(),
                clock: self.clock,
                config_directory: self.settings.config_directory.0.clone(),
                client_secrets: self.settings.client_secrets.0.clone(),
                account: self.settings.account.0.clone(),
                access_token: self.settings.access_token.as_ref().map(|given| given.0.clone()),
                delegation: self.settings.delegation.0.clone(),
                notify: Box::new(move |text| messages.warning(text)),
            })
        })
    }

    /// The Chat API at the endpoint that was set.
    ///
    /// # Errors
    /// An endpoint that no token may be sent to.
    pub fn chat(&self) -> Result<chat::Client, Failure> {
        let (text, _) = &self.settings.api_endpoint;
        chat::Client::new(self.session().http().clone(), text, self.clock.now_function())
            .map_err(|cause| Failure::endpoint_refused(text, &cause))
    }

    /// Whether a token may be sent to the endpoint that was set.
    pub fn check_endpoint(&self) -> Result<(), Failure> {
        self.chat().map(|_| ())
    }

    /// Calls the API, and once more with another token when the first was not accepted.
    ///
    /// The outer error is that of the login, the inner one that of the API.
    pub(super) async fn with_replacement<Answer>(
        &self,
        access: &mut Access,
        call: impl AsyncFn(&Secret<String>) -> Result<Answer, chat::Error>,
    ) -> Result<Result<Answer, chat::Error>, Failure> {
        let first = call(&access.token).await;
        match &first {
            Err(error) if matches!(error.kind, chat::ErrorKind::Unauthenticated(_)) => {}
            _ => return Ok(first),
        }
        *access = self.session().replacement(access).await.map_err(|error| self.failure(error))?;
        Ok(call(&access.token).await)
    }

    /// An access token for `needed`, with a login on the way when that is needed and somebody is there.
    pub async fn access(&self, needed: &ScopeSet) -> Result<Access, Failure> {
        let may_ask = self.settings.input
            && ((self.settings.terminals.stdin && self.settings.terminals.stderr)
                || self.settings.browser.browser.is_some());
        let result = if may_ask {
            let mut person = Person::new(self, true);
            self.session().access_token(needed, Interaction::Allowed(&mut person)).await
        } else {
            self.session().access_token(needed, Interaction::Refused).await
        };
        result.map_err(|error| self.failure(error))
    }

    /// A login error with what this context knows about the way out.
    pub fn failure(&self, error: crate::auth::Error) -> Failure {
        self.in_context(Failure::from_auth(error, self.settings.account.0.as_deref()))
    }

    /// Adds what is known here: a clock that may be the reason that a token was refused, and that no login helps where
    /// none is used.
    pub(super) fn in_context(&self, mut failure: Failure) -> Failure {
        if matches!(failure.code, ErrorCode::CredentialsRejected | ErrorCode::ScopeMissing) {
            if self.settings.access_token.is_some() {
                failure =
                    failure.hint("give another token in CHATAUTH_ACCESS_TOKEN, or unset it to use the stored login");
            } else if self.settings.delegation.0.is_some() {
                failure =
                    failure.hint("check the service account's key and what has been delegated to it: chatauth doctor");
            }
        }
        if failure.code.exit_code() == 4
            && let Some(offset) = self.session().clock_offset()
            && offset.abs() > time::Duration::minutes(1)
        {
            failure.message = format!("{}; {}", failure.message, super::doctor::describe_offset(offset));
        }
        failure
    }

    /// The client's project, for links; `None` where no client file says so.
    pub fn project(&self) -> Option<String> {
        self.session().client().ok().and_then(|(client, _)| client.project)
    }

    /// The command line as it was typed.
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
            ("--client-secrets", settings.client_secrets.0.first(), settings.client_secrets.1),
            ("--config-dir", settings.config_directory.0.as_ref(), settings.config_directory.1),
        ];
        let paths = paths.map(|(name, path, source)| (name, path.map(|path| path.display().to_string()), source));
        let texts = [
            ("--account", settings.account.0.clone(), settings.account.1),
            ("--api-endpoint", Some(settings.api_endpoint.0.clone()), settings.api_endpoint.1),
        ];
        for (name, value, source) in paths.into_iter().chain(texts) {
            if let (Some(value), Provenance::Option) = (value, source) {
                line.extend([name.to_owned(), value]);
            }
        }
        command_line(line)
    }

    /// The command line, with `--request-id` where it was not there.
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
