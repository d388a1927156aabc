//! The OAuth client file from the Google Cloud console.
//!
//! chatauth never modifies one in place: `setup` replaces it as a whole and keeps the old file.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::http::{Endpoint, EndpointError};
use crate::platform::input::{InputError, Source};
use crate::platform::signals::Interruption;
use crate::secret::Secret;

mod project;
mod wrong_file;

pub use wrong_file::WrongFile;
pub(super) use wrong_file::json;

pub(super) use project::project_number;
use project::project_of;

/// Larger than any client file; what is larger is something else.
const LARGEST_FILE: u64 = 256 * 1024;

/// What kind of client the file describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientKind {
    /// "Desktop app": any loopback redirect URI is accepted.
    Installed,
    /// "Web application": only the redirect URIs that are registered, exactly as they stand.
    Web {
        /// The registered redirect URIs.
        redirect_uris: Vec<String>,
    },
}

/// An OAuth client ([RFC 6749 section 2](https://www.rfc-editor.org/rfc/rfc6749#section-2)).
#[derive(Debug, Clone)]
pub struct ClientSecrets {
    /// The file that it was read from.
    pub path: PathBuf,
    /// The kind, which decides about redirect URIs.
    pub kind: ClientKind,
    /// The client identifier.
    pub client_id: String,
    /// The client secret. An installed application cannot keep it secret (RFC 8252 section 8.5), but Google requires it.
    pub client_secret: Secret<String>,
    /// The project, by number or id, for links into the console.
    pub project: Option<String>,
    /// Where the user consents (`auth_uri`).
    pub authorization_endpoint: Endpoint,
    /// Where codes and refresh tokens become access tokens (`token_uri`).
    pub token_endpoint: Endpoint,
}

/// Why there is no client.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClientSecretsError {
    /// No file where one was looked for.
    #[error("no OAuth client file found at {}", list(.searched))]
    Missing {
        /// Where it was looked for.
        searched: Vec<PathBuf>,
        /// A client file there with another name, such as the console's.
        other_file: Option<PathBuf>,
    },
    /// The file cannot be read.
    #[error("cannot read the OAuth client file {path}: {cause}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        cause: String,
    },
    /// The contents were given instead of their path. They hold a secret and are never shown.
    #[error("expected the path of the OAuth client file, not {0}")]
    NoPath(&'static str),
    /// The file is something else, or broken.
    #[error("{path} {what}", path = .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        what: WrongFile,
        /// The project, where the file shows it.
        project: Option<String>,
    },
    /// An endpoint that no token may be sent to.
    #[error("{path}: {member} {cause}", path = .path.display())]
    EndpointRefused {
        /// The file.
        path: PathBuf,
        /// `auth_uri` or `token_uri`.
        member: &'static str,
        /// What is wrong with it.
        #[source]
        cause: EndpointError,
        /// The project, where the file shows it.
        project: Option<String>,
    },
    /// One endpoint is Google's and the other is not: Google's code would go to another server.
    #[error("{path} mixes Google's endpoints with those of {other}", path = .path.display())]
    MixedEndpoints {
        /// The file.
        path: PathBuf,
        /// The origin that is not Google's.
        other: String,
    },
    /// A file that was not named, and names other endpoints than Google's.
    #[error("{path} was found in the current directory and names the endpoint {endpoint}", path = .path.display())]
    NotNamed {
        /// The file.
        path: PathBuf,
        /// The endpoint that is not Google's.
        endpoint: String,
    },
    /// A signal arrived while the file, a pipe, was read.
    #[error("{0}")]
    Interrupted(Interruption),
    /// A web client without a redirect URI that this machine can listen on.
    #[error("{path} is a web client, and {cause}", path = .path.display())]
    NoLoopbackRedirect {
        /// The file.
        path: PathBuf,
        /// What is wrong with its redirect URIs.
        cause: String,
        /// The port that was asked for.
        port: Option<u16>,
        /// The project, where the file shows it.
        project: Option<String>,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    shown.join(" or ")
}

impl ClientSecrets {
    /// Reads the client file at `path`.
    pub fn load(path: &Path) -> Result<Self, ClientSecretsError> {
        Self::parse(path, &Self::read(path)?)
    }

    /// Reads the contents of a client file, a pipe only once.
    pub fn read(path: &Path) -> Result<Vec<u8>, ClientSecretsError> {
        let unreadable = |cause: String| ClientSecretsError::Unreadable { path: path.to_path_buf(), cause };
        match Source::new(path.to_path_buf()).read(LARGEST_FILE) {
            Ok(bytes) => Ok(bytes),
            Err(InputError::Interrupted(interruption)) => Err(ClientSecretsError::Interrupted(interruption)),
            Err(InputError::NoPath(contents)) => Err(ClientSecretsError::NoPath(contents)),
            Err(InputError::Unreadable { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
                Err(ClientSecretsError::Missing { searched: vec![path.to_path_buf()], other_file: None })
            }
            Err(_) if path.is_dir() => Err(unreadable(String::from("it is a directory"))),
            Err(InputError::Unreadable { cause, .. }) => Err(unreadable(cause.to_string())),
            Err(_) => Err(unreadable(format!("it is larger than {LARGEST_FILE} bytes"))),
        }
    }

    /// Returns a client file of Google's in `directory` that has a name such as `client_secret_….json`.
    pub(super) fn find_in(directory: &Path) -> Option<PathBuf> {
        let is_named_so = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with("client_secret") && name.contains(".json") && path.is_file()
        };
        let paths = std::fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path());
        // Another server's has to be chosen by the person.
        let is_googles = |path: &PathBuf| Self::load(path).is_ok_and(|client| client.foreign_endpoint().is_none());
        let mut clients: Vec<PathBuf> = paths.filter(is_named_so).filter(is_googles).collect();
        clients.sort();
        clients.into_iter().next()
    }

    /// Parses the contents of a client file; `path` is for messages.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ClientSecretsError> {
        let (kind, members) = wrong_file::client_object(bytes)
            .map_err(|(what, project)| ClientSecretsError::Wrong { path: path.to_path_buf(), what, project })?;
        let project = project_of(&members);
        let wrong = |what| ClientSecretsError::Wrong { path: path.to_path_buf(), what, project: project.clone() };
        let text = |member| wrong_file::text(&members, kind, member).map_err(wrong);
        let client_id = text("client_id")?;
        let client_secret = Secret::new(text("client_secret")?);
        let endpoint = |member: &'static str| {
            Endpoint::parse(&text(member)?).map_err(|cause| ClientSecretsError::EndpointRefused {
                path: path.to_path_buf(),
                member,
                cause,
                project: project.clone(),
            })
        };
        let authorization_endpoint = endpoint("auth_uri")?;
        let token_endpoint = endpoint("token_uri")?;
        if is_google(&authorization_endpoint) != is_google(&token_endpoint) {
            let other = if is_google(&token_endpoint) { &authorization_endpoint } else { &token_endpoint };
            return Err(ClientSecretsError::MixedEndpoints { path: path.to_path_buf(), other: other.origin() });
        }
        let redirect_uris = wrong_file::redirect_uris(&members, kind).map_err(wrong)?;
        if wrong_file::is_the_example(&client_id, client_secret.expose()) {
            return Err(wrong(WrongFile::Example));
        }
        let kind = if kind == "web" { ClientKind::Web { redirect_uris } } else { ClientKind::Installed };
        Ok(Self {
            path: path.to_path_buf(),
            kind,
            client_id,
            client_secret,
            project,
            authorization_endpoint,
            token_endpoint,
        })
    }

    /// Returns the endpoint that is not Google's; `None` when both are. Google's other hosts have pages that anybody may
    /// store there.
    pub(super) fn foreign_endpoint(&self) -> Option<&Endpoint> {
        let token = Some(&self.token_endpoint).filter(|endpoint| !is_google_token_endpoint(endpoint));
        let is_foreign = |endpoint: &&Endpoint| endpoint.origin() != "https://accounts.google.com";
        token.or(Some(&self.authorization_endpoint).filter(is_foreign))
    }

    /// The issuer that this client's authorization server answers as: the origin of `auth_uri`.
    pub fn issuer(&self) -> String {
        self.authorization_endpoint.origin()
    }
}

/// Whether this is one of Google's token endpoints, of today or of earlier client files. Other paths of the same hosts
/// hold what anybody may store there, so that a token sent to them could be read by others.
pub(super) fn is_google_token_endpoint(endpoint: &Endpoint) -> bool {
    const URLS: [&str; 4] = [
        "https://oauth2.googleapis.com/token",
        "https://accounts.google.com/o/oauth2/token",
        "https://www.googleapis.com/oauth2/v3/token",
        "https://www.googleapis.com/oauth2/v4/token",
    ];
    URLS.contains(&endpoint.to_string().as_str())
}

/// Whether an authorization or token endpoint is on one of Google's hosts.
pub(super) fn is_google(endpoint: &Endpoint) -> bool {
    let host = endpoint.host().trim_end_matches('.');
    host == "accounts.google.com" || host.ends_with(".googleapis.com")
}

#[cfg(test)]
mod tests;
