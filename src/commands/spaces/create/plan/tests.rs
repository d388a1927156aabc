//! Every option lands in its field, and what breaks a rule is refused before anything is sent.

use std::io::Write;

use serde_json::{Value, json};

use super::*;
use crate::commands::ErrorCode;
use crate::platform::input::Source;

fn options(name: &str) -> Options {
    let fields = Fields { name: Some(name.to_owned()), ..Fields::default() };
    Options { fields, ..Options::default() }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|id| id.to_string()).collect()
}

fn body(options: &Options) -> Value {
    plan(options).unwrap().request.preview()["body"].clone()
}

#[track_caller]
fn refused(options: &Options, code: ErrorCode, words: &[&str]) {
    let failure = plan(options).unwrap_err();
    assert_eq!(failure.code, code, "{}", failure.message);
    for word in words {
        assert!(failure.message.contains(word), "{word}: {}", failure.message);
    }
}

/// Options with a document, which lives as long as the file does.
fn document(json: &Value) -> (Options, tempfile::NamedTempFile) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(json.to_string().as_bytes()).unwrap();
    let fields = Fields { json: Some(Source::new(file.path().to_owned())), ..Fields::default() };
    (Options { fields, ..Options::default() }, file)
}

fn conversation(kind: SpaceType, members: &[&str]) -> Options {
    Options { space_type: Some(kind), members: texts(members), ..Options::default() }
}

#[test]
fn every_option_lands_in_its_field() {
    let all = Options {
        fields: Fields {
            name: Some(" API-made ".into()),
            description: Some("d".into()),
            guidelines: Some("g".into()),
            external: Some(false),
            history: Some(true),
            announcement: Some(true),
            audience: Some("default".into()),
            json: None,
            ..Fields::default()
        },
        ..Options::default()
    };
    assert_eq!(
        body(&all),
        json!({"spaceType":"SPACE","displayName":"API-made","spaceDetails":{"description":"d","guidelines":"g"},
            "externalUserAllowed":false,"spaceHistoryState":"HISTORY_ON",
            "predefinedPermissionSettings":"ANNOUNCEMENT_SPACE","accessSettings":{"audience":"audiences/default"}})
    );
    assert_eq!(body(&options("x")).to_string(), r#"{"spaceType":"SPACE","displayName":"x"}"#);
}

#[test]
fn members_make_it_a_set_up() {
    let team = Options {
        members: texts(&["ada@example.com", "users/ada@example.com", "7"]),
        groups: texts(&["g1"]),
        request_id: Some("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11".into()),
        ..options("x")
    };
    assert_eq!(
        body(&team),
        json!({"space":{"spaceType":"SPACE","displayName":"x"},"requestId":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "memberships":[{"member":{"name":"users/ada@example.com","type":"HUMAN"}},
                {"member":{"name":"users/7","type":"HUMAN"}},{"groupMember":{"name":"groups/g1"}}]})
    );
    assert!(plan(&team).unwrap().may_lack_members);
}

#[test]
fn more_than_fit_into_the_request_follow_it_and_the_app_always_does() {
    let many = Options { members: [numbers(60), texts(&["app"])].concat(), ..options("x") };
    let plan = plan(&many).unwrap();
    assert_eq!(plan.request.preview()["body"]["memberships"].as_array().unwrap().len(), 49);
    assert_eq!((plan.more.len(), plan.more.last()), (12, Some(&NewMembership::App)));
}

#[test]
fn those_who_look_after_the_space_come_first_and_have_one_role() {
    let team =
        Options { members: texts(&["1"]), managers: texts(&["2", "users/2"]), owners: texts(&["3"]), ..options("x") };
    let made = plan(&team).unwrap();
    assert_eq!(made.promotions, [("users/3".to_owned(), Role::Owner), ("users/2".to_owned(), Role::Manager)]);
    let preview = made.request.preview();
    let first = &preview["body"]["memberships"][0];
    assert_eq!(first, &json!({"member":{"name":"users/3","type":"HUMAN"}}), "no role, which create does not take");
    let both = Options { managers: texts(&["2"]), owners: texts(&["2"]), ..options("x") };
    refused(&both, ErrorCode::Usage, &["--manager", "--owner"]);
}

#[test]
fn names_and_texts_have_limits() {
    refused(&Options::default(), ErrorCode::Usage, &["--name (displayName)"]);
    refused(&options("  "), ErrorCode::Usage, &["--name (displayName)"]);
    refused(&options(&"ä".repeat(129)), ErrorCode::Usage, &["129 characters, and 128"]);
    assert!(plan(&options(&"ä".repeat(128))).is_ok());
    for (fields, word) in [
        (Fields { description: Some("x".repeat(4097)), ..Fields::default() }, "spaceDetails.description"),
        (Fields { guidelines: Some("x".repeat(5001)), ..Fields::default() }, "spaceDetails.guidelines"),
        (Fields { audience: Some("a/b".into()), ..Fields::default() }, "accessSettings.audience"),
    ] {
        refused(&Options { fields, ..options("x") }, ErrorCode::Usage, &[word]);
    }
    let group = Options { groups: texts(&["team@example.com"]), ..options("x") };
    refused(&group, ErrorCode::Usage, &["Cloud Identity"]);
    let id = Options { request_id: Some("no-uuid".into()), ..options("x") };
    refused(&id, ErrorCode::Usage, &["no UUID", "requestId"]);
}

#[test]
fn conversations_follow_the_rules_of_set_up() {
    let chat = body(&conversation(SpaceType::GroupChat, &["1", "2"]));
    assert_eq!(chat["space"], json!({"spaceType":"GROUP_CHAT"}));
    let direct = body(&conversation(SpaceType::DirectMessage, &["1"]));
    assert_eq!(direct["space"], json!({"spaceType":"DIRECT_MESSAGE"}));
    let with_app = body(&conversation(SpaceType::DirectMessage, &["app"]));
    assert_eq!(with_app["space"], json!({"spaceType":"DIRECT_MESSAGE","singleUserBotDm":true}));
    assert_eq!(with_app["memberships"], json!([]));

    for kind in [SpaceType::GroupChat, SpaceType::DirectMessage] {
        let members: &[&str] = if kind == SpaceType::GroupChat { &["1", "2"] } else { &["1"] };
        let with = |fields: Fields| Options { fields, ..conversation(kind, members) };
        let words = |fields, word| refused(&with(fields), ErrorCode::Usage, &[word]);
        words(Fields { name: Some("x".into()), ..Fields::default() }, "displayName");
        words(Fields { announcement: Some(false), ..Fields::default() }, "predefinedPermissionSettings");
        words(Fields { audience: Some("default".into()), ..Fields::default() }, "accessSettings");
        let group = Options { groups: texts(&["g"]), ..conversation(kind, members) };
        assert!(plan(&group).is_err());
        let manager = Options { managers: texts(&["1"]), ..conversation(kind, members) };
        refused(&manager, ErrorCode::Usage, &["memberships[].role"]);
        let reuse = Options { if_exists: Some(IfExists::Reuse), ..conversation(kind, members) };
        refused(&reuse, ErrorCode::Usage, &["--if-exists"]);
    }
    let described = Options {
        fields: Fields { description: Some("d".into()), ..Fields::default() },
        ..conversation(SpaceType::DirectMessage, &["1"])
    };
    refused(&described, ErrorCode::Usage, &["spaceDetails"]);
    refused(&conversation(SpaceType::GroupChat, &["1"]), ErrorCode::Usage, &["memberships", "at least two"]);
    refused(&conversation(SpaceType::DirectMessage, &[]), ErrorCode::Usage, &["memberships", "exactly one"]);
    refused(&conversation(SpaceType::DirectMessage, &["1", "2"]), ErrorCode::Usage, &["exactly one"]);
}

#[test]
fn import_mode_adds_nobody_at_once_and_allows_a_time() {
    let import = Options {
        import_mode: true,
        create_time: Some("2024-02-29T12:00:00Z".into()),
        members: texts(&["1"]),
        ..options("old")
    };
    let made = plan(&import).unwrap();
    assert_eq!(
        made.request.preview()["body"],
        json!({"spaceType":"SPACE","displayName":"old","importMode":true,"createTime":"2024-02-29T12:00:00Z"})
    );
    assert_eq!(made.more.len(), 1);
    let chat = Options { import_mode: true, ..conversation(SpaceType::GroupChat, &[]) };
    assert!(matches!(plan(&chat).unwrap().request, Request::Create(_)));

    let direct = Options { import_mode: true, ..conversation(SpaceType::DirectMessage, &["1"]) };
    refused(&direct, ErrorCode::Usage, &["importMode"]);
    let without = Options { create_time: Some("2024-02-29T12:00:00Z".into()), ..options("x") };
    refused(&without, ErrorCode::Usage, &["createTime", "--import-mode"]);
    let odd = Options { import_mode: true, create_time: Some("yesterday".into()), ..options("x") };
    refused(&odd, ErrorCode::Usage, &["createTime", "RFC 3339"]);
}

#[test]
fn a_document_lies_under_the_options_and_what_is_not_known_stays() {
    let (mut options, _file) = document(&json!({"displayName":"d","spaceDetails":{"guidelines":"g"},"zNew":{"b":[1]}}));
    options.fields.name = Some("n".into());
    options.fields.description = Some("t".into());
    assert_eq!(
        body(&options),
        json!({"spaceType":"SPACE","displayName":"n","spaceDetails":{"guidelines":"g","description":"t"},"zNew":{"b":[1]}})
    );
}

#[test]
fn a_space_as_the_server_sent_it_makes_another_one() {
    let (options, _file) = document(&json!({
        "name":"spaces/A","type":"ROOM","displayName":"Team","spaceType":"SPACE","spaceThreadingState":"THREADED_MESSAGES",
        "createTime":"2026-05-30T14:00:26.378125Z","lastActiveTime":"2026-05-30T14:00:26.378125Z",
        "membershipCount":{"joinedDirectHumanUserCount":1},"customer":"customers/C01","spaceUri":"https://x",
        "accessSettings":{"accessState":"PRIVATE"},"spaceHistoryState":"HISTORY_OFF"}));
    let made = plan(&options).unwrap();
    assert_eq!(
        made.request.preview()["body"],
        json!({"displayName":"Team","spaceType":"SPACE","spaceHistoryState":"HISTORY_OFF"})
    );
    assert!(made.note.unwrap().contains("accessSettings.accessState"));
}

#[test]
fn what_breaks_a_rule_in_a_document_is_the_documents_fault() {
    for (json, word) in [
        (json!({"displayName":"x".repeat(129)}), "displayName"),
        (json!({"displayName":" "}), "displayName"),
        (json!({"spaceType":"GROUP_CHAT","displayName":"x"}), "displayName"),
        (json!({"spaceType":"DIRECT_MESSAGE","importMode":true}), "importMode"),
        (json!([]), "no JSON object"),
    ] {
        let (options, _file) = document(&json);
        refused(&options, ErrorCode::InputInvalid, &[word]);
    }
    let fields = Fields { json: Some(Source::new("/nowhere".into())), ..Fields::default() };
    refused(&Options { fields, ..Options::default() }, ErrorCode::InputInvalid, &["cannot be read"]);
    // A kind that is not known here is the server's to judge.
    let (options, _file) = document(&json!({"spaceType":"HOLODECK"}));
    assert_eq!(body(&options), json!({"spaceType":"HOLODECK"}));
}

#[test]
fn a_repetition_goes_by_its_id_and_not_by_the_name() {
    let reuse = |request_id: Option<&str>| {
        let request_id = request_id.map(str::to_owned);
        plan(&Options { if_exists: Some(IfExists::Reuse), request_id, ..options("x") }).unwrap().look_for
    };
    assert_eq!(reuse(None), Some(("x".to_owned(), IfExists::Reuse)));
    assert_eq!(reuse(Some("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")), None);
}

#[test]
fn the_same_key_gives_the_same_id_and_no_key_a_new_one() {
    let id = |key: Option<&str>| {
        let options = Options { idempotency_key: key.map(str::to_owned), ..options("x") };
        match plan(&options).unwrap().request {
            Request::Create(request) => request.request_id,
            Request::SetUp(request) => request.request_id,
        }
    };
    assert_eq!(id(Some("class-7b")), id(Some("class-7b")));
    assert_ne!(id(Some("class-7b")), id(Some("class-7c")));
    assert_ne!(id(None), id(None));
}
