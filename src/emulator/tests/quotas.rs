//! Quotas, on a clock that the test moves.

use std::cell::Cell;

use super::chat::{reason, status};
use super::*;

thread_local! {
    // The emulator of a test runs on the test's own thread.
    static LATER: Cell<i64> = const { Cell::new(0) };
}

fn moving() -> OffsetDateTime {
    standing() + time::Duration::seconds(LATER.get())
}

async fn with(quota: &str) -> (Bench, String) {
    LATER.set(0);
    let options = Options { quota: Some(quota.parse().unwrap()), ..people() };
    let bench = Bench::on(options, Clock::new(moving)).await;
    let token = bench.token_of("ann@example.com", "chat.spaces chat.memberships").await;
    (bench, token)
}

async fn create(bench: &Bench, token: &str, id: u32) -> Answer {
    bench.call(token, "POST", &format!("/v1/spaces?requestId={id}"), &named(&id.to_string()).to_string()).await
}

#[tokio::test]
async fn writes_beyond_the_limit_wait_for_the_window() {
    let (bench, token) = with("spaceWrites=2/5s,retry-after=both").await;
    assert_eq!(create(&bench, &token, 1).await.status, 200);
    LATER.set(2);
    assert_eq!(create(&bench, &token, 2).await.status, 200);
    let refused = create(&bench, &token, 3).await;
    assert_eq!((refused.status, reason(&refused)), (429, json!("RATE_LIMIT_EXCEEDED")));
    assert!(status(&refused).2.starts_with("Quota exceeded for quota metric 'Space writes'"));
    let details = &refused.json()["error"]["details"];
    assert_eq!(details[0]["metadata"]["quota_limit_value"], "2");
    assert_eq!(details[2], json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s" }));
    assert_eq!(refused.header("retry-after"), "3");
    assert_eq!(bench.call(&token, "GET", "/v1/spaces", "").await.status, 200, "reads are counted apart");
    LATER.set(5);
    assert_eq!(create(&bench, &token, 3).await.status, 200);
    assert_eq!(bench.control.spaces().len(), 3);
}

#[tokio::test]
async fn new_spaces_have_a_limit_of_their_own() {
    let (bench, token) = with("newSpaces=1").await;
    assert_eq!(create(&bench, &token, 1).await.status, 200);
    assert_eq!(create(&bench, &token, 1).await.status, 200, "a repeat makes no space");
    let refused = create(&bench, &token, 2).await;
    assert_eq!(status(&refused).2, "Resource has been exhausted (e.g. check quota).");
    assert_eq!((refused.header("retry-after"), refused.json()["error"].get("details")), ("", None));
    bench.set_up(&token, json!({ "spaceType": "DIRECT_MESSAGE" }), &["bob@example.com"]).await;
    LATER.set(60);
    assert_eq!(create(&bench, &token, 2).await.status, 200);
}

#[tokio::test]
async fn googles_limits_are_those_of_its_tables() {
    let (bench, token) = with("google").await;
    for id in 0..34 {
        assert_eq!(create(&bench, &token, id).await.status, 200, "{id}");
    }
    assert_eq!(create(&bench, &token, 34).await.status, 429);
    for id in 0..25 {
        assert_eq!(create(&bench, &token, id).await.status, 200, "repeats, up to 60 writes in all");
    }
    assert_eq!(reason(&create(&bench, &token, 0).await), "RATE_LIMIT_EXCEEDED");
    LATER.set(60);
    let name = bench.control.spaces()[0]["name"].as_str().unwrap().to_owned();
    for expected in [200, 429] {
        let path = format!("/v1/{name}?updateMask=displayName");
        assert_eq!(bench.call(&token, "PATCH", &path, &named("x").to_string()).await.status, expected);
    }
    for _ in 0..15 {
        assert_eq!(bench.call(&token, "GET", &format!("/v1/{name}"), "").await.status, 200);
    }
    assert_eq!(bench.call(&token, "GET", &format!("/v1/{name}/members"), "").await.status, 429);
    bench.control.change_options(|options| options.quota = None);
    assert_eq!(bench.call(&token, "GET", &format!("/v1/{name}"), "").await.status, 200);
}
