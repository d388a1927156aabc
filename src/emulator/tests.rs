//! The emulator over real HTTP, spoken by hand so that no client library hides a mistake.

mod authorization;
mod chat;
mod command;
mod consent;
mod delegation;
mod faults;
mod identity;
mod people;
mod policies;
mod quotas;
mod search;
mod setup;
mod spaces;
mod tokens;

use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::google::SCOPE_ROOT;
use super::*;
use crate::platform::Clock;

const CHAT: &str = "https://www.googleapis.com/auth/chat.spaces.create https://www.googleapis.com/auth/chat.spaces.readonly https://www.googleapis.com/auth/chat.memberships.readonly";
const REDIRECT: &str = "http://127.0.0.1:45017/callback";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A moment that never passes: expiry is driven by the control.
fn standing() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap()
}

/// An emulator and a client of it.
struct Bench {
    emulator: Emulator,
    control: Control,
    client_id: String,
    client_secret: String,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn location(&self) -> Url {
        Url::parse(self.header("location")).unwrap()
    }

    /// A query parameter of the address that the answer redirects to.
    fn sent_back(&self, name: &str) -> Option<String> {
        let location = self.location();
        let mut pairs = location.query_pairs();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The `error` of an OAuth answer and its description.
    fn refusal(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        (self.status, text("error"), text("error_description"))
    }
}

impl Bench {
    async fn new() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        Self::on(options, Clock::new(standing)).await
    }

    async fn on(options: Options, clock: Clock) -> Self {
        let emulator = Emulator::start(options, clock).await.unwrap();
        let file: Value = serde_json::from_str(&emulator.client_secrets()).unwrap();
        let text = |name: &str| file["installed"][name].as_str().unwrap().to_owned();
        Self {
            control: emulator.control(),
            client_id: text("client_id"),
            client_secret: text("client_secret"),
            emulator,
        }
    }

    fn host(&self) -> String {
        self.emulator.origin().replace("http://", "")
    }

    /// Sends bytes and reads until the emulator closes.
    async fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.host()).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        // A connection that is cut may also end in an error.
        let _ = stream.read_to_end(&mut answer).await;
        answer
    }

    async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            self.host(),
            body.len()
        );
        parse(&self.raw(request.as_bytes()).await)
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "").await
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.send("POST", path, headers, &body).await
    }

    async fn call(&self, token: &str, method: &str, path: &str, body: &str) -> Answer {
        let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
        self.send(method, path, &headers, body).await
    }

    /// The authorization request of the desktop client; an empty value takes a parameter out.
    fn authorization(&self, changes: &[(&str, &str)]) -> String {
        let mut fields = vec![
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", CHAT),
            ("state", "xyz"),
        ];
        for (name, value) in changes {
            fields.retain(|(key, _)| key != name);
            fields.push((name, value));
        }
        fields.retain(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        format!("/o/oauth2/v2/auth?{query}")
    }

    async fn code(&self, changes: &[(&str, &str)]) -> String {
        self.get(&self.authorization(changes)).await.sent_back("code").unwrap()
    }

    /// Exchanges a code; the changes are to the form.
    async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        self.token(&[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT)], changes).await
    }

    async fn refresh(&self, token: &str, changes: &[(&str, &str)]) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)], changes).await
    }

    async fn token(&self, fields: &[(&str, &str)], changes: &[(&str, &str)]) -> Answer {
        let mut form = vec![("client_id", self.client_id.as_str()), ("client_secret", self.client_secret.as_str())];
        form.extend_from_slice(fields);
        for (name, value) in changes {
            form.retain(|(key, _)| key != name);
            form.push((name, value));
        }
        form.retain(|(_, value)| !value.is_empty());
        self.form("/token", &form).await
    }

    /// A whole login: what the token endpoint answered.
    async fn login(&self, changes: &[(&str, &str)]) -> Value {
        let code = self.code(changes).await;
        let answer = self.redeem(&code, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// An access token of this account with these scopes, given short.
    async fn token_of(&self, email: &str, scopes: &str) -> String {
        let scopes: Vec<String> = scopes.split(' ').map(|scope| format!("{SCOPE_ROOT}{scope}")).collect();
        let login = self.login(&[("login_hint", email), ("scope", &scopes.join(" "))]).await;
        login["access_token"].as_str().unwrap().to_owned()
    }

    /// Sets up a space and gives its resource name.
    async fn set_up(&self, token: &str, space: Value, people: &[&str]) -> String {
        let member = |person: &&str| json!({ "member": { "name": format!("users/{person}"), "type": "HUMAN" } });
        let memberships: Vec<Value> = people.iter().map(member).collect();
        let body = json!({ "space": space, "memberships": memberships }).to_string();
        let answer = self.call(token, "POST", "/v1/spaces:setup", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["name"].as_str().unwrap().to_owned()
    }

    /// An access token with the Chat scopes.
    async fn access_token(&self) -> String {
        self.login(&[]).await["access_token"].as_str().unwrap().to_owned()
    }
}

/// The accounts of most tests: ann and bob work together, eve elsewhere.
fn people() -> Options {
    let users = ["ann@example.com", "bob@example.com", "eve@other.com"].map(User::new).to_vec();
    Options { users, ..Options::default() }
}

fn named(name: &str) -> Value {
    json!({ "spaceType": "SPACE", "displayName": name })
}

/// A value as it stands in a query.
fn query(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer with a head");
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect();
    Answer { status, headers, body: body.to_owned() }
}

#[tokio::test]
async fn it_stops_when_it_is_dropped() {
    let bench = Bench::new().await;
    let host = bench.host();
    drop(bench.emulator);
    tokio::task::yield_now().await;
    assert!(TcpStream::connect(host).await.is_err());
}

#[tokio::test]
async fn a_page_with_a_name_of_its_own_gets_nothing() {
    let bench = Bench::new().await;
    let request = b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(parse(&bench.raw(request).await).status, 404);
    assert_eq!(bench.get("/").await.status, 200);
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_google_pages() {
    let bench = Bench::new().await;
    let answer = bench.get("/v2/spaces").await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("Error 404 (Not Found)!!1"));
    let answer = bench.get("/token").await;
    assert_eq!(answer.status, 405);
    assert!(answer.body.contains("Error 405"));
}

#[tokio::test]
async fn requests_are_recorded_with_their_connection() {
    let bench = Bench::new().await;
    bench.get("/one?a=b&c=d%20e").await;
    let two = format!("GET /two HTTP/1.1\r\nHost: {}\r\n\r\n", bench.host());
    let three = format!("GET /three HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", bench.host());
    bench.raw(format!("{two}{three}").as_bytes()).await;
    let requests = bench.control.requests();
    assert_eq!(requests[0].query("c"), Some("d e"));
    assert_eq!(requests[0].at, standing());
    assert_ne!(requests[0].connection, requests[1].connection);
    assert_eq!(requests[1].connection, requests[2].connection);
    assert_eq!(bench.control.connections(), 2);
}

#[tokio::test]
async fn the_index_page_tells_who_is_in_which_space() {
    let bench = Bench::with(Options { auto_accept_off: vec![String::from("bob@example.com")], ..people() }).await;
    let empty = bench.get("/").await;
    assert!(empty.body.contains("<h2>0 spaces</h2>") && empty.body.contains("No requests yet."), "{}", empty.body);
    assert_eq!(empty.header("refresh"), "5");
    let ann = bench.token_of("ann@example.com", "chat.spaces").await;
    let name = bench.set_up(&ann, named("Plans"), &["bob@example.com"]).await;
    bench.set_up(&ann, json!({ "spaceType": "DIRECT_MESSAGE" }), &["eve@other.com"]).await;
    let page = bench.get("/").await.body;
    for text in [
        "This is the chatauth emulator",
        "<h2>2 spaces</h2>",
        "<h3>Plans</h3>",
        name.as_str(),
        "Named space",
        "Direct message",
        "<dd>ann@example.com</dd>",
        "<li>ann@example.com<small>, owner</small></li>",
        "<li>bob@example.com<small>, invited</small></li>",
        "2026-09-21 14:13:20 UTC",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.find("Direct message") < page.find("Plans"), "the newest comes first");
}

#[tokio::test]
async fn the_index_page_shows_spaces_harmlessly() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    let body = r#"{"spaceType":"SPACE","displayName":"<script>alert(1)</script>"}"#;
    assert_eq!(bench.call(&token, "POST", "/v1/spaces", body).await.status, 200);
    let page = bench.get("/").await;
    assert!(page.body.contains("&lt;script&gt;"));
    assert!(!page.body.contains("<script"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
}

#[tokio::test]
async fn the_index_page_lists_requests_and_says_how_to_point_clients_at_it() {
    let bench = Bench::with(people()).await;
    let token = bench.token_of("ann@example.com", "chat.spaces").await;
    bench.set_up(&token, named("Fête 👩‍👩‍👧‍👦🏳️‍🌈 Ω"), &[]).await;
    bench.call(&token, "GET", "/v1/spaces/none", "").await;
    bench.control.add_fault("get:drop-before".parse().unwrap());
    bench.raw(format!("GET /v1/spaces/gone HTTP/1.1\r\nHost: {}\r\n\r\n", bench.host()).as_bytes()).await;
    let page = bench.get("/").await.body;
    for text in [
        "<h3>Fête 👩‍👩‍👧‍👦🏳️‍🌈 Ω</h3>",
        "<li><code>POST /v1/spaces:setup</code> <small>200</small></li>",
        "<li><code>GET /v1/spaces/none</code> <small>404</small></li>",
        "<li><code>GET /v1/spaces/gone</code> <small>no answer</small></li>",
        &format!("<dt>token_uri</dt><dd><code>{}/token</code></dd>", bench.emulator.origin()),
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.find("/v1/spaces/none") < page.find("/v1/spaces:setup"), "the newest comes first");
    assert!(!page.contains("<code>GET /</code>"), "the page's own requests are left out");
    let statuses: Vec<_> = bench.control.requests().iter().map(|request| request.status).collect();
    assert!(statuses.contains(&Some(404)) && statuses.contains(&None), "{statuses:?}");
}
