//! What becomes of a space after it was made.

use super::chat::{reason, status};
use super::*;

const ALL: &str = "chat.spaces chat.delete chat.memberships";

async fn patch(bench: &Bench, token: &str, name: &str, mask: &str, body: Value) -> Answer {
    bench.call(token, "PATCH", &format!("/v1/{name}?updateMask={mask}"), &body.to_string()).await
}

#[tokio::test]
async fn a_mask_says_what_changes() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let name = bench.set_up(&ann, named("Old"), &[]).await;
    let body = json!({
        "displayName": "New",
        "spaceDetails": { "description": "d", "guidelines": "" },
        "spaceHistoryState": "HISTORY_OFF",
    });
    let space = patch(&bench, &ann, &name, "displayName,space_details", body.clone()).await.json();
    assert_eq!((&space["displayName"], &space["spaceDetails"]), (&json!("New"), &json!({ "description": "d" })));
    assert_eq!(space["spaceHistoryState"], "HISTORY_ON", "it is not in the mask");
    assert_eq!(bench.control.spaces()[0], space);
    let space = patch(&bench, &ann, &name, "spaceHistoryState", body).await.json();
    assert_eq!(space["spaceHistoryState"], "HISTORY_OFF");
    let space = patch(&bench, &ann, &name, "spaceDetails", json!({})).await.json();
    assert_eq!(space.get("spaceDetails"), None);
    let audience = json!({ "accessSettings": { "audience": "audiences/default" } });
    let space = patch(&bench, &ann, &name, "access_settings.audience", audience).await.json();
    assert_eq!(space["accessSettings"], json!({ "accessState": "DISCOVERABLE", "audience": "audiences/default" }));
    let space = patch(&bench, &ann, &name, "access_settings.audience", json!({})).await.json();
    assert_eq!(space["accessSettings"], json!({ "accessState": "PRIVATE" }));
    let allowed = json!({ "managersAllowed": true, "membersAllowed": false });
    let settings = json!({ "permissionSettings": { "manageApps": allowed, "toggleHistory": allowed } });
    let before = space["permissionSettings"]["toggleHistory"].clone();
    let space = patch(&bench, &ann, &name, "permissionSettings.manageApps", settings).await.json();
    assert_eq!(space["permissionSettings"]["manageApps"], json!({ "managersAllowed": true }));
    assert_eq!(space["permissionSettings"]["toggleHistory"], before);
}

#[tokio::test]
async fn an_audience_and_permissions_change_independently() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let setting = json!({ "principals": [{ "audience": { "name": "audiences/default" } }] });
    let permissions = json!({ "joinSpaceSetting": setting, "discoverSpaceSetting": setting });
    let settings = |audience: &str, permissions: &Value| json!({ "accessSettings": { "audience": audience, "accessPermissionSettings": permissions } });
    let mut asked = settings("audiences/a", &permissions);
    asked.as_object_mut().unwrap().extend(named("x").as_object().unwrap().clone());
    let name = bench.set_up(&ann, asked, &[]).await;
    let before = bench.control.spaces()[0]["accessSettings"].clone();
    let state = "DISCOVERABLE";
    let expected = json!({ "accessState": state, "audience": "audiences/a", "accessPermissionSettings": permissions });
    assert_eq!(before, expected);
    let less = json!({ "joinSpaceSetting": setting });
    for (mask, body, expected) in [
        (
            "accessSettings.audience",
            settings("audiences/b", &json!({})),
            json!({ "accessState": state, "audience": "audiences/b", "accessPermissionSettings": permissions }),
        ),
        (
            "accessSettings.accessPermissionSettings",
            settings("audiences/c", &less),
            json!({ "accessState": state, "audience": "audiences/b", "accessPermissionSettings": less }),
        ),
        ("accessSettings.audience", json!({}), json!({ "accessState": "PRIVATE", "accessPermissionSettings": less })),
        ("accessSettings.accessPermissionSettings", json!({}), json!({ "accessState": "PRIVATE" })),
    ] {
        let space = patch(&bench, &ann, &name, mask, body).await.json();
        assert_eq!(space["accessSettings"], expected, "{mask}");
    }
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_changes_nothing() {
    let bench = Bench::with(Options { unique_names: true, ..people() }).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let name = bench.set_up(&ann, named("Old"), &[]).await;
    bench.set_up(&ann, named("Taken"), &[]).await;
    let direct = bench.set_up(&ann, json!({ "spaceType": "DIRECT_MESSAGE" }), &["bob@example.com"]).await;
    let before = bench.control.spaces();
    for (space, mask, body, expected) in [
        (&name, "", json!({ "displayName": "x" }), 400),
        (&name, "*", json!({ "displayName": "x" }), 400),
        (&name, "displayName", json!({}), 400),
        (&name, "displayName", json!({ "displayName": "x".repeat(129) }), 400),
        (&name, "displayName", json!({ "displayName": "Taken" }), 409),
        (
            &name,
            "displayName,spaceDetails",
            json!({ "displayName": "x", "spaceDetails": { "description": "x".repeat(4097) } }),
            400,
        ),
        (&name, "spaceHistoryState", json!({}), 400),
        (
            &name,
            "spaceHistoryState,displayName",
            json!({ "displayName": "x", "spaceHistoryState": "HISTORY_OFF" }),
            400,
        ),
        (&name, "spaceType,displayName", json!({ "displayName": "x", "spaceType": "GROUP_CHAT" }), 400),
        (&name, "accessSettings.audience", json!({ "accessSettings": { "audience": "default" } }), 400),
        (&name, "permissionSettings.manageApps", json!({}), 400),
        (&name, "externalUserAllowed", json!({ "externalUserAllowed": true }), 400),
        (&name, "displayName", json!({ "displayname": "x" }), 400),
        (&direct, "displayName", json!({ "displayName": "x" }), 400),
        (&direct, "spaceDetails", json!({ "spaceDetails": {} }), 400),
        (&direct, "accessSettings.audience", json!({}), 403),
    ] {
        let answer = patch(&bench, &ann, space, mask, body.clone()).await;
        assert_eq!(answer.status, expected, "{mask} {body}: {}", answer.body);
    }
    assert_eq!(bench.control.spaces(), before);
}

#[tokio::test]
async fn a_group_chat_becomes_a_named_space() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let name = bench.set_up(&ann, json!({ "spaceType": "GROUP_CHAT" }), &["bob@example.com", "eve@other.com"]).await;
    assert_eq!(bench.call(&ann, "GET", "/v1/spaces", "").await.body, "{}");
    assert_eq!(patch(&bench, &ann, &name, "displayName", named("x")).await.status, 400);
    let space = patch(&bench, &ann, &name, "spaceType,displayName", named("x")).await.json();
    assert_eq!((&space["spaceType"], &space["displayName"]), (&json!("SPACE"), &json!("x")));
    assert!(space["permissionSettings"].is_object());
    assert_eq!(bench.call(&ann, "GET", "/v1/spaces", "").await.json()["spaces"][0]["name"], name);
}

#[tokio::test]
async fn a_member_does_what_the_settings_allow() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let bob = bench.token_of("bob@example.com", ALL).await;
    let eve = bench.token_of("eve@other.com", ALL).await;
    let name = bench.set_up(&ann, named("x"), &["bob@example.com"]).await;
    assert_eq!(patch(&bench, &bob, &name, "displayName", named("by bob")).await.status, 200);
    let history = json!({ "spaceHistoryState": "HISTORY_OFF" });
    for (mask, body) in [
        ("spaceHistoryState", history.clone()),
        ("accessSettings.audience", json!({})),
        (
            "permissionSettings.manageApps",
            json!({ "permissionSettings": { "manageApps": { "membersAllowed": true } } }),
        ),
    ] {
        assert_eq!(patch(&bench, &bob, &name, mask, body).await.status, 403, "{mask}");
    }
    let allowed = json!({ "permissionSettings": { "toggleHistory": { "membersAllowed": true } } });
    assert_eq!(patch(&bench, &ann, &name, "permissionSettings", allowed).await.status, 200);
    assert_eq!(patch(&bench, &bob, &name, "spaceHistoryState", history.clone()).await.status, 200);
    assert_eq!(patch(&bench, &ann, &name, "spaceHistoryState", history).await.status, 403, "nor does an owner more");
    assert_eq!(patch(&bench, &eve, &name, "displayName", named("by eve")).await.status, 403);
}

#[tokio::test]
async fn only_an_owner_deletes_and_everything_goes() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let bob = bench.token_of("bob@example.com", ALL).await;
    let name = bench.set_up(&ann, named("x"), &["bob@example.com"]).await;
    let direct = bench.set_up(&ann, json!({ "spaceType": "DIRECT_MESSAGE" }), &["bob@example.com"]).await;
    let path = format!("/v1/{name}");
    assert_eq!(bench.call(&bob, "DELETE", &path, "").await.status, 403);
    let narrow = bench.token_of("ann@example.com", "chat.spaces").await;
    let answer = bench.call(&narrow, "DELETE", &path, "").await;
    assert_eq!(reason(&answer), "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert!(answer.header("www-authenticate").contains("auth/chat.delete"));
    assert_eq!(bench.call(&ann, "DELETE", &format!("/v1/{direct}"), "").await.status, 400);
    assert_eq!(bench.call(&ann, "DELETE", &format!("{path}?force=true"), "").await.status, 400);
    let answer = bench.call(&ann, "DELETE", &path, "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
    assert_eq!(bench.call(&ann, "DELETE", &path, "").await.status, 404);
    assert_eq!(bench.call(&ann, "GET", &format!("{path}/members"), "").await.status, 404);
    assert_eq!(bench.control.spaces().len(), 1);
}

#[tokio::test]
async fn a_chat_is_listed_from_its_first_message() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let direct = bench.set_up(&ann, json!({ "spaceType": "DIRECT_MESSAGE" }), &["bob@example.com"]).await;
    assert_eq!(bench.call(&ann, "GET", "/v1/spaces", "").await.body, "{}");
    assert!(bench.control.write_message(&direct));
    assert!(!bench.control.write_message("spaces/none"));
    assert_eq!(bench.call(&ann, "GET", "/v1/spaces", "").await.json()["spaces"][0]["name"], direct);
}

#[tokio::test]
async fn an_administrator_acts_in_spaces_of_the_organization() {
    let bench = Bench::with(people()).await;
    let scopes = "chat.admin.spaces chat.admin.memberships chat.admin.delete";
    let bob = bench.token_of("bob@example.com", scopes).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let eve = bench.token_of("eve@other.com", ALL).await;
    let own = bench.set_up(&ann, named("x"), &[]).await;
    let foreign = bench.set_up(&eve, named("y"), &[]).await;
    let get = format!("/v1/{own}?useAdminAccess=true");
    assert_eq!(status(&bench.call(&bob, "GET", &get, "").await).2, "The caller does not have permission");
    bench.control.change_options(|options| options.admins = vec![String::from("bob@example.com")]);
    assert_eq!(bench.call(&bob, "GET", &get, "").await.status, 200);
    assert_eq!(bench.call(&bob, "GET", &format!("/v1/{own}?useAdminAccess=yes"), "").await.status, 400);
    let plain = bench.call(&bob, "GET", &format!("/v1/{own}"), "").await;
    assert_eq!(reason(&plain), "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "the scopes are for admin access alone");
    let usual = bench.call(&ann, "GET", &get, "").await;
    assert!(usual.header("www-authenticate").contains("chat.admin.spaces.readonly"), "{usual:?}");
    assert_eq!(bench.call(&bob, "GET", &format!("/v1/{foreign}?useAdminAccess=true"), "").await.status, 403);
    let admin = "&useAdminAccess=true";
    assert_eq!(patch(&bench, &bob, &own, &format!("displayName{admin}"), named("z")).await.status, 200);
    let history = json!({ "spaceHistoryState": "HISTORY_OFF" });
    assert_eq!(patch(&bench, &bob, &own, &format!("spaceHistoryState{admin}"), history).await.status, 400);
    let members = format!("/v1/{own}/members?useAdminAccess=true");
    assert_eq!(bench.call(&bob, "GET", &members, "").await.status, 400, "a filter is required");
    let filtered = format!("{members}&filter={}", query("member.type != \"BOT\""));
    assert_eq!(bench.call(&bob, "GET", &filtered, "").await.json()["memberships"].as_array().unwrap().len(), 1);
    for (person, expected) in [("users/bob@example.com", 200), ("users/eve@other.com", 400)] {
        let body = json!({ "member": { "name": person, "type": "HUMAN" } }).to_string();
        assert_eq!(bench.call(&bob, "POST", &members, &body).await.status, expected, "{person}");
    }
    assert_eq!(bench.call(&bob, "DELETE", &get, "").await.body, "{}");
}
