use super::*;

#[tokio::test]
async fn consent_sends_the_browser_back_with_everything_google_sends() {
    let bench = Bench::new().await;
    let url = bench.authorization(&[("scope", &format!("email {CHAT}")), ("state", "a b&c=1/2+3")]);
    let answer = bench.get(&url).await;
    assert_eq!(answer.status, 302);
    let location = answer.header("location");
    assert!(location.starts_with("http://127.0.0.1:45017/callback?state="), "{location}");
    let names: Vec<String> = answer.location().query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["state", "iss", "code", "scope", "authuser", "hd", "prompt"]);
    assert_eq!(answer.sent_back("state").as_deref(), Some("a b&c=1/2+3"));
    assert_eq!(answer.sent_back("iss"), Some(bench.emulator.origin()));
    assert_eq!(answer.sent_back("hd").as_deref(), Some("example.com"));
    assert!(answer.sent_back("code").unwrap().starts_with("4/emulator-"));
    let scope = answer.sent_back("scope").unwrap();
    assert!(scope.starts_with("email https://www.googleapis.com/auth/userinfo.email"), "{scope}");
    assert!(location.contains("scope=email%20https://www"), "{location}");
}

#[tokio::test]
async fn both_paths_answer_and_state_is_optional() {
    let bench = Bench::new().await;
    let url = bench.authorization(&[("state", "")]).replace("/v2/auth", "/auth");
    let answer = bench.get(&url).await;
    assert!(answer.sent_back("code").is_some());
    assert_eq!(answer.sent_back("state"), None);
}

#[tokio::test]
async fn a_refusal_names_the_issuer_and_the_state() {
    let bench = Bench::with(Options { consent: Consent::Deny, ..Options::default() }).await;
    let answer = bench.get(&bench.authorization(&[])).await;
    assert_eq!(answer.status, 302);
    assert_eq!(answer.sent_back("error").as_deref(), Some("access_denied"));
    assert_eq!(answer.sent_back("state").as_deref(), Some("xyz"));
    assert_eq!(answer.sent_back("iss"), Some(bench.emulator.origin()));
    assert_eq!(answer.sent_back("code"), None);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_shown_on_a_page_and_never_redirected() {
    let bench = Bench::new().await;
    for (change, error) in [
        (("client_id", ""), "Missing required parameter: client_id"),
        (("client_id", "nobody"), "Error 401: invalid_client"),
        (("redirect_uri", ""), "Missing required parameter: redirect_uri"),
        (("redirect_uri", "https://example.com/"), "Error 400: invalid_request"),
        (("redirect_uri", "urn:ietf:wg:oauth:2.0:oob"), "policy for keeping apps secure"),
        (("response_type", ""), "Required parameter is missing: response_type"),
        (("response_type", "token"), "Invalid response_type: token"),
        (("scope", ""), "Missing required parameter: scope"),
        (("scope", "openid chat.spaces"), "{valid=[openid], invalid=[chat.spaces]}"),
        (("scope", "<b>"), "invalid=[&lt;b&gt;]"),
        (("code_challenge", "short"), "Invalid code_challenge."),
        (("code_challenge_method", "S256"), "Missing required parameter: code_challenge"),
        (("prompt", "login"), "Invalid prompt: login"),
    ] {
        let answer = bench.get(&bench.authorization(&[change])).await;
        assert_eq!(answer.header("location"), "", "{change:?}");
        assert!((400..=401).contains(&answer.status), "{change:?}");
        assert!(answer.body.contains(error), "{change:?}: {}", answer.body);
    }
    let twice = format!("{}&state=2", bench.authorization(&[]));
    assert!(bench.get(&twice).await.body.contains("can only have a single value: state"));
    let unknown = bench.authorization(&[("whatever", "1")]);
    assert_eq!(bench.get(&unknown).await.status, 302);
}

#[tokio::test]
async fn a_web_client_has_exactly_its_registered_addresses() {
    let bench = Bench::new().await;
    let file = bench.emulator.web_client_secrets(&["http://localhost:8080/cb"]);
    let file: Value = serde_json::from_str(&file).unwrap();
    let id = file["web"]["client_id"].as_str().unwrap();
    let ask = |uri: &str| bench.authorization(&[("client_id", id), ("redirect_uri", uri)]);
    assert_eq!(bench.get(&ask("http://localhost:8080/cb")).await.status, 302);
    for uri in ["http://localhost:8080/cb/", "http://127.0.0.1:8080/cb", "http://localhost/cb"] {
        let answer = bench.get(&ask(uri)).await;
        assert!(answer.body.contains("Error 400: redirect_uri_mismatch"), "{uri}");
    }
}

#[tokio::test]
async fn a_web_client_gets_a_refresh_token_only_when_it_asks_well() {
    let bench = Bench::new().await;
    let file = bench.emulator.web_client_secrets(&[REDIRECT]);
    let file: Value = serde_json::from_str(&file).unwrap();
    let text = |name: &str| file["web"][name].as_str().unwrap();
    let client = [("client_id", text("client_id")), ("client_secret", text("client_secret"))];
    let mut got = Vec::new();
    for changes in [
        &[client[0]][..],
        &[client[0], ("access_type", "offline")],
        &[client[0], ("access_type", "offline"), ("prompt", "consent")],
    ] {
        let code = bench.code(changes).await;
        got.push(bench.redeem(&code, &client).await.json()["refresh_token"].is_string());
    }
    // The second has consented before and is not asked again.
    assert_eq!(got, [false, false, true]);
}

#[tokio::test]
async fn only_some_scopes_can_be_granted() {
    let granted_scopes = GrantedScopes::Only(vec![String::from("chat.spaces.create")]);
    let bench = Bench::with(Options { granted_scopes, ..Options::default() }).await;
    let answer = bench.login(&[("scope", &format!("openid {CHAT}"))]).await;
    let scope = "https://www.googleapis.com/auth/chat.spaces.create openid";
    assert_eq!(answer["scope"], scope);
}

#[tokio::test]
async fn granting_nothing_is_a_refusal_unless_there_is_a_sign_in() {
    let granted_scopes = GrantedScopes::Only(Vec::new());
    let bench = Bench::with(Options { granted_scopes, ..Options::default() }).await;
    let answer = bench.get(&bench.authorization(&[])).await;
    assert_eq!(answer.sent_back("error").as_deref(), Some("access_denied"));
    let with_sign_in = [("scope", "openid https://www.googleapis.com/auth/chat.spaces")];
    assert_eq!(bench.login(&with_sign_in).await["scope"], "openid");
}

#[tokio::test]
async fn the_hint_chooses_among_the_accounts() {
    let users = vec![User::new("ann@example.com"), User::new("bob@gmail.com")];
    let bench = Bench::with(Options { users, ..Options::default() }).await;
    for (hint, email) in [("bob@gmail.com", "bob@gmail.com"), ("eve@x.com", "ann@example.com")] {
        let token = bench.login(&[("login_hint", hint), ("scope", "email")]).await;
        let token = token["access_token"].as_str().unwrap();
        let info = bench.get(&format!("/tokeninfo?access_token={token}")).await.json();
        assert_eq!(info["email"], email);
    }
}
