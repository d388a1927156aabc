//! Who may use the app, and for how long.

use std::time::Duration;

use super::*;

/// The page that the browser stays on: the client hears nothing.
async fn blocked(bench: &Bench, email: &str) -> Option<String> {
    let answer = bench.get(&bench.authorization(&[("login_hint", email)])).await;
    if answer.status == 302 {
        assert!(answer.sent_back("code").is_some());
        return None;
    }
    assert_eq!(answer.header("location"), "");
    let (_, error) = answer.body.split_once(">Error ").unwrap();
    Some(error.split('<').next().unwrap().to_owned())
}

#[tokio::test]
async fn an_internal_app_is_for_the_organization() {
    let bench = Bench::with(Options { audience: Audience::Internal, ..people() }).await;
    bench.control.change_options(|options| options.users.push(User::new("zoe@gmail.com")));
    assert_eq!(blocked(&bench, "bob@example.com").await, None);
    for outsider in ["eve@other.com", "zoe@gmail.com"] {
        assert_eq!(blocked(&bench, outsider).await.as_deref(), Some("403: org_internal"), "{outsider}");
    }
    bench.control.change_options(|options| options.audience = Audience::Production);
    assert_eq!(blocked(&bench, "eve@other.com").await, None);
}

#[tokio::test]
async fn an_app_in_testing_is_for_its_testers_and_for_a_week() {
    let bench = Bench::with(Options { audience: Audience::Testing, ..people() }).await;
    assert_eq!(blocked(&bench, "eve@other.com").await, None, "without a list everybody is a tester");
    bench.control.change_options(|options| options.test_users = Some(vec![String::from("Ann@example.com")]));
    assert_eq!(blocked(&bench, "eve@other.com").await.as_deref(), Some("403: access_denied"));
    assert_eq!(bench.login(&[]).await["refresh_token_expires_in"], 604_799);
    let signed_in = bench.login(&[("scope", "openid email")]).await;
    assert_eq!(signed_in.get("refresh_token_expires_in"), None, "a mere sign-in does not end");
}

#[tokio::test]
async fn a_lifetime_that_is_given_counts_more() {
    let refresh_token_lifetime = Some(Duration::from_secs(100));
    let bench = Bench::with(Options { audience: Audience::Testing, refresh_token_lifetime, ..people() }).await;
    assert_eq!(bench.login(&[]).await["refresh_token_expires_in"], 99);
}

#[tokio::test]
async fn the_person_learns_of_it_after_choosing_the_account() {
    let bench = Bench::with(Options { consent: Consent::Ask, audience: Audience::Internal, ..people() }).await;
    let page = bench.get(&bench.authorization(&[])).await;
    assert_eq!(page.status, 200);
    let (_, rest) = page.body.split_once("name=\"page\" value=\"").unwrap();
    let id = rest.split('"').next().unwrap();
    let eve = User::new("eve@other.com").sub;
    let fields = [("page", id), ("account", eve.as_str()), ("decision", "allow")];
    let answer = bench.form("/signin/oauth/consent", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (403, ""));
    assert!(answer.body.contains("Error 403: org_internal"));
}

#[tokio::test]
async fn the_administrator_has_the_last_word() {
    let bench = Bench::with(people()).await;
    let refresh = bench.login(&[]).await["refresh_token"].as_str().unwrap().to_owned();
    bench.control.change_options(|options| options.admin_policy_enforced = true);
    assert_eq!(blocked(&bench, "ann@example.com").await.as_deref(), Some("400: admin_policy_enforced"));
    let refused = bench.refresh(&refresh, &[]).await;
    assert_eq!((refused.status, refused.refusal().1.as_str()), (400, "admin_policy_enforced"));
    bench.control.change_options(|options| options.users.push(User::new("zoe@gmail.com")));
    assert_eq!(blocked(&bench, "zoe@gmail.com").await, None);
}

#[tokio::test]
async fn a_session_that_is_over_asks_for_a_new_login() {
    let bench = Bench::with(people()).await;
    let refresh = bench.login(&[]).await["refresh_token"].as_str().unwrap().to_owned();
    bench.control.change_options(|options| options.session_length = Some(Duration::from_secs(1)));
    assert_eq!(bench.refresh(&refresh, &[]).await.status, 200);
    bench.control.change_options(|options| options.session_length = Some(Duration::ZERO));
    let refused = bench.refresh(&refresh, &[]).await.json();
    assert_eq!((&refused["error"], &refused["error_subtype"]), (&json!("invalid_grant"), &json!("invalid_rapt")));
    bench.control.change_options(|options| options.session_length = None);
    assert_eq!(bench.refresh(&refresh, &[]).await.status, 200, "it was not the token's end");
}

#[tokio::test]
async fn too_many_refresh_tokens_push_the_oldest_out() {
    let bench = Bench::with(Options { refresh_token_limit: 2, ..people() }).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(bench.login(&[]).await["refresh_token"].as_str().unwrap().to_owned());
    }
    let mut live = Vec::new();
    for token in &tokens {
        live.push(bench.refresh(token, &[]).await.status == 200);
    }
    assert_eq!(live, [false, true, true]);
}

#[tokio::test]
async fn a_login_that_no_script_can_grant_ends_with_what_to_change() {
    let bench = Bench::with(Options { audience: Audience::Testing, ..people() }).await;
    bench.control.change_options(|options| options.test_users = Some(vec![String::from("ann@example.com")]));
    let answer = bench.get(&bench.authorization(&[("login_hint", "bob@example.com")])).await;
    assert_eq!(answer.status, 403);
    let end = Url::parse(answer.header("x-emulator-end-login")).unwrap();
    assert!(end.as_str().starts_with(REDIRECT));
    assert!(end.query().unwrap().contains("state=xyz&") && end.query().unwrap().contains("error=access_denied"));
    assert!(answer.body.contains("pass --test-user bob@example.com or --audience production"), "{}", answer.body);
    assert_eq!(
        bench.emulator.refused_logins(),
        ["to log in as bob@example.com, pass --test-user bob@example.com or --audience production"]
    );
    bench.control.change_options(|options| options.consent = Consent::Ask);
    let page = bench.get(&bench.authorization(&[])).await;
    assert_eq!((page.status, page.header("x-emulator-end-login")), (200, ""), "a person reads the page");
}
