//! What the README promises a new user.

use chatauth::emulator::Endpoint;

use crate::support::sandbox::Sandbox;

const ACCOUNT: &str = "emulator@example.com";

#[test]
fn the_first_create_logs_in_and_the_second_needs_no_browser() {
    let sandbox = Sandbox::new();
    let space = sandbox.run(["spaces", "create", "--name", "API-made"]).success().json();
    assert_eq!(space["displayName"], "API-made");
    let control = sandbox.control();
    assert_eq!(control.requests_to(Endpoint::Authorize).len(), 1);
    assert_eq!(control.requests_to(Endpoint::Token).len(), 1);
    assert_eq!(sandbox.record(ACCOUNT)["email"], ACCOUNT);

    control.clear_requests();
    let second = sandbox.run(["spaces", "create", "--name", "two"]).success();
    assert!(second.stderr.contains(&format!("as {ACCOUNT}")), "{}", second.stderr);
    let paths: Vec<String> = control.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/v1/spaces"], "one request, and no look at anything else");
    assert_eq!(control.spaces().len(), 2);
}

#[test]
fn an_expired_token_costs_one_refresh_and_no_browser() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    sandbox.run(["spaces", "create", "--name", "x", "--no-input"]).success();
    let paths: Vec<String> = sandbox.control().requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/token", "/v1/spaces"]);
}
