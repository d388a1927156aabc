//! Masks name what was given, and no two fields stand together that the API wants apart.

use std::io::Write;

use clap::Parser;

use super::*;
use crate::commands::ErrorCode;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    update: Update,
}

/// The options of a command line, without the words `chatauth spaces update`.
fn typed(words: &[&str]) -> Update {
    Line::try_parse_from(["update", "A"].iter().chain(words)).unwrap().update
}

#[track_caller]
fn refused(words: &[&str], word: &str) {
    let failure = plan(&typed(words)).unwrap_err();
    assert_eq!(failure.code, ErrorCode::Usage);
    assert!(failure.message.contains(word), "{word}: {}", failure.message);
}

#[test]
fn what_was_given_is_in_the_mask_and_split_where_the_api_wants_it_alone() {
    let all = typed(&[
        "--allow=use-at-mention-all=managers",
        "--allow=manageApps=owners",
        "--type=space",
        "--name=n",
        "--description=d",
        "--guidelines=g",
        "--history=off",
        "--audience=default",
    ]);
    let plan = plan(&all).unwrap();
    assert!(plan.partial.is_empty());
    let requests: Vec<(String, Value)> =
        plan.changes.into_iter().map(|change| (change.mask.join(","), Value::Object(change.fields))).collect();
    assert_eq!(
        requests,
        [
            (
                "display_name,space_type,space_details".to_owned(),
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
    assert_eq!(plan(&typed(&["--description="])).unwrap().partial, ["spaceDetails"]);
}

#[test]
fn a_whole_space_may_be_handed_in_and_what_is_fixed_is_left_out() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let space = json!({"name":"spaces/A","spaceType":"SPACE","displayName":"n","externalUserAllowed":true,
        "createTime":"2026-05-30T14:00:26Z","accessSettings":{"accessState":"PRIVATE",
        "accessPermissionSettings":{"joinSpaceSetting":{}}},"newField":1});
    file.write_all(space.to_string().as_bytes()).unwrap();
    let plan = plan(&typed(&["--json", file.path().to_str().unwrap()])).unwrap();
    let masks: Vec<String> = plan.changes.iter().map(|change| change.mask.join(",")).collect();
    assert_eq!(masks, ["display_name,new_field", "access_settings.access_permission_settings"]);
}

#[test]
fn what_breaks_a_rule_is_refused_with_the_apis_word_for_it() {
    refused(&[], "updateMask");
    refused(&["--name", " "], "displayName");
    refused(&["--name", &"x".repeat(129)], "displayName");
    refused(&["--external"], "externalUserAllowed");
    refused(&["--internal"], "externalUserAllowed");
    refused(&["--permissions=announcement"], "predefinedPermissionSettings");
    refused(&["--import-mode"], "importMode");
    refused(&["--type=space"], "spaceType");
    for allow in ["x", "manageApps", "manageApps=all", "post-messages=members", "x=members"] {
        refused(&["--allow", allow], "permissionSettings");
    }
    refused(&["--use-admin-access", "--history=on"], "spaceHistoryState");
    refused(&["--use-admin-access", "--audience=default"], "accessSettings");
    refused(&["--use-admin-access", "--type=space", "--name=x"], "spaceType");
    let elsewhere = Line::try_parse_from(["update", "a:b", "--name=x"]).unwrap().update;
    assert!(plan(&elsewhere).unwrap_err().message.contains("the space"));
}
