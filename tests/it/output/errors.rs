//! What Google answers when it refuses, and what a person or a script is told.

use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::service_account::key_file;
use crate::support::stage::{ACCOUNT, ScriptedServer, answer};

const CREATE: [&str; 7] = ["spaces", "create", "--name", "x", "--no-input", "--format", "json"];

/// An answer of the API: its status, its body, a header; then the code, the exit code, and a word of the hint.
type Case = (u16, Value, &'static str, &'static str, i32, &'static str);

fn info(reason: &str, metadata: &Value) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com", "metadata": metadata})
}

fn error(code: u16, message: &str, status: &str, details: &[Value]) -> Value {
    let mut error = json!({"code": code, "message": message, "status": status});
    if !details.is_empty() {
        error["details"] = Value::from(details.to_vec());
    }
    json!({ "error": error })
}

const LATER: &str = "Retry-After: 3600";
const SCOPES: &str = "WWW-Authenticate: Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\", scope=\"https://www.googleapis.com/auth/chat.spaces.create https://www.googleapis.com/auth/chat.spaces\"";
const PLAIN: &str = "Content-Type: application/json; charset=UTF-8";
const ACTIVATION: &str =
    "https://console.developers.google.com/apis/api/chat.googleapis.com/overview?project=123456789012";

#[expect(clippy::too_many_lines, reason = "it is a table")]
fn known() -> Vec<Case> {
    let method = json!({"service": "chat.googleapis.com", "method": "google.chat.v1.ChatService.CreateSpace"});
    let violation = json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "space", "description": "Cannot find field."}]});
    let activation =
        json!({"service": "chat.googleapis.com", "consumer": "projects/123456789012", "activationUrl": ACTIVATION});
    let help =
        json!({"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": "x", "url": ACTIVATION}]});
    let no_app = "Google Chat app not found. To create a Chat app, you must turn on the Chat API and configure the app in the Google Cloud console.";
    let unused = "Google Chat API has not been used in project 123456789012 before or it is disabled.";
    let caller = "The caller does not have permission";
    let quota = "Quota exceeded for quota metric 'Space writes' and limit 'Space writes per minute' of service 'chat.googleapis.com'";
    let legacy = |code: u16, reason: &str| json!({"error": {"code": code, "message": "x", "errors": [{"message": "x", "domain": "usageLimits", "reason": reason}]}});
    let bad = "INVALID_ARGUMENT";
    let denied = "PERMISSION_DENIED";
    vec![
        (
            400,
            error(
                400,
                "Invalid JSON payload received. Unknown name \"displayname\" at 'space': Cannot find field.",
                bad,
                &[violation],
            ),
            PLAIN,
            "invalid_argument",
            5,
            "reference",
        ),
        (400, error(400, "Request contains an invalid argument.", bad, &[]), PLAIN, "invalid_argument", 5, "reference"),
        (
            400,
            error(400, "API key not valid. Please pass a valid API key.", bad, &[info("API_KEY_INVALID", &json!({}))]),
            PLAIN,
            "invalid_argument",
            5,
            "reference",
        ),
        (400, error(400, "x", "FAILED_PRECONDITION", &[]), PLAIN, "precondition_failed", 5, "Chat"),
        (
            401,
            error(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED", &[]),
            PLAIN,
            "credentials_rejected",
            4,
            "auth login",
        ),
        (
            401,
            error(
                401,
                "Request is missing required authentication credential.",
                "UNAUTHENTICATED",
                &[info("CREDENTIALS_MISSING", &method)],
            ),
            PLAIN,
            "credentials_rejected",
            4,
            "auth login",
        ),
        (
            401,
            error(401, "x", "UNAUTHENTICATED", &[info("ACCESS_TOKEN_EXPIRED", &method)]),
            PLAIN,
            "credentials_rejected",
            4,
            "auth login",
        ),
        (
            401,
            error(401, "x", "UNAUTHENTICATED", &[info("ACCOUNT_STATE_INVALID", &method)]),
            PLAIN,
            "credentials_rejected",
            4,
            "auth login",
        ),
        (
            403,
            error(
                403,
                "Request had insufficient authentication scopes.",
                denied,
                &[info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", &method)],
            ),
            SCOPES,
            "scope_missing",
            4,
            "--scope chat.spaces.create",
        ),
        (
            403,
            error(
                403,
                "Request had insufficient authentication scopes.",
                denied,
                &[info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", &method)],
            ),
            PLAIN,
            "scope_missing",
            4,
            "auth login",
        ),
        (
            403,
            error(403, unused, denied, &[info("SERVICE_DISABLED", &activation), help.clone()]),
            PLAIN,
            "api_disabled",
            5,
            ACTIVATION,
        ),
        (
            403,
            error(403, unused, denied, &[info("SERVICE_DISABLED", &json!({}))]),
            PLAIN,
            "api_disabled",
            5,
            "apis/library/chat.googleapis.com",
        ),
        (403, legacy(403, "accessNotConfigured"), PLAIN, "api_disabled", 5, "chat.googleapis.com"),
        (403, error(403, caller, denied, &[]), PLAIN, "permission_denied", 5, "administrator"),
        (
            403,
            error(
                403,
                "This organization's administrator restricts this Chat app from performing this action.",
                denied,
                &[],
            ),
            PLAIN,
            "permission_denied",
            5,
            "administrator",
        ),
        (403, error(403, "x", denied, &[info("USER_PROJECT_DENIED", &json!({}))]), PLAIN, "permission_denied", 5, ""),
        (
            403,
            error(403, "x", denied, &[info("USER_BLOCKED_BY_ADMIN", &json!({}))]),
            PLAIN,
            "permission_denied",
            5,
            "administrator",
        ),
        (404, error(404, no_app, "NOT_FOUND", &[help]), PLAIN, "chat_app_not_configured", 5, "hangouts-chat"),
        (
            404,
            error(404, "No bot associated with this project.", "NOT_FOUND", &[]),
            PLAIN,
            "chat_app_not_configured",
            5,
            "hangouts-chat",
        ),
        (
            404,
            error(404, "Invalid project number.", "NOT_FOUND", &[]),
            PLAIN,
            "chat_app_not_configured",
            5,
            "hangouts-chat",
        ),
        (404, error(404, "Requested entity was not found.", "NOT_FOUND", &[]), PLAIN, "not_found", 5, "spaces list"),
        (
            409,
            error(409, "Requested entity already exists", "ALREADY_EXISTS", &[]),
            PLAIN,
            "already_exists",
            5,
            "another name",
        ),
        (409, error(409, "x", "ABORTED", &[]), LATER, "server_error", 6, "60 min"),
        (
            429,
            error(429, quota, "RESOURCE_EXHAUSTED", &[info("RATE_LIMIT_EXCEEDED", &json!({}))]),
            LATER,
            "rate_limited",
            6,
            "60 min",
        ),
        (
            429,
            error(429, "Resource has been exhausted (e.g. check quota).", "RESOURCE_EXHAUSTED", &[]),
            LATER,
            "rate_limited",
            6,
            "60 min",
        ),
        (
            429,
            error(429, quota, "RESOURCE_EXHAUSTED", &[info("RESOURCE_QUOTA_EXCEEDED", &json!({}))]),
            PLAIN,
            "rate_limited",
            6,
            "",
        ),
        (
            429,
            error(
                429,
                "x",
                "RESOURCE_EXHAUSTED",
                &[json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3600s"})],
            ),
            PLAIN,
            "rate_limited",
            6,
            "60 min",
        ),
        (403, legacy(403, "rateLimitExceeded"), LATER, "rate_limited", 6, "60 min"),
        (403, legacy(403, "userRateLimitExceeded"), LATER, "rate_limited", 6, "60 min"),
        (500, error(500, "Internal error encountered.", "INTERNAL", &[]), LATER, "outcome_unknown", 6, "--request-id"),
        (
            503,
            error(503, "The service is currently unavailable.", "UNAVAILABLE", &[]),
            LATER,
            "outcome_unknown",
            6,
            "60 min",
        ),
        (400, error(400, "x", "DEADLINE_EXCEEDED", &[]), LATER, "outcome_unknown", 6, "--request-id"),
        (400, error(400, "x", "CANCELLED", &[]), LATER, "outcome_unknown", 6, "--request-id"),
        (400, error(400, "x", "INTERNAL", &[]), LATER, "outcome_unknown", 6, "--request-id"),
        (504, error(504, "x", "DEADLINE_EXCEEDED", &[]), LATER, "outcome_unknown", 6, "--request-id"),
    ]
}

#[test]
fn property_62_every_known_refusal_has_its_code_its_cause_and_a_way_on() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    for (status, body, header, code, exit, word) in known() {
        let sent = body.to_string();
        let api = ScriptedServer::answering(move |_, _| answer(status, &[header], &sent));
        let failed = sandbox.run(CREATE.iter().copied().chain(["--api-endpoint", &api.origin()]));
        assert_eq!(failed.code(), Some(exit), "{body}: {}", failed.stderr);
        let found = failed.error();
        assert_eq!((&found["code"], &found["exitCode"]), (&Value::from(code), &Value::from(exit)), "{body}: {found}");
        assert_eq!(found["httpStatus"], status, "{found}");
        let said = body["error"]["message"].as_str().unwrap();
        assert!(found["message"].as_str().unwrap().contains(said), "the server's words: {found}");
        assert!(found["hint"].as_str().is_some_and(|hint| hint.contains(word)), "{word:?} for {body}: {found}");
        assert_eq!(found["outcome"], if code == "outcome_unknown" { "unknown" } else { "not_applied" }, "{found}");
        assert!(found["requestId"].is_string(), "{found}");
        let reason = &body["error"]["details"][0]["reason"];
        if reason.is_string() {
            assert_eq!(found["reason"], *reason, "{found}");
        }
        assert_eq!(api.received().len(), if status == 401 { 2 } else { 1 }, "{body}");
        assert_eq!(failed.stderr.lines().filter(|line| line.starts_with('{')).count(), 1, "{}", failed.stderr);

        // People read the same in two lines.
        if status != 401 {
            let words = ["spaces", "create", "--name", "x", "--no-input", "-q", "--api-endpoint", &api.origin()];
            let told = sandbox.run(words).exits_with(exit).stderr;
            assert!(told.starts_with("error: cannot create the space: "), "{told}");
            assert!(told.lines().nth(1).is_some_and(|line| line.starts_with("hint: ")), "{told}");
            assert_eq!(told.lines().count(), 2, "{told}");
        }
    }
}

#[test]
fn property_62_unknown_bodies_are_survived_and_not_quoted() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let mut huge = vec![b'<'; 2 * 1024 * 1024];
    huge.extend_from_slice(b"canary");
    let bodies: [(&str, Vec<u8>); 8] = [
        ("html", b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>canary".to_vec()),
        ("empty", Vec::new()),
        ("huge", huge),
        ("garbage", b"\x00\xff\x1b[2Jcanary".to_vec()),
        ("another shape", br#"{"error":"canary"}"#.to_vec()),
        ("wrong types", br#"{"error":{"code":"x","message":7,"status":[],"details":{"canary":1}}}"#.to_vec()),
        ("list", b"[[[[]]]]".to_vec()),
        ("deep", b"[".repeat(100_000)),
    ];
    for (what, body) in bodies {
        for (status, exit) in [(400, 5), (403, 5), (404, 5), (409, 5), (418, 5), (500, 6), (502, 6), (429, 6)] {
            // Half of the body and then nothing is as good as another body.
            for cut in [false, true] {
                let bytes = answer(status, &[LATER, "Content-Type: text/html"], &body);
                let bytes = if cut && what != "empty" { bytes[..bytes.len() - 1].to_vec() } else { bytes };
                let api = ScriptedServer::answering(move |_, _| bytes.clone());
                let failed = sandbox.run(CREATE.iter().copied().chain(["--api-endpoint", &api.origin()]));
                assert_eq!(failed.code(), Some(exit), "{status} {what}: {}", failed.stderr);
                assert_eq!(failed.error()["httpStatus"], status, "{what}: {}", failed.stderr);
                assert!(!failed.stderr.contains("canary") && !failed.stderr.contains('\u{1b}'), "{}", failed.stderr);
                assert!(failed.stderr.len() < 4096, "{what}");
                assert_eq!(api.received().len(), 1, "{status} {what}");
            }
        }
    }
}

#[test]
fn property_62_a_hostile_message_is_shown_and_does_nothing() {
    let hostile = "a\u{1b}[2J\u{9b}b\u{7}\u{1b}]8;;x\u{1b}\\\r\n\u{202e}\u{2028}\u{200b}\u{7f}error: forged";
    let body = error(403, hostile, "PERMISSION_DENIED\u{1b}[1m", &[info("\u{202e}X", &json!({}))]).to_string();
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let api = ScriptedServer::answering(move |_, _| answer(403, &[], &body));
    for verbose in ["-q", "-vv"] {
        let words = ["spaces", "create", "--name", "x", verbose, "--api-endpoint", &api.origin()];
        let told = sandbox.run(words).exits_with(5).stderr;
        assert!(
            !told.chars().any(|c| c != '\n' && (c.is_control() || "\u{202e}\u{2028}\u{200b}".contains(c))),
            "{told:?}"
        );
        assert!(told.contains("\\u{1b}[2J") && !told.contains("\nerror: forged"), "{told}");
    }
    let failed = sandbox.run(CREATE.iter().copied().chain(["--api-endpoint", &api.origin()])).exits_with(5);
    let line = failed.stderr.lines().last().unwrap();
    assert!(!line.chars().any(|c| c.is_control() || "\u{202e}\u{2028}\u{200b}".contains(c)), "{line:?}");
    assert!(failed.error()["message"].as_str().unwrap().contains(hostile), "the exact text comes back");
    assert_eq!(failed.error()["reason"], "\u{202e}X");
}

#[test]
fn usage_errors_are_objects_too() {
    let sandbox = Sandbox::new();
    let cases: [&[&str]; 9] = [
        &["spaces", "create", "--format", "json"],
        &["spaces", "create", "--format=json", "--name", "x", "--nmae", "y"],
        &["--format", "jsonl", "spaces", "crate"],
        &["spaces", "create", "--name", "", "--format", "json"],
        &["spaces", "create", "--name", "x", "--request-id", "7", "--format", "json"],
        &["spaces", "create", "--name", "x", "--external", "--internal", "--format", "json"],
        &["spaces", "list", "--limit", "0", "--format", "json"],
        &["auth", "login", "--scope", "\u{1b}[2J not a scope", "--format", "json"],
        &["spaces", "list", "--timeout", "-1", "--format", "json"],
    ];
    for words in cases {
        let failed = sandbox.run(words).exits_with(2);
        assert_eq!(failed.stdout, "", "{words:?}");
        assert_eq!(failed.error()["code"], "usage", "{words:?}");
        assert_eq!(failed.error()["exitCode"], 2, "{words:?}");
        assert!(!failed.stderr.contains('\u{1b}'), "{words:?}");
    }
    let mut command = sandbox.command(["spaces", "create"]);
    command.env("CHATAUTH_FORMAT", "json");
    assert_eq!(sandbox.finish(command).exits_with(2).error()["code"], "usage");
    // Without the wish for JSON it is text.
    let told = sandbox.run(["spaces", "create"]).exits_with(2).stderr;
    assert!(told.starts_with("error: "), "{told}");
    let mut command = sandbox.command(["auth", "status"]);
    command.env("CHATAUTH_FORMAT", "yaml");
    sandbox.finish(command).exits_with(2);
    // An option goes before its variable, whatever that holds.
    for (variable, option) in [("CHATAUTH_FORMAT", "--format=json"), ("CHATAUTH_TIMEOUT", "--timeout=5")] {
        let mut command = sandbox.command(["version", option]);
        command.env(variable, "yaml");
        sandbox.finish(command).success();
    }
}

#[test]
fn a_usage_error_names_the_help_of_the_command_that_was_typed() {
    let sandbox = Sandbox::new();
    let cases: [(&[&str], &str); 9] = [
        (&["spaces", "create", "--nme", "x"], "a similar argument exists: '--name'; run chatauth spaces create --help"),
        (&["spaces", "crate"], "'create'; run chatauth spaces --help"),
        (&["members", "list"], "run chatauth members list --help"),
        (&["--timeout", "5", "spaces", "list", "--limit", "0"], "run chatauth spaces list --help"),
        (&["spaces", "update", "S", "--audience", "a/b"], "run chatauth spaces update --help"),
        (&["spaces", "update", "S", "--rate", "5"], "run chatauth spaces update --help"),
        (&["auth", "login", "list"], "run chatauth auth login --help"),
        (&["emulator", "--prt", "1", "--", "chatauth", "spaces", "list"], "run chatauth emulator --help"),
        (&["nosuch"], "run chatauth --help"),
    ];
    for (words, expected) in cases {
        let mut command = sandbox.command(words);
        command.env("CHATAUTH_FORMAT", "json");
        let error = sandbox.finish(command).exits_with(2).error();
        assert!(error["hint"].as_str().unwrap().ends_with(expected), "{words:?}: {error}");
    }
}

#[test]
fn an_unknown_option_is_not_suggested_as_a_value() {
    let sandbox = Sandbox::new();
    let failed = sandbox.run(["members", "get", "spaces/A", "ada@example.com", "--role", "owner"]).exits_with(2);
    assert!(failed.stderr.contains("unexpected argument '--role'"), "{}", failed.stderr);
    assert!(!failed.stderr.contains("-- --role"), "{}", failed.stderr);
    let similar = sandbox.run(["members", "list", "spaces/A", "--rol", "owner"]).exits_with(2);
    assert!(similar.stderr.contains("'--role'"), "{}", similar.stderr);
}

#[test]
fn a_retry_says_why_and_when_unless_quiet() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let words = ["spaces", "create", "--name", "x", "--format", "name"];
    sandbox.control().add_fault("create:status=503,times=2".parse().unwrap());
    let finished = sandbox.run(words).success();
    let retries: Vec<&str> = finished.stderr.lines().filter(|line| line.starts_with("Retrying in ")).collect();
    let [second, third] = retries[..] else { panic!("{}", finished.stderr) };
    assert!(second.ends_with(" s: 503 from 127.0.0.1, attempt 2 of 8"), "{second}");
    assert!(third.ends_with(" s: 503 from 127.0.0.1, attempt 3 of 8"), "{third}");
    assert!(finished.stdout.starts_with("spaces/"), "{}", finished.stdout);
    let seconds: u64 = second["Retrying in ".len()..].split(' ').next().unwrap().parse().unwrap();
    assert_eq!(seconds, 1);

    sandbox.control().add_fault("create:status=503,times=1".parse().unwrap());
    let quiet = sandbox.run(words.iter().chain(&["-q"])).success();
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_retry_of_the_token_endpoint_says_why_and_when_unless_quiet() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let words = ["spaces", "create", "--name", "x", "--no-input"];
    for delegated in [false, true] {
        let key = key_file(&sandbox, &format!("{}/token", sandbox.origin()));
        let run = |more: &[&str]| {
            sandbox.expire_stored_token(ACCOUNT);
            let _ = std::fs::remove_dir_all(sandbox.config_directory().join("delegated"));
            sandbox.control().add_fault("token:status=503,times=1".parse().unwrap());
            let mut command = sandbox.command(words.iter().chain(more));
            if delegated {
                command.arg("--service-account").arg(&key).args(["--impersonate", ACCOUNT]);
            }
            sandbox.finish(command).success().stderr
        };
        let told = run(&[]);
        let retry = told.lines().find(|line| line.starts_with("Retrying in ")).unwrap_or_else(|| panic!("{told}"));
        assert_eq!(retry, "Retrying in 1 s: 503 from 127.0.0.1, attempt 2 of 3");
        assert_eq!(run(&["-q"]), "");
    }
}

#[test]
fn what_google_says_about_a_field_is_the_message() {
    let violation = json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [
        {"field": "displayName", "description": "must not be empty"}]});
    let body = error(400, "Request contains an invalid argument.", "INVALID_ARGUMENT", &[violation]);
    let recorder = crate::support::recorder::Recorder::with(move |_, _| (400, body.clone()));
    let run = recorder.run(&["spaces", "create", "--name", "x"]).exits_with(5);
    let first = run.stderr.lines().find(|line| line.starts_with("error")).unwrap();
    assert_eq!(first, "error: cannot create the space: displayName: must not be empty (400)");
}

#[test]
fn nothing_is_called_not_applied_of_which_a_part_was_applied() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "manage"]).success();
    let run = |words: &str, fault: &str| {
        sandbox.control().clear_faults();
        sandbox.control().add_fault(fault.parse().unwrap());
        sandbox.run(words.split(' ').chain(["--format", "json"])).exits_with(5)
    };
    let space = sandbox.run(["spaces", "create", "--name", "A", "--format", "name"]).success().stdout;
    let space = space.trim();
    for (words, fault) in [
        ("spaces create --name B --manager b@example.com", "update-member:status=403"),
        (&format!("spaces update {space} --name C --history off"), "update:status=403,after=1"),
        (&format!("members add {space} b@example.com c@example.com"), "add-member:status=403,after=1"),
    ] {
        let error = run(words, fault).error();
        assert_eq!(
            (&error["code"], &error["outcome"]),
            (&"permission_denied".into(), &Value::Null),
            "{words}: {error}"
        );
    }
    for (words, fault) in [
        ("spaces create --name B --manager b@example.com", "setup:status=403"),
        (&format!("spaces update {space} --name C --history off"), "update:status=403"),
    ] {
        let error = run(words, fault).error();
        assert_eq!(error["outcome"], "not_applied", "{words}: {error}");
    }
    let bulk = sandbox.path("rows.csv");
    std::fs::write(&bulk, "name\nD\nE\nF\n").unwrap();
    for (fault, outcome) in [("create:status=403,after=1", Value::Null), ("create:status=403", "not_applied".into())] {
        let words = format!("spaces create --from {} --fail-fast --concurrency 1", bulk.display());
        assert_eq!(run(&words, fault).error()["outcome"], outcome, "{fault}");
    }
    std::fs::write(&bulk, "name,manager\nD,b@example.com\n").unwrap();
    sandbox.control().clear_faults();
    sandbox.control().add_fault("update-member:status=403".parse().unwrap());
    let rows = sandbox.run(["spaces", "create", "--from", bulk.to_str().unwrap(), "--format", "jsonl"]).exits_with(7);
    let row: Value = serde_json::from_str(&rows.stdout).unwrap();
    assert_eq!((&row["status"], &row["error"]["outcome"]), (&"failed".into(), &Value::Null), "{row}");
}

#[test]
fn property_66_text_of_every_script_is_quoted_as_it_is_and_hidden_characters_are_not() {
    let sandbox = Sandbox::new();
    let shown = |name: &str, shown: &str| {
        let planned = sandbox.run(["spaces", "create", "--dry-run", "--if-exists", "fail", "--name", name]).success();
        assert!(planned.stderr.contains(&format!("named \"{shown}\"\n")), "{}", planned.stderr);
        let refused = sandbox.run(["members", "list", &format!("{name}/")]).exits_with(2);
        assert!(refused.stderr.contains(&format!("the space \"{shown}/\" ")), "{}", refused.stderr);
        std::fs::write(sandbox.path("rows.csv"), format!("name,history\nx,{name}\n")).unwrap();
        let refused = sandbox.run(["spaces", "create", "--from", "rows.csv", "--dry-run"]).exits_with(3);
        assert!(refused.stderr.contains(&format!("\"{shown}\" is not one of")), "{}", refused.stderr);
    };
    for name in
        ["हिन्दी कक्षा", "ภาษาไทยที่นี่", "שָׁלוֹם", "cafe\u{301}", "\u{2764}\u{fe0f} team", "\u{1f469}\u{200d}\u{1f3eb}"]
    {
        shown(name, name);
    }
    shown("a\u{202e}b\u{1b}", "a\\u{202e}b\\u{1b}");
    shown("a\\b", "a\\\\b");
}
