//! What becomes of a bulk run when its login ends in the middle.

use chatauth::emulator::{Endpoint, Options, User};

use crate::support::bulk::{Bulk, names, results, statuses};
use crate::support::sandbox::Sandbox;
use crate::support::stage::wait_until;

#[test]
fn a_token_that_ends_in_the_middle_is_renewed_once() {
    let bulk = Bulk::logged_in(&names(60)).with("--concurrency 4");
    bulk.fault("create:delay=10ms");
    let child = bulk.start();
    wait_until("some are made", || bulk.spaces().len() >= 10);
    bulk.sandbox.control().expire_access_tokens();
    let run = bulk.sandbox.wait(child).success();
    assert_eq!(statuses(&run.stdout), ["created"; 60]);
    assert_eq!(bulk.spaces().len(), 60);
    assert_eq!(bulk.sandbox.control().requests_to(Endpoint::Token).len(), 1, "one refresh for all");
    let wasted = bulk.request_ids().len() - 60;
    assert!((1..=8).contains(&wasted), "{wasted} rows tried the old token");
}

#[test]
fn a_login_that_is_revoked_in_the_middle_stops_the_run() {
    let bulk = Bulk::logged_in(&names(60)).with("--concurrency 4");
    bulk.fault("create:delay=10ms");
    let child = bulk.start();
    wait_until("some are made", || bulk.spaces().len() >= 10);
    bulk.sandbox.control().revoke_all_refresh_tokens();
    bulk.sandbox.control().expire_access_tokens();
    let run = bulk.sandbox.wait(child).exits_with(4);
    assert_eq!(run.error()["code"], "credentials_rejected");
    assert!(run.error()["hint"].as_str().unwrap().contains("auth login"), "{}", run.stderr);
    let ends = statuses(&run.stdout);
    let failed = ends.iter().filter(|end| *end == "failed").count();
    assert!(failed <= 4, "those on their way, and no others: {ends:?}");
    assert!(results(&run.stdout).len() < 60);
    bulk.sandbox.control().clear_faults();
    bulk.sandbox.run(["auth", "login"]).success();
    assert_eq!(statuses(&bulk.run().success().stdout).len(), 60);
    assert_eq!(bulk.spaces(), names(60).lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn a_disabled_api_ends_the_run_instead_of_failing_every_row() {
    let bulk = Bulk::logged_in(&names(60)).with("--concurrency 4");
    bulk.sandbox.control().change_options(|options| options.api_enabled = false);
    let run = bulk.run().exits_with(5);
    assert_eq!(run.error()["code"], "api_disabled");
    assert_eq!(bulk.request_ids().len(), 1);
    bulk.sandbox.control().change_options(|options| options.api_enabled = true);
    let child = bulk.start();
    wait_until("some are made", || bulk.spaces().len() >= 5);
    bulk.sandbox.control().change_options(|options| options.api_enabled = false);
    let run = bulk.sandbox.wait(child).exits_with(5);
    assert!(statuses(&run.stdout).iter().filter(|end| *end == "failed").count() <= 4);
    bulk.sandbox.control().change_options(|options| options.api_enabled = true);
    bulk.run().success();
    assert_eq!(bulk.spaces().len(), 60);
}

#[test]
fn a_run_keeps_the_account_of_its_start() {
    const ANN: &str = "ann@example.com";
    const BOB: &str = "bob@example.com";
    let sandbox = Sandbox::with(Options { users: vec![User::new(BOB), User::new(ANN)], ..Options::default() });
    for account in [BOB, ANN] {
        sandbox.run(["auth", "login", "--account", account]).success();
    }
    sandbox.control().clear_requests();
    let bobs = sandbox.record(BOB);
    let bulk = Bulk::of(sandbox, &names(40)).with("--concurrency 2");
    bulk.fault("create:delay=20ms");
    let child = bulk.start();
    wait_until("some are made", || bulk.spaces().len() >= 5);
    bulk.sandbox.run(["auth", "switch", BOB]).success();
    // Whoever renews the login now must not renew that of the current account.
    bulk.sandbox.control().expire_access_tokens();
    let run = bulk.sandbox.wait(child).success();
    assert_eq!(statuses(&run.stdout), ["created"; 40]);
    let requests = format!("{:?}", bulk.sandbox.control().requests());
    for token in ["access_token", "refresh_token"] {
        assert!(!requests.contains(bobs[token].as_str().unwrap()), "{token}");
    }
    // The next run is another account's, which the journal refuses.
    let refused = bulk.run().exits_with(3);
    let message = refused.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&format!("the account was {ANN} and is {BOB} now")), "{message}");
    assert_eq!(bulk.spaces().len(), 40);
}
