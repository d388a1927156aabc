//! Masks name what was given, and no two fields stand together that the API wants apart.

use std::io::Write;

use super::*;
use crate::commands::ErrorCode;
use crate::platform::input::Source;

fn options(fields: Fields) -> Options {
    Options { space: "A".into(), fields, ..Options::default() }
}

fn masks(options: &Options) -> Vec<String> {
    plan(options).unwrap().changes.iter().map(|change| change.mask.join(",")).collect()
}

#[track_caller]
fn refused(options: &Options, word: &str) {
    let failure = plan(options).unwrap_err();
    assert_eq!(failure.code, ErrorCode::Usage);
    assert!(failure.message.contains(word), "{word}: {}", failure.message);
}

#[test]
fn what_was_given_is_in_the_mask_and_split_where_the_api_wants_it_alone() {
    let all = Options {
        allow: vec!["use-at-mention-all=managers".into(), "manageApps=owners".into()],
        to_space: true,
        ..options(Fields {
            name: Some("n".into()),
            description: Some("d".into()),
            guidelines: Some("g".into()),
            history: Some(false),
            audience: Some("default".into()),
            ..Fields::default()
        })
    };
    let plan = plan(&all).unwrap();
    assert!(!plan.half_of_the_details);
    let requests: Vec<(String, Value)> =
        plan.changes.into_iter().map(|change| (change.mask.join(","), Value::Object(change.fields))).collect();
    assert_eq!(
        requests,
        [
            (
                "space_type,display_name,space_details".to_owned(),
                json!({"spaceType":"SPACE","displayName":"n","spaceDetails":{"description":"d","guidelines":"g"}})
            ),
            (
                "permission_settings.use_at_mention_all,permission_settings.manage_apps".to_owned(),
                json!({"permissionSettings":{
                    "useAtMentionAll":{"managersAllowed":true,"assistantManagersAllowed":true,"membersAllowed":false},
                    "manageApps":{"managersAllowed":true,"assistantManagersAllowed":false,"membersAllowed":false}}})
            ),
            ("space_history_state".to_owned(), json!({"spaceHistoryState":"HISTORY_OFF"})),
            ("access_settings.audience".to_owned(), json!({"accessSettings":{"audience":"audiences/default"}})),
        ]
    );
}

#[test]
fn one_of_description_and_guidelines_needs_the_other() {
    let half = options(Fields { description: Some(String::new()), ..Fields::default() });
    assert!(plan(&half).unwrap().half_of_the_details);
}

#[test]
fn a_whole_space_may_be_handed_in_and_what_is_fixed_is_left_out() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let space = json!({"name":"spaces/A","spaceType":"SPACE","displayName":"n","externalUserAllowed":true,
        "createTime":"2026-05-30T14:00:26Z","accessSettings":{"accessState":"PRIVATE",
        "accessPermissionSettings":{"joinSpaceSetting":{}}},"newField":1});
    file.write_all(space.to_string().as_bytes()).unwrap();
    let fields = Fields { json: Some(Source::new(file.path().to_owned())), ..Fields::default() };
    assert_eq!(masks(&options(fields)), ["display_name,new_field", "access_settings.access_permission_settings"]);
}

#[test]
fn what_breaks_a_rule_is_refused_with_the_apis_word_for_it() {
    let name = |text: &str| Fields { name: Some(text.to_owned()), ..Fields::default() };
    refused(&options(Fields::default()), "updateMask");
    refused(&options(name(" ")), "displayName");
    refused(&options(name(&"x".repeat(129))), "displayName");
    refused(&options(Fields { external: Some(true), ..Fields::default() }), "externalUserAllowed");
    refused(&options(Fields { external: Some(false), ..Fields::default() }), "externalUserAllowed");
    refused(&options(Fields { announcement: Some(true), ..Fields::default() }), "predefinedPermissionSettings");
    refused(&Options { to_space: true, ..options(Fields::default()) }, "spaceType");
    for allow in ["x", "manageApps", "manageApps=all", "post-messages=members", "x=members"] {
        refused(&Options { allow: vec![allow.into()], ..options(Fields::default()) }, "permissionSettings");
    }
    for (fields, word) in [
        (Fields { history: Some(true), ..Fields::default() }, "spaceHistoryState"),
        (Fields { audience: Some("default".into()), ..Fields::default() }, "accessSettings"),
    ] {
        refused(&Options { admin: true, ..options(fields) }, word);
    }
    refused(&Options { admin: true, to_space: true, ..options(name("x")) }, "spaceType");
    refused(&Options { space: "a:b".into(), ..options(name("x")) }, "the space");
}
