//! The commands of spaces and members against the emulator: what a login may do, and what comes of it.

use chatauth::emulator::{Endpoint, Options};

use crate::sandbox::Sandbox;

fn name_of(sandbox: &Sandbox, words: &[&str]) -> String {
    let run = sandbox.run([words, &["--format", "name"]].concat()).success();
    run.stdout.trim().to_owned()
}

#[test]
fn a_command_that_needs_more_says_so_or_asks_once_for_both() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let space = name_of(&sandbox, &["spaces", "create", "--name", "x"]);
    let refused = sandbox.run(["spaces", "get", &space, "--no-input", "--format", "json"]).exits_with(4);
    let error = refused.error();
    assert_eq!(error["code"], "scope_missing");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("--scope chat.spaces.create") && hint.contains("--scope chat.spaces.readonly"), "{hint}");

    sandbox.control().clear_requests();
    let shown = sandbox.run(["spaces", "get", &space]).success();
    assert_eq!(shown.json()["displayName"], "x");
    assert_eq!(sandbox.control().requests_to(Endpoint::Authorize).len(), 1);
    // Both are there now.
    sandbox.control().clear_requests();
    sandbox.run(["spaces", "create", "--name", "y", "--no-input"]).success();
    sandbox.run(["spaces", "list", "--no-input"]).success();
    assert!(sandbox.control().requests_to(Endpoint::Authorize).is_empty());
}

#[test]
fn a_wider_scope_will_do_for_every_command_that_it_covers() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces", "--scope", "chat.memberships"]).success();
    let space = name_of(&sandbox, &["spaces", "create", "--name", "x", "--no-input"]);
    for words in [&["spaces", "get", &space][..], &["spaces", "list"], &["members", "list", &space]] {
        sandbox.run([words, &["--no-input"]].concat()).success();
    }
}

#[test]
fn members_who_were_left_out_are_named_where_the_login_can_see_them() {
    let sandbox = Sandbox::with(Options { unaddable: vec!["eve@example.com".into()], ..Options::default() });
    let words = ["spaces", "create", "--name", "x", "--member", "ada@example.com", "--member", "eve@example.com"];
    let unchecked = sandbox.run(words).success();
    assert!(unchecked.stderr.contains("needs the scope chat.memberships.readonly"), "{}", unchecked.stderr);
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.memberships.readonly"]).success();
    let checked = sandbox.run(words).success();
    assert!(checked.stderr.contains("not in the space"), "{}", checked.stderr);
    assert!(checked.stderr.contains("eve@example.com"), "{}", checked.stderr);
    assert!(!checked.stderr.contains("ada@example.com"), "{}", checked.stderr);
}

#[test]
fn conversations_are_set_up_and_a_direct_message_is_made_once() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let chat = ["spaces", "create", "--type", "group-chat", "--member", "a@example.com", "--member", "b@example.com"];
    let chat = sandbox.run(chat).success().json();
    assert_eq!(chat["spaceType"], "GROUP_CHAT");
    let direct = ["spaces", "create", "--type", "direct-message", "--member", "a@example.com"];
    assert_eq!(name_of(&sandbox, &direct), name_of(&sandbox, &direct));
    let with_app = ["spaces", "create", "--type", "direct-message", "--member", "app"];
    assert_eq!(sandbox.run(with_app).success().json()["singleUserBotDm"], true);
}

#[test]
fn a_name_is_used_once_by_those_who_say_so() {
    let sandbox = Sandbox::with(Options { unique_names: true, ..Options::default() });
    let words = ["spaces", "create", "--name", "Team", "--if-exists", "reuse"];
    let first = name_of(&sandbox, &words);
    assert_eq!(name_of(&sandbox, &words), first);
    assert_eq!(sandbox.control().spaces().len(), 1);
    let taken = sandbox.run(["spaces", "create", "--name", "Team", "--format", "json"]).exits_with(5);
    assert_eq!(taken.error()["code"], "already_exists");
    assert!(taken.error()["hint"].as_str().unwrap().contains("--if-exists reuse"));
}
