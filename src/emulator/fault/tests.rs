use super::*;

fn plan(text: &str) -> Plan {
    text.parse::<Fault>().unwrap().plan
}

#[test]
fn every_action_is_understood() {
    assert_eq!(plan("create:status=503").status, Some(503));
    assert_eq!(plan("all:delay=200ms").delay, Duration::from_millis(200));
    assert_eq!(plan("all:delay=2s").delay, Duration::from_secs(2));
    assert_eq!(plan("chat:reason=RATE_LIMIT_EXCEEDED").reason.as_deref(), Some("RATE_LIMIT_EXCEEDED"));
    for (text, effect) in [
        ("drop-before", Effect::DropBefore),
        ("drop-after", Effect::DropAfter),
        ("garbage", Effect::Garbage),
        ("html", Effect::Html),
        ("empty", Effect::Empty),
        ("truncate", Effect::Truncate),
        ("huge", Effect::Huge),
        ("redirect=http://a/?b=c", Effect::Redirect(String::from("http://a/?b=c"))),
    ] {
        assert_eq!(plan(&format!("token:{text}")).effect, effect);
    }
}

#[test]
fn a_body_takes_the_rest() {
    let plan = plan(r#"token:status=400,body={"error":"x","times=1":2}"#);
    assert_eq!(plan.status, Some(400));
    assert_eq!(plan.effect, Effect::Literal(String::from(r#"{"error":"x","times=1":2}"#)));
}

#[test]
fn a_date_keeps_its_comma() {
    let plan = plan("chat:status=503,retry-after=Wed, 21 Oct 2026 07:28:00 GMT,commit");
    assert_eq!(plan.retry_after.as_deref(), Some("Wed, 21 Oct 2026 07:28:00 GMT"));
    assert!(plan.commit);
}

#[test]
fn nonsense_is_refused() {
    for text in [
        "create",
        "spaces:status=500",
        "create:",
        "create:status=99",
        "create:status=abc",
        "create:delay=2",
        "create:html,empty",
        "create:drop-before,commit",
        "create:times=3",
        "create:commit=1",
        "create:reason=a b",
        "create:redirect=",
    ] {
        assert!(text.parse::<Fault>().is_err(), "{text} was accepted");
    }
}

#[test]
fn it_is_due_after_some_and_only_so_often() {
    let mut fault: Fault = "create:status=500,after=1,times=2".parse().unwrap();
    let mut due = |endpoint| fault.take_if_due(endpoint, false).is_some();
    assert!(!due(Endpoint::Setup));
    assert!(!due(Endpoint::Create));
    assert!(due(Endpoint::Create));
    assert!(!due(Endpoint::Setup));
    assert!(due(Endpoint::Create));
    assert!(!due(Endpoint::Create));
}

#[test]
fn a_request_is_applied_when_the_answer_says_so() {
    for text in ["delay=1s", "garbage", "status=200,html", "status=503,commit", "drop-after"] {
        assert!(plan(&format!("create:{text}")).applies(), "{text}");
    }
    for text in ["status=503", "reason=SERVICE_DISABLED", "drop-before", "redirect=http://a/"] {
        assert!(!plan(&format!("create:{text}")).applies(), "{text}");
    }
}
