//! What the commands of spaces do with answers: pages, refusals, lost answers, and the promise that a space is never
//! lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::recorder::{Recorder, accepting, create_with, membership, refusal, space};

#[test]
fn a_list_that_fails_on_a_later_page_prints_the_rows_it_has() {
    let recorder = Recorder::with(|request, _| match request.parameter("pageToken") {
        Some(_) => refusal(403, "PERMISSION_DENIED"),
        None => accepting(request),
    });
    for list in ["spaces list", "spaces search x", "spaces find-group-chats 7", "members list AAA"] {
        for (how, lines) in [("--format human", 2), ("--format csv", 2), ("--format name", 1), ("--jq .[].name", 0)] {
            let words: Vec<&str> = list.split(' ').chain(how.split(' ')).collect();
            let run = recorder.run(&words).exits_with(5);
            assert_eq!(run.stdout.lines().count(), lines, "{words:?}: {}", run.stdout);
            assert!(run.stderr.contains("error: the list is incomplete: cannot"), "{words:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_limit_stops_the_paging_and_no_limit_reads_all() {
    let recorder = Recorder::accepting();
    for (line, all) in [
        ("spaces list --format name", 2),
        ("spaces search x --format name", 2),
        ("spaces find-group-chats 7 --format name", 2),
        ("members list AAA --format name", 2),
    ] {
        let mut words: Vec<&str> = line.split(' ').collect();
        let run = recorder.run(&words).exits_with(0);
        assert_eq!((run.requests.len(), run.stdout.lines().count()), (all, all), "{line}");
        assert_eq!(run.requests[1].parameter("pageToken"), Some("page-2"));
        words.extend(["--limit", "1"]);
        let run = recorder.run(&words).exits_with(0);
        assert_eq!((run.requests.len(), run.stdout.lines().count()), (1, 1), "{line}");
        assert_eq!(run.requests[0].parameter("pageSize"), Some("1"));
    }
}

#[test]
fn a_long_list_counts_its_results_on_a_terminal() {
    let recorder = Recorder::accepting();
    for line in ["spaces list", "spaces search x", "spaces find-group-chats 7", "members list AAA"] {
        let words: Vec<&str> = line.split(' ').collect();
        let on_terminal =
            |more: &[&str]| recorder.run_on_terminal(&[&words, more].concat(), "a question", "").exits_with(0);
        let shown = on_terminal(&["--format", "json"]).stderr;
        let counted = shown.find("1 so far            \r").unwrap_or_else(|| panic!("{line}: {shown:?}"));
        assert!(!shown.contains("2 so far"), "{line}: nothing is requested after the last page: {shown:?}");
        assert!(shown[counted..].contains(&format!("{:20}\r", "")), "{line}: the count stays on the screen: {shown:?}");
        assert!(!on_terminal(&["--format", "json", "-q"]).stderr.contains("so far"), "{line}");
        assert!(!recorder.run(&words).exits_with(0).stderr.contains("so far"), "{line}: no terminal");
    }
}

#[test]
fn what_the_server_sent_comes_out_as_it_was() {
    let recorder = Recorder::accepting();
    let run = recorder.run(&["spaces", "get", "AAA", "--format", "jsonl"]).exits_with(0);
    assert_eq!(run.stdout.trim_end(), space().to_string());
    let run = recorder.run(&["members", "get", "AAA", "7", "--format", "jsonl"]).exits_with(0);
    assert_eq!(run.stdout.trim_end(), membership("7").to_string());
}

#[test]
fn a_space_is_opened_in_the_browser_and_its_url_printed_where_there_is_none() {
    let recorder = Recorder::accepting();
    let run = recorder.run(&["spaces", "open", "AAA"]).exits_with(0);
    assert_eq!(run.stdout, "https://chat.google.com/room/AAA?cls=11\n");

    let directory = tempfile::tempdir().unwrap();
    let seen = directory.path().join("seen");
    let browser = directory.path().join("browser");
    fs::write(&browser, format!("#!/bin/sh\nprintf '%s' \"$1\" > '{0}.new'; mv '{0}.new' '{0}'\n", seen.display()))
        .unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o700)).unwrap();
    let output = recorder.command(&["spaces", "open", "AAA"]).env("BROWSER", &browser).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap().as_str()), (Some(0), ""));
    let deadline = Instant::now() + Duration::from_secs(30);
    while !seen.exists() {
        assert!(Instant::now() < deadline, "the browser was not started");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(fs::read_to_string(&seen).unwrap(), "https://chat.google.com/room/AAA?cls=11");
}

#[test]
fn a_space_is_opened_and_printed_in_the_format_that_is_typed() {
    let recorder = Recorder::accepting();
    for (options, printed) in [
        (&["--jq", ".name"][..], "spaces/AAA\n"),
        (&["--format", "name"], "spaces/AAA\n"),
        (&["--format", "jsonl"], &format!("{}\n", space())),
    ] {
        let words = [&["spaces", "open", "AAA"], options].concat();
        assert_eq!(recorder.run(&[&words[..], &["--no-input"]].concat()).exits_with(0).stdout, printed, "{words:?}");
        let output = recorder.command(&words).env("BROWSER", "/bin/true").output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), printed, "{words:?}");
    }
}

#[test]
fn an_address_that_no_browser_may_open_is_only_printed() {
    let recorder = Recorder::with(|request, _| match request.method.as_str() {
        "GET" => (200, json!({"name":"spaces/AAA","spaceUri":"file:///etc/passwd"})),
        _ => accepting(request),
    });
    let output = recorder.command(&["spaces", "open", "AAA"]).env("BROWSER", "/bin/false").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "file:///etc/passwd\n");
}

#[test]
fn nothing_is_deleted_unasked() {
    let recorder = Recorder::accepting();
    let run = recorder.run(&["spaces", "delete", "AAA"]).exits_with(2);
    assert!(run.requests.is_empty());
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    recorder.run(&["spaces", "delete", "AAA", "--yes"]).exits_with(0);
    // Who looks first confirms nothing.
    let rows = ["spaces", "delete", "--from", "-"];
    let run = recorder.run_with_input(&rows, "space\nAAA\n").exits_with(2);
    assert!(run.requests.is_empty() && run.stderr.contains("pass --yes"), "{run:?}");
    let run = recorder.run_with_input(&[&rows[..], &["--dry-run"]].concat(), "space\nAAA\n").exits_with(0);
    assert!(run.requests.is_empty() && run.stderr.contains("1 to delete"), "{run:?}");
}

#[test]
fn on_a_terminal_the_name_of_the_space_is_asked_for() {
    let recorder = Recorder::accepting();
    let words = ["spaces", "delete", "AAA"];
    let run = recorder.run_on_terminal(&words, "type its name", "Team\n").exits_with(0);
    assert_eq!(run.lines(), ["GET /v1/spaces/AAA", "DELETE /v1/spaces/AAA"]);
    recorder.run_on_terminal(&words, "type its name", "Teaé\u{7f}\u{7f}am\n").exits_with(0);
    let run = recorder.run_on_terminal(&words, "type its name", "y\n").exits_with(2);
    assert!(run.stderr.contains("nothing was deleted"), "{}", run.stderr);
    assert_eq!(run.lines(), ["GET /v1/spaces/AAA"]);
    // Who may not read the name is asked for the id.
    let recorder = Recorder::with(|request, _| match request.method.as_str() {
        "GET" => refusal(403, "PERMISSION_DENIED"),
        _ => accepting(request),
    });
    recorder.run_on_terminal(&words, "type its name", "spaces/AAA\n").exits_with(0);
    // Nobody confirms the deletion of a space that is not there.
    let recorder = Recorder::with(|_, _| refusal(404, "NOT_FOUND"));
    let run = recorder.run_on_terminal(&words, "type its name", "spaces/AAA\n").exits_with(5);
    assert_eq!(run.lines(), ["GET /v1/spaces/AAA"]);
    assert!(!run.stderr.contains("type its name") && run.stderr.contains("(404 NOT_FOUND)"), "{}", run.stderr);
}

/// The first answer to a write is lost behind a 503; what the repetition then meets is the work of that first attempt.
#[test]
fn a_repetition_that_meets_its_own_work_is_a_success() {
    let lost = |method: &'static str, then: (u16, &'static str)| {
        Recorder::with(move |request, before| match (request.method == method, before) {
            (true, 0) => refusal(503, "UNAVAILABLE"),
            (true, 1) => refusal(then.0, then.1),
            _ => accepting(request),
        })
    };
    let gone = lost("DELETE", (404, "NOT_FOUND"));
    let run = gone.run(&["spaces", "delete", "AAA", "--yes"]).exits_with(0);
    assert_eq!(run.lines(), ["DELETE /v1/spaces/AAA", "DELETE /v1/spaces/AAA"]);
    assert!(run.stderr.ends_with("Deleted spaces/AAA (the response was lost)\n"), "{run:?}");
    let run = gone.run(&["members", "remove", "AAA", "7"]).exits_with(0);
    assert!(run.stdout.is_empty() && run.stderr.contains("lost"), "{run:?}");
    let run = gone.run(&["api", "DELETE", "v1/spaces/AAA/messages/1", "--format", "json"]).exits_with(0);
    assert!(run.stdout.is_empty() && run.stderr.contains("succeeded (the response was lost)"), "{run:?}");
    let there = lost("POST", (409, "ALREADY_EXISTS"));
    let run = there.run(&["members", "add", "AAA", "ada@example.com", "--format", "name"]).exits_with(0);
    assert_eq!(run.lines()[2], "GET /v1/spaces/AAA/members/ada@example.com");
    assert_eq!(run.stdout, "spaces/AAA/members/108\n");
}

#[test]
fn without_a_lost_answer_the_same_refusals_stand() {
    let missing = Recorder::with(|_, _| refusal(404, "NOT_FOUND"));
    missing.run(&["spaces", "delete", "AAA", "--yes"]).exits_with(5);
    missing.run(&["members", "remove", "AAA", "7"]).exits_with(5);
    missing.run(&["api", "DELETE", "v1/spaces/AAA"]).exits_with(5);
    // Only what is wanted and there already is no refusal.
    let there = Recorder::with(|request, _| match request.method.as_str() {
        "POST" => refusal(409, "ALREADY_EXISTS"),
        _ => accepting(request),
    });
    let run = there.run(&["members", "add", "AAA", "7", "--format", "name"]).exits_with(0);
    assert!(run.stderr.contains("7 is already a member"), "{}", run.stderr);
    assert_eq!(run.stdout, "spaces/AAA/members/7\n");
}

/// A gateway that is being changed knows nothing of spaces and members.
#[test]
fn the_page_of_a_gateway_proves_nothing() {
    let page = |status: u16| (status, json!("<html>"));
    let gone = Recorder::with(move |request, before| match (request.method.as_str(), before) {
        ("DELETE", 0) => page(503),
        ("DELETE", _) => page(404),
        _ => accepting(request),
    });
    for words in [
        &["spaces", "delete", "AAA", "--yes"][..],
        &["members", "remove", "AAA", "7"],
        &["api", "DELETE", "v1/spaces/AAA"],
    ] {
        let run = gone.run(&[words, &["--format", "json"]].concat()).exits_with(5);
        assert!(run.stderr.contains("\"outcome\":\"unknown\""), "{}", run.stderr);
    }
    for reply in [page(409), refusal(409, "FAILED_PRECONDITION")] {
        let there = Recorder::with(move |_, _| reply.clone());
        let run = there.run(&["members", "add", "AAA", "7", "--format", "json"]).exits_with(5);
        assert!(run.stderr.contains("precondition_failed"), "{}", run.stderr);
    }
}

#[test]
fn an_error_is_no_success_whatever_its_status() {
    for body in [json!({"error":"login required"}), json!({"error":{"code":403,"status":"PERMISSION_DENIED"}})] {
        let recorder = Recorder::with(move |_, _| (200, body.clone()));
        let deleted = recorder.run(&["spaces", "delete", "AAA", "--yes", "--format", "json"]).exits_with(6);
        assert!(deleted.stderr.contains("\"outcome\":\"unknown\""), "{}", deleted.stderr);
        for words in [&["spaces", "list"][..], &["spaces", "search", "x"], &["members", "list", "AAA"]] {
            recorder.run(words).exits_with(6);
        }
    }
    let recorder = Recorder::with(|_, _| (200, json!({"message":"sign in to the network"})));
    recorder.run(&["spaces", "delete", "AAA", "--yes"]).exits_with(6);
    // A list may get members that nobody knows yet, also an empty one.
    assert_eq!(recorder.run(&["spaces", "list", "--format", "json"]).exits_with(0).stdout, "[]\n");
}

#[test]
fn half_of_the_details_is_sent_with_the_other_half_as_it_is() {
    let recorder = Recorder::accepting();
    let run = recorder.run(&["spaces", "update", "AAA", "--description", "new"]).exits_with(0);
    assert_eq!(run.lines(), ["GET /v1/spaces/AAA", "PATCH /v1/spaces/AAA"]);
    assert_eq!(
        run.requests[1].body.as_ref().unwrap(),
        &json!({"spaceDetails":{"description":"new","guidelines":"old guidelines"}})
    );
}

#[test]
fn details_of_a_document_are_cleared_by_null_untouched_when_empty_and_never_a_panic() {
    let recorder = Recorder::accepting();
    let update = |details: &Value| {
        let file = recorder.file("details.json", &json!({"spaceDetails":details})).to_owned();
        recorder.run(&["spaces", "update", "AAA", "--json", &file, "--format", "json"])
    };
    for details in [json!(null), json!("text"), json!(["text"]), json!(7)] {
        let run = update(&details).exits_with(0);
        assert_eq!(run.lines(), ["PATCH /v1/spaces/AAA"], "the server decides");
        assert_eq!(run.requests[0].parameter("updateMask"), Some("space_details"));
        assert_eq!(run.requests[0].body.as_ref().unwrap(), &json!({"spaceDetails":details}));
    }
    let run = update(&json!({})).exits_with(2);
    assert!(run.requests.is_empty() && run.stderr.contains("nothing to update"), "{run:?}");
}

#[test]
fn a_document_has_the_names_of_the_api_in_either_spelling() {
    let recorder = Recorder::accepting();
    let whole = json!({"name":"spaces/AAA","display_name":"n","space_type":"SPACE","create_time":"2026-05-30T14:00:26Z",
        "space_details":{"description":"new"},"space_history_state":"HISTORY_OFF","z_new":1.50,
        "access_settings":{"access_state":"PRIVATE","access_permission_settings":{"join_space_setting":{}}},
        "permission_settings":{"manage_apps":{"managers_allowed":true}}});
    let file = recorder.file("snake.json", &whole);
    let run = recorder.run(&["spaces", "update", "AAA", "--json", file]).exits_with(0);
    let sent: Vec<_> = run.requests.iter().map(|request| request.body.clone().unwrap_or_default()).collect();
    let details = json!({"description":"new","guidelines":"old guidelines"});
    assert_eq!(
        sent,
        [
            json!(null),
            json!({"displayName":"n","spaceDetails":details,"zNew":1.50}),
            json!({"permissionSettings":{"manageApps":{"managersAllowed":true}}}),
            json!({"spaceHistoryState":"HISTORY_OFF"}),
            json!({"accessSettings":{"accessPermissionSettings":{"joinSpaceSetting":{}}}}),
        ]
    );
    let create = |words: &[&str], input: &Value| {
        recorder.run_with_input(&[&["spaces", "create"], words].concat(), &input.to_string())
    };
    let run =
        create(&["--json", "-", "--history", "on"], &json!({"display_name":"n","space_history_state":"HISTORY_OFF"}));
    let body = json!({"spaceType":"SPACE","displayName":"n","spaceHistoryState":"HISTORY_ON"});
    assert_eq!(run.exits_with(0).requests[0].body.as_ref(), Some(&body));
    let row = json!({"space":{"display_name":"n"},"memberships":[{"group_member":{"name":"groups/g"}}]});
    let run = create(&["--from", "-"], &row).exits_with(0);
    let body = run.requests[0].body.as_ref().unwrap();
    assert_eq!(
        (&body["space"]["displayName"], &body["memberships"][0]["groupMember"]["name"]),
        (&json!("n"), &json!("groups/g"))
    );
}

#[test]
fn an_update_that_ends_half_way_says_how_far_it_went() {
    let recorder = Recorder::with(|request, _| match request.parameter("updateMask") {
        Some("space_history_state") => refusal(403, "PERMISSION_DENIED"),
        _ => accepting(request),
    });
    let words = ["spaces", "update", "AAA", "--name", "n", "--history", "on", "--audience", "default"];
    let run = recorder.run(&words).exits_with(5);
    let progress =
        " (updateMask space_history_state); updated before that: display_name; not tried: access_settings.audience\n";
    assert!(run.stderr.contains(progress) && run.stdout.is_empty(), "{run:?}");
}

#[test]
fn an_audience_is_taken_away_and_a_wrong_one_refused_in_a_sentence() {
    let recorder = Recorder::accepting();
    let run = recorder.run(&["spaces", "update", "AAA", "--audience", ""]).exits_with(0);
    assert_eq!(run.requests[0].parameter("updateMask"), Some("access_settings.audience"));
    assert_eq!(run.requests[0].body.as_ref().unwrap(), &json!({"accessSettings":{"audience":""}}));
    for command in ["update", "create"] {
        let run = recorder.run(&["spaces", command, "--audience", "a b"]).exits_with(2);
        let lines: Vec<&str> = run.stderr.lines().collect();
        let reason = "contains a character that is not allowed in names";
        assert_eq!(lines[0], format!("error: invalid value 'a b' for '--audience <AUDIENCE>': {reason}"));
        assert_eq!(lines[1..], ["", "For more information, try '--help'."]);
    }
}

#[test]
fn a_document_of_nothing_that_can_be_changed_is_refused_by_its_fields() {
    let recorder = Recorder::accepting();
    for (document, fields) in [
        (json!({"externalUserAllowed":true,"name":"New name"}), "name, externalUserAllowed"),
        (json!({"accessSettings":{"accessState":"PRIVATE"}}), "accessSettings.accessState"),
    ] {
        let file = recorder.file("fixed.json", &document).to_owned();
        let run = recorder.run(&["spaces", "update", "AAA", "--json", &file, "-q"]).exits_with(2);
        let message =
            format!("error: nothing to update (updateMask): ignored fields that cannot be set here: {fields}\n");
        assert!(run.requests.is_empty() && run.stderr.starts_with(&message), "{run:?}");
    }
}

#[test]
fn a_space_of_this_name_is_taken_instead_of_a_second_one() {
    let recorder = Recorder::accepting();
    let words = ["spaces", "create", "--name", "Team", "--format", "name", "--if-exists"];
    let run = recorder.run(&[&words[..], &["reuse"]].concat()).exits_with(0);
    assert_eq!((run.lines(), run.stdout.as_str()), (vec!["GET /v1/spaces".to_owned(); 2], "spaces/AAA\n"));
    assert_eq!(run.requests[0].parameter("filter"), Some("spaceType = \"SPACE\""));
    assert!(!run.stderr.contains("warning: "), "the same space on both pages is one: {}", run.stderr);
    let run = recorder.run(&[&words[..], &["fail"]].concat()).exits_with(5);
    assert!(run.stderr.contains("spaces/AAA") && run.stdout.is_empty(), "{run:?}");
    // Neither a part of the name nor another case is the name; all pages are looked at before one is made.
    let run = recorder.run(&["spaces", "create", "--name", "team", "--if-exists", "reuse"]).exits_with(0);
    assert_eq!(run.lines(), ["GET /v1/spaces", "GET /v1/spaces", "POST /v1/spaces"]);
}

#[test]
fn spaces_of_one_name_are_all_named_wherever_they_are_in_the_list() {
    let recorder = Recorder::with(|request, _| match request.parameter("pageToken") {
        Some(_) => (200, json!({"spaces":[space(), {"name":"spaces/BBB","displayName":"Team","spaceType":"SPACE"}]})),
        None => accepting(request),
    });
    let words = ["spaces", "create", "--name", "Team", "--format", "name", "--if-exists"];
    let run = recorder.run(&[&words[..], &["reuse", "-q"]].concat()).exits_with(0);
    assert_eq!((run.stdout.as_str(), run.requests.len()), ("spaces/AAA\n", 2));
    assert!(run.stderr.contains("warning: ") && run.stderr.contains("spaces/AAA, spaces/BBB"), "{}", run.stderr);
    let run = recorder.run(&[&words[..], &["fail"]].concat()).exits_with(5);
    assert!(run.stderr.contains("spaces/AAA, spaces/BBB"), "{}", run.stderr);
    let rows = ["spaces", "create", "--from", "-", "--if-exists", "reuse", "--format", "name", "-q"];
    let run = recorder.run_with_input(&rows, "name\nTeam\n").exits_with(0);
    assert!(run.stderr.contains("warning: row 1: ") && run.stderr.contains("spaces/AAA, spaces/BBB"), "{}", run.stderr);
}

#[test]
fn what_a_space_of_before_lacks_is_told_with_the_command_that_sets_it() {
    let recorder = Recorder::accepting();
    let words = ["spaces", "create", "--name", "Team", "--description", "it's new", "--history", "off", "--external"];
    let hidden = ["--permissions", "announcement", "--audience", "default"];
    let update = "spaces update spaces/AAA '--description=it'\\''s new' --history=off";
    let reused = recorder.run(&[&words[..], &hidden, &["--if-exists", "reuse"]].concat()).exits_with(0).stderr;
    let skipped = "warning: skipped --description, --external, --history, --permissions, --audience. To set what can be changed, run";
    assert!(reused.contains(skipped), "{reused}");
    assert!(reused.contains(&format!("{update} --audience=audiences/default\n")), "{reused}");
    // The answer to a create does not have the permissions and may name another audience.
    let keyed = recorder.run(&[&words[..], &hidden, &["--idempotency-key", "k", "-q"]].concat()).exits_with(0).stderr;
    assert!(keyed.contains("spaces/AAA, which differs in --description, --external, --history. To set"), "{keyed}");
    assert!(keyed.contains(&format!("{update}\n")), "{keyed}");
    for same in [&["--internal"][..], &["--description", "old description"], &["--audience", ""]] {
        for own in [["--if-exists", "reuse"], ["--idempotency-key", "k"]] {
            let told = recorder.run(&[&words[..4], same, &own].concat()).exits_with(0).stderr;
            assert!(!told.contains("warning: "), "{told}");
        }
    }
    let plain =
        json!({"name":"spaces/AAA","displayName":"Team","spaceType":"SPACE","createTime":"2026-05-30T14:00:26Z"});
    let empty = Recorder::with(move |_, _| (200, plain.clone()));
    let told =
        empty.run(&[&words[..4], &["--description", "", "--idempotency-key", "k"]].concat()).exits_with(0).stderr;
    assert!(!told.contains("warning: "), "{told}");
    let external = recorder.run(&[&words[..4], &["--external", "--if-exists", "reuse"]].concat()).exits_with(0).stderr;
    assert!(external.contains("warning: skipped --external, which can only be set at creation\n"), "{external}");
    for (own, told) in
        [("--if-exists reuse", "skipped --description. To set"), ("", "differs in --description. To set")]
    {
        let rows =
            [&["spaces", "create", "--from", "-", "-q"][..], &own.split_whitespace().collect::<Vec<_>>()].concat();
        let column = if own.is_empty() { "idempotency-key" } else { "member" };
        let run = recorder.run_with_input(&rows, &format!("name,description,{column}\nTeam,new,7\n")).exits_with(0);
        assert!(run.stderr.contains("warning: row 1: ") && run.stderr.contains(told), "{}", run.stderr);
    }
}

#[test]
fn a_key_of_a_deleted_space_asks_for_another_key() {
    let recorder = Recorder::with(|_, _| refusal(404, "NOT_FOUND"));
    let another = "use another key or request ID: the space of this one may have been deleted";
    for (own, is_told) in
        [("--idempotency-key k", true), ("--request-id a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", true), ("", false)]
    {
        for member in ["", "--member 7"] {
            let line = format!("spaces create --name N {own} {member}");
            let refused = recorder.run(&line.split_whitespace().collect::<Vec<_>>()).exits_with(5);
            assert_eq!(refused.stderr.contains(&format!("hint: {another}")), is_told, "{line}: {}", refused.stderr);
        }
    }
    let rows = |input: &str| {
        recorder.run_with_input(&["spaces", "create", "--from", "-", "--format", "jsonl"], input).exits_with(7).stdout
    };
    assert!(rows("name,idempotency-key\nN,k\n").contains(another));
    assert!(!rows("name\nN\n").contains("another key"));
    // The page of a gateway says nothing of a space.
    let gateway = Recorder::with(|_, _| (404, json!("<html>")));
    let refused = gateway.run(&["spaces", "create", "--name", "N", "--idempotency-key", "k"]).exits_with(5);
    assert!(refused.stderr.contains("hint: check that --api-endpoint is the root"), "{}", refused.stderr);
}

#[test]
fn a_completion_that_is_refused_asks_to_look_at_the_space() {
    let refused = refusal(400, "FAILED_PRECONDITION");
    let recorder = Recorder::with(move |request, before| match before {
        0 => refusal(503, "UNAVAILABLE"),
        _ if request.method == "POST" => refused.clone(),
        _ => accepting(request),
    });
    let run = recorder.run(&["spaces", "complete-import", "AAA", "--format", "json"]).exits_with(5);
    assert!(run.stderr.contains("\"outcome\":\"unknown\""), "{}", run.stderr);
    assert!(
        run.stderr.contains("to see whether the import is complete, run ")
            && run.stderr.contains("chatauth spaces get spaces/AAA"),
        "{}",
        run.stderr
    );
    let conflict = Recorder::with(|_, _| refusal(412, "FAILED_PRECONDITION"));
    let run = conflict.run(&["spaces", "get", "AAA"]).exits_with(5);
    assert!(!run.stderr.contains("turned on"), "{}", run.stderr);
    let off = Recorder::with(|_, _| refusal(400, "FAILED_PRECONDITION"));
    let run = off.run(&["spaces", "get", "AAA"]).exits_with(5);
    assert!(run.stderr.contains("hint: check that Google Chat is turned on"), "{}", run.stderr);
}

#[test]
fn a_space_in_import_mode_is_not_looked_for_by_its_name() {
    let recorder = Recorder::accepting();
    let words = ["spaces", "create", "--name", "I", "--import-mode", "--if-exists", "reuse"];
    let run = recorder.run(&words).exits_with(2);
    assert!(
        run.requests.is_empty() && run.stderr.contains("hint: instead of --if-exists, pass --idempotency-key"),
        "{run:?}"
    );
    let rows = ["spaces", "create", "--from", "-", "--import-mode", "--format", "jsonl"];
    let run = recorder.run_with_input(&rows, "name,if-exists\nI,reuse\n").exits_with(7);
    assert!(run.requests.is_empty() && run.stdout.contains("--if-exists does not find"), "{run:?}");
}

#[test]
fn an_administrator_changes_what_they_may_from_a_whole_space() {
    let recorder = Recorder::accepting();
    let whole = json!({"name":"spaces/AAA","displayName":"New","spaceType":"SPACE","spaceHistoryState":"HISTORY_ON",
        "accessSettings":{"audience":"audiences/default"}});
    let admin = ["spaces", "update", "--use-admin-access"];
    let document = [&admin[..], &["AAA", "--json", recorder.file("whole.json", &whole)]].concat();
    let run = recorder.run(&document).exits_with(0);
    assert!(run.stderr.contains("cannot be set here: ") && run.stderr.contains("spaceHistoryState"), "{}", run.stderr);
    let new = json!({"displayName":"New"});
    assert_eq!((run.requests.len(), run.requests[0].body.as_ref()), (1, Some(&new)));
    let run = recorder.run_with_input(&[&admin[..], &["--from", "-"]].concat(), &whole.to_string()).exits_with(0);
    assert_eq!((run.requests.len(), run.requests[0].body.as_ref()), (1, Some(&new)));
    assert!(run.stderr.contains("ignores spaceHistoryState"), "{}", run.stderr);
    // What somebody asks for is refused.
    recorder.run(&[&document[..], &["--history", "off"]].concat()).exits_with(2);
    let part = recorder.file("part.json", &json!({"displayName":"New","spaceHistoryState":"HISTORY_ON"}));
    recorder.run(&[&admin[..], &["AAA", "--json", part]].concat()).exits_with(3);
    recorder.run_with_input(&[&admin[..], &["--from", "-"]].concat(), "space,history\nAAA,off\n").exits_with(7);
}

#[test]
fn the_document_of_another_space_is_refused() {
    let recorder = Recorder::accepting();
    let file = recorder.file("space.json", &space());
    let run = recorder.run(&["spaces", "update", "BBB", "--json", file]).exits_with(2);
    assert!(
        run.requests.is_empty() && run.stderr.contains("the document is of spaces/AAA, not of spaces/BBB"),
        "{run:?}"
    );
    assert!(run.stderr.contains("set the name in the document to it"), "{}", run.stderr);
    recorder.run(&["spaces", "update", "AAA", "--json", file]).exits_with(0);
    let title = recorder.file("title.json", &json!({"name":"no resource","displayName":"T"}));
    recorder.run(&["spaces", "update", "AAA", "--json", title]).exits_with(0);
}

#[test]
fn people_see_that_a_space_is_in_import_mode_and_what_is_due() {
    let recorder = Recorder::with(|_, _| {
        (
            200,
            json!({"name":"spaces/AAA","displayName":"I","importMode":true,"importModeExpireTime":"2099-01-01T00:00:00Z"}),
        )
    });
    let words = ["spaces", "create", "--name", "I", "--import-mode", "--format", "human"];
    let run = recorder.run(&words).exits_with(0);
    assert!(run.stderr.contains("chatauth spaces complete-import spaces/AAA\n"), "{}", run.stderr);
    for line in ["Import mode", "Expires      2099-01-01T00:00:00Z"] {
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
    // A key may bring back a space whose import is complete.
    let complete = Recorder::with(|_, _| (200, json!({"name":"spaces/AAA","displayName":"I"})));
    let run = complete.run(&words).exits_with(0);
    assert!(!run.stderr.contains("complete-import"), "{}", run.stderr);
}

#[test]
fn a_taken_name_is_explained() {
    let recorder = Recorder::with(|request, _| match request.method.as_str() {
        "POST" => refusal(409, "ALREADY_EXISTS"),
        _ => accepting(request),
    });
    let run = recorder.run(&["spaces", "create", "--name", "x"]).exits_with(5);
    assert!(run.stderr.contains("--if-exists reuse"), "{}", run.stderr);
    let run = recorder.run(&["spaces", "create", "--name", "x", "--if-exists", "reuse"]).exits_with(5);
    assert!(run.stderr.contains("cannot see"), "{}", run.stderr);
}

#[test]
fn whatever_fails_after_the_create_the_space_is_named_with_what_remains() {
    // One person cannot be added: the others are.
    let recorder = Recorder::with(|request, _| {
        let refused = |body: &Value| body.pointer("/member/name").is_some_and(|name| name == "users/50");
        if request.is("POST", "/members") && request.body.as_ref().is_some_and(refused) {
            return refusal(400, "INVALID_ARGUMENT");
        }
        accepting(request)
    });
    let run = recorder.run(&create_with(52, &["--quiet"])).exits_with(5);
    assert_eq!(run.stdout, "spaces/AAA\n", "the space is there, so it is the result");
    assert!(run.stderr.contains("Created spaces/AAA"), "{}", run.stderr);
    assert!(run.stderr.contains("the space spaces/AAA was created, but 50: "), "{}", run.stderr);
    assert!(run.stderr.contains("members add spaces/AAA 50"), "{}", run.stderr);
    assert_eq!(run.requests.iter().filter(|request| request.is("POST", "/members")).count(), 3);

    // The login is not enough: it is the same for all, so nobody else is tried.
    let mut words = create_with(51, &["--owner", "o@example.com"]);
    words.extend(["--config-dir", "logins"].map(str::to_owned));
    let recorder = Recorder::with(|request, _| {
        if request.is("POST", "/members") {
            return (
                403,
                json!({"error":{"code":403,"status":"PERMISSION_DENIED","message":"no","details":[
                {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}),
            );
        }
        accepting(request)
    });
    let run = recorder.run(&words).exits_with(4);
    assert_eq!(run.requests.iter().filter(|request| request.is("POST", "/members")).count(), 1);
    assert!(run.stderr.contains("spaces/AAA was created"), "{}", run.stderr);
    assert!(run.stderr.contains("members add spaces/AAA 48 49 50 --config-dir logins && "), "{}", run.stderr);
    assert!(
        run.stderr.contains("members add spaces/AAA o@example.com --role owner --config-dir logins"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_interruption_after_the_create_names_the_space_too() {
    let recorder = Recorder::with(|request, _| {
        if request.is("POST", "/members") {
            std::thread::sleep(Duration::from_secs(20));
        }
        accepting(request)
    });
    let words = create_with(50, &[]);
    let child = recorder.command(&words.iter().map(String::as_str).collect::<Vec<_>>()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while recorder.requests().len() < 2 {
        assert!(Instant::now() < deadline, "the member was never added");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("spaces/AAA") && stderr.contains("members add spaces/AAA 49"), "{stderr}");
}

#[test]
fn a_document_may_come_from_standard_input_and_go_through_unread() {
    let recorder = Recorder::accepting();
    let document = r#"{"displayName":"d","zNew":{"digits":1.50}}"#;
    let run = recorder.run_with_input(&["spaces", "create", "--json", "-", "--name", "n"], document).exits_with(0);
    let body = run.requests[0].body.as_ref().unwrap().to_string();
    assert_eq!(body, r#"{"spaceType":"SPACE","displayName":"n","zNew":{"digits":1.50}}"#);
    recorder.run_with_input(&["spaces", "create", "--json", "-"], "[]").exits_with(3);
}

#[test]
fn names_that_would_change_the_path_are_refused_before_anything_is_sent() {
    let recorder = Recorder::accepting();
    for words in [
        &["spaces", "get", "AAA:completeImport"][..],
        &["spaces", "get", "../AAA"],
        &["spaces", "delete", "AAA?x=1", "--yes"],
        &["spaces", "get", "https://evil.test/room/AAA"],
        &["members", "get", "AAA", "a/../b"],
        &["members", "remove", "AAA", "spaces/BBB/members/7"],
    ] {
        assert!(recorder.run(words).exits_with(2).requests.is_empty(), "{words:?}");
    }
}
