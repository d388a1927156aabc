//! What anybody may send to the listener of a login, or paste.
//!
//! The first byte chooses: the bytes of a request, a query, or a pasted text.
#![no_main]

use chatauth::auth::Error;
use chatauth::auth::fuzzing::{Attempt, LONGEST_HEAD, Seen};
use chatauth::commands::fuzzing::login_failure;
use chatauth_fuzz::{check_failure, split_number};
use libfuzzer_sys::fuzz_target;

const ATTEMPT: Attempt<'_> = Attempt {
    state: "state-0123456789",
    issuer: "https://accounts.google.com",
    path: "/oauth2/callback",
    host: "127.0.0.1:4711",
};

/// `application/x-www-form-urlencoded`, by hand.
fn decode(text: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%' && at + 2 < bytes.len())
            .then(|| Some(digit(bytes[at + 1])? << 4 | digit(bytes[at + 2])?))
            .flatten();
        match (escaped, bytes[at]) {
            (None, b'+') => decoded.push(b' '),
            (Some(byte), _) | (None, byte) => decoded.push(byte),
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The rule: our state, and exactly one of `code` and `error`.
fn rule(query: &str) -> Option<Seen> {
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let all = |wanted: &str| {
        pairs.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    if all("state") != [ATTEMPT.state] {
        return None;
    }
    let (codes, errors, issuers) = (all("code"), all("error"), all("iss"));
    if codes.len() + errors.len() != 1 || codes.contains(&String::new()) || errors.contains(&String::new()) {
        return None;
    }
    if issuers.len() > 1 || issuers.iter().any(|issuer| issuer != ATTEMPT.issuer) {
        return Some(Seen::WrongIssuer(issuers[0].clone()));
    }
    let description = pairs.iter().find(|(name, _)| name == "error_description" || name == "error_subtype");
    Some(match codes.first() {
        Some(code) => Seen::Code(code.clone()),
        None => Seen::Refused(errors[0].clone(), description.map(|(_, text)| text.clone())),
    })
}

fn told(seen: &Seen) {
    match seen {
        Seen::Refused(error, description) => {
            check_failure(&login_failure(Error::LoginRefused {
                error: error.clone(),
                description: description.clone(),
            }));
        }
        Seen::WrongIssuer(found) => {
            let expected = ATTEMPT.issuer.to_owned();
            check_failure(&login_failure(Error::WrongIssuer { expected, found: found.clone() }));
        }
        _ => {}
    }
}

fn request(bytes: &[u8]) {
    let seen = ATTEMPT.request(bytes);
    told(&seen);
    match &seen {
        Seen::Partial => assert!(bytes.len() < LONGEST_HEAD),
        Seen::Tls => assert_eq!(bytes[0], 0x16),
        Seen::Unrelated(status) => assert!([400, 404, 405, 431].contains(status)),
        Seen::Code(_) | Seen::Refused(..) | Seen::WrongIssuer(_) => {
            let end = head_end(bytes).expect("an answer has a whole head");
            let head = String::from_utf8_lossy(&bytes[..end]);
            let mut lines = head.lines().map(|line| line.trim_end_matches('\r')).skip_while(|line| line.is_empty());
            let target = lines.next().and_then(|line| line.strip_prefix("GET ")).expect("only GET is answered");
            let target = target.split(' ').next().expect("there is a target");
            let query = target.strip_prefix("/oauth2/callback?").expect("only our path is answered");
            assert_eq!(rule(query).as_ref(), Some(&seen));
            let hosts: Vec<&str> = lines
                .filter_map(|line| line.split_once(':'))
                .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
                .map(|(_, value)| value.trim())
                .collect();
            assert!(hosts == [ATTEMPT.host], "{hosts:?}");
            // Nothing is decided before the head is there, and nothing after it matters.
            for cut in [0, 1, end / 2, end - 1] {
                assert_eq!(ATTEMPT.request(&bytes[..cut]), Seen::Partial);
            }
            assert_eq!(ATTEMPT.request(&[&bytes[..end], b"GET / HTTP/1.1\r\n\r\n"].concat()), seen);
        }
    }
}

/// Where the empty line ends that ends the head: the first one after a line that is not empty.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let mut begun = false;
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' {
            let empty = bytes[start..at].iter().all(|byte| *byte == b'\r');
            if empty && begun {
                return Some(at + 1);
            }
            begun |= !empty;
            start = at + 1;
        }
    }
    None
}

fn query(text: &str) {
    let seen = ATTEMPT.query(text);
    assert_eq!(seen, rule(text), "{text:?}");
    if let Some(seen) = seen {
        told(&seen);
        // An answer of another attempt is none of this one's.
        let other = Attempt { state: "state-0123456780", ..ATTEMPT };
        assert_eq!(other.query(text), None);
    }
}

fn pasted(text: &str) {
    let seen = ATTEMPT.pasted(text);
    // Shells are shown backslashes, and HTML has entities; quotes may stand around the address.
    let is_part = |letter: &char| !letter.is_whitespace() && !letter.is_control() && *letter != '\\';
    let unwrapped = text.chars().filter(is_part).collect::<String>().replace("&amp;", "&");
    let query = unwrapped.split_once('?').map(|(_, rest)| rest.split_once('#').map_or(rest, |(query, _)| query));
    let query = query.map(|query| query.trim_end_matches(|letter| ['\'', '"', '>'].contains(&letter)));
    assert_eq!(seen, query.and_then(rule), "{text:?}");
    // Terminals wrap lines where they like.
    let wrapped: String = text.chars().flat_map(|letter| [letter, '\n']).collect();
    assert_eq!(ATTEMPT.pasted(&wrapped), seen);
}

fuzz_target!(|bytes: &[u8]| {
    let (choice, rest) = split_number(bytes);
    match (choice, std::str::from_utf8(rest)) {
        (b'?', Ok(text)) => query(text),
        (b'>', Ok(text)) => pasted(text),
        _ => request(bytes),
    }
});
