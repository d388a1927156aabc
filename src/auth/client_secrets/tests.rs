use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn parse(text: &str) -> Result<ClientSecrets, ClientSecretsError> {
    ClientSecrets::parse(Path::new("c.json"), text.as_bytes())
}

fn wrong(text: &str) -> WrongFile {
    match parse(text) {
        Err(ClientSecretsError::Wrong { what, .. }) => what,
        other => panic!("{text}: {other:?}"),
    }
}

fn client() -> Value {
    json!({"client_id":"42-a.apps.googleusercontent.com","project_id":"my-project","auth_uri":"https://accounts.google.com/o/oauth2/auth",
        "token_uri":"https://oauth2.googleapis.com/token","client_secret":"GOCSPX-x","redirect_uris":["http://localhost"]})
}

fn with(kind: &'static str, change: impl FnOnce(&mut Map<String, Value>)) -> String {
    let mut members = client();
    change(members.as_object_mut().unwrap());
    json!({ kind: members }).to_string()
}

#[test]
fn only_what_begins_as_markup_is_taken_for_it() {
    let file = with("installed", |members| members["client_secret"] = json!("GOCSPX-<plist<html>"));
    assert_eq!(parse(&file).unwrap().client_secret.expose(), "GOCSPX-<plist<html>");
    assert_eq!(wrong("not <plist> at all"), WrongFile::NotJson(1));
}

#[test]
fn todays_desktop_file_is_understood() {
    let client = parse(&with("installed", |_| {})).unwrap();
    assert_eq!(client.kind, ClientKind::Installed);
    assert_eq!(client.project.as_deref(), Some("42"));
    assert_eq!(client.issuer(), "https://accounts.google.com");
    assert_eq!(client.token_endpoint.to_string(), "https://oauth2.googleapis.com/token");
    assert!(!format!("{client:?}").contains("GOCSPX"));
}

#[test]
fn old_shapes_a_byte_order_mark_and_missing_extras_are_accepted() {
    let old = with("installed", |members| {
        members.insert("token_uri".into(), json!("https://accounts.google.com/o/oauth2/token"));
        members.insert("redirect_uris".into(), json!(["urn:ietf:wg:oauth:2.0:oob", "http://localhost"]));
        members.insert("client_email".into(), json!(""));
        members.insert("client_secret".into(), json!("abcdefghijklmnopqrstuvwx"));
    });
    parse(&format!("\u{feff}{old}\r\n")).unwrap();
    let gam = with("installed", |members| {
        members.remove("redirect_uris");
        members.remove("project_id");
        members.insert("created_by".into(), json!("x"));
    });
    parse(&gam).unwrap();
}

#[test]
fn a_web_client_keeps_its_redirect_uris() {
    let client = parse(&with("web", |members| {
        members.insert("redirect_uris".into(), json!(["https://example.com/cb", "http://127.0.0.1:8085/"]));
        members.insert("javascript_origins".into(), json!(["https://example.com"]));
    }))
    .unwrap();
    let redirect_uris = vec!["https://example.com/cb".into(), "http://127.0.0.1:8085/".into()];
    assert_eq!(client.kind, ClientKind::Web { redirect_uris });
}

#[test]
fn property_28_every_other_file_is_named_for_what_it_is() {
    let key = "AIzaSyA1234567890abcdefghijklmnopqrstuv";
    for (text, expected) in [
        (String::new(), WrongFile::Empty),
        (" \n".into(), WrongFile::Empty),
        ("<!DOCTYPE html><html>".into(), WrongFile::Html),
        ("  <html lang=de>".into(), WrongFile::Html),
        ("<?xml version=\"1.0\"?><!DOCTYPE plist><plist>".into(), WrongFile::PropertyList),
        ("{\"installed\":".into(), WrongFile::NotJson(1)),
        ("\n \n{\n\"installed\":}\n".into(), WrongFile::NotJson(4)),
        ("hello".into(), WrongFile::NotJson(1)),
        ("{\0\"\0i\0".into(), WrongFile::NotJson(1)),
        ("{\"i\0\"".into(), WrongFile::NotText),
        ("[]".into(), WrongFile::List),
        ("3".into(), WrongFile::Scalar),
        (key.into(), WrongFile::ApiKey),
        (format!("{key:?}"), WrongFile::ApiKey),
        (json!({"key": key}).to_string(), WrongFile::ApiKey),
        (json!({"type":"service_account","private_key":"x"}).to_string(), WrongFile::ServiceAccountKey),
        (json!({"private_key":"x","client_email":"y"}).to_string(), WrongFile::ServiceAccountKey),
        (json!({"type":"authorized_user","client_id":"x","refresh_token":"y"}).to_string(), WrongFile::AuthorizedUser),
        (json!({"type":"external_account"}).to_string(), WrongFile::ExternalAccount),
        (json!({"type":"gdch"}).to_string(), WrongFile::OtherType("gdch".into())),
        (json!({"token":"ya29","refresh_token":"1//","scopes":[]}).to_string(), WrongFile::TokenCache("Python", true)),
        (
            json!({"access_token":"x","refresh_token":"y","expiry_date":1}).to_string(),
            WrongFile::TokenCache("Node.js", true),
        ),
        (json!({"client_id":"x","refresh_token":"y"}).to_string(), WrongFile::AuthorizedUser),
        ("{}".into(), WrongFile::EmptyObject),
        (json!({"client_id":"x"}).to_string(), WrongFile::NoClient("\"client_id\"".into())),
        (json!({"web":{},"installed":{}}).to_string(), WrongFile::TwoClients),
        (json!({"installed":[]}).to_string(), WrongFile::NotAnObject("installed")),
        (json!({"installed":client(),"access_token":"x"}).to_string(), WrongFile::ClientWithTokens),
    ] {
        assert_eq!(wrong(&text), expected, "{text}");
    }
    assert!(matches!(
        ClientSecrets::parse(Path::new("c"), b"{\xff"),
        Err(ClientSecretsError::Wrong { what: WrongFile::NotText, .. })
    ));
}

#[test]
fn members_that_are_missing_empty_or_of_another_type_are_named() {
    for member in ["client_id", "client_secret", "auth_uri", "token_uri"] {
        let change = |value: Option<Value>| {
            with("installed", |members| {
                members.remove(member);
                if let Some(value) = value {
                    members.insert(member.into(), value);
                }
            })
        };
        assert_eq!(wrong(&change(None)), WrongFile::MissingMember("installed", member));
        assert_eq!(wrong(&change(Some(Value::Null))), WrongFile::MissingMember("installed", member));
        assert_eq!(wrong(&change(Some(json!(" ")))), WrongFile::EmptyMember("installed", member));
        assert_eq!(wrong(&change(Some(json!(7)))), WrongFile::WrongType("installed", member, "a string"));
    }
    let uris = with("web", |members| {
        members.insert("redirect_uris".into(), json!([1]));
    });
    assert!(matches!(wrong(&uris), WrongFile::WrongType("web", "redirect_uris", _)));
    let android = with("installed", |members| {
        members.remove("client_secret");
        members.remove("redirect_uris");
    });
    assert_eq!(wrong(&android), WrongFile::MobileClient);
    let tokens_inside = with("installed", |members| {
        members.insert("refresh_token".into(), json!("1//x"));
    });
    assert_eq!(wrong(&tokens_inside), WrongFile::ClientWithTokens);
}

#[test]
fn the_shipped_example_is_recognised() {
    assert_eq!(wrong(include_str!("../../../client_secrets.example.json")), WrongFile::Example);
    assert_eq!(
        wrong(&with("installed", |members| {
            members.insert("client_id".into(), json!("YOUR_CLIENT_ID"));
        })),
        WrongFile::Example
    );
}

#[test]
fn endpoints_off_the_machine_must_be_https() {
    for uri in ["http://accounts.google.com/o/oauth2/auth", "ftp://x", "http://127.0.0.1.evil.test/"] {
        let text = with("installed", |members| {
            members.insert("token_uri".into(), json!(uri));
        });
        assert!(matches!(parse(&text), Err(ClientSecretsError::EndpointRefused { member: "token_uri", .. })), "{uri}");
    }
}

#[test]
fn googles_endpoints_go_together() {
    for (member, uri, together) in [
        ("token_uri", "https://evil.test/token", false),
        ("auth_uri", "https://evil.test/auth", false),
        ("token_uri", "https://accounts.google.com/o/oauth2/token", true),
        ("token_uri", "https://www.googleapis.com/oauth2/v3/token", true),
        ("token_uri", "https://oauth2-acme.p.googleapis.com/token", true),
        ("token_uri", "https://oauth2.googleapis.com.evil.test/token", false),
        ("auth_uri", "https://accounts.google.com./o/oauth2/auth", true),
    ] {
        let file = parse(&with("installed", |members| members[member] = json!(uri)));
        assert_eq!(matches!(file, Err(ClientSecretsError::MixedEndpoints { .. })), !together, "{member} {uri}");
    }
    let elsewhere = with("installed", |members| {
        members["auth_uri"] = json!("http://127.0.0.1:1/auth");
        members["token_uri"] = json!("http://127.0.0.1:1/token");
    });
    parse(&elsewhere).unwrap();
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        let name = prop_oneof![
            Just(String::from("installed")),
            Just(String::from("web")),
            Just(String::from("client_id")),
            Just(String::from("type")),
            Just(String::from("token_uri")),
            ".{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn bad_files_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ClientSecrets::parse(Path::new("c"), &bytes).map_err(|error| error.to_string());
    }

    #[test]
    fn odd_json_never_panics(value in any_json()) {
        let _ = parse(&value.to_string()).map_err(|error| error.to_string());
    }
}
