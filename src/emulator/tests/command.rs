//! The command inside, and the browser that consents for it.

#[cfg(unix)]
use std::io;

use super::*;

#[tokio::test]
async fn the_browser_carries_the_code_to_the_listener() {
    let bench = Bench::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirect = format!("http://{}/cb", listener.local_addr().unwrap());
    let url = format!("{}{}", bench.emulator.origin(), bench.authorization(&[("redirect_uri", &redirect)]));
    let waiting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        String::from_utf8(request[..length].to_vec()).unwrap()
    });
    browser::visit(&url).await.unwrap();
    let request = waiting.await.unwrap();
    assert!(request.starts_with("GET /cb?state=xyz&iss=http://127.0.0.1:"), "{request}");
    assert!(request.contains("&code=4/emulator-"), "{request}");
}

#[tokio::test]
async fn the_browser_tells_when_google_refuses() {
    let bench = Bench::new().await;
    let path = bench.authorization(&[("client_id", "nobody")]);
    let error = browser::visit(&format!("{}{path}", bench.emulator.origin())).await.unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
}

#[cfg(unix)]
mod unix {
    use std::path::{Path, PathBuf};

    use tokio::sync::Mutex;

    use super::*;

    /// A signal reaches every command that runs inside this process.
    static ALONE: Mutex<()> = Mutex::const_new(());

    /// Runs a program in the emulator's environment, where `chatauth` is a shell.
    async fn run(emulator: &Emulator, program: &str, script: &str) -> io::Result<i32> {
        let environment = CommandEnvironment::create(emulator, Path::new("/bin/sh")).unwrap();
        let path = environment.search_path(Some("/usr/bin:/bin".into())).unwrap();
        let command = Command { program: program.into(), args: vec!["-c".into(), script.into()], path };
        let outcome = run_command(&environment, command).await;
        environment.remove().unwrap();
        outcome
    }

    async fn shell(emulator: &Emulator, script: &str) -> i32 {
        run(emulator, "/bin/sh", script).await.unwrap()
    }

    #[tokio::test]
    async fn its_exit_code_is_handed_on() {
        let _alone = ALONE.lock().await;
        let emulator = Emulator::start(Options::default(), Clock::new(standing)).await.unwrap();
        assert_eq!(shell(&emulator, "exit 7").await, 7);
        assert_eq!(shell(&emulator, "kill -KILL $$").await, 137);
        assert_eq!(run(&emulator, "chatauth", "exit 5").await.unwrap(), 5);
        assert!(CommandEnvironment::create(&emulator, Path::new("/nowhere/at/all")).is_err());
        let error = run(&emulator, "/nowhere/at/all", "").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn it_finds_everything_it_needs_and_nothing_is_left() {
        let _alone = ALONE.lock().await;
        let emulator = Emulator::start(Options::default(), Clock::new(standing)).await.unwrap();
        let seen = tempfile::NamedTempFile::new().unwrap();
        let script = format!(
            "{{ printf '%s\\n' \"$CHATAUTH_CLIENT_SECRETS\" \"$CHATAUTH_CONFIG_DIR\" \
             \"$CHATAUTH_API_ENDPOINT\" \"$BROWSER\" \"$(command -v chatauth)\" \
             \"$(stat -c %a \"$CHATAUTH_CLIENT_SECRETS\" \"$CHATAUTH_CONFIG_DIR\" | tr '\\n' ' ')\" \
             \"$(ls \"$CHATAUTH_CONFIG_DIR\" | wc -l)\" \"${{CHATAUTH_ACCESS_TOKEN-unset}}\"; \
             cat \"$CHATAUTH_CLIENT_SECRETS\"; echo; cd \"${{CHATAUTH_CLIENT_SECRETS%/*}}\"; \
             stat -c %a service_account.json; cat service_account.json; }} > {}",
            seen.path().display()
        );
        assert_eq!(shell(&emulator, &script).await, 0);
        let seen = std::fs::read_to_string(seen.path()).unwrap();
        let lines: Vec<&str> = seen.lines().collect();
        let room = PathBuf::from(lines[0]).parent().unwrap().to_owned();
        assert_eq!(lines[1], room.join("config").to_str().unwrap());
        assert_eq!(lines[2], emulator.origin());
        assert_eq!(lines[3], room.join("bin/chatauth-browser").to_str().unwrap());
        assert_eq!(lines[4], room.join("bin/chatauth").to_str().unwrap());
        assert_eq!(lines[5].trim(), "600 700");
        assert_eq!(lines[6].trim(), "0");
        assert_eq!(lines[7], "unset");
        assert_eq!(lines[8], emulator.client_secrets());
        assert_eq!(lines[9], "600");
        assert_eq!(lines[10..].join("\n"), emulator.service_account_key());
        assert!(!room.exists());
    }

    #[tokio::test]
    async fn a_person_who_is_asked_uses_their_own_browser() {
        let _alone = ALONE.lock().await;
        let options = Options { consent: Consent::Ask, ..Options::default() };
        let emulator = Emulator::start(options, Clock::new(standing)).await.unwrap();
        let script = "case \"$BROWSER\" in *chatauth-browser) exit 1;; esac";
        assert_eq!(shell(&emulator, script).await, 0);
    }

    #[tokio::test]
    async fn a_signal_to_the_emulator_reaches_the_command() {
        let _alone = ALONE.lock().await;
        let emulator = Emulator::start(Options::default(), Clock::new(standing)).await.unwrap();
        for (signal, code) in [("TERM", 41), ("HUP", 42)] {
            let script = format!(
                "trap 'exit {code}' {signal}; kill -{signal} $PPID; \
                 for i in $(seq 200); do sleep 0.02; done"
            );
            assert_eq!(shell(&emulator, &script).await, code);
        }
    }
}
