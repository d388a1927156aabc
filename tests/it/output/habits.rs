//! What people type out of habit: the right command is shown, and never run.

use crate::support::sandbox::Sandbox;

#[test]
fn the_right_command_is_shown_and_not_run() {
    let sandbox = Sandbox::new();
    let cases: &[(&[&str], &str)] = &[
        (&["login"], "chatauth auth login"),
        (&["--account", "ada@example.com", "login"], "chatauth --account ada@example.com auth login"),
        (&["logout", "--all"], "chatauth auth logout --all"),
        (&["whoami"], "chatauth auth status"),
        (&["create", "--name", "A b"], "chatauth spaces create --name 'A b'"),
        (&["list"], "chatauth spaces list"),
        (&["ls"], "chatauth spaces list"),
        (&["auth", "print-access-token"], "chatauth auth token"),
        (&["spaces", "new", "--name", "x"], "chatauth spaces create --name x"),
        (&["spaces", "create", "It's"], r"chatauth spaces create --name 'It'\''s'"),
        (&["spaces", "create", "Class", "7b", "--dry-run"], "chatauth spaces create --name 'Class 7b' --dry-run"),
        (&["spaces", "create", "--title", "x"], "chatauth spaces create --name x"),
        (&["spaces", "create", "--title=A b"], "chatauth spaces create --name 'A b'"),
        (&["spaces", "create", "-n", "x"], "chatauth spaces create --name x"),
        (&["emulator", "sh", "-c", "exit 3"], "chatauth emulator -- sh -c 'exit 3'"),
        (&["emulator", "--quota", "newSpaces=1", "--", "true"], "chatauth emulator --quota=newSpaces=1 -- true"),
        (
            &["emulator", "--quota", "newSpaces=1,spaceReads=off"],
            "chatauth emulator --quota=newSpaces=1,spaceReads=off",
        ),
        (&["emulator", "--quota", "google", "--", "true"], "chatauth emulator --quota=google -- true"),
        (&["emulator", "--quota", "./script.sh"], "chatauth emulator --quota -- ./script.sh"),
        (&["emulator", "env", "A=b", "true"], "chatauth emulator -- env A=b true"),
        (&["api", "v1/spaces", "--paginate"], "chatauth api GET v1/spaces --paginate"),
        (&["api", "v1/spaces", "-f", "displayName=x"], "chatauth api POST v1/spaces -f displayName=x"),
        (&["api", "-X", "DELETE", "v1/spaces/AAAA"], "chatauth api DELETE v1/spaces/AAAA"),
        (&["api", "v1/spaces/AAAA", "--method", "PATCH"], "chatauth api PATCH v1/spaces/AAAA"),
        (&["api", "-XDELETE", "v1/spaces/AAAA"], "chatauth api DELETE v1/spaces/AAAA"),
        (&["api", "v1/spaces/AAAA", "--method=PATCH"], "chatauth api PATCH v1/spaces/AAAA"),
        (&["api", "--request=POST", "v1/spaces", "-f", "a=b"], "chatauth api POST v1/spaces -f a=b"),
        (&["api", "GET", "v1/spaces", "-q", ".spaces[].name"], "chatauth api GET v1/spaces --jq '.spaces[].name'"),
        (&["spaces", "list", "-q", ".[] | .name"], "chatauth spaces list --jq '.[] | .name'"),
        (&["emulator", "--port", "0", "chatauth", "doctor"], "chatauth emulator --port 0 -- chatauth doctor"),
    ];
    for (words, right) in cases {
        let refused = sandbox.run(*words).exits_with(2);
        assert_eq!(refused.stdout, "", "{words:?}");
        let hint = format!("hint: run {right}\n");
        assert!(
            refused.stderr.starts_with("error: ") && refused.stderr.ends_with(&hint),
            "{words:?}: {}",
            refused.stderr
        );
        assert!(!refused.stderr.contains("\\n"), "{words:?}: {}", refused.stderr);
        let refused = sandbox.run([&["--format", "json"], *words].concat()).exits_with(2);
        let right = right.replacen("chatauth", "chatauth --format json", 1);
        assert_eq!(refused.error()["hint"], format!("run {right}"), "{words:?}");
        assert!(!refused.error()["message"].as_str().unwrap().contains('\n'), "{words:?}");
    }
    assert!(sandbox.control().requests().is_empty(), "a command ran");
    assert!(!sandbox.config_directory().exists(), "a command ran");
}

#[test]
fn an_option_is_never_suggested_as_a_value() {
    let sandbox = Sandbox::new();
    for words in [&["members", "add", "AAAA", "ada@example.com", "--rle", "owner"][..], &["emulator", "--x"]] {
        let refused = sandbox.run(words).exits_with(2);
        assert!(!refused.stderr.contains("-- -"), "{words:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("--help"), "{words:?}: {}", refused.stderr);
    }
    for words in
        [&["api", "GET"][..], &["api", "v1/spaces", "-X"], &["api", "-XGET"], &["api", "GET", "v1/spaces", "-X", "GET"]]
    {
        let refused = sandbox.run(words).exits_with(2);
        assert!(!refused.stderr.contains("hint: "), "{words:?}: {}", refused.stderr);
    }
    // A slip of the keyboard is still found.
    let refused = sandbox.run(["spaces", "create", "--nmae", "x"]).exits_with(2);
    assert!(refused.stderr.contains("'--name'"), "{}", refused.stderr);
}

#[test]
fn aliases_do_what_their_commands_do() {
    let sandbox = Sandbox::new();
    sandbox.run(["auth", "login", "--scope", "chat.spaces", "--scope", "chat.delete"]).success();
    let space = sandbox.name_of(&["spaces", "create", "--name", "x"]);
    sandbox.name_of(&["spaces", "create", "--name", "y"]);
    let list = sandbox.run(["spaces", "list", "--limit", "1"]).success().stdout;
    assert_eq!(sandbox.run(["spaces", "ls", "-L", "1"]).success().stdout, list);
    assert_eq!(sandbox.run(["auth", "list"]).success().json()["account"], "emulator@example.com");
    sandbox.run(["spaces", "rm", &space, "--yes"]).success();
    sandbox.run(["spaces", "get", &space]).exits_with(5);
}
