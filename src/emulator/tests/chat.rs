use super::*;

const NAMED: &str = r#"{"spaceType":"SPACE","displayName":"API-made"}"#;

/// Status, `status` and message of an error.
pub(super) fn status(answer: &Answer) -> (u16, String, String) {
    let body = answer.json();
    let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(body["error"]["code"], answer.status);
    (answer.status, text("status"), text("message"))
}

pub(super) fn reason(answer: &Answer) -> Value {
    answer.json()["error"]["details"][0]["reason"].clone()
}

#[tokio::test]
async fn a_named_space_is_shown_as_google_shows_it() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    let request = r#"{"spaceType":"SPACE","displayName":"API-made","spaceDetails":{"description":"d"},"name":"spaces/ignored","spaceUri":"ignored"}"#;
    let answer = bench.call(&token, "POST", "/v1/spaces", request).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
    assert!(answer.body.starts_with("{\n  \"name\": \"spaces/AAQA"), "{}", answer.body);
    let space = answer.json();
    for (name, value) in [
        ("type", json!("ROOM")),
        ("displayName", json!("API-made")),
        ("spaceThreadingState", json!("THREADED_MESSAGES")),
        ("spaceType", json!("SPACE")),
        ("spaceHistoryState", json!("HISTORY_ON")),
        ("spaceDetails", json!({ "description": "d" })),
        ("membershipCount", json!({ "joinedDirectHumanUserCount": 1 })),
        ("accessSettings", json!({ "accessState": "PRIVATE" })),
        ("createTime", json!("2026-09-21T14:13:20.000000Z")),
    ] {
        assert_eq!(space[name], value, "{name}");
    }
    assert_eq!(space.get("externalUserAllowed"), None);
    let name = space["name"].as_str().unwrap();
    assert!(space["spaceUri"].as_str().unwrap().contains(&name[7..]));
    assert_eq!(bench.call(&token, "GET", &format!("/v1/{name}"), "").await.json(), space);
    assert_eq!(bench.control.spaces(), [space]);
}

#[tokio::test]
async fn an_answer_can_be_partial_and_compact() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    let created = bench.call(&token, "POST", "/v1/spaces?fields=name,spaceDetails", NAMED).await.json();
    let name = created["name"].clone();
    assert_eq!(created, json!({ "name": name }));
    let spaces = json!({ "spaces": [{ "name": name, "displayName": "API-made" }] });
    let whole = bench.call(&token, "GET", "/v1/spaces", "").await.json();
    for (query, expected) in [
        ("fields=spaces(name,displayName),nextPageToken", &spaces),
        ("$fields=spaces.name,spaces/displayName&prettyPrint=false", &spaces),
        ("fields=", &whole),
    ] {
        let answer = bench.call(&token, "GET", &format!("/v1/spaces?{query}"), "").await;
        assert_eq!(answer.json(), *expected, "{query}");
        assert_eq!(answer.body.contains('\n'), !query.contains("prettyPrint"), "{query}");
    }
    for query in ["foo=1&prettyPrint=false", "pageToken=x&$prettyPrint=false&fields=spaces"] {
        let refused = bench.call(&token, "GET", &format!("/v1/spaces?{query}"), "").await;
        assert_eq!((refused.status, refused.body.contains('\n')), (400, false), "{query}");
        assert!(refused.json()["error"]["message"].is_string(), "{query}");
    }
}

#[tokio::test]
async fn the_same_request_id_makes_one_space() {
    let users = vec![User::new("ann@example.com"), User::new("bob@example.com")];
    let bench = Bench::with(Options { users, ..Options::default() }).await;
    let token = bench.access_token().await;
    let first = bench.call(&token, "POST", "/v1/spaces?requestId=one", NAMED).await.json();
    let other = NAMED.replace("API-made", "Another");
    let second = bench.call(&token, "POST", "/v1/spaces?requestId=one", &other).await.json();
    assert_eq!(first, second);
    let setup = json!({ "requestId": "one", "space": serde_json::from_str::<Value>(NAMED).unwrap() });
    let third = bench.call(&token, "POST", "/v1/spaces:setup", &setup.to_string()).await.json();
    assert_eq!(first, third);
    let fourth = bench.call(&token, "POST", "/v1/spaces?requestId=two", NAMED).await.json();
    assert_ne!(first["name"], fourth["name"]);
    assert_eq!(bench.control.spaces().len(), 2);
    let bob = bench.login(&[("login_hint", "bob@example.com")]).await;
    let bob = bob["access_token"].as_str().unwrap();
    let stranger = bench.call(bob, "POST", "/v1/spaces?requestId=one", NAMED).await;
    assert_eq!(stranger.status, 400);
    assert_eq!(bench.control.spaces().len(), 2);
}

#[tokio::test]
async fn a_repeat_can_be_a_bare_echo() {
    let bench = Bench::with(Options { echo_on_repeat: true, ..Options::default() }).await;
    let token = bench.access_token().await;
    let first = bench.call(&token, "POST", "/v1/spaces?requestId=one", NAMED).await.json();
    let echo = bench.call(&token, "POST", "/v1/spaces?requestId=one", NAMED).await.json();
    let expected = json!({ "name": first["name"], "spaceType": "SPACE", "displayName": "API-made" });
    assert_eq!(echo, expected);
}

#[tokio::test]
async fn without_a_good_token_nobody_gets_in() {
    let bench = Bench::new().await;
    let answer = bench.get("/v1/spaces").await;
    assert_eq!((answer.status, reason(&answer)), (401, json!("CREDENTIALS_MISSING")));
    let method = &answer.json()["error"]["details"][0]["metadata"]["method"];
    assert_eq!(*method, "google.chat.v1.ChatService.ListSpaces");
    let answer = bench.call("emulator-access-wrong", "GET", "/v1/spaces", "").await;
    assert_eq!(status(&answer).1, "UNAUTHENTICATED");
    let expected = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
    assert_eq!(answer.header("www-authenticate"), expected);
    let answer = bench.call("garbage", "GET", "/v1/spaces", "").await;
    assert_eq!(reason(&answer), json!("ACCESS_TOKEN_TYPE_UNSUPPORTED"));
    let token = bench.access_token().await;
    let keyed = bench.call(&token, "GET", "/v1/spaces?key=AIza", "").await;
    assert_eq!((keyed.status, reason(&keyed)), (400, json!("API_KEY_INVALID")));
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let bench = Bench::new().await;
    let login = bench.login(&[("scope", "https://www.googleapis.com/auth/chat.spaces.readonly")]).await;
    let token = login["access_token"].as_str().unwrap();
    let answer = bench.call(token, "POST", "/v1/spaces", NAMED).await;
    assert_eq!((answer.status, reason(&answer)), (403, json!("ACCESS_TOKEN_SCOPE_INSUFFICIENT")));
    let header = answer.header("www-authenticate");
    assert!(header.contains("error=\"insufficient_scope\""), "{header}");
    assert!(header.contains("https://www.googleapis.com/auth/chat.spaces.create "), "{header}");
    assert_eq!(bench.call(token, "GET", "/v1/spaces", "").await.status, 200);
    assert_eq!(bench.control.spaces().len(), 0);
}

#[tokio::test]
async fn the_project_must_be_set_up() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    bench.control.change_options(|options| options.chat_app_configured = false);
    let answer = bench.call(&token, "POST", "/v1/spaces", NAMED).await;
    assert_eq!(answer.status, 404);
    assert!(status(&answer).2.starts_with("Google Chat app not found."));
    assert_eq!(bench.call(&token, "GET", "/v1/spaces", "").await.status, 200);
    bench.control.change_options(|options| options.api_enabled = false);
    let answer = bench.call(&token, "GET", "/v1/spaces", "").await;
    assert_eq!((answer.status, reason(&answer)), (403, json!("SERVICE_DISABLED")));
}

#[tokio::test]
async fn json_is_taken_strictly_at_any_depth() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    for (body, message) in [
        (
            r#"{"spaceType":"SPACE","displayname":"x"}"#,
            "Invalid JSON payload received. Unknown name \"displayname\" at 'space': Cannot find field.",
        ),
        (
            r#"{"spaceType":"SPACE","displayName":"x","spaceDetails":{"rules":"x"}}"#,
            "Invalid JSON payload received. Unknown name \"rules\" at 'space.space_details': Cannot find field.",
        ),
        (
            r#"{"spaceType":"ROOM","displayName":"x"}"#,
            "Invalid value at 'space.space_type' (type.googleapis.com/google.chat.v1.Space.SpaceType), \"ROOM\"",
        ),
        (
            r#"{"spaceType":4,"displayName":"x"}"#,
            "Invalid value at 'space.space_type' (type.googleapis.com/google.chat.v1.Space.SpaceType), 4",
        ),
        (r#"{"spaceType":"SPACE","displayName":12}"#, "Invalid value at 'space.display_name' (TYPE_STRING), 12"),
        (
            r#"{"spaceType":"SPACE","displayName":"x","importMode":"yes"}"#,
            "Invalid value at 'space.import_mode' (TYPE_BOOL), \"yes\"",
        ),
        (
            r#"{"spaceType":"SPACE","displayName":"x","spaceDetails":"x"}"#,
            "Invalid value at 'space.space_details' (type.googleapis.com/google.chat.v1.Space.SpaceDetails), \"x\"",
        ),
    ] {
        let answer = bench.call(&token, "POST", "/v1/spaces", body).await;
        assert_eq!(status(&answer), (400, String::from("INVALID_ARGUMENT"), message.to_owned()), "{body}");
        let violation = &answer.json()["error"]["details"][0]["fieldViolations"][0];
        assert_eq!(violation["description"], message);
    }
    let nested = r#"{"space":{"spaceType":"SPACE","displayName":"x"},"memberships":[{"member":{"e-mail":"x"}}]}"#;
    let answer = bench.call(&token, "POST", "/v1/spaces:setup", nested).await;
    assert!(status(&answer).2.contains("\"e-mail\" at 'memberships[0].member'"));
    let answer = bench.call(&token, "POST", "/v1/spaces", "{not json").await;
    assert!(status(&answer).2.starts_with("Invalid JSON payload received. "));
    assert_eq!(bench.control.spaces().len(), 0);
}

#[tokio::test]
async fn either_way_to_write_a_protocol_buffer_is_understood() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    let body = r#"{"space_type":1,"displayName":"x","spaceThreadingState":4,"space_details":null}"#;
    let path = "/v1/spaces?%24alt=json%3Benum-encoding%3Dint";
    let space = bench.call(&token, "POST", path, body).await.json();
    assert_eq!(space["spaceType"], "SPACE");
    let gap = r#"{"spaceType":1,"displayName":"x","spaceThreadingState":1}"#;
    assert_eq!(bench.call(&token, "POST", "/v1/spaces", gap).await.status, 400);
}

#[tokio::test]
async fn query_parameters_are_taken_strictly() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    let answer = bench.call(&token, "POST", "/v1/spaces?requestid=1", NAMED).await;
    assert_eq!(
        status(&answer).2,
        "Invalid JSON payload received. Unknown name \"requestid\": Cannot bind query parameter. \
         Field 'requestid' could not be found in request message."
    );
    let answer = bench.call(&token, "POST", "/v1/spaces?requestId=1&requestId=2", NAMED).await;
    assert_eq!(answer.status, 400);
    let answer = bench.call(&token, "POST", "/v1/spaces?request_id=1&prettyPrint=false&alt=json", NAMED).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.body.contains('\n'));
}

#[tokio::test]
async fn a_form_is_not_json() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let answer = bench.send("POST", "/v1/spaces", &headers, NAMED).await;
    assert!(status(&answer).2.contains("Cannot bind query parameter"));
}

#[tokio::test]
async fn create_keeps_to_the_rules_of_each_field() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    let longest = "é".repeat(128);
    let too_long = "é".repeat(129);
    let named = |extra: Value| {
        let mut space = json!({ "spaceType": "SPACE", "displayName": "x" });
        for (key, value) in extra.as_object().unwrap() {
            space[key] = value.clone();
        }
        space
    };
    for (space, good) in [
        (named(json!({})), true),
        (named(json!({ "displayName": longest })), true),
        (named(json!({ "displayName": too_long })), false),
        (named(json!({ "displayName": "  " })), false),
        (json!({ "spaceType": "SPACE" }), false),
        (json!({ "displayName": "x" }), false),
        (json!({ "spaceType": "GROUP_CHAT" }), false),
        (json!({ "spaceType": "DIRECT_MESSAGE" }), false),
        (named(json!({ "singleUserBotDm": true })), false),
        (named(json!({ "spaceDetails": { "description": "x".repeat(4096) } })), true),
        (named(json!({ "spaceDetails": { "description": "x".repeat(4097) } })), false),
        (named(json!({ "spaceDetails": { "guidelines": "x".repeat(5001) } })), false),
        (named(json!({ "externalUserAllowed": true })), true),
        (named(json!({ "customer": "customers/my_customer" })), false),
        (named(json!({ "permissionSettings": { "manageApps": {} } })), false),
        (named(json!({ "predefinedPermissionSettings": "ANNOUNCEMENT_SPACE" })), true),
        (named(json!({ "accessSettings": { "audience": "audiences/default" } })), true),
        (named(json!({ "accessSettings": { "audience": "default" } })), false),
        (named(json!({ "createTime": "yesterday" })), false),
        (named(json!({ "createTime": "2001-01-01T00:00:00Z" })), true),
    ] {
        let answer = bench.call(&token, "POST", "/v1/spaces", &space.to_string()).await;
        assert_eq!(answer.status, if good { 200 } else { 400 }, "{space}: {}", answer.body);
        // A time that may only be set in import mode is ignored like all read-only fields.
        assert_ne!(answer.json()["createTime"], "2001-01-01T00:00:00Z");
    }
    let import = named(json!({ "importMode": true })).to_string();
    assert_eq!(bench.call(&token, "POST", "/v1/spaces", &import).await.status, 403);
}

#[tokio::test]
async fn a_consumer_cannot_configure_external_users() {
    let users = vec![User::new("ann@gmail.com")];
    let bench = Bench::with(Options { users, ..Options::default() }).await;
    let token = bench.access_token().await;
    let asked = r#"{"spaceType":"SPACE","displayName":"x","externalUserAllowed":true}"#;
    assert_eq!(bench.call(&token, "POST", "/v1/spaces", asked).await.status, 400);
    let space = bench.call(&token, "POST", "/v1/spaces", NAMED).await.json();
    assert_eq!(space["externalUserAllowed"], true);
    assert_eq!(space.get("customer"), None);
}

#[tokio::test]
async fn lists_come_in_pages_and_of_one_type() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    assert_eq!(bench.call(&token, "GET", "/v1/spaces", "").await.body, "{}");
    for number in 0..5 {
        let body = NAMED.replace("API-made", &number.to_string());
        bench.call(&token, "POST", "/v1/spaces", &body).await;
    }
    let mut names = Vec::new();
    let mut path = String::from("/v1/spaces?pageSize=2&filter=spaceType%20%3D%20%22SPACE%22");
    loop {
        let page = bench.call(&token, "GET", &path, "").await.json();
        let spaces = page["spaces"].as_array().unwrap();
        assert!(spaces.iter().all(|space| space.get("permissionSettings").is_none()));
        names.extend(spaces.iter().map(|space| space["displayName"].as_str().unwrap().to_owned()));
        let Some(next) = page["nextPageToken"].as_str() else { break };
        path = format!("/v1/spaces?pageSize=2&pageToken={next}");
    }
    assert_eq!(names, ["0", "1", "2", "3", "4"]);
    let chats = "/v1/spaces?filter=space_type%20%3D%20%22GROUP_CHAT%22";
    assert_eq!(bench.call(&token, "GET", chats, "").await.body, "{}");
    for bad in ["pageSize=-1", "pageSize=x", "pageToken=x", "filter=spaceType", "filter=a%3D%22b%22"] {
        let answer = bench.call(&token, "GET", &format!("/v1/spaces?{bad}"), "").await;
        assert_eq!(answer.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_says_so() {
    let users = vec![User::new("ann@example.com"), User::new("bob@example.com")];
    let bench = Bench::with(Options { users, unique_names: true, ..Options::default() }).await;
    let token = bench.access_token().await;
    let answer = bench.call(&token, "GET", "/v1/spaces/none", "").await;
    assert_eq!(status(&answer).2, "Requested entity was not found.");
    let space = bench.call(&token, "POST", "/v1/spaces", NAMED).await.json();
    let answer = bench.call(&token, "POST", "/v1/spaces", NAMED).await;
    assert_eq!((answer.status, status(&answer).1.as_str()), (409, "ALREADY_EXISTS"));
    let bob = bench.login(&[("login_hint", "bob@example.com")]).await;
    let bob = bob["access_token"].as_str().unwrap();
    let path = format!("/v1/{}", space["name"].as_str().unwrap());
    assert_eq!(bench.call(bob, "GET", &path, "").await.status, 403);
}
