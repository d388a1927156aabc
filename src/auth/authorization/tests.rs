use std::collections::{HashMap, HashSet};
use std::path::Path;

use proptest::prelude::*;

use super::*;

const STATE: &str = "s-0123456789012345678901234567890123456789_";

fn expected() -> Expected {
    Expected {
        state: Secret::new(STATE.to_owned()),
        issuer: String::from("https://accounts.google.com"),
        path: String::from("/oauth2/callback"),
        host: String::from("127.0.0.1:4711"),
    }
}

fn get(target: &str, headers: &str) -> CallbackRequest {
    classify_request(format!("GET {target} HTTP/1.1\r\n{headers}\r\n").as_bytes(), &expected())
}

const HOST: &str = "Host: 127.0.0.1:4711\r\n";

fn code(text: &str) -> AuthorizationResponse {
    AuthorizationResponse::Code(Secret::new(text.to_owned()))
}

#[test]
fn googles_redirect_is_understood_with_everything_that_comes_along() {
    let query = format!(
        "state={STATE}&iss=https://accounts.google.com&code=4/0Aci%2Fx&scope=email%20https://www.googleapis.com/auth/chat.spaces.create+openid&authuser=0&hd=example.com&prompt=consent"
    );
    assert_eq!(parse_response(&query, &expected()), Some(code("4/0Aci/x")));
    assert_eq!(get(&format!("/oauth2/callback?{query}"), HOST), CallbackRequest::Response(code("4/0Aci/x")));
}

#[test]
fn property_4_wrong_missing_or_repeated_state_is_a_stranger() {
    for query in [
        "code=x".to_owned(),
        "state=&code=x".to_owned(),
        format!("state={STATE}x&code=x"),
        format!("state={}&code=x", STATE.to_uppercase()),
        // Two differences that are alike.
        format!("state={}&code=x", STATE.replacen("01", "10", 1)),
        format!("state={STATE}&state={STATE}&code=x"),
        format!("state={STATE}&state=evil&code=x"),
    ] {
        assert_eq!(parse_response(&query, &expected()), None, "{query}");
    }
}

#[test]
fn property_5_a_refusal_without_our_state_changes_nothing() {
    assert_eq!(parse_response("error=access_denied", &expected()), None);
    assert_eq!(parse_response("error=access_denied&state=evil", &expected()), None);
    assert_eq!(
        parse_response(&format!("error=access_denied&error_subtype=access_denied_user&state={STATE}"), &expected()),
        Some(AuthorizationResponse::Refused {
            error: "access_denied".into(),
            description: Some("access_denied_user".into())
        })
    );
}

#[test]
fn exactly_one_of_code_and_error_makes_an_answer() {
    for query in ["", "&code=a&code=b", "&code=a&error=b", "&error=a&error=b", "&code=", "&error="] {
        assert_eq!(parse_response(&format!("state={STATE}{query}"), &expected()), None, "{query}");
    }
}

#[test]
fn property_19_another_issuer_is_not_believed() {
    for issuer in ["https://evil.test", "https://accounts.google.com/", "http://accounts.google.com", ""] {
        assert_eq!(
            parse_response(&format!("state={STATE}&code=x&iss={issuer}"), &expected()),
            Some(AuthorizationResponse::WrongIssuer(issuer.to_owned())),
        );
    }
    let twice = format!("state={STATE}&code=x&iss=https://accounts.google.com&iss=https://evil.test");
    assert!(matches!(parse_response(&twice, &expected()), Some(AuthorizationResponse::WrongIssuer(_))));
}

#[test]
fn property_10_other_hosts_are_refused() {
    let target = format!("/oauth2/callback?state={STATE}&code=x");
    for headers in [
        "",
        "Host: \r\n",
        "Host: evil.test\r\n",
        "Host: localhost:4711\r\n",
        "Host: 127.0.0.1\r\n",
        "Host: 127.0.0.1:4712\r\n",
        "Host: 127.0.0.1:4711.evil.test\r\n",
        "Host: 127.0.0.1.evil.test:4711\r\n",
        "Host: 127.0.0.1:4711\r\nHost: 127.0.0.1:4711\r\n",
        "Host: 127.0.0.1:4711\r\nHost: evil.test\r\n",
    ] {
        assert_eq!(get(&target, headers), CallbackRequest::Refused(Notice::OtherHost), "{headers:?}");
        // A request without our state shows no notice in the terminal.
        assert_eq!(get("/oauth2/callback?state=x&code=x", headers), CallbackRequest::Unrelated(404), "{headers:?}");
    }
}

#[test]
fn property_80_an_answer_to_another_login_is_refused_and_noticed() {
    let of = |query: &str| get(&format!("/oauth2/callback?{query}"), HOST);
    assert_eq!(of("state=other&code=x"), CallbackRequest::Refused(Notice::OtherLogin));
    assert_eq!(of("state=other&error=access_denied"), CallbackRequest::Refused(Notice::OtherLogin));
    for query in ["", "code=x", "state=&code=x", &format!("state={STATE}")] {
        assert_eq!(of(query), CallbackRequest::Unrelated(404), "{query}");
    }
    assert_eq!(get("/favicon.ico?state=other&code=x", HOST), CallbackRequest::Unrelated(404));
}

#[test]
fn property_11_other_methods_and_paths_are_refused() {
    let query = format!("?state={STATE}&code=x");
    for method in ["POST", "HEAD", "OPTIONS", "PUT"] {
        let text = format!("{method} /oauth2/callback{query} HTTP/1.1\r\n{HOST}\r\n");
        assert_eq!(classify_request(text.as_bytes(), &expected()), CallbackRequest::Unrelated(405), "{method}");
    }
    for path in
        ["/", "/favicon.ico", "/oauth2/callback/", "/OAUTH2/callback", "//oauth2/callback", "/oauth2/callback%3F"]
    {
        assert_eq!(get(&format!("{path}{query}"), HOST), CallbackRequest::Unrelated(404), "{path}");
    }
    assert_eq!(get(&format!("http://127.0.0.1:4711/oauth2/callback{query}"), HOST), CallbackRequest::Unrelated(404));
    assert_eq!(get("/oauth2/callback", HOST), CallbackRequest::Unrelated(404));
}

#[test]
fn property_13_a_head_that_does_not_end_is_cut_off() {
    let mut line = b"GET /oauth2/callback?x=".to_vec();
    assert_eq!(classify_request(&line, &expected()), CallbackRequest::Partial);
    line.resize(8 * 1024, b'a');
    assert_eq!(classify_request(&line, &expected()), CallbackRequest::Partial);
    line.push(b'a');
    assert_eq!(classify_request(&line, &expected()), CallbackRequest::Unrelated(414));
    assert_eq!(
        classify_request(&[&line, &b" HTTP/1.1\r\n\r\n"[..]].concat(), &expected()),
        CallbackRequest::Unrelated(414)
    );
    let mut headers = format!("GET /oauth2/callback?state={STATE}&code=x HTTP/1.1").into_bytes();
    let end = headers.len() + 64 * 1024;
    headers.extend(format!("\r\n{HOST}Cookie: ").into_bytes());
    headers.resize(end - 4, b'a');
    assert_eq!(classify_request(&headers, &expected()), CallbackRequest::Partial);
    assert_eq!(
        classify_request(&[&headers, &b"\r\n\r\n"[..]].concat(), &expected()),
        CallbackRequest::Response(code("x"))
    );
    headers.extend(b"aaaaaa");
    assert_eq!(classify_request(&headers, &expected()), CallbackRequest::Unrelated(431));
    let many = "X: y\r\n".repeat(65);
    assert_eq!(get("/", &many), CallbackRequest::Unrelated(431));
    assert_eq!(classify_request(b"", &expected()), CallbackRequest::Partial);
    assert_eq!(classify_request(b"\0\0\0\0", &expected()), CallbackRequest::Unrelated(400));
}

#[test]
fn a_tls_hello_is_recognised() {
    assert_eq!(classify_request(&[0x16, 3, 1], &expected()), CallbackRequest::Tls);
}

#[test]
fn property_18_a_pasted_url_is_understood_however_it_was_wrapped() {
    let long = "x".repeat(3000);
    let url = format!("http://127.0.0.1:4711/oauth2/callback?state={STATE}&code=4/{long}&scope=a");
    let lines: Vec<_> = url.as_bytes().chunks(80).map(String::from_utf8_lossy).collect();
    let wrapped = format!("  {}\r\n", lines.join("\r\n  "));
    let html = url.replace('&', "&amp;");
    let escaped = url.replace('?', "\\?").replace('&', "\\&").replace('=', "\\=");
    let quoted = ['"', '\''].map(|quote| format!("{quote}http://127.0.0.1:4711/?state={STATE}&code=4/{long}{quote}\n"));
    let [double, single] = quoted;
    let pasted_as = [url.clone(), format!("\x1b[200~{url}\n").replace("\x1b[200~", ""), wrapped];
    for text in pasted_as.into_iter().chain([html, escaped, double, single]) {
        assert_eq!(parse_pasted(&text, &expected()), Some(code(&format!("4/{long}"))), "{text}");
    }
    for text in ["", "4/code", "http://127.0.0.1/?code=x", "http://127.0.0.1/?code=x&state=other"] {
        assert_eq!(parse_pasted(text, &expected()), None, "{text}");
    }
}

fn client() -> ClientSecrets {
    let text = include_str!("../../../client_secrets.example.json").replace("example", "sample");
    ClientSecrets::parse(Path::new("c.json"), text.as_bytes()).unwrap()
}

fn authorization_request(login_hint: Option<&str>) -> (AuthorizationRequest, HashMap<String, String>) {
    let scopes = [Scope::google("chat.spaces.create")].into_iter().collect::<ScopeSet>().with_identity();
    let redirect_uri = String::from("http://127.0.0.1:1/oauth2/callback");
    let request = AuthorizationRequest::new(&client(), redirect_uri, &scopes, login_hint).unwrap();
    let query = request.url.query_pairs().into_owned().collect();
    (request, query)
}

#[test]
fn property_1_the_url_has_everything_that_google_needs_and_nothing_else() {
    let (request, query) = authorization_request(None);
    let challenge = challenge(request.verifier.expose());
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "123456789012-sample0not0a0real0client.apps.googleusercontent.com"),
        ("redirect_uri", "http://127.0.0.1:1/oauth2/callback"),
        (
            "scope",
            "https://www.googleapis.com/auth/chat.spaces.create https://www.googleapis.com/auth/userinfo.email openid",
        ),
        ("state", request.state.expose()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("access_type", "offline"),
        ("prompt", "select_account consent"),
    ] {
        assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(query.len(), 9, "{query:?}");
    assert_eq!(request.url.host_str(), Some("accounts.google.com"));
}

#[test]
fn a_named_account_is_hinted_at_and_not_chosen_again() {
    let (_, query) = authorization_request(Some("ada+x@example.com"));
    assert_eq!(query["login_hint"], "ada+x@example.com");
    assert_eq!(query["prompt"], "consent");
}

#[test]
fn the_challenge_is_that_of_the_rfc() {
    // RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn property_2_state_and_verifier_are_never_repeated() {
    let mut seen = HashSet::new();
    for _ in 0..1000 {
        let (request, _) = authorization_request(None);
        for text in [request.state.expose(), request.verifier.expose()] {
            assert_eq!(text.len(), 43);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            assert!(seen.insert(text.clone()));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_none_become_an_answer_without_the_state(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let is_answer = matches!(classify_request(&bytes, &expected()), CallbackRequest::Response(_));
        prop_assert!(!is_answer);
    }

    #[test]
    fn odd_request_lines_never_panic(method in "[A-Z]{0,8}", target in "\\PC{0,120}", version in "HTTP/[0-9.]{0,4}") {
        let _ = classify_request(format!("{method} {target} {version}\r\n{HOST}\r\n").as_bytes(), &expected());
        let _ = parse_pasted(&target, &expected());
    }

    #[test]
    fn any_code_survives_its_encoding(text in "\\PC{1,60}") {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &text).append_pair("state", STATE).finish();
        prop_assert_eq!(parse_response(&query, &expected()), Some(code(&text)));
    }
}
