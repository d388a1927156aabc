use std::time::Duration;

use super::*;

fn s256() -> [(&'static str, &'static str); 2] {
    [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]
}

#[tokio::test]
async fn a_code_becomes_tokens_as_google_writes_them() {
    let bench = Bench::new().await;
    let code = bench.code(&s256()).await;
    let answer = bench.redeem(&code, &[("code_verifier", VERIFIER)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-cache, no-store, max-age=0, must-revalidate");
    assert_eq!(answer.header("pragma"), "no-cache");
    assert!(answer.body.starts_with("{\n  \"access_token\": \"emulator-access-"), "{}", answer.body);
    let body = answer.json();
    assert_eq!(body["expires_in"], 3599);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["scope"], CHAT);
    assert!(body["refresh_token"].as_str().unwrap().starts_with("emulator-refresh-"));
    assert_eq!(body.get("id_token"), None);
    assert_eq!(body.get("refresh_token_expires_in"), None);
}

#[tokio::test]
async fn the_verifier_must_fit_the_challenge() {
    let bench = Bench::new().await;
    let wrong = VERIFIER.replace('k', "l");
    for (verifier, description) in [
        ("", "Missing code verifier."),
        (wrong.as_str(), "Invalid code verifier."),
        (CHALLENGE, "Invalid code verifier."),
    ] {
        let code = bench.code(&s256()).await;
        let answer = bench.redeem(&code, &[("code_verifier", verifier)]).await;
        let expected = (400, String::from("invalid_grant"), description.to_owned());
        assert_eq!(answer.refusal(), expected);
        // A wrong guess does not use the code up.
        assert_eq!(bench.redeem(&code, &[("code_verifier", VERIFIER)]).await.status, 200);
    }
    let code = bench.code(&[("code_challenge", VERIFIER)]).await;
    assert_eq!(bench.redeem(&code, &[("code_verifier", VERIFIER)]).await.status, 200);
    let code = bench.code(&[]).await;
    assert_eq!(bench.redeem(&code, &[("code_verifier", VERIFIER)]).await.status, 400);
}

#[tokio::test]
async fn a_code_used_twice_takes_back_what_it_gave() {
    let bench = Bench::new().await;
    let code = bench.code(&[]).await;
    let tokens = bench.redeem(&code, &[]).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(bench.call(access, "GET", "/v1/spaces", "").await.status, 200);
    let again = bench.redeem(&code, &[]).await;
    assert_eq!(again.refusal(), (400, String::from("invalid_grant"), String::from("Bad Request")));
    assert_eq!(bench.call(access, "GET", "/v1/spaces", "").await.status, 401);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(bench.refresh(refresh, &[]).await.refusal().2, "Token has been expired or revoked.");
}

#[tokio::test]
async fn each_mistake_has_googles_words() {
    let bench = Bench::new().await;
    let other = bench.emulator.web_client_secrets(&[REDIRECT]);
    let other: Value = serde_json::from_str(&other).unwrap();
    let text = |name: &str| other["web"][name].as_str().unwrap();
    for (changes, status, error, description) in [
        (&[("client_id", "")][..], 400, "invalid_request", "Could not determine client ID from request."),
        (&[("client_id", "x")], 401, "invalid_client", "The OAuth client was not found."),
        (&[("client_secret", "")], 400, "invalid_request", "client_secret is missing."),
        (&[("client_secret", "x")], 401, "invalid_client", "The provided client secret is invalid."),
        (&[("grant_type", "password")], 400, "unsupported_grant_type", "Invalid grant_type: password"),
        (&[("grant_type", "")], 400, "unsupported_grant_type", "Invalid grant_type: "),
        (&[("code", "")], 400, "invalid_request", "Missing required parameter: code"),
        (&[("code", "4%2Femulator-1")], 400, "invalid_grant", "Malformed auth code."),
        (&[("code", "4/emulator-1")], 400, "invalid_grant", "Bad Request"),
        (&[("redirect_uri", "")], 400, "invalid_request", "Missing parameter: redirect_uri"),
        (&[("redirect_uri", "http://127.0.0.1:45017/callback/")], 400, "redirect_uri_mismatch", "Bad Request"),
        (
            &[("client_id", text("client_id")), ("client_secret", text("client_secret"))],
            400,
            "invalid_grant",
            "Bad Request",
        ),
    ] {
        let code = bench.code(&[]).await;
        let answer = bench.redeem(&code, changes).await;
        assert_eq!(answer.refusal(), (status, error.to_owned(), description.to_owned()), "{changes:?}");
    }
    let code = bench.code(&[]).await;
    bench.control.expire_codes();
    assert_eq!(bench.redeem(&code, &[]).await.refusal().2, "Bad Request");
}

#[tokio::test]
async fn only_a_form_is_read_and_each_parameter_once() {
    let bench = Bench::new().await;
    let json = bench.call("", "POST", "/token", r#"{"grant_type":"refresh_token"}"#).await;
    assert_eq!(json.refusal().1, "invalid_request");
    let fields = [("grant_type", "refresh_token"), ("grant_type", "refresh_token")];
    let twice = bench.form("/token", &fields).await;
    assert_eq!(twice.refusal().1, "invalid_request");
    assert!(twice.refusal().2.ends_with("single value: grant_type"));
}

#[tokio::test]
async fn the_client_may_identify_itself_by_basic_authentication() {
    use base64::Engine as _;
    let bench = Bench::new().await;
    let code = bench.code(&[]).await;
    let basic =
        base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", bench.client_id, bench.client_secret));
    let headers =
        format!("Authorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n");
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}");
    let differing = format!("{body}&client_secret=another");
    assert_eq!(bench.send("POST", "/token", &headers, &differing).await.status, 400);
    assert_eq!(bench.send("POST", "/oauth2/v4/token", &headers, &body).await.status, 200);
}

#[tokio::test]
async fn a_refresh_brings_an_access_token_and_nothing_else() {
    let bench = Bench::new().await;
    let first = bench.login(&[]).await;
    let refresh = first["refresh_token"].as_str().unwrap();
    bench.control.expire_access_tokens();
    let old = first["access_token"].as_str().unwrap();
    assert_eq!(bench.call(old, "GET", "/v1/spaces", "").await.status, 401);
    for _ in 0..2 {
        let next = bench.refresh(refresh, &[]).await.json();
        assert_eq!(next.get("refresh_token"), None);
        assert_eq!(next["scope"], CHAT);
        let access = next["access_token"].as_str().unwrap();
        assert_ne!(access, old);
        assert_eq!(bench.call(access, "GET", "/v1/spaces", "").await.status, 200);
    }
}

#[tokio::test]
async fn a_refresh_can_narrow_the_scope_and_not_widen_it() {
    let bench = Bench::new().await;
    let first = bench.login(&[]).await;
    let refresh = first["refresh_token"].as_str().unwrap();
    let narrow = "https://www.googleapis.com/auth/chat.spaces.create";
    let next = bench.refresh(refresh, &[("scope", narrow)]).await.json();
    assert_eq!(next["scope"], narrow);
    let access = next["access_token"].as_str().unwrap();
    assert_eq!(bench.call(access, "GET", "/v1/spaces", "").await.status, 403);
    let wide = [("scope", "https://www.googleapis.com/auth/chat.delete")];
    assert_eq!(bench.refresh(refresh, &wide).await.refusal().1, "invalid_scope");
}

#[tokio::test]
async fn a_replaced_refresh_token_that_comes_back_ends_the_login() {
    let bench = Bench::with(Options { rotate_refresh_tokens: true, ..Options::default() }).await;
    let first = bench.login(&[]).await["refresh_token"].as_str().unwrap().to_owned();
    let next = bench.refresh(&first, &[]).await.json();
    let second = next["refresh_token"].as_str().unwrap();
    let access = next["access_token"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(bench.refresh(&first, &[]).await.refusal().1, "invalid_grant");
    assert_eq!(bench.refresh(second, &[]).await.refusal().1, "invalid_grant");
    assert_eq!(bench.call(access, "GET", "/v1/spaces", "").await.status, 401);
}

#[tokio::test]
async fn a_refresh_token_is_good_for_its_client_and_its_time() {
    let week = Some(Duration::from_hours(7 * 24));
    let bench = Bench::with(Options { refresh_token_lifetime: week, ..Options::default() }).await;
    let login = bench.login(&[]).await;
    assert_eq!(login["refresh_token_expires_in"], 604_799);
    let refresh = login["refresh_token"].as_str().unwrap();
    let other = bench.emulator.web_client_secrets(&[]);
    let other: Value = serde_json::from_str(&other).unwrap();
    let text = |name: &str| other["web"][name].as_str().unwrap();
    let changes = [("client_id", text("client_id")), ("client_secret", text("client_secret"))];
    let refused = bench.refresh(refresh, &changes).await.refusal();
    assert_eq!((refused.0, refused.1.as_str()), (401, "unauthorized_client"));
    bench.control.revoke_all_refresh_tokens();
    let refused = bench.refresh(refresh, &[]).await.refusal();
    assert_eq!(refused.2, "Token has been expired or revoked.");
    assert_eq!(bench.refresh("emulator-refresh-x", &[]).await.refusal().2, "Bad Request");
}

#[tokio::test]
async fn an_answer_can_be_patched() {
    let bench = Bench::new().await;
    bench.control.set_token_response_patch(|body| {
        let body = body.as_object_mut().unwrap();
        body.shift_remove("refresh_token");
        body.insert(String::from("expires_in"), Value::from("17"));
    });
    let login = bench.login(&[]).await;
    assert_eq!(login.get("refresh_token"), None);
    assert_eq!(login["expires_in"], "17");
    bench.control.clear_token_response_patch();
    assert!(bench.login(&[]).await["refresh_token"].is_string());
}

#[tokio::test]
async fn every_secret_is_known_to_the_control() {
    let bench = Bench::new().await;
    let code = bench.code(&s256()).await;
    let tokens = bench.redeem(&code, &[("code_verifier", VERIFIER)]).await.json();
    let secrets = bench.control.secrets();
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    for secret in [code, VERIFIER.to_owned(), bench.client_secret.clone(), text("access_token"), text("refresh_token")]
    {
        assert!(secrets.contains(&secret), "{secret}");
    }
}

#[tokio::test]
async fn googles_own_credentials_are_refused() {
    let bench = Bench::new().await;
    let code = bench.redeem("4/0Aci98Ereal", &[]).await.refusal();
    let refresh = bench.refresh("1//0real", &[]).await.refusal();
    let secret = bench.refresh("x", &[("client_secret", "GOCSPX-real")]).await.refusal();
    for refused in [code, refresh, secret] {
        assert!(refused.2.contains("must not be sent to the emulator"), "{refused:?}");
    }
    let answer = bench.call("ya29.a0real", "GET", "/v1/spaces", "").await;
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("a real Google access token"), "{}", answer.body);
    assert!(!answer.body.contains("a0real"));
}
