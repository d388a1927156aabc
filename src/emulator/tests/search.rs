//! Finding a space again.

use super::chat::reason;
use super::*;

const ALL: &str = "chat.spaces chat.memberships";

fn names(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let results = body["results"].as_array().cloned().unwrap_or_default();
    results.iter().map(|result| result["space"]["displayName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn people_find_their_own_spaces_by_name() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let bob = bench.token_of("bob@example.com", ALL).await;
    bench.set_up(&ann, named("Fun event"), &["bob@example.com"]).await;
    bench.set_up(&ann, named("An evening of fun"), &[]).await;
    bench.set_up(&ann, named("Work"), &[]).await;
    let path = |text: &str| format!("/v1/spaces:search?query={}", query(text));
    let fun = path(r#"space_type = "SPACE" AND display_name:"fun eve""#);
    let found = bench.call(&ann, "GET", &fun, "").await;
    assert_eq!(names(&found), ["Fun event", "An evening of fun"]);
    let body = found.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "no totalSize, no nextPageToken, no spaces: {body}");
    assert_eq!(body["results"][0]["space"].get("permissionSettings"), None);
    assert_eq!(names(&bench.call(&bob, "GET", &fun, "").await), ["Fun event"]);
    let first = bench.call(&ann, "GET", &format!("{fun}&pageSize=1"), "").await;
    assert_eq!((names(&first).len(), first.json().get("nextPageToken")), (1, None));
    let without = path(r#"space_type = "SPACE""#);
    assert_eq!(bench.call(&ann, "GET", &without, "").await.body, "{}");
    for (path, expected) in [
        (String::from("/v1/spaces:search"), 400),
        (path(r#"display_name:"fun""#), 400),
        (format!("{fun}&orderBy=relevance%20DESC"), 200),
        (format!("{fun}&orderBy=create_time%20DESC"), 200),
        (format!("{fun}&orderBy=create_time%20ASC"), 400),
        (format!("{fun}&orderBy=last_active_time%20DESC"), 400),
        (format!("{fun}&pageToken=emulator-page-1"), 400),
        (format!("{fun}&filter=x"), 400),
    ] {
        assert_eq!(bench.call(&ann, "GET", &path, "").await.status, expected, "{path}");
    }
}

#[tokio::test]
async fn administrators_search_the_organization_in_pages() {
    let bench = Bench::with(Options { admins: vec![String::from("bob@example.com")], ..people() }).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let eve = bench.token_of("eve@other.com", ALL).await;
    let bob = bench.token_of("bob@example.com", "chat.admin.spaces.readonly").await;
    bench.set_up(&ann, named("small"), &[]).await;
    bench.set_up(&ann, named("large"), &["bob@example.com", "zoe@example.com"]).await;
    bench
        .set_up(
            &ann,
            json!({ "spaceType": "SPACE", "displayName": "open", "externalUserAllowed": true }),
            &["zoe@example.com"],
        )
        .await;
    bench.set_up(&eve, named("elsewhere"), &[]).await;
    let required = r#"customer = "customers/my_customer" AND space_type = "SPACE""#;
    let path =
        |rest: &str| format!("/v1/spaces:search?useAdminAccess=true&query={}", query(&format!("{required}{rest}")));
    let order = "&orderBy=membership_count.joined_direct_human_user_count%20DESC";
    let first = bench.call(&bob, "GET", &format!("{}{order}&pageSize=2", path("")), "").await;
    assert_eq!(names(&first), ["large", "open"]);
    let body = first.json();
    assert_eq!(body["totalSize"], 3);
    assert_eq!(body["spaces"][0], body["results"][0]["space"]);
    let token = body["nextPageToken"].as_str().unwrap();
    let second = bench.call(&bob, "GET", &format!("{}{order}&pageSize=2&pageToken={token}", path("")), "").await;
    assert_eq!(names(&second), ["small"]);
    assert_eq!(second.json().get("nextPageToken"), None);
    for (rest, expected) in [
        (r#" AND external_user_allowed = "true""#, 1),
        (r#" AND create_time >= "2026-09-21T16:13:20+02:00" AND create_time < "2027-01-01T00:00:00Z""#, 3),
        (r#" AND last_active_time > "2027-01-01T00:00:00Z""#, 0),
        (r#" AND space_history_state = "HISTORY_ON""#, 3),
    ] {
        assert_eq!(names(&bench.call(&bob, "GET", &path(rest), "").await).len(), expected, "{rest}");
    }
    assert_eq!(bench.call(&bob, "GET", &path(" AND"), "").await.status, 400);
    bench.control.change_options(|options| options.chat_app_configured = false);
    assert_eq!(bench.call(&bob, "GET", &path(""), "").await.status, 404);
}

#[tokio::test]
async fn a_direct_message_is_found_by_the_other_person() {
    let bench = Bench::with(people()).await;
    bench.control.change_options(|options| options.unresolvable = vec![String::from("ghost@example.com")]);
    let ann = bench.token_of("ann@example.com", ALL).await;
    let direct = bench.set_up(&ann, json!({ "spaceType": "DIRECT_MESSAGE" }), &["bob@example.com"]).await;
    let app = bench.set_up(&ann, json!({ "spaceType": "DIRECT_MESSAGE", "singleUserBotDm": true }), &[]).await;
    let path = |name: &str| format!("/v1/spaces:findDirectMessage?name={}", query(name));
    let id = User::new("bob@example.com").sub;
    for (name, found) in [
        (String::from("users/bob@example.com"), &direct),
        (format!("users/{id}"), &direct),
        (String::from("users/app"), &app),
    ] {
        assert_eq!(bench.call(&ann, "GET", &path(&name), "").await.json()["name"], *found, "{name}");
    }
    for (name, expected) in [
        ("users/eve@other.com", 404),
        ("users/ann@example.com", 404),
        ("users/ghost@example.com", 400),
        ("bob@example.com", 400),
    ] {
        assert_eq!(bench.call(&ann, "GET", &path(name), "").await.status, expected, "{name}");
    }
    assert_eq!(bench.call(&ann, "GET", "/v1/spaces:findDirectMessage", "").await.status, 400);
}

#[tokio::test]
async fn group_chats_are_found_by_exactly_their_people() {
    let bench = Bench::with(people()).await;
    let ann = bench.token_of("ann@example.com", ALL).await;
    let chat = json!({ "spaceType": "GROUP_CHAT" });
    let two = bench.set_up(&ann, chat.clone(), &["bob@example.com", "eve@other.com"]).await;
    bench.set_up(&ann, chat, &["bob@example.com", "eve@other.com", "zoe@example.com"]).await;
    let path = "/v1/spaces:findGroupChats?users=users/bob@example.com&users=users/eve@other.com";
    assert_eq!(bench.call(&ann, "GET", path, "").await.json(), json!({ "spaces": [{ "name": two }] }));
    let expanded = format!("{path}&spaceView=SPACE_VIEW_EXPANDED");
    assert_eq!(bench.call(&ann, "GET", &expanded, "").await.json()["spaces"][0]["spaceType"], "GROUP_CHAT");
    let narrow = bench.token_of("ann@example.com", "chat.memberships.readonly").await;
    assert_eq!(bench.call(&narrow, "GET", path, "").await.status, 200);
    assert_eq!(reason(&bench.call(&narrow, "GET", &expanded, "").await), "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    assert_eq!(bench.call(&ann, "GET", "/v1/spaces:findGroupChats?users=users/bob@example.com", "").await.body, "{}");
    assert_eq!(bench.call(&ann, "GET", &format!("{path}&spaceView=ALL"), "").await.status, 400);
    let many = "users=users/1&".repeat(50);
    assert_eq!(bench.call(&ann, "GET", &format!("/v1/spaces:findGroupChats?{many}"), "").await.status, 400);
}
