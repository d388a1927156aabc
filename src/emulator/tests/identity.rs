use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

#[tokio::test]
async fn an_id_token_says_who_it_is() {
    let bench = Bench::new().await;
    let login = bench.login(&[("scope", "openid email"), ("nonce", "n-1")]).await;
    let token = login["id_token"].as_str().unwrap();
    let segments: Vec<Vec<u8>> = token.split('.').map(|segment| URL_SAFE_NO_PAD.decode(segment).unwrap()).collect();
    let header: Value = serde_json::from_slice(&segments[0]).unwrap();
    let claims: Value = serde_json::from_slice(&segments[1]).unwrap();
    assert_eq!(header["alg"], "RS256");
    assert_eq!(segments[2].len(), 256);
    assert_eq!(claims["iss"], bench.emulator.origin());
    assert_eq!(claims["aud"], bench.client_id);
    assert_eq!(claims["azp"], bench.client_id);
    assert_eq!(claims["sub"], User::new("emulator@example.com").sub);
    assert_eq!(claims["email"], "emulator@example.com");
    assert_eq!(claims["email_verified"], true);
    assert_eq!(claims["hd"], "example.com");
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["iat"], standing().unix_timestamp());
}

#[tokio::test]
async fn a_token_is_told_about_in_strings() {
    let bench = Bench::new().await;
    let login = bench.login(&[("scope", "openid email")]).await;
    let token = login["access_token"].as_str().unwrap();
    let info = bench.form("/tokeninfo", &[("access_token", token)]).await.json();
    let by_bearer = bench.call(token, "POST", "/tokeninfo", "").await.json();
    assert_eq!(info, by_bearer);
    assert_eq!(info["expires_in"], "3599");
    assert_eq!(info["email_verified"], "true");
    assert_eq!(info["access_type"], "offline");
    assert_eq!(info["aud"], bench.client_id);
    let bad = bench.get("/tokeninfo?access_token=x").await.refusal();
    assert_eq!(bad, (400, String::from("invalid_token"), String::from("Invalid Value")));
}

#[tokio::test]
async fn the_user_is_told_about_in_both_shapes() {
    let bench = Bench::new().await;
    let login = bench.login(&[("scope", "email")]).await;
    let token = login["access_token"].as_str().unwrap();
    let new = bench.call(token, "GET", "/v1/userinfo", "").await.json();
    assert_eq!(new["email"], "emulator@example.com");
    assert_eq!(new["email_verified"], true);
    assert_eq!(new.get("name"), None);
    let old = bench.call(token, "GET", "/oauth2/v2/userinfo", "").await.json();
    assert_eq!(old["id"], new["sub"]);
    assert_eq!(old["verified_email"], true);
    let chat_only = bench.access_token().await;
    assert_eq!(bench.call(&chat_only, "GET", "/v1/userinfo", "").await.status, 401);
}

#[tokio::test]
async fn revoking_either_token_takes_everything_back() {
    for name in ["access_token", "refresh_token"] {
        let bench = Bench::new().await;
        let earlier = bench.login(&[]).await;
        let login = bench.login(&[]).await;
        let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
        let answer = bench.form("/revoke", &[("token", &text(&login, name))]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
        for tokens in [&login, &earlier] {
            let access = text(tokens, "access_token");
            assert_eq!(bench.call(&access, "GET", "/v1/spaces", "").await.status, 401);
            let refresh = text(tokens, "refresh_token");
            assert_eq!(bench.refresh(&refresh, &[]).await.status, 400);
        }
        let again = bench.form("/revoke", &[("token", &text(&login, name))]).await.refusal();
        assert_eq!((again.0, again.1.as_str()), (400, "invalid_token"));
        // A new consent opens the door again.
        let access = bench.access_token().await;
        assert_eq!(bench.call(&access, "GET", "/v1/spaces", "").await.status, 200);
    }
}

#[tokio::test]
async fn the_metadata_names_this_origin() {
    let bench = Bench::new().await;
    let metadata = bench.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["issuer"], bench.emulator.origin());
    let keys = bench.get("/oauth2/v3/certs").await.json();
    assert_eq!(keys["keys"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn the_device_flow_has_no_chat_scopes() {
    let bench = Bench::new().await;
    let scope = "openid https://www.googleapis.com/auth/chat.spaces";
    let refused = bench.form("/device/code", &[("scope", scope)]).await.refusal();
    let text = "Invalid device flow scope: https://www.googleapis.com/auth/chat.spaces";
    assert_eq!(refused, (400, String::from("invalid_scope"), text.to_owned()));
}
