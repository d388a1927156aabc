use serde_json::json;

use super::*;

const NAMED: &str = r#"{"spaceType":"SPACE","displayName":"API-made"}"#;

impl Bench {
    fn fault(&self, text: &str) {
        self.control.clear_faults();
        self.control.add_fault(text.parse().unwrap());
    }

    async fn create(&self, token: &str) -> Answer {
        self.call(token, "POST", "/v1/spaces?requestId=one", NAMED).await
    }

    /// The bytes that come back, whatever they are.
    async fn create_raw(&self, token: &str) -> Vec<u8> {
        let request = format!(
            "POST /v1/spaces?requestId=one HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{NAMED}",
            self.host(),
            NAMED.len()
        );
        self.raw(request.as_bytes()).await
    }
}

#[tokio::test]
async fn a_status_leaves_no_trace_and_commit_does() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    bench.fault("create:status=503,times=1");
    let answer = bench.create(&token).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"]["status"], "UNAVAILABLE");
    assert_eq!(bench.control.spaces().len(), 0);
    bench.fault("create:status=503,commit,times=1");
    assert_eq!(bench.create(&token).await.status, 503);
    assert_eq!(bench.control.spaces().len(), 1);
    // The repeat finds what the lost answer would have named.
    let space = bench.create(&token).await.json();
    assert_eq!(bench.control.spaces(), [space]);
}

#[tokio::test]
async fn a_dropped_connection_carries_no_byte() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    bench.fault("create:drop-before");
    assert_eq!(bench.create_raw(&token).await, b"");
    assert_eq!(bench.control.spaces().len(), 0);
    bench.fault("create:drop-after");
    assert_eq!(bench.create_raw(&token).await, b"");
    assert_eq!(bench.control.spaces().len(), 1);
}

#[tokio::test]
async fn a_truncated_answer_announces_more_than_it_holds() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    bench.fault("create:truncate");
    let answer = parse(&bench.create_raw(&token).await);
    assert_eq!(answer.status, 200);
    let announced: usize = answer.header("content-length").parse().unwrap();
    assert!(answer.body.len() > 10, "{answer:?}");
    assert!(answer.body.len() < announced, "{answer:?}");
    assert_eq!(bench.control.spaces().len(), 1);
}

#[tokio::test]
async fn every_shape_of_body() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    bench.fault("create:garbage");
    let answer = bench.create(&token).await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<Value>(&answer.body).is_err());
    bench.fault("create:empty");
    let answer = bench.create(&token).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    bench.fault("create:html,status=502");
    let answer = bench.create(&token).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    bench.fault("create:huge");
    assert!(bench.create(&token).await.body.len() > 2 * 1024 * 1024);
    bench.fault("create:redirect=https://example.com/elsewhere");
    let answer = bench.create(&token).await;
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("location"), "https://example.com/elsewhere");
    bench.fault(r#"token:status=400,body={"error":"x","error_description":"y"}"#);
    let refused = bench.refresh("anything", &[]).await.refusal();
    assert_eq!(refused, (400, String::from("x"), String::from("y")));
}

#[tokio::test]
async fn a_reason_has_googles_status_and_details() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    for (reason, status) in [
        ("RATE_LIMIT_EXCEEDED", 429),
        ("SERVICE_DISABLED", 403),
        ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", 403),
        ("ACCESS_TOKEN_EXPIRED", 401),
        ("USER_BLOCKED_BY_ADMIN", 403),
    ] {
        bench.fault(&format!("chat:reason={reason},retry-after=7"));
        let answer = bench.create(&token).await;
        assert_eq!(answer.status, status, "{reason}");
        assert_eq!(answer.json()["error"]["details"][0]["reason"], reason);
        assert_eq!(answer.header("retry-after"), "7");
    }
    bench.fault("token:reason=invalid_rapt");
    let body = bench.refresh("anything", &[]).await.json();
    assert_eq!(
        body,
        json!({
            "error": "invalid_grant",
            "error_description": "reauth related error (invalid_rapt)",
            "error_uri": "https://support.google.com/a/answer/9368756",
            "error_subtype": "invalid_rapt",
        })
    );
}

#[tokio::test]
async fn each_endpoint_fails_in_its_own_words() {
    let bench = Bench::new().await;
    bench.fault("all:status=500");
    assert_eq!(bench.refresh("x", &[]).await.refusal().1, "internal_failure");
    assert_eq!(bench.get("/v1/spaces").await.json()["error"]["status"], "INTERNAL");
    assert!(bench.get(&bench.authorization(&[])).await.body.contains("Error 500"));
    bench.fault("revoke:status=400");
    assert_eq!(bench.form("/revoke", &[("token", "x")]).await.refusal().1, "invalid_token");
}

#[tokio::test]
async fn a_fault_waits_its_turn_and_goes() {
    let faults = vec!["create:status=500,after=1,times=1".parse().unwrap()];
    let bench = Bench::with(Options { faults, ..Options::default() }).await;
    let token = bench.access_token().await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(bench.create(&token).await.status);
    }
    assert_eq!(statuses, [200, 500, 200]);
}

#[tokio::test]
async fn a_delay_is_a_delay() {
    let bench = Bench::new().await;
    let token = bench.access_token().await;
    bench.fault("create:delay=60ms");
    let start = std::time::Instant::now();
    assert_eq!(bench.create(&token).await.status, 200);
    assert!(start.elapsed().as_millis() >= 60);
}
