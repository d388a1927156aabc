//! The OAuth client file: anything may be in it, and it holds a secret.
#![no_main]

use chatauth::auth::fuzzing::client_file;
use chatauth::auth::{ClientKind, ClientSecrets, ClientSecretsError, Error, WrongFile};
use chatauth::commands::fuzzing::login_failure;
use chatauth_fuzz::{CANARY, check_failure, check_shown, with_canaries};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use url::{Host, Url};

fn parse(bytes: &[u8]) -> Result<ClientSecrets, ClientSecretsError> {
    ClientSecrets::parse("client_secrets.json".as_ref(), bytes)
}

/// The client of a file, read once more: what any OAuth library would make of it.
fn read_plainly(bytes: &[u8]) -> Option<(&'static str, Value)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let document: Value = serde_json::from_str(std::str::from_utf8(bytes).ok()?.trim()).ok()?;
    let kind = if document.get("installed").is_some() { "installed" } else { "web" };
    Some((kind, document.get(kind)?.clone()))
}

/// Tokens go to https, or to this very machine.
fn is_safe(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    bare && url.host_str().is_some_and(|host| !host.is_empty())
        && (url.scheme() == "https" || url.scheme() == "http" && local)
}

fn accepted(client: &ClientSecrets, bytes: &[u8]) {
    let (kind, members) = read_plainly(bytes).expect("what is accepted is JSON with a client");
    let text = |name: &str| members[name].as_str().expect("it is a text").trim();
    assert_eq!(client.client_id, text("client_id"));
    assert_eq!(client.client_secret.expose(), text("client_secret"));
    assert!(!client.client_id.is_empty() && !client.client_secret.expose().is_empty());
    for (endpoint, name) in [(&client.authorization_endpoint, "auth_uri"), (&client.token_endpoint, "token_uri")] {
        assert!(is_safe(endpoint.url()), "{endpoint}");
        assert_eq!(*endpoint.url(), Url::parse(text(name)).expect("it is a URL"));
        assert_eq!(endpoint.sibling("revoke").origin(), endpoint.origin());
    }
    assert_eq!(client.issuer(), client.authorization_endpoint.url().origin().ascii_serialization());
    assert_eq!(kind == "web", matches!(client.kind, ClientKind::Web { .. }));
    if let Some(project) = &client.project {
        // It becomes part of a link.
        assert!(
            !project.is_empty() && project.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:.".contains(&byte))
        );
    }
    // Written out and read again it is the same client, as a desktop app.
    let file = client_file(client).to_string();
    let again = parse(file.as_bytes()).unwrap_or_else(|error| panic!("{error} in {file}"));
    assert_eq!(again.client_id, client.client_id);
    assert_eq!(again.client_secret, client.client_secret);
    assert_eq!(again.authorization_endpoint.origin(), client.authorization_endpoint.origin());
    assert_eq!(again.token_endpoint.to_string(), client.token_endpoint.to_string());
}

fn refused(error: ClientSecretsError, bytes: &[u8]) {
    let message = error.to_string();
    check_shown(&message);
    assert_eq!(message.lines().count(), 1, "{message:?}");
    // What is no JSON is described and never quoted: a key could stand there.
    if let ClientSecretsError::Wrong { what, .. } = &error
        && read_plainly(bytes).is_none()
        && !matches!(what, WrongFile::OtherType(_) | WrongFile::NoClient(_))
    {
        assert!(message.len() < 200 && message.is_ascii(), "{message}");
    }
    check_failure(&login_failure(Error::ClientSecrets(error)));
}

fuzz_target!(|bytes: &[u8]| {
    match parse(bytes) {
        Ok(client) => accepted(&client, bytes),
        Err(error) => refused(error, bytes),
    }
    let document = serde_json::from_slice::<Value>(bytes).ok();
    if let Some(marked) = document.as_ref().and_then(with_canaries) {
        let told = match parse(marked.to_string().as_bytes()) {
            Ok(client) => format!("{client:?}"),
            Err(error) => {
                let told = format!("{error} {error:?}");
                format!("{told} {:?}", login_failure(Error::ClientSecrets(error)))
            }
        };
        assert!(!told.contains(CANARY), "{told}");
    }
});
