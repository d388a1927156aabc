//! Recognises files that are not usable OAuth clients.

use serde_json::{Map, Value};

use super::project::project_of;
use crate::platform::encoding::decode;
use crate::platform::sanitise::quoted;

/// What was found where an OAuth client was expected. Shown after the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongFile {
    /// No bytes, or only white space.
    #[error("is empty")]
    Empty,
    /// Neither UTF-8 nor UTF-16.
    #[error("is not a text file in UTF-8 or UTF-16")]
    NotText,
    /// A saved web page.
    #[error("is an HTML page, probably a saved sign-in page, not an OAuth client")]
    Html,
    /// A property list, which the console offers for iOS clients.
    #[error("is a property list for an iOS client, which cannot be used on a computer")]
    PropertyList,
    /// Text that is not JSON, from this line on.
    #[error("is not JSON (line {0})")]
    NotJson(usize),
    /// A Google API key.
    #[error("contains an API key, which cannot identify a user")]
    ApiKey,
    /// A JSON list.
    #[error("is a JSON list, not an OAuth client")]
    List,
    /// A JSON string, number or literal.
    #[error("is a single JSON value, not an OAuth client")]
    Scalar,
    /// A service account's key.
    #[error("is a service account key, not an OAuth client")]
    ServiceAccountKey,
    /// Application default credentials, or another file that holds one user's tokens as `authorized_user`.
    #[error(
        "contains a user's refresh token (application default credentials, or tokens that another tool wrote over the client), not an OAuth client"
    )]
    AuthorizedUser,
    /// A token cache of Google's Python or Node.js libraries, and whether its scopes may tell whose it is.
    #[error("contains tokens of a {0} program (a token.json), not an OAuth client")]
    TokenCache(&'static str, bool),
    /// Workload identity federation.
    #[error("is a workload identity configuration, not an OAuth client")]
    ExternalAccount,
    /// Another `type` that Google's tools write.
    #[error("is a Google credential of type {}, not an OAuth client", quoted(.0))]
    OtherType(String),
    /// A client with tokens beside it, written there by another tool.
    #[error("is an OAuth client into which another tool has written tokens; chatauth does not use such a file")]
    ClientWithTokens,
    /// Nothing.
    #[error("is an empty JSON object: it has neither \"installed\" nor \"web\"")]
    EmptyObject,
    /// Neither `installed` nor `web`, but these members.
    #[error("has neither \"installed\" nor \"web\", but {0}")]
    NoClient(String),
    /// Both `installed` and `web`.
    #[error("has both \"installed\" and \"web\"; keep one of them")]
    TwoClients,
    /// `installed` or `web` is not an object.
    #[error("has {0:?}, but it is not a JSON object")]
    NotAnObject(&'static str),
    /// A client for Android, iOS, Chrome or the like: without a secret, and without loopback redirects.
    #[error("is a client without a secret (Android, iOS, Chrome or UWP), for which Google blocks logins on a computer")]
    MobileClient,
    /// A member is missing.
    #[error("lacks {1:?} in {0:?}")]
    MissingMember(&'static str, &'static str),
    /// A member is an empty string.
    #[error("has an empty {1:?} in {0:?}")]
    EmptyMember(&'static str, &'static str),
    /// A member has the wrong JSON type.
    #[error("has a {1:?} in {0:?} that is not {2}")]
    WrongType(&'static str, &'static str, &'static str),
    /// The example that comes with chatauth, unedited.
    #[error("is the example that comes with chatauth, whose values are made up")]
    Example,
}

type Wrong = (WrongFile, Option<String>);

/// Finds the one client in the file: its kind (`installed` or `web`) and its members.
pub(super) fn client_object(bytes: &[u8]) -> Result<(&'static str, Map<String, Value>), Wrong> {
    let mut document = match json(bytes) {
        Ok(Value::Object(members)) => members,
        Ok(Value::Array(_)) => return Err((WrongFile::List, None)),
        Ok(Value::String(text)) if is_api_key(&text) => return Err((WrongFile::ApiKey, None)),
        Ok(_) => return Err((WrongFile::Scalar, None)),
        Err(wrong @ WrongFile::NotJson(_)) => {
            let text = decode(bytes).unwrap_or_default();
            return Err((other_text(text.trim()).unwrap_or(wrong), None));
        }
        Err(wrong) => return Err((wrong, None)),
    };
    let kind = match (document.contains_key("installed"), document.contains_key("web")) {
        (true, true) => {
            let of = |kind: &str| project_of(document.get(kind)?.as_object()?);
            return Err((WrongFile::TwoClients, of("installed").or_else(|| of("web"))));
        }
        (true, false) => "installed",
        (false, true) => "web",
        (false, false) => {
            let project = project_of(&document);
            return Err((without_client(&document), project));
        }
    };
    let beside = holds_tokens(&document);
    match document.remove(kind) {
        Some(Value::Object(members)) if beside || holds_tokens(&members) => {
            let project = project_of(&members);
            Err((WrongFile::ClientWithTokens, project))
        }
        Some(Value::Object(members)) => Ok((kind, members)),
        _ => Err((WrongFile::NotAnObject(kind), None)),
    }
}

/// Parses a JSON file of Google's.
///
/// # Errors
/// [`WrongFile::Empty`], [`WrongFile::NotText`] or [`WrongFile::NotJson`].
pub(in crate::auth) fn json(bytes: &[u8]) -> Result<Value, WrongFile> {
    let text = decode(bytes).filter(|text| !text.contains('\0')).ok_or(WrongFile::NotText)?;
    if text.trim().is_empty() {
        return Err(WrongFile::Empty);
    }
    // With the blank lines before it, so that the line of an error is that of the file.
    serde_json::from_str(text.trim_end()).map_err(|error| WrongFile::NotJson(error.line()))
}

/// Recognises a text that is not JSON.
fn other_text(text: &str) -> Option<WrongFile> {
    let start = text.chars().take(200).collect::<String>().to_ascii_lowercase();
    if start.starts_with('<') {
        let property_list = start.contains("<plist") || start.contains("<!doctype plist");
        return Some(if property_list { WrongFile::PropertyList } else { WrongFile::Html });
    }
    is_api_key(text).then_some(WrongFile::ApiKey)
}

/// Google's API keys: `AIza` and 35 more characters.
fn is_api_key(text: &str) -> bool {
    text.len() == 39
        && text.starts_with("AIza")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn holds_tokens(members: &Map<String, Value>) -> bool {
    ["access_token", "refresh_token", "token", "id_token", "expiry_date"].iter().any(|name| members.contains_key(*name))
}

fn without_client(members: &Map<String, Value>) -> WrongFile {
    let has = |name: &str| members.contains_key(name);
    match members.get("type").and_then(Value::as_str) {
        Some("service_account") => return WrongFile::ServiceAccountKey,
        Some("authorized_user") => return WrongFile::AuthorizedUser,
        Some("external_account" | "external_account_authorized_user") => return WrongFile::ExternalAccount,
        Some(other) if !other.is_empty() => return WrongFile::OtherType(other.chars().take(60).collect()),
        _ => {}
    }
    if has("private_key") {
        return WrongFile::ServiceAccountKey;
    }
    let mut scopes = ["scopes", "scope"].iter().filter_map(|name| members.get(*name)).map(Value::to_string);
    let is_named = scopes.all(|all| !all.contains("/auth/") || all.contains("openid") && all.contains("email"));
    if has("token") && (has("refresh_token") || has("expiry") || has("scopes")) {
        return WrongFile::TokenCache("Python", is_named);
    }
    if has("access_token") || has("expiry_date") {
        return WrongFile::TokenCache("Node.js", is_named);
    }
    if has("refresh_token") {
        return WrongFile::AuthorizedUser;
    }
    if members.values().filter_map(Value::as_str).any(is_api_key) {
        return WrongFile::ApiKey;
    }
    let names = members.keys().take(5).map(|name| quoted(&name.chars().take(40).collect::<String>()));
    let names: Vec<String> = names.collect();
    if names.is_empty() { WrongFile::EmptyObject } else { WrongFile::NoClient(names.join(", ")) }
}

/// Returns a member that must be a non-empty string.
pub(super) fn text(
    members: &Map<String, Value>,
    kind: &'static str,
    member: &'static str,
) -> Result<String, WrongFile> {
    match members.get(member) {
        None | Some(Value::Null)
            if member == "client_secret" && kind == "installed" && !members.contains_key("redirect_uris") =>
        {
            Err(WrongFile::MobileClient)
        }
        None | Some(Value::Null) => Err(WrongFile::MissingMember(kind, member)),
        Some(Value::String(text)) if text.trim().is_empty() => Err(WrongFile::EmptyMember(kind, member)),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(_) => Err(WrongFile::WrongType(kind, member, "a string")),
    }
}

/// Returns the registered redirect URIs, which a desktop client may omit.
pub(super) fn redirect_uris(members: &Map<String, Value>, kind: &'static str) -> Result<Vec<String>, WrongFile> {
    let wrong_type = WrongFile::WrongType(kind, "redirect_uris", "a list of strings");
    match members.get("redirect_uris") {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong_type.clone())).collect()
        }
        Some(_) => Err(wrong_type),
    }
}

/// Whether these are the values of `client_secrets.example.json`, or placeholders of another sample.
pub(super) fn is_the_example(client_id: &str, client_secret: &str) -> bool {
    const PLACEHOLDERS: [&str; 5] = ["[[", "<", "YOUR_", "your-client", "INSERT"];
    client_id.starts_with("123456789012-example0")
        || client_secret == "GOCSPX-example-not-a-real-secret"
        || PLACEHOLDERS
            .iter()
            .any(|placeholder| client_id.starts_with(placeholder) || client_secret.starts_with(placeholder))
}
