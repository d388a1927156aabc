//! What `list` writes is what `--from` reads; every verb has its rows; a journal belongs to one run.

use std::fs;

use serde_json::{Value, json};

use crate::support::bulk::{Bulk, names, results, statuses};
use crate::support::sandbox::{Finished, Sandbox};

const SCOPES: [&str; 4] = ["chat.spaces", "chat.memberships", "chat.delete", "chat.spaces.create"];

/// A sandbox with the spaces A and B, each with two members besides the caller.
fn stage() -> Sandbox {
    let sandbox = Sandbox::new();
    let login = ["auth", "login"].into_iter().chain(SCOPES.iter().flat_map(|scope| ["--scope", scope]));
    sandbox.run(login).success();
    for name in ["A", "B"] {
        let words = ["spaces", "create", "--name", name, "--member", "ada@example.com", "--member", "bob@example.com"];
        sandbox.run(words).success();
    }
    sandbox
}

fn run(sandbox: &Sandbox, words: &str) -> Finished {
    sandbox.run(words.split(' ').chain(["--rate", "unlimited", "--no-input"]))
}

/// Writes what a command prints into a file.
fn save(sandbox: &Sandbox, words: &str, file: &str) {
    let printed = sandbox.run(words.split(' ')).success();
    fs::write(sandbox.path(file), printed.stdout).unwrap();
}

fn displayed(sandbox: &Sandbox) -> Vec<String> {
    let spaces = sandbox.control().spaces();
    let mut names: Vec<String> = spaces.iter().map(|space| space["displayName"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn listed_spaces_are_deleted_in_every_format() {
    for format in ["csv", "jsonl", "name"] {
        let sandbox = stage();
        save(&sandbox, &format!("spaces list --format {format}"), "list");
        let deleted = run(&sandbox, "spaces delete --yes --from list --format jsonl").success();
        assert_eq!(statuses(&deleted.stdout), ["deleted", "deleted"], "{format}");
        assert!(sandbox.control().spaces().is_empty(), "{format}");
    }
}

#[test]
fn listed_spaces_are_changed() {
    for format in ["csv", "jsonl"] {
        let sandbox = stage();
        save(&sandbox, &format!("spaces list --format {format}"), "list");
        let text = fs::read_to_string(sandbox.path("list")).unwrap();
        let changed = text.replace(",A,", ",A2,").replace("\"displayName\":\"A\"", "\"displayName\":\"A2\"");
        assert_ne!(text, changed, "{format}");
        fs::write(sandbox.path("list"), changed).unwrap();
        let updated = run(&sandbox, "spaces update --from list --journal j.jsonl --format jsonl").success();
        assert_eq!(statuses(&updated.stdout), ["updated", "updated"], "{format}");
        assert_eq!(displayed(&sandbox), ["A2", "B"], "{format}");
        let again = run(&sandbox, "spaces update --from list --journal j.jsonl --format jsonl").success();
        assert_eq!(statuses(&again.stdout), ["skipped", "skipped"], "{format}");
    }
    let sandbox = stage();
    let space = sandbox.control().spaces()[0]["name"].as_str().unwrap().to_owned();
    fs::write(sandbox.path("rows.csv"), format!("space,description\n{space},new\n")).unwrap();
    run(&sandbox, "spaces update --from rows.csv --format jsonl").success();
    assert_eq!(sandbox.control().spaces()[0]["spaceDetails"]["description"], "new");
}

#[test]
fn permissions_are_a_column_whose_values_go_before_those_of_the_option() {
    let sandbox = stage();
    let spaces: Vec<Value> = sandbox.control().spaces();
    let [a, b] = [0, 1].map(|index| spaces[index]["name"].as_str().unwrap().to_owned());
    let settings = |index: usize| {
        let space = &sandbox.control().spaces()[index];
        ["manageApps", "useAtMentionAll", "toggleHistory"].map(|name| {
            let setting = &space["permissionSettings"][name];
            (setting["assistantManagersAllowed"] == true, setting["membersAllowed"] == true)
        })
    };
    for rows in [
        format!("space,allow\n{a},manage-apps=managers;use-at-mention-all=owners\n{b},\n"),
        format!(
            "{}\n{}\n",
            json!({ "space": a, "allow": ["manage-apps=managers", "useAtMentionAll=owners"] }),
            json!({ "space": b })
        ),
    ] {
        fs::write(sandbox.path("rows"), rows).unwrap();
        run(&sandbox, "spaces update --from rows --allow toggle-history=managers --format jsonl").success();
        assert_eq!(settings(0)[..2], [(true, false), (false, false)]);
        assert_eq!(settings(1)[2], (true, false));
    }
    fs::write(sandbox.path("rows"), format!("space,allow\n{a},nobody=owners\n")).unwrap();
    let refused = run(&sandbox, "spaces update --from rows").exits_with(3);
    assert!(refused.stderr.contains("is not a known setting"), "{}", refused.stderr);
}

#[test]
fn listed_members_get_another_role_and_are_removed() {
    for format in ["csv", "jsonl", "name"] {
        let sandbox = stage();
        let space = sandbox.control().spaces()[0]["name"].as_str().unwrap().to_owned();
        save(&sandbox, &format!("members list {space} --format {format}"), "list");
        let text = fs::read_to_string(sandbox.path("list")).unwrap();
        let others: Vec<&str> = text.lines().filter(|line| !line.contains("ROLE_MANAGER")).collect();
        // The caller stays; a bare name does not say who that is.
        let others = if format == "name" { &others[1..] } else { &others[..] };
        fs::write(sandbox.path("list"), others.join("\n")).unwrap();
        if format != "name" {
            let rows = others.join("\n").replace("ROLE_MEMBER", "owner");
            fs::write(sandbox.path("roles"), rows).unwrap();
            let updated = run(&sandbox, "members update --from roles --format jsonl").success();
            assert!(statuses(&updated.stdout).iter().all(|status| status == "updated"), "{}", updated.stdout);
        }
        let removed = run(&sandbox, "members remove --from list --format jsonl").success();
        assert!(statuses(&removed.stdout).iter().all(|status| status == "removed"), "{}", removed.stdout);
        assert_eq!(sandbox.control().members(&space).len(), 1, "{format}");
    }
}

#[test]
fn a_journal_belongs_to_one_account_one_place_and_one_set_of_options() {
    let bulk = Bulk::logged_in(&names(2));
    bulk.run().success();
    let journal = fs::read(bulk.journal_path()).unwrap();
    let with = |words: &[&str]| bulk.sandbox.run(bulk.words.iter().map(String::as_str).chain(words.iter().copied()));
    for (words, expected) in [
        (&["--external"][..], "--external"),
        (&["--description", "x"], "--description"),
        (&["--if-exists", "reuse"], "--if-exists"),
        (&["--api-endpoint", "http://127.0.0.1:1"], "the API endpoint"),
    ] {
        let refused = with(words).exits_with(3);
        assert!(refused.error()["message"].as_str().unwrap().contains(expected), "{}", refused.stderr);
        assert!(refused.error()["hint"].is_string());
        assert_eq!(fs::read(bulk.journal_path()).unwrap(), journal);
    }
    // How fast and how it is shown makes no other run.
    for words in [&["--concurrency", "2"][..], &["--fail-fast"], &["--timeout", "20"], &["-q"]] {
        assert_eq!(statuses(&with(words).success().stdout), ["skipped"; 2]);
    }
    let mut command = bulk.command();
    command.env("CHATAUTH_ACCESS_TOKEN", "ya29.other");
    let refused = bulk.sandbox.finish(command).exits_with(3);
    assert!(refused.stderr.contains("the account") || refused.stderr.contains("OAuth client"), "{}", refused.stderr);
    assert_eq!(bulk.spaces().len(), 2);
}

#[test]
fn a_dry_run_says_what_would_happen_to_each_row_in_every_format() {
    let bulk = Bulk::logged_in("name\nA\nB\n").with("--concurrency 1");
    bulk.fault("create:status=503,retry-after=60,times=1,after=1");
    bulk.run().exits_with(7);
    bulk.rows("name\nC\nB\nA\n");
    let before = fs::read(bulk.journal_path()).unwrap();
    let dry = |format: &str| {
        let words: Vec<&str> = bulk.words.iter().map(|word| if word == "jsonl" { format } else { word }).collect();
        bulk.sandbox.run(words.into_iter().chain(["--dry-run"])).success()
    };
    let lines = dry("jsonl");
    let actions: Vec<Value> = results(&lines.stdout).into_iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions, ["create", "retry", "skip"]);
    assert!(lines.stderr.starts_with("3 rows"), "{}", lines.stderr);
    let json: Value = serde_json::from_str(&dry("json").stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 3);
    assert!(dry("csv").stdout.starts_with("row,action,requestId,name\n1,create,,\n"), "{}", dry("csv").stdout);
    assert!(dry("human").stdout.contains("create") && dry("name").stdout.starts_with("spaces/"));
    assert_eq!(fs::read(bulk.journal_path()).unwrap(), before);
    assert_eq!(bulk.spaces(), ["A"]);
}

#[test]
fn a_dry_run_names_the_resource_of_each_row_in_every_format() {
    let sandbox = stage();
    let (space, other) = ("spaces/AAAA", "spaces/BBBB");
    let member = |space: &str, user: &str| format!("{space}/members/{user}");
    let (ada, bob) = (member(space, "ada@example.com"), member(other, "bob@example.com"));
    fs::write(sandbox.path("spaces.csv"), format!("space,description\n{space},x\n{other},x\n")).unwrap();
    fs::write(sandbox.path("deleted.csv"), format!("space\nAAAA\n{other}\n")).unwrap();
    let people = format!("space,member,role\n{space},ada@example.com,manager\n{other},bob@example.com,member\n");
    fs::write(sandbox.path("people.csv"), people).unwrap();
    for (command, names) in [
        ("spaces delete --yes --from deleted.csv", [space, other]),
        ("spaces update --from spaces.csv", [space, other]),
        ("members add --from people.csv", [&ada, &bob]),
        ("members update --from people.csv", [&ada, &bob]),
        ("members remove --from people.csv", [&ada, &bob]),
    ] {
        let dry = |format: &str| run(&sandbox, &format!("{command} --dry-run --format {format}")).success().stdout;
        let action = command.split(' ').nth(1).unwrap();
        let rows = [1, 2].map(|row| json!({ "row": row, "action": action, "name": names[row - 1] }));
        assert_eq!(results(&dry("jsonl")), rows, "{command}");
        assert_eq!(serde_json::from_str::<Value>(&dry("json")).unwrap(), json!(rows), "{command}");
        assert_eq!(dry("name"), format!("{}\n{}\n", names[0], names[1]), "{command}");
        let csv = format!("row,action,requestId,name\n1,{action},,{}\n2,{action},,{}\n", names[0], names[1]);
        assert_eq!(dry("csv"), csv, "{command}");
        let table = dry("human");
        let lines = table.lines().skip(1).zip(names);
        assert_eq!(lines.clone().count(), 2, "{table}");
        for (line, name) in lines {
            assert!(line.ends_with(&format!("  {name}")) && line.matches(name).count() == 1, "{command}: {line}");
        }
    }
    assert_eq!(displayed(&sandbox), ["A", "B"]);
}

#[test]
fn rows_as_people_save_and_move_them_are_the_same_rows() {
    let bulk = Bulk::logged_in("name,description\nA,x\nB,\nB,\n");
    let first = bulk.run().success();
    assert_eq!(statuses(&first.stdout), ["created"; 3]);
    assert!(first.stderr.contains("2 rows are identical; each becomes a space"), "{}", first.stderr);
    let utf16: Vec<u8> = "Display Name\tDescription\r\nB\t\r\nA\tx\r\nC\t\r\nB\t\r\n\t\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(bulk.sandbox.path("rows.csv"), [&b"\xff\xfe"[..], &utf16].concat()).unwrap();
    assert_eq!(statuses(&bulk.run().success().stdout), ["skipped", "skipped", "created", "skipped"]);
    bulk.rows("{\"description\":\"x\",\"name\":\"A\"}\n{\"displayName\":\"B\"}\n");
    assert_eq!(statuses(&bulk.run().success().stdout), ["skipped"; 2]);
    assert_eq!(bulk.spaces(), ["A", "B", "B", "C"]);
}

#[test]
fn identical_rows_that_reuse_one_space_are_not_announced_as_spaces() {
    let bulk = Bulk::of(Sandbox::new(), "name\nA\nA\n").with("--if-exists reuse");
    bulk.sandbox.run(["auth", "login", "--scope", "chat.spaces"]).success();
    let run = bulk.run().success();
    assert_eq!(statuses(&run.stdout), ["created", "existing"]);
    assert!(run.stderr.contains("2 rows are identical\n"), "{}", run.stderr);
    for (rows, options) in [
        ("name\nA\nA\n", "--if-exists fail"),
        ("name,if-exists\nA,reuse\nA,reuse\n", "-v"),
        ("type,member\ndirect-message,y@example.com\ndirect-message,y@example.com\n", "-v"),
    ] {
        let bulk = Bulk::of(Sandbox::new(), rows).with("--dry-run").with(options);
        let note = bulk.run().success().stderr;
        let is_true =
            note.contains("identical\n") || note.contains(", unless if-exists or a direct message finds one\n");
        assert!(note.contains("2 rows are identical") && is_true, "{note}");
    }
}

#[test]
fn a_key_that_brings_back_another_space_is_told() {
    let bulk = Bulk::logged_in("name,idempotencyKey\nNew,k\n");
    bulk.sandbox.run(["spaces", "create", "--name", "Old", "--idempotency-key", "k"]).success();
    let run = bulk.run().success();
    assert_eq!(statuses(&run.stdout), ["existing"]);
    assert!(run.stderr.contains("\"Old\", not \"New\""), "{}", run.stderr);
    assert_eq!(bulk.spaces(), ["Old"]);
}

#[test]
fn faults_of_the_output_end_no_run() {
    let bulk = Bulk::logged_in(&names(5));
    let words = bulk.words.iter().map(String::as_str);
    let run = bulk.sandbox.run(words.chain(["--jq", ".space.name | tonumber"])).exits_with(1);
    assert_eq!(bulk.spaces().len(), 5);
    assert!(run.stderr.contains("Row 5: created spaces/"), "{}", run.stderr);
    let bulk = Bulk::logged_in(&names(5));
    let mut command = bulk.command();
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    command.stderr(std::process::Stdio::piped());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Row 5: created spaces/"));
    assert_eq!(bulk.spaces().len(), 5);
}

#[test]
fn the_space_that_was_named_goes_before_that_of_a_membership() {
    let sandbox = stage();
    let control = sandbox.control();
    let name_of = |display: &str| {
        let spaces = control.spaces();
        let space = spaces.iter().find(|space| space["displayName"] == display).unwrap();
        space["name"].as_str().unwrap().to_owned()
    };
    let (from, to) = (name_of("A"), name_of("B"));
    sandbox.run(["members", "add", &from, "cyd@example.com"]).success();
    save(&sandbox, &format!("members list {from} --format csv"), "members.csv");
    let added = run(&sandbox, &format!("members add {to} --from members.csv --format jsonl")).success();
    assert_eq!(statuses(&added.stdout), ["existing", "existing", "existing", "added"], "{}", added.stderr);
    for verb in ["remove", "update --role manager"] {
        let refused = run(&sandbox, &format!("members {verb} {to} --from members.csv")).exits_with(3);
        assert!(refused.stderr.contains("another space"), "{}", refused.stderr);
    }
}

#[test]
fn listed_conversations_without_a_name_are_changed_in_every_format() {
    let sandbox = stage();
    let words = "spaces create --type group-chat --member ada@example.com --member bob@example.com";
    let chat = sandbox.name_of(&words.split(' ').collect::<Vec<_>>());
    for format in ["csv", "jsonl", "name"] {
        save(&sandbox, &format!("spaces find-group-chats ada@example.com bob@example.com --format {format}"), "list");
        let dry = run(&sandbox, "spaces update --from list --history off --dry-run --format name").success();
        assert_eq!(dry.stdout, format!("{chat}\n"), "{format}");
    }
    // In one list with named spaces.
    let rows =
        [json!({ "name": chat }), json!({ "name": "spaces/S", "displayName": "Team" })].map(|row| row.to_string());
    fs::write(sandbox.path("list"), rows.join("\n")).unwrap();
    run(&sandbox, "spaces update --from list --history off --dry-run").success();
    fs::write(sandbox.path("list"), json!({ "name": chat, "history": "off" }).to_string()).unwrap();
    run(&sandbox, "spaces update --from list").success();
    let changed = sandbox.run(["spaces", "get", &chat]).success().json();
    assert_eq!((&changed["spaceHistoryState"], changed.get("displayName")), (&json!("HISTORY_OFF"), None));
    fs::write(sandbox.path("list"), json!({ "name": "Team" }).to_string()).unwrap();
    run(&sandbox, "spaces update --from list --history off").exits_with(3);
}

#[test]
fn a_dry_run_refuses_the_endpoint_that_the_run_refuses() {
    let sandbox = stage();
    fs::write(sandbox.path("spaces.csv"), "space,displayName\nA,x\n").unwrap();
    fs::write(sandbox.path("new.csv"), "name\nA\n").unwrap();
    fs::write(sandbox.path("people.csv"), "space,member,role\nA,7,manager\n").unwrap();
    for command in [
        "spaces create --from new.csv",
        "spaces update --from spaces.csv",
        "spaces delete --yes --from spaces.csv",
        "members add --from people.csv",
        "members update --from people.csv",
        "members remove --from people.csv",
    ] {
        for endpoint in ["http://evil.example.com", "notaurl", "ftp://x"] {
            for more in ["", " --dry-run"] {
                let words = format!("{command} --api-endpoint {endpoint} --format json{more}");
                let refused = run(&sandbox, &words).exits_with(3);
                assert_eq!(refused.error()["code"], "endpoint_refused", "{words}");
            }
        }
    }
}
