//! Every command with every option, and each request that it sends against Google's description of the API: nothing
//! is sent that the API does not know, and everything that a user may say can be said.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::discovery::{Discovery, Used};
use crate::support::recorder::Recorder;

/// Each command line, with `+` instead of spaces inside a word.
const COMMANDS: &[&str] = &[
    "spaces create --name x --description d --guidelines g --external --history on --permissions announcement --audience default",
    "spaces create --name x --internal --history off --permissions collaboration --request-id a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "spaces create --name x --idempotency-key k --if-exists reuse",
    "spaces create --name Team --if-exists reuse",
    "spaces create --name x --member ada@example.com --member 7 --group g --manager m@example.com --owner o@example.com",
    "spaces create --name x --member ada@example.com --member app",
    "spaces create --name x --import-mode --create-time 2024-02-29T12:00:00Z --member 7 --manager 8",
    "spaces create --json whole.json",
    "spaces create --json whole.json --member 7 --description d",
    "spaces create --type group-chat --member 1 --member 2 --history off",
    "spaces create --type group-chat --import-mode",
    "spaces create --type direct-message --member ada@example.com",
    "spaces create --type direct-message --member app",
    "spaces list --type space --type group-chat",
    "spaces list --filter spaceType+=+\"SPACE\" --limit 2",
    "spaces get spaces/AAA",
    "spaces get AAA --use-admin-access",
    "spaces open AAA",
    "spaces open AAA --use-admin-access",
    "spaces get https://chat.google.com/room/AAA?cls=11",
    "spaces update AAA --name n --description d",
    "spaces update AAA --name n --type space",
    "spaces update AAA --guidelines g --use-admin-access",
    "spaces update AAA --history off",
    "spaces update AAA --audience default",
    "spaces update AAA --allow use-at-mention-all=managers --use-admin-access",
    "spaces update AAA --json whole.json",
    "spaces delete AAA --yes",
    "spaces delete AAA --yes --use-admin-access",
    "spaces search two words",
    "spaces search display_name:\"x\" --order-by create_time+DESC --limit 2",
    "spaces search x --use-admin-access",
    "spaces find-dm ada@example.com",
    "spaces find-group-chats ada@example.com 7",
    "spaces find-group-chats 7 --expanded --limit 2",
    "spaces complete-import AAA",
    "members add AAA ada@example.com 7 app --group g",
    "members add AAA 7 --use-admin-access",
    "members list AAA",
    "members list AAA --role owner --role manager --role member --show-groups --show-invited --limit 2",
    "members list AAA --filter member.type+=+\"HUMAN\"",
    "members list AAA --use-admin-access",
    "members get AAA ada@example.com",
    "members get AAA 7 --use-admin-access",
    "members update AAA ada@example.com --role manager",
    "members update AAA 7 --role owner",
    "members update AAA 7 --role member --use-admin-access",
    "members remove AAA ada@example.com app",
    "members remove AAA 7 --use-admin-access",
];

/// What cannot be said, and why. A `*` stands for every method.
const NOT_SAID: &[(&str, &str, &str)] = &[
    ("*", "name", "the path names the resource, and the server names new ones"),
    ("spaces.setup", "space.name", "the server names it"),
    ("spaces.setup", "memberships[].name", "the server names it"),
    ("*", "customer", "for app authentication"),
    ("spaces.setup", "space.customer", "for app authentication"),
    ("spaces.create", "singleUserBotDm", "spaces.create makes no direct messages"),
    ("spaces.patch", "singleUserBotDm", "cannot be changed"),
    ("spaces.patch", "externalUserAllowed", "cannot be changed"),
    ("spaces.patch", "predefinedPermissionSettings", "for new spaces"),
    ("spaces.patch", "importMode", "ends with spaces.completeImport"),
    ("spaces.patch", "createTime", "cannot be changed"),
    ("spaces.setup", "space.importMode", "import mode is spaces.create's"),
    ("spaces.setup", "space.createTime", "can be set in import mode only"),
    ("spaces.setup", "memberships[].createTime", "for import mode"),
    ("spaces.setup", "memberships[].deleteTime", "for import mode"),
    ("spaces.setup", "memberships[].role", "a role is given afterwards, with members.patch"),
    ("spaces.setup", "memberships[].member.domainId", "the server knows the domain of a user"),
    ("spaces.members.create", "role", "a role is given afterwards, with members.patch"),
    ("spaces.members.create", "createTime", "past memberships of an import are for chatauth api"),
    ("spaces.members.create", "deleteTime", "past memberships of an import are for chatauth api"),
    ("spaces.members.create", "member.domainId", "the server knows the domain of a user"),
    ("spaces.members.patch", "createTime", "only the role can be changed"),
    ("spaces.members.patch", "deleteTime", "only the role can be changed"),
    ("spaces.members.patch", "groupMember.name", "only the role can be changed"),
    ("spaces.members.patch", "member.name", "only the role can be changed"),
    ("spaces.members.patch", "member.type", "only the role can be changed"),
    ("spaces.members.patch", "member.domainId", "only the role can be changed"),
];

/// A space with everything that a document can hold beside what the server sets.
fn whole() -> Value {
    let allowed = json!({"managersAllowed":true,"assistantManagersAllowed":true,"membersAllowed":false});
    let audience = json!({"principals":[{"audience":{"name":"audiences/a"}}]});
    json!({
        "type":"ROOM","spaceType":"SPACE","displayName":"whole","externalUserAllowed":true,
        "spaceDetails":{"description":"a","guidelines":"b"},"spaceHistoryState":"HISTORY_ON",
        "predefinedPermissionSettings":"COLLABORATION_SPACE","createTime":"2026-05-30T14:00:26Z",
        "permissionSettings":{"manageMembersAndGroups":allowed,"modifySpaceDetails":allowed,"toggleHistory":allowed,
            "useAtMentionAll":allowed,"manageApps":allowed,"manageWebhooks":allowed,"replyMessages":allowed,
            "viewSpaceMembership":allowed,"postMessages":allowed},
        "accessSettings":{"accessState":"PRIVATE","audience":"audiences/default","accessPermissionSettings":
            {"discoverSpaceSetting":audience,"joinSpaceSetting":audience,"viewSpaceMembershipSetting":audience}},
        "customer":"customers/C","spaceUri":"https://chat.google.com/room/OTHER",
    })
}

#[test]
fn every_request_is_one_that_the_api_knows_and_everything_that_it_knows_can_be_said() {
    let discovery = Discovery::load();
    let recorder = Recorder::accepting();
    recorder.file("whole.json", &whole());
    let mut used = Used::new();
    for line in COMMANDS {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('+', " ")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let run = recorder.run(&words).exits_with(0);
        assert!(!run.requests.is_empty(), "{line} sent nothing");
        for request in &run.requests {
            used.extend(discovery.check(request));
        }
    }
    let reason = |method: &str, what: &str| {
        NOT_SAID.iter().any(|(known, field, _)| (*known == "*" || *known == method) && *field == what)
    };
    let usable = discovery.usable();
    for (id, field, _) in NOT_SAID {
        let known = |(method, what): &(String, String)| (*id == "*" || id == method) && field == what;
        assert!(usable.iter().any(known), "{id} has no {field}");
    }
    let unsaid: Vec<_> = usable
        .into_iter()
        .filter(|(method, what)| !used.contains(&(method.clone(), what.clone())) && !reason(method, what))
        .collect();
    assert!(unsaid.is_empty(), "no command line says these: {unsaid:#?}");
    let stale: Vec<_> = used.iter().filter(|(method, what)| reason(method, what)).collect();
    assert!(stale.is_empty(), "these can be said after all: {stale:#?}");
}

#[test]
fn every_method_of_spaces_and_members_has_a_command() {
    let discovery = Discovery::load();
    let recorder = Recorder::accepting();
    recorder.file("whole.json", &whole());
    let mut missing: BTreeSet<String> = discovery.ids().into_iter().collect();
    for (id, line) in [
        ("spaces.create", "spaces create --name x"),
        ("spaces.setup", "spaces create --name x --member 1"),
        ("spaces.list", "spaces list"),
        ("spaces.get", "spaces get AAA"),
        ("spaces.patch", "spaces update AAA --name x"),
        ("spaces.delete", "spaces delete AAA --yes"),
        ("spaces.search", "spaces search x"),
        ("spaces.findDirectMessage", "spaces find-dm 7"),
        ("spaces.findGroupChats", "spaces find-group-chats 7"),
        ("spaces.completeImport", "spaces complete-import AAA"),
        ("spaces.members.create", "members add AAA 7"),
        ("spaces.members.list", "members list AAA"),
        ("spaces.members.get", "members get AAA 7"),
        ("spaces.members.patch", "members update AAA 7 --role owner"),
        ("spaces.members.delete", "members remove AAA 7"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let run = recorder.run(&words).exits_with(0);
        let first = &run.requests[0];
        let used = discovery.check(first);
        assert!(used.iter().all(|(method, _)| method == id), "{line}: {used:?}");
        missing.remove(id);
    }
    assert!(missing.is_empty(), "{missing:?}");
}
