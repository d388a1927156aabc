//! Requests to the emulator, one after another, as they would come in over a socket.
//!
//! Requests are written as in HTTP and separated by lines of `%%`; what is missing of the usual headers is added.
//! `{access}`, `{refresh}`, `{code}`, `{client}`, `{secret}`, `{space}`, `{member}`, `{page}` stand for what the
//! emulator gave out last. Lines before the first request that begin with `!` are faults and switches.
#![no_main]

use std::collections::HashMap;

use chatauth::emulator::fuzzing::{Answer, Bench};
use chatauth::emulator::{Consent, Control, Fault, Options, User};
use chatauth_fuzz::clock;
use http::Request;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use url::Url;

const ORIGIN: &str = "http://127.0.0.1:8085";
const SCOPES: &str = "openid email chat.spaces chat.memberships chat.delete chat.import chat.admin.spaces \
                      chat.admin.memberships chat.admin.delete";

/// Elements of the emulator's pages. Any other would be somebody's text that was not escaped.
const ELEMENTS: &[&str] = &[
    "!doctype", "a", "b", "body", "button", "code", "dd", "div", "dl", "dt", "fieldset", "footer", "form", "h1", "h2",
    "head", "html", "input", "ins", "label", "legend", "li", "main", "meta", "p", "section", "small", "span", "style",
    "title", "ul", "wbr", "h3",
];

/// The emulator of one input, and what it gave out.
struct Play {
    bench: Bench,
    control: Control,
    known: HashMap<&'static str, String>,
    faults: bool,
}

fn options(lines: &[&str]) -> (Options, bool) {
    let mut options =
        Options { users: vec![User::new("ada@example.com"), User::new("bob@gmail.com")], ..Options::default() };
    options.admins = vec![String::from("ada@example.com")];
    let mut faults = false;
    for line in lines {
        match *line {
            "unique-names" => options.unique_names = true,
            "echo-on-repeat" => options.echo_on_repeat = true,
            "rotate" => options.rotate_refresh_tokens = true,
            "return-existing-member" => options.return_existing_member = true,
            "nothing-ticked-refuses" => options.nothing_ticked_refuses = true,
            "ask" => options.consent = Consent::Ask,
            "deny" => options.consent = Consent::Deny,
            "no-chat-app" => options.chat_app_configured = false,
            "api-off" => options.api_enabled = false,
            "unaddable" => options.unaddable = vec![String::from("eve@example.com")],
            "invitation" => options.auto_accept_off = vec![String::from("bob@gmail.com")],
            "nobody" => options.unresolvable = vec![String::from("eve@example.com")],
            "quota" => options.quota = "spaceWrites=2/60s,membershipWrites=2".parse().ok(),
            // Time does not pass here.
            other if other.contains("delay") => {}
            other => {
                if let Ok(fault) = other.parse::<Fault>() {
                    assert_eq!(fault.to_string(), other);
                    options.faults.push(fault);
                    faults = true;
                }
            }
        }
    }
    (options, faults)
}

impl Play {
    async fn begin(lines: &[&str]) -> Self {
        let (options, faults) = options(lines);
        let begins = options.consent;
        let bench =
            Bench::new(Options { consent: Consent::Approve, faults: Vec::new(), ..options.clone() }, ORIGIN, clock());
        let control = bench.control();
        let (id, secret) = bench.client().expect("there is a client");
        let known = HashMap::from([("client", id), ("secret", secret), ("space", String::from("spaces/AAAA"))]);
        let mut play = Self { bench, control, known, faults: false };
        let scopes: Vec<String> = SCOPES
            .split_whitespace()
            .map(|scope| {
                if scope.contains('.') { format!("https://www.googleapis.com/auth/{scope}") } else { scope.to_owned() }
            })
            .collect();
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("client_id", play.known["client"].as_str()), ("redirect_uri", "http://127.0.0.1:4711/cb")])
            .extend_pairs([("response_type", "code"), ("scope", &scopes.join(" ")), ("access_type", "offline")])
            .finish();
        play.say(&format!("GET /o/oauth2/v2/auth?{query}\n")).await;
        let form = "grant_type=authorization_code&code={code}&client_id={client}&client_secret={secret}&redirect_uri=http://127.0.0.1:4711/cb";
        play.say(&format!("POST /token\n\n{form}")).await;
        assert!(play.known.contains_key("refresh"), "the login does not work");
        play.control.change_options(|options| options.consent = begins);
        options.faults.into_iter().for_each(|fault| play.control.add_fault(fault));
        play.faults = faults;
        play
    }

    /// Sends a request, and the one after it that must not change anything any more.
    async fn say(&mut self, text: &str) {
        let mut text = text.to_owned();
        for (name, value) in &self.known {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        let Some(request) = self.read(&text) else { return };
        let api = request.uri().path().starts_with("/v1/spaces");
        let safe = request.method() == "GET";
        let before = self.spaces();
        let again = request.clone();
        let Some(answer) = self.bench.call(request).await else {
            assert!(self.faults, "only a fault hangs up");
            return;
        };
        if self.faults {
            return;
        }
        check_answer(&again, &answer, api);
        let after = self.spaces();
        if (safe || answer.status >= 400) && api {
            assert_eq!(before, after, "{} {} answered {}", again.method(), again.uri(), answer.status);
        }
        self.learn(&answer);
        if api && answer.status == 200 && again.method() == "POST" && has_request_id(&again) {
            // The same request id makes nothing a second time.
            let repeated = self.bench.call(again).await.expect("nothing goes wrong");
            assert_eq!(self.spaces(), after, "answered {} the second time", repeated.status);
        }
    }

    fn read(&self, text: &str) -> Option<Request<Vec<u8>>> {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.trim_start_matches('\n').lines();
        let (method, target) = lines.next()?.split_once(' ')?;
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            request = request.header(name, value.trim());
        }
        let headers = request.headers_ref()?;
        let missing = |name: &str| !headers.contains_key(name);
        let (host, authorization, kind) = (missing("host"), missing("authorization"), missing("content-type"));
        if host {
            request = request.header("host", "127.0.0.1:8085");
        }
        if authorization
            && target.starts_with("/v1/")
            && let Some(token) = self.known.get("access")
        {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if kind {
            let form = "application/x-www-form-urlencoded";
            request = request.header("content-type", if body.starts_with('{') { "application/json" } else { form });
        }
        request.body(body.as_bytes().to_vec()).ok()
    }

    fn spaces(&self) -> Vec<(Value, Vec<Value>)> {
        let with_members = |space: Value| {
            let members = self.control.members(space["name"].as_str().expect("a space has a name"));
            (space, members)
        };
        self.control.spaces().into_iter().map(with_members).collect()
    }

    fn learn(&mut self, answer: &Answer) {
        let location = answer.headers.get("location").and_then(|value| value.to_str().ok());
        if let Some(location) = location.and_then(|text| Url::parse(text).ok()) {
            let code = location.query_pairs().find(|(name, value)| name == "code" && value.starts_with("4/emulator-"));
            self.know("code", code.map(|(_, code)| code.into_owned()));
            return;
        }
        let body = String::from_utf8_lossy(answer.body.as_deref().unwrap_or_default()).into_owned();
        if let Some((_, rest)) = body.split_once("name=\"page\" value=\"") {
            self.know("page", rest.split('"').next().map(str::to_owned));
        }
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        self.know("access", body["access_token"].as_str().map(str::to_owned));
        self.know("refresh", body["refresh_token"].as_str().map(str::to_owned));
        let name = body["name"].as_str().filter(|name| name.starts_with("spaces/"));
        let kind = if name.is_some_and(|name| name.contains("/members/")) { "member" } else { "space" };
        self.know(kind, name.map(str::to_owned));
    }

    fn know(&mut self, name: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.known.insert(name, value);
        }
    }
}

fn check_answer(request: &Request<Vec<u8>>, answer: &Answer, api: bool) {
    let what = || {
        let text = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
        let (asked, answered) = (text(request.body()), text(answer.body.as_deref().unwrap_or_default()));
        format!("{request:?} {asked}\n{} {:?} {answered}", answer.status, answer.headers)
    };
    assert!(matches!(answer.status, 200 | 302 | 400 | 401 | 403 | 404 | 405 | 409 | 413 | 429), "{}", what());
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = answer.body.as_ref().expect("only a fault breaks off");
    if answer.status == 302 {
        let location = Url::parse(header("location")).expect("a redirect leads somewhere");
        assert!(matches!(location.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")), "{}", what());
        return;
    }
    if request.method() == "HEAD" {
        assert!(body.is_empty(), "{}", what());
        return;
    }
    match header("content-type").to_ascii_lowercase().as_str() {
        "application/json; charset=utf-8" => {
            let body: Value = serde_json::from_slice(body).expect("it is JSON");
            if api && answer.status >= 400 {
                assert_eq!(body["error"]["code"], answer.status, "{}", what());
                assert!(body["error"]["status"].is_string() && body["error"]["message"].is_string(), "{}", what());
            } else if api {
                // Nothing is answered to whom the emulator has given no token.
                let head = format!("{:?} {}", request.headers(), request.uri());
                assert!(head.contains("emulator-access-"), "{}", what());
            } else if answer.status >= 400 {
                assert!(body["error"].is_string() || body["error"].is_object(), "{}", what());
            }
        }
        "text/html; charset=utf-8" => {
            assert!(!api || [404, 405, 413].contains(&answer.status), "{}", what());
            check_page(std::str::from_utf8(body).expect("a page is text"));
        }
        other => assert!(body.is_empty() && other.is_empty(), "{}", what()),
    }
}

fn has_request_id(request: &Request<Vec<u8>>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let given = |name: &str, value: &str| (name == "requestId" || name == "request_id") && !value.is_empty();
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| given(&name, &value))
        || body["requestId"].as_str().is_some_and(|id| !id.is_empty())
}

fn check_page(page: &str) {
    assert!(page.to_ascii_lowercase().starts_with("<!doctype html>"));
    for tag in page.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>', '\n']).next().unwrap_or_default().to_ascii_lowercase();
        assert!(ELEMENTS.contains(&name.as_str()), "<{name}> in {page}");
        let attributes = tag.split('>').next().unwrap_or_default();
        assert!(!attributes.contains(" on") && !attributes.contains("javascript:"), "{attributes}");
    }
}

/// Names are told apart, and members belong to their space.
fn check_state(control: &Control) {
    let spaces = control.spaces();
    for (index, space) in spaces.iter().enumerate() {
        let name = space["name"].as_str().expect("a space has a name");
        assert!(name.starts_with("spaces/") && spaces[..index].iter().all(|other| other["name"] != name));
        assert!(matches!(space["spaceType"].as_str(), Some("SPACE" | "GROUP_CHAT" | "DIRECT_MESSAGE")), "{space}");
        let members = control.members(name);
        for (index, member) in members.iter().enumerate() {
            let own = member["name"].as_str().expect("a membership has a name");
            assert!(own.starts_with(&format!("{name}/members/")), "{own}");
            assert!(members[..index].iter().all(|other| other["name"] != own), "{own} twice");
        }
    }
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().build().expect("it needs nothing");
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut text = text;
    let mut lines = Vec::new();
    while let Some(rest) = text.strip_prefix('!') {
        let (line, following) = rest.split_once('\n').unwrap_or((rest, ""));
        lines.push(line);
        text = following;
    }
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let mut play = Play::begin(&lines).await;
            for request in text.split("\n%%\n").take(12) {
                play.say(request).await;
                check_state(&play.control);
            }
        });
    });
});
