//! The members of a space.

use super::chat::{reason, status};
use super::*;

const ALL: &str = "chat.spaces chat.memberships";

fn human(person: &str) -> String {
    json!({ "member": { "name": format!("users/{person}"), "type": "HUMAN" } }).to_string()
}

async fn promote(bench: &Bench, token: &str, member: &str, role: &str) -> Answer {
    let body = json!({ "role": role }).to_string();
    bench.call(token, "PATCH", &format!("/v1/{member}?updateMask=role"), &body).await
}

#[tokio::test]
async fn people_groups_and_the_app_are_added() {
    let bench = Bench::with(Options { auto_accept_off: vec![String::from("eve@other.com")], ..people() }).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let name = bench.set_up(&ann, named("x"), &[]).await;
    let path = format!("/v1/{name}/members");
    let bob = bench.call(&ann, "POST", &path, &human("bob@example.com")).await.json();
    let id = User::new("bob@example.com").sub;
    assert_eq!(bob["name"], format!("{name}/members/{id}"));
    assert_eq!((&bob["state"], &bob["role"]), (&json!("JOINED"), &json!("ROLE_MEMBER")));
    let eve = bench.call(&ann, "POST", &path, &human("eve@other.com")).await.json();
    assert_eq!((&eve["state"], &eve["affiliation"]), (&json!("INVITED"), &json!("EXTERNAL")));
    let group = r#"{"groupMember":{"name":"groups/abc"}}"#;
    let group = bench.call(&ann, "POST", &path, group).await.json();
    assert_eq!(group["name"], format!("{name}/members/group-abc"));
    assert_eq!(group["groupMember"], json!({ "name": "groups/abc" }));
    assert_eq!((group.get("role"), group.get("affiliation")), (None, None));
    let group = bench.call(&ann, "GET", &format!("{path}/group-abc"), "").await;
    assert_eq!(group.status, 200, "{group:?}");
    let app = r#"{"member":{"name":"users/app","type":"BOT"}}"#;
    assert_eq!(bench.call(&ann, "POST", &path, app).await.json()["name"], format!("{name}/members/app"));
    let count = json!({ "joinedDirectHumanUserCount": 2, "joinedGroupCount": 1 });
    assert_eq!(bench.control.spaces()[0]["membershipCount"], count);
    let eve = bench.token_of("eve@other.com", ALL).await;
    assert_eq!(bench.call(&eve, "GET", &format!("/v1/{name}"), "").await.status, 403, "an invitation is no membership");
    for (query, expected) in [
        ("", 3),
        ("showInvited=true", 4),
        ("showGroups=true", 4),
        ("showGroups=true&showInvited=true", 5),
        ("filter=member.type+%3D+%22BOT%22", 1),
        ("filter=role+%3D+%22ROLE_MANAGER%22+AND+member.type+%3D+%22HUMAN%22", 1),
    ] {
        let list = bench.call(&ann, "GET", &format!("{path}?{query}"), "").await.json();
        assert_eq!(list["memberships"].as_array().unwrap().len(), expected, "{query}");
    }
    for bad in ["showInvited=maybe", "filter=role+%3D+%22ROLE_MEMBER%22+AND+role+%3D+%22ROLE_MANAGER%22"] {
        assert_eq!(bench.call(&ann, "GET", &format!("{path}?{bad}"), "").await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_new_membership_keeps_to_the_rules() {
    let bench = Bench::with(Options { unaddable: vec![String::from("eve@other.com")], ..people() }).await;
    bench.control.change_options(|options| options.unresolvable = vec![String::from("ghost@example.com")]);
    let ann = bench.token_of("ann@example.com", ALL).await;
    let name = bench.set_up(&ann, named("x"), &[]).await;
    let path = format!("/v1/{name}/members");
    let role = json!({ "member": { "name": "users/bob@example.com", "type": "HUMAN" }, "role": "ROLE_MANAGER" });
    for (body, expected) in [
        (String::from("{}"), 400),
        (role.to_string(), 400),
        (human("bob@example.com").replace("HUMAN", "BOT"), 400),
        (human("bob"), 400),
        (human("ghost@example.com"), 400),
        (human("eve@other.com"), 403),
        (human("ann@example.com"), 409),
        (String::from(r#"{"member":{"name":"users/app","type":"HUMAN"}}"#), 400),
        (String::from(r#"{"groupMember":{"name":"groups/all@example.com"}}"#), 400),
        (String::from(r#"{"members":[]}"#), 400),
    ] {
        let answer = bench.call(&ann, "POST", &path, &body).await;
        assert_eq!(answer.status, expected, "{body}: {}", answer.body);
    }
    assert_eq!(bench.control.members(&name).len(), 1);
    let direct = bench.set_up(&ann, json!({ "spaceType": "DIRECT_MESSAGE" }), &["bob@example.com"]).await;
    let answer = bench.call(&ann, "POST", &format!("/v1/{direct}/members"), &human("eve@x.com")).await;
    let text = "Can't create memberships in direct messages between human users or with an app.";
    assert_eq!(status(&answer).2, text);
    let chat = bench.set_up(&ann, json!({ "spaceType": "GROUP_CHAT" }), &["bob@example.com", "zoe@x.com"]).await;
    let group = r#"{"groupMember":{"name":"groups/abc"}}"#;
    assert_eq!(bench.call(&ann, "POST", &format!("/v1/{chat}/members"), group).await.status, 400);
}

#[tokio::test]
async fn a_member_can_be_added_again_if_you_like() {
    let bench = Bench::with(Options { return_existing_member: true, ..people() }).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let name = bench.set_up(&ann, named("x"), &[]).await;
    let path = format!("/v1/{name}/members");
    let first = bench.call(&ann, "POST", &path, &human("bob@example.com")).await.json();
    let again = bench.call(&ann, "POST", &path, &human(&User::new("bob@example.com").sub)).await;
    assert_eq!((again.status, again.json()), (200, first));
    assert_eq!(bench.control.members(&name).len(), 2);
}

#[tokio::test]
async fn the_narrow_scope_is_for_the_app_alone() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", "chat.spaces chat.memberships.app").await;
    let name = bench.set_up(&ann, named("x"), &[]).await;
    let path = format!("/v1/{name}/members");
    let answer = bench.call(&ann, "POST", &path, &human("bob@example.com")).await;
    assert_eq!(reason(&answer), "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    let app = r#"{"member":{"name":"users/app","type":"BOT"}}"#;
    assert_eq!(bench.call(&ann, "POST", &path, app).await.status, 200);
    assert_eq!(bench.call(&ann, "DELETE", &format!("{path}/app"), "").await.status, 200);
    assert_eq!(bench.call(&ann, "PATCH", &format!("{path}/app?updateMask=role"), "{}").await.status, 403);
}

#[tokio::test]
async fn owners_give_roles() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let bob = bench.token_of("bob@example.com", ALL).await;
    let name = bench.set_up(&ann, named("x"), &["bob@example.com", "zoe+1@example.com"]).await;
    let member = |person: &str| format!("{name}/members/{person}");
    assert_eq!(promote(&bench, &bob, &member("bob@example.com"), "ROLE_MANAGER").await.status, 403);
    let zoe = promote(&bench, &ann, &member("zoe+1%40example.com"), "ROLE_ASSISTANT_MANAGER").await.json();
    assert_eq!(zoe["role"], "ROLE_ASSISTANT_MANAGER");
    assert_eq!(promote(&bench, &ann, &member("nobody@example.com"), "ROLE_MANAGER").await.status, 404);
    assert_eq!(promote(&bench, &ann, &member("bob@example.com"), "MEMBERSHIP_ROLE_UNSPECIFIED").await.status, 400);
    let bob_path = format!("/v1/{}", member("bob@example.com"));
    for (mask, expected) in
        [("", 400), ("?updateMask=state", 400), ("?updateMask=role,state", 400), ("?updateMask=*", 200)]
    {
        let answer = bench.call(&ann, "PATCH", &format!("{bob_path}{mask}"), r#"{"role":"ROLE_MANAGER"}"#).await;
        assert_eq!(answer.status, expected, "{mask}");
    }
    assert_eq!(promote(&bench, &bob, &member("ann@example.com"), "ROLE_MEMBER").await.status, 200);
}

#[tokio::test]
async fn owners_are_removed_by_owners_and_anybody_leaves() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let bob = bench.token_of("bob@example.com", ALL).await;
    let name = bench.set_up(&ann, named("x"), &["bob@example.com", "zoe@example.com"]).await;
    let path = |person: &str| format!("/v1/{name}/members/{person}");
    assert_eq!(bench.call(&bob, "DELETE", &path("ann@example.com"), "").await.status, 403);
    let zoe = bench.call(&bob, "DELETE", &path("zoe@example.com"), "").await;
    assert_eq!(zoe.json()["member"]["name"], format!("users/{}", User::new("zoe@example.com").sub));
    assert_eq!(bench.call(&bob, "DELETE", &path("zoe@example.com"), "").await.status, 404);
    assert_eq!(bench.control.spaces()[0]["membershipCount"], json!({ "joinedDirectHumanUserCount": 2 }));
    assert_eq!(bench.call(&bob, "DELETE", &path("bob@example.com"), "").await.status, 200);
    assert_eq!(bench.call(&bob, "GET", &format!("/v1/{name}"), "").await.status, 403);
    let chat = bench.set_up(&ann, json!({ "spaceType": "DIRECT_MESSAGE" }), &["bob@example.com"]).await;
    let answer = bench.call(&ann, "DELETE", &format!("/v1/{chat}/members/bob@example.com"), "").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn people_whom_the_caller_knows_have_names() {
    let invited = ["bob@example.com", "eve@other.com"].map(String::from).to_vec();
    let bench = Bench::with(Options { auto_accept_off: invited, ..people() }).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let name = bench.set_up(&ann, named("x"), &["bob@example.com", "eve@other.com", "zoe@gmail.com"]).await;
    let path = format!("/v1/{name}/members?showInvited=true");
    let profiles = |list: Value| -> Vec<(String, String)> {
        let text = |member: &Value, field: &str| member["member"][field].as_str().unwrap_or_default().to_owned();
        let members = list["memberships"].as_array().unwrap();
        members.iter().map(|member| (text(member, "displayName"), text(member, "email"))).collect()
    };
    let seen = profiles(bench.call(&ann, "GET", &path, "").await.json());
    let expected = [
        ("ann", "ann@example.com"),
        // Only invited, but a colleague.
        ("bob", "bob@example.com"),
        ("", ""),
        ("zoe", "zoe@gmail.com"),
    ];
    assert_eq!(seen, expected.map(|(name, email)| (name.to_owned(), email.to_owned())));
    let zoe = bench.call(&ann, "GET", &format!("/v1/{name}/members/zoe@gmail.com"), "").await.json();
    assert!(zoe["member"]["avatarUrl"].is_string());
    bench.control.change_options(|options| options.names = Names::None);
    let seen = profiles(bench.call(&ann, "GET", &path, "").await.json());
    assert!(seen.iter().all(|profile| *profile == (String::new(), String::new())), "{seen:?}");
}
