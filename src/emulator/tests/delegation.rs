use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

use super::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const IMPORT: &str = "https://www.googleapis.com/auth/chat.import";

fn claims(bench: &Bench) -> Value {
    let now = standing().unix_timestamp();
    json!({
        "iss": "robot@project.iam.gserviceaccount.com",
        "aud": format!("{}/token", bench.emulator.origin()),
        "scope": IMPORT,
        "sub": "emulator@example.com",
        "iat": now,
        "exp": now + 3600,
    })
}

fn assertion(claims: &Value) -> String {
    let header = URL_SAFE.encode(r#"{"typ":"JWT","alg":"RS256"}"#);
    // One segment padded and one not: both are taken.
    format!("{header}.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

async fn trade(bench: &Bench, claims: &Value) -> Answer {
    bench.form("/token", &[("grant_type", GRANT), ("assertion", &assertion(claims))]).await
}

#[tokio::test]
async fn a_service_account_acts_for_a_user() {
    let bench = Bench::new().await;
    let body = trade(&bench, &claims(&bench)).await.json();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["access_token", "expires_in", "token_type"]);
    let token = body["access_token"].as_str().unwrap();
    let import = r#"{"spaceType":"SPACE","displayName":"x","importMode":true,"createTime":"2001-01-01T00:00:00Z"}"#;
    let space = bench.call(token, "POST", "/v1/spaces", import).await.json();
    assert_eq!(space["importMode"], true);
    assert_eq!(space["createTime"], "2001-01-01T00:00:00Z");
    assert_eq!(space["membershipCount"], json!({}));
    let plain = r#"{"spaceType":"SPACE","displayName":"x"}"#;
    assert_eq!(bench.call(token, "POST", "/v1/spaces", plain).await.status, 403);
}

#[tokio::test]
async fn import_mode_needs_delegation() {
    let bench = Bench::new().await;
    let login = bench.login(&[("scope", IMPORT)]).await;
    let token = login["access_token"].as_str().unwrap();
    let import = r#"{"spaceType":"SPACE","displayName":"x","importMode":true}"#;
    let answer = bench.call(token, "POST", "/v1/spaces", import).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("The caller does not have permission"));
}

#[tokio::test]
async fn an_assertion_is_refused_in_googles_words() {
    let delegated_scopes = GrantedScopes::Only(vec![String::from("chat.import")]);
    let bench = Bench::with(Options { delegated_scopes, ..Options::default() }).await;
    let now = standing().unix_timestamp();
    for (name, value, error, description) in [
        ("sub", json!("eve@example.com"), "invalid_grant", "Invalid email or User ID"),
        ("aud", json!("https://oauth2.googleapis.com/token"), "invalid_grant", "Failed audience check"),
        ("exp", json!(now - 301), "invalid_grant", "short-lived token"),
        ("exp", json!(now + 3601), "invalid_grant", "short-lived token"),
        ("iat", json!(now + 301), "invalid_grant", "short-lived token"),
        ("iss", json!("nobody"), "invalid_grant", "No valid verifier found for issuer"),
        ("scope", json!(""), "invalid_scope", "Invalid OAuth scope"),
        (
            "scope",
            json!("https://www.googleapis.com/auth/chat.spaces"),
            "unauthorized_client",
            "Client is unauthorized",
        ),
    ] {
        let mut claims = claims(&bench);
        claims[name] = value;
        let refused = trade(&bench, &claims).await.refusal();
        assert_eq!(refused.1, error, "{claims}");
        assert!(refused.2.contains(description), "{refused:?}");
    }
    let fields = [("grant_type", GRANT), ("assertion", "a.b")];
    assert_eq!(bench.form("/token", &fields).await.refusal().1, "invalid_grant");
}
