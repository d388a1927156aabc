//! `chatauth setup`: printed without a terminal, walked through on one.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::sandbox::{Sandbox, TEST_TIMEOUT, mode};
use crate::support::stage::wrapped;

const ACCOUNT: &str = "emulator@example.com";

/// A run of the program on a pseudo-terminal.
struct Screen {
    keyboard: File,
    shown: Arc<Mutex<String>>,
    read: usize,
    child: Child,
    /// Ends when nobody has the terminal open any more, and all that was written is in `shown`.
    reader: JoinHandle<()>,
}

impl Screen {
    fn start(mut command: Command) -> Self {
        let (master, slave) = crate::support::pty_pair::open();
        let stream = || Stdio::from(slave.try_clone().unwrap());
        let child =
            command.env("NO_COLOR", "1").stdin(stream()).stderr(stream()).stdout(Stdio::null()).spawn().unwrap();
        let keyboard = File::from(master);
        let (mut screen, shown) = (keyboard.try_clone().unwrap(), Arc::new(Mutex::new(String::new())));
        let copy = Arc::clone(&shown);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                copy.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { keyboard, shown, read: 0, child, reader }
    }

    fn text(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    /// Waits until this is shown, behind everything that was waited for before.
    #[track_caller]
    fn shows(&mut self, expected: &str) {
        let deadline = Instant::now() + TEST_TIMEOUT;
        loop {
            if let Some(place) = self.text()[self.read..].find(expected) {
                self.read += place + expected.len();
                return;
            }
            assert!(Instant::now() < deadline, "{expected:?} is not shown: {}", self.text());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    #[track_caller]
    fn answer(&mut self, question: &str, text: &str) {
        self.shows(question);
        self.keyboard.write_all(format!("{text}\n").as_bytes()).unwrap();
    }

    #[track_caller]
    fn ends_with(mut self, code: i32) -> String {
        let deadline = Instant::now() + TEST_TIMEOUT;
        loop {
            let status = self.child.try_wait().unwrap();
            if let Some(status) = status.filter(|_| self.reader.is_finished()) {
                assert_eq!(status.code(), Some(code), "{}", self.text());
                return self.text();
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                panic!("it did not end: {}", self.text());
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

/// `chatauth setup` where no client file is yet.
fn fresh(sandbox: &Sandbox) -> Command {
    let mut command = sandbox.command(["setup"]);
    fs::create_dir_all(sandbox.path("empty")).unwrap();
    command.env_remove("CHATAUTH_CLIENT_SECRETS").current_dir(sandbox.path("empty"));
    command
}

const PAGES: [&str; 5] = [
    "https://console.cloud.google.com/apis/library/chat.googleapis.com",
    "https://console.cloud.google.com/apis/api/chat.googleapis.com/hangouts-chat",
    "https://console.cloud.google.com/auth/branding",
    "https://console.cloud.google.com/auth/audience",
    "https://console.cloud.google.com/auth/clients",
];

#[test]
fn without_a_terminal_the_steps_are_printed() {
    let sandbox = Sandbox::new();
    let printed = sandbox.finish(fresh(&sandbox)).success();
    let places: Vec<_> = PAGES
        .iter()
        .map(|page| printed.stdout.find(page).unwrap_or_else(|| panic!("{page}: {}", printed.stdout)))
        .collect();
    assert!(places.is_sorted(), "{}", printed.stdout);
    assert!(printed.stdout.contains("http://127.0.0.1:8085/"), "the URI for a web client");
    assert!(printed.stdout.contains(sandbox.config_directory().to_str().unwrap()), "{}", printed.stdout);
    assert!(!sandbox.config_directory().exists());
    // With a client file the links lead to its project.
    let known = sandbox.run(["setup"]).success().stdout;
    assert!(known.contains("hangouts-chat?project=123456789012"), "{known}");
    // On a terminal nobody may be asked at, the same.
    let mut command = fresh(&sandbox);
    command.env("CHATAUTH_NO_INPUT", "1");
    Screen::start(command).ends_with(0);
    assert!(sandbox.control().requests().is_empty());
}

#[test]
fn on_a_terminal_it_walks_to_a_login() {
    let sandbox = Sandbox::new();
    let downloads = sandbox.path("Downloads");
    fs::create_dir(&downloads).unwrap();
    fs::copy(sandbox.client_secrets(), downloads.join("client_secret (1).json")).unwrap();
    fs::write(downloads.join("key.json"), json!({"type": "service_account"}).to_string()).unwrap();
    let mut screen = Screen::start(fresh(&sandbox));
    screen.answer("ID of your Cloud project", "my-project-1");
    for page in &PAGES[..4] {
        screen.shows(&format!("{page}?project=my-project-1"));
        screen.answer("Press Enter", "");
    }
    screen.shows(&format!("{}?project=my-project-1", PAGES[4]));
    // A wrong answer is explained and may be corrected.
    screen.answer("Path of the downloaded file", "~/Downloads/nothing.json");
    screen.shows("error: ");
    // People drag files into the terminal, which quotes them.
    screen.answer("Path of the downloaded file", &format!("'{}'", downloads.join("key.json").display()));
    screen.shows("service account");
    let dragged = downloads.join(r"client_secret\ \(1\).json");
    screen.answer("Path of the downloaded file", &dragged.display().to_string());
    let kept = sandbox.config_directory().join("client_secrets.json");
    screen.shows("only you can read it");
    screen.shows("Logged in as emulator@example.com");
    let text = screen.ends_with(0);
    assert!(text.contains("chatauth spaces create"), "{text}");
    assert!(!text.contains("^J"), "Enter is no character: {text}");
    sandbox.check_secrets(&text);
    assert_eq!(mode(&kept), 0o600);
    assert_eq!(fs::read(&kept).unwrap(), fs::read(sandbox.client_secrets()).unwrap());
    assert_eq!(sandbox.record(ACCOUNT)["email"], ACCOUNT);
    // And the promise holds.
    let mut create = sandbox.command(["spaces", "create", "--name", "API-made", "--no-input"]);
    create.env_remove("CHATAUTH_CLIENT_SECRETS").current_dir(sandbox.path("empty"));
    sandbox.finish(create).success();
}

#[test]
fn a_client_file_that_is_there_is_used() {
    let sandbox = Sandbox::new();
    let mut screen = Screen::start(sandbox.command(["setup"]));
    screen.shows("Found a client file");
    screen.answer("Press Enter to use it", "");
    screen.shows("Logged in as");
    screen.ends_with(0);
    assert!(!sandbox.config_directory().join("client_secrets.json").exists());
}

#[test]
fn a_client_file_that_is_there_may_be_replaced() {
    let sandbox = Sandbox::new();
    let (place, before) = (sandbox.client_secrets(), fs::read(sandbox.client_secrets()).unwrap());
    let other = sandbox.path("other.json");
    let text = String::from_utf8(before.clone()).unwrap().replace('\n', "\n ");
    fs::write(&other, &text).unwrap();
    let replace = |command: Command, code| {
        let mut screen = Screen::start(command);
        screen.answer("Press Enter to use it", other.to_str().unwrap());
        screen.ends_with(code)
    };
    // Where the new file cannot be written, the old one stays.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let full = wrapped(
        &sandbox.command(["setup"]),
        &["sh", "-c", script, "sh", env!("CARGO_BIN_EXE_chatauth")].map(AsRef::as_ref),
    );
    let failed = replace(full, 3);
    assert!(failed.contains("error: cannot save the OAuth client file"), "{failed}");
    assert_eq!(fs::read(&place).unwrap(), before);
    let kept = |suffix: &str| place.with_added_extension(suffix);
    assert!(!kept("old").exists());
    assert!(replace(sandbox.command(["setup"]), 0).contains("Renamed the old file to"));
    assert_eq!((fs::read_to_string(&place).unwrap(), mode(&place)), (text.clone(), 0o600));
    assert_eq!(fs::read(kept("old")).unwrap(), before);
    // What is kept is not replaced in its turn.
    fs::write(&other, format!("{text}\n")).unwrap();
    replace(sandbox.command(["setup"]), 0);
    assert_eq!((fs::read(kept("old")).unwrap(), fs::read_to_string(kept("old-2")).unwrap()), (before, text));
}

#[test]
fn contents_that_are_pasted_are_not_shown_again() {
    let sandbox = Sandbox::new();
    let mut screen = Screen::start(sandbox.command(["setup"]));
    let contents =
        json!({"installed": {"client_id": "1.apps.googleusercontent.com", "client_secret": "GOCSPX-pasted"}});
    screen.answer("Press Enter to use it", &contents.to_string());
    screen.shows("error: expected the path of the OAuth client file, not JSON");
    for nothing in ["", "-"] {
        screen.answer("Path of the downloaded file", nothing);
    }
    screen.shows("Path of the downloaded file");
    screen.keyboard.write_all(b"\x04").unwrap();
    let text = screen.ends_with(4);
    assert_eq!(text.matches("GOCSPX-pasted").count(), 1, "the terminal's own echo: {text}");
    assert!(!text.contains("no OAuth client file found"), "{text}");
}

#[test]
fn a_client_file_that_is_wrong_is_replaced_and_what_cannot_work_is_not_taken() {
    let sandbox = Sandbox::new();
    let good = sandbox.path("good.json");
    fs::rename(sandbox.client_secrets(), &good).unwrap();
    let wrong = json!({"type": "authorized_user", "refresh_token": "x"}).to_string();
    fs::write(sandbox.client_secrets(), &wrong).unwrap();
    let web = |uris: &[&str]| {
        json!({"web": {"client_id": "1.apps.googleusercontent.com", "client_secret": "s", "redirect_uris": uris,
            "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token"}})
    };
    fs::write(sandbox.path("web.json"), web(&["https://example.com/callback"]).to_string()).unwrap();
    fs::write(sandbox.path("key.json"), json!({"type": "service_account"}).to_string()).unwrap();
    let mut screen = Screen::start(sandbox.command(["setup"]));
    screen.shows("not an OAuth client");
    screen.answer("ID of your Cloud project", "my-project-1");
    for _ in 0..4 {
        screen.answer("Press Enter", "");
    }
    screen.answer("Path of the downloaded file", "~/web.json");
    screen.shows("plain http loopback address");
    screen.answer("Path of the downloaded file", "~/key.json");
    screen.shows("error: ");
    screen.answer("Path of the downloaded file", "~/client_secrets.json");
    screen.shows("error: ");
    // A pipe has its contents once.
    let pipe = sandbox.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let contents = fs::read(&good).unwrap();
    let writer = std::thread::spawn(move || fs::write(pipe, contents).unwrap());
    screen.answer("Path of the downloaded file", "~/pipe");
    screen.shows("Logged in as");
    screen.ends_with(0);
    writer.join().unwrap();
    assert_eq!(fs::read(sandbox.client_secrets()).unwrap(), fs::read(&good).unwrap());
    assert_eq!(fs::read_to_string(sandbox.path("client_secrets.json.old")).unwrap(), wrong);
}

#[test]
fn each_page_can_be_opened_and_the_project_is_asked_for_once_more() {
    let sandbox = Sandbox::new();
    let seen = sandbox.path("seen");
    let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", seen.display());
    let mut command = fresh(&sandbox);
    command.env("BROWSER", sandbox.script("spy", &script));
    let mut screen = Screen::start(command);
    screen.answer("ID of your Cloud project", "");
    screen.shows("projectcreate");
    screen.answer("Press Enter", "o");
    screen.answer("Press Enter", "");
    screen.shows(PAGES[0]);
    screen.answer("Press Enter", "o");
    screen.answer("Press Enter", "");
    screen.answer("ID of that project", "my-project-1");
    screen.shows(&format!("{}?project=my-project-1", PAGES[1]));
    screen.answer("Press Enter", "o");
    let opened = ["projectcreate", PAGES[0], "hangouts-chat?project=my-project-1"];
    crate::support::stage::wait_until("the pages are open", || {
        let text = fs::read_to_string(&seen).unwrap_or_default();
        opened.iter().all(|page| text.contains(page))
    });
    screen.answer("Press Enter", "");
    screen.shows(PAGES[2]);
    screen.keyboard.write_all(b"\x04").unwrap();
    screen.ends_with(4);
}

#[test]
fn five_wrong_answers_end_it_and_so_does_leaving() {
    let sandbox = Sandbox::new();
    let mut screen = Screen::start(fresh(&sandbox));
    screen.answer("ID of your Cloud project", "");
    screen.shows("projectcreate");
    for _ in 0..2 {
        screen.answer("Press Enter", "");
    }
    screen.answer("ID of that project", "");
    for _ in 0..3 {
        screen.answer("Press Enter", "");
    }
    for _ in 0..5 {
        screen.answer("Path of the downloaded file", "nowhere.json");
    }
    screen.ends_with(3);
    for (setup, question) in
        [(fresh(&sandbox), "ID of your Cloud project"), (sandbox.command(["setup"]), "Press Enter to use it")]
    {
        let mut screen = Screen::start(setup);
        screen.shows(question);
        screen.keyboard.write_all(b"\x04").unwrap();
        let text = screen.ends_with(4);
        assert!(text.contains("hint: to continue, run "), "{text}");
    }
    assert!(!sandbox.config_directory().join("client_secrets.json").exists());
}

#[test]
fn the_commands_that_it_shows_keep_the_typed_directory_and_client() {
    let sandbox = Sandbox::new();
    let setup = || {
        let mut command = fresh(&sandbox);
        command.args(["--config-dir", "cfg 2", "--client-secrets", "../client_secrets.json"]);
        command
    };
    let typed = "--client-secrets ../client_secrets.json --config-dir 'cfg 2'";
    let printed = sandbox.finish(setup()).success().stdout;
    assert!(printed.contains("6. Save the file as ../client_secrets.json, then log in: "), "{printed}");
    assert!(printed.contains(&format!(" auth login {typed}\n")), "{printed}");
    let mut screen = Screen::start(setup());
    screen.answer("Press Enter to use it", "nowhere.json");
    screen.shows("Path of the downloaded file");
    screen.keyboard.write_all(b"\x04").unwrap();
    let text = screen.ends_with(4);
    assert!(text.contains(&format!(" setup {typed}\r\n")), "{text}");
    let mut screen = Screen::start(setup());
    screen.answer("Press Enter to use it", "");
    let text = screen.ends_with(0);
    let (_, create) = text.split_once("first space: ").unwrap();
    let mut shell = Command::new("sh");
    let environment = fresh(&sandbox);
    shell.env_clear().envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(sandbox.path("empty")).args(["-c", create.trim()]).stdin(Stdio::null());
    assert_eq!(sandbox.finish(shell).success().json()["displayName"], "API-made");
}

#[test]
fn a_client_file_is_saved_at_the_path_that_was_named_or_the_error_names_that_path() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("file"), "").unwrap();
    let mut command = sandbox.command(["setup", "--config-dir", "file"]);
    command.env_remove("CHATAUTH_CLIENT_SECRETS").current_dir(sandbox.path(""));
    let text = Screen::start(command).ends_with(3);
    assert!(text.starts_with("error: cannot use file for logins: it is not a directory"), "{text}");
    for (place, saved) in [("new.json", true), ("a/b/new.json", true), ("file/new.json", false)] {
        let mut command = sandbox.command(["setup", "--client-secrets", place]);
        command.current_dir(sandbox.path(""));
        let mut screen = Screen::start(command);
        screen.answer("ID of your Cloud project", "my-project-1");
        for _ in 0..4 {
            screen.answer("Press Enter", "");
        }
        screen.answer("Path of the downloaded file", "client_secrets.json");
        let text = screen.ends_with(if saved { 0 } else { 3 });
        if saved {
            assert_eq!(fs::read(sandbox.path(place)).unwrap(), fs::read(sandbox.client_secrets()).unwrap(), "{text}");
            assert_eq!(mode(&sandbox.path(place)), 0o600);
        } else {
            assert!(text.contains(&format!("error: cannot save the OAuth client file {place}: ")), "{text}");
            assert!(text.contains("hint: ") && text.contains("--client-secrets FILE"), "{text}");
            assert!(!text.contains("cannot save logins") && !text.contains("--config-dir"), "{text}");
        }
    }
}

#[test]
fn a_client_file_is_not_saved_as_standard_input() {
    let sandbox = Sandbox::new();
    let command = || {
        let mut command = sandbox.command(["setup"]);
        command.env("CHATAUTH_CLIENT_SECRETS", "-").current_dir(sandbox.path(""));
        command
    };
    let printed = sandbox.finish(command()).exits_with(2);
    assert!(printed.stderr.contains("hint: pass the path of a file to --client-secrets"), "{}", printed.stderr);
    assert_eq!(Screen::start(command()).ends_with(2).replace("\r\n", "\n"), printed.stderr);
    assert!(!sandbox.path("-").exists());
}
