//! Every option lands in its field, and what breaks a rule is refused before anything is sent.

use std::io::Write;

use clap::Parser;
use serde_json::{Value, json};

use super::*;
use crate::commands::ErrorCode;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    create: NewSpace,
}

/// The options of a command line, without the words `chatauth spaces create`.
fn typed(words: &[&str]) -> NewSpace {
    Line::try_parse_from(["create"].iter().chain(words)).unwrap().create
}

fn named(name: &str) -> NewSpace {
    typed(&["--name", name])
}

/// `--member` for numbered people.
fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|id| format!("--member={id}")).collect()
}

fn body(options: &NewSpace) -> Value {
    plan(options).unwrap().request.preview()["body"].clone()
}

#[track_caller]
fn refused(options: &NewSpace, code: ErrorCode, words: &[&str]) {
    let failure = plan(options).unwrap_err();
    assert_eq!(failure.code, code, "{}", failure.message);
    for word in words {
        assert!(failure.message.contains(word), "{word}: {}", failure.message);
    }
}

/// A document, which lives as long as the file does, with options beside it.
fn document(json: &Value, words: &[&str]) -> (NewSpace, tempfile::NamedTempFile) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(json.to_string().as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    (typed(&[&["--json", path], words].concat()), file)
}

fn conversation(kind: &str, members: &[&str], words: &[&str]) -> NewSpace {
    let members: Vec<String> = members.iter().map(|member| format!("--member={member}")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    typed(&[&["--type", kind], &members[..], words].concat())
}

#[test]
fn every_option_lands_in_its_field() {
    let all = typed(&[
        "--name",
        " API-made ",
        "--description",
        "d",
        "--guidelines",
        "g",
        "--internal",
        "--history",
        "on",
        "--permissions",
        "announcement",
        "--audience",
        "default",
    ]);
    assert_eq!(
        body(&all),
        json!({"spaceType":"SPACE","displayName":"API-made","spaceDetails":{"description":"d","guidelines":"g"},
            "externalUserAllowed":false,"spaceHistoryState":"HISTORY_ON",
            "predefinedPermissionSettings":"ANNOUNCEMENT_SPACE","accessSettings":{"audience":"audiences/default"}})
    );
    assert_eq!(body(&named("x")).to_string(), r#"{"spaceType":"SPACE","displayName":"x"}"#);
}

#[test]
fn members_make_it_a_set_up() {
    let team = typed(&[
        "--name=x",
        "--member=ada@example.com",
        "--member=users/ada@example.com",
        "--member=7",
        "--group=g1",
        "--request-id=A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
    ]);
    assert_eq!(
        body(&team),
        json!({"space":{"spaceType":"SPACE","displayName":"x"},"requestId":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "memberships":[{"member":{"name":"users/ada@example.com","type":"HUMAN"}},
                {"member":{"name":"users/7","type":"HUMAN"}},{"groupMember":{"name":"groups/g1"}}]})
    );
    assert_eq!(plan(&team).unwrap().steps, [Step::Check]);
}

#[test]
fn more_than_fit_into_the_request_follow_it_and_the_app_always_does() {
    let members = numbers(60);
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let many = typed(&[&["--name=x"], &members[..], &["--member=app"]].concat());
    let plan = plan(&many).unwrap();
    assert_eq!(plan.request.preview()["body"]["memberships"].as_array().unwrap().len(), 49);
    assert_eq!(plan.later(), (12, 0));
    assert_eq!(plan.steps[11..], [Step::Add(NewMembership::App), Step::Check]);
}

#[test]
fn those_who_look_after_the_space_come_first_and_have_one_role() {
    let team = typed(&["--name=x", "--member=1", "--manager=2", "--manager=users/2", "--owner=3"]);
    let made = plan(&team).unwrap();
    let promote = |user: &str, role| Step::Promote(user.to_owned(), role);
    assert_eq!(made.steps, [Step::Check, promote("users/3", Role::Owner), promote("users/2", Role::Manager)]);
    let preview = made.request.preview();
    let first = &preview["body"]["memberships"][0];
    assert_eq!(first, &json!({"member":{"name":"users/3","type":"HUMAN"}}), "no role, which create does not take");
    refused(&typed(&["--name=x", "--manager=2", "--owner=2"]), ErrorCode::Usage, &["--manager", "--owner"]);
}

#[test]
fn one_person_in_two_spellings_is_one() {
    for words in [
        ["--member=ada@example.com", "--member=ADA@example.com"],
        ["--manager=ada@example.com", "--member=users/Ada@Example.com"],
        ["--owner=ada@example.com", "--owner=ada@EXAMPLE.com"],
    ] {
        let made = plan(&typed(&[&["--name=x"], &words[..]].concat())).unwrap();
        assert!(made.later().1 < 2, "{words:?}");
        let memberships = made.request.preview()["body"]["memberships"].clone();
        let first = json!([{"member":{"name":"users/ada@example.com","type":"HUMAN"}}]);
        assert_eq!(memberships, first, "{words:?}");
    }
    let both = ["--name=x", "--manager=ada@example.com", "--owner=ADA@example.com"];
    refused(&typed(&both), ErrorCode::Usage, &["--manager", "--owner"]);
    // IDs are not addresses.
    let ids = plan(&typed(&["--name=x", "--member=a", "--member=A", "--group=g", "--group=G"])).unwrap();
    assert_eq!(ids.request.preview()["body"]["memberships"].as_array().unwrap().len(), 4);
}

#[test]
fn the_app_has_no_role() {
    for (option, person) in [("--manager", "app"), ("--owner", "app"), ("--owner", "users/app")] {
        refused(&typed(&["--name=x", option, person]), ErrorCode::Usage, &[option, "people"]);
    }
}

#[test]
fn names_and_texts_have_limits() {
    refused(&typed(&[]), ErrorCode::Usage, &["--name (displayName)"]);
    refused(&named("  "), ErrorCode::Usage, &["--name (displayName)"]);
    refused(&named(&"ä".repeat(129)), ErrorCode::Usage, &["129 characters; at most 128"]);
    assert!(plan(&named(&"ä".repeat(128))).is_ok());
    for (option, text, word) in [
        ("--description", "x".repeat(4097), "spaceDetails.description"),
        ("--guidelines", "x".repeat(5001), "spaceDetails.guidelines"),
    ] {
        refused(&typed(&["--name=x", option, &text]), ErrorCode::Usage, &[word]);
    }
    let audience = Line::try_parse_from(["create", "--name=x", "--audience=a/b"]).unwrap_err().to_string();
    assert!(audience.contains("for '--audience <AUDIENCE>': is not a name in audiences/"), "{audience}");
    refused(&typed(&["--name=x", "--group=team@example.com"]), ErrorCode::Usage, &["Cloud Identity"]);
    refused(&typed(&["--name=x", "--request-id=no-uuid"]), ErrorCode::Usage, &["is not a UUID", "requestId"]);
}

#[test]
fn conversations_follow_the_rules_of_set_up() {
    let chat = body(&conversation("group-chat", &["1", "2"], &[]));
    assert_eq!(chat["space"], json!({"spaceType":"GROUP_CHAT"}));
    let direct = body(&conversation("direct-message", &["1"], &[]));
    assert_eq!(direct["space"], json!({"spaceType":"DIRECT_MESSAGE"}));
    let with_app = body(&conversation("direct-message", &["app"], &[]));
    assert_eq!(with_app["space"], json!({"spaceType":"DIRECT_MESSAGE","singleUserBotDm":true}));
    assert_eq!(with_app["memberships"], json!([]));

    for (kind, members) in [("group-chat", &["1", "2"][..]), ("direct-message", &["1"])] {
        for (option, word) in [
            ("--name=x", "displayName"),
            ("--permissions=collaboration", "predefinedPermissionSettings"),
            ("--audience=default", "accessSettings"),
            ("--manager=1", "memberships[].role"),
            ("--if-exists=reuse", "--if-exists"),
        ] {
            refused(&conversation(kind, members, &[option]), ErrorCode::Usage, &[word]);
        }
        assert!(plan(&conversation(kind, members, &["--group=g"])).is_err());
    }
    refused(&conversation("direct-message", &["1"], &["--description=d"]), ErrorCode::Usage, &["spaceDetails"]);
    for members in [&["1"][..], &["1", "app"]] {
        refused(
            &conversation("group-chat", members, &[]),
            ErrorCode::Usage,
            &["memberships", "at least two people", "1 were"],
        );
    }
    refused(&conversation("direct-message", &[], &[]), ErrorCode::Usage, &["memberships", "exactly one"]);
    refused(&conversation("direct-message", &["1", "2"], &[]), ErrorCode::Usage, &["exactly one"]);
}

#[test]
fn import_mode_adds_nobody_at_once_and_allows_a_time() {
    let import = typed(&["--name=old", "--import-mode", "--create-time=2024-02-29T12:00:00Z", "--member=1"]);
    let made = plan(&import).unwrap();
    assert_eq!(
        made.request.preview()["body"],
        json!({"spaceType":"SPACE","displayName":"old","importMode":true,"createTime":"2024-02-29T12:00:00Z"})
    );
    assert_eq!(made.later(), (1, 0));
    let chat = conversation("group-chat", &[], &["--import-mode"]);
    assert!(matches!(plan(&chat).unwrap().request, Request::Create(_)));

    refused(&conversation("direct-message", &["1"], &["--import-mode"]), ErrorCode::Usage, &["importMode"]);
    let without = typed(&["--name=x", "--create-time=2024-02-29T12:00:00Z"]);
    refused(&without, ErrorCode::Usage, &["createTime", "--import-mode"]);
    let odd = typed(&["--name=x", "--import-mode", "--create-time=yesterday"]);
    refused(&odd, ErrorCode::Usage, &["createTime", "RFC 3339"]);
}

#[test]
fn a_document_lies_under_the_options_and_what_is_not_known_stays() {
    let json = json!({"displayName":"d","spaceDetails":{"guidelines":"g"},"zNew":{"b":[1]}});
    let (options, _file) = document(&json, &["--name=n", "--description=t"]);
    assert_eq!(
        body(&options),
        json!({"spaceType":"SPACE","displayName":"n","spaceDetails":{"guidelines":"g","description":"t"},"zNew":{"b":[1]}})
    );
}

#[test]
fn a_space_as_the_server_sent_it_makes_another_one() {
    let (options, _file) = document(
        &json!({
        "name":"spaces/A","type":"ROOM","displayName":"Team","spaceType":"SPACE","spaceThreadingState":"THREADED_MESSAGES",
        "createTime":"2026-05-30T14:00:26.378125Z","lastActiveTime":"2026-05-30T14:00:26.378125Z",
        "membershipCount":{"joinedDirectHumanUserCount":1},"customer":"customers/C01","spaceUri":"https://x",
        "accessSettings":{"accessState":"PRIVATE"},"spaceHistoryState":"HISTORY_OFF",
        "permissionSettings":{"manageApps":{"managersAllowed":true},"postMessages":{"managersAllowed":true}}}),
        &[],
    );
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
        (json!([]), "is not a JSON object"),
    ] {
        let (options, _file) = document(&json, &[]);
        refused(&options, ErrorCode::InputInvalid, &[word]);
    }
    refused(&typed(&["--json=/nowhere"]), ErrorCode::InputInvalid, &["cannot read"]);
    // A kind that is not known here is the server's to judge.
    let (options, _file) = document(&json!({"spaceType":"HOLODECK"}), &[]);
    assert_eq!(body(&options), json!({"spaceType":"HOLODECK"}));
}

#[test]
fn a_repetition_goes_by_its_id_and_not_by_the_name() {
    assert_eq!(
        plan(&typed(&["--name=x", "--if-exists=reuse"])).unwrap().reuse_check,
        Some(("x".to_owned(), IfExists::Reuse))
    );
    for own in ["--request-id=a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "--idempotency-key=k"] {
        assert_eq!(plan(&typed(&["--name=x", "--if-exists=reuse", own])).unwrap().reuse_check, None, "{own}");
    }
}

#[test]
fn the_same_key_gives_the_same_id_and_no_key_a_new_one() {
    let id = |words: &[&str]| match plan(&typed(&[&["--name=x"], words].concat())).unwrap().request {
        Request::Create(request) => request.request_id,
        Request::SetUp(request) => request.request_id,
    };
    assert_eq!(id(&["--idempotency-key=class-7b"]), id(&["--idempotency-key=class-7b"]));
    assert_ne!(id(&["--idempotency-key=class-7b"]), id(&["--idempotency-key=class-7c"]));
    assert_ne!(id(&[]), id(&[]));
}
