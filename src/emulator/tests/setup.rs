use super::*;

fn human(name: &str) -> Value {
    json!({ "member": { "name": name, "type": "HUMAN" } })
}

#[tokio::test]
async fn setup_keeps_to_its_table() {
    let users = vec![User::new("ann@example.com"), User::new("bob@example.com")];
    let bench = Bench::with(Options { users, ..Options::default() }).await;
    let token = bench.access_token().await;
    let bob = human("users/bob@example.com");
    let bob_again = human(&format!("users/{}", User::new("bob@example.com").sub));
    let eve = human("users/eve@gmail.com");
    let group = json!({ "groupMember": { "name": "groups/abc" } });
    let many: Vec<Value> = (0..50).map(|n| human(&format!("users/{n}@x.com"))).collect();
    let named = json!({ "spaceType": "SPACE", "displayName": "x" });
    let chat = json!({ "spaceType": "GROUP_CHAT" });
    let direct = json!({ "spaceType": "DIRECT_MESSAGE" });
    let app = json!({ "spaceType": "DIRECT_MESSAGE", "singleUserBotDm": true });
    let untyped = json!({ "member": { "name": "users/eve@gmail.com" } });
    for (space, members, good) in [
        (&named, vec![], true),
        (&named, vec![bob.clone(), eve.clone(), group.clone()], true),
        (&named, many[..49].to_vec(), true),
        (&named, many.clone(), false),
        (&named, vec![untyped], false),
        (&named, vec![human("eve@gmail.com")], false),
        (&named, vec![human("users/nobody")], false),
        (&named, vec![human("users/ann@example.com")], true),
        (&named, vec![bob.clone(), bob_again.clone()], true),
        (&named, [&many[..49], &many[..49]].concat(), true),
        (&chat, vec![bob.clone(), bob_again.clone(), human("users/ann@example.com")], false),
        (&direct, vec![bob.clone(), bob_again], true),
        (&named, vec![json!({ "groupMember": { "name": "groups/all@example.com" } })], false),
        (&chat, vec![bob.clone()], false),
        (&chat, vec![bob.clone(), eve.clone()], true),
        (&chat, vec![bob.clone(), group], false),
        (&direct, vec![bob.clone()], true),
        (&direct, vec![], false),
        (&direct, vec![bob.clone(), eve], false),
        (&app, vec![], true),
        (&app, vec![bob.clone()], false),
        (&json!({ "spaceType": "GROUP_CHAT", "displayName": "x" }), many[..2].to_vec(), false),
        (&json!({ "spaceType": "SPACE" }), vec![], false),
        (&json!({ "spaceType": "DIRECT_MESSAGE", "spaceDetails": {} }), vec![bob], false),
    ] {
        let request = json!({ "space": space, "memberships": members });
        let answer = bench.call(&token, "POST", "/v1/spaces:setup", &request.to_string()).await;
        assert_eq!(answer.status, if good { 200 } else { 400 }, "{request}: {}", answer.body);
    }
    let nothing = bench.call(&token, "POST", "/v1/spaces:setup", "{}").await;
    assert_eq!(nothing.status, 400);
}

#[tokio::test]
async fn people_who_cannot_be_added_are_left_out() {
    let unaddable = vec![String::from("eve@gmail.com")];
    let bench = Bench::with(Options { unaddable, ..Options::default() }).await;
    let token = bench.access_token().await;
    let request = json!({
        "space": { "spaceType": "SPACE", "displayName": "x" },
        "memberships": [human("users/eve@gmail.com"), human("users/bob@example.com"), { "groupMember": { "name": "groups/g" } }],
    });
    let space = bench.call(&token, "POST", "/v1/spaces:setup", &request.to_string()).await.json();
    let count = json!({ "joinedDirectHumanUserCount": 2, "joinedGroupCount": 1 });
    assert_eq!(space["membershipCount"], count);
    let name = space["name"].as_str().unwrap();
    let list = bench.call(&token, "GET", &format!("/v1/{name}/members"), "").await.json();
    let members = list["memberships"].as_array().unwrap();
    assert_eq!(members.len(), 2, "groups are shown on demand");
    assert_eq!(members[0]["role"], "ROLE_MANAGER");
    let filter = "filter=role%20%3D%20%22ROLE_MEMBER%22&showGroups=true";
    let path = format!("/v1/{name}/members?{filter}");
    let filtered = bench.call(&token, "GET", &path, "").await.json();
    assert_eq!(filtered["memberships"].as_array().unwrap().len(), 1, "groups have no role");
    let bob = bench.call(&token, "GET", &format!("/v1/{name}/members/bob@example.com"), "").await;
    assert_eq!(bob.json()["role"], "ROLE_MEMBER");
    let eve = bench.call(&token, "GET", &format!("/v1/{name}/members/eve@gmail.com"), "").await;
    assert_eq!(eve.status, 404);
    assert_eq!(bench.control.members(name).len(), 3);
}

#[tokio::test]
async fn two_people_have_one_direct_message() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    let request = json!({
        "space": { "spaceType": "DIRECT_MESSAGE" },
        "memberships": [human("users/bob@example.com")],
    })
    .to_string();
    let first = bench.call(&token, "POST", "/v1/spaces:setup", &request).await.json();
    let second = bench.call(&token, "POST", "/v1/spaces:setup", &request).await.json();
    assert_eq!(first, second);
    assert_eq!(first["type"], "DM");
}

#[tokio::test]
async fn a_person_without_an_account_is_refused_in_every_kind_of_space() {
    let unresolvable = vec![String::from("Ghost@example.com")];
    let bench = Bench::with(Options { unresolvable, ..people() }).await;
    let token = bench.access_token().await;
    let (bob, zoe) = (human("users/bob@example.com"), human("users/zoe@x.com"));
    let id = User::new("ghost@example.com").sub;
    for ghost in [human("users/ghost@example.com"), human("users/GHOST@example.com"), human(&format!("users/{id}"))] {
        for (space, members) in [
            (named("x"), vec![bob.clone(), ghost.clone()]),
            (json!({ "spaceType": "GROUP_CHAT" }), vec![bob.clone(), zoe.clone(), ghost.clone()]),
            (json!({ "spaceType": "DIRECT_MESSAGE" }), vec![ghost.clone()]),
        ] {
            let request = json!({ "space": space, "memberships": members }).to_string();
            let answer = bench.call(&token, "POST", "/v1/spaces:setup", &request).await;
            assert_eq!(answer.status, 400, "{request}");
        }
    }
    assert!(bench.control.spaces().is_empty());
}

#[tokio::test]
async fn a_person_is_one_member_however_they_are_named() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", "chat.spaces").await;
    for (one, other) in [("bob@example.com", "BOB@Example.com"), ("zoe@x.com", "ZOE@x.com")] {
        let id = User::new(one).sub;
        let all = [one, other, &id, "ann@example.com", "ANN@example.com"];
        let name = bench.set_up(&ann, named("x"), &all).await;
        assert_eq!(bench.control.members(&name).len(), 2, "{all:?}");
        for again in [other, &id] {
            let members = [human(&format!("users/{one}")), human(&format!("users/{again}"))];
            let request = json!({ "space": { "spaceType": "GROUP_CHAT" }, "memberships": members }).to_string();
            assert_eq!(bench.call(&ann, "POST", "/v1/spaces:setup", &request).await.status, 400, "{request}");
        }
    }
}

#[tokio::test]
async fn only_display_names_are_unique() {
    let bench = Bench::with(Options { unique_names: true, ..people() }).await;
    let ann = bench.token_of("ann@example.com", "chat.spaces").await;
    for other in ["zoe@x.com", "max@x.com"] {
        bench.set_up(&ann, json!({ "spaceType": "GROUP_CHAT" }), &["bob@example.com", other]).await;
        bench.set_up(&ann, json!({ "spaceType": "DIRECT_MESSAGE" }), &[other]).await;
        bench.set_up(&ann, named(other), &[]).await;
    }
    let request = json!({ "space": named("max@x.com") }).to_string();
    assert_eq!(bench.call(&ann, "POST", "/v1/spaces:setup", &request).await.status, 409);
}

#[tokio::test]
async fn duplicates_and_the_caller_are_skipped() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", "chat.spaces chat.memberships").await;
    let people = ["ann@example.com", "bob@example.com", "bob@example.com", "eve@other.com"];
    let name = bench.set_up(&ann, named("x"), &people).await;
    let list = bench.call(&ann, "GET", &format!("/v1/{name}/members"), "").await.json();
    let roles: Vec<_> = list["memberships"].as_array().unwrap().iter().map(|member| &member["role"]).collect();
    assert_eq!(roles, ["ROLE_MANAGER", "ROLE_MEMBER", "ROLE_MEMBER"]);
}
