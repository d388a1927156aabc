//! The commands of spaces against the emulator: what a login may do, and what comes of it.

use chatauth::emulator::{Endpoint, Options, User};
use serde_json::Value;

use crate::support::bulk::Bulk;
use crate::support::sandbox::Sandbox;
use crate::support::stage::ACCOUNT;

#[test]
fn a_command_that_needs_more_says_so_or_asks_once_for_both() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"]);
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
    let space = sandbox.name_of(&["spaces", "create", "--name", "x", "--no-input"]);
    for words in [&["spaces", "get", &space][..], &["spaces", "list"], &["members", "list", &space]] {
        sandbox.run([words, &["--no-input"]].concat()).success();
    }
}

#[test]
fn conversations_are_set_up_and_a_direct_message_is_made_once() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let chat = ["spaces", "create", "--type", "group-chat", "--member", "a@example.com", "--member", "b@example.com"];
    let chat = sandbox.run(chat).success().json();
    assert_eq!(chat["spaceType"], "GROUP_CHAT");
    let direct = ["spaces", "create", "--type", "direct-message", "--member", "a@example.com"];
    // The response does not tell whether it existed.
    for _ in 0..2 {
        let run = sandbox.run(direct).success();
        let name = run.json()["name"].as_str().unwrap().to_owned();
        assert!(run.stderr.contains(&format!("The direct message is {name}\n")), "{}", run.stderr);
        assert!(!run.stderr.contains("Creat"), "{}", run.stderr);
        let unprinted = sandbox.run(direct.iter().chain(&["--jq", ".name | tonumber"])).exits_with(1);
        assert!(unprinted.stderr.contains(&format!("; the direct message is {name}\n")), "{}", unprinted.stderr);
    }
    assert_eq!(sandbox.control().spaces().len(), 2);
    let other = sandbox.run(direct.iter().chain(&["--history", "off", "--external"])).success();
    assert!(other.stderr.contains("warning: the direct message is spaces/"), "{}", other.stderr);
    let start = ", which differs in --external, --history. To set what can be changed, run ";
    let (_, command) = other.stderr.split_once(start).unwrap_or_else(|| panic!("{}", other.stderr));
    sandbox.paste(command.lines().next().unwrap()).success();
    for (history, differs) in [("on", true), ("off", false)] {
        let row = format!("type,member,history\ndirect-message,a@example.com,{history}\n");
        std::fs::write(sandbox.path("direct.csv"), row).unwrap();
        let run = sandbox.run(["spaces", "create", "--from", sandbox.path("direct.csv").to_str().unwrap()]).success();
        assert_eq!(run.stderr.contains(", which differs in --history. "), differs, "{}", run.stderr);
    }
    let with_app = ["spaces", "create", "--type", "direct-message", "--member", "app"];
    assert_eq!(sandbox.run(with_app).success().json()["singleUserBotDm"], true);
}

#[test]
fn an_update_that_waits_for_quota_half_way_is_finished_by_the_command_of_its_hint() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let space = sandbox.name_of(&["spaces", "create", "--name", "A"]);
    sandbox.control().add_fault("update:status=429,retry-after=100,after=1,times=1".parse().unwrap());
    let changes = ["--name", "B", "--history", "off", "--audience", "default", "--format", "json"];
    let error = sandbox.run([&["spaces", "update", &space][..], &changes].concat()).exits_with(6).error();
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with("; updated before that: display_name; not tried: access_settings.audience"), "{error}");
    let hint = error["hint"].as_str().unwrap();
    let command = hint.strip_prefix("retry in 100 s, as the server asks; to finish, run ");
    sandbox.paste(command.unwrap_or_else(|| panic!("{hint}"))).success();
    assert_eq!(sandbox.control().spaces()[0]["accessSettings"]["audience"], "audiences/default");
    // Where the login ends, logging in comes first.
    sandbox.control().add_fault("update:status=401,after=1,times=2".parse().unwrap());
    let words = [&["spaces", "update", &space][..], &changes, &["--no-input"]].concat();
    let error = sandbox.run(words).exits_with(4).error();
    let hint = error["hint"].as_str().unwrap();
    let (login, update) = hint.split_once("; to finish, run ").unwrap_or_else(|| panic!("{hint}"));
    assert!(login.contains(" auth login ") && update.contains(" spaces update "), "{hint}");
}

#[test]
fn a_name_is_used_once_by_those_who_say_so() {
    let sandbox = Sandbox::with(Options { unique_names: true, ..Options::default() });
    let words = ["spaces", "create", "--name", "Team", "--if-exists", "reuse"];
    let first = sandbox.name_of(&words);
    assert_eq!(sandbox.name_of(&words), first);
    assert_eq!(sandbox.control().spaces().len(), 1);
    let taken = sandbox.run(["spaces", "create", "--name", "Team", "--format", "json"]).exits_with(5);
    assert_eq!(taken.error()["code"], "already_exists");
    assert!(taken.error()["hint"].as_str().unwrap().contains("--if-exists reuse"));
}

#[test]
fn a_name_is_the_same_in_composed_and_decomposed_letters_and_with_blanks_around_it() {
    let bulk = Bulk::logged_in("name\nA\nCafe\u{301} 3\n\u{20}Caf\u{e9} 3\n").with("--if-exists reuse");
    let spaces = |name: &str| {
        bulk.sandbox.name_of(&["spaces", "create", "--name", name, "--if-exists", "reuse"]);
        bulk.sandbox.control().spaces().len()
    };
    assert_eq!((spaces("Caf\u{e9}"), spaces("Cafe\u{301}")), (1, 1));
    bulk.fault("create:delay=200ms");
    bulk.run().success();
    assert_eq!(spaces("Caf\u{e9} 3"), 3);
    // A key brings back the space without a warning about its name.
    let words = |name| ["spaces", "create", "--name", name, "--idempotency-key", "k"];
    bulk.sandbox.run(words("Caf\u{e9} 2")).success();
    let again = bulk.sandbox.run(words("Cafe\u{301} 2")).success();
    assert!(!again.stderr.contains("which is named"), "{}", again.stderr);
}

/// The names and roles of the members of a space, but for its creator; groups have no role.
fn people(sandbox: &Sandbox, space: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let members = sandbox.control().members(space);
    let mut people: Vec<(String, String)> = members
        .iter()
        .map(|member| match &member["groupMember"]["name"] {
            Value::Null => (text(&member["member"]["email"]), text(&member["role"])),
            group => (text(group), String::new()),
        })
        .filter(|(name, _)| name != ACCOUNT)
        .collect();
    people.sort();
    people
}

#[test]
fn the_commands_for_the_skipped_members_of_a_reused_space_add_everyone_when_pasted() {
    let sandbox = Sandbox::new();
    let login = "auth login --scope chat.spaces.create --scope chat.spaces.readonly --scope chat.memberships";
    sandbox.run(login.split(' ')).success();
    let space = sandbox.name_of(&["spaces", "create", "--name", "Team"]);
    let options =
        "--member zed@example.com --group g --manager m@example.com --owner o@example.com --member m@example.com";
    let words: Vec<&str> = "spaces create --name Team --if-exists reuse".split(' ').chain(options.split(' ')).collect();
    let commands = |more: &[String]| {
        let reused = sandbox.run(words.iter().copied().chain(more.iter().map(String::as_str))).success();
        assert_eq!(reused.json()["name"], space);
        assert_eq!(people(&sandbox, &space), [], "a reused space stays as it is");
        reused.stderr.split_once("warning: skipped the members. To add them, run ").unwrap().1.to_owned()
    };
    // Also those who do not fit into the request that creates a space.
    let crowd: Vec<String> = (0..50).map(|number| format!("--member=p{number}@example.com")).collect();
    let for_crowd = commands(&crowd);
    assert!((0..50).all(|number| for_crowd.contains(&format!(" p{number}@example.com "))), "{for_crowd}");
    sandbox.paste(&commands(&[])).success();
    let expected = [
        ("groups/g", ""),
        ("m@example.com", "ROLE_ASSISTANT_MANAGER"),
        ("o@example.com", "ROLE_MANAGER"),
        ("zed@example.com", "ROLE_MEMBER"),
    ];
    assert_eq!(people(&sandbox, &space), expected.map(|(name, role)| (name.to_owned(), role.to_owned())));
}

#[test]
fn a_space_lives_from_its_creation_to_its_deletion() {
    let sandbox = Sandbox::new();
    let scopes = ["chat.spaces", "chat.memberships", "chat.delete"];
    let words: Vec<&str> =
        ["auth", "login"].into_iter().chain(scopes.iter().flat_map(|scope| ["--scope", scope])).collect();
    sandbox.run(words).success();
    let members = ["--manager", "m@example.com", "--owner", "o@example.com"];
    let space = sandbox.name_of(&[&["spaces", "create", "--name", "Team", "--guidelines", "g"][..], &members].concat());
    let run = |words: &[&str]| sandbox.run([words, &["--no-input"]].concat()).success();

    let listed = run(&["members", "list", &space]).json();
    let roles: Vec<&str> = listed.as_array().unwrap().iter().filter_map(|member| member["role"].as_str()).collect();
    assert_eq!(roles.iter().filter(|role| **role == "ROLE_ASSISTANT_MANAGER").count(), 1, "{listed}");
    assert_eq!(roles.iter().filter(|role| **role == "ROLE_MANAGER").count(), 2, "{listed}");

    let updated = run(&["spaces", "update", &space, "--name", "Band", "--description", "d", "--history", "on"]).json();
    assert_eq!(updated["displayName"], "Band");
    assert_eq!(updated["spaceDetails"]["guidelines"], "g", "only the description was to change: {updated}");
    assert_eq!(updated["spaceHistoryState"], "HISTORY_ON");

    let file = sandbox.path("space.json");
    std::fs::write(&file, run(&["spaces", "get", &space]).stdout).unwrap();
    let copied = run(&["spaces", "create", "--json", file.to_str().unwrap(), "--name", "Copy"]);
    assert!(
        copied.stderr.contains("cannot be set here: ") && copied.stderr.contains("permissionSettings"),
        "{}",
        copied.stderr
    );
    assert_eq!(copied.json()["spaceDetails"], updated["spaceDetails"]);

    run(&["members", "add", &space, "ada@example.com"]);
    assert_eq!(
        run(&["members", "update", &space, "ada@example.com", "--role", "manager"]).json()["role"],
        "ROLE_ASSISTANT_MANAGER"
    );
    run(&["members", "remove", &space, "ada@example.com"]);
    sandbox.run(["members", "get", &space, "ada@example.com", "--no-input"]).exits_with(5);

    let found = run(&["spaces", "search", "Band", "--format", "name"]);
    assert_eq!(found.stdout.trim(), space);
    run(&["spaces", "delete", &space, "--yes"]);
    sandbox.run(["spaces", "get", &space, "--no-input"]).exits_with(5);
}

#[test]
fn a_direct_message_is_found_once_there_is_one() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces"]).success();
    let missing = sandbox.run(["spaces", "find-dm", "ada@example.com", "--no-input"]).exits_with(5);
    assert!(
        missing.stderr.contains("spaces create --type direct-message --member ada@example.com"),
        "{}",
        missing.stderr
    );
    let own = sandbox.run(["spaces", "find-dm", ACCOUNT]).exits_with(5);
    assert!(!own.stderr.contains("spaces create"), "nobody starts one with themselves: {}", own.stderr);
    let made = sandbox.name_of(&["spaces", "create", "--type", "direct-message", "--member", "ada@example.com"]);
    assert_eq!(sandbox.name_of(&["spaces", "find-dm", "ada@example.com"]), made);
}

#[test]
fn administrators_act_on_spaces_that_they_are_no_member_of_and_others_are_told_why_not() {
    let admin = "root@example.com";
    let users = vec![User::new("emulator@example.com"), User::new(admin)];
    let sandbox = Sandbox::with(Options { users, admins: vec![admin.into()], ..Options::default() });
    sandbox.log_in();
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"]);
    let get = ["spaces", "get", &space, "--use-admin-access"];
    let refused = sandbox.run([&get[..], &["--account", "emulator@example.com"]].concat()).exits_with(5);
    assert!(refused.stderr.contains("Manage Chat and Spaces conversations"), "{}", refused.stderr);
    sandbox.run(["auth", "login", "--account", admin, "--scope", "chat.admin.spaces.readonly"]).success();
    let shown = sandbox.run([&get[..], &["--account", admin, "--no-input"]].concat()).success();
    assert_eq!(shown.json()["displayName"], "x");
    let found = sandbox.run(["spaces", "search", "x", "--use-admin-access", "--account", admin, "--format", "name"]);
    assert_eq!(found.success().stdout.trim(), space);
}
