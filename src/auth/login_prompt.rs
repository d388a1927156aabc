//! The options of a login, and the trait of its prompts.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use url::Url;

use super::authorization::Notice;
use super::{Error, ScopeSet};

/// How long a login waits for the browser by default.
pub const DEFAULT_WAIT: Duration = Duration::from_mins(5);

/// The options of a login.
#[derive(Debug, Clone)]
pub struct LoginOptions {
    /// The scopes to request; the identity scopes are always added.
    pub scopes: ScopeSet,
    /// The scopes that must be granted; otherwise the login fails.
    pub required: ScopeSet,
    /// The account that must log in; another one's login is not saved.
    pub account: Option<String>,
    /// The account that the account chooser suggests.
    pub login_hint: Option<String>,
    /// The port of the redirect URI; any free one when `None`.
    pub port: Option<u16>,
    /// How long to wait for the browser.
    pub wait: Duration,
}

/// What a prompt shows while a login waits.
#[derive(Debug)]
pub struct LoginStarted<'a> {
    /// The URL to open.
    pub url: &'a Url,
    /// The address of the listener, for `ssh -L`.
    pub address: SocketAddr,
    /// The host and port of the redirect URI.
    pub host: &'a str,
    /// The account that is expected to log in, if one is.
    pub account: Option<&'a str>,
    /// The client's project, for links.
    pub project: Option<&'a str>,
}

/// The user interface of a login.
pub trait LoginPrompt {
    /// A command needs a login before it can continue, for this reason.
    fn login_needed(&mut self, reason: &Error);
    /// The listener is up: show the URL, open the browser.
    fn started(&mut self, started: &LoginStarted<'_>);
    /// A response was rejected. Called once for each reason.
    fn notice(&mut self, notice: Notice);
    /// Some time has passed without an answer.
    fn still_waiting(&mut self);
    /// The pasted text is not a response to this login.
    fn invalid_paste(&mut self);
    /// Waits for text that the user pastes; forever where nothing can be pasted.
    fn paste(&mut self) -> Pin<Box<dyn Future<Output = String> + '_>>;
}
