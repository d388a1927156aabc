use super::*;

const SCOPE: &str =
    "openid https://www.googleapis.com/auth/chat.spaces.create https://www.googleapis.com/auth/chat.delete";

async fn asking() -> Bench {
    let users = vec![User::new("ann@example.com"), User::new("bob@example.com")];
    Bench::with(Options { consent: Consent::Ask, users, ..Options::default() }).await
}

/// The value of the hidden field that makes the page unique.
fn page_id(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"page\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_scope_left_unticked_is_not_granted() {
    let bench = asking().await;
    let page = bench.get(&bench.authorization(&[("scope", SCOPE)])).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Create new conversations and spaces in Google Chat"));
    assert!(page.body.contains("name=\"scope1\""));
    assert!(!page.body.contains("name=\"scope2\""), "sign-in scopes have no box");
    let bob = User::new("bob@example.com").sub;
    let create = "https://www.googleapis.com/auth/chat.spaces.create";
    let id = page_id(&page.body);
    let fields = [("page", id.as_str()), ("account", bob.as_str()), ("scope0", create), ("decision", "allow")];
    let answer = bench.form("/signin/oauth/consent", &fields).await;
    assert_eq!(answer.status, 302);
    assert_eq!(answer.sent_back("state").as_deref(), Some("xyz"));
    let code = answer.sent_back("code").unwrap();
    let tokens = bench.redeem(&code, &[]).await.json();
    assert_eq!(tokens["scope"], format!("{create} openid"));
    // The page is answered once.
    let again = bench.form("/signin/oauth/consent", &fields).await;
    assert_eq!((again.status, again.header("location")), (400, ""));
}

#[tokio::test]
async fn a_scope_that_was_not_asked_for_cannot_be_ticked() {
    let bench = asking().await;
    let scope = "https://www.googleapis.com/auth/chat.spaces.create";
    let page = bench.get(&bench.authorization(&[("scope", scope)])).await;
    assert!(!page.body.contains("type=\"checkbox\""), "a single scope is not a choice");
    let id = page_id(&page.body);
    let ann = User::new("ann@example.com").sub;
    let fields = [
        ("page", id.as_str()),
        ("account", ann.as_str()),
        ("scope0", "https://www.googleapis.com/auth/chat.delete"),
        ("decision", "allow"),
    ];
    let answer = bench.form("/signin/oauth/consent", &fields).await;
    assert_eq!(answer.sent_back("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_page_nobody_was_shown_cannot_be_answered() {
    let bench = asking().await;
    bench.get(&bench.authorization(&[])).await;
    let fields = [("page", "guessed"), ("decision", "allow")];
    let answer = bench.form("/signin/oauth/consent", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (400, ""));
}

#[tokio::test]
async fn cancelling_is_a_refusal() {
    let bench = asking().await;
    let page = bench.get(&bench.authorization(&[])).await;
    let id = page_id(&page.body);
    let fields = [("page", id.as_str()), ("decision", "cancel")];
    let answer = bench.form("/signin/oauth/consent", &fields).await;
    assert_eq!(answer.sent_back("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn the_hint_preselects_an_account_and_is_never_markup() {
    let bench = asking().await;
    let page = bench.get(&bench.authorization(&[("login_hint", "bob@example.com")])).await;
    let bob = User::new("bob@example.com").sub;
    assert!(page.body.contains(&format!("value=\"{bob}\" checked")));
    let hostile = "\"><script>alert(1)</script>";
    let page = bench.get(&bench.authorization(&[("login_hint", hostile)])).await;
    assert!(page.body.contains("&quot;&gt;&lt;script&gt;"));
    assert!(!page.body.contains("<script"));
}

#[tokio::test]
async fn the_page_may_lead_to_the_listener_and_nowhere_else() {
    let bench = asking().await;
    let page = bench.get(&bench.authorization(&[])).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:45017;"), "{policy}");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
}

#[tokio::test]
async fn without_a_person_nothing_is_shown() {
    let bench = asking().await;
    let answer = bench.get(&bench.authorization(&[("prompt", "none")])).await;
    assert_eq!(answer.sent_back("error").as_deref(), Some("interaction_required"));
}
