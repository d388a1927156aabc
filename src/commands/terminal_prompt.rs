//! The person at the keyboard, during a login.

use std::future::Future;
use std::pin::Pin;

use crate::auth::{Access, Error, Interaction, LoginPrompt, LoginStarted, ScopeSet};
use crate::output::Messages;
use crate::platform::browser;
use crate::platform::remote::RemoteEnvironment;
use crate::platform::terminal::LineReader;

use super::auth::scope_option;
use super::report::{console, login_command};
use super::{Context, Failure, needed_scopes};

/// Talks on standard error, and reads what is pasted where there is a terminal.
pub(super) struct TerminalPrompt<'a> {
    messages: Messages,
    environment: &'a browser::Environment,
    open_browser: bool,
    terminal: bool,
    reader: Option<LineReader>,
    project: Option<String>,
}

impl<'a> TerminalPrompt<'a> {
    /// `open_browser` says whether the browser is to be started.
    pub(super) fn new(context: &'a Context, open_browser: bool) -> Self {
        let settings = &context.settings;
        Self {
            messages: context.messages,
            environment: &settings.browser,
            open_browser,
            terminal: settings.input && settings.terminals.stdin && settings.terminals.stderr,
            reader: None,
            project: None,
        }
    }
}

impl Context {
    /// An access token for `needed`, with a login on the way when that is needed and somebody is there.
    pub async fn access(&self, needed: &ScopeSet) -> Result<Access, Failure> {
        let may_ask = self.settings.input
            && ((self.settings.terminals.stdin && self.settings.terminals.stderr)
                || self.settings.browser.browser.is_some());
        let result = if may_ask {
            let mut person = TerminalPrompt::new(self, true);
            self.session().access_token(needed, Interaction::Allowed(&mut person)).await
        } else {
            self.session().access_token(needed, Interaction::Refused).await
        };
        result.map_err(|error| self.report(error))
    }
}

impl LoginPrompt for TerminalPrompt<'_> {
    fn login_needed(&mut self, reason: &Error) {
        self.messages.note(&format!("A login is needed: {reason}."));
        if let Error::ScopeMissing { account, missing, union, .. } = reason
            && needed_scopes::default().union(missing).missing_from(union).is_empty()
            && scope_option::manage().missing_from(missing).is_empty()
        {
            // Said once: with the next such login, there is more than the default to renew.
            let command = login_command(account.as_deref(), &ScopeSet::from_wire(scope_option::MANAGE));
            self.messages.note(&format!("To grant everything that managing spaces needs at once: {command}"));
        }
    }

    fn started(&mut self, started: &LoginStarted<'_>) {
        self.project = started.project.map(str::to_owned);
        let opened = self.open_browser && browser::open(started.url.as_str(), self.environment);
        let who = started.account.map(|account| format!(" as {account}")).unwrap_or_default();
        // The URL stands alone on one line, however long: it must survive being copied.
        self.messages.always(&if opened {
            format!("Log in{who} in the browser that has been opened. If none appears, open this address:")
        } else {
            format!("Log in{who} by opening this address in a browser:")
        });
        self.messages.always("");
        self.messages.always(started.url.as_str());
        self.messages.always("");
        if !opened && let Some(remote) = RemoteEnvironment::detect(self.environment.ssh, self.environment.display) {
            self.messages.always(&advice(remote, started.port));
        }
        self.reader = if self.terminal { LineReader::new().ok() } else { None };
        if self.reader.is_some() {
            self.messages.always(
                "Browser on another machine? Paste the address that it ends on (it begins with http://127.0.0.1 or the \
                 like), followed by Enter.",
            );
        }
        self.messages.note(&format!("Waiting for the answer on port {} (Ctrl-C ends it).", started.port));
    }

    fn https_upgrade(&mut self) {
        self.messages.warning(
            "the browser turned http:// into https:// on the way back; change it to http:// in its address bar, or \
             paste the address here",
        );
    }

    fn still_waiting(&mut self) {
        for line in browser_only_errors(self.project.as_deref()) {
            self.messages.note(&line);
        }
    }

    fn not_an_answer(&mut self) {
        self.messages
            .always("That is not the address that this login ends on. Paste the whole of it, from http:// to its end.");
    }

    fn paste(&mut self) -> Pin<Box<dyn Future<Output = String> + '_>> {
        Box::pin(async move {
            if let Some(reader) = &mut self.reader
                && let Some(text) = reader.paste().await
            {
                // The terminal showed Enter as ^J, without going to a new line.
                self.messages.always("");
                return text;
            }
            self.reader = None;
            std::future::pending().await
        })
    }
}

/// How the answer can get here from a browser that is somewhere else.
fn advice(remote: RemoteEnvironment, port: u16) -> String {
    let forward = format!(
        "let the port through before you open it, from the machine with the browser: ssh -L {port}:127.0.0.1:{port} \
         THIS-MACHINE (with --port {port}, the next login uses the same port)"
    );
    match remote {
        RemoteEnvironment::Ssh => {
            format!("This is an SSH session, and the browser is on another machine. Either {forward}.")
        }
        RemoteEnvironment::Wsl => String::from(
            "This is WSL: the address can be opened in a browser of Windows. If that ends on an error page, paste its \
             address here.",
        ),
        RemoteEnvironment::Container => format!(
            "This is a container: a browser outside cannot reach it unless port {port} of its 127.0.0.1 is let through."
        ),
        RemoteEnvironment::NoDisplay => {
            format!("There is no screen here. With a browser on another machine, {forward}.")
        }
    }
}

/// What Google shows on its own page, without ever sending the browser back.
pub(super) fn browser_only_errors(project: Option<&str>) -> Vec<String> {
    let link = |path: &str| console(path, project);
    vec![
        String::from("Still waiting. If the browser shows an error of Google's, this is what it means:"),
        format!("  access_denied (app is being tested): add the account as a test user at {}", link("auth/audience")),
        format!(
            "  org_internal: the app is for its organization only; choose another account, or change the audience at {}",
            link("auth/audience")
        ),
        String::from(
            "  admin_policy_enforced: a Workspace administrator has to trust the client id at \
             https://admin.google.com/ac/owl/list?tab=configuredApps",
        ),
        format!("  redirect_uri_mismatch: make a client of type Desktop app at {}", link("auth/clients")),
        format!("  invalid_client, deleted_client: the client is gone; make a new one at {}", link("auth/clients")),
    ]
}
