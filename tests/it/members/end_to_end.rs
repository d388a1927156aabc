//! Members against the emulator: who is in a new space in the end, and who was left out.

use std::fs;

use chatauth::emulator::{Endpoint, Names, Options};
use serde_json::Value;

use crate::support::bulk::{results, statuses};
use crate::support::sandbox::Sandbox;
use crate::support::service_account::key_file;
use crate::support::stage::ACCOUNT;

/// A login for members, and a space with these people.
fn space_with(people: &[&str]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.memberships"]).success();
    let members = people.iter().flat_map(|user| ["--member", user]);
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"].into_iter().chain(members).collect::<Vec<_>>());
    (sandbox, space)
}

/// The role of a member.
fn role_of(sandbox: &Sandbox, space: &str, user: &str) -> String {
    let members = sandbox.control().members(space);
    let member = members.iter().find(|member| member["member"]["email"] == user);
    member.map(|member| member["role"].as_str().unwrap().to_owned()).unwrap_or_default()
}

#[test]
fn who_was_added_without_their_role_is_named_with_the_command_that_sets_it() {
    let (sandbox, space) = space_with(&["old@example.com"]);
    let add = |users: &[&str], role: &str| {
        sandbox.control().add_fault("update-member:status=403,reason=PERMISSION_DENIED,times=1".parse().unwrap());
        let words = [&["members", "add", &space][..], users, &["--role", role, "--format", "json"]].concat();
        sandbox.run(words).exits_with(5).error()
    };
    let command = |error: &Value| error["hint"].as_str().unwrap().split_once(", run ").unwrap().1.to_owned();
    for (users, role, given) in [
        (&["p@example.com"][..], "manager", "ROLE_ASSISTANT_MANAGER"),
        (&["q@example.com", "r@example.com"], "owner", "ROLE_MANAGER"),
    ] {
        let error = add(users, role);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("{} was added, but cannot change the role", users[0])), "{message}");
        assert!(error.get("outcome").is_none(), "{error}");
        assert_eq!(role_of(&sandbox, &space, users[0]), "ROLE_MEMBER");
        assert!(command(&error).contains(&format!("members update {space} {}", users[0])), "{error}");
        sandbox.paste(&command(&error)).success();
        for user in users {
            assert_eq!(role_of(&sandbox, &space, user), given, "{user}");
        }
    }
    // Nothing has changed for a member of before.
    let error = add(&["old@example.com"], "manager");
    assert!(error["message"].as_str().unwrap().starts_with("cannot change the role"), "{error}");
    assert_eq!(error["outcome"], "not_applied");
}

#[test]
fn a_failure_of_some_members_never_says_that_nothing_was_applied() {
    let (sandbox, space) = space_with(&["ada@example.com", "bob@example.com"]);
    let remove = |users: &[&str]| {
        let words = [&["members", "remove", &space][..], users, &["--format", "json"]].concat();
        sandbox.run(words).exits_with(5).error()
    };
    assert_eq!(remove(&["x@example.com", "y@example.com"])["outcome"], "not_applied");
    assert!(remove(&["x@example.com", "ada@example.com"]).get("outcome").is_none());
    sandbox.control().add_fault("remove-member:status=503,retry-after=600,after=1".parse().unwrap());
    let words = ["members", "remove", &space, "x@example.com", "bob@example.com", "--format", "json"];
    assert_eq!(sandbox.run(words).exits_with(6).error()["outcome"], "unknown");
}

#[test]
fn rows_of_people_give_roles_and_print_the_memberships_of_the_server() {
    let (sandbox, space) = space_with(&["old@example.com", "boss@example.com", "peer@example.com"]);
    sandbox.run(["members", "update", &space, "boss@example.com", "--role", "manager"]).success();
    let rows = "member,role\nm@example.com,manager\nn@example.com,member\nold@example.com,\nboss@example.com,member\n\
                peer@example.com,member\n";
    fs::write(sandbox.path("rows.csv"), rows).unwrap();
    let words = ["members", "add", &space, "--from", "rows.csv", "--journal", "j.jsonl", "--format", "jsonl"];
    let run = sandbox.run(words).success();
    assert_eq!(statuses(&run.stdout), ["added", "added", "existing", "existing", "existing"]);
    let first = results(&run.stdout);
    let roles: Vec<&Value> = first.iter().map(|row| &row["membership"]["role"]).collect();
    let expected = ["ROLE_ASSISTANT_MANAGER", "ROLE_MEMBER", "", "ROLE_MEMBER", "ROLE_MEMBER"];
    for (index, role) in expected.into_iter().enumerate().filter(|(index, _)| *index != 2) {
        assert_eq!(*roles[index], role, "{}", run.stdout);
    }
    // The server sent no membership, so there is none.
    assert!(first[2].get("membership").is_none(), "{}", run.stdout);
    assert_eq!(first[2]["name"], format!("{space}/members/old@example.com"));
    for (user, role) in [
        ("m@example.com", "ROLE_ASSISTANT_MANAGER"),
        ("n@example.com", "ROLE_MEMBER"),
        ("boss@example.com", "ROLE_MEMBER"),
    ] {
        assert_eq!(role_of(&sandbox, &space, user), role, "{user}");
    }
    let again = results(&sandbox.run(words).success().stdout);
    for (again, first) in again.iter().zip(&first) {
        assert_eq!((&again["status"], &again["membership"]), (&Value::from("skipped"), &first["membership"]));
    }
    // One who has the role already costs no write.
    let updates = sandbox.control().requests_to(Endpoint::UpdateMember);
    assert_eq!(updates.len(), 3);
}

#[test]
fn the_csv_of_one_member_has_the_columns_and_values_of_a_list() {
    let (sandbox, space) = space_with(&["ada@example.com"]);
    let csv = |words: &[&str]| {
        let words = [&["members", words[0], &space][..], &words[1..], &["--format", "csv"]].concat();
        sandbox.run(words).success().stdout
    };
    let list = csv(&["list"]);
    let header = list.lines().next().unwrap();
    let ada = list.lines().find(|line| line.contains("ada@example.com")).unwrap();
    assert_eq!(csv(&["get", "ada@example.com"]), format!("{header}\n{ada}\n"));
    assert_eq!(csv(&["add", "ada@example.com"]), format!("{header}\n{ada}\n"));
    let owner = ada.replace("ROLE_MEMBER", "ROLE_MANAGER");
    assert_eq!(csv(&["update", "ada@example.com", "--role", "owner"]), format!("{header}\n{owner}\n"));
    assert_eq!(csv(&["remove", "ada@example.com"]), format!("{header}\n{owner}\n"));
}

#[test]
fn a_role_for_one_person_and_in_a_row_do_the_same() {
    for (before, role) in [("manager", "member"), ("owner", "manager"), ("member", "owner"), ("member", "member")] {
        let (sandbox, space) = space_with(&["a@example.com", "b@example.com"]);
        for user in ["a@example.com", "b@example.com"] {
            sandbox.run(["members", "update", &space, user, "--role", before]).success();
        }
        sandbox.run(["members", "add", &space, "a@example.com", "--role", role]).success();
        fs::write(sandbox.path("rows.csv"), format!("member,role\nb@example.com,{role}\n")).unwrap();
        sandbox.run(["members", "add", &space, "--from", "rows.csv"]).success();
        let roles = ["a@example.com", "b@example.com"].map(|user| role_of(&sandbox, &space, user));
        assert_eq!(roles[0], roles[1], "{before} {role}");
    }
}

#[test]
fn nobody_loses_a_higher_role_of_their_own_unless_they_order_it() {
    let (sandbox, space) = space_with(&["peer@example.com"]);
    let own = |space: &str| role_of(&sandbox, space, ACCOUNT);
    let words = ["spaces", "create", "--name", "x", "--manager", ACCOUNT, "--manager", "bob@example.com"];
    let created = sandbox.run(words).success();
    let name = created.json()["name"].as_str().unwrap().to_owned();
    assert_eq!(
        (own(&name), role_of(&sandbox, &name, "bob@example.com")),
        ("ROLE_MANAGER".into(), "ROLE_ASSISTANT_MANAGER".into())
    );
    let said = format!("warning: skipped the role of {ACCOUNT}, who is already owner. To lower it, run ");
    assert!(created.stderr.contains(&said), "{}", created.stderr);
    fs::write(sandbox.path("classes.csv"), format!("name,manager\nA,{ACCOUNT};bob@example.com\n")).unwrap();
    let row = sandbox.run(["spaces", "create", "--from", "classes.csv", "--format", "name"]).success().stdout;
    assert_eq!(own(row.trim()), "ROLE_MANAGER");

    let added = sandbox.run(["members", "add", &space, ACCOUNT, "--role", "manager"]).success();
    assert!(added.stderr.contains(&said), "{}", added.stderr);
    let rows = format!("member,role\npeer@example.com,owner\n{ACCOUNT},member\n");
    fs::write(sandbox.path("rows.csv"), rows).unwrap();
    let added = sandbox.run(["members", "add", &space, "--from", "rows.csv", "--format", "jsonl"]).success();
    assert!(added.stderr.contains(&said), "{}", added.stderr);
    assert_eq!(results(&added.stdout)[1]["membership"]["role"], "ROLE_MANAGER");
    assert_eq!(own(&space), "ROLE_MANAGER");
    // A ready token does not tell whose it is.
    let token = sandbox.run(["auth", "token"]).success().stdout;
    let mut command = sandbox.command(["members", "add", &space, "--from", "rows.csv"]);
    command.env("CHATAUTH_ACCESS_TOKEN", token.trim());
    sandbox.finish(command).success();
    assert_eq!(own(&space), "ROLE_MANAGER");
    // A member of before is looked up once.
    sandbox.control().clear_requests();
    fs::write(sandbox.path("rows.csv"), "member,role\npeer@example.com,manager\n").unwrap();
    sandbox.run(["members", "add", &space, "--from", "rows.csv"]).success();
    let looked_up = sandbox.control().requests_to(Endpoint::Members);
    assert_eq!(looked_up.len(), 1, "{looked_up:?}");
    let line = added.stderr.split_once(&said).unwrap().1.lines().next().unwrap();
    sandbox.paste(line).success();
    assert_eq!(own(&space), "ROLE_MEMBER");
}

#[test]
fn a_member_of_before_is_one_also_where_the_server_does_not_say_so() {
    // The first attempt adds nobody and gets no answer, or the answer is the membership that was there.
    for (return_existing_member, fault) in [(false, Some("add-member:drop-before,times=1")), (true, None)] {
        let sandbox = Sandbox::with(Options { return_existing_member, ..Options::default() });
        sandbox.run(["auth", "login", "--scope", "manage"]).success();
        let space = sandbox.name_of(&["spaces", "create", "--name", "x", "--manager", "bob@example.com"]);
        let own = sandbox.control().members(&space)[0]["member"]["name"].as_str().unwrap().to_owned();
        for (id, role, kept) in
            [(own.as_str(), "manager", "ROLE_MANAGER"), ("bob@example.com", "member", "ROLE_MEMBER")]
        {
            fs::write(sandbox.path("rows.csv"), format!("member,role\n{id},{role}\n")).unwrap();
            for words in
                [&["members", "add", &space, id, "--role", role][..], &["members", "add", &space, "--from", "rows.csv"]]
            {
                if let Some(fault) = fault {
                    sandbox.control().add_fault(fault.parse().unwrap());
                }
                sandbox.run(words).success();
                let user = if id == own { ACCOUNT } else { id };
                assert_eq!(role_of(&sandbox, &space, user), kept, "{fault:?} {words:?}");
                sandbox.run(["members", "update", &space, "bob@example.com", "--role", "manager"]).success();
            }
        }
    }
}

#[test]
fn what_adds_the_members_of_a_reused_space_lowers_nobody_from_the_only_owner() {
    let (sandbox, _) = space_with(&[]);
    let words = ["spaces", "create", "--name", "x", "--if-exists", "reuse"];
    let people = ["--manager", ACCOUNT, "--manager", "bob@example.com", "--owner", "cy@example.com"];
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let reused = sandbox.run(words.iter().chain(&people)).success();
    let commands = reused.stderr.split_once("To add them, run ").unwrap().1.lines().next().unwrap();
    sandbox.paste(commands).success();
    let space = reused.json()["name"].as_str().unwrap().to_owned();
    let roles = [ACCOUNT, "bob@example.com", "cy@example.com"].map(|user| role_of(&sandbox, &space, user));
    assert_eq!(roles, ["ROLE_MANAGER", "ROLE_ASSISTANT_MANAGER", "ROLE_MANAGER"], "{commands}");
}

#[test]
fn a_create_lowers_no_role_of_a_space_that_a_key_brings_back() {
    let (sandbox, _) = space_with(&[]);
    let words = ["spaces", "create", "--name", "x", "--idempotency-key", "k"];
    let space = sandbox.name_of(&[&words[..], &["--owner", "bob@example.com"]].concat());
    assert_eq!(sandbox.name_of(&[&words[..], &["--manager", "bob@example.com"]].concat()), space);
    assert_eq!(role_of(&sandbox, &space, "bob@example.com"), "ROLE_MANAGER");
}

#[test]
fn a_service_account_keeps_the_role_of_the_user_that_it_acts_for() {
    for names in [Names::Known, Names::None] {
        let sandbox = Sandbox::with(Options { names, ..Options::default() });
        let key = key_file(&sandbox, &format!("{}/token", sandbox.origin()));
        let run = |words: &[&str]| {
            let mut command = sandbox.command(words);
            command.arg("--service-account").arg(&key).args(["--impersonate", ACCOUNT]);
            sandbox.finish(command).success()
        };
        let space = run(&["spaces", "create", "--name", "x", "--format", "name"]).stdout;
        let added = run(&["members", "add", space.trim(), ACCOUNT, "--role", "member"]);
        assert!(added.stderr.contains("skipped the role of "), "{}", added.stderr);
        let members = sandbox.control().members(space.trim());
        assert_eq!(members[0]["role"], "ROLE_MANAGER", "{names:?}: {members:?}");
    }
}

#[test]
fn a_create_in_import_mode_may_be_repeated() {
    let sandbox = Sandbox::new();
    let key = key_file(&sandbox, &format!("{}/token", sandbox.origin()));
    let words = ["spaces", "create", "--name", "x", "--import-mode", "--manager", "bob@example.com"];
    let run = || {
        let mut command = sandbox.command(words.iter().chain(&["--idempotency-key", "k", "--format", "name"]));
        command.arg("--service-account").arg(&key).args(["--impersonate", ACCOUNT]);
        sandbox.finish(command).success().stdout
    };
    let space = run();
    assert_eq!(run(), space);
    assert_eq!(role_of(&sandbox, space.trim(), "bob@example.com"), "ROLE_ASSISTANT_MANAGER");
}

#[test]
fn an_administrator_lists_members_of_several_roles() {
    let options = Options { admins: vec![ACCOUNT.into()], ..Options::default() };
    let sandbox = Sandbox::with(options);
    let scopes = ["--scope", "manage", "--scope", "chat.admin.memberships.readonly"];
    sandbox.run(["auth", "login"].iter().chain(&scopes)).success();
    let words = ["spaces", "create", "--name", "x", "--manager", "bob@example.com", "--member", "ada@example.com"];
    let space = sandbox.name_of(&words);
    let list = ["members", "list", &space, "--role", "owner", "--role", "manager", "--jq", ".[].member.email"];
    let expected = format!("{ACCOUNT}\nbob@example.com\n");
    assert_eq!(sandbox.run(list).success().stdout, expected);
    assert_eq!(sandbox.run(list.iter().chain(&["--use-admin-access"])).success().stdout, expected);
    let filter =
        ["--filter", "role = \"ROLE_MANAGER\" OR role = \"ROLE_MEMBER\"", "--use-admin-access", "--format", "name"];
    let listed = sandbox.run(["members", "list", &space].iter().chain(&filter)).success().stdout;
    assert_eq!(listed.lines().count(), 2);
}

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
fn members_who_are_not_in_a_space_that_a_key_brings_back_can_be_added() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let id = ["--request-id", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"];
    for own_id in [["--idempotency-key", "k"], id] {
        let create = ["spaces", "create", "--name", "K", own_id[0], own_id[1], "--member", "m1@b.c"];
        let space = sandbox.name_of(&create);
        let run = sandbox.run(create.iter().chain(&["--member", "m2@b.c", "--group", "01abc"])).success();
        let warning = format!("are not in {space}, which this command may not have created");
        assert!(run.stderr.contains(&format!("m2@b.c, 01abc {warning}")), "{}", run.stderr);
        assert!(run.stderr.ends_with(&format!(" members add {space} m2@b.c --group 01abc\n")), "{}", run.stderr);
        assert!(!run.stderr.contains("Google did not add"), "{}", run.stderr);

        // A manager who is not there is added with their role.
        let run = sandbox.run(create.iter().chain(&["--manager", "m3@b.c"])).exits_with(5);
        let hint = run.stderr.split("to finish, run ").nth(1).unwrap();
        assert!(hint.ends_with(&format!(" members add {space} m3@b.c --role manager\n")), "{hint}");
    }
    let rows = |members: &str| {
        fs::write(sandbox.path("rows.csv"), format!("name,idempotency-key,member\nR,r,{members}\nN,,m2@b.c\n"))
            .unwrap();
        sandbox.run(["spaces", "create", "--from", "rows.csv", "--rate", "unlimited", "--format", "jsonl"]).success()
    };
    rows("m1@b.c");
    let run = rows("m1@b.c;m2@b.c");
    assert!(run.stderr.contains("m2@b.c is not in spaces/"), "{}", run.stderr);
    assert_eq!(run.stderr.matches(" not in ").count(), 1, "the row without a key is as before: {}", run.stderr);
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
    let auto_accept_off = ["ada", "bob", "eve"].map(|name| format!("{name}@example.com")).to_vec();
    let sandbox = Sandbox::with(Options { auto_accept_off, ..Options::default() });
    sandbox.run(["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.memberships"]).success();
    let made = sandbox.run(["spaces", "create", "--name", "x", "--member", "ada@example.com"]).success();
    assert!(made.stderr.contains(", not members until they accept: ada@example.com"), "{}", made.stderr);
    let space = made.json()["name"].as_str().unwrap().to_owned();
    let again = sandbox.run(["members", "add", &space, "ada@example.com"]).success().stderr;
    assert!(again.contains("ada@example.com is already invited, and not a member until they accept"), "{again}");
    let hint =
        |words: &[&str]| sandbox.run(words.iter().chain(&["--format", "json"])).exits_with(5).error()["hint"].clone();
    for hint in [
        hint(&["members", "add", &space, "ada@example.com", "--role", "manager"]),
        hint(&["spaces", "create", "--name", "y", "--manager", "ada@example.com"]),
    ] {
        let hint = hint.as_str().unwrap();
        assert!(hint.starts_with("once they have accepted, run "), "{hint}");
        assert!(hint.contains(" ada@example.com --role manager"), "{hint}");
    }
    // The same of somebody who is invited by this command, whoever else is added.
    let words = ["members", "add", &space, "bob@example.com", "cy@example.com", "--role", "manager"];
    let error = sandbox.run(words.iter().chain(&["--format", "json"])).exits_with(5).error();
    fs::write(sandbox.path("rows.csv"), "member,role\neve@example.com,manager\n").unwrap();
    let row = sandbox.run(["members", "add", &space, "--from", "rows.csv", "--format", "jsonl"]).exits_with(7);
    // Two of them are both named, whether the command invites them or finds them invited.
    let both =
        ["members", "add", &space, "bob@example.com", "eve@example.com", "--role", "manager", "--format", "json"];
    let again = sandbox.run(both).exits_with(5).error()["hint"].as_str().unwrap().to_owned();
    let (waits, command) = again.split_once(", run ").unwrap();
    assert_eq!(waits, "once they have accepted");
    assert!(command.contains("add") && command.contains("bob@") && command.contains("eve@"), "{command}");
    for (error, user) in [(&error, "bob"), (&results(&row.stdout)[0]["error"], "eve")] {
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("{user}@example.com was invited, but cannot")), "{message}");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.starts_with("once they have accepted, run ") && hint.contains("members update"), "{hint}");
    }
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

#[test]
fn a_warning_about_members_of_a_row_names_the_space() {
    let (unaddable, auto_accept_off) = (vec!["ua@example.com".into()], vec!["inv@example.com".into()]);
    let sandbox = Sandbox::with(Options { unaddable, auto_accept_off, ..Options::default() });
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let rows = "name,member\nA,ua@example.com\nB,ua@example.com;inv@example.com\nC,inv@example.com\n";
    fs::write(sandbox.path("rows.csv"), rows).unwrap();
    let made = sandbox.run(["spaces", "create", "--from", "rows.csv", "--rate", "unlimited", "--format", "jsonl"]);
    let made = made.success();
    let spaces: Vec<Value> = results(&made.stdout).into_iter().map(|row| row["space"]["name"].clone()).collect();
    for (text, warned) in [("did not add ua@example.com to", [true, true, false]), ("invited to", [false, true, true])]
    {
        for (space, warned) in spaces.iter().zip(warned) {
            let named = format!("{text} {}", space.as_str().unwrap());
            assert_eq!(made.stderr.contains(&named), warned, "{named}: {}", made.stderr);
        }
    }
}

#[test]
fn a_quota_that_ends_a_command_for_several_says_who_was_not_tried_and_when_to_retry() {
    let (sandbox, space) = space_with(&["b@example.com", "c@example.com", "d@example.com"]);
    sandbox.control().add_fault("remove-member:status=429,retry-after=3600,after=1".parse().unwrap());
    let people = ["x@example.com", "b@example.com", "c@example.com", "d@example.com"];
    let words = [&["members", "remove", &space][..], &people, &["--format", "json"]].concat();
    let error = sandbox.run(words).exits_with(6).error();
    assert_eq!((&error["code"], &error["outcome"]), (&"rate_limited".into(), &"not_applied".into()));
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("2 of 4 failed: x@example.com: cannot remove the member: "), "{message}");
    assert!(message.ends_with("; 2 not tried"), "{message}");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.starts_with("retry in 60 min, as the server asks; to finish, run "), "{hint}");
    let command = format!("chatauth members remove {space} b@example.com c@example.com d@example.com");
    assert!(hint.ends_with(&command), "{hint}");

    // The role of one who was just added.
    sandbox.control().add_fault("update-member:status=429,retry-after=3600".parse().unwrap());
    let words = ["members", "add", &space, "p@example.com", "--role", "owner", "--format", "json"];
    let error = sandbox.run(words).exits_with(6).error();
    assert!(
        error["hint"].as_str().unwrap().starts_with("retry in 60 min, as the server asks; to finish, run"),
        "{error}"
    );
}

#[test]
fn a_quota_that_ends_the_later_steps_of_a_create_says_who_was_not_tried_and_when_to_retry() {
    let sandbox = Sandbox::with(Options { unresolvable: vec!["u48@example.com".into()], ..Options::default() });
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    sandbox.control().add_fault("add-member:status=429,retry-after=3600,after=2".parse().unwrap());
    let members: Vec<String> = (0..53).map(|id| format!("--member=u{id}@example.com")).collect();
    let words = ["spaces", "create", "--name", "x", "--owner", "o@example.com", "--format", "json"];
    let failed = sandbox.run(words.iter().copied().chain(members.iter().map(String::as_str))).exits_with(6);
    let error = failed.error();
    assert_eq!(error["code"], "rate_limited");
    assert!(error.get("outcome").is_none(), "{error}");
    assert!(error["message"].as_str().unwrap().ends_with("; 3 not tried"), "two members and a role: {error}");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.starts_with("retry in 60 min, as the server asks; to finish, run "), "{hint}");
    let command = "u48@example.com u50@example.com u51@example.com u52@example.com && ";
    assert!(hint.contains(command) && hint.ends_with("o@example.com --role owner"), "{hint}");
}

#[test]
fn who_removes_themselves_with_others_leaves_last() {
    for by_id in [false, true] {
        let (sandbox, space) = space_with(&["ada@example.com", "bob@example.com"]);
        let members = sandbox.control().members(&space);
        let own = members.iter().find(|member| member["member"]["email"] == ACCOUNT).unwrap();
        let own = if by_id { own["name"].as_str().unwrap() } else { "Emulator@Example.com" };
        sandbox.run(["members", "remove", &space, "ada@example.com", own, "bob@example.com"]).success();
        assert!(sandbox.control().members(&space).is_empty());
    }
}

#[test]
fn a_lost_answer_about_a_right_of_their_own_leads_to_a_look_at_the_member() {
    for (words, fault, looked) in [
        (&["members", "update", "--role", "member"][..], "update-member", Some("ROLE_MEMBER")),
        (&["members", "remove"], "remove-member", None),
    ] {
        let (sandbox, space) = space_with(&["ada@example.com"]);
        sandbox.run(["members", "update", &space, "ada@example.com", "--role", "owner"]).success();
        sandbox.control().add_fault(format!("{fault}:drop-after,times=1").parse().unwrap());
        let words = [words, &[&space, ACCOUNT, "--format", "json"]].concat();
        let error = sandbox.run(words).exits_with(5).error();
        assert_eq!((&error["code"], &error["outcome"]), (&"permission_denied".into(), &"unknown".into()), "{error}");
        let hint = error["hint"].as_str().unwrap();
        let look = hint.strip_prefix("to see whether it was applied, run ").unwrap_or_else(|| panic!("{hint}"));
        let look = sandbox.paste(look);
        match looked {
            Some(role) => assert_eq!(look.success().json()["role"], role),
            None => drop(look.exits_with(5)),
        }
    }
}

#[test]
fn nobody_is_told_to_leave_a_space_again_after_a_lost_answer() {
    let (sandbox, space) = space_with(&[]);
    sandbox.control().add_fault("remove-member:drop-after,times=1,after=1".parse().unwrap());
    let words = ["members", "remove", &space, "nope@example.com", ACCOUNT, "--format", "json"];
    let error = sandbox.run(words).exits_with(5).error();
    assert!(error["message"].as_str().unwrap().starts_with("2 of 2 failed: "), "{error}");
    assert!(!error.to_string().contains("chatauth members remove"), "{error}");

    let (sandbox, space) = space_with(&[]);
    sandbox.control().add_fault("remove-member:drop-after,times=1".parse().unwrap());
    fs::write(sandbox.path("rows.csv"), format!("member\n{ACCOUNT}\n")).unwrap();
    let rows = sandbox.path("rows.csv");
    let failed = sandbox.run(["members", "remove", &space, "--format", "json", "--from", rows.to_str().unwrap()]);
    assert!(failed.stdout.contains(r#""hint":"to see whether it was applied, run "#), "{}", failed.stdout);
}

#[test]
fn a_group_is_removed_by_the_name_of_its_membership_which_the_refusal_shows() {
    let (sandbox, space) = space_with(&["ada@example.com"]);
    sandbox.run(["members", "add", &space, "--group", "g1"]).success();
    for verb in ["update", "remove", "get"] {
        let role = if verb == "update" { &["--role", "manager"][..] } else { &[] };
        let refused = sandbox.run(["members", verb, &space, "groups/g1"].iter().chain(role)).exits_with(2);
        let (_, list) = refused.stderr.trim_end().split_once("this command lists: ").unwrap();
        let members: Value = sandbox.paste(&format!("{list} --format json")).success().json();
        let group = members.as_array().unwrap().iter().find(|one| one["groupMember"]["name"] == "groups/g1").unwrap();
        let name = group["name"].as_str().unwrap();
        sandbox.run(["members", "get", &space, name]).success();
        if verb == "get" {
            let space_alone = sandbox.run(["members", "get", &space, &space]).exits_with(2);
            assert!(space_alone.stderr.contains("is not an email address or user ID"), "{}", space_alone.stderr);
            sandbox.run(["members", "remove", &space, name]).success();
        }
    }
    assert_eq!(sandbox.control().members(&space).len(), 2);
}
