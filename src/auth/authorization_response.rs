//! What the browser brings back ([RFC 6749 section
//! 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)): pure decisions on text that anybody may have sent.

use crate::secret::Secret;

/// What an answer must match to be ours.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// The state of this attempt.
    pub(super) state: Secret<String>,
    /// The authorization server (RFC 9207), as an origin.
    pub(super) issuer: String,
    /// The path of the redirect URI.
    pub(super) path: String,
    /// What a browser sends as `Host`; more than one for a redirect URI with the name `localhost`.
    pub(super) hosts: Vec<String>,
}

/// An answer to our request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Consent, with the code that stands for it.
    Code(Secret<String>),
    /// Refusal: the error code, and Google's subtype.
    Refused { error: String, description: Option<String> },
    /// Our state from a server that is not the one we asked.
    WrongIssuer(String),
}

/// What one HTTP request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// Not all of it is here yet.
    Partial,
    /// An answer to our request.
    Answer(Answer),
    /// Somebody else's request: answered with this status, and nothing changes.
    Stranger(u16),
    /// A browser that speaks TLS, because it turned http into https.
    Tls,
}

/// The longest request head that is read, in bytes.
pub(super) const LONGEST_HEAD: usize = 8 * 1024;

/// Looks at what has arrived on a connection.
pub(super) fn request(bytes: &[u8], expected: &Expected) -> Request {
    const TLS_HANDSHAKE: u8 = 0x16;
    if bytes.first() == Some(&TLS_HANDSHAKE) {
        return Request::Tls;
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) if bytes.len() < LONGEST_HEAD => return Request::Partial,
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => return Request::Stranger(431),
        Err(_) => return Request::Stranger(400),
    }
    // A request that uses another name for this machine was led here by that name (DNS rebinding).
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let ours = |host: &httparse::Header<'_>| expected.hosts.iter().any(|name| name.as_bytes() == host.value);
    if !(hosts.next().is_some_and(ours) && hosts.next().is_none()) {
        return Request::Stranger(404);
    }
    if request.method != Some("GET") {
        return Request::Stranger(405);
    }
    let (path, query) = request.path.unwrap_or_default().split_once('?').unwrap_or_default();
    if path != expected.path {
        return Request::Stranger(404);
    }
    answer(query, expected).map_or(Request::Stranger(404), Request::Answer)
}

/// Looks at the query of a redirect; `None` when it is not an answer to our request.
pub(super) fn answer(query: &str, expected: &Expected) -> Option<Answer> {
    let (mut states, mut codes, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut issuers, mut descriptions) = (Vec::new(), Vec::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "state" => states.push(value),
            "code" => codes.push(value),
            "error" => errors.push(value),
            "iss" => issuers.push(value),
            "error_description" | "error_subtype" => descriptions.push(value),
            _ => {}
        }
    }
    // The state comes first, also before a refusal: otherwise any page could end a login.
    let [state] = &states[..] else { return None };
    if !same(state.as_bytes(), expected.state.expose().as_bytes()) {
        return None;
    }
    let answer = match (&codes[..], &errors[..]) {
        ([code], []) if !code.is_empty() => Answer::Code(Secret::new(code.clone().into_owned())),
        ([], [error]) if !error.is_empty() => {
            let description = descriptions.first().map(|text| text.clone().into_owned());
            Answer::Refused { error: error.clone().into_owned(), description }
        }
        _ => return None,
    };
    match &issuers[..] {
        [] => Some(answer),
        [issuer] if **issuer == expected.issuer => Some(answer),
        [issuer, ..] => Some(Answer::WrongIssuer(issuer.clone().into_owned())),
    }
}

/// What a person pasted, as the query of our redirect: the whole URL, however the terminal wrapped it.
pub(super) fn pasted(text: &str, expected: &Expected) -> Option<Answer> {
    let unwrapped: String =
        text.chars().filter(|character| !character.is_whitespace() && !character.is_control()).collect();
    let (_, query) = unwrapped.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    answer(query, expected)
}

/// Compares without telling by its duration where the difference is.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;
