use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use super::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const IMPORT: &str = "https://www.googleapis.com/auth/chat.import";

/// The key file, of which some lines matter.
fn key_file(bench: &Bench) -> Value {
    serde_json::from_str(&bench.emulator.service_account_key()).unwrap()
}

fn claims(bench: &Bench) -> Value {
    let now = standing().unix_timestamp();
    let key = key_file(bench);
    json!({
        "iss": key["client_email"],
        "aud": key["token_uri"],
        "scope": IMPORT,
        "sub": "emulator@example.com",
        "iat": now,
        "exp": now + 3600,
    })
}

/// An assertion with this header, signed with a key in PEM.
fn signed(header: &Value, claims: &Value, pem: &str) -> String {
    let lines = pem.lines().skip_while(|line| !line.starts_with('-'));
    let body: String = lines.filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
    // One segment padded and one not: both are taken.
    let message = format!("{}.{}", URL_SAFE.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE.encode(signature))
}

async fn trade_assertion(bench: &Bench, assertion: &str) -> Answer {
    bench.form("/token", &[("grant_type", GRANT), ("assertion", assertion)]).await
}

async fn trade(bench: &Bench, claims: &Value) -> Answer {
    let key = key_file(bench);
    let header = json!({ "typ": "JWT", "alg": "RS256" });
    trade_assertion(bench, &signed(&header, claims, key["private_key"].as_str().unwrap())).await
}

/// A token of the service account for the first user.
async fn delegated(bench: &Bench, scopes: &str) -> String {
    let scopes: Vec<String> = scopes.split(' ').map(|scope| format!("{SCOPE_ROOT}{scope}")).collect();
    let mut claims = claims(bench);
    claims["scope"] = json!(scopes.join(" "));
    trade(bench, &claims).await.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_service_account_acts_for_a_user() {
    let bench = Bench::new().await;
    let mut to_google = claims(&bench);
    to_google["aud"] = json!("https://oauth2.googleapis.com/token");
    assert_eq!(trade(&bench, &to_google).await.status, 200, "as Google's Python client writes it");
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
    bench.control.change_options(|options| options.users.push(User::new("zoe@other.com")));
    let now = standing().unix_timestamp();
    for (name, value, error, description) in [
        ("sub", json!("eve@example.com"), "invalid_grant", "Invalid email or User ID"),
        ("aud", json!("https://accounts.google.com"), "invalid_grant", "Failed audience check"),
        ("exp", json!(now - 301), "invalid_grant", "short-lived token"),
        ("exp", json!(now + 3601), "invalid_grant", "short-lived token"),
        ("iat", json!(now + 301), "invalid_grant", "short-lived token"),
        ("iss", json!("nobody"), "invalid_grant", "No valid verifier found for issuer"),
        ("iss", json!("gone@project.iam.gserviceaccount.com"), "invalid_grant", "Invalid grant: account not found"),
        ("sub", json!("emulator"), "invalid_request", "Invalid impersonation \"sub\" field"),
        ("sub", json!("zoe@other.com"), "invalid_grant", "Invalid email or User ID"),
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

#[tokio::test]
async fn a_signature_must_be_of_the_key_that_was_handed_out() {
    let bench = Bench::new().await;
    let key = key_file(&bench);
    let pem = key["private_key"].as_str().unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let claims = claims(&bench);
    let right = json!({ "alg": "RS256", "typ": "JWT", "kid": key["private_key_id"] });
    assert_eq!(trade_assertion(&bench, &signed(&right, &claims, pem)).await.status, 200);
    let refused = |answer: Answer| assert_eq!(answer.refusal().2, "Invalid JWT Signature.");
    refused(trade_assertion(&bench, &signed(&right, &claims, include_str!("other_key.pem"))).await);
    let other = json!({ "alg": "RS256", "kid": "another" });
    refused(trade_assertion(&bench, &signed(&other, &claims, pem)).await);
    // A claim changed after signing.
    let assertion = signed(&right, &claims, pem);
    let mut segments: Vec<&str> = assertion.split('.').collect();
    let changed = URL_SAFE_NO_PAD.encode(claims.to_string().replace("emulator@example.com", "admin@example.com"));
    segments[1] = &changed;
    refused(trade_assertion(&bench, &segments.join(".")).await);
    let none = json!({ "alg": "none" });
    let answer = trade_assertion(&bench, &signed(&none, &claims, pem)).await;
    assert!(answer.refusal().2.contains("Failed to parse"), "{answer:?}");
    bench.control.delete_service_account_key();
    refused(trade_assertion(&bench, &signed(&right, &claims, pem)).await);
    bench.control.delete_service_account();
    let answer = trade_assertion(&bench, &signed(&right, &claims, pem)).await;
    assert_eq!(answer.refusal().2, "Invalid grant: account not found");
}

#[tokio::test]
async fn an_import_is_completed_once_and_by_delegation() {
    let bench = Bench::new().await;
    let import = r#"{"spaceType":"SPACE","displayName":"x","importMode":true}"#;
    let token = delegated(&bench, "chat.import").await;
    let name = bench.call(&token, "POST", "/v1/spaces", import).await.json()["name"].as_str().unwrap().to_owned();
    let path = format!("/v1/{name}:completeImport");
    let renamed = r#"{"displayName":"y"}"#;
    let patch = format!("/v1/{name}?updateMask=displayName");
    assert_eq!(bench.call(&token, "PATCH", &patch, renamed).await.status, 200);
    let past = "2001-01-01T00:00:00Z";
    let member = json!({ "member": { "name": "users/bob@example.com", "type": "HUMAN" }, "createTime": past });
    let answer = bench.call(&token, "POST", &format!("/v1/{name}/members"), &member.to_string()).await;
    assert_eq!(answer.json()["createTime"], past);
    let login = bench.token_of("emulator@example.com", "chat.import").await;
    assert_eq!(bench.call(&login, "POST", &path, "{}").await.status, 403);
    assert_eq!(bench.call(&token, "POST", &path, r#"{"space":{}}"#).await.status, 400);
    let done = bench.call(&token, "POST", &path, "{}").await.json();
    assert_eq!((&done["space"]["name"], done["space"].get("importMode")), (&json!(name), None));
    let again = delegated(&bench, "chat.import chat.delete").await;
    assert_eq!(bench.call(&again, "POST", &path, "{}").await.status, 403, "it belongs to its members now");
    assert_eq!(bench.call(&token, "PATCH", &patch, renamed).await.status, 403);
    let named = bench.call(&token, "POST", "/v1/spaces", import).await.json();
    let path = format!("/v1/{}", named["name"].as_str().unwrap());
    let complete = format!("{path}:completeImport");
    assert_eq!(bench.call(&token, "POST", &complete, "").await.status, 200);
    let answer = bench.call(&token, "POST", &complete, "").await;
    assert_eq!(answer.json()["error"]["status"], "FAILED_PRECONDITION");
    assert_eq!(bench.call(&token, "DELETE", &path, "").await.status, 403, "chat.import is for import mode");
    assert_eq!(bench.call(&again, "DELETE", &path, "").await.status, 200);
    assert_eq!(bench.call(&token, "POST", &path, "").await.status, 404);
    assert_eq!(bench.call(&token, "POST", &format!("{path}:other"), "").await.status, 404);
}
