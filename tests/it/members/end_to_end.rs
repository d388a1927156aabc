//! Members against the emulator: who is in a new space in the end, and who was left out.

use chatauth::emulator::Options;

use crate::support::sandbox::Sandbox;

#[test]
fn members_who_were_left_out_are_named_where_the_login_can_see_them() {
    let sandbox = Sandbox::with(Options { unaddable: vec!["eve@example.com".into()], ..Options::default() });
    let words = ["spaces", "create", "--name", "x", "--member", "ada@example.com", "--member", "eve@example.com"];
    let unchecked = sandbox.run(words).success();
    assert!(unchecked.stderr.contains("needs the scope chat.memberships.readonly"), "{}", unchecked.stderr);
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.memberships.readonly"]).success();
    let checked = sandbox.run(words).success();
    assert!(checked.stderr.contains("Google did not add"), "{}", checked.stderr);
    assert!(checked.stderr.contains("eve@example.com"), "{}", checked.stderr);
    assert!(!checked.stderr.contains("ada@example.com"), "{}", checked.stderr);
}

#[test]
fn sixty_members_are_in_the_space_in_the_end() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.memberships"]).success();
    let members: Vec<String> = (0..60).map(|id| format!("--member=user{id}@example.com")).collect();
    let words: Vec<&str> =
        ["spaces", "create", "--name", "x"].into_iter().chain(members.iter().map(String::as_str)).collect();
    let space = sandbox.name_of(&words);
    assert_eq!(sandbox.control().members(&space).len(), 61);
}

#[test]
fn invited_members_are_named() {
    let sandbox = Sandbox::with(Options { auto_accept_off: vec!["ada@example.com".into()], ..Options::default() });
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.memberships"]).success();
    let made = sandbox.run(["spaces", "create", "--name", "x", "--member", "ada@example.com"]).success();
    assert!(made.stderr.contains("invited, not members until they accept: ada@example.com"), "{}", made.stderr);
}

#[test]
fn people_are_added_with_a_role_and_removed_by_their_address() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.memberships"]).success();
    let space = sandbox.run(["spaces", "create", "--name", "x", "--format", "name"]).success().stdout;
    let space = space.trim();
    let role = |words: &[&str]| {
        let added = sandbox.run(["members", "add", space, "ada@example.com"].iter().chain(words)).success();
        added.json()["role"].as_str().unwrap().to_owned()
    };
    assert_eq!(role(&["--role", "manager"]), "ROLE_ASSISTANT_MANAGER");
    assert_eq!(role(&["--role", "owner"]), "ROLE_MANAGER", "a member of before gets the role too");
    assert_eq!(role(&[]), "ROLE_MANAGER", "without the option, the role stays");
    let refused = sandbox.run(["members", "add", space, "--group", "1", "--role", "owner"]).exits_with(2);
    assert!(refused.stderr.contains("--role"), "{}", refused.stderr);
    let removed = sandbox.run(["members", "remove", space, "ada@example.com", "--format", "human"]).success();
    assert_eq!((removed.stdout.as_str(), removed.stderr.as_str()), ("", "Removed ada@example.com\n"));
}
