//! Nothing that would let somebody else in shows anywhere.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chatauth::auth::{Session, SessionOptions, TransportConfig};
use chatauth::platform::Clock;
use serde_json::json;

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::stage::{ACCOUNT, Received, ScriptedServer, answer, move_token_endpoint};

const CANARY: &str = "canary-token-of-the-environment";

/// A sandbox whose browser writes down what it was started with.
fn observed() -> Sandbox {
    let sandbox = Sandbox::new();
    let real = sandbox.path("bin/chatauth-browser");
    let seen = sandbox.path("seen");
    let script = format!(
        "#!/bin/sh\n{{ tr '\\0' '\\n' < /proc/$$/environ; tr '\\0' '\\n' < /proc/$$/cmdline; }} >> '{seen}'\nexec '{real}' \"$1\"\n",
        seen = seen.display(),
        real = real.display()
    );
    sandbox.script("observing-browser", &script);
    sandbox
}

fn command(sandbox: &Sandbox, words: &[&str]) -> Command {
    let mut command = sandbox.command(words.iter().chain(&["-vv"]));
    command.env("BROWSER", sandbox.path("bin/observing-browser"));
    command
}

/// Runs at the highest verbosity; standard error is searched by the sandbox, standard output here.
fn run(sandbox: &Sandbox, words: &[&str]) -> Finished {
    let finished = sandbox.finish(command(sandbox, words));
    if words[..2] != ["auth", "token"] {
        sandbox.check_secrets(&finished.stdout);
    }
    finished
}

const COMMANDS: [&[&str]; 10] = [
    &["auth", "status"],
    &["auth", "status", "--format", "json"],
    &["spaces", "create", "--name", "x"],
    &["spaces", "create", "--name", "x", "--member", "ada@example.com", "--format", "human"],
    &["spaces", "create", "--name", "x", "--dry-run"],
    &["spaces", "list"],
    &["auth", "token"],
    &["doctor", "--format", "json"],
    &["auth", "switch", ACCOUNT],
    &["auth", "logout"],
];

#[test]
fn property_63_no_secret_shows_when_all_goes_well() {
    let sandbox = observed();
    run(&sandbox, &["auth", "login"]).success();
    for words in COMMANDS {
        sandbox.control().expire_access_tokens();
        run(&sandbox, words).success();
    }
    let token = sandbox.run(["auth", "token"]).success();
    assert!(sandbox.control().secrets().iter().any(|secret| token.stdout.trim() == secret), "which is its job");
    let seen = fs::read_to_string(sandbox.path("seen")).unwrap();
    assert!(seen.contains("BROWSER="), "the browser was observed: {seen}");
    sandbox.check_secrets(&seen);
}

#[test]
fn property_63_no_secret_shows_when_something_fails() {
    let sandbox = observed();
    let faults = [
        "token:reason=invalid_grant",
        "token:status=500,retry-after=3600",
        "token:truncate",
        "token:garbage",
        "token:drop-after",
        "token:redirect=https://login.example/",
        "token:body={\"access_token\":",
        "authorize:status=500",
        "chat:status=401",
        "chat:status=403",
        "chat:status=429,retry-after=3600",
        "chat:status=503,retry-after=3600",
        "chat:redirect=https://chat.example/",
        "revoke:status=500,retry-after=3600",
        "revoke:drop-before",
    ];
    for fault in faults {
        sandbox.control().clear_faults();
        run(&sandbox, &["auth", "login", "--scope", "chat.spaces.create", "--scope", "chat.spaces.readonly"]).success();
        sandbox.expire_stored_token(ACCOUNT);
        sandbox.control().add_fault(fault.parse().unwrap());
        for words in COMMANDS {
            run(&sandbox, &words.iter().copied().chain(["--no-input"]).collect::<Vec<_>>());
        }
        run(&sandbox, &["auth", "login", "--wait", "1"]);
    }
    sandbox.check_secrets(&fs::read_to_string(sandbox.path("seen")).unwrap());
}

#[test]
fn property_63_an_answer_that_is_no_token_response_is_not_quoted() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    sandbox.expire_stored_token(ACCOUNT);
    for body in [
        r#"{"access_token":"canary-access","refresh_token":"canary-refresh"#,
        r#"{"access_token":["canary-access"],"token_type":"Bearer","refresh_token":"canary-refresh"}"#,
        r#"["canary-access"]"#,
        "access_token=canary-access&refresh_token=canary-refresh",
    ] {
        for status in [200, 400] {
            let server =
                ScriptedServer::answering(move |_, _| answer(status, &["Content-Type: application/json"], body));
            move_token_endpoint(&sandbox, &format!("{}/token", server.origin()));
            let failed = sandbox.run(["spaces", "create", "--name", "x", "--no-input", "-vv"]).exits_with(6);
            assert!(!failed.stderr.contains("canary"), "{}", failed.stderr);
        }
    }
}

#[test]
fn property_63_a_refusal_that_repeats_what_it_was_sent_is_masked() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces"]).success();
    let repeat = |status: u16| {
        move |request: &Received, _: usize| {
            let bearer = request.head.lines().find_map(|line| line.split_once("Bearer ").map(|(_, token)| token));
            let fields: Vec<_> = form_urlencoded::parse(request.body.as_bytes()).map(|(_, value)| value).collect();
            let said = format!("the bearer {bearer:?} with {}", fields.join(" "));
            let error = json!({ "code": status, "message": said, "details": [
                { "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": bearer } ] });
            let error = if request.head.contains("/token ") { json!("invalid_grant") } else { error };
            let scope = format!("WWW-Authenticate: Bearer scope=\"{}\"", bearer.unwrap_or_default());
            answer(status, &[&scope], json!({ "error": error, "error_description": said }).to_string())
        }
    };
    for status in [400, 403, 404, 409] {
        let server = ScriptedServer::answering(repeat(status));
        for words in [&["spaces", "list"][..], &["api", "GET", "v1/spaces", "-i"], &["spaces", "create", "--name", "x"]]
        {
            let options = ["--api-endpoint", &server.origin(), "--no-input", "-vv"];
            let failed = sandbox.run(words.iter().chain(&options));
            assert_ne!(failed.code(), Some(0));
            assert!(failed.stderr.contains("[redacted]"), "{}", failed.stderr);
            sandbox.check_secrets(&failed.stdout);
        }
    }
    let server = ScriptedServer::answering(repeat(400));
    move_token_endpoint(&sandbox, &format!("{}/token", server.origin()));
    sandbox.expire_stored_token(ACCOUNT);
    let failed = sandbox.run(["auth", "token", "--no-input"]).exits_with(4);
    assert_eq!(failed.stderr.matches("[redacted]").count(), 2, "refresh token and client secret: {}", failed.stderr);
    // The code, the verifier and the client secret of a login.
    let failed = sandbox.run(["auth", "login"]).exits_with(4);
    assert!(failed.stderr.contains("[redacted]"), "{}", failed.stderr);
}

#[test]
fn property_63_the_token_of_the_environment_reaches_no_child() {
    let sandbox = observed();
    let given = |words: &[&str]| {
        let mut command = command(&sandbox, words);
        command.env("CHATAUTH_ACCESS_TOKEN", CANARY);
        let finished = sandbox.finish(command);
        assert!(!finished.stderr.contains(CANARY), "{}", finished.stderr);
        finished
    };
    given(&["auth", "login"]).success();
    let seen = fs::read_to_string(sandbox.path("seen")).unwrap();
    assert!(seen.contains("CHATAUTH_CONFIG_DIR=") && !seen.contains("CHATAUTH_ACCESS_TOKEN"), "{seen}");
    for words in [&["auth", "status"][..], &["spaces", "create", "--name", "x"], &["spaces", "list"]] {
        assert!(!given(words).stdout.contains(CANARY), "{words:?}");
    }
    assert_eq!(given(&["auth", "token"]).success().stdout.trim(), CANARY);
    #[cfg(target_os = "linux")]
    {
        use crate::support::stage::{start, wait_until};
        let mut command = command(&sandbox, &["spaces", "list", "--jq", "last(range(300000000))"]);
        command.env("CHATAUTH_ACCESS_TOKEN", sandbox.run(["auth", "token"]).success().stdout.trim());
        let mut child = start(command);
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let shown = |file: &str| {
            let filter = fs::read_to_string(&children).unwrap_or_default();
            fs::read_to_string(format!("/proc/{}/{file}", filter.trim())).unwrap_or_default()
        };
        // A process that is not yet the filter shows the arguments and the environment of the program.
        wait_until("the filter runs", || {
            shown("cmdline").contains("\0__jq\0") && shown("environ").contains("CHATAUTH_CONFIG_DIR=")
        });
        assert!(!shown("environ").contains("CHATAUTH_ACCESS_TOKEN"), "{}", shown("environ"));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = given(&["emulator", "--", "env"]).success().stdout;
    assert!(output.contains("CHATAUTH_CONFIG_DIR=") && !output.contains(CANARY), "{output}");
    // A value that is none is not quoted either.
    let mut command = command(&sandbox, &["spaces", "list"]);
    command.env("CHATAUTH_ACCESS_TOKEN", "Bearer canary");
    let refused = sandbox.finish(command).exits_with(2);
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
}

#[test]
fn property_63_contents_in_place_of_a_path_are_not_shown() {
    let sandbox = Sandbox::new();
    let key = json!({"type": "service_account", "private_key": CANARY.repeat(4)}).to_string();
    let base64 = STANDARD.encode(format!("{key}  "));
    let hidden = [CANARY, &base64[40..80]];
    let check = |command: Command, expected: i32| {
        let finished = sandbox.finish(command).exits_with(expected);
        let said = finished.stdout + &finished.stderr;
        assert!(!hidden.iter().any(|part| said.contains(part)), "{said}");
        said
    };
    for contents in [&key, &base64, &format!("-----BEGIN PRIVATE KEY-----\n{CANARY}"), &format!("GOCSPX-{CANARY}")] {
        for words in [&["auth", "status"][..], &["doctor"], &["spaces", "create", "--name", "x", "--format", "json"]] {
            for variable in ["CHATAUTH_CLIENT_SECRETS", "CHATAUTH_SERVICE_ACCOUNT", "CHATAUTH_CONFIG_DIR"] {
                let mut command = sandbox.command(words);
                command.env(variable, contents);
                let said = check(command, 3);
                assert!(said.contains(&format!("{variable} is ")) && said.contains("not a path"), "{said}");
            }
            for variable in ["CHATAUTH_ACCOUNT", "CHATAUTH_API_ENDPOINT", "CHATAUTH_IMPERSONATE"] {
                let mut command = sandbox.command(words);
                command.env(variable, contents);
                check(command, 2);
            }
        }
        for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            for (words, code) in [(&["spaces", "create", "--name", "x"][..], 3), (&["version"], 0)] {
                let mut command = sandbox.command(words);
                command
                    .env(variable, contents)
                    .env("CHATAUTH_ACCESS_TOKEN", "ready")
                    .env_remove("CHATAUTH_API_ENDPOINT");
                check(command, code);
            }
        }
        for option in ["--from", "--journal", "--json", "--client-secrets", "--service-account", "--config-dir"] {
            check(sandbox.command(["spaces", "create", option, contents.as_str()]), 3);
            check(sandbox.command(["spaces", "create", &format!("{option}={contents}")]), 3);
        }
        check(sandbox.command(["auth", "import", contents.as_str()]), 3);
    }
}

#[test]
fn property_64_what_is_shown_for_debugging_shows_no_token() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let session = Session::new(SessionOptions {
        http: TransportConfig {
            timeout: std::time::Duration::from_secs(1),
            trust: chatauth::http::TrustRoots::default(),
            proxies: chatauth::http::Proxies {
                https: Some(chatauth::http::ProxySetting {
                    variable: "HTTPS_PROXY",
                    value: String::from("http://user:canary@proxy.example"),
                }),
                ..chatauth::http::Proxies::default()
            },
            clock: Clock::new(time::OffsetDateTime::now_utc),
        },
        config_directory: Some(sandbox.config_directory()),
        client_secrets: vec![sandbox.client_secrets()],
        client_secrets_named: true,
        google_tokens: true,
        account: None,
        access_token: Some(chatauth::secret::Secret::new(String::from("canary"))),
        delegation: None,
        login_command: Box::new(|_, _| String::new()),
        notify: Box::new(|_| ()),
        before_retry: Box::new(|_| {}),
    });
    let record = session.record(ACCOUNT).unwrap().unwrap();
    let client = session.client().unwrap();
    let shown = format!("{record:#?} {client:?} {:?}", session.http());
    assert!(shown.contains(ACCOUNT) && !shown.contains("canary"), "{shown}");
    sandbox.check_secrets(&shown);
}

#[test]
fn property_65_no_option_takes_a_secret() {
    let sandbox = Sandbox::new();
    for option in ["--access-token", "--token", "--refresh-token", "--client-secret", "--password", "--code"] {
        for command in [&["auth", "login"][..], &["spaces", "create", "--name", "x"], &["auth", "token"]] {
            let separate: Vec<&str> = command.iter().copied().chain([option, "canary"]).collect();
            let joined = format!("{option}=canary");
            let joined: Vec<&str> = command.iter().copied().chain([joined.as_str()]).collect();
            for words in [separate, joined] {
                let refused = sandbox.run(&words).exits_with(2);
                assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
            }
        }
    }
    assert!(sandbox.control().requests().is_empty());
}
