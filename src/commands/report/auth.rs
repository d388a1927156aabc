//! Reports errors of logins, tokens and the network.

use std::path::Path;

use crate::auth::{
    ClientSecretsError, DelegationRefusal, Error, LoginNeeded, RefusalCause, ScopeSet, StoreError, TokenRefusal,
    TransportError, WrongFile,
};
use crate::commands::{ErrorCode, Failure, Invocation};
use crate::platform::command_line;

/// Returns the URL of a page of the Cloud console, for the client's project if it is known.
pub(in crate::commands) fn console(path: &str, project: Option<&str>) -> String {
    let project = project.map(|project| format!("?project={project}")).unwrap_or_default();
    format!("https://console.cloud.google.com/{path}{project}")
}

impl Failure {
    /// Classifies a login error; `account` is the one that was asked for.
    pub(in crate::commands) fn from_auth(error: &Error, account: Option<&str>, invocation: &Invocation) -> Self {
        let message = error.to_string();
        let fail = |code| Self::new(code, message.clone());
        let login = invocation.login(account, &ScopeSet::default());
        let repeated = invocation.repeated_login(account, &ScopeSet::default());
        let pass = if invocation.is_auth("login") { String::from("pass") } else { format!("run {login}") };
        match error {
            Error::ClientSecrets(error) => from_client_secrets(error, invocation),
            Error::ClientNotSaved { .. } => fail(ErrorCode::StoreNotWritable)
                .hint("pass a path that you can write to with --client-secrets FILE"),
            Error::Store(error) => from_store(error, &login),
            Error::LoginNeeded(LoginNeeded::Ambiguous(_)) => {
                fail(ErrorCode::LoginNeeded).hint(format!(
                "pass --account EMAIL, or select one permanently: {}",
                invocation.login_management(["auth", "switch", "EMAIL"])
            ))
            }
            Error::LoginNeeded(LoginNeeded::NoClient { .. }) => fail(ErrorCode::ClientSecretsMissing)
                .hint("pass the client file with --client-secrets FILE, or copy it into the configuration directory"),
            Error::LoginNeeded(LoginNeeded::OtherClient { account, .. }) => fail(ErrorCode::LoginNeeded).hint(format!(
                "pass the client file of that login with --client-secrets FILE, or log in with this client: {}",
                invocation.login(Some(account), &ScopeSet::default())
            )),
            Error::LoginNeeded(LoginNeeded::NoSuchAccount(account) | LoginNeeded::Removed(account)) => fail(ErrorCode::LoginNeeded)
                .hint(format!("run {}", invocation.login(Some(account), &ScopeSet::default()))),
            Error::LoginNeeded(_) => fail(ErrorCode::LoginNeeded).hint(format!("run {login}")),
            Error::LoginRefused { .. } => {
                fail(ErrorCode::LoginRefused).hint(format!("to retry, run {repeated}"))
            }
            Error::WrongIssuer { .. } => fail(ErrorCode::LoginRefused)
                .hint("check auth_uri in the client file: the response may come from an attacker's server"),
            Error::LoginTimedOut { project, .. } => fail(ErrorCode::LoginTimedOut).hint(format!(
                "if Google shows an error in the browser: for access_denied or org_internal change the audience at {}; for \
                 admin_policy_enforced ask an administrator to trust the app at https://admin.google.com/ac/owl/list?tab=configuredApps; \
                 for redirect_uri_mismatch use a Desktop app client. To wait longer, {pass} --wait SECONDS",
                console("auth/audience", project.as_deref())
            )),
            Error::PortUnavailable { .. } => {
                fail(ErrorCode::PortUnavailable).hint(format!("end the program that uses the port, or {pass} --port N"))
            }
            Error::WrongAccount { expected, .. } => fail(ErrorCode::WrongAccount)
                .hint(format!("choose {expected} in the browser, or pass --account with the other address")),
            Error::ImportOfOther { found, .. } => fail(ErrorCode::WrongAccount)
                .hint(format!("to use the login of {found}, pass --account with that address")),
            Error::ScopeMissing { account, missing, union, at_login } => {
                fail(ErrorCode::ScopeMissing).hint(if *at_login {
                    let repeated = invocation.repeated_login(account.as_deref(), union);
                    format!("nothing was saved; log in again and tick {missing}: {repeated}")
                } else {
                    format!("to add this scope, run {}", invocation.login(account.as_deref(), union))
                })
            }
            // A login from a token.json that lies in the place of the client file would lead back to the import.
            Error::NoIdentity(_) if invocation.is_auth("import") => fail(ErrorCode::LoginRefused).hint(format!(
                "download the client file at {}, then pass it to {login} with --client-secrets FILE",
                console("auth/clients", None)
            )),
            Error::NoIdentity(_) | Error::NoRefreshToken => fail(ErrorCode::LoginRefused).hint(format!("log in: {repeated}")),
            Error::Refused(refusal) => from_refusal(refusal, account, invocation),
            Error::ImportInvalid(_, instead) => fail(ErrorCode::InputInvalid).hint(*instead),
            Error::ImportOfOtherClient { named, .. } => fail(ErrorCode::InputInvalid).hint(if *named {
                "leave out --client-secrets and unset CHATAUTH_CLIENT_SECRETS: the login includes its client"
            } else {
                "pass a directory for the logins of that client with --config-dir DIR"
            }),
            Error::ServiceAccountKey { .. } => fail(ErrorCode::InputInvalid)
                .hint(format!("download a key of the service account at {}", console("iam-admin/serviceaccounts", None))),
            Error::DelegationRefused(refusal) => from_delegation(refusal, message),
            Error::TokenRejected => fail(ErrorCode::CredentialsRejected),
            Error::Network(error) => network(error),
            Error::RateLimited { retry_after, .. } => fail(ErrorCode::RateLimited).hint(try_again(*retry_after)),
            Error::Server { .. } => fail(ErrorCode::ServerError).hint("retry later; no saved login was changed"),
            Error::EndpointRefused { .. } => fail(ErrorCode::EndpointRefused),
            Error::DestinationRefused => fail(ErrorCode::EndpointRefused)
                .hint("unset CHATAUTH_API_ENDPOINT, or pass the endpoint with --api-endpoint URL"),
            Error::Interrupted(interruption) => fail(ErrorCode::Interrupted(*interruption)),
            Error::Internal(_) => fail(ErrorCode::Internal),
        }
    }
}

/// Reports a failure of the network, whose hint is never to log in.
pub(super) fn network(error: &TransportError) -> Failure {
    let (code, hint) = match error {
        TransportError::ProxyInvalid { variable: variable @ ("NO_PROXY" | "no_proxy"), .. } => {
            (ErrorCode::EnvironmentInvalid, format!("correct the entry of {variable}: a name, an address or a network"))
        }
        TransportError::ProxyInvalid { variable, .. } => (
            ErrorCode::EnvironmentInvalid,
            format!("set {variable} to http://HOST:PORT or socks5://HOST:PORT, or list the host in NO_PROXY"),
        ),
        TransportError::ProxyAuthentication { .. } => {
            (ErrorCode::EnvironmentInvalid, String::from("correct the proxy's URL, or list the host in NO_PROXY"))
        }
        TransportError::TrustInvalid { .. } => (
            ErrorCode::EnvironmentInvalid,
            String::from("set SSL_CERT_FILE or SSL_CERT_DIR to certificates in PEM, or unset them to use the system's"),
        ),
        TransportError::Interrupted(interruption) => {
            return Failure::new(ErrorCode::Interrupted(*interruption), error.to_string());
        }
        TransportError::Untrusted { .. } => (
            ErrorCode::Network,
            String::from(
                "if a proxy of your organization intercepts TLS, set SSL_CERT_FILE to the certificate of its CA in PEM",
            ),
        ),
        _ => (
            ErrorCode::Network,
            String::from("check the network connection, and HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE if they are set"),
        ),
    };
    Failure::new(code, error.to_string()).hint(hint)
}

/// Returns the order to retry, after the time that the server asks for.
pub(super) fn try_again(retry_after: Option<std::time::Duration>) -> String {
    retry_after.map_or_else(
        || String::from("retry in a minute"),
        |wait| match wait.as_secs() {
            seconds @ ..120 => format!("retry in {} s, as the server asks", seconds.max(1)),
            seconds @ ..7200 => format!("retry in {} min, as the server asks", seconds.div_ceil(60)),
            seconds => format!("retry in {} h, as the server asks", seconds.div_ceil(3600)),
        },
    )
}

fn from_client_secrets(error: &ClientSecretsError, invocation: &Invocation) -> Failure {
    let clients = |project: &Option<String>| console("auth/clients", project.as_deref());
    let create = |project: &Option<String>| {
        format!("create an OAuth client of type Desktop app at {} and download its JSON", clients(project))
    };
    let option = |name: &str, path: &Path| command_line([name, &path.display().to_string()]);
    let code = match error {
        ClientSecretsError::Missing { .. } => ErrorCode::ClientSecretsMissing,
        ClientSecretsError::EndpointRefused { .. }
        | ClientSecretsError::MixedEndpoints { .. }
        | ClientSecretsError::NotNamed { .. } => ErrorCode::EndpointRefused,
        ClientSecretsError::Interrupted(interruption) => ErrorCode::Interrupted(*interruption),
        _ => ErrorCode::ClientSecretsInvalid,
    };
    let hint = match error {
        ClientSecretsError::Missing { other_file: Some(path), .. } => {
            format!("use the one that is there: {}", option("--client-secrets", path))
        }
        ClientSecretsError::Missing { .. } => format!(
            "run {}, or {}, then save it there or pass it with --client-secrets FILE",
            invocation.command(["setup"]),
            create(&None)
        ),
        ClientSecretsError::Unreadable { .. } => {
            String::from("set --client-secrets to the client file from the Cloud console")
        }
        ClientSecretsError::Wrong { what, path, project } => match what {
            WrongFile::ClientWithTokens => format!(
                "download the client again at {} and keep the other tool's tokens in a separate file",
                clients(project)
            ),
            WrongFile::Example => create(&None),
            WrongFile::ServiceAccountKey => format!(
                "to use it, pass {} --impersonate USER; or {}",
                option("--service-account", path),
                create(project)
            ),
            WrongFile::TokenCache(_, false) => create(project),
            WrongFile::AuthorizedUser | WrongFile::TokenCache(_, true) => {
                format!("import its login: {}; or {}", invocation.import(&path.display().to_string()), create(project))
            }
            WrongFile::TwoClients => format!(
                "a client file has one key, \"installed\" for a Desktop app or \"web\"; download it again at {}",
                clients(project)
            ),
            _ => format!("expected a JSON object with one key, \"installed\" or \"web\": {}", create(project)),
        },
        ClientSecretsError::EndpointRefused { project, .. } => {
            format!("Google's endpoints are https; download the client file again at {}", clients(project))
        }
        ClientSecretsError::MixedEndpoints { .. } => format!("download the client file again at {}", clients(&None)),
        ClientSecretsError::NotNamed { path, .. } => {
            format!("if you trust the file, pass {}", option("--client-secrets", path))
        }
        ClientSecretsError::Interrupted(_) | ClientSecretsError::NoPath(_) => {
            return Failure::new(code, error.to_string());
        }
        ClientSecretsError::NoLoopbackRedirect { port: Some(port), project, .. } => format!(
            "leave out --port, or add the redirect URI http://127.0.0.1:{port}/ to the client at {}",
            clients(project)
        ),
        ClientSecretsError::NoLoopbackRedirect { project, .. } => {
            format!("add the redirect URI http://127.0.0.1:8085/ to the client, or {}", create(project))
        }
    };
    Failure::new(code, error.to_string()).hint(hint)
}

fn from_store(error: &StoreError, login: &str) -> Failure {
    let (code, hint) = match error {
        StoreError::Unreadable { .. } => (
            ErrorCode::StoreUnreadable,
            &*format!("update chatauth or repair the file, or run {login}, which keeps a copy of it"),
        ),
        StoreError::NotWritable(_) => (ErrorCode::StoreNotWritable, "pass a writable directory with --config-dir DIR"),
        StoreError::NoDirectory => {
            (ErrorCode::StoreNotWritable, "set HOME, or pass a directory with --config-dir DIR (CHATAUTH_CONFIG_DIR)")
        }
        StoreError::NotADirectory(_) => {
            (ErrorCode::StoreUnreadable, "pass a directory with --config-dir DIR (CHATAUTH_CONFIG_DIR)")
        }
        StoreError::Busy(_) => (ErrorCode::Busy, "wait for the other process, or end it if it hangs"),
    };
    Failure::new(code, error.to_string()).hint(error.hint().unwrap_or_else(|| hint.to_owned()))
}

/// Reports a refused delegation. Google returns the same error if the entry is missing, lacks a scope or is not yet in
/// effect.
fn from_delegation(refusal: &DelegationRefusal, message: String) -> Failure {
    let hint = match refusal.error.as_str() {
        "unauthorized_client" | "access_denied" | "invalid_scope" => format!(
            "at https://admin.google.com/ac/owl/domainwidedelegation enter the client id {} with the scopes {} (effective \
             within 24 hours)",
            refusal.client_id.as_deref().unwrap_or("of the service account"),
            refusal.scopes.join(",")
        ),
        _ => format!(
            "check that {} is a user of the organization, that the key has not been deleted, and that this machine's \
             clock is right",
            refusal.subject
        ),
    };
    Failure { reason: Some(refusal.error.clone()), ..Failure::new(ErrorCode::DelegationRefused, message).hint(hint) }
}

fn from_refusal(refusal: &TokenRefusal, account: Option<&str>, invocation: &Invocation) -> Failure {
    // With the account, the new login asks for all that the old one had.
    let login = invocation.login(refusal.account.as_deref().or(account), &ScopeSet::default());
    let project = refusal.project.as_deref();
    let (code, hint) = match refusal.cause {
        RefusalCause::InvalidGrant => (ErrorCode::CredentialsRejected, format!("log in again: {login}")),
        RefusalCause::SessionPolicy => (
            ErrorCode::ReauthRequired,
            format!("log in again: {login} (an administrator can exempt the client as a trusted app)"),
        ),
        RefusalCause::Client => (
            ErrorCode::ClientRejected,
            format!(
                "compare the client file with {}, and download it again if it differs",
                console("auth/clients", project)
            ),
        ),
        RefusalCause::Other => (
            ErrorCode::CredentialsRejected,
            String::from("the saved login is unchanged; look up the error code, or ask an administrator"),
        ),
        RefusalCause::AdminPolicy => (
            ErrorCode::CredentialsRejected,
            String::from(
                "ask an administrator to trust the client id at https://admin.google.com/ac/owl/list?tab=configuredApps",
            ),
        ),
    };
    Failure { reason: Some(refusal.error.clone()), ..Failure::new(code, refusal.to_string()).hint(hint) }
}
