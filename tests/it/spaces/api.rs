//! `chatauth api`.

use std::io::Write;
use std::process::Stdio;

use chatauth::emulator::{Endpoint, Options};
use serde_json::{Value, json};

use crate::support::sandbox::{Finished, Sandbox};

fn logged_in() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces"]).success();
    sandbox.control().clear_requests();
    sandbox
}

fn with_input(sandbox: &Sandbox, words: &[&str], input: &str) -> Finished {
    let mut command = sandbox.command(words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    sandbox.wait(child)
}

#[test]
fn property_73_no_path_leads_anywhere_else() {
    let sandbox = logged_in();
    for path in [
        "https://evil.test/x",
        "http://127.0.0.1:1/x",
        "//evil.test/x",
        "/v1/../..",
        "v1/%2e%2e/x",
        "v1/.%2E/x",
        "v1/spaces/a@b",
        "@evil.test/x",
        "\\\\evil.test\\x",
        "v1\\spaces",
        "v1/spaces\r\nHost: evil.test",
        "v1/\n",
        "v1/%00",
        "v1/%0d%0a",
        "v1/%2f%2fevil.test",
        "v1/spaces#x",
        "v1/%",
        "",
        "/",
        "?x=y",
    ] {
        let finished = sandbox.run(["api", "GET", path]).exits_with(2);
        assert!(finished.stdout.is_empty(), "{path}");
    }
    assert!(sandbox.control().requests().is_empty(), "nothing is sent");
}

#[test]
fn property_73_nobody_is_asked_to_log_in_for_a_path_that_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.run(["api", "GET", "https://evil.test/x"]).exits_with(2);
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn a_path_without_its_version_leads_to_the_one_with_it() {
    let sandbox = logged_in();
    for path in ["spaces", "/spaces?pageSize=2", "spaces/A/members", "spaces:setup", "/users/me/spaces/A"] {
        let refused = sandbox.run(["api", "GET", path, "--format", "json"]).exits_with(2);
        let hint = format!("write it as v1/{}", path.trim_start_matches('/'));
        assert_eq!((refused.stdout.as_str(), refused.error()["hint"].as_str()), ("", Some(hint.as_str())), "{path}");
    }
    assert!(sandbox.control().requests().is_empty(), "nothing is sent");
    // What the reference does not name is sent as it is.
    sandbox.run(["api", "GET", "$discovery/rest"]).exits_with(5);
    assert_eq!(sandbox.control().requests().len(), 1);
}

#[test]
fn fields_make_the_body_of_a_write_and_the_query_of_a_read() {
    let sandbox = logged_in();
    let words = [
        "api",
        "POST",
        "/v1/spaces",
        "-f",
        "displayName=7",
        "-f",
        "spaceType=SPACE",
        "-F",
        "spaceDetails[description]=@d",
    ];
    std::fs::write(sandbox.path("d"), "from a file").unwrap();
    let space = sandbox.run(words).success().json();
    assert_eq!((&space["displayName"], &space["spaceDetails"]["description"]), (&json!("7"), &json!("from a file")));

    let input = r#"{"space":{"spaceType":"SPACE","displayName":"set up"}}"#;
    let request_id = "requestId=a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    with_input(&sandbox, &["api", "post", "v1/spaces:setup", "--input", "-"], input).success();
    let refused = with_input(&sandbox, &["api", "POST", "v1/spaces:setup", "--input", "-"], "{").exits_with(3);
    assert!(refused.stderr.contains("JSON"));
    sandbox
        .run(["api", "POST", "v1/spaces", "--query", request_id, "-f", "displayName=q", "-f", "spaceType=SPACE"])
        .success();

    let page =
        sandbox.run(["api", "GET", "v1/spaces?pageSize=2", "-f", "filter=spaceType = \"SPACE\""]).success().json();
    assert_eq!(page["spaces"].as_array().unwrap().len(), 2);
    let requests = sandbox.control().requests_to(Endpoint::List);
    assert_eq!(requests.len(), 1);
}

#[test]
fn pages_are_joined_into_one_document_or_come_line_by_line() {
    let sandbox = logged_in();
    for name in ["a", "b", "c"] {
        sandbox.run(["spaces", "create", "--name", name]).success();
    }
    let words = ["api", "GET", "v1/spaces", "--paginate", "-F", "pageSize=1"];
    let whole = sandbox.run(words).success().json();
    let names: Vec<&Value> = whole["spaces"].as_array().unwrap().iter().map(|space| &space["displayName"]).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(whole.get("nextPageToken"), None);
    let lines = sandbox.run(words.into_iter().chain(["--format", "jsonl"])).success().stdout;
    assert_eq!(lines.lines().count(), 3);
    assert!(lines.contains("nextPageToken"), "pages are as they came");
    let names = sandbox.run(words.into_iter().chain(["--format", "name"])).success().stdout;
    assert!(names.lines().count() == 3 && names.lines().all(|name| name.starts_with("spaces/")));
    let one = sandbox.run(["api", "GET", "v1/spaces", "-F", "pageSize=1"]).success().json();
    assert_eq!(one["spaces"].as_array().unwrap().len(), 1);
    sandbox.run(["api", "GET", "v1/spaces", "--format", "csv"]).exits_with(2);
}

#[test]
fn a_first_page_that_is_no_page_is_an_error() {
    let sandbox = logged_in();
    for fault in ["html", "empty", "body=\"a\"", "body=7", "body=[]", "body={\"nextPageToken\":5}"] {
        sandbox.control().add_fault(format!("list:{fault}").parse().unwrap());
        for format in ["json", "jsonl", "name"] {
            let words = ["api", "GET", "v1/spaces", "--format", format];
            sandbox.run(words).success();
            let refused = sandbox.run(words.iter().chain(&["--paginate"])).exits_with(6);
            assert_eq!(refused.stdout, "", "{fault}");
            assert!(
                refused.stderr.contains("cannot parse the server's response: expected a page"),
                "{}",
                refused.stderr
            );
        }
        sandbox.control().clear_faults();
    }
}

#[test]
fn pages_that_were_read_are_printed_when_a_later_one_fails() {
    let sandbox = logged_in();
    for name in ["a", "b", "c", "d", "e"] {
        sandbox.run(["spaces", "create", "--name", name]).success();
    }
    let words = ["api", "GET", "v1/spaces", "--paginate", "-F", "pageSize=2"];
    for (fault, code) in [
        ("list:status=403,after=1", 5),
        ("list:status=401,after=1", 4),
        ("list:status=418,after=1", 5),
        (r#"list:after=1,body={"nextPageToken":"emulator-page-2"}"#, 6),
        ("list:after=1,html", 6),
        ("list:after=1,empty", 6),
        (r#"list:after=1,body={"spaces":[],"nextPageToken":7}"#, 6),
    ] {
        let run = |more: &[&str]| {
            sandbox.control().add_fault(fault.parse().unwrap());
            let finished = sandbox.run(words.iter().chain(more));
            sandbox.control().clear_faults();
            finished.exits_with(code)
        };
        let names = |json: &Value| {
            let spaces = json["spaces"].as_array().unwrap().iter();
            spaces.map(|space| space["displayName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let failed = run(&[]);
        assert!(failed.stderr.starts_with("error: the list is incomplete: "), "{}", failed.stderr);
        let pages = failed.json();
        assert_eq!(names(&pages), ["a", "b"], "{fault}");
        assert!(pages["nextPageToken"].is_string(), "{pages}");
        let included = run(&["-i"]).stdout;
        let (_, body) = included.rsplit_once("\n\n{").unwrap();
        assert_eq!(names(&serde_json::from_str(&format!("{{{body}")).unwrap()), ["a", "b"], "{fault}: {included}");
        if cfg!(feature = "jq") {
            assert_eq!(run(&["--jq", ".spaces | length"]).stdout, "", "{fault}: a filter over a part of a list");
        }
        let lines = run(&["--format", "jsonl"]).stdout;
        assert_eq!(names(&serde_json::from_str(lines.lines().next().unwrap()).unwrap()), ["a", "b"]);
    }
    // What is no list does not replace one.
    sandbox.control().add_fault(r#"list:after=1,body={"spaces":"x"}"#.parse().unwrap());
    assert_eq!(sandbox.run(words).exits_with(6).json()["spaces"].as_array().unwrap().len(), 2);
    sandbox.control().clear_faults();
    // A first page that fails is shown as every other error.
    sandbox.control().add_fault("list:status=403".parse().unwrap());
    assert!(sandbox.run(words).exits_with(5).json()["error"].is_object());
}

#[test]
fn a_response_that_was_cut_off_is_not_printed() {
    let sandbox = logged_in();
    sandbox.run(["spaces", "create", "--name", "a"]).success();
    sandbox.control().add_fault("list:truncate".parse().unwrap());
    let cut = sandbox.run(["api", "GET", "v1/spaces"]).exits_with(6);
    assert_eq!(cut.stdout, "", "{}", cut.stderr);
    assert!(cut.stderr.contains("cannot parse the server's response"), "{}", cut.stderr);
}

#[test]
fn a_refusal_is_shown_as_it_is_and_explained() {
    let sandbox = logged_in();
    let finished = sandbox.run(["api", "GET", "v1/spaces/nosuch", "--format", "json"]).exits_with(5);
    assert_eq!(finished.json()["error"]["status"], "NOT_FOUND");
    assert_eq!(finished.error()["code"], "not_found");
    assert_eq!(finished.error().get("outcome"), None, "a read has none");
    let included = sandbox.run(["api", "GET", "v1/spaces/nosuch", "-i"]).exits_with(5);
    assert!(included.stdout.starts_with("HTTP/1.1 404 Not Found\ncontent-type: "), "{}", included.stdout);
    let written = sandbox.run(["api", "POST", "v1/spaces", "-f", "nosuch=1", "--format", "json"]).exits_with(5);
    assert_eq!(written.error()["outcome"], "not_applied");
    let head = sandbox.run(["api", "HEAD", "v1/spaces/nosuch", "--format", "json"]).exits_with(5);
    assert!(head.error()["hint"].as_str().unwrap().contains("use GET"), "{}", head.stderr);
}

#[cfg(feature = "jq")]
#[test]
fn an_expression_is_not_for_refusals() {
    let sandbox = logged_in();
    let finished = sandbox.run(["api", "GET", "v1/spaces/nosuch", "--jq", ".name"]).exits_with(5);
    assert_eq!(finished.json()["error"]["status"], "NOT_FOUND");
    let count = sandbox.run(["api", "GET", "v1/spaces", "--jq", ".spaces | length"]).success().stdout;
    assert_eq!(count, "0\n");
    // The page of a captive portal is no result of the expression.
    sandbox.control().add_fault("list:html".parse().unwrap());
    let page = sandbox.run(["api", "GET", "v1/spaces", "--jq", ".spaces"]).exits_with(1);
    assert!(page.stdout.is_empty() && page.stderr.contains("not JSON"), "{}", page.stderr);
}

#[test]
fn only_what_is_idempotent_is_sent_again() {
    let id = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let with_id = format!("requestId={id}");
    for (words, fault, code, count) in [
        (&["POST", "v1/spaces"][..], "create:drop-after,times=1", 6, 1),
        (&["POST", "v1/spaces"], "create:status=503,times=1", 6, 1),
        (&["POST", "v1/spaces", "--query", &with_id], "create:drop-after,times=1", 0, 2),
        (&["POST", "v1/spaces", "--query", &with_id], "create:status=503,retry-after=60,times=1", 6, 1),
        (&["GET", "v1/spaces"], "list:drop-after,times=1", 0, 2),
    ] {
        let options = Options { faults: vec![fault.parse().unwrap()], ..Options::default() };
        let sandbox = Sandbox::with(options);
        sandbox.run(["auth", "login", "--scope", "chat.spaces"]).success();
        sandbox.control().clear_requests();
        let fields = ["-f", "displayName=x", "-f", "spaceType=SPACE", "--format", "json"];
        let fields = if words[0] == "GET" { &fields[4..] } else { &fields[..] };
        let finished = sandbox.run(["api"].iter().chain(words).chain(fields)).exits_with(code);
        let sent = sandbox.control().requests().into_iter().filter(|request| request.path == "/v1/spaces").count();
        assert_eq!(sent, count, "{words:?} {fault}");
        if code != 0 {
            assert_eq!(finished.error()["code"], "outcome_unknown");
            assert_eq!(finished.error()["outcome"], "unknown");
        }
        if code != 0 && words.contains(&with_id.as_str()) {
            let error = finished.error();
            let (_, command) = error["hint"].as_str().unwrap().split_once("to repeat it safely, run ").unwrap();
            sandbox.paste(command).success();
        }
    }
}

#[test]
fn a_write_that_is_answered_with_a_page_may_have_been_applied() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"]);
    let path = format!("v1/{space}");
    for (words, fault, count) in [
        (&["POST", "v1/spaces", "-f", "displayName=y", "-f", "spaceType=SPACE"][..], "create:html", 1),
        (&["PATCH", &path, "--query", "updateMask=displayName", "-f", "displayName=z"], "update:html", 1),
        (&["DELETE", &path], "delete:status=200,html", 3),
    ] {
        sandbox.control().clear_requests();
        sandbox.control().add_fault(fault.parse().unwrap());
        let error = sandbox.run([&["api"], words, &["--format", "json"]].concat()).exits_with(6);
        assert!(error.stdout.contains("<html"), "{words:?}: {}", error.stdout);
        assert_eq!((&error.error()["code"], &error.error()["outcome"]), (&json!("outcome_unknown"), &json!("unknown")));
        assert_eq!(sandbox.control().requests().len(), count, "{words:?}");
    }
}

#[test]
fn a_known_method_asks_for_its_scope_and_others_take_the_login_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let missing = sandbox.run(["api", "GET", "v1/spaces", "--no-input"]).exits_with(4);
    assert!(missing.stderr.contains("chat.spaces.readonly"), "{}", missing.stderr);
    sandbox.run(["api", "POST", "v1/spaces", "-f", "displayName=x", "-f", "spaceType=SPACE", "--no-input"]).success();
    let asked = sandbox.run(["api", "GET", "v1/spaces/A", "--scope", "chat.messages", "--no-input"]).exits_with(4);
    assert!(asked.stderr.contains("chat.messages"), "{}", asked.stderr);
    let unknown = sandbox.run(["api", "GET", "v1/spaces/A/spaceEvents", "--no-input"]);
    assert_eq!(unknown.code(), Some(5), "{}", unknown.stderr);
    assert_eq!(sandbox.control().requests_to(Endpoint::Authorize).len(), 0);
}
