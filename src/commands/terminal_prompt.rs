//! The prompts of a login on the terminal.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use crate::auth::{Access, Error, LoginPrompt, LoginStarted, Notice, ScopeSet};
use crate::output::Messages;
use crate::platform::remote::RemoteEnvironment;
use crate::platform::terminal::LineReader;
use crate::platform::{browser, command_line};

use super::auth::scope_option;
use super::report::console;
use super::{Context, Failure, Invocation, needed_scopes};

/// Prompts on standard error and reads pasted URLs from the terminal.
pub(super) struct TerminalPrompt<'a> {
    messages: Messages,
    invocation: &'a Invocation,
    environment: &'a browser::Environment,
    open_browser: bool,
    terminal: bool,
    pipe: bool,
    reader: Option<LineReader>,
    host: String,
    project: Option<String>,
}

impl<'a> TerminalPrompt<'a> {
    /// Creates the prompt. `open_browser` is whether to open the browser.
    pub(super) fn new(context: &'a Context, open_browser: bool) -> Self {
        let settings = &context.settings;
        Self {
            messages: context.messages,
            invocation: &settings.invocation,
            environment: &settings.browser,
            open_browser,
            terminal: settings.input && settings.terminals.stdin && settings.terminals.stderr,
            pipe: false,
            reader: None,
            host: String::new(),
            project: None,
        }
    }

    /// Also reads standard input that is not a terminal. Only `auth login` does: other commands in a script must not consume
    /// its input.
    pub(super) fn reading_pipes(mut self, context: &Context) -> Self {
        self.pipe = !context.settings.terminals.stdin;
        self
    }
}

impl Context {
    /// Returns an access token for `needed`, after a login if one is needed and can be prompted for.
    pub async fn access(&self, needed: &ScopeSet) -> Result<Access, Failure> {
        let can_prompt = self.settings.input
            && ((self.settings.terminals.stdin && self.settings.terminals.stderr)
                || self.settings.browser.browser.is_some());
        let mut prompt = TerminalPrompt::new(self, true);
        let prompt = can_prompt.then_some(&mut prompt as &mut dyn LoginPrompt);
        self.session().access_token(needed, prompt).await.map_err(|error| self.report(error))
    }
}

impl LoginPrompt for TerminalPrompt<'_> {
    fn login_needed(&mut self, reason: &Error) {
        self.messages.note(&sentence(&reason.to_string()));
        if let Error::ScopeMissing { account, missing, union, .. } = reason
            && needed_scopes::default().union(missing).missing_from(union).is_empty()
            && scope_option::manage().missing_from(missing).is_empty()
        {
            // Printed once: the next such login has more than the default scopes.
            let command = self.invocation.login(account.as_deref(), &ScopeSet::from_wire(scope_option::MANAGE));
            self.messages.note(&format!("To grant all scopes for managing spaces at once, run {command}"));
        }
    }

    fn started(&mut self, started: &LoginStarted<'_>) {
        self.project = started.project.map(str::to_owned);
        let opened = self.open_browser && browser::open(started.url.as_str(), self.environment);
        let who = started.account.map(|account| format!(" as {account}")).unwrap_or_default();
        // The URL is alone on one line, so that it can be copied.
        self.messages.print(&if opened {
            format!("Opening your browser to log in{who}. If it doesn't open, visit:")
        } else {
            format!("To log in{who}, open this address in a browser:")
        });
        self.messages.print("");
        self.messages.print(started.url.as_str());
        self.messages.print("");
        let remote = RemoteEnvironment::detect(self.environment.ssh, self.environment.display);
        // Over SSH, a browser that starts may be on a screen that the user does not see.
        if let Some(remote) = remote.filter(|remote| !opened || *remote == RemoteEnvironment::Ssh) {
            self.messages.print(&advice(remote, started.address));
            if self.pipe {
                self.messages.print("Or write the final address of the browser to standard input.");
            }
        }
        started.host.clone_into(&mut self.host);
        self.reader = if self.terminal || self.pipe { LineReader::for_pastes().ok() } else { None };
        if self.terminal && self.reader.is_some() {
            self.messages.print(&format!(
                "Browser on another machine? Paste the address that it ends on (it begins with http://{}) and press Enter.",
                started.host
            ));
        }
        self.messages.note(&format!("Waiting for the browser on port {} (Ctrl-C to cancel)", started.address.port()));
    }

    fn notice(&mut self, notice: Notice) {
        let here = &self.host;
        let paste = if self.terminal { ", or paste the address here" } else { "" };
        self.messages.warning(&match notice {
            Notice::HttpsUpgrade => {
                format!("the browser changed http:// to https://; change it to http:// in the address bar{paste}")
            }
            Notice::OtherHost => format!(
                "rejected a response at another address than {here}; change it to {here} in the address bar of the \
                 browser{paste}"
            ),
            Notice::OtherLogin => String::from(
                "rejected the response to another login; finish this one at the address above, and close older tabs",
            ),
        });
    }

    fn still_waiting(&mut self) {
        for line in browser_only_errors(self.project.as_deref()) {
            self.messages.note(&line);
        }
    }

    fn invalid_paste(&mut self) {
        self.messages
            .print("That is not the address of this login. Paste the complete address, starting with http://.");
    }

    fn paste(&mut self) -> Pin<Box<dyn Future<Output = String> + '_>> {
        Box::pin(async move {
            if let Some(reader) = &mut self.reader
                && let Some(text) = reader.paste().await
            {
                // The terminal shows Enter as ^J and does not begin a new line.
                self.messages.print("");
                return text;
            }
            self.reader = None;
            std::future::pending().await
        })
    }
}

/// Writes an error as a sentence.
fn sentence(error: &str) -> String {
    let mut letters = error.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Explains how the response of a browser on another machine can arrive.
fn advice(remote: RemoteEnvironment, address: SocketAddr) -> String {
    let port = address.port();
    // Without an address, ssh listens on 127.0.0.1, and on some systems not on [::1].
    let here = if address.is_ipv4() { port.to_string() } else { address.to_string() };
    let forward = command_line(["ssh", "-L", &format!("{here}:{address}"), "THIS-MACHINE"]);
    let forward = format!("forward the port before you open the address: {forward} (--port {port} keeps the port)");
    match remote {
        RemoteEnvironment::Ssh => format!("This is an SSH session. From the machine with your browser, {forward}"),
        RemoteEnvironment::Wsl => String::from(
            "This is WSL: open the address in a Windows browser. If it ends on an error page, paste the address of that page here.",
        ),
        RemoteEnvironment::Container => {
            format!(
                "This is a container: a browser outside reaches it only if port {port} on its {} is forwarded.",
                address.ip()
            )
        }
        RemoteEnvironment::NoDisplay => {
            format!("This machine has no display. From the machine with your browser, {forward}")
        }
    }
}

/// Explains errors that Google shows in the browser without a redirect.
pub(super) fn browser_only_errors(project: Option<&str>) -> Vec<String> {
    let link = |path: &str| console(path, project);
    vec![
        String::from("Still waiting. If Google shows an error in the browser:"),
        format!("  access_denied (app is being tested): add the account as a test user at {}", link("auth/audience")),
        format!(
            "  org_internal: choose an account of the organization, or change the audience at {}",
            link("auth/audience")
        ),
        String::from(
            "  admin_policy_enforced: ask a Workspace administrator to trust the client id at \
             https://admin.google.com/ac/owl/list?tab=configuredApps",
        ),
        format!("  redirect_uri_mismatch: create a client of type Desktop app at {}", link("auth/clients")),
        format!(
            "  invalid_client, deleted_client: the client does not exist; create a new one at {}",
            link("auth/clients")
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_fits_the_address_that_is_listened_on() {
        let of = |address: &str| advice(RemoteEnvironment::Ssh, address.parse().unwrap());
        assert!(of("127.0.0.1:4711").contains("ssh -L 4711:127.0.0.1:4711 THIS-MACHINE"));
        assert!(of("[::1]:4711").contains("ssh -L '[::1]:4711:[::1]:4711' THIS-MACHINE"));
        for remote in [RemoteEnvironment::Wsl, RemoteEnvironment::Container, RemoteEnvironment::NoDisplay] {
            assert!(!advice(remote, "[::1]:4711".parse().unwrap()).contains("127.0.0.1"), "{remote:?}");
        }
    }
}
