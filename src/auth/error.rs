//! Why there is no access token.

use std::path::PathBuf;
use std::time::Duration;

use super::refusal::{DelegationRefusal, TokenRefusal};
use super::store::StoreError;
use super::{ClientSecretsError, ScopeSet};
use crate::http::{self, EndpointError};
use crate::platform::sanitise::quoted;
use crate::platform::signals::Interruption;

/// Why a command got no access token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No usable client file.
    #[error("{0}")]
    ClientSecrets(#[from] ClientSecretsError),
    /// The client file cannot be saved.
    #[error("cannot save the OAuth client file {path}: {cause}", path = .path.display())]
    ClientNotSaved {
        /// Where it was to be saved.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// The store cannot be read or written.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A login is needed and may not be started.
    #[error("{0}")]
    LoginNeeded(#[from] LoginNeeded),
    /// The user or the authorization server refused.
    #[error("the login was refused ({error}{})", .description.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    LoginRefused {
        /// The error code of the authorization error response.
        error: String,
        /// What came with it.
        description: Option<String>,
    },
    /// The redirect came from another authorization server than the one that was asked (RFC 9207).
    #[error("ignored an authorization response from {}: expected {}", quoted(found), quoted(expected))]
    WrongIssuer {
        /// The issuer that the client file names.
        expected: String,
        /// The issuer in the response.
        found: String,
    },
    /// The browser did not return in time.
    #[error("the browser did not come back within {} s", .wait.as_secs())]
    LoginTimedOut {
        /// The time limit.
        wait: Duration,
        /// The client's project, for links.
        project: Option<String>,
    },
    /// The port of the redirect URI is taken or forbidden.
    #[error("cannot listen on port {port}: {cause}")]
    PortUnavailable {
        /// The port; 0 when any would have done.
        port: u16,
        /// The error of the operating system.
        cause: String,
    },
    /// Another account logged in than the requested one.
    #[error("{found} logged in instead of {expected}; nothing was saved")]
    WrongAccount {
        /// The account that was named.
        expected: String,
        /// The account of the ID token.
        found: String,
    },
    /// The imported file holds the login of another account than the requested one.
    #[error("the file contains the login of {found}, not of {expected}; {}", if *.saved { "it was saved, because the file no longer works" } else { "nothing was saved" })]
    ImportOfOther {
        /// The account that was named.
        expected: String,
        /// The account of the file.
        found: String,
        /// Whether it was saved, because the server has replaced the refresh token.
        saved: bool,
    },
    /// The login does not allow what the command needs.
    #[error("the login{} lacks the scope {missing}", .account.as_ref().map(|account| format!(" of {account}")).unwrap_or_default())]
    ScopeMissing {
        /// Whose login.
        account: Option<String>,
        /// What it lacks.
        missing: ScopeSet,
        /// What to ask for: everything that the login has, and what it lacks.
        union: ScopeSet,
        /// Whether a login found this: the user left a box unticked.
        at_login: bool,
    },
    /// The token response does not say who logged in.
    #[error("cannot identify the account: {0}")]
    NoIdentity(String),
    /// The token response has no refresh token, so that the login would end within the hour.
    #[error("the server sent no refresh token; nothing was saved")]
    NoRefreshToken,
    /// The token endpoint refused, with its reasons.
    #[error("{0}")]
    Refused(#[source] Box<TokenRefusal>),
    /// The file to import holds no login that can be used: why, and what to do instead.
    #[error("cannot import the file: {0}")]
    ImportInvalid(String, &'static str),
    /// The login in the imported file belongs to another client than the one in use.
    #[error("cannot import the file: its login belongs to the OAuth client {client_id}, not to that of {path}", path = .path.display())]
    ImportOfOtherClient {
        /// The client of the login, which the file includes.
        client_id: String,
        /// The client file in use.
        path: PathBuf,
        /// Whether that was named by option or variable.
        named: bool,
    },
    /// The service account key cannot be used.
    #[error("the service account key {path} {cause}", path = .path.display())]
    ServiceAccountKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The service account may not act in the user's name.
    #[error("{} cannot act as {} ({}{})", .0.client_email, .0.subject, .0.error, .0.description.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    DelegationRefused(Box<DelegationRefusal>),
    /// The API rejected the ready access token.
    #[error("the server rejected the access token in CHATAUTH_ACCESS_TOKEN")]
    TokenRejected,
    /// No answer.
    #[error("{0}")]
    Network(#[source] http::Error),
    /// Too many requests.
    #[error("{host} limits the rate of requests (429)")]
    RateLimited {
        /// The host that limits the rate.
        host: String,
        /// Its `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The server failed, or answered something that is no token response.
    #[error("{host} {cause}")]
    Server {
        /// Which server.
        host: String,
        /// What it did.
        cause: String,
    },
    /// An endpoint that no token may go to.
    #[error("{setting} {cause}")]
    EndpointRefused {
        /// The setting that holds it.
        setting: String,
        /// What is wrong with it.
        #[source]
        cause: EndpointError,
    },
    /// The API endpoint of this command is not Google's, and the token is.
    #[error("a Google token cannot be sent to the API endpoint in CHATAUTH_API_ENDPOINT")]
    DestinationRefused,
    /// A signal arrived while a key file, a pipe, was read.
    #[error("{0}")]
    Interrupted(Interruption),
    /// An internal error, or a failure of the operating system.
    #[error("{0}")]
    Internal(String),
}

/// Why a login is needed.
#[derive(Debug, thiserror::Error)]
pub enum LoginNeeded {
    /// There is none.
    #[error("you are not logged in")]
    NoLogin,
    /// There is none for this account.
    #[error("you are not logged in as {0}")]
    NoSuchAccount(String),
    /// There are several, and none is the current one.
    #[error("several accounts are logged in ({}), and none is selected", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// The stored login was made with another client, whose refresh token this one cannot use.
    #[error("the login of {account} belongs to the OAuth client {stored}, not to {given}")]
    OtherClient {
        /// Whose login.
        account: String,
        /// The client or token endpoint in the record.
        stored: String,
        /// The client or token endpoint in the client file.
        given: String,
    },
    /// The store's record is gone although a command just used it.
    #[error("the login of {0} was removed during this command")]
    Removed(String),
    /// There is a record, without a client file to renew it with.
    #[error("cannot refresh the access token of {account}: no OAuth client file found at {}", .searched.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" or "))]
    NoClient {
        /// Whose login.
        account: String,
        /// Where a client file was looked for.
        searched: Vec<PathBuf>,
    },
}
